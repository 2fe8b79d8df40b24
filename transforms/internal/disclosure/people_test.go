package disclosure

import (
	"context"
	"fmt"
	"math/rand"
	"runtime"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

// Who was seen in each class is what sets of them say, up to enough.
func TestPeopleAreSets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		enough := rapid.IntRange(1, 60).Draw(t, "enough")
		p := newPeople(enough)
		words := make([]uint64, rapid.IntRange(1, 5).Draw(t, "classes"))
		sets := make([]map[uint64]bool, len(words))
		for i := range sets {
			sets[i] = map[uint64]bool{}
		}
		r := rand.New(rand.NewSource(rapid.Int64().Draw(t, "seed")))
		spread := rapid.SampledFrom([]int{3, 40, 1 << 30}).Draw(t, "spread")
		for range rapid.IntRange(0, 300).Draw(t, "rows") {
			c := r.Intn(len(words))
			subject := uint64(r.Intn(spread))
			if r.Intn(20) == 0 {
				subject = vacant - uint64(r.Intn(2)) // two of one number
			}
			p.see(&words[c], subject)
			sets[c][min(subject, vacant-1)] = true
		}
		held, full := int64(0), int64(0)
		for c, set := range sets {
			if len(set) >= enough {
				full++
				if words[c] != everybody {
					t.Fatalf("class %d has %d of %d, and is not full", c, len(set), enough)
				}
				continue
			}
			held += int64(len(set))
			var want []uint64
			for s := range set {
				want = append(want, s)
			}
			slices.Sort(want)
			if got := p.of(words[c]); !slices.Equal(got, want) {
				t.Fatalf("class %d: got %v, want %v", c, got, want)
			}
		}
		if p.held != held || p.full != full {
			t.Fatalf("%d held and %d full, want %d and %d", p.held, p.full, held, full)
		}
	})
}

// Entries come in the order of their keys, those of one key as one.
func TestEntriesAreOrdered(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.IntRange(1, 3).Draw(t, "words")
		r := rand.New(rand.NewSource(rapid.Int64().Draw(t, "seed")))
		spread := rapid.SampledFrom([]int64{1, 3, 300, 1 << 62}).Draw(t, "spread")
		e := &entries{words: words}
		want := map[string]uint32{}
		for range rapid.SampledFrom([]int{0, 1, few, few + 1, 500, 5000}).Draw(t, "entries") {
			var key []uint64
			for range words {
				key = append(key, uint64(r.Int63n(spread))<<uint(r.Intn(2)))
			}
			n := uint32(r.Intn(5))
			e.keys, e.n = append(e.keys, key...), append(e.n, n)
			want[fmt.Sprint(key)] += n
		}
		e.order(addUp)
		if len(e.n) != len(want) || len(e.keys) != words*len(e.n) {
			t.Fatalf("%d entries, want %d", len(e.n), len(want))
		}
		for i := range e.n {
			if i > 0 && e.compare(i-1, i) >= 0 {
				t.Fatalf("entry %d does not come after the one before", i)
			}
			if e.n[i] != want[fmt.Sprint(e.key(i))] {
				t.Fatalf("entry %d counts %d, want %d", i, e.n[i], want[fmt.Sprint(e.key(i))])
			}
		}
	})
}

// Workers that count at the same time come to the same classes as one.
func TestWorkersAtOnce(t *testing.T) {
	c := newCrowd(11, 60_000, []int{900, 40, 7}, 1)
	shape := Shape{Quasi: make([]string, 3), Sensitive: make([]string, 1), Subjects: 4}
	alone, h := c.count(t, shape, Options{}, inOrder(c.n), c.n, 1)
	defer h.Close()
	for _, workers := range []int{2, 8} {
		for _, memory := range []int64{0, 3 << 20} {
			spool := &spoolStub{}
			var lock sync.Mutex
			g := New(shape, Options{Memory: memory, Create: func() (Bytes, error) {
				lock.Lock()
				defer lock.Unlock()
				return spool.create()
			}})
			batches := make(chan int)
			var running sync.WaitGroup
			for range workers {
				w := g.Worker()
				running.Go(func() {
					for at := range batches {
						if err := c.add(t.Context(), w, at, 500); err != nil {
							t.Error(err)
						}
					}
				})
			}
			for at := 0; at < c.n; at += 500 {
				batches <- at
			}
			close(batches)
			running.Wait()
			got, err := g.Finish(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if memory > 0 && len(spool.files) == 0 {
				t.Errorf("%d workers put nothing aside", workers)
			}
			want := dump(t, alone)
			if got.whole == nil {
				want = dumpSorted(t, alone)
			}
			if dump(t, got) != want {
				t.Errorf("%d workers, %d bytes: other classes", workers, memory)
			}
			if err := g.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

func (c *crowd) add(ctx context.Context, w *Worker, at, n int) error {
	r := Rows{N: n, Subjects: c.subjects[at : at+n]}
	for j, column := range c.quasi {
		r.Quasi = append(r.Quasi, code(w.Quasi(j), column[at:at+n], at))
	}
	for s, column := range c.sensitive {
		r.Sensitive = append(r.Sensitive, code(w.Sensitive(s), column[at:at+n], at))
	}
	return w.Add(ctx, r)
}

// What is held of classes is at most 64 bytes for each, while they are counted and then,
// also where they are those of persons: k = 5, and as many persons as are needed.
func TestBytesOfClassesThatAreCounted(t *testing.T) {
	const classes = 1 << 18
	heap := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	for name, enough := range map[string]int{"rows": 0, "persons": 5} {
		before := heap()
		h := New(Shape{Quasi: make([]string, 2), Subjects: enough}, Options{})
		w := h.Worker()
		rows := Rows{N: 1 << 9, Quasi: [][]uint32{make([]uint32, 1<<9), make([]uint32, 1<<9)}, Subjects: make([]uint64, 1<<9)}
		codes := make([]uint32, 1<<9)
		for i := range codes {
			codes[i] = w.Quasi(0).Code(fmt.Append(nil, i), 0)
			w.Quasi(1).Code(fmt.Append(nil, i), 0)
		}
		for i := range classes >> 9 {
			for n := range rows.N {
				rows.Quasi[0][n], rows.Quasi[1][n] = codes[i], codes[n]
			}
			for who := range max(1, enough) { // the rows of a class come near each other
				for n := range rows.N {
					rows.Subjects[n] = uint64(n<<8 + who + 1)
				}
				if err := w.Add(t.Context(), rows); err != nil {
					t.Fatal(err)
				}
			}
		}
		counting := heap() - before
		c, err := h.Finish(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		counted := heap() - before
		if c.Count != classes {
			t.Fatalf("%d classes", c.Count)
		}
		for what, n := range map[string]int64{"while they are counted": counting, "afterwards": counted} {
			t.Logf("%s: %d bytes a class %s", name, n/classes, what)
			if n > 64*classes {
				t.Errorf("%s: %d bytes a class %s", name, n/classes, what)
			}
		}
		runtime.KeepAlive(h)
		runtime.KeepAlive(c)
	}
}
