package disclosure

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/internal/draws"
)

// Of the classes that stay and those that do not the fewer are known in the end, and never
// more is held of both than the bound (invariant 9).
func TestSidesAreBound(t *testing.T) {
	var kept, dropped, again, over int
	draws.Check(t, draws.Kinds{"with those that stay": &kept, "with others": &dropped, "looked at again": &again, "over the bound": &over}, func(r *rapid.T) {
		words := rapid.IntRange(1, 2).Draw(r, "words")
		classes := rapid.IntRange(1, 4000).Draw(r, "classes")
		least := newTable(words).bytes()
		bound := 2*least + rapid.Int64Range(0, 40*int64(classes)).Draw(r, "bound")
		lost := make([]bool, classes)
		from, share := rapid.IntRange(0, classes).Draw(r, "from"), rapid.IntRange(0, 8).Draw(r, "share")
		for i := range lost {
			lost[i] = i%8 < share == (i < from)
		}
		key := func(i int) []uint64 { return []uint64{uint64(i) * golden, uint64(i)}[:words] }
		take := func(s *sides) {
			for i, lost := range lost {
				s.add(key(i), lost)
				held := int64(0)
				for _, t := range []*table{s.stay, s.fail} {
					if t != nil {
						held += t.bytes()
					}
				}
				if held > bound {
					r.Fatalf("%d bytes are held, the bound is %d", held, bound)
				}
			}
		}
		s := newSides(words, bound, false)
		take(s)
		drops := s.drops()
		if s.fewer() == nil {
			again++
			s = s.again()
			take(s)
		}
		table := s.stay
		if drops {
			table = s.fail
			dropped++
		} else {
			kept++
		}
		few := newTable(words)
		for i := range lost {
			if lost[i] == drops {
				few.add(key(i), 1)
			}
		}
		if (table == nil) != (few.bytes() > bound) {
			r.Fatalf("the fewer take %d bytes of %d, and are known: %v", few.bytes(), bound, table != nil)
		}
		if table == nil {
			over++
			return
		}
		for i := range lost {
			if table.get(key(i)) > 0 != (lost[i] == drops) {
				r.Fatalf("class %d is not told from others", i)
			}
		}
	})
}

// Which rows stay does not depend on whether memory holds the classes, of which most stay.
func TestRecodeOfManyClasses(t *testing.T) {
	c := newCrowd(5, 60_000, []int{1000, 90, 12}, 0)
	shape := Shape{Quasi: make([]string, 3)}
	whole, h := c.count(t, shape, Options{}, inOrder(c.n), c.n, 1)
	defer h.Close()
	spool := &spoolStub{}
	cut, g := c.count(t, shape, Options{Memory: 1 << 20, Create: spool.create}, inOrder(c.n), 1000, 1)
	defer g.Close()
	if cut.whole != nil {
		t.Fatal("nothing was put aside")
	}
	var keep [2][]bool
	for n, classes := range []*Classes{whole, cut} {
		p := Problem{Classes: classes, Models: Models{K: 2}, Limit: Ratio{1, 1}}
		codes := make([][]uint32, 3)
		for j, d := range classes.Quasi {
			l, err := Bind(Functions(Prefix(3), All), "", d, classes.Leaves(j))
			if err != nil {
				t.Fatal(err)
			}
			p.Quasi = append(p.Quasi, l)
			for _, v := range c.quasi[j] {
				code, ok := d.Code([]byte(v))
				if v == null {
					code, ok = d.NullCode()
				}
				if !ok {
					t.Fatal("a value has no code")
				}
				codes[j] = append(codes[j], code)
			}
		}
		for _, levels := range [][]int{{0, 0, 0}, {1, 0, 0}, {1, 1, 0}} {
			r, err := Recode(t.Context(), p, levels)
			if err != nil {
				t.Fatal(levels, err)
			}
			if n == 1 && r.table.bytes() > cut.memory {
				t.Errorf("%v: %d bytes are held", levels, r.table.bytes())
			}
			some := make([]bool, c.n)
			var k Keys
			r.Keep(&k, codes, some)
			keep[n] = append(keep[n], some...)
		}
	}
	stays := 0
	for i, k := range keep[0] {
		if k != keep[1][i] {
			t.Fatal("other rows stay")
		}
		if k {
			stays++
		}
	}
	if stays == 0 || stays == len(keep[0]) {
		t.Errorf("%d rows of %d stay", stays, len(keep[0]))
	}
}
