package disclosure

import (
	"fmt"
	"math/rand"
	"runtime"
	"slices"
	"testing"
)

// A table holds at most 64 bytes for each class, growing included.
func TestBytesPerClass(t *testing.T) {
	table := newTable(1)
	for i := range uint64(1 << 18) {
		before := table.bytes()
		table.add([]uint64{i}, 1)
		held := table.bytes()
		if held > before {
			held += before // the old slots stand beside the new ones for a while
		}
		if table.used >= firstSlots && held > 64*int64(table.used) {
			t.Fatalf("%d bytes for %d classes", held, table.used)
		}
	}
}

// So does one that has a word beside each count, and counts what it had after it grew.
func TestBytesPerClassOfPersons(t *testing.T) {
	const some, seen = 1 << 8, 1 << 18
	table := newTable(1)
	table.with = make([]uint64, len(table.n))
	slots := make([]uint32, some)
	r := rand.New(rand.NewSource(5))
	wants := map[uint64]uint64{}
	for range seen / some {
		keys := make([]uint64, some)
		for i := range keys {
			keys[i] = uint64(r.Intn(4 * seen))
		}
		slotsBefore, used, standing, growing := len(table.n), table.used, table.bytes(), table.growing()
		var took int64
		if took = allocatedBy(func() { table.countEach(keys, slots) }); len(table.n) != 2*slotsBefore {
			took = 0
		}
		if held := standing + growing; took > 0 && used > 1<<10 && (held > 64*int64(used) || table.bytes() > 64*int64(used)) {
			t.Fatalf("%d bytes for %d classes", held, used)
		}
		// Of what it takes the numbers of the slots and each field are let go of one by one.
		if most := growing + int64(slotsBefore)*17; took > most {
			t.Fatalf("a table of %d slots took %d bytes to grow, not %d", slotsBefore, took, most)
		}
		for i, slot := range slots {
			wants[keys[i]]++
			table.with[slot]++
		}
	}
	if table.used != len(wants) {
		t.Fatalf("%d classes, not %d", table.used, len(wants))
	}
	for key, n := range wants {
		if at := table.find([]uint64{key}); uint64(table.n[at]) != n || table.with[at] != n {
			t.Fatalf("key %d counts %d and %d, not %d", key, table.n[at], table.with[at], n)
		}
	}
}

// Tables of keys of any length count what they are given, with a word beside each count or
// without, however they grow.
func TestTablesGrow(t *testing.T) {
	r := rand.New(rand.NewSource(11))
	for range 60 {
		words, with := 1+r.Intn(3), r.Intn(2) == 0
		table := newTable(words)
		if with {
			table.with = make([]uint64, len(table.n))
		}
		wants := map[[3]uint64]uint64{}
		of := func() (key [3]uint64) {
			for j := range words {
				key[j] = uint64(r.Intn(30)) << (r.Intn(8) * 8)
			}
			return key
		}
		for range 1 + r.Intn(12) {
			var keys []uint64
			n := r.Intn(2000)
			for range n {
				key := of()
				keys = append(keys, key[:words]...)
				wants[key]++
			}
			slots := make([]uint32, n)
			table.countEach(keys, slots)
			for i, slot := range slots {
				if !slices.Equal(table.key(int(slot)), keys[i*words:(i+1)*words]) {
					t.Fatalf("a slot is another key's")
				}
				if with {
					table.with[slot]++
				}
			}
		}
		if table.used != len(wants) {
			t.Fatalf("%d classes, not %d", table.used, len(wants))
		}
		for key, n := range wants {
			at := table.find(key[:words])
			if uint64(table.n[at]) != n || with && table.with[at] != n {
				t.Fatalf("%v: %d, not %d", key, table.n[at], n)
			}
		}
	}
}

func allocatedBy(do func()) int64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return int64(after.TotalAlloc - before.TotalAlloc)
}

// Counting by column and key by key are the same.
func TestAddEach(t *testing.T) {
	r := rand.New(rand.NewSource(3))
	a, b := newTable(1), newTable(1)
	for range 200 {
		keys := make([]uint64, r.Intn(3000))
		for i := range keys {
			keys[i] = uint64(r.Intn(1 + r.Intn(20_000)))
			b.add(keys[i:i+1], 1)
		}
		a.addEach(keys)
	}
	if a.used != b.used {
		t.Fatalf("%d and %d classes", a.used, b.used)
	}
	_ = a.each(func(key []uint64, n uint32) error {
		if b.get(key) != n {
			t.Fatalf("key %d counts %d and %d", key[0], n, b.get(key))
		}
		return nil
	})
}

func BenchmarkCount(b *testing.B) {
	const n = 1 << 16
	for _, spread := range []int{4, 16, 40} { // classes: 4^6, many, all different
		r := rand.New(rand.NewSource(1))
		h := New(Shape{Quasi: make([]string, 6)}, Options{})
		w := h.Worker()
		var batches []Rows
		for range 64 {
			rows := Rows{N: n}
			for j := range 6 {
				codes := make([]uint32, n)
				for i := range codes {
					codes[i] = w.Quasi(j).Code(fmt.Append(nil, r.Intn(spread)), 0)
				}
				rows.Quasi = append(rows.Quasi, codes)
			}
			batches = append(batches, rows)
		}
		b.Run(fmt.Sprint(spread), func(b *testing.B) {
			rows := 0
			for b.Loop() {
				if err := w.Add(b.Context(), batches[rows/n%64]); err != nil {
					b.Fatal(err)
				}
				rows += n
			}
			b.ReportMetric(float64(rows)/b.Elapsed().Seconds()/1e6, "Mrows/s")
			b.ReportMetric(float64(w.tables[kindRows].used), "classes")
		})
	}
}

// The same of persons, of whom the subjects of each class are known.
func BenchmarkCountPersons(b *testing.B) {
	const n = 1 << 16
	for _, spread := range []int{4, 16} {
		b.Run(fmt.Sprint(spread), func(b *testing.B) {
			rows := 0
			for b.Loop() {
				r := rand.New(rand.NewSource(1))
				h := New(Shape{Quasi: make([]string, 6), Subjects: 5}, Options{})
				w := h.Worker()
				for range 8 {
					some := Rows{N: n, Subjects: make([]uint64, n)}
					for i := range some.Subjects {
						some.Subjects[i] = r.Uint64()
					}
					for j := range 6 {
						codes := make([]uint32, n)
						for i := range codes {
							codes[i] = w.Quasi(j).Code(fmt.Append(nil, r.Intn(spread)), 0)
						}
						some.Quasi = append(some.Quasi, codes)
					}
					if err := w.Add(b.Context(), some); err != nil {
						b.Fatal(err)
					}
					rows += n
				}
			}
			b.ReportMetric(float64(rows)/b.Elapsed().Seconds()/1e6, "Mrows/s")
		})
	}
}

func BenchmarkGrow(b *testing.B) {
	keys := make([]uint64, 1<<20)
	r := rand.New(rand.NewSource(1))
	for i := range keys {
		keys[i] = r.Uint64() >> 1
	}
	var slots [1 << 8]uint32
	for b.Loop() {
		t := newTable(1)
		t.with = make([]uint64, len(t.n))
		for from := 0; from < len(keys); from += len(slots) {
			t.countEach(keys[from:from+len(slots)], slots[:])
		}
	}
}
