package arrowx

import (
	"bufio"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
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
	spool  *Spool
	schema *arrow.Schema
	file   *os.File
	aead   cipher.AEAD
	frames *frameWriter
	ipc    *ipc.Writer
	rows   int64
	bytes  int64
}

// Create starts a file. Records written to it have that schema.
func (s *Spool) Create(schema *arrow.Schema) (*SpoolFile, error) {
	key := make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		return nil, fmt.Errorf("draw spool key: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	file, err := os.CreateTemp(s.Dir, "spool-*")
	if err != nil {
		return nil, fmt.Errorf("create spool: %w", err)
	}
	f := &SpoolFile{spool: s, schema: schema, file: file, aead: aead}
	f.frames = &frameWriter{f: f, buf: make([]byte, 0, frameSize)}
	f.ipc = ipc.NewWriter(f.frames, ipc.WithSchema(schema), ipc.WithAllocator(s.Mem))
	return f, nil
}

// Write appends a record, which it borrows.
func (f *SpoolFile) Write(r arrow.Record) error {
	if err := f.ipc.Write(r); err != nil {
		return fmt.Errorf("write spool: %w", err)
	}
	f.rows += r.NumRows()
	return nil
}

// Rows is the number of rows written, Bytes of bytes that reached the disk.
func (f *SpoolFile) Rows() int64  { return f.rows }
func (f *SpoolFile) Bytes() int64 { return f.bytes }

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
		f.frames = nil
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
	f.spool.used.Add(-f.bytes)
	name := f.file.Name()
	err := f.file.Close()
	if e := os.Remove(name); err == nil {
		err = e
	}
	f.file = nil
	return err
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

// A frame is a length (4 bytes, big endian) and that many bytes of ciphertext;
// its nonce is its number, so that frames cannot be exchanged or repeated.
const frameSize = 256 << 10

type frameWriter struct {
	f   *SpoolFile
	buf []byte
	out []byte
	n   uint64
}

func (w *frameWriter) Write(p []byte) (int, error) {
	total := len(p)
	for len(p) > 0 {
		n := copy(w.buf[len(w.buf):frameSize], p)
		w.buf = w.buf[:len(w.buf)+n]
		p = p[n:]
		if len(w.buf) == frameSize {
			if err := w.flush(); err != nil {
				return 0, err
			}
		}
	}
	return total, nil
}

func (w *frameWriter) flush() error {
	if len(w.buf) == 0 {
		return nil
	}
	w.out = append(w.out[:0], 0, 0, 0, 0)
	w.out = w.f.aead.Seal(w.out, nonce(w.n), w.buf, nil)
	binary.BigEndian.PutUint32(w.out, uint32(len(w.out)-4))
	w.n++
	w.buf = w.buf[:0]
	s := w.f.spool
	if used := s.used.Add(int64(len(w.out))); s.Bound > 0 && used > s.Bound {
		s.used.Add(-int64(len(w.out)))
		return ErrDiskBound
	}
	w.f.bytes += int64(len(w.out))
	_, err := w.f.file.Write(w.out)
	return err
}

func nonce(n uint64) []byte {
	b := make([]byte, 12)
	binary.BigEndian.PutUint64(b[4:], n)
	return b
}

// frameReader has a position of its own, so that several may read one file.
type frameReader struct {
	f     *SpoolFile
	at    int64
	n     uint64
	plain []byte
	buf   []byte
}

// cutShort is err of a file that lacks something, never io.EOF, which would look
// like its end.
func cutShort(err error) error {
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("spool is cut short: %w", err)
}

func (r *frameReader) Read(p []byte) (int, error) {
	for len(r.plain) == 0 {
		if r.at == r.f.bytes {
			return 0, io.EOF
		}
		var head [4]byte
		if _, err := r.f.file.ReadAt(head[:], r.at); err != nil {
			return 0, cutShort(err)
		}
		size := int(binary.BigEndian.Uint32(head[:]))
		if cap(r.buf) < size {
			r.buf = make([]byte, size)
		}
		r.buf = r.buf[:size]
		if _, err := r.f.file.ReadAt(r.buf, r.at+4); err != nil {
			return 0, cutShort(err)
		}
		plain, err := r.f.aead.Open(r.buf[:0], nonce(r.n), r.buf, nil)
		if err != nil {
			return 0, fmt.Errorf("spool was changed: %w", err)
		}
		r.plain, r.at, r.n = plain, r.at+4+int64(size), r.n+1
	}
	n := copy(p, r.plain)
	r.plain = r.plain[n:]
	return n, nil
}
