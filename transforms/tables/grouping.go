package tables

import (
	"context"
	"io"
	"slices"
	"strconv"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/transforms/internal/extsort"
	"github.com/lavoir-data/lavoir/transforms/internal/reject"
)

// groupRows is how many rows a batch of results has.
const groupRows = 1 << 13

// run groups in, which it owns. Groups are kept in memory while they fit; rows
// of further groups are put aside and sorted by group. Either way a group's
// rows are measured in the order they came, so that the bound on memory cannot
// change a sum of floats.
func (a *aggregation) run(in pipelines.Stream) pipelines.Stream {
	return pipelines.Barrier(a.out, in, func(ctx context.Context) (pipelines.Stream, error) {
		g := &grouping{aggregation: a, table: a.newTable()}
		if a.groups == 0 {
			g.table.group(nil)
		}
		rejects, err := g.read(ctx, in)
		if err == nil {
			err = g.finish(ctx)
		}
		if err != nil {
			g.close()
			return nil, err
		}
		return extsort.After(a.env.Allocator, rejects, pipelines.NewStream(a.out, g.next, g.close), nil), nil
	})
}

// grouping is one run of an aggregation.
type grouping struct {
	*aggregation
	table *table
	aside *extsort.Sorter

	order []int32 // groups of table by key
	late  pipelines.Stream
	batch pipelines.Batch // of late
	keys  arrowx.Keys
	row   int
}

// table is groups and their measures.
type table struct {
	index map[string]int32
	keys  []string
	held  int64
	accs  []accumulator
}

func (a *aggregation) newTable() *table {
	t := &table{index: map[string]int32{}}
	for i, m := range a.measures {
		if m.fn == "share" {
			t.accs = append(t.accs, share{t.accs[i-1].(*contributions)})
			continue
		}
		t.accs = append(t.accs, newAccumulator(m))
	}
	return t
}

// group gives the number of a key's group, which is made if need be.
func (t *table) group(key []byte) int32 {
	if n, ok := t.index[string(key)]; ok {
		return n
	}
	n := int32(len(t.keys))
	k := string(key)
	t.index[k] = n
	t.keys = append(t.keys, k)
	t.held += int64(len(k)) + mapEntry + 16
	for _, acc := range t.accs {
		acc.grow()
		t.held += 40
	}
	return n
}

func (t *table) bytes() int64 {
	n := t.held
	for _, acc := range t.accs {
		n += acc.held()
	}
	return n
}

// update measures rows from, from+1 … of r, which belong to groups.
func (a *aggregation) update(t *table, r arrow.Record, from int, groups []int32) {
	for i, m := range a.measures {
		var col arrow.Array
		if m.input >= 0 {
			col = r.Column(m.input)
		}
		if c, ok := t.accs[i].(*contributions); ok {
			c.by = r.Column(a.subject)
		}
		t.accs[i].update(groups, col, from)
	}
}

func (g *grouping) read(ctx context.Context, in pipelines.Stream) ([]pipelines.Reject, error) {
	schema := g.measured(in.Schema())
	ev := g.inputs.Evaluator(g.env.Allocator)
	byGroup := groupColumns(g.groups)
	var rejects []pipelines.Reject
	var groups []int32
	err := pipelines.Each(ctx, in, func(b pipelines.Batch) error {
		b, err := g.compute(ctx, ev, schema, b)
		if err != nil {
			return err
		}
		rejects = append(rejects, b.Rejects...)
		defer func() { b.Release() }()
		g.keys.Reset(b.Record, byGroup, nil)
		full := g.aside != nil || g.table.bytes() > g.env.Memory/4
		groups = groups[:0]
		var known, unknown []int32
		for i := range g.keys.Len() {
			n, ok := g.table.index[string(g.keys.At(i))]
			if !ok && full {
				unknown = append(unknown, int32(i))
				continue
			}
			if !ok {
				n = g.table.group(g.keys.At(i))
				full = g.table.held > g.env.Memory/4
			}
			known = append(known, int32(i))
			groups = append(groups, n)
		}
		if len(unknown) > 0 {
			if err := g.putAside(ctx, b.Record, unknown); err != nil {
				return err
			}
			if b, err = reject.Keep(g.env.Allocator, b, known); err != nil {
				b = pipelines.Batch{Record: arrowx.Empty(g.env.Allocator, schema)}
				return err
			}
		}
		g.update(g.table, b.Record, 0, groups)
		return g.bound(g.table)
	})
	return rejects, err
}

func (g *grouping) bound(t *table) error {
	if t.bytes() > g.env.Memory {
		return messages.GroupTooLarge.With("bound", pipelines.Size(g.env.Memory))
	}
	return nil
}

