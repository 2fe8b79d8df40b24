package disclosure

import (
	"os"
	"testing"

	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

func spoolIn(t *testing.T, bound pipelines.Size) (dir string, create func() (Bytes, error)) {
	dir = t.TempDir()
	spool := pipelines.NewSpool(dir, memory.DefaultAllocator, bound)
	return dir, func() (Bytes, error) { return spool.(pipelines.ByteSpool).CreateBytes() }
}

func files(t *testing.T, dir string) int {
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// The task's own spool takes what is put aside, and nothing of it stays.
func TestTaskSpool(t *testing.T) {
	c := newCrowd(7, 20_000, []int{500, 60, 9}, 1)
	shape := Shape{Quasi: make([]string, 3), Sensitive: make([]string, 1), Subjects: 3}
	whole, h := c.count(t, shape, Options{}, inOrder(c.n), c.n, 1)
	defer h.Close()
	dir, create := spoolIn(t, 0)
	cut, g := c.count(t, shape, Options{Memory: 1 << 20, Create: create}, inOrder(c.n), 777, 2)
	if files(t, dir) == 0 || cut.whole != nil {
		t.Error("nothing was put aside")
	}
	if dumpSorted(t, whole) != dumpSorted(t, cut) {
		t.Error("classes differ")
	}
	if err := g.Close(); err != nil || files(t, dir) > 0 {
		t.Errorf("%v, %d files stay", err, files(t, dir))
	}
	if err := g.Close(); err != nil {
		t.Errorf("closed twice: %v", err)
	}
}

// A disk that is full, or none, ends the counting with what to do.
func TestNoRoomAside(t *testing.T) {
	c := newCrowd(7, 20_000, []int{500, 60, 9}, 1)
	dir, create := spoolIn(t, 1<<17)
	for name, opts := range map[string]Options{"full": {Memory: 1 << 19, Create: create}, "none": {Memory: 1 << 19}} {
		h := New(Shape{Quasi: make([]string, 3)}, opts)
		w := h.Worker()
		var err error
		for at := 0; at < c.n && err == nil; at += 100 {
			r := Rows{N: 100}
			for j := range c.quasi {
				r.Quasi = append(r.Quasi, code(w.Quasi(j), c.quasi[j][at:at+100], at))
			}
			err = w.Add(t.Context(), r)
		}
		if err == nil {
			_, err = h.Finish(t.Context())
		}
		if !messages.Has(err, messages.DiskBound) && !messages.Has(err, messages.TooManyClasses) {
			t.Errorf("%s: %v", name, err)
		}
		if err := h.Close(); err != nil || files(t, dir) > 0 {
			t.Errorf("%s: %v, %d files stay", name, err, files(t, dir))
		}
	}
}

// The values of a column that is as long as the table have a bound too.
func TestTooManyValues(t *testing.T) {
	c := newCrowd(7, 20_000, []int{20_000}, 0)
	_, create := spoolIn(t, 0)
	h := New(Shape{Quasi: make([]string, 1)}, Options{Memory: 1 << 20, Create: create})
	defer h.Close()
	w := h.Worker()
	var err error
	for at := 0; at < c.n && err == nil; at += 100 {
		err = w.Add(t.Context(), Rows{N: 100, Quasi: [][]uint32{code(w.Quasi(0), c.quasi[0][at:at+100], at)}})
	}
	if !messages.Has(err, messages.TooManyValues) {
		t.Error(err)
	}
}
