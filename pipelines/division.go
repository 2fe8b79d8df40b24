package pipelines

import (
	"slices"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// division keeps what a source gave, divided into parts, on disk and encrypted.
// Each part is read as if the source had been read for it alone: batches are
// those of the source without the rows of others, so that neither a digest nor a
// reject can tell. However many parts there are and however long the source is,
// it holds one buffer in memory: rows wait there until it is full, since a part
// has few rows in each batch.
type division struct {
	mem    memory.Allocator
	spool  *arrowx.Spool
	schema *arrow.Schema
	bound  int64 // of the rows that wait

	rows    *arrowx.SpoolSet // a sequence a part: schema, chunk, line
	rejects *arrowx.SpoolSet // a sequence for each that hears; nil while there are none
	hearers int
	shelf   messages.Shelf
	chunks  int64     // how many batches the source gave
	inputs  []inputOf // what they were read from
	others  others

	waiting []arrow.Record
	from    []placed       // of each of waiting
	refs    [][]arrowx.Ref // by part: rows of waiting
	heard   []heardAt
	bytes   int64

	empty arrow.Record
}

// placed is which of the source's batches a record is, and where its rows stood.
type placed struct {
	chunk int64
	lines []int64 // nil where unknown
}

// inputOf is what the batches from a chunk on were read from.
type inputOf struct {
	chunk int64
	name  string
}

// heardAt is a reject and its place among those of the source.
type heardAt struct {
	heard
	chunk, n int64
}

const (
	// frameBytes is what a frame of the spool holds at most, unless one chunk has
	// more for one part.
	frameBytes = 1 << 20
	// rowBytes and rejectBytes are what a row that waits costs besides its values.
	rowBytes, rejectBytes = 32, 256
)

var rejectSchema = arrow.NewSchema([]arrow.Field{
	{Name: "chunk", Type: arrow.PrimitiveTypes.Int64}, {Name: "n", Type: arrow.PrimitiveTypes.Int64},
	{Name: "input", Type: arrow.BinaryTypes.String}, {Name: "line", Type: arrow.PrimitiveTypes.Int64},
	{Name: "column", Type: arrow.BinaryTypes.String}, {Name: "step", Type: arrow.BinaryTypes.String},
	{Name: "why", Type: arrow.BinaryTypes.Binary}, {Name: "raw", Type: arrow.BinaryTypes.Binary, Nullable: true},
}, nil)

func newDivision(mem memory.Allocator, spool *arrowx.Spool, schema *arrow.Schema, parts, hearers int, bound int64) (*division, error) {
	with := append(slices.Clip(schema.Fields()), arrow.Field{Name: "chunk", Type: arrow.PrimitiveTypes.Int64},
		arrow.Field{Name: "line", Type: arrow.PrimitiveTypes.Int64, Nullable: true})
	rows, err := spool.CreateSet(arrow.NewSchema(with, nil), parts)
	if err != nil {
		return nil, spoolError(err, spool.Dir, nil)
	}
	none := array.NewRecordBuilder(mem, schema)
	defer none.Release()
	return &division{mem: mem, spool: spool, schema: schema, bound: bound, rows: rows, hearers: hearers,
		refs: make([][]arrowx.Ref, parts), empty: none.NewRecord()}, nil
}

// add takes the next batch, of which r says whose its rows are and which keeps
// only those that go somewhere.
func (d *division) add(b Batch, r routed) error {
	if n := len(d.inputs); n == 0 || d.inputs[n-1].name != b.Places.Input {
		d.inputs = append(d.inputs, inputOf{d.chunks, b.Places.Input})
	}
	for n, h := range r.rejects {
		if h.by != nowhere {
			d.heard = append(d.heard, heardAt{h, d.chunks, int64(n)})
			d.bytes += int64(len(h.Raw)) + rejectBytes
		}
	}
	d.others.add(r.others)
	if len(r.parts) == 0 {
		b.Release()
	} else {
		at := int32(len(d.waiting))
		for row, p := range r.parts {
			d.refs[p] = append(d.refs[p], arrowx.Ref{Chunk: at, Row: int32(row)})
		}
		d.waiting, d.from = append(d.waiting, b.Record), append(d.from, placed{d.chunks, b.Places.Lines})
		d.bytes += arrowx.Bytes(b.Record) + rowBytes*b.NumRows()
	}
	if d.chunks++; d.bytes < d.bound {
		return nil
	}
	return d.flush()
}

// flush puts what waits on disk.
func (d *division) flush() error {
	err := d.flushRejects()
	for part := 0; part < len(d.refs) && err == nil; part++ {
		err = d.flushPart(part)
	}
	d.drop()
	return err
}

func (d *division) drop() {
	for _, r := range d.waiting {
		r.Release()
	}
	clear(d.heard)
	d.waiting, d.from, d.heard, d.bytes = d.waiting[:0], d.from[:0], d.heard[:0], 0
	for i := range d.refs {
		d.refs[i] = d.refs[i][:0]
	}
}

// flushPart writes the rows of a part in frames of whole chunks, so that who
// reads one batch holds little more than that.
func (d *division) flushPart(part int) error {
	refs := d.refs[part]
	for len(refs) > 0 {
		n, bytes := 0, int64(0)
		for n < len(refs) && bytes < frameBytes {
			rec := d.waiting[refs[n].Chunk]
			end := n
			for end < len(refs) && refs[end].Chunk == refs[n].Chunk {
				end++
			}
			bytes += arrowx.Bytes(rec) * int64(end-n) / rec.NumRows()
			n = end
		}
		if err := d.write(part, refs[:n]); err != nil {
			return err
		}
		refs = refs[n:]
	}
	return nil
}

func (d *division) write(part int, refs []arrowx.Ref) error {
	rec, err := arrowx.GatherRecord(d.mem, d.schema, d.waiting, refs)
	if err != nil {
		return err
	}
	defer rec.Release()
	chunks, lines := array.NewInt64Builder(d.mem), array.NewInt64Builder(d.mem)
	defer chunks.Release()
	defer lines.Release()
	chunks.Reserve(len(refs))
	lines.Reserve(len(refs))
	for _, r := range refs {
		from := d.from[r.Chunk]
		chunks.UnsafeAppend(from.chunk)
		if from.lines == nil {
			lines.AppendNull()
		} else {
			lines.UnsafeAppend(from.lines[r.Row])
		}
	}
	chunk, line := chunks.NewArray(), lines.NewArray()
	defer chunk.Release()
	defer line.Release()
	full := array.NewRecord(d.rows.Schema(), append(slices.Clip(rec.Columns()), chunk, line), rec.NumRows())
	defer full.Release()
	return d.rows.Write(part, full)
}

func (d *division) flushRejects() error {
	if len(d.heard) == 0 {
		return nil
	}
	if d.rejects == nil {
		var err error
		if d.rejects, err = d.spool.CreateSet(rejectSchema, d.hearers); err != nil {
			return err
		}
	}
	slices.SortStableFunc(d.heard, func(a, b heardAt) int { return a.by - b.by })
	for from := 0; from < len(d.heard); {
		to, bytes := from, 0
		for to < len(d.heard) && d.heard[to].by == d.heard[from].by && bytes < frameBytes {
			bytes += len(d.heard[to].Raw) + rejectBytes
			to++
		}
		rec := d.rejectRecord(d.heard[from:to])
		err := d.rejects.Write(d.heard[from].by, rec)
		rec.Release()
		if err != nil {
			return err
		}
		from = to
	}
	return nil
}

func (d *division) rejectRecord(rs []heardAt) arrow.Record {
	b := array.NewRecordBuilder(d.mem, rejectSchema)
	defer b.Release()
	number := func(i int) *array.Int64Builder { return b.Field(i).(*array.Int64Builder) }
	text := func(i int) *array.StringBuilder { return b.Field(i).(*array.StringBuilder) }
	bytes := func(i int) *array.BinaryBuilder { return b.Field(i).(*array.BinaryBuilder) }
	for _, r := range rs {
		number(0).Append(r.chunk)
		number(1).Append(r.n)
		text(2).Append(r.Input)
		number(3).Append(r.Line)
		text(4).Append(r.Column)
		text(5).Append(r.Step)
		bytes(6).Append(d.shelf.Put(r.Why))
		if r.Raw == nil {
			bytes(7).AppendNull()
		} else {
			bytes(7).Append(r.Raw)
		}
	}
	return b.NewRecord()
}

// finish ends the writing. Parts are opened after it.
func (d *division) finish() error {
	err := d.flush()
	if err == nil {
		err = d.rows.Finish()
	}
	if err == nil && d.rejects != nil {
		err = d.rejects.Finish()
	}
	d.refs, d.waiting, d.from, d.heard = nil, nil, nil, nil
	return err
}

// close removes everything. It is legal at any time and more than once.
func (d *division) close() error {
	d.drop()
	if d.empty != nil {
		d.empty.Release()
		d.empty = nil
	}
	err := d.rows.Close()
	if d.rejects != nil {
		if e := d.rejects.Close(); err == nil {
			err = e
		}
	}
	return err
}

// explain turns what the disk says into a message.
func (d *division) explain(err error) error {
	return spoolError(err, d.spool.Dir, messages.SplitDisk.With("bound", Size(d.spool.Bound)))
}
