package disclosure

import (
	"context"
	"math"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Worker counts rows. It is for one goroutine at a time.
type Worker struct {
	h                *Histogram
	quasi, sensitive []*Dictionary
	keys             layout   // of the quasi-identifiers
	with             []layout // of them and a sensitive column
	tables           []*table // by kind
	column           []uint64 // packed keys of a batch
	long             []uint64
	rows             int64
	spill            *spill
}

// Quasi is the dictionary of a quasi-identifier, Sensitive of a sensitive column.
func (w *Worker) Quasi(i int) *Dictionary     { return w.quasi[i] }
func (w *Worker) Sensitive(i int) *Dictionary { return w.sensitive[i] }

// Rows is a batch in codes of the worker's dictionaries, column by column.
type Rows struct {
	N         int
	Quasi     [][]uint32
	Sensitive [][]uint32
	// Subjects is a number for each row's subject. Two subjects with one number count
	// as one, which errs to the safe side: 64 bits of a keyed hash will do.
	Subjects []uint64
	// Weights, of rows of a population only, says how many persons each stands for;
	// nil: one.
	Weights []uint32
}

// Add counts rows.
func (w *Worker) Add(ctx context.Context, r Rows) error {
	w.rows += int64(r.N)
	if w.rows > math.MaxUint32 {
		return messages.TooManyToCount.With("bound", uint32(math.MaxUint32))
	}
	if err := w.prepare(ctx, r); err != nil {
		return err
	}
	words := w.keys.words
	if words == 1 {
		w.tables[kindRows].addEach(w.column)
	} else {
		for i := range r.N {
			w.tables[kindRows].add(w.column[i*words:(i+1)*words], 1)
		}
	}
	for s, codes := range r.Sensitive {
		w.addPairs(w.tables[kindSensitive+s], w.with[s], codes)
	}
	if w.h.shape.Subjects > 0 {
		w.addSubjects(r.Subjects)
	}
	return nil
}

// AddPopulation counts rows of the population.
func (w *Worker) AddPopulation(ctx context.Context, r Rows) error {
	if err := w.prepare(ctx, r); err != nil {
		return err
	}
	words := w.keys.words
	for i := range r.N {
		by := uint32(1)
		if r.Weights != nil {
			by = r.Weights[i]
		}
		w.tables[kindPopulation].add(w.column[i*words:(i+1)*words], by)
	}
	return nil
}

// prepare packs the keys of a batch, in wider fields if need be, and makes room.
func (w *Worker) prepare(ctx context.Context, r Rows) error {
	if err := w.bound(ctx, r.N); err != nil {
		return err
	}
	if w.tooNarrow() {
		if err := w.widen(); err != nil {
			return err
		}
	}
	words := w.keys.words
	if cap(w.column) < r.N*words {
		w.column = make([]uint64, r.N*words)
	}
	w.column = w.column[:r.N*words]
	clear(w.column)
	for j, f := range w.keys.fields {
		codes := r.Quasi[j][:r.N]
		if words == 1 {
			column := w.column[:len(codes)]
			for i, c := range codes {
				column[i] |= uint64(c) << f.shift
			}
			continue
		}
		for i, c := range codes {
			w.column[i*words+f.word] |= uint64(c) << f.shift
		}
	}
	return nil
}

func (w *Worker) addPairs(t *table, l layout, codes []uint32) {
	words, f := w.keys.words, l.fields[len(l.fields)-1]
	for i, c := range codes {
		clear(w.long)
		copy(w.long, w.column[i*words:(i+1)*words])
		w.long[f.word] |= uint64(c) << f.shift
		t.add(w.long[:l.words], 1)
	}
}

func (w *Worker) addSubjects(subjects []uint64) {
	words, enough := w.keys.words, uint32(w.h.shape.Subjects)
	seen, pairs := w.tables[w.h.kindSeen()], w.tables[w.h.kindSubjects()]
	for i, s := range subjects {
		key := w.column[i*words : (i+1)*words]
		if seen.get(key) >= enough {
			continue
		}
		pair := append(append(w.long[:0], key...), s)
		if pairs.used*4+4 > len(pairs.n)*3 {
			pairs = w.forgetSubjects()
		}
		if pairs.add(pair, 1) {
			seen.add(key, 1)
		}
	}
}

// forgetSubjects drops the subjects of classes that have enough of them.
func (w *Worker) forgetSubjects() *table {
	words, enough := w.keys.words, uint32(w.h.shape.Subjects)
	seen, old := w.tables[w.h.kindSeen()], w.tables[w.h.kindSubjects()]
	kept := newTable(words + 1)
	_ = old.each(func(pair []uint64, n uint32) error {
		if seen.get(pair[:words]) < enough {
			kept.add(pair, n)
		}
		return nil
	})
	// Else the few that were dropped would be all the room until the next look at all.
	if kept.used*8 > len(kept.n)*3 {
		kept.grow()
	}
	w.tables[w.h.kindSubjects()] = kept
	return kept
}

func (w *Worker) tooNarrow() bool {
	for j, d := range w.quasi {
		if uint64(d.Len()) > w.keys.fields[j].mask()+1 {
			return true
		}
	}
	for s, d := range w.sensitive {
		f := w.with[s].fields[len(w.quasi)]
		if uint64(d.Len()) > f.mask()+1 {
			return true
		}
	}
	return false
}

// layout makes fields with room for about twice the codes that there are, and
// empty tables.
func (w *Worker) layout() {
	cards := make([]uint32, len(w.quasi))
	for j, d := range w.quasi {
		cards[j] = 2 * uint32(d.Len())
	}
	w.keys = newLayout(cards)
	w.with = w.with[:0]
	for _, d := range w.sensitive {
		w.with = append(w.with, newLayout(append(cards[:len(cards):len(cards)], 2*uint32(d.Len()))))
	}
	w.long = make([]uint64, w.keys.words+2)
	for kind := range w.tables {
		w.tables[kind] = newTable(w.layoutOf(kind).words)
	}
}

// layoutOf is the layout of the keys of a kind; a subject has a word of its own.
func (w *Worker) layoutOf(kind int) layout {
	switch seen := w.h.kindSeen(); {
	case kind >= kindSensitive && kind < seen:
		return w.with[kind-kindSensitive]
	case kind == w.h.kindSubjects():
		l := w.keys
		l.words++
		return l
	}
	return w.keys
}

func (w *Worker) widen() error {
	old, layouts := w.tables, make([]layout, len(w.tables))
	for kind := range layouts {
		layouts[kind] = w.layoutOf(kind)
	}
	w.tables = make([]*table, len(old))
	w.with = nil
	w.layout()
	for kind, t := range old {
		to, from := w.layoutOf(kind), layouts[kind]
		into := w.tables[kind]
		key := make([]uint64, to.words)
		_ = t.each(func(k []uint64, n uint32) error {
			clear(key)
			for j, f := range from.fields {
				key[to.fields[j].word] |= uint64(f.get(k)) << to.fields[j].shift
			}
			if kind == w.h.kindSubjects() {
				key[to.words-1] = k[from.words-1]
			}
			into.add(key, n)
			return nil
		})
		old[kind] = nil
	}
	return nil
}

// held is about how many bytes the worker holds.
func (w *Worker) held() (tables, dictionaries int64) {
	for _, t := range w.tables {
		tables += t.bytes()
	}
	for _, d := range w.quasi {
		dictionaries += d.bytes
	}
	for _, d := range w.sensitive {
		dictionaries += d.bytes
	}
	return tables, dictionaries
}

// bound puts aside what is counted when n more rows could pass the memory there is.
func (w *Worker) bound(ctx context.Context, n int) error {
	if w.h.opts.Memory == 0 {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	share := w.h.opts.Memory / int64(len(w.h.workers))
	tables, dictionaries := w.held()
	if dictionaries > share/2 {
		return messages.TooManyValues.With("bound", w.h.opts.Memory)
	}
	growing := false
	for _, t := range w.tables {
		growing = growing || (t.used+n)*4 > len(t.n)*3
	}
	// A table that grows stands beside the old one for a while.
	if !growing || 3*tables <= share-dictionaries || tables == w.emptyBytes() {
		return nil
	}
	return w.putAside(ctx)
}

func (w *Worker) emptyBytes() int64 {
	n := int64(0)
	for _, t := range w.tables {
		n += firstSlots * int64(8*t.words+4)
	}
	return n
}