// measured is the schema of the columns computed for each row.
func (a *aggregation) measured(in *arrow.Schema) *arrow.Schema {
	fields := make([]arrow.Field, len(a.inputs))
	for i, o := range a.inputs {
		fields[i] = arrow.Field{Name: strconv.Itoa(i), Type: o.Type(in), Nullable: true}
	}
	return arrow.NewSchema(fields, nil)
}

func groupColumns(n int) []int {
	is := make([]int, n)
	for i := range is {
		is[i] = i
	}
	return is
}

func (g *grouping) putAside(ctx context.Context, r arrow.Record, rows []int32) error {
	if g.aside == nil {
		env := g.env
		env.Memory /= 2
		g.aside = extsort.New(env, r.Schema(), extsort.Order{Columns: groupColumns(g.groups)})
	}
	part, err := arrowx.TakeRecord(g.env.Allocator, r, rows)
	if err != nil {
		return err
	}
	defer part.Release()
	return g.aside.Add(ctx, part)
}

// finish orders the groups in memory and starts reading those put aside.
func (g *grouping) finish(ctx context.Context) error {
	g.order = make([]int32, len(g.table.keys))
	for i := range g.order {
		g.order[i] = int32(i)
	}
	slices.SortFunc(g.order, func(a, b int32) int {
		if g.table.keys[a] < g.table.keys[b] {
			return -1
		}
		return 1
	})
	if g.aside == nil {
		return nil
	}
	var err error
	if g.late, err = g.aside.Sorted(ctx); err != nil {
		return err
	}
	return g.load(ctx)
}

// load makes the next batch of late the current one; at the end there is none.
func (g *grouping) load(ctx context.Context) error {
	if g.batch.Record != nil {
		g.batch.Release()
		g.batch = pipelines.Batch{}
	}
	b, err := g.late.Next(ctx)
	if err == io.EOF {
		return nil
	}
	if err != nil {
		return err
	}
	g.batch, g.row = b, 0
	g.keys.Reset(b.Record, groupColumns(g.groups), nil)
	return nil
}

// next merges the groups in memory with those put aside; both are in order.
func (g *grouping) next(ctx context.Context) (pipelines.Batch, error) {
	b := array.NewRecordBuilder(g.env.Allocator, g.out)
	defer b.Release()
	rows := 0
	for ; rows < groupRows; rows++ {
		inMemory := len(g.order) > 0
		if g.batch.Record != nil && (!inMemory || string(g.keys.At(g.row)) < g.table.keys[g.order[0]]) {
			key := string(g.keys.At(g.row))
			t, err := g.one(ctx, key)
			if err == nil {
				err = g.emit(b, t, 0)
			}
			if err != nil {
				return pipelines.Batch{}, err
			}
			continue
		}
		if !inMemory {
			break
		}
		if err := g.emit(b, g.table, g.order[0]); err != nil {
			return pipelines.Batch{}, err
		}
		g.order = g.order[1:]
	}
	if rows == 0 {
		return pipelines.Batch{}, io.EOF
	}
	return pipelines.Batch{Record: b.NewRecord()}, nil
}

// one measures the group that the current row of late begins.
func (g *grouping) one(ctx context.Context, key string) (*table, error) {
	t := g.newTable()
	t.group([]byte(key))
	for g.batch.Record != nil && string(g.keys.At(g.row)) == key {
		end := g.row + 1
		for end < g.keys.Len() && string(g.keys.At(end)) == key {
			end++
		}
		g.update(t, g.batch.Record, g.row, make([]int32, end-g.row))
		if err := g.bound(t); err != nil {
			return nil, err
		}
		g.row = end
		if end == g.keys.Len() {
			if err := g.load(ctx); err != nil {
				return nil, err
			}
		}
	}
	return t, nil
}

// emit appends the result of group n of t.
func (g *grouping) emit(b *array.RecordBuilder, t *table, n int32) error {
	key := []byte(t.keys[n])
	for i := range g.groups {
		var err error
		if key, err = arrowx.DecodeKey(b.Field(i), key); err != nil {
			return err
		}
	}
	for i, acc := range t.accs {
		if !acc.result(b.Field(g.groups+i), n) {
			m := g.measures[i]
			return messages.SumTooLarge.With("column", m.name, "type", pipelines.TypeName(m.typ))
		}
	}
	return nil
}

func (g *grouping) close() error {
	var err error
	if g.batch.Record != nil {
		g.batch.Release()
		g.batch = pipelines.Batch{}
	}
	if g.late != nil {
		err = g.late.Close()
	}
	if g.aside != nil {
		if e := g.aside.Close(); err == nil {
			err = e
		}
	}
	g.table, g.order = nil, nil
	return err
}
