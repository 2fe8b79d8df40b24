package arrowx

import (
	"bytes"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

func TestSpoolBytes(t *testing.T) {
	s := &Spool{Dir: t.TempDir()}
	f, err := s.CreateBytes()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	want := bytes.Repeat([]byte("le lavoir de Val-Fleuri\n"), 10_000)
	for rest := want; len(rest) > 0; {
		n := min(len(rest), 7919)
		if _, err := f.Write(rest[:n]); err != nil {
			t.Fatal(err)
		}
		rest = rest[n:]
	}
	if f.Size() != int64(len(want)) {
		t.Errorf("%d bytes, want %d", f.Size(), len(want))
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		at, n := r.IntN(len(want)), r.IntN(200_000)
		got := make([]byte, n)
		k, err := f.ReadAt(got, int64(at))
		if short := at+n > len(want); short != (err == io.EOF) || !short && err != nil || !bytes.Equal(got[:k], want[at:min(at+n, len(want))]) {
			t.Fatalf("%d bytes at %d: %d, %v", n, at, k, err)
		}
	}
	files, err := filepath.Glob(filepath.Join(s.Dir, "*"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	onDisk, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(onDisk, []byte("lavoir")) {
		t.Error("what is on disk can be read")
	}
	onDisk[100] ^= 1
	if err := os.WriteFile(files[0], onDisk, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := f.ReadAt(make([]byte, 10), 0); err == nil {
		// the frame may be the one that was read last
		_, err = f.ReadAt(make([]byte, len(want)), 0)
		if _, err2 := f.ReadAt(make([]byte, 10), 0); err == nil && err2 == nil {
			t.Error("what was changed on disk is read")
		}
	}
}

func TestSpoolBytesKeepsItsBound(t *testing.T) {
	s := &Spool{Dir: t.TempDir(), Bound: 100_000}
	f, err := s.CreateBytes()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Write(make([]byte, 200_000)); err != ErrDiskBound {
		t.Error(err)
	}
}
