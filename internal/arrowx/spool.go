package arrowx

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/ipc"
	"github.com/apache/arrow/go/v15/arrow/memory"
)

// ErrDiskBound is what a write over the spool's bound gives.
var ErrDiskBound = errors.New("spool is over its bound")

// Spool makes temporary files of records in one folder. Each file is encrypted
// with AES-256-GCM under a key of its own that never leaves memory, so that
// what a killed process leaves behind says nothing.
type Spool struct {
	Dir   string
	Mem   memory.Allocator
	Bound int64 // bytes of all files of this spool together; 0 is no bound
	used  atomic.Int64
}

// SpoolFile is one file: written first, then read any number of times.
type SpoolFile struct {
	*sealedFile
	schema *arrow.Schema
	frames *frameWriter
	ipc    *ipc.Writer
	rows   int64
}

// Create starts a file. Records written to it have that schema.
func (s *Spool) Create(schema *arrow.Schema) (*SpoolFile, error) {
	sealed, err := s.create()
	if err != nil {
		return nil, err
	}
	f := &SpoolFile{sealedFile: sealed, schema: schema}
	f.frames = &frameWriter{f: f, frame: make([]byte, frameHead, frameSize+frameRoom)}
	f.ipc = ipc.NewWriter(f.frames, ipc.WithSchema(schema), ipc.WithAllocator(s.Mem))
	return f, nil
}

// Write appends a record, which it borrows. One without rows leaves no trace: of
// an empty slice of a binary column, Arrow's writer would look at the first value.
func (f *SpoolFile) Write(r arrow.Record) error {
	if r.NumRows() == 0 {
		return nil
	}
	if err := f.ipc.Write(r); err != nil {
		return fmt.Errorf("write spool: %w", err)
	}
	f.rows += r.NumRows()
	return nil
}

// Rows is the number of rows written, Bytes of bytes that reached the disk.
func (f *SpoolFile) Rows() int64  { return f.rows }
func (f *SpoolFile) Bytes() int64 { return f.size }

// Schema is the schema of the records.
func (f *SpoolFile) Schema() *arrow.Schema { return f.schema }

// Open reads the file from its start. The first Open ends the writing.
func (f *SpoolFile) Open() (*SpoolReader, error) {
	if f.ipc != nil {
		err := f.ipc.Close()
		f.ipc = nil
		if err == nil {
			err = f.frames.flush()
		}
		if err != nil {
			return nil, fmt.Errorf("write spool: %w", err)
		}
		f.frames = nil // many files may wait to be read
	}
	src := &frameReader{f: f}
	r, err := ipc.NewReader(bufio.NewReaderSize(src, 64<<10), ipc.WithAllocator(f.spool.Mem), ipc.WithSchema(f.schema))
	if err != nil {
		return nil, fmt.Errorf("read spool: %w", err)
	}
	return &SpoolReader{r}, nil
}

// Close removes the file. It is legal at any time and more than once.
func (f *SpoolFile) Close() error {
	if f.file == nil {
		return nil
	}
	if f.ipc != nil {
		f.ipc.Close() // the file goes away: what it could not write does not matter
		f.ipc = nil
	}
	return f.sealedFile.Close()
}

// SpoolReader gives the records of a file back.
type SpoolReader struct{ r *ipc.Reader }

// Next hands over one reference to the next record; io.EOF ends.
func (r *SpoolReader) Next() (arrow.Record, error) {
	if !r.r.Next() {
		if err := r.r.Err(); err != nil && err != io.EOF {
			return nil, fmt.Errorf("read spool: %w", err)
		}
		return nil, io.EOF
	}
	rec := r.r.Record()
	rec.Retain()
	return rec, nil
}

// Close frees what the reader holds.
func (r *SpoolReader) Close() error {
	if r.r != nil {
		r.r.Release()
		r.r = nil
	}
	return nil
}

// frameSize is how many bytes of plain text a frame of a SpoolFile has, but for the last.
const frameSize = 256 << 10

// frameWriter gathers plain text where it is encrypted: many files may be written at once.
type frameWriter struct {
	f     *SpoolFile
	frame []byte // a head to come, and text
}

func (w *frameWriter) Write(p []byte) (int, error) {
	total := len(p)
	for len(p) > 0 {
		n := copy(w.frame[len(w.frame):frameHead+frameSize], p)
		w.frame = w.frame[:len(w.frame)+n]
		p = p[n:]
		if len(w.frame) == frameHead+frameSize {
			if err := w.flush(); err != nil {
				return 0, err
			}
		}
	}
	return total, nil
}

func (w *frameWriter) flush() error {
	if len(w.frame) == frameHead {
		return nil
	}
	_, err := w.f.appendInPlace(w.frame, frameLink{})
	w.frame = w.frame[:frameHead]
	return err
}

// frameReader has a position of its own, so that several may read one file.
type frameReader struct {
	f     *SpoolFile
	at    int64
	plain []byte
	buf   []byte
}

func (r *frameReader) Read(p []byte) (int, error) {
	for len(r.plain) == 0 {
		if r.at == r.f.size {
			return 0, io.EOF
		}
		var err error
		if r.plain, r.buf, r.at, err = r.f.frame(r.at, frameLink{}, r.buf); err != nil {
			return 0, err
		}
	}
	n := copy(p, r.plain)
	r.plain = r.plain[n:]
	return n, nil
}
