package disclosure

import (
	"context"
	"io"
	"sync/atomic"
)

// Shape is what is counted of each row.
type Shape struct {
	Quasi     []string // names, in the order of the policy
	Sensitive []string
	// Together says that each sensitive column is judged with all others added to the
	// quasi-identifiers, and not alone: see Sensitive. Of one column it says nothing.
	Together bool
	// Subjects, when not 0, is k where k counts distinct subjects: of a class with
	// fewer, each is known.
	Subjects int
	// Persons says that the rows of a subject are looked at together, for SearchPersons;
	// Subjects is k then.
	Persons bool
	// Population says that rows of a population are counted too, for k-map.
	Population bool
}

// Options bound what counting holds.
type Options struct {
	// Memory is how many bytes all workers together may hold, about, and then the search.
	// 0: no bound.
	Memory int64
	// Create makes an encrypted temporary file, where counts go that memory does not
	// hold: CreateBytes of the task's spool. nil: none is made.
	Create func() (Bytes, error)
	// Each does work for the numbers below n, several at once, and gives the error of the
	// least that has one. nil: one after the other.
	Each func(ctx context.Context, n int, work func(ctx context.Context, i int) error) error
}

// Bytes is a temporary file that is written once, then read anywhere. Close removes it.
type Bytes interface {
	io.Writer
	io.ReaderAt
	Size() int64
	Close() error
}

// Histogram counts classes. Its workers count apart, each for one goroutine at a
// time, in the codes of dictionaries that they share; Finish puts together what they
// have.
type Histogram struct {
	shape            Shape
	opts             Options
	quasi, sensitive []*Dictionary // of all workers
	joint            *tuples       // of the sensitive columns; nil: each is counted alone
	listed           []listed      // what classes have lists of
	workers          []*Worker
	out              Bytes // the classes, when memory does not hold them
	trails           atomic.Int64
}

// New starts a histogram. The caller closes it.
func New(shape Shape, opts Options) *Histogram {
	shape.Together = shape.Together && len(shape.Sensitive) > 1
	h := &Histogram{shape: shape, opts: opts}
	for range shape.Quasi {
		h.quasi = append(h.quasi, newDictionary())
	}
	for range shape.Sensitive {
		d := newDictionary()
		h.sensitive, h.listed = append(h.sensitive, d), append(h.listed, d)
	}
	if shape.Together {
		h.joint = newTuples(len(shape.Sensitive))
		h.listed = []listed{h.joint}
	}
	return h
}

// Worker adds a worker. All are added before any counts: the bound is shared.
func (h *Histogram) Worker() *Worker {
	w := &Worker{h: h, tables: make([]*table, h.kindSeen())}
	if h.shape.Persons {
		w.trail = &trail{piles: newPiles(h.opts, 0, &h.trails), lists: h.shape.lists()}
	}
	w.layout()
	h.workers = append(h.workers, w)
	for _, w := range h.workers {
		if w.trail != nil {
			w.trail.share = h.opts.Memory / trailShare / int64(len(h.workers))
		}
	}
	return w
}

// What is counted, by kind: classes, classes of the population, pairs of a class and
// a value of each sensitive column or of all together, then of subjects the classes that have enough of
// them, and pairs of a class that has not and a subject. The last two are no tables:
// a worker holds them beside its classes.
const (
	kindRows = iota
	kindPopulation
	kindSensitive
)

func (h *Histogram) kinds() int        { return h.kindSeen() + 2 }
func (h *Histogram) kindSeen() int     { return kindSensitive + h.shape.lists() }
func (h *Histogram) kindSubjects() int { return h.kindSeen() + 1 }

// Close removes the temporary files. It is legal more than once, and ends what
// Finish gave too where that is on disk.
func (h *Histogram) Close() error {
	var err error
	for _, w := range h.workers {
		if e := w.trail.close(); err == nil {
			err = e
		}
		if w.spill != nil {
			if e := w.spill.close(); err == nil {
				err = e
			}
			w.spill = nil
		}
	}
	if h.out != nil {
		if e := h.out.Close(); err == nil {
			err = e
		}
		h.out = nil
	}
	return err
}
