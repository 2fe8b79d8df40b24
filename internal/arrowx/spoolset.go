package arrowx

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"slices"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/ipc"
)

// SpoolSet is several sequences of records in one file: written first, in any
// order, then each read any number of times, also at once. However many there
// are and however much is written, it takes one file handle, one buffer and a
// few bytes a sequence.
type SpoolSet struct {
	*sealedFile
	schema *arrow.Schema
	small  *bufio.Writer
	prefix []byte // of an IPC stream: its schema
	text   bytes.Buffer
	ipc    *ipc.Writer
	last   []int64 // one more than the place of each sequence's last frame; 0: it has none
}

// endOfStream is what ends an IPC stream.
var endOfStream = []byte{0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0}

// CreateSet starts n sequences. Records written to them have that schema, which
// has no dictionaries.
func (s *Spool) CreateSet(schema *arrow.Schema, n int) (*SpoolSet, error) {
	sealed, err := s.create()
	if err != nil {
		return nil, err
	}
	f := &SpoolSet{sealedFile: sealed, schema: schema, small: bufio.NewWriterSize(sealed.file, frameSize), last: make([]int64, n)}
	f.out = f.small
	empty := ipc.NewWriter(&f.text, ipc.WithSchema(schema), ipc.WithAllocator(s.Mem))
	if err := empty.Close(); err != nil {
		f.Close()
		return nil, fmt.Errorf("create spool: %w", err)
	}
	f.prefix = bytes.Clone(bytes.TrimSuffix(f.text.Bytes(), endOfStream))
	f.text.Reset()
	f.ipc = ipc.NewWriter(&f.text, ipc.WithSchema(schema), ipc.WithAllocator(s.Mem))
	return f, nil
}

// Schema is the schema of the records.
func (f *SpoolSet) Schema() *arrow.Schema { return f.schema }

// Write appends a record, which it borrows, to a sequence.
func (f *SpoolSet) Write(sequence int, r arrow.Record) error {
	f.text.Reset()
	if err := f.ipc.Write(r); err != nil {
		return fmt.Errorf("write spool: %w", err)
	}
	// One IPC writer serves all sequences: its messages do not refer to each
	// other, but the first comes after the schema.
	at, err := f.append(bytes.TrimPrefix(f.text.Bytes(), f.prefix), frameLink{uint32(sequence), f.last[sequence]})
	if err != nil {
		return fmt.Errorf("write spool: %w", err)
	}
	f.last[sequence] = at + 1
	return nil
}

// Finish ends the writing. Sequences are opened after it.
func (f *SpoolSet) Finish() error {
	if err := f.small.Flush(); err != nil {
		return fmt.Errorf("write spool: %w", err)
	}
	f.out, f.small, f.ipc, f.text, f.buf = nil, nil, nil, bytes.Buffer{}, nil
	return nil
}

// Open reads a sequence from its start. Close of the reader may come after that
// of the set, Next may not.
func (f *SpoolSet) Open(sequence int) (*SpoolReader, error) {
	src := &linkReader{f: f, sequence: uint32(sequence), plain: f.prefix}
	for last := f.last[sequence]; last > 0; {
		src.frames = append(src.frames, last-1)
		var err error
		if _, last, err = f.head(last - 1); err != nil {
			return nil, fmt.Errorf("read spool: %w", err)
		}
	}
	slices.Reverse(src.frames)
	r, err := ipc.NewReader(src, ipc.WithAllocator(f.spool.Mem), ipc.WithSchema(f.schema))
	if err != nil {
		return nil, fmt.Errorf("read spool: %w", err)
	}
	return &SpoolReader{r}, nil
}

// linkReader reads the frames of one sequence as an IPC stream.
type linkReader struct {
	f        *SpoolSet
	sequence uint32
	frames   []int64 // to come
	before   int64
	plain    []byte
	buf      []byte
	ended    bool
}

func (r *linkReader) Read(p []byte) (int, error) {
	for len(r.plain) == 0 {
		switch {
		case len(r.frames) > 0:
			at := r.frames[0]
			var err error
			if r.plain, r.buf, _, err = r.f.frame(at, frameLink{r.sequence, r.before}, r.buf); err != nil {
				return 0, err
			}
			r.frames, r.before = r.frames[1:], at+1
		case !r.ended:
			r.plain, r.ended = endOfStream, true
		default:
			return 0, io.EOF
		}
	}
	n := copy(p, r.plain)
	r.plain = r.plain[n:]
	return n, nil
}
