package sql

import (
	"encoding/binary"
	"fmt"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// together is how many rows are read column by column: so few that they are near
// at hand, so many that to change from column to column costs little.
const together = 128

// place is where a value stands in what was sent; null is a size of -1.
type place struct{ at, size int32 }

// rowReader turns rows into batches. It is used by one goroutine at a time, for
// one chunk after the other.
type rowReader struct {
	schema  *arrow.Schema
	mem     memory.Allocator
	found   []resultColumn
	columns []column
	places  []place // of the values of rows, together of them for each column
	strict  bool    // each text is asked whether it is one
}

// read makes a batch of the rows in what was sent, at most rows of them.
func (r *rowReader) read(rows int, first int64, sent [][]byte) (pipelines.Batch, error) {
	b, err := r.fill(rows, first, sent)
	if err == nil && !r.texts(len(b.Places.Lines)) {
		// Some text is none: the row is looked for, and rejected.
		r.finish(0, nil)
		r.strict = true
		b, err = r.fill(rows, first, sent)
		r.strict = false
	}
	if err != nil {
		r.finish(0, nil)
		return pipelines.Batch{}, err
	}
	r.finish(len(b.Places.Lines), &b)
	return b, nil
}

// texts says whether all that was read as text is.
func (r *rowReader) texts(rows int) bool {
	for _, c := range r.columns {
		if t, ok := c.(textual); ok && !t.areTexts(0, rows) {
			return false
		}
	}
	return true
}

// finish makes b of the columns' first rows; b nil throws them away.
func (r *rowReader) finish(rows int, b *pipelines.Batch) {
	arrays := make([]arrow.Array, len(r.columns))
	for i, c := range r.columns {
		arrays[i] = c.finish(rows)
		defer arrays[i].Release()
	}
	if b != nil {
		b.Record = array.NewRecord(r.schema, arrays, int64(rows))
	}
}

// fill puts the rows into the columns.
func (r *rowReader) fill(rows int, first int64, sent [][]byte) (pipelines.Batch, error) {
	var b pipelines.Batch
	b.Places.Lines = make([]int64, 0, rows)
	for _, c := range r.columns {
		c.start(r.mem, rows)
	}
	if r.places == nil {
		r.places = make([]place, together*len(r.columns))
	}
	for _, m := range sent {
		for len(m) > 0 {
			n, size, err := r.find(m)
			if err != nil {
				return b, err
			}
			if err := r.put(&b, first, n, m); err != nil {
				return b, err
			}
			m, first = m[size:], first+int64(n)
		}
	}
	return b, nil
}

// find notes where the values of the rows stand that sent begins with, at most
// together of them, and gives how many rows and bytes these are.
func (r *rowReader) find(sent []byte) (rows, size int, err error) {
	for rows < together && size < len(sent) {
		m := message(sent[size:])
		if m[0] != noRow {
			if !r.values(rows, size, m) {
				return 0, 0, errShape
			}
			rows++
		}
		size += len(m)
	}
	return rows, size, nil
}

// values notes where the values of row i stand, whose message stands at base. It is
// false when they have not the form of a row.
func (r *rowReader) values(i, base int, m []byte) bool {
	if len(m) < messageHeader+2 || int(binary.BigEndian.Uint16(m[messageHeader:])) != len(r.columns) {
		return false
	}
	at := messageHeader + 2
	for ; i < len(r.places); i += together {
		if len(m)-at < 4 {
			return false
		}
		size := int32(binary.BigEndian.Uint32(m[at:]))
		at += 4
		r.places[i] = place{int32(base + at), size}
		switch {
		case size == -1:
		case size < 0 || int(size) > len(m)-at:
			return false
		default:
			at += int(size)
		}
	}
	return at == len(m)
}

// put puts n rows, whose values were found, into the columns: one column after the
// other, unless some value cannot be read.
func (r *rowReader) put(b *pipelines.Batch, first int64, n int, sent []byte) error {
	row := len(b.Places.Lines)
	well := !r.strict
	for i := 0; well && i < len(r.columns); i++ {
		well = r.columns[i].putAll(row, sent, r.places[i*together:][:n])
	}
	if well {
		for i := range n {
			b.Places.Lines = append(b.Places.Lines, first+int64(i))
		}
		return nil
	}
	for _, c := range r.columns {
		for i := range n {
			c.again(row + i)
		}
	}
	for i := range n {
		bad, why, err := r.row(len(b.Places.Lines), i, sent)
		if err != nil {
			return err
		}
		if why == nil {
			b.Places.Lines = append(b.Places.Lines, first+int64(i))
		} else {
			b.Rejects = append(b.Rejects, pipelines.Reject{Place: pipelines.Place{Line: first + int64(i)},
				Column: r.found[bad].name, Why: why, Raw: r.raw(i, sent)})
		}
	}
	return nil
}

// row puts row i of those that were found at n of the columns. When it must be
// rejected, why says so, and bad is the first column that cannot be read.
func (r *rowReader) row(n, i int, sent []byte) (bad int, why *messages.Error, err error) {
	for k, c := range r.columns {
		v := r.places[k*together+i]
		if v.size < 0 {
			c.null(n)
			continue
		}
		w := c.put(n, v.of(sent))
		if w == nil && r.strict {
			if t, ok := c.(textual); ok && !t.areTexts(n, n+1) {
				w = notUTF8
			}
		}
		if w != nil {
			if w == malformed {
				return 0, nil, fmt.Errorf("read column %q: %w", r.found[k].name, errShape)
			}
			if why == nil {
				bad, why = k, w
			}
		}
	}
	if why != nil {
		for _, c := range r.columns {
			c.again(n)
		}
	}
	return bad, why, nil
}

// of is the value, which is not null.
func (p place) of(sent []byte) []byte { return sent[p.at:][:p.size] }

// raw is row i of those that were found as it stood, for the quarantine.
func (r *rowReader) raw(i int, sent []byte) []byte {
	return rawRow(r.found, func(k int) (string, bool) {
		v := r.places[k*together+i]
		if v.size < 0 {
			return "", false
		}
		return postgresWords(postgresTypes[r.found[k].code].kind, v.of(sent)), true
	})
}
