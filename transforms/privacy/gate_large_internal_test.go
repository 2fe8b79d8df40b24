package privacy

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"testing"

	"github.com/apache/arrow/go/v15/arrow/memory"
	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/internal/draws"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// A person with more rows than memory holds, and persons of whom more are alike than it
// holds, are judged as in memory, in any number of workers (invariants 2 and 9).
func TestOneOfManyRows(t *testing.T) {
	for name, c := range map[string]struct {
		persons, rowsOf, classes, k int
		disk                        bool // the bound is passed
	}{
		"one person":            {1, 60_000, 50, 1, true},
		"two who are alike":     {2, 30_000, 700, 2, true},
		"a few, three by three": {9, 7000, 3, 3, true},
		"all are alike":         {30_000, 2, 2, 30_000, true},
	} {
		p, d, f := crowdFile(c.persons, c.rowsOf, c.classes, c.k, false)
		p.Gate = &gateConfig{MaxProsecutorRisk: 1e-9, MaxUniques: -1} // says how great it is
		told := func(f *judgedFile) string {
			return fmt.Sprint(recounted(p, d, f))
		}
		other := *f
		other.rows = slices.Clone(f.rows)
		row := slices.Clone(f.rows[0])
		row[4] = f.rows[len(f.rows)-1][4]
		other.rows[0] = row
		p.env.Memory, p.env.Spool = 0, pipelines.NewSpool(t.TempDir(), memory.DefaultAllocator, 0)
		want, wantOther := told(f), told(&other)
		if want != fmt.Sprint(judgedByMaps(p, d, f)) {
			t.Errorf("%s: %s, and maps say %v", name, want, judgedByMaps(p, d, f))
		}
		if c.persons > 1 && want == wantOther && row[4] != f.rows[0][4] {
			t.Errorf("%s: a row of another person is the same: %s", name, want)
		}
		for _, workers := range []int{1, 3} {
			spool := &countedBytes{Spool: pipelines.NewSpool(t.TempDir(), memory.DefaultAllocator, 0)}
			p.env.Memory, p.env.Workers, p.env.Spool = 150_000, workers, spool
			if got := told(f); got != want {
				t.Errorf("%s, %d workers: %s, in memory %s", name, workers, got, want)
			}
			if got := told(&other); got != wantOther {
				t.Errorf("%s, %d workers: a row of another person: %s, in memory %s", name, workers, got, wantOther)
			}
			if spool.made < 2 || spool.open > 0 {
				t.Errorf("%s: %d files were made, %d are left", name, spool.made, spool.open)
			}
		}
		p.env.Spool = nil
		if err := recounted(p, d, f); !messages.Has(err, messages.TooManyClasses) {
			t.Errorf("%s, without a disk: got %v, want %s", name, err, messages.TooManyClasses.Code)
		}
	}
}

// The pairs of a bin come in their order, and all of them.
func TestLargeBinsAreInOrder(t *testing.T) {
	merged := 0
	draws.Check(t, draws.Kinds{"merged": &merged}, func(r *rapid.T) {
		spool := &countedBytes{Spool: pipelines.NewSpool(t.TempDir(), memory.DefaultAllocator, 0)}
		p := policy{env: pipelines.Env{Memory: rapid.Int64Range(256, 1<<21).Draw(r, "memory"), Spool: spool}}
		b := p.newBins(0, p.env.Memory)
		defer b.close()
		n, card := rapid.IntRange(0, 20_000).Draw(r, "pairs"), rapid.Uint64Range(1, 1000).Draw(r, "card")
		var want, got []pair
		for i := range uint64(n) {
			x := pair{spread(int64(i*i)) % card, spread(int64(i)) % card}
			want = append(want, x)
			if err := b.add(0, x); err != nil {
				r.Fatal(err)
			}
		}
		slices.SortFunc(want, comparePairs)
		made := spool.made
		if err := b.sorted(context.Background(), 0, func(p pair) error { got = append(got, p); return nil }); err != nil {
			r.Fatal(err)
		}
		if !slices.Equal(got, want) {
			r.Fatalf("%d pairs of %d came, or in another order", len(got), len(want))
		}
		if spool.made > made {
			merged++
		}
		groups, least := map[pair]int{}, 1<<20
		for _, p := range want {
			groups[p]++
		}
		for _, n := range groups {
			least = min(least, n)
		}
		if n > 0 {
			if got, err := b.least(context.Background(), 0, 1<<20); err != nil || got != least {
				r.Fatalf("the smallest group is of %s, want %d: %v", strconv.Itoa(got), least, err)
			}
		}
	})
}
