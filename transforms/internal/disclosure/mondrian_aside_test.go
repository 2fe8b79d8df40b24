package disclosure

import (
	"context"
	"errors"
	"fmt"
	"math/rand"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/internal/draws"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// asideWith is classes on disk, in runs of so many.
func (c *Classes) asideWith(t rapidT, size int, create func() (Bytes, error)) *Classes {
	to := *c
	to.whole, to.stored, to.opts = nil, nil, Options{Create: create}
	file := &memoryFile{}
	for at := 0; at < c.whole.len(); at += size {
		s, err := storeRun(file, c.whole.slice(at, min(at+size, c.whole.len())))
		if err != nil {
			t.Fatal(err)
		}
		to.stored = append(to.stored, s...)
	}
	return &to
}

// mondrianFitting is Mondrian where so many bytes of classes are cut in memory.
func mondrianFitting(t rapidT, p Problem, fits int64) (*Grouping, error) {
	s, err := newSearcherAt(p, false)
	if err != nil {
		return nil, err
	}
	c := newCutter(s, 0)
	c.fits = fits
	return c.grouping(t.Context())
}

// same says what two groupings do not have in common, however much memory they had.
func (g *Grouping) same(o *Grouping) bool {
	return reflect.DeepEqual([]any{g.Cuts, g.rows, g.of, g.ranges, g.held}, []any{o.Cuts, o.rows, o.of, o.ranges, o.held})
}

// Groups are those that simple code makes of the rows, whether the classes stood in
// memory or on disk, in whatever pieces, and until however few of them are cut in memory.
func TestMondrianOnDisk(t *testing.T) {
	made, aside := 0, 0
	draws.Check(t, draws.Kinds{"made": &made, "on disk": &aside}, func(t *rapid.T) {
		w := drawTown(t)
		w.models.Wildcard, w.models.AverageRisk = false, Ratio{}
		p, h := w.problem(t, inOrder(w.rows()), 3, 2, Options{})
		defer h.Close()
		want, failed := Mondrian(t.Context(), p, 0)
		spool := &spoolStub{}
		p.Classes = p.Classes.asideWith(t, rapid.IntRange(1, 20).Draw(t, "piece"), spool.create)
		fits := int64(rapid.IntRange(0, 600).Draw(t, "fits"))
		got, err := mondrianFitting(t, p, fits)
		if fmt.Sprint(err) != fmt.Sprint(failed) || err == nil && !want.same(got) {
			t.Fatalf("on disk %+v, %v, in memory %+v, %v", got, err, want, failed)
		}
		for _, f := range spool.files {
			if !f.closed {
				t.Fatal("a file stays")
			}
		}
		if err != nil {
			return
		}
		made++
		if len(spool.files) > 0 {
			aside++
		}
		if w.models.KMap > 0 {
			return
		}
		var groups [][]int
		codes := w.leafCodes(p.Classes)
		w.naiveMondrian(p, codes, inOrder(w.rows()), &groups)
		of := make([]uint32, w.rows())
		got.Cuts.Of(codes, of)
		for id, rows := range groups {
			for _, row := range rows {
				if of[row] != uint32(id) {
					t.Fatalf("row %d is in group %d, want %v", row, of[row], groups)
				}
			}
			for j, l := range p.Quasi {
				ranges, at := got.Ranges(j)
				if r, want := ranges[at[id]], l.naiveRange(rows, codes[j]); r != want {
					t.Fatalf("range of column %d of group %d is %+v, want %+v", j, id, r, want)
				}
			}
		}
		if got.Len() != len(groups) {
			t.Fatalf("%d groups, want %d", got.Len(), len(groups))
		}
	})
}

// naiveMondrian cuts rows, one by one, as the definition says.
func (w *town) naiveMondrian(p Problem, codes [][]uint32, rows []int, groups *[][]int) {
	type width struct {
		column int
		is     float64
	}
	var order []width
	for j, l := range p.Quasi {
		var all []float64
		for _, row := range rows {
			all = append(all, l.position[codes[j][row]])
		}
		if spread := slices.Max(all) - slices.Min(all); spread > 0 {
			order = append(order, width{j, spread / (slices.Max(l.position) - slices.Min(l.position))})
		}
	}
	slices.SortStableFunc(order, func(a, b width) int { return map[bool]int{true: -1, false: boolInt(a.is < b.is)}[a.is > b.is] })
	for _, by := range order {
		at := func(row int) float64 { return p.Quasi[by.column].position[codes[by.column][row]] }
		sorted := slices.Clone(rows)
		slices.SortStableFunc(sorted, func(a, b int) int { return boolInt(at(a) > at(b)) - boolInt(at(a) < at(b)) })
		median := at(sorted[(len(sorted)-1)/2])
		var left, right []int
		for _, row := range rows {
			if at(row) <= median {
				left = append(left, row)
			} else {
				right = append(right, row)
			}
		}
		if len(right) > 0 && w.naiveGroup(left) && w.naiveGroup(right) {
			w.naiveMondrian(p, codes, left, groups)
			w.naiveMondrian(p, codes, right, groups)
			return
		}
	}
	*groups = append(*groups, rows)
}

func (l *Levels) naiveRange(rows []int, codes []uint32) Range {
	var leaves []uint32
	null := false
	for _, row := range rows {
		leaves = append(leaves, codes[row])
		null = null || int64(codes[row]) == l.null[0]
	}
	var r Range
	if slices.Sort(leaves); l.numeric && !null && leaves[0] != leaves[len(leaves)-1] {
		by := func(a, b uint32) int {
			return boolInt(l.position[a] > l.position[b]) - boolInt(l.position[a] < l.position[b])
		}
		r.Numbers, r.From, r.To = true, slices.MinFunc(leaves, by), slices.MaxFunc(leaves, by)
	}
	for level := range l.up {
		labels := map[uint32]bool{}
		for _, leaf := range leaves {
			labels[l.At(level)[leaf]] = true
		}
		if len(labels) == 1 {
			r.Level, r.Code = int16(level), l.At(level)[leaves[0]]
			return r
		}
	}
	r.Level = -1
	return r
}

// grouped is Mondrian of rows that were counted in some cut, by some workers.
func (c *crowd) grouped(t rapidT, k int, opts Options, order []int, batch, workers int) (*Grouping, *Classes, error) {
	shape := Shape{Quasi: make([]string, len(c.quasi)), Sensitive: make([]string, len(c.sensitive)), Subjects: k}
	classes, h := c.count(t, shape, opts, order, batch, workers)
	defer h.Close()
	p := Problem{Classes: classes, Models: Models{K: k}}
	for j, d := range classes.Quasi {
		l, err := Bind(Functions(Prefix(2), All), fmt.Sprint(j), d, classes.Leaves(j))
		if err != nil {
			t.Fatal(err)
		}
		p.Quasi = append(p.Quasi, l)
	}
	for s := range classes.Sensitive {
		p.Models.Sensitive = append(p.Models.Sensitive, Sensitive{Column: s, Distinct: 2})
	}
	g, err := Mondrian(t.Context(), p, opts.Memory)
	return g, classes, err
}

// How much memory there is says whether there are too many groups, and else nothing:
// neither how the rows were cut, nor their order, nor who counted them (invariant 2).
func TestMondrianInAnyMemory(t *testing.T) {
	onDisk, full, same := 0, 0, 0
	draws.Check(t, draws.Kinds{"on disk": &onDisk, "refused": &full, "the same": &same}, func(t *rapid.T) {
		cards := rapid.SliceOfN(rapid.IntRange(2, 20), 1, 4).Draw(t, "cards")
		c := newCrowd(rapid.Int64().Draw(t, "seed"), rapid.IntRange(200, 1000).Draw(t, "rows"), cards, rapid.IntRange(0, 2).Draw(t, "sensitive"))
		k := rapid.IntRange(2, 40).Draw(t, "k")
		want, _, err := c.grouped(t, k, Options{}, inOrder(c.n), c.n, 1)
		if err != nil {
			return // a sensitive column has one value
		}
		spool := &spoolStub{}
		memory := int64(rapid.IntRange(20_000, 80_000).Draw(t, "memory"))
		var refused error
		for turn := range 3 {
			order := rand.New(rand.NewSource(int64(turn))).Perm(c.n)
			got, classes, err := c.grouped(t, k, Options{Memory: memory, Create: spool.create}, order, rapid.IntRange(20, 400).Draw(t, "batch"), rapid.IntRange(1, 4).Draw(t, "workers"))
			if turn == 0 {
				refused = err
			}
			switch {
			case fmt.Sprint(err) != fmt.Sprint(refused):
				t.Fatalf("%v, and cut otherwise %v", refused, err)
			case err == nil && !want.same(got):
				t.Fatalf("%d groups with %d bytes, want %d", got.Len(), memory, want.Len())
			case err == nil:
				same++
			case messages.Has(err, messages.TooManyGroups) && want.held > memory/2:
				full++
			default:
				t.Fatal(err)
			}
			if classes.whole == nil {
				onDisk++
			}
		}
		for _, f := range spool.files {
			if !f.closed {
				t.Fatal("a file stays")
			}
		}
	})
}

var errDisk = errors.New("the disk is gone")

// failingFile is a file of a disk of which some operation fails.
type failingFile struct {
	*memoryFile
	fails func() error
}

func (f failingFile) Write(p []byte) (int, error) {
	if err := f.fails(); err != nil {
		return 0, err
	}
	return f.memoryFile.Write(p)
}

func (f failingFile) ReadAt(p []byte, at int64) (int, error) {
	if err := f.fails(); err != nil {
		return 0, err
	}
	return f.memoryFile.ReadAt(p, at)
}

// crowded is a problem of so many rows, whose classes do not fit where they are cut.
func crowded(t *testing.T, rows int) (Problem, *Histogram) {
	c := newCrowd(3, rows, []int{50, 40, 9}, 1)
	classes, h := c.count(t, Shape{Quasi: make([]string, 3), Sensitive: make([]string, 1), Subjects: 3}, Options{}, inOrder(c.n), c.n, 1)
	p := Problem{Classes: classes, Models: Models{K: 3, Sensitive: []Sensitive{{Distinct: 2}}}}
	for j, d := range classes.Quasi {
		l, err := Bind(Functions(Prefix(2), All), fmt.Sprint(j), d, classes.Leaves(j))
		if err != nil {
			t.Fatal(err)
		}
		p.Quasi = append(p.Quasi, l)
	}
	return p, h
}

// Whatever of the disk fails while classes are cut there, it ends with that, and no file stays.
func TestMondrianWhereTheDiskFails(t *testing.T) {
	p, h := crowded(t, 2000)
	defer h.Close()
	whole := p.Classes
	for left, failed := 1, true; failed; left += 1 + left/8 {
		n := 0
		fails := func() error {
			if n++; n >= left {
				return errDisk
			}
			return nil
		}
		spool := &spoolStub{}
		p.Classes = whole.asideWith(t, 100, func() (Bytes, error) {
			if err := fails(); err != nil {
				return nil, err
			}
			f, err := spool.create()
			if err != nil {
				return nil, err
			}
			return failingFile{f.(*memoryFile), fails}, nil
		})
		_, err := mondrianFitting(t, p, 4000)
		if failed = n >= left; failed != errors.Is(err, errDisk) {
			t.Fatalf("operation %d of %d failed, and it ended with %v", left, n, err)
		}
		for _, f := range spool.files {
			if !f.closed {
				t.Fatalf("a file stays where operation %d fails", left)
			}
		}
	}
}

// The task's own spool takes what is cut, nothing of it stays, and one that is full says so.
func TestMondrianInTheTaskSpool(t *testing.T) {
	p, h := crowded(t, 30_000)
	defer h.Close()
	want, err := Mondrian(t.Context(), p, 0)
	if err != nil {
		t.Fatal(err)
	}
	whole := p.Classes
	for bound, full := range map[pipelines.Size]bool{0: false, 1 << 16: true} {
		dir, create := spoolIn(t, bound)
		p.Classes = whole.asideWith(t, 100, create)
		got, err := mondrianFitting(t, p, 10_000)
		if full != messages.Has(err, messages.DiskBound) || !full && (err != nil || !want.same(got)) || files(t, dir) > 0 {
			t.Errorf("%v of disk: %v, %d files stay", bound, err, files(t, dir))
		}
	}
}

// A run that is interrupted stops cutting, and no file stays.
func TestMondrianInterrupted(t *testing.T) {
	p, h := crowded(t, 2000)
	defer h.Close()
	ctx, cancel := context.WithCancel(t.Context())
	dir, create := spoolIn(t, 0)
	made := 0
	p.Classes = p.Classes.asideWith(t, 100, func() (Bytes, error) {
		if made++; made == 4 {
			cancel()
		}
		return create()
	})
	s, err := newSearcherAt(p, false)
	if err != nil {
		t.Fatal(err)
	}
	c := newCutter(s, 0)
	c.fits = 1000
	if _, err := c.grouping(ctx); !errors.Is(err, context.Canceled) || files(t, dir) > 0 {
		t.Errorf("%v, %d files stay", err, files(t, dir))
	}
}
