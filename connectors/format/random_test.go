package format

import (
	"bytes"
	"context"
	"io"
	"testing"

	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// A file that its store gives from the start only is put aside, under the bound of
// the spool, when it is more than memory should hold.
func TestLargeFilesArePutAside(t *testing.T) {
	data := bytes.Repeat([]byte("le lavoir de Val-Fleuri\n"), (inMemory+1<<20)/24)
	env := pipelines.Env{Spool: pipelines.NewSpool(t.TempDir(), memory.NewGoAllocator(), 64<<20)}
	f, err := openRandom(context.Background(), env, inputOf(data))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if f.size != int64(len(data)) {
		t.Errorf("%d bytes, want %d", f.size, len(data))
	}
	for _, at := range []int64{0, 65_000, int64(len(data)) - 100} {
		got := make([]byte, 100)
		if _, err := f.ReadAt(got, at); err != nil || !bytes.Equal(got, data[at:at+100]) {
			t.Errorf("at %d: %q, %v", at, got, err)
		}
	}
	if _, err := f.ReadAt(make([]byte, 1), -1); err != io.EOF {
		t.Error(err)
	}
	env.Spool = pipelines.NewSpool(t.TempDir(), memory.NewGoAllocator(), 1<<20)
	if _, err := openRandom(context.Background(), env, inputOf(data)); !messages.Has(err, messages.DiskBound) {
		t.Errorf("more than the bound: %v", err)
	}
	if _, err := openRandom(context.Background(), pipelines.Env{}, inputOf(data)); err == nil {
		t.Error("without a spool it is held in memory")
	}
}
