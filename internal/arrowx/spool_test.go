package arrowx

import (
	"bytes"
	"errors"
	"io"
	"os"
	"runtime"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"pgregory.net/rapid"
)

func texts(mem memory.Allocator, values ...string) arrow.Record {
	b := array.NewRecordBuilder(mem, arrow.NewSchema([]arrow.Field{{Name: "t", Type: arrow.BinaryTypes.String, Nullable: true}}, nil))
	defer b.Release()
	for _, v := range values {
		if v == "null" {
			b.Field(0).AppendNull()
		} else {
			b.Field(0).(*array.StringBuilder).Append(v)
		}
	}
	return b.NewRecord()
}

func TestSpoolGivesBackWhatWasWrittenAndNothingReadable(t *testing.T) {
	mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer mem.AssertSize(t, 0)
	dir := t.TempDir()
	s := &Spool{Dir: dir, Mem: mem}
	canary := "CANARI-Dupond-Jeanne"
	in := texts(mem, canary, "null", string(bytes.Repeat([]byte("é"), 400_000)))
	defer in.Release()
	f, err := s.Create(in.Schema())
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := f.Write(in); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 { // a spool is read as often as wanted
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for {
			rec, err := r.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if !array.RecordEqual(rec, in) {
				t.Error("a record came back changed")
			}
			rec.Release()
			n++
		}
		r.Close()
		if n != 3 {
			t.Errorf("%d records came back, want 3", n)
		}
	}
	onDisk, err := os.ReadFile(f.file.Name())
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(onDisk, []byte(canary)) {
		t.Error("the spool can be read without its key (invariant 6)")
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("%d files are left behind", len(left))
	}
}

// Rows of every type come back, whatever was cut off before and after them.
func TestSpoolGivesBackEveryType(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.SliceOfN(rapid.Custom(drawRow), 1, 40).Draw(t, "rows")
		from := rapid.IntRange(0, len(rows)).Draw(t, "from")
		empty := digestRecord(rows).NewSlice(int64(from), int64(from))
		dir, err := os.MkdirTemp("", "spool")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		f, err := (&Spool{Dir: dir, Mem: memory.NewGoAllocator()}).Create(digestSchema)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		in := digestRecord(rows).NewSlice(int64(from), int64(len(rows)))
		for _, r := range []arrow.Record{empty, in, empty} {
			if err := f.Write(r); err != nil {
				t.Fatal(err)
			}
		}
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		out, err := r.Next()
		if in.NumRows() == 0 && err == io.EOF {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if mustDigest(t, in) != mustDigest(t, out) {
			t.Fatal("other rows came back")
		}
	})
}

func TestSpoolKeepsItsBound(t *testing.T) {
	s := &Spool{Dir: t.TempDir(), Mem: memory.NewGoAllocator(), Bound: 1 << 20}
	in := texts(s.Mem, string(make([]byte, 300<<10)))
	f, err := s.Create(in.Schema())
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for range 10 {
		if err = f.Write(in); err != nil {
			break
		}
	}
	if !errors.Is(err, ErrDiskBound) {
		t.Errorf("3 MB went into a spool bound to 1 MiB: %v (invariant 9)", err)
	}
}

func TestSpoolNoticesChangedBytes(t *testing.T) {
	s := &Spool{Dir: t.TempDir(), Mem: memory.NewGoAllocator()}
	in := texts(s.Mem, "a", "b")
	f, _ := s.Create(in.Schema())
	defer f.Close()
	if err := f.Write(in); err != nil {
		t.Fatal(err)
	}
	if r, err := f.Open(); err != nil {
		t.Fatal(err)
	} else {
		r.Close()
	}
	var b [1]byte // encrypted: whatever would be written in its place may be what is there
	if _, err := f.file.ReadAt(b[:], 40); err != nil {
		t.Fatal(err)
	}
	b[0] ^= 1
	if _, err := f.file.WriteAt(b[:], 40); err != nil {
		t.Fatal(err)
	}
	r, err := f.Open()
	for err == nil {
		_, err = r.Next()
	}
	if err == io.EOF {
		t.Error("changed bytes were read as if they were right")
	}
}

// A spool that is cut short, even between two frames and between two records,
// does not look like one that ends there (invariant 7).
func TestSpoolNoticesWhatIsCutOff(t *testing.T) {
	s := &Spool{Dir: t.TempDir(), Mem: memory.NewGoAllocator()}
	// The text fills a record so that it ends with its frame.
	wasted := 0
	for {
		in := texts(s.Mem, string(bytes.Repeat([]byte("x"), frameSize-wasted)))
		f, _ := s.Create(in.Schema())
		if err := f.Write(in); err != nil {
			t.Fatal(err)
		}
		if over := len(f.frames.frame) - frameHead; over > 0 && wasted < frameSize {
			f.Close()
			wasted += over
			continue
		}
		end := f.size
		if err := f.Write(in); err != nil {
			t.Fatal(err)
		}
		if r, err := f.Open(); err != nil {
			t.Fatal(err)
		} else {
			r.Close()
		}
		if err := f.file.Truncate(end); err != nil {
			t.Fatal(err)
		}
		r, err := f.Open()
		for err == nil {
			_, err = r.Next()
		}
		if err == io.EOF {
			t.Errorf("cut to %d of %d bytes, the spool ended as if it were whole", end, f.size)
		}
		f.Close()
		return
	}
}

// Files that were written and wait to be read hold no buffers: a sort may have
// many runs (invariant 9).
func TestSpoolHoldsNothingOfWhatWasWritten(t *testing.T) {
	s := &Spool{Dir: t.TempDir(), Mem: memory.NewGoAllocator()}
	in := texts(s.Mem, string(bytes.Repeat([]byte("é"), 300_000)))
	defer in.Release()
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	const files = 32
	var all []*SpoolFile
	for range files {
		f, err := s.Create(in.Schema())
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if err := f.Write(in); err != nil {
			t.Fatal(err)
		}
		r, err := f.Open() // ends the writing
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		all = append(all, f)
	}
	if held := int64(heap()) - int64(before); held > files*frameSize/4 {
		t.Errorf("%d files hold %d bytes", len(all), held)
	}
}
