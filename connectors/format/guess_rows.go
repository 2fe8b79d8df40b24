package format

import (
	"context"
	"io"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"

	"github.com/lavoir-data/lavoir/internal/scalar"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// guessInput is the file as codecs want it.
func guessInput(in pipelines.GuessFile) Input {
	out := Input{Name: in.Name, Size: in.Size, Open: in.Open, rows: in.Rows, refused: in.Refused}
	if in.Beside != nil {
		out.Beside = func(ctx context.Context, extension string) (Input, bool, error) {
			found, ok, err := in.Beside(ctx, extension)
			return guessInput(found), ok, err
		}
	}
	return out
}

// heldRows is how many rows are held back, to see whether they are the end.
const heldRows = 12

// heldRow is a row that may be a line of totals.
type heldRow struct {
	cells  [][]byte // empty ones are nil
	line   int64
	reject *pipelines.Reject // instead of cells
}

// rowsGuess reads rows as a run would and gives their values to the columns.
type rowsGuess struct {
	g        *pipelines.Guess
	cols     []*columnGuess
	types    []arrow.DataType // that the codec gives them
	held     []heldRow
	blank    int64
	repeated int64
	seen     int64 // of all rows
	footer   int
	prepare  func(i int, c *columnGuess)
	whole    bool                  // all rows are data: the file is no report
	empty    func(raw []byte) bool // whether a row that was rejected has nothing in it
}

// read reads all rows of the codec, whose columns are texts, and takes off what
// is no data at the end.
func (r *rowsGuess) read(ctx context.Context, codec Reader, in Input) error {
	chunks, err := codec.Chunks(ctx, in)
	if err != nil {
		return err
	}
	defer chunks.Close()
	for i, f := range chunks.Schema().Fields() {
		col := &columnGuess{name: f.Name, refused: in.refused}
		if r.prepare != nil {
			r.prepare(i, col)
		}
		r.cols, r.types = append(r.cols, col), append(r.types, f.Type)
	}
	for {
		chunk, err := chunks.Next(ctx)
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		batch, err := chunk.Decode(ctx)
		if err != nil {
			return err
		}
		more := r.batch(batch, in.rows)
		batch.Release()
		if more {
			r.g.Partial = true
			for _, h := range r.held { // whether they are the end is not known
				r.give(h)
			}
			return nil
		}
	}
	r.end()
	return nil
}

// batch takes the rows and the rejects in the order of their lines, until there are
// about most, if that is not 0; more says that it stopped there.
func (r *rowsGuess) batch(b pipelines.Batch, most int64) (more bool) {
	next := 0
	for row := range int(b.NumRows()) {
		if r.seen++; most > 0 && r.seen > most {
			return true
		}
		line := b.Places.At(row).Line
		for next < len(b.Rejects) && b.Rejects[next].Line < line {
			r.hold(heldRow{line: b.Rejects[next].Line, reject: &b.Rejects[next]})
			next++
		}
		cells := make([][]byte, len(r.cols))
		filled, names := 0, 0
		for c := range cells {
			col := b.Column(c)
			if col.IsNull(row) {
				continue
			}
			cells[c] = cellBytes(col, row)
			if len(cells[c]) > 0 {
				filled++
			}
			if string(cells[c]) == r.cols[c].name {
				names++
			}
		}
		switch {
		case r.whole:
			r.give(heldRow{cells: cells, line: line})
		case filled == 0 && len(cells) > 1:
			r.blank++
		case names == filled && names > 0 && names*2 > len(cells):
			r.repeated++
		default:
			r.hold(heldRow{cells: cells, line: line})
		}
	}
	r.seen += int64(len(b.Rejects))
	for ; next < len(b.Rejects); next++ {
		r.hold(heldRow{line: b.Rejects[next].Line, reject: &b.Rejects[next]})
	}
	return most > 0 && r.seen > most
}

// cellBytes is a value as text; of a text its own, a copy.
func cellBytes(col arrow.Array, row int) []byte {
	switch s := col.(type) {
	case *array.String:
		return []byte(s.Value(row))
	case *array.Binary:
		return someBytes // which are no text, and may be large
	}
	return []byte(col.ValueStr(row))
}

var someBytes = []byte("x")

func (r *rowsGuess) hold(h heldRow) {
	r.held = append(r.held, h)
	if len(r.held) > heldRows {
		r.give(r.held[0])
		r.held = r.held[1:]
	}
}

func (r *rowsGuess) give(h heldRow) {
	if h.reject != nil {
		if r.empty != nil && r.empty(h.reject.Raw) {
			r.blank++
			return
		}
		r.g.Reject(h.reject.Column, h.reject.Why, h.line)
		return
	}
	r.g.Rows++
	for c, b := range h.cells {
		r.cols[c].add(b, h.line)
	}
}

// end finds the line of totals among the last rows, and notes below the table;
// all before is data.
func (r *rowsGuess) end() {
	from := len(r.held)
	for from > 0 && r.held[from-1].note() {
		from--
	}
	for i, h := range r.held {
		if h.total() && len(r.held)-i <= from+len(r.held) {
			from = min(from, i)
			break
		}
	}
	if r.g.Rows+int64(from) == 0 { // all of the file is no footer
		from = len(r.held)
	}
	for _, h := range r.held[:from] {
		r.give(h)
	}
	if r.footer = len(r.held) - from; r.footer > 0 {
		r.g.Found(messages.GuessFooter.With("count", r.footer, "line", r.held[from].line))
	}
	r.held = nil
}

// total says whether the row has a word for a total, first or nearly alone, and at
// most half of its cells.
func (h heldRow) total() bool {
	if h.reject != nil {
		return false
	}
	filled, word, first := 0, false, false
	for _, b := range h.cells {
		if len(b) == 0 {
			continue
		}
		filled++
		switch scalar.Fold(string(b)) {
		case "total", "totaux", "totalgeneral", "soustotal", "somme", "totalttc", "totalht", "ensemble", "consolidation":
			word, first = true, first || filled == 1
		}
	}
	if len(h.cells) > 4 && filled <= 2 {
		return word
	}
	return first && filled > 1 && filled <= max(2, len(h.cells)/2+1)
}

// note says whether the row was rejected because it is shorter than the table.
func (h heldRow) note() bool {
	return h.reject != nil && h.reject.Why.Code == messages.CSVRagged.Code && h.reject.Why.Param("got") == "1"
}
