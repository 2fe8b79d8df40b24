package format

import (
	"bytes"
	"context"
	"encoding/base64"
	"io"
	"slices"
	"strings"

	"github.com/apache/arrow/go/v15/arrow/ipc"
	"github.com/apache/arrow/go/v15/arrow/memory"
	pq "github.com/parquet-go/parquet-go/format"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Audit decodes every value and compares all the file says about them: it
// demands that dictionaries hold what is used and nothing twice, that
// statistics, page index, bloom filters and sizes are those of the values, that
// checksums hold, that headers say nothing unknown, and that the ranges the
// footer names cover the file without gap or overlap.
func (p *parquet) Audit(ctx context.Context, in io.ReaderAt, size int64) (err error) {
	defer recoverDamage(&err)
	r, err := readParquet(in, size)
	if err != nil {
		return err
	}
	defer r.close()
	if err := r.auditFooter(); err != nil {
		return err
	}
	a := &audit{parquetReader: r, ranges: []fileRange{{0, 4}, {r.footer, size}}}
	for i := range r.meta.RowGroups {
		if err := a.rowGroup(ctx, i); err != nil {
			return err
		}
	}
	return a.coverage()
}

// auditFooter checks what the footer says besides the row groups.
func (r *parquetReader) auditFooter() error {
	m := &r.meta
	if m.Version != 2 || len(m.ColumnOrders) != len(r.leaves) || m.EncryptionAlgorithm.Value != nil || m.FooterSigningKeyMetadata != nil {
		return damaged("the footer is not as written")
	}
	for _, o := range m.ColumnOrders {
		if _, ok := o.Value.(*pq.TypeDefinedOrder); !ok {
			return damaged("a column has an unknown order")
		}
	}
	rows := int64(0)
	for _, g := range m.RowGroups {
		rows += g.NumRows
	}
	if rows != m.NumRows {
		return damaged("the row groups do not have the number of rows of the file")
	}
	var stored string
	for i, kv := range m.KeyValueMetadata {
		if i > 0 && kv.Key <= m.KeyValueMetadata[i-1].Key {
			return damaged("the metadata keys are not in order")
		}
		if kv.Key == "ARROW:schema" {
			stored = kv.Value
		}
	}
	return r.auditArrowSchema(stored)
}

// auditArrowSchema checks that the Arrow schema in the metadata is that of the
// columns, to the byte.
func (r *parquetReader) auditArrowSchema(stored string) error {
	b, err := base64.StdEncoding.Strict().DecodeString(stored)
	if err != nil || len(b) == 0 {
		return damaged("the Arrow schema cannot be read")
	}
	var again bytes.Buffer
	if err := ipc.NewWriter(&again, ipc.WithSchema(r.schema), ipc.WithAllocator(memory.NewGoAllocator())).Close(); err != nil {
		return damaged("the Arrow schema cannot be made")
	}
	if !bytes.Equal(b, again.Bytes()) {
		return damaged("the Arrow schema is not that of the columns")
	}
	return nil
}

// audit is an audit under way.
type audit struct {
	*parquetReader
	ranges []fileRange
	last   []*columnData // the sorting columns of the row group before
}

type fileRange struct{ start, end int64 }

func (a *audit) cover(start, n int64) { a.ranges = append(a.ranges, fileRange{start, start + n}) }

// coverage checks that the ranges lie end to end.
func (a *audit) coverage() error {
	slices.SortFunc(a.ranges, func(x, y fileRange) int {
		if x.start != y.start {
			return int(max(-1, min(1, x.start-y.start)))
		}
		return int(max(-1, min(1, x.end-y.end)))
	})
	at := int64(0)
	for _, r := range a.ranges {
		if r.start != at {
			return damaged("bytes lie outside of what the footer names")
		}
		at = r.end
	}
	if at != a.size {
		return damaged("bytes lie outside of what the footer names")
	}
	return nil
}

func (a *audit) rowGroup(ctx context.Context, i int) error {
	g := &a.meta.RowGroups[i]
	wrong := func(what string) error { return damaged("row group ", ordinal(i), " has ", what) }
	if len(g.Columns) != len(a.leaves) || int(g.Ordinal) != i || g.NumRows < 1 || g.NumRows > pipelines.RowGroup {
		return wrong("a wrong number of columns, number of rows or ordinal")
	}
	if len(g.SortingColumns) != len(a.meta.RowGroups[0].SortingColumns) {
		return wrong("other sorting columns than the first")
	}
	var plain, packed int64
	sorting := make([]*columnData, len(g.SortingColumns))
	for j := range a.leaves {
		if err := ctx.Err(); err != nil {
			return err
		}
		c := &g.Columns[j]
		if c.MetaData.Codec != a.meta.RowGroups[0].Columns[0].MetaData.Codec {
			return wrong("another codec than the first")
		}
		d, err := a.chunk(&a.leaves[j], c)
		if err != nil {
			return err
		}
		if rows, _, _ := d.end(); int64(rows) != g.NumRows {
			return wrong("columns of different lengths")
		}
		plain += c.MetaData.TotalUncompressedSize
		packed += c.MetaData.TotalCompressedSize
		for k, s := range g.SortingColumns {
			if int(s.ColumnIdx) == j {
				sorting[k] = d
			}
		}
	}
	if plain != g.TotalByteSize || packed != g.TotalCompressedSize || g.FileOffset != firstOffset(&g.Columns[0].MetaData) {
		return wrong("a size or an offset that is not that of its columns")
	}
	return a.sorted(i, sorting)
}

func firstOffset(m *pq.ColumnMetaData) int64 {
	if m.DictionaryPageOffset != 0 {
		return m.DictionaryPageOffset
	}
	return m.DataPageOffset
}

// sorted checks that the rows of a row group, and the step to it from the one
// before, are in the order that is stated: ascending, nulls last.
func (a *audit) sorted(i int, columns []*columnData) error {
	var names []string
	var steps []func(j int) int
	for k, s := range a.meta.RowGroups[i].SortingColumns {
		if columns[k] == nil || columns[k].leaf.maxRep > 0 || s.Descending || s.NullsFirst {
			return damaged("row group ", ordinal(i), " has sorting columns that cannot be")
		}
		names = append(names, columns[k].leaf.name)
		var before *columnData
		if a.last != nil {
			before = a.last[k]
			if before.leaf != columns[k].leaf {
				return damaged("row group ", ordinal(i), " has other sorting columns than the one before")
			}
		}
		steps = append(steps, columns[k].steps(before))
	}
	a.last = columns
	if len(steps) == 0 {
		a.last = nil
		return nil
	}
	for j := range a.meta.RowGroups[i].NumRows {
		for _, step := range steps {
			c := step(int(j))
			if c < 0 {
				break
			}
			if c > 0 {
				return messages.ParquetOrder.With("columns", strings.Join(names, ", "))
			}
		}
	}
	return nil
}

// steps compares row j-1 with row j, where row -1 is the last row of before.
func (d *columnData) steps(before *columnData) func(j int) int {
	at := make([]int, len(d.def)) // index of each row's value, or -1
	values := d.values
	n := 0
	for j, level := range d.def {
		at[j] = -1
		if level == 1 {
			at[j] = n
			n++
		}
	}
	cmp := func(x, y int) int { return compareValues(d.leaf, &values, x, &values, y) }
	return func(j int) int {
		if j > 0 {
			return nullsLast(at[j-1], at[j], cmp)
		}
		if before == nil {
			return -1
		}
		last := -1
		if before.def[len(before.def)-1] == 1 {
			last = before.values.len() - 1
		}
		return nullsLast(last, at[0], func(x, y int) int {
			return compareValues(d.leaf, &before.values, x, &values, y)
		})
	}
}

func nullsLast(x, y int, cmp func(x, y int) int) int {
	switch {
	case x < 0 && y < 0:
		return 0
	case x < 0:
		return 1
	case y < 0:
		return -1
	}
	return cmp(x, y)
}
