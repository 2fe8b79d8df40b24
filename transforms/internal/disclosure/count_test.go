package disclosure

import (
	"fmt"
	"math/rand"
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
