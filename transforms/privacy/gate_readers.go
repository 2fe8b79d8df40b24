package privacy

import (
	"slices"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/zeebo/xxh3"

	"github.com/lavoir-data/lavoir/internal/arrowx"
)

// reader counts the batches that one of those who read a file reads. What it finds out
// of rows it does alone; the classes are one table, for which readers wait in turn, some
// runs of rows at a time. Classes get their numbers in whatever order readers come.
type reader struct {
	c       *recount
	columns []arrow.Array // of the record that is looked at: its quasi-identifiers
	words   []words       // of these
	other   []bool        // of its rows: not of the class of the row before
	values  [][]bool      // by sensitive column, of its rows: another value than in the row before
	starts  []int32
	buf     []byte
	persons persons
}

// words is what is known of a column that numbers its texts, by their numbers.
type words struct {
	numbers []uint32 // of the rows; nil: the column does not
	hashes  []xxh3.Uint128
	decided []bool
}

// readBy makes readers for as many as read the file.
func (c *recount) readBy(n int) {
	if c == nil {
		return
	}
	c.readers = nil
	for range max(n, 1) {
		r := &reader{c: c, words: make([]words, len(c.quasi)), values: make([][]bool, len(c.values))}
		if c.ties != nil {
			r.persons.bins.b = c.ties.rows
		}
		if c.ties != nil && c.ties.alone {
			r.persons.alone = make([]filling, len(c.ties.rows.now))
		}
		c.readers = append(c.readers, r)
	}
}

// add counts rows that were not counted by who read them.
func (c *recount) add(r arrow.Record) error {
	c.count(0, r)
	return c.passed(r)
}

// count counts rows that a reader read. What must not be is told by passed.
func (c *recount) count(by int, r arrow.Record) {
	if c == nil || c.doubt.Load() {
		return
	}
	if err := c.readers[by].count(r); err != nil {
		c.mu.Lock()
		if c.failed == nil {
			c.failed = err
		}
		c.mu.Unlock()
		c.doubt.Store(true)
	}
}

