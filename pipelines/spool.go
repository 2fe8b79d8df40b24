package pipelines

import (
	"context"
	"errors"
	"io/fs"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// NewSpool keeps spool files in dir, together at most bound bytes (0: no bound).
func NewSpool(dir string, mem memory.Allocator, bound Size) Spool {
	return &spool{arrowx.Spool{Dir: dir, Mem: mem, Bound: int64(bound)}, bound}
}

type spool struct {
	files arrowx.Spool
	bound Size
}

func (s *spool) Create(schema *arrow.Schema) (SpoolFile, error) {
	f, err := s.files.Create(schema)
	if err != nil {
		return nil, spoolError(err, s.files.Dir, nil)
	}
	return spoolFile{f, s}, nil
}

// CreateBytes starts a file of bytes.
func (s *spool) CreateBytes() (SpoolBytes, error) {
	f, err := s.files.CreateBytes()
	if err != nil {
		return nil, spoolError(err, s.files.Dir, nil)
	}
	return spoolBytes{f, s}, nil
}

type spoolBytes struct {
	*arrowx.SpoolBytes
	spool *spool
}

func (f spoolBytes) Write(p []byte) (int, error) {
	n, err := f.SpoolBytes.Write(p)
	if err != nil {
		err = spoolError(err, f.spool.files.Dir, messages.DiskBound.With("bound", f.spool.bound))
	}
	return n, err
}

type spoolFile struct {
	*arrowx.SpoolFile
	spool *spool
}

func (f spoolFile) Write(r arrow.Record) error { return f.explain(f.SpoolFile.Write(r)) }

func (f spoolFile) Open() (Stream, error) {
	r, err := f.SpoolFile.Open()
	if err != nil {
		return nil, f.explain(err)
	}
	return NewStream(f.Schema(), func(context.Context) (Batch, error) {
		rec, err := r.Next()
		return Batch{Record: rec}, err
	}, r.Close), nil
}

func (f spoolFile) explain(err error) error {
	return spoolError(err, f.spool.files.Dir, messages.DiskBound.With("bound", f.spool.bound))
}

// spoolError makes a message of what the disk says of a spool in dir; over is
// what to say when the spool's bound is reached.
func spoolError(err error, dir string, over *messages.Error) error {
	var path *fs.PathError
	switch {
	case errors.Is(err, arrowx.ErrDiskBound):
		return over
	case errors.As(err, &path):
		return messages.RunFolder.Wrap(err, "folder", dir)
	}
	return err
}
