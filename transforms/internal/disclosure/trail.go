package disclosure

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// trail is of whom each row is and what its values are, row by row: what it takes to
// look at all rows of a person together, once it is known what they are generalised to.
type trail struct {
	opts   Options
	all    *atomic.Int64 // bytes that all workers hold, where there is no file
	buf    []byte
	file   Bytes
	blocks []block
}

// block is the rows of one batch.
type block struct {
	at   int64 // in the file or, when not there yet, in the buffer
	rows int
	put  bool // in the file
}

// trailShare is the part of the memory that holds rows before they go to a file.
const trailShare = 16

// add notes the rows of a batch, of one of so many workers.
func (t *trail) add(r Rows, workers int) error {
	if r.N == 0 {
		return nil
	}
	before := len(t.buf)
	t.blocks = append(t.blocks, block{at: int64(before), rows: r.N})
	for _, s := range r.Subjects[:r.N] {
		t.buf = binary.LittleEndian.AppendUint64(t.buf, s)
	}
	for _, columns := range [][][]uint32{r.Quasi, r.Sensitive} {
		for _, codes := range columns {
			for _, c := range codes[:r.N] {
				t.buf = binary.LittleEndian.AppendUint32(t.buf, c)
			}
		}
	}
	m := t.opts.Memory
	switch {
	case m == 0:
	case t.opts.Create == nil: // there is nowhere else
		if t.all.Add(int64(len(t.buf)-before)) > m/2 {
			return messages.TooManyClasses.With("bound", m)
		}
	case int64(len(t.buf)) > m/trailShare/int64(workers):
		return t.put()
	}
	return nil
}

// put moves the buffer to the file.
func (t *trail) put() error {
	if t.file == nil {
		f, err := t.opts.Create()
		if err != nil {
			return fmt.Errorf("put rows aside: %w", err)
		}
		t.file = f
	}
	at := t.file.Size()
	if _, err := t.file.Write(t.buf); err != nil {
		return fmt.Errorf("put rows aside: %w", err)
	}
	for i := len(t.blocks) - 1; i >= 0 && !t.blocks[i].put; i-- {
		t.blocks[i].at += at
		t.blocks[i].put = true
	}
	t.buf = t.buf[:0]
	return nil
}

func (t *trail) close() error {
	if t == nil || t.file == nil {
		return nil
	}
	err := t.file.Close()
	t.file = nil
	return err
}

// eachRow visits the rows, batch by batch, in codes of the domains. What f gets is good
// until it returns.
func (c *Classes) eachRow(ctx context.Context, f func(Rows) error) error {
	var buf []byte
	r := Rows{Quasi: make([][]uint32, len(c.Quasi)), Sensitive: make([][]uint32, len(c.Sensitive))}
	for _, t := range c.trails {
		for _, b := range t.blocks {
			if err := ctx.Err(); err != nil {
				return err
			}
			size := b.rows * (8 + 4*(len(r.Quasi)+len(r.Sensitive)))
			rows := t.buf
			if b.put {
				buf = slices.Grow(buf[:0], size)[:size]
				if _, err := t.file.ReadAt(buf, b.at); err != nil {
					return fmt.Errorf("read rows put aside: %w", err)
				}
				rows = buf
			} else {
				rows = rows[b.at:]
			}
			r.N, r.Subjects = b.rows, slices.Grow(r.Subjects[:0], b.rows)[:b.rows]
			for i := range r.Subjects {
				r.Subjects[i] = binary.LittleEndian.Uint64(rows[8*i:])
			}
			rows = rows[8*b.rows:]
			for i := range len(r.Quasi) + len(r.Sensitive) {
				to, become := &r.Quasi, c.become[i]
				j := i
				if i >= len(r.Quasi) {
					to, j = &r.Sensitive, i-len(r.Quasi)
				}
				codes := slices.Grow((*to)[j][:0], b.rows)[:b.rows]
				for n := range codes {
					codes[n] = become[binary.LittleEndian.Uint32(rows[4*n:])]
				}
				(*to)[j] = codes
				rows = rows[4*b.rows:]
			}
			if err := f(r); err != nil {
				return err
			}
		}
	}
	return nil
}
