package arrowx

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

// Whatever is asked for and given back in any order: what is handed out is zero,
// of the length asked for, and nobody else's.
func TestPoolHandsOutZeroedMemoryOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := NewPool(rapid.IntRange(0, 1<<20).Draw(t, "bound"))
		size := rapid.OneOf(rapid.IntRange(0, 1<<14), rapid.SampledFrom([]int{2048, 2049, 4096, 4097, 6144, 6145, 1 << 20, 1<<20 + 1, 1 << 23, 1<<23 + 1}))
		type held struct {
			b    []byte
			mark byte
		}
		var all []held
		for i := range rapid.IntRange(1, 60).Draw(t, "steps") {
			mark := byte(i + 1)
			if k := len(all); k > 0 && rapid.Bool().Draw(t, "free") {
				j := rapid.IntRange(0, k-1).Draw(t, "which")
				if n := size.Draw(t, "again"); rapid.Bool().Draw(t, "resize") {
					was := all[j]
					keep := min(len(was.b), n)
					all[j].b = p.Reallocate(n, was.b)
					if len(all[j].b) != n || bytes.Count(all[j].b[:keep], []byte{was.mark}) != keep || bytes.Count(all[j].b[keep:], []byte{0}) != n-keep {
						t.Fatal("resizing changed what was there, or added what is not zero")
					}
					fill(all[j].b, was.mark)
				} else {
					p.Free(all[j].b)
					all[j] = all[k-1]
					all = all[:k-1]
				}
			} else {
				n := size.Draw(t, "n")
				b := p.Allocate(n)
				if len(b) != n || bytes.Count(b, []byte{0}) != n {
					t.Fatalf("%d bytes are not zero, or not as many", n)
				}
				fill(b, mark)
				all = append(all, held{b, mark})
			}
			for _, h := range all {
				if bytes.Count(h.b, []byte{h.mark}) != len(h.b) {
					t.Fatal("memory was handed out twice")
				}
			}
			if p.kept > p.bound {
				t.Fatalf("%d bytes are kept, more than %d", p.kept, p.bound)
			}
		}
	})
}

// What is kept for the next never makes more than was in use at once, and what is
// handed out is at most a quarter larger than what was asked for.
func TestPoolKeepsNoMoreThanWasInUse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := NewPool(1 << 30)
		used, most := 0, 0
		var all [][]byte
		take := func(n int) []byte {
			b := p.Allocate(n)
			if _, _, ok := class(n); ok && n > 1<<smallest && 4*cap(b) > 5*n+3 {
				t.Fatalf("%d bytes for %d", cap(b), n)
			}
			used += cap(b)
			most = max(most, used)
			return b
		}
		for range rapid.IntRange(0, 80).Draw(t, "steps") {
			if k := len(all); k > 0 && rapid.Bool().Draw(t, "free") {
				used -= cap(all[k-1])
				p.Free(all[k-1])
				all = all[:k-1]
			} else {
				all = append(all, take(rapid.IntRange(2049, 1<<rapid.IntRange(12, 22).Draw(t, "scale")).Draw(t, "n")))
			}
			if used+p.kept > most {
				t.Fatalf("%d bytes in use and %d kept, where %d were in use at most", used, p.kept, most)
			}
		}
	})
}

func fill(b []byte, mark byte) {
	for i := range b {
		b[i] = mark
	}
}
