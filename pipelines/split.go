package pipelines

import (
	"cmp"
	"context"
	"slices"
	"strconv"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Splitter is the ability of a source's configuration to say that what it reads
// holds the rows of several tasks, and which are whose. A run then reads it once
// for all of them. It touches nothing; keys are those of Env.Keys.
type Splitter interface {
	Split(task TaskID, keys map[string]string) Split
}

// Split says how the rows that a source reads are divided among tasks.
type Split struct {
	// By are the columns that say whose a row is, asked one after the other;
	// none: all rows are the task's.
	By []SplitColumn
	// Reads tells what is read for the task, whoever reads it and however: two
	// tasks of which it is the same read the same files.
	Reads string
	// Whole is the configuration of a source of the same component that gives
	// all rows.
	Whole any
	// Others says that rows which belong to no task of the project are there by right.
	Others bool
}

// SplitColumn is a column of texts or whole numbers and what it says in the rows
// of one task.
type SplitColumn struct {
	Option      string // that names the column in the pipeline file
	Column, Key string
}

// KeepRows gives of c the rows in which each column says the task's key. A row
// that has no value where it is asked is rejected. Errors name the option of the
// column they are about. On success the result owns c; on error the caller keeps it.
func KeepRows(mem memory.Allocator, c Chunks, by []SplitColumn) (Chunks, error) {
	root := newKeyNode()
	root.add(by, 0)
	s, err := newSplitter(c.Schema(), by, root)
	if err != nil {
		return nil, err
	}
	return keptChunks{c, s, mem}, nil
}

type keptChunks struct {
	Chunks
	splitter *splitter
	mem      memory.Allocator
}

func (k keptChunks) Next(ctx context.Context) (Chunk, error) {
	c, err := k.Chunks.Next(ctx)
	if err != nil {
		return nil, err
	}
	return keptChunk{c, k}, nil
}

type keptChunk struct {
	Chunk
	of keptChunks
}

func (k keptChunk) Decode(ctx context.Context) (Batch, error) {
	b, err := k.Chunk.Decode(ctx)
	if err != nil {
		return b, err
	}
	r := k.of.splitter.route(b)
	if b, err = r.keep(k.of.mem, b); err != nil {
		return Batch{}, err
	}
	for _, h := range r.rejects {
		b.Rejects = append(b.Rejects, h.Reject)
	}
	return b, nil
}

// ReadChunks decodes c one by one. The stream owns c.
func ReadChunks(c Chunks) Stream {
	return NewStream(c.Schema(), func(ctx context.Context) (Batch, error) {
		chunk, err := c.Next(ctx)
		if err != nil {
			return Batch{}, err
		}
		return chunk.Decode(ctx)
	}, c.Close)
}

// keyNode is a place in a tree of keys: the tasks for which the columns asked so
// far say what led here.
type keyNode struct {
	next map[string]*keyNode
	// part is where the rows of a leaf go; nowhere unless a task of the run wants them.
	part int
	// hears is who is told of a row that says no more from here on: a number for
	// each node that leads to a part.
	hears int
}

const nowhere = -1

func newKeyNode() *keyNode { return &keyNode{part: nowhere, hears: nowhere} }

// add gives the leaf that the keys lead to. One that has a part keeps it.
func (n *keyNode) add(by []SplitColumn, part int) *keyNode {
	for _, c := range by {
		child := n.next[c.Key]
		if child == nil {
			if n.next == nil {
				n.next = map[string]*keyNode{}
			}
			child = newKeyNode()
			n.next[c.Key] = child
		}
		n = child
	}
	if n.part == nowhere {
		n.part = part
	}
	return n
}

// path gives the nodes that keys which were added lead over, and to.
func (n *keyNode) path(by []SplitColumn) (over []*keyNode, leaf *keyNode) {
	for _, c := range by {
		over = append(over, n)
		n = n.next[c.Key]
	}
	return over, n
}

// splitter finds out whose the rows of a stream are. It may be used by several
// goroutines.
type splitter struct {
	names []string
	cols  []int
	root  *keyNode
}

func newSplitter(schema *arrow.Schema, by []SplitColumn, root *keyNode) (*splitter, error) {
	s := &splitter{root: root}
	for _, c := range by {
		is := schema.FieldIndices(c.Column)
		if len(is) != 1 {
			return nil, messages.FileColumn.With("option", c.Option, "column", c.Column, "hint", Hint(c.Column, Columns(schema)))
		}
		switch t := schema.Field(is[0]).Type; t.ID() {
		case arrow.STRING, arrow.INT32, arrow.INT64:
		default:
			return nil, messages.FileNotText.With("option", c.Option, "column", c.Column, "got", TypeName(t))
		}
		s.names, s.cols = append(s.names, c.Column), append(s.cols, is[0])
	}
	return s, nil
}

// routed is whose the rows of a batch are.
type routed struct {
	parts   []int // of each row, nowhere included
	rejects []heard
	others  others
}

// heard is a reject and who is told of it.
type heard struct {
	Reject
	by int
}

// others are the rows that belong to nobody.
type others struct {
	rows  int64
	first Place
}

func (o *others) add(more others) {
	if o.rows == 0 {
		o.first = more.first
	}
	o.rows += more.rows
}

// route asks the columns of every row. The batch's own rejects, which nobody
// knows the keys of, concern everybody.
func (s *splitter) route(b Batch) routed {
	out := routed{parts: make([]int, b.NumRows())}
	for _, r := range b.Rejects {
		out.rejects = append(out.rejects, heard{r, s.root.hears})
	}
	cols := make([]keyColumn, len(s.cols))
	for i, c := range s.cols {
		cols[i] = newKeyColumn(b.Column(c))
	}
next:
	for r := range out.parts {
		out.parts[r] = nowhere
		n := s.root
		for i := range cols {
			child, null := cols[i].child(n, r)
			if null {
				why := Reject{Place: b.Places.At(r), Column: s.names[i], Why: messages.FileKeyNull.With()}
				out.rejects = append(out.rejects, heard{why, n.hears})
				continue next
			}
			if child == nil {
				out.others.add(others{1, b.Places.At(r)})
				continue next
			}
			n = child
		}
		out.parts[r] = n.part
	}
	slices.SortStableFunc(out.rejects, func(x, y heard) int { return cmp.Compare(x.Line, y.Line) })
	return out
}

// keep is b, which it takes over, with the rows that go somewhere, and without rejects.
func (r *routed) keep(mem memory.Allocator, b Batch) (Batch, error) {
	b.Rejects = nil
	rows := make([]int32, 0, len(r.parts))
	kept := r.parts[:0]
	for i, p := range r.parts {
		if p != nowhere {
			rows, kept = append(rows, int32(i)), append(kept, p)
		}
	}
	if r.parts = kept; len(rows) == int(b.NumRows()) {
		return b, nil
	}
	taken, err := arrowx.TakeRecord(mem, b.Record, rows)
	if err != nil {
		b.Release()
		return Batch{}, err
	}
	b.Places = b.Places.Take(rows)
	return b.With(taken), nil
}

// keyColumn looks up what a column says. Rows of one task often follow each other.
type keyColumn struct {
	arrow.Array
	number func(r int) int64 // nil: it is text
	text   [20]byte

	from, to *keyNode // of the row before
	last     string
}

func newKeyColumn(a arrow.Array) keyColumn {
	k := keyColumn{Array: a}
	switch a := a.(type) {
	case *array.Int32:
		k.number = func(r int) int64 { return int64(a.Value(r)) }
	case *array.Int64:
		k.number = a.Value
	}
	return k
}

func (k *keyColumn) child(n *keyNode, r int) (child *keyNode, null bool) {
	if k.IsNull(r) {
		return nil, true
	}
	if k.number != nil {
		return n.next[string(strconv.AppendInt(k.text[:0], k.number(r), 10))], false
	}
	if v := k.Array.(*array.String).Value(r); k.from != n || v != k.last {
		k.from, k.last, k.to = n, v, n.next[v]
	}
	return k.to, false
}
