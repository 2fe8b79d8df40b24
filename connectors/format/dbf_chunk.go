package format

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

const (
	// dbfChunkSize is how many bytes of records and, again, of long texts make a
	// chunk. It is part of the format version.
	dbfChunkSize = 1 << 20
)

// dbfChunks gives the records. Long texts are read here, where one goroutine
// reads at a time, so that a chunk needs no open file.
type dbfChunks struct {
	*dbfCodec
	in      Input
	file    io.ReadCloser
	table   *dbfTable
	memo    *dbfMemo // nil: no column needs one
	columns []cellColumn
	schema  *arrow.Schema
	skipped *tally

	read  int64  // records read
	given int64  // and given out
	held  []byte // read and not given out
	err   error

	buffers  *arrowx.Spares[*[]byte] // of chunks that are all that was read at once
	decoders *arrowx.Spares[*dbfDecoder]
}

func (s *dbfChunks) start(c *dbfCodec) {
	s.skipped = newTally(c.env.Log, "records that are deleted in the table", s.in.Name)
	s.buffers = &arrowx.Spares[*[]byte]{New: func() *[]byte { return new([]byte) }}
	s.decoders = &arrowx.Spares[*dbfDecoder]{New: func() *dbfDecoder { return new(dbfDecoder) }}
}

func (s *dbfChunks) Schema() *arrow.Schema { return s.schema }

func (s *dbfChunks) Next(ctx context.Context) (pipelines.Chunk, error) {
	if s.err != nil {
		return nil, s.err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	chunk, err := s.next()
	if err != nil {
		if err == io.EOF {
			s.skipped.end()
		}
		s.err = err
		return nil, err
	}
	s.skipped.open()
	return chunk, nil
}

func (s *dbfChunks) next() (*dbfChunk, error) {
	size := s.table.record
	var buffer *[]byte
	if len(s.held) == 0 {
		// A column takes a byte at least, but in a table that says that it takes none.
		n := min(int64(max(1, s.chunk/max(size, len(s.table.fields)))), s.table.records-s.read)
		if n == 0 {
			return nil, s.end()
		}
		buffer = s.buffers.Get()
		s.held = slices.Grow((*buffer)[:0], int(n)*size)[:int(n)*size]
		*buffer = s.held
		got, err := io.ReadFull(s.file, s.held)
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return nil, messages.DBFCut.With("file", s.in.Name, "got", s.read+int64(got/size), "wanted", s.table.records)
		}
		if err != nil {
			return nil, err
		}
		s.read += n
	}
	c := &dbfChunk{chunks: s, first: s.given}
	if s.table.memos == 0 {
		c.bytes = s.held
	}
	long := 0
	for at := len(c.bytes); at < len(s.held) && long < s.chunk; at += size {
		record := s.held[at : at+size]
		c.bytes = s.held[:at+size]
		together := 0
		for i := range s.table.fields {
			f := &s.table.fields[i]
			if f.memo < 0 {
				continue
			}
			var m dbfLong
			if record[0] == ' ' && !s.table.isNull(record, f) {
				var err error
				m.text, err = s.memo.text(record[f.start : f.start+f.size])
				if together += len(m.text); together > dbfMemosBound {
					m.text, err = nil, errMemoLost
				}
				if m.lost = errors.Is(err, errMemoLost); err != nil && !m.lost {
					return nil, err
				}
			}
			long += len(m.text)
			c.long = append(c.long, m)
		}
	}
	if s.held = s.held[len(c.bytes):]; len(s.held) == 0 {
		c.buffer = buffer // nil: others have parts of it
	}
	s.given += int64(len(c.bytes) / size)
	return c, nil
}

// end looks at what stands after the last record.
func (s *dbfChunks) end() error {
	rest := make([]byte, 512)
	n, err := io.ReadFull(s.file, rest)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return err
	}
	if n > 0 && rest[0] != 0x1a && len(bytes.Trim(rest[:n], "\x00\r\n ")) > 0 {
		return messages.DBFMore.With("file", s.in.Name, "wanted", s.table.records)
	}
	if _, err := io.Copy(io.Discard, s.file); err != nil { // to its end, where it says whether it changed
		return err
	}
	if s.memo != nil {
		if err := s.memo.unchanged(); err != nil {
			return err
		}
	}
	return io.EOF
}

func (s *dbfChunks) Close() error {
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	if s.memo != nil {
		if e := s.memo.Close(); err == nil {
			err = e
		}
	}
	s.file, s.held = nil, nil
	if s.err == nil {
		s.err = io.ErrClosedPipe
	}
	return err
}

// dbfLong is a long text.
type dbfLong struct {
	text []byte
	lost bool
}

// dbfChunk is some records and their long texts.
type dbfChunk struct {
	chunks  *dbfChunks
	bytes   []byte
	buffer  *[]byte // that bytes are all of, to be used again; nil: nobody may write there
	long    []dbfLong
	first   int64 // records before it
	skipped int64
}

func (c *dbfChunk) Discard() {
	c.chunks.skipped.done(c.skipped)
	if c.buffer != nil {
		c.chunks.buffers.Put(c.buffer)
	}
	c.bytes, c.buffer, c.long = nil, nil, nil
}

func (c *dbfChunk) Decode(ctx context.Context) (pipelines.Batch, error) {
	defer c.Discard()
	if err := ctx.Err(); err != nil {
		return pipelines.Batch{}, err
	}
	d := c.chunks.decoders.Get()
	defer func() {
		d.raw = nil // large, and of this chunk alone
		c.chunks.decoders.Put(d)
	}()
	return d.decode(c)
}
