package file

import (
	"context"
	"io"

	"github.com/lavoir-data/lavoir/connectors/format"
	"github.com/lavoir-data/lavoir/connectors/store"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// openSteady opens a file whose end comes only if the file is then what it was
// when it was opened: an export that is still being written, or written anew,
// would be read as half a file, and nothing in its rows would show it.
func (s *source) openSteady(ctx context.Context, key string) (io.ReadCloser, error) {
	r, info, err := s.store.Open(ctx, key)
	if err != nil {
		return nil, err
	}
	w := &steady{ReadCloser: r, ctx: ctx, source: s, key: key, was: info}
	if at, ok := r.(io.ReaderAt); ok {
		return &steadyAt{w, at}, nil
	}
	return w, nil
}

// steadyAt is the same of a file that can be read anywhere.
type steadyAt struct {
	*steady
	io.ReaderAt
}

var _ format.RandomAccess = (*steadyAt)(nil)

// Unchanged says whether the file is still what it was when it was opened.
func (w *steadyAt) Unchanged() error {
	w.read = w.was.Size
	if err := w.end(); err != io.EOF {
		return err
	}
	return nil
}

type steady struct {
	io.ReadCloser
	ctx    context.Context // of the reading, whose life this type is
	source *source
	key    string
	was    store.Info
	read   int64
	err    error // of the end, found out once
}

func (w *steady) Read(p []byte) (int, error) {
	if w.err != nil {
		return 0, w.err
	}
	n, err := w.ReadCloser.Read(p)
	w.read += int64(n)
	if err == io.EOF {
		err = w.end()
		w.err = err
	}
	return n, err
}

func (w *steady) end() error {
	now, err := w.source.store.Stat(w.ctx, w.key)
	if err != nil && !messages.Has(err, messages.NotFound) {
		return err
	}
	if err != nil || differs(w.read, w.was.Size) || differs(now.Size, w.was.Size) ||
		!now.Modified.Equal(w.was.Modified) && !now.Modified.IsZero() && !w.was.Modified.IsZero() ||
		now.Version != w.was.Version && now.Version != "" && w.was.Version != "" {
		return messages.FileChanged.With("file", w.source.hidden(w.key))
	}
	return io.EOF
}

// differs says whether two sizes differ, as far as both are known.
func differs(a, b int64) bool { return a >= 0 && b >= 0 && a != b }