// passed is called with the rows in their order, after they were counted. It refuses the
// first value of a quasi-identifier that is none of those decided.
func (c *recount) passed(r arrow.Record) error {
	if c == nil {
		return nil
	}
	before := c.rows
	c.rows += r.NumRows()
	if !c.doubt.Load() {
		return nil
	}
	for i := range int(r.NumRows()) {
		if err := c.decided(r, i, before); err != nil {
			return err
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.failed
}

func (d *reader) count(r arrow.Record) error {
	c := d.c
	runs := d.runs(r)
	d.read()
	d.persons.look(c.ties, r)
	d.changes(r)
	var keys [some]xxh3.Uint128
	var numbers [some]int
	for ; len(runs) > 1; runs = runs[min(some, len(runs)-1):] {
		n := min(some, len(runs)-1)
		d.hashOf(runs[:n], keys[:n])
		if more, err := d.some(r, runs[:n+1], keys[:n], numbers[:n]); err != nil || !more {
			return err
		}
		if err := d.persons.add(c, runs[:n+1], numbers[:n]); err != nil {
			return err
		}
	}
	return nil
}

// unnumbered is the number of a class that has none.
const unnumbered = -1

// some counts some runs, of which these are the keys, and gives the numbers of their
// classes; false says that nothing more is counted of this reading.
func (d *reader) some(r arrow.Record, runs []int32, keys []xxh3.Uint128, numbers []int) (more bool, err error) {
	c := d.c
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.numbers() {
		c.classes.reserve(len(keys))
		for i, key := range keys {
			numbers[i] = unnumbered
			if n, met := c.classes.find(key); met {
				numbers[i] = n
			}
		}
	}
	c.ties.makeRoom(c.held)
	for i, key := range keys {
		from, to := int(runs[i]), int(runs[i+1])
		switch {
		case !c.numbers() && c.of > 1:
			return false, nil // it is read again, in smaller parts
		case !c.numbers():
			numbers[i] = unnumbered
			if !d.decided(r, from) {
				c.doubt.Store(true)
				return false, nil
			}
			continue
		case key.Lo&(c.of-1) != c.part:
			numbers[i] = unnumbered
			continue
		case numbers[i] == unnumbered:
			n, met := c.classes.find(key)
			if !met && !d.decided(r, from) {
				c.doubt.Store(true)
				return false, nil
			}
			if !met {
				n = c.open(key, r, from)
			}
			if numbers[i] = n; !c.numbers() {
				numbers[i] = unnumbered
				continue
			}
		}
		c.classes.classes[numbers[i]].rows += int64(to - from)
		if c.ties.numbers() {
			c.ties.classes[numbers[i]].unknown += d.persons.unknown(from, to)
		}
		if c.t.jointly() {
			c.rowsTogether(d.values[0], numbers[i], r, from, to)
			continue
		}
		for v := range c.values {
			other := d.values[v]
			for i, n := from, numbers[i]; i < to && !c.over; {
				end := i + 1
				for end < to && !other[end] {
					end++
				}
				c.value(&c.values[v], n, r, i, int64(end-i))
				i = end
			}
		}
	}
	return true, nil
}

// runs gives where the runs of rows of one class begin in r, and its end. What leaves is
// in the order of its classes, so that one look-up is for many rows.
func (d *reader) runs(r arrow.Record) []int32 {
	n := int(r.NumRows())
	d.columns, d.starts = d.columns[:0], d.starts[:0]
	d.other = slices.Grow(d.other[:0], n)[:n]
	clear(d.other)
	for _, q := range d.c.quasi {
		d.columns = append(d.columns, r.Column(q))
		differ(d.other, r.Column(q))
	}
	for i, other := range d.other {
		if other || i == 0 {
			d.starts = append(d.starts, int32(i))
		}
	}
	return append(d.starts, int32(n))
}

// read reads the words of the columns.
func (d *reader) read() {
	for j, a := range d.columns {
		w := &d.words[j]
		w.numbers = nil
		coded, ok := a.(*array.Dictionary)
		if !ok {
			continue
		}
		w.numbers = numbersOf(coded)
		ends, data := arrowx.Texts(coded.Dictionary())
		w.hashes, w.decided = w.hashes[:0], w.decided[:0]
		for i := range len(ends) - 1 {
			text := data[ends[i]:ends[i+1]]
			w.hashes = append(w.hashes, xxh3.Hash128(text))
			w.decided = append(w.decided, d.c.labels[j][string(text)])
		}
	}
}

// hashOf gives the keys of rows.
func (d *reader) hashOf(rows []int32, keys []xxh3.Uint128) {
	clear(keys)
	for j, a := range d.columns {
		if w := &d.words[j]; w.numbers == nil {
			d.buf = hashValues(d.buf, a, rows, keys)
		} else if nulls := a.NullN() > 0; len(w.hashes) > 0 {
			for n, i := range rows {
				value := w.hashes[w.numbers[i]]
				if nulls && a.IsNull(int(i)) {
					value = noText
				}
				keys[n] = fold(keys[n], value)
			}
		} else {
			for n := range rows {
				keys[n] = fold(keys[n], noText)
			}
		}
	}
}

// decided says whether all values of the quasi-identifiers in a row are among those decided.
func (d *reader) decided(r arrow.Record, i int) bool {
	for j, a := range d.columns {
		w := &d.words[j]
		switch {
		case a.IsNull(i):
		case w.numbers != nil:
			if !w.decided[w.numbers[i]] {
				return false
			}
		default:
			d.buf = append(d.buf[:0], wordAt(a, i)...)
			if !d.c.labels[j][string(d.buf)] {
				return false
			}
		}
	}
	return true
}

// persons are the rows of persons that a reader reads.
type persons struct {
	unknowns bool // there are rows of which nobody knows the person
	column   arrow.Array
	text     *array.String
	ends     []int32
	data     []byte
	words    words
	buf      []byte
	bins     blocks
	alone    []filling // by bin, where nobody is thought to have two rows
}

// look begins with the rows of r.
func (p *persons) look(t *ties, r arrow.Record) {
	if t == nil {
		return
	}
	p.column = r.Column(t.subject)
	p.unknowns, p.words.numbers = p.column.NullN() > 0, nil
	p.text, _ = p.column.(*array.String)
	if p.text != nil {
		p.ends, p.data = arrowx.Texts(p.text)
	}
	if coded, ok := p.column.(*array.Dictionary); ok {
		p.words.numbers = numbersOf(coded)
		p.words.hashes = p.words.hashes[:0]
		ends, data := arrowx.Texts(coded.Dictionary())
		for i := range len(ends) - 1 {
			p.words.hashes = append(p.words.hashes, xxh3.Hash128(data[ends[i]:ends[i+1]]))
		}
	}
}

// unknown is how many of the rows are of somebody whom nobody knows.
func (p *persons) unknown(from, to int) (n int64) {
	for i := from; p.unknowns && i < to; i++ {
		if p.column.IsNull(i) {
			n++
		}
	}
	return n
}

// add notes whose the rows of some runs are, of classes with numbers.
func (p *persons) add(c *recount, runs []int32, classes []int) error {
	if c.ties == nil {
		return nil
	}
	for n, class := range classes {
		if class == unnumbered {
			continue
		}
		if p.alone != nil {
			if err := p.addAlone(c, int(runs[n]), int(runs[n+1])); err != nil {
				return err
			}
			continue
		}
		for i := int(runs[n]); i < int(runs[n+1]); i++ {
			if p.unknowns && p.column.IsNull(i) {
				continue
			}
			var who xxh3.Uint128
			switch {
			case p.text != nil:
				who = xxh3.Hash128(p.data[p.ends[i]:p.ends[i+1]])
			case p.words.numbers != nil:
				who = p.words.hashes[p.words.numbers[i]]
			default:
				p.buf = arrowx.AppendKey(p.buf[:0], p.column, i, false)
				who = xxh3.Hash128(p.buf)
			}
			if err := p.bins.add(c, uint32(who.Lo), pair{who.Hi, who.Lo&onlyPerson | uint64(uint32(class))}); err != nil {
				return err
			}
		}
	}
	return nil
}

// blocks are those of bins that one reader fills, for which it waits for no other.
type blocks struct {
	b   *bins
	now [][]pair // by bin
}

// add is bins.add.
func (w *blocks) add(c *recount, by uint32, p pair) error {
	bin := by >> (32 - w.b.bits)
	if w.now == nil {
		if !c.ties.apart {
			c.mu.Lock()
			defer c.mu.Unlock()
			if c.ties.over {
				return nil
			}
			return w.b.add(by, p)
		}
		w.now = make([][]pair, 1<<w.b.bits)
	}
	if s := w.now[bin]; len(s) < cap(s) {
		w.now[bin] = append(s, p)
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	w.put(c, bin)
	s, err := w.b.blank()
	w.now[bin] = append(s, p)
	return err
}

// put puts the block of a bin into the bins.
func (w *blocks) put(c *recount, bin uint32) {
	if s := w.now[bin]; len(s) > 0 && !c.ties.over {
		w.b.full[bin] = append(w.b.full[bin], s)
	}
	w.now[bin] = nil
}

// ended puts what is left of all readers into the bins.
func (c *recount) ended() {
	for _, d := range c.readers {
		for bin := range d.persons.bins.now {
			d.persons.bins.put(c, uint32(bin))
		}
		if d.persons.alone != nil && !c.ties.over {
			d.persons.endAlone(c.ties.rows)
		}
	}
}

// numbersOf is which text of its dictionary each row of a has.
func numbersOf(a *array.Dictionary) []uint32 {
	return a.Indices().(*array.Uint32).Uint32Values()
}
