package format

import (
	"bytes"
	"context"
	"io"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// RandomAccess is what the reader that Input.Open gives may be besides: bytes
// anywhere in the file. Unchanged says, once all is read, that the file is still
// what it was when it was opened.
type RandomAccess interface {
	io.ReaderAt
	Unchanged() error
}

// Neighbours is the ability of a Reader whose files have others beside them, of
// the same name but for these extensions.
type Neighbours interface{ Beside() []string }

// Companions is the ability of a Reader whose files come as sets: the extensions of
// what else of the same name belongs to a file and is not read, as an index. Where a
// file is taken away, all that belongs to it goes along.
type Companions interface{ Companions() []string }

// beside finds the file of the same name with another extension, in any case.
func (in Input) beside(ctx context.Context, extension string) (other Input, found bool, err error) {
	if in.Beside == nil {
		return Input{}, false, nil
	}
	return in.Beside(ctx, extension)
}

// inMemory is the largest file that is held in memory where it has to be read
// anywhere and the store gives it from its start only.
const inMemory = 16 << 20

// randomFile is a file whose bytes can be read anywhere.
type randomFile struct {
	io.ReaderAt
	size      int64
	close     func() error
	unchanged func() error
}

// ReadAt takes places before the file, which damaged files name, for ones beyond it.
func (f *randomFile) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, io.EOF
	}
	return f.ReaderAt.ReadAt(p, off)
}

func (f *randomFile) Close() error { return f.close() }

// openRandom opens a file to read it anywhere: a local file as it stands, a small
// one in memory, any other from an encrypted spool.
func openRandom(ctx context.Context, env pipelines.Env, in Input) (*randomFile, error) {
	r, err := in.Open(ctx)
	if err != nil {
		return nil, err
	}
	if ra, ok := r.(RandomAccess); ok {
		return &randomFile{ra, in.Size, r.Close, ra.Unchanged}, nil
	}
	f, err := held(env, r)
	if e := r.Close(); err == nil && e != nil {
		err = e
		f.Close()
	}
	if err != nil {
		return nil, err
	}
	return f, nil
}

// held keeps what r gives in memory or, if it is more, in the spool.
func held(env pipelines.Env, r io.Reader) (*randomFile, error) {
	nothing := func() error { return nil }
	b, err := io.ReadAll(io.LimitReader(r, inMemory+1))
	if err != nil {
		return nil, err
	}
	if len(b) <= inMemory {
		return &randomFile{bytes.NewReader(b), int64(len(b)), nothing, nothing}, nil
	}
	spool, ok := env.Spool.(pipelines.ByteSpool)
	if !ok {
		return nil, messages.Internal.With("what", "a file has to be put aside, and there is no spool for it")
	}
	f, err := spool.CreateBytes()
	if err != nil {
		return nil, err
	}
	if _, err = io.Copy(f, io.MultiReader(bytes.NewReader(b), r)); err != nil {
		f.Close()
		return nil, err
	}
	return &randomFile{f, f.Size(), f.Close, nothing}, nil
}
