package format

import (
	"bytes"
	"context"
	"errors"
	"slices"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// treeScanner finds the records of a file. It is serial.
type treeScanner interface {
	// scan understands what is held from s.pos on, moves s.pos behind it and adds
	// the records it met to s.chunk. It returns errMore when what stands at s.pos
	// goes on beyond what is held, errFull when the chunk should be given out,
	// io.EOF at the end of a whole file, or what is wrong.
	scan(s *treeChunks) error
	// early says what is missing where a file ends early.
	early() string
}

var (
	errMore = errors.New("more")
	errFull = errors.New("full")
)

// treeRecord is where a record stands in its chunk.
type treeRecord struct {
	start, end uint32
	kind       uint16 // which of several records it is
	outer      int32  // which values from outside go with it, -1: there are none
	scope      int32  // which prefixes stand for which namespaces
}

// treeChunks cuts a file. It reads ahead by less than one chunk.
type treeChunks struct {
	readAhead
	env     pipelines.Env
	in      Input
	schema  *arrow.Schema
	scanner treeScanner

	size  int   // of a chunk
	pos   int   // what is before is understood
	line  int64 // of the first byte held
	chunk *treeChunk
	slots []treeSlot // the values from outside as they stand

	changed bool // a slot, since the last record

	chunks   arrowx.Spares[*treeChunk]
	decoders arrowx.Spares[treeRecords]
}

// treeSlot is a value outside the records.
type treeSlot struct {
	column   string
	take     treeTake
	join     string
	cell     cell // its kind; quoted: it came more than once
	text     []byte
	used     bool // by a record
	nullText func([]byte) bool
}

// reset forgets the value: an element that holds the records begins.
func (t *treeSlot) reset(s *treeChunks) {
	if t.cell.kind != cellAbsent || t.used {
		t.text, t.used, t.cell, s.changed = t.text[:0], false, cell{kind: cellAbsent}, true
	}
}

// set takes a value.
func (t *treeSlot) set(s *treeChunks, at int, kind cellKind, text []byte) error {
	if t.used {
		return messages.TreeLate.With("column", t.column, "line", s.lineAt(at), "file", s.in.Name)
	}
	first := t.cell.kind == cellAbsent
	switch t.take {
	case takeOne:
		t.cell = cell{kind: kind, quoted: !first}
		t.text = append(t.text[:0], text...)
	case takeJoin:
		if t.cell.kind = cellText; !first {
			t.text = append(t.text, t.join...)
		}
		t.text = append(t.text, text...)
	case takeList:
		t.cell.kind = cellList
		t.text = appendListItem(t.text, 0, text, t.nullText)
	}
	if s.changed = true; len(t.text) > treeOuterBound {
		return messages.TreeTooLarge.With("column", t.column, "line", s.lineAt(at), "file", s.in.Name, "bound", pipelines.Size(treeOuterBound))
	}
	return nil
}

// lineAt is the line of held[at].
func (s *treeChunks) lineAt(at int) int64 {
	return s.line + int64(bytes.Count(s.held[:min(at, len(s.held))], []byte{'\n'}))
}

// record adds a record to the chunk, with the values that go with it.
func (s *treeChunks) record(r treeRecord) error {
	c := s.chunk
	r.outer = -1
	c.weight += cellWeight * s.schema.NumFields()
	if n := len(s.slots); n > 0 {
		if s.changed || len(c.outer) == 0 {
			c.around = 0
			for i := range s.slots {
				at := uint32(len(c.outerText))
				c.outerText = append(c.outerText, s.slots[i].text...)
				v := s.slots[i].cell
				v.start, v.end = at, uint32(len(c.outerText))
				c.outer = append(c.outer, v)
				c.around += len(s.slots[i].text)
			}
		}
		c.weight += c.around
		r.outer, s.changed = int32(len(c.outer)/n-1), false
	}
	c.records = append(c.records, r)
	if len(c.outerText) > treeChunkSize || c.weight > treeWeight {
		return errFull
	}
	return nil
}

// cellWeight is about what a value takes beside its text.
const cellWeight = 16

func (s *treeChunks) Schema() *arrow.Schema { return s.schema }

func (s *treeChunks) Next(ctx context.Context) (pipelines.Chunk, error) {
	if s.err != nil {
		return nil, s.err
	}
	s.chunk = s.chunks.Get()
	s.chunk.reset(s)
	err := s.next(ctx)
	if len(s.chunk.records) > 0 && ctx.Err() == nil {
		if err != errFull {
			s.err = err
		}
		return s.cut(), nil
	}
	s.chunks.Put(s.chunk)
	s.chunk, s.err = nil, err
	return nil, err
}

// next fills the chunk: errFull, io.EOF or what is wrong.
func (s *treeChunks) next(ctx context.Context) error {
	for size := s.size; ; {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := s.fill(size); err != nil {
			return err
		}
		err := s.scanner.scan(s)
		switch {
		case err != errMore:
			return err
		case s.ended:
			return messages.TreeEndsEarly.With("file", s.in.Name, "line", s.lineAt(len(s.held)), "why", s.scanner.early())
		case len(s.chunk.records) > 0:
			return errFull
		case s.pos > 0:
			s.line = s.lineAt(s.pos)
			s.held = s.held[:copy(s.held, s.held[s.pos:])]
			s.pos, size = 0, s.size
		case size >= treeRecordBound:
			return messages.TreeRecordTooLong.With("file", s.in.Name, "line", s.line, "bound", pipelines.Size(treeRecordBound))
		default:
			size = min(2*max(size, len(s.held)), treeRecordBound)
		}
	}
}

// cut gives out what is understood, as the caller's own.
func (s *treeChunks) cut() *treeChunk {
	c := s.chunk
	rest := append(c.bytes[:0], s.held[s.pos:]...)
	c.bytes, c.line = s.held[:s.pos], s.line
	s.line = s.lineAt(s.pos)
	s.held, s.pos, s.chunk = rest, 0, nil
	return c
}

// treeChunk is some whole records and what stands between them. Of chunks it
// uses only what never changes.
type treeChunk struct {
	of        *treeChunks
	bytes     []byte
	line      int64
	records   []treeRecord
	outer     []cell // in outerText, one for each slot, over and over
	outerText []byte
	around    int // bytes of the values that go with the last record
	weight    int // about what the records become
	scopes    [][]xmlBinding
}

func newTreeChunk() *treeChunk { return &treeChunk{} }

func (c *treeChunk) reset(s *treeChunks) {
	c.of, c.records, c.outer, c.outerText = s, c.records[:0], c.outer[:0], c.outerText[:0]
	c.around, c.weight = 0, 0
	c.scopes = slices.Delete(c.scopes, 0, len(c.scopes))
}

func (c *treeChunk) Discard() { c.of.chunks.Put(c) }

func (c *treeChunk) Decode(ctx context.Context) (pipelines.Batch, error) {
	defer c.Discard()
	if err := ctx.Err(); err != nil {
		return pipelines.Batch{}, err
	}
	d := c.of.decoders.Get()
	defer c.of.decoders.Put(d)
	return d.decode(c)
}
