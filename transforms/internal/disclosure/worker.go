package disclosure

import (
	"context"
	"math"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Worker counts rows. It is for one goroutine at a time.
type Worker struct {
	h      *Histogram
	keys   layout   // of the quasi-identifiers
	with   []layout // of them and the values of a list
	tables []*table // by kind
	people *people  // of the classes; nil where rows are counted
	column []uint64 // packed keys of a batch
	long   []uint64
	rows   int64
	spill  *spill
	trail  *trail // nil: rows are not looked at by person
	recent *recent
	joint  []uint32 // of a batch
}

// Quasi is the dictionary of a quasi-identifier, Sensitive of a sensitive column:
// those of all workers.
func (w *Worker) Quasi(i int) *Dictionary     { return w.h.quasi[i] }
func (w *Worker) Sensitive(i int) *Dictionary { return w.h.sensitive[i] }

// Rows is a batch in codes of the dictionaries, column by column.
type Rows struct {
	N         int
	Quasi     [][]uint32
	Sensitive [][]uint32
	// Subjects is a number for each row's subject. Two subjects with one number count
	// as one, which errs to the safe side: 64 bits of a keyed hash will do. 0 is a
	// subject that nobody knows.
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
	if w.h.joint != nil {
		r.Sensitive = w.joined(r)
	}
	if err := w.prepare(ctx, r); err != nil {
		return err
	}
	words := w.keys.words
	switch {
	case w.people != nil:
		w.addSubjects(r.Subjects[:r.N])
	case words == 1:
		w.tables[kindRows].addEach(w.column)
	default:
		for i := range r.N {
			w.tables[kindRows].add(w.column[i*words:(i+1)*words], 1)
		}
	}
	for s, codes := range r.Sensitive {
		w.addPairs(w.tables[kindSensitive+s], w.with[s], codes)
	}
	if w.trail != nil {
		return w.trail.add(r, w.column)
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

// addSubjects counts the keys of a batch, and of whom the rows are. Some are looked up
// before any is looked at: each waits for memory, and together they wait once.
func (w *Worker) addSubjects(subjects []uint64) {
	const some = 1 << 8
	var slots [some]uint32
	t, words := w.tables[kindRows], w.keys.words
	for from := 0; from < len(subjects); from += some {
		part := subjects[from:min(from+some, len(subjects))]
		t.countEach(w.column[from*words:(from+len(part))*words], slots[:len(part)])
		for i, s := range part {
			if word := &t.with[slots[i]]; *word != everybody {
				w.people.see(word, s)
			}
		}
	}
}

func (w *Worker) tooNarrow() bool {
	for j, d := range w.h.quasi {
		if uint64(d.Len()) > w.keys.fields[j].mask()+1 {
			return true
		}
	}
	for s, d := range w.h.listed {
		f := w.with[s].fields[len(w.h.quasi)]
		if uint64(d.Len()) > f.mask()+1 {
			return true
		}
	}
	return false
}

// layout makes fields with room for about twice the codes that there are, and
// empty tables.
func (w *Worker) layout() {
	cards := make([]uint32, len(w.h.quasi))
	for j, d := range w.h.quasi {
		cards[j] = 2 * uint32(d.Len())
	}
	w.keys = newLayout(cards)
	if w.trail != nil {
		w.trail.begin(w.keys)
	}
	w.with = w.with[:0]
	for _, d := range w.h.listed {
		w.with = append(w.with, newLayout(append(cards[:len(cards):len(cards)], 2*uint32(d.Len()))))
	}
	w.long = make([]uint64, w.keys.words+2)
	for kind := range w.tables {
		w.empty(kind)
	}
}

// empty makes an empty table.
func (w *Worker) empty(kind int) {
	t := newTable(w.layoutOf(kind).words)
	if kind == kindRows && w.h.shape.Subjects > 0 {
		t.with = make([]uint64, len(t.n))
		w.people = newPeople(w.h.shape.Subjects)
	}
	w.tables[kind] = t
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

// widen makes fields with more room, and moves what is counted. Who was seen stays
// where it is.
func (w *Worker) widen() error {
	old, layouts, seen := w.tables, make([]layout, len(w.tables)), w.people
	for kind := range layouts {
		layouts[kind] = w.layoutOf(kind)
	}
	w.tables = make([]*table, len(old))
	w.with = nil
	w.layout()
	w.people = seen
	for kind, t := range old {
		to, from := w.layoutOf(kind), layouts[kind]
		into := w.tables[kind]
		into.make(len(t.n))
		key := make([]uint64, to.words)
		for at, n := range t.n {
			if n == 0 {
				continue
			}
			clear(key)
			for j, f := range from.fields {
				key[to.fields[j].word] |= uint64(f.get(t.key(at))) << to.fields[j].shift
			}
			slot := into.count(key)
			into.n[slot] = n
			if t.with != nil {
				into.with[slot] = t.with[at]
			}
		}
		old[kind] = nil
	}
	return nil
}

// count is how much each visits.
func (w *Worker) count(kind int) int {
	switch {
	case kind < len(w.tables):
		return w.tables[kind].used
	case w.people == nil:
		return 0
	case kind == w.h.kindSeen():
		return int(w.people.full)
	}
	return int(w.people.held)
}

// each visits what the worker has of a kind, in no order that matters.
func (w *Worker) each(kind int, f func(key []uint64, n uint32) error) error {
	if kind < len(w.tables) {
		return w.tables[kind].each(f)
	}
	if w.people == nil {
		return nil
	}
	t := w.tables[kindRows]
	pair := make([]uint64, t.words+1)
	for at, word := range t.with {
		if word == 0 {
			continue
		}
		if kind == w.h.kindSeen() {
			if word == everybody {
				if err := f(t.key(at), uint32(w.people.enough)); err != nil {
					return err
				}
			}
			continue
		}
		copy(pair, t.key(at))
		for _, subject := range w.people.of(word) {
			pair[t.words] = subject
			if err := f(pair, 1); err != nil {
				return err
			}
		}
	}
	return nil
}

// held is about how many bytes the worker holds.
func (w *Worker) held() int64 {
	n := int64(0)
	for _, t := range w.tables {
		n += t.bytes()
	}
	if w.people != nil {
		n += w.people.bytes()
	}
	return n
}

// dictionaries is about how many bytes the values take.
func (h *Histogram) dictionaries() int64 {
	n := int64(0)
	for _, d := range h.quasi {
		n += d.held()
	}
	for _, d := range h.sensitive {
		n += d.held()
	}
	if h.joint != nil {
		n += h.joint.held()
	}
	return n
}

// bound puts aside what is counted when n more rows could pass the memory there is.
func (w *Worker) bound(ctx context.Context, n int) error {
	bound := w.h.opts.Memory
	if bound == 0 {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	dictionaries := w.h.dictionaries()
	if t := w.h.joint; dictionaries > bound/2 && t != nil && t.held() > dictionaries/2 {
		return messages.TooManyCombinations.With("columns", t.width, "bound", bound)
	}
	if dictionaries > bound/2 {
		return messages.TooManyValues.With("bound", bound)
	}
	share := (bound - dictionaries) / int64(len(w.h.workers))
	held, more, empty := w.held(), int64(0), true
	narrow := w.tooNarrow()
	for _, t := range w.tables {
		empty = empty && t.used == 0
		if narrow {
			more = max(more, 2*t.bytes()) // it stands beside one of longer keys for a while
		}
		if (t.used+n)*4 > len(t.n)*3 {
			more = max(more, t.growing())
		}
	}
	if w.people != nil {
		more += int64(n) * 16
	}
	if empty || held+more <= share {
		return nil
	}
	return w.putAside(ctx)
}
