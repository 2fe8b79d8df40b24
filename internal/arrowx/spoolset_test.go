package arrowx

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"pgregory.net/rapid"
)

// sequence reads one sequence, a text for each record.
func sequence(f *SpoolSet, i int) (got []string, err error) {
	r, err := f.Open(i)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	for {
		rec, err := r.Next()
		if err == io.EOF {
			return got, nil
		}
		if err != nil {
			return got, err
		}
		var values []string
		for c := rec.Column(0).(*array.String); len(values) < c.Len(); {
			values = append(values, strings.Clone(c.Value(len(values))))
		}
		got = append(got, strings.Join(values, ","))
		rec.Release()
	}
}

// Whatever is written in whatever order, each sequence gives its own records in
// their order, again and while others are read, and nothing of it is readable.
func TestSpoolSetKeepsSequencesApart(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		mem := memory.NewCheckedAllocator(Poison{})
		dir := t.TempDir()
		s := &Spool{Dir: dir, Mem: mem}
		n := rapid.IntRange(1, 6).Draw(rt, "sequences")
		first := texts(mem, "x")
		f, err := s.CreateSet(first.Schema(), n)
		first.Release()
		if err != nil {
			rt.Fatal(err)
		}
		want := make([][]string, n)
		for i := range rapid.IntRange(0, 30).Draw(rt, "writes") {
			to := rapid.IntRange(0, n-1).Draw(rt, "to")
			values := make([]string, rapid.IntRange(0, 4).Draw(rt, "rows"))
			for j := range values {
				values[j] = fmt.Sprint("CANARI", i, strings.Repeat("é", rapid.SampledFrom([]int{0, 3, 3, 40_000}).Draw(rt, "long")))
			}
			rec := texts(mem, values...)
			if err := f.Write(to, rec); err != nil {
				rt.Fatal(err)
			}
			rec.Release()
			want[to] = append(want[to], strings.Join(values, ","))
		}
		if err := f.Finish(); err != nil {
			rt.Fatal(err)
		}
		for range 2 {
			for i := range n {
				got, err := sequence(f, i)
				if err != nil || !slices.Equal(got, want[i]) {
					rt.Fatalf("sequence %d: %d records of %d, %v", i, len(got), len(want[i]), err)
				}
			}
		}
		onDisk, err := os.ReadFile(f.file.Name())
		if err != nil || bytes.Contains(onDisk, []byte("CANARI")) {
			rt.Errorf("the spool can be read without its key (invariant 6): %v", err)
		}
		if int64(len(onDisk)) != s.used.Load() {
			rt.Errorf("%d bytes on the disk count as %d (invariant 9)", len(onDisk), s.used.Load())
		}
		if err := f.Close(); err != nil {
			rt.Fatal(err)
		}
		if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) != 0 || s.used.Load() != 0 {
			rt.Errorf("%v is left, %d bytes are counted", left, s.used.Load())
		}
		mem.AssertSize(rt, 0)
	})
}

func TestSpoolSetKeepsItsBound(t *testing.T) {
	s := &Spool{Dir: t.TempDir(), Mem: memory.NewGoAllocator(), Bound: 1 << 20}
	in := texts(s.Mem, string(make([]byte, 300<<10)))
	f, err := s.CreateSet(in.Schema(), 10)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for i := range 10 {
		if err = f.Write(i, in); err != nil {
			break
		}
	}
	if !errors.Is(err, ErrDiskBound) {
		t.Errorf("3 MB went into a spool bound to 1 MiB: %v (invariant 9)", err)
	}
}

// Whatever happens to the bytes on the disk, no other rows come back: an error
// does (invariant 7).
func TestSpoolSetNoticesWhatHappensToItsBytes(t *testing.T) {
	s := &Spool{Dir: t.TempDir(), Mem: memory.NewGoAllocator()}
	in := texts(s.Mem, "a", "b")
	var places []int64
	make2 := func() *SpoolSet {
		f, err := s.CreateSet(in.Schema(), 2)
		if err != nil {
			t.Fatal(err)
		}
		places = places[:0]
		for i := range 4 { // of the same length
			places = append(places, f.size)
			if err := f.Write(i%2, in); err != nil {
				t.Fatal(err)
			}
		}
		if err := f.Finish(); err != nil {
			t.Fatal(err)
		}
		return f
	}
	f := make2()
	size := f.size
	f.Close()
	for at := range size {
		f := make2()
		b := []byte{0}
		f.file.ReadAt(b, at)
		if _, err := f.file.WriteAt([]byte{b[0] ^ 0x10}, at); err != nil {
			t.Fatal(err)
		}
		_, a := sequence(f, 0)
		_, b2 := sequence(f, 1)
		if a == nil && b2 == nil {
			t.Errorf("byte %d was changed and nobody noticed", at)
		}
		f.Close()
	}
	for name, spoil := range map[string]func(f *SpoolSet){
		"cut short":      func(f *SpoolSet) { f.file.Truncate(places[3]) },
		"cut in a frame": func(f *SpoolSet) { f.file.Truncate(f.size - 1) },
		"frames of two sequences exchanged": func(f *SpoolSet) {
			whole := make([]byte, f.size)
			f.file.ReadAt(whole, 0)
			f.file.WriteAt(whole[places[1]:places[2]], places[0])
			f.file.WriteAt(whole[places[0]:places[1]], places[1])
		},
		"a link that leaves one out": func(f *SpoolSet) { f.file.WriteAt(make([]byte, 8), places[3]+4) },
	} {
		f := make2()
		spoil(f)
		_, a := sequence(f, 0)
		_, b := sequence(f, 1)
		if a == nil && b == nil {
			t.Errorf("%s: nobody noticed", name)
		}
		f.Close()
	}
}
