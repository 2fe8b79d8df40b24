package privacy

import (
	"context"
	"math"
	"slices"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// ties counts from a file the persons whose rows have the same classes, each as often.
// What is published ties those of a person together, so that all of them at once must
// look like those of others.
type ties struct {
	k       int
	subject int
	rows    *bins      // of whom a row is (96 bits, beside those that give its bin), and the number of its class
	classes []tieClass // beside those of the tally
	over    bool       // the classes do not fit in memory: they have no numbers
	alone   bool       // nobody is thought to have two rows
	apart   bool       // readers fill blocks of their own
}

// tieClass is what of a class is told by persons. Most have one row, and of them nothing
// needs to be noted.
type tieClass struct {
	unknown int64 // rows of which nobody knows the person
	shared  int64 // rows of persons who have more than one
	again   int64 // rows of persons of whom another row of the class was counted
}

// tieCost is what a tieClass takes, about.
const tieCost = 32

// Of the memory of the stage the rows of persons have what the classes leave, and at
// least one tieShare-th; what is more is on disk.
const tieShare = 8

// Blocks that readers fill have an apartShare-th of it at most. Blocks of fewer pairs than
// apartLeast are not worth it.
const apartShare, apartLeast = 16, 16

// newTies is nil where the file does not show which rows are of one person.
func (c *recount) newTies(rows int64) *ties {
	if c.subject < 0 {
		return nil
	}
	c.bound -= c.bound / tieShare
	return c.tiesOf(rows, c.verdict.alone)
}

// tiesOf are of so many rows, about. alone says that nobody is thought to have two.
func (c *recount) tiesOf(rows int64, alone bool) *ties {
	t := &ties{k: c.t.Model.K, subject: c.subject, rows: c.t.newBins(rows, c.t.env.Memory), alone: alone, apart: true}
	if b := t.rows; b.bound > 0 {
		fits := b.bound / int64(pairSize*apartShare*max(c.t.env.Workers, 1)*len(b.now))
		t.apart = fits >= apartLeast
		b.block = min(b.block, int(max(fits, 1)))
	}
	t.alone = t.alone && t.apart
	return t
}

// numbers says whether classes have numbers, which the rows of persons are noted with.
func (t *ties) numbers() bool { return t != nil && !t.over }

// giveUp forgets all: that the classes do not fit is the verdict.
func (t *ties) giveUp() {
	if t != nil {
		t.over, t.classes = true, nil
		for bin := range t.rows.now {
			t.rows.drop(bin)
		}
	}
}

// makeRoom says that classes hold so many bytes.
func (t *ties) makeRoom(held int64) {
	if t.numbers() {
		t.rows.room = max(t.rows.bound-held, t.rows.bound/tieShare)
	}
}

// onlyPerson are the bits of a pair's second word that tell whose it is.
const onlyPerson = math.MaxUint64 &^ math.MaxUint32

// patterns are the rows of persons who have more than one.
type patterns struct {
	rows  []uint32 // the number of the class of each
	again []uint32 // the same, of rows that another row of the person and class came before
	sums  []pair   // by person, of the hashes of the classes
}

// patterns are those of the persons of a bin.
func (g *grouping) patterns(classes []tallied) (p patterns) {
	g.link(onlyPerson)
	var key [pairSize]byte
	for _, f := range g.first {
		g.classes = g.classes[:0]
		for at := f + 1; at != 0; at = g.after[at-1] {
			g.classes = append(g.classes, uint32(g.pairs[at-1][1]))
		}
		slices.Sort(g.classes)
		var sum pair
		for n, class := range g.classes {
			h := hashOfClass(&key, classes[class])
			sum[0], sum[1] = sum[0]+h.Hi, sum[1]+h.Lo
			if n > 0 && class == g.classes[n-1] {
				p.again = append(p.again, class)
			}
		}
		p.rows = append(p.rows, g.classes...)
		p.sums = append(p.sums, sum)
	}
	return p
}

// proven refuses the file when a person's rows, together, are unlike those of k persons.
// It gives what its classes are by the persons in them.
func (t *ties) proven(ctx context.Context, c *recount, f pipelines.SealedFile) (exposed, error) {
	if t == nil {
		return unexposed, nil
	}
	if t.over {
		return unexposed, messages.TooManyClasses.With("bound", t.rows.bound)
	}
	workers := c.t.env.Workers
	if t.alone {
		alone, err := t.allAlone(ctx, workers)
		if err != nil {
			return unexposed, err
		}
		if !alone {
			if err := c.again(ctx, f); err != nil {
				return unexposed, err
			}
			return c.ties.proven(ctx, c, f)
		}
	}
	sums := c.t.newBins(c.rows/2, t.rows.bound/tieShare)
	defer sums.close()
	put := func(sum pair) error {
		sums.room = max(t.rows.room-t.rows.held, t.rows.bound/tieShare)
		return sums.add(uint32(sum[1]>>32), sum)
	}
	err := eachBin(ctx, t.rows, workers,
		func(g *grouping) patterns { return g.patterns(c.classes.classes) },
		func(p patterns) error {
			for _, class := range p.rows {
				t.classes[class].shared++
			}
			for _, class := range p.again {
				t.classes[class].again++
			}
			for _, sum := range p.sums {
				if err := put(sum); err != nil {
					return err
				}
			}
			return nil
		},
		func(bin int) error { return t.large(ctx, bin, c.classes.classes, put) })
	if err != nil {
		return unexposed, err
	}
	least := math.MaxInt
	err = eachBin(ctx, sums, workers,
		func(g *grouping) int { return g.least(math.MaxInt) },
		func(n int) error { least = min(least, n); return nil },
		func(bin int) (err error) { least, err = sums.least(ctx, bin, least); return err })
	if err != nil {
		return unexposed, err
	}
	e := unexposed
	for n, class := range c.classes.classes {
		at := t.classes[n]
		one := int64(0) // all rows of nobody known are of one person, to whom none is tied
		if at.unknown > 0 {
			one = 1
		}
		known := class.rows - at.unknown
		if alone := known - at.shared + one; alone > 0 {
			least = int(min(int64(least), alone)) // persons who have nothing but one row of the class
		}
		persons := known - at.again + one
		e.persons += persons
		e.least = min(e.least, persons)
		if persons == 1 {
			e.uniques++
		}
	}
	if least < t.k {
		return unexposed, messages.GatePersons.With("file", c.file, "k", t.k)
	}
	return e, nil
}

func (t *ties) close() error {
	if t == nil {
		return nil
	}
	return t.rows.close()
}
