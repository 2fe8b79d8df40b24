package freetext

import (
	"cmp"
	"math/bits"
	"slices"
)

// Span is a passage of a text: from byte Start to before byte End.
type Span struct {
	Start, End int
	Kind       Kind
}

// Detector finds passages of some kinds. It is for one goroutine; making one
// costs nothing.
type Detector struct {
	kinds  Kinds
	names  *Names
	terms  *Terms // nil: none
	folded folded
	s      []byte // the folded text
	marks  marks  // of s
	hits   []Span // in s
	spans  []Span
	memo   memo
	out    []byte
}

// New finds passages of those kinds; names are the first names that are known.
func New(kinds Kinds, names *Names) *Detector { return &Detector{kinds: kinds, names: names} }

// Detect counts the passages of every kind in a text, by the built-in list of
// first names.
func Detect(text string) Counts {
	var c Counts
	for _, s := range New(All, FrenchNames()).Spans(nil, []byte(text)) {
		c[s.Kind]++
	}
	return c
}

// Spans appends the passages of a text in their order; none meets another. Text
// that is not valid UTF-8 is read all the same, and no span begins or ends within
// a character.
func (d *Detector) Spans(dst []Span, text []byte) []Span {
	if d.terms == nil && d.nothingIn(text) {
		return dst
	}
	d.folded.fold(text)
	d.s, d.hits = d.folded.b, d.hits[:0]
	d.scan()
	if len(d.hits) == 0 {
		return dst
	}
	d.folded.anchor(text)
	slices.SortFunc(d.hits, func(a, b Span) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(b.End, a.End), cmp.Compare(a.Kind, b.Kind))
	})
	all := d.hits[:1]
	for _, h := range d.hits[1:] {
		if last := &all[len(all)-1]; h.Start < last.End {
			last.End = max(last.End, h.End)
			continue
		}
		all = append(all, h)
	}
	for _, h := range all {
		dst = append(dst, Span{d.folded.source(h.Start), d.folded.source(h.End), h.Kind})
	}
	return dst
}

// hit takes note of a passage of the folded text, of words that are whole.
func (d *Detector) hit(start, end int, k Kind) {
	if d.kinds.Has(k) {
		d.hits = append(d.hits, Span{start, end, k})
	}
}

// Redact appends the text to dst with a token for each passage, and adds to c
// what was found. Nothing is found in what it gives.
func (d *Detector) Redact(dst, text []byte, c *Counts) []byte {
	d.spans = d.Spans(d.spans[:0], text)
	at := 0
	for _, s := range d.spans {
		dst = append(append(dst, text[at:s.Start]...), s.Kind.Token()...)
		at = s.End
		c[s.Kind]++
	}
	return append(dst, text[at:]...)
}

// scan looks at the words of the folded text, and at each "@". What is found at a
// word depends on what follows it, a bounded number of words, and on nothing
// before it, nor on what else was found: so the whole takes linear time, and what
// is put in the place of a passage hides or makes no other.
//
// A name has a capital, and all else a digit or a capital: words after the last of
// those are not looked at.
func (d *Detector) scan() {
	s, m := d.s, &d.marks
	m.read(s)
	if m.at {
		for i, c := range s {
			if c == '@' {
				d.email(i)
			}
		}
	}
	named := d.mayName()
	last := m.last
	switch {
	case d.terms != nil:
		last = len(s)
	case !named && m.digits == 0:
		return
	}
	before := uint64(0) // whether the byte before is of a word
	for w := 0; 64*w <= last && w < len(m.word); w++ {
		starts := m.starts(w, last, &before)
		for ; starts != 0; starts &= starts - 1 {
			i := 64*w + bits.TrailingZeros64(starts)
			n := run64(m.word, i)
			end := i + n
			if n == 64 {
				end = d.wordEnd(end)
			}
			bit := starts & -starts
			if m.digit[w]&bit != 0 {
				d.number(i, end)
			} else {
				if named && i < m.last && !d.announced(i, end) && i < m.lastCapital && m.capital[w]&bit != 0 {
					d.named(i)
				}
				if n == 2 && d.number2(end) || n >= 4 && class[s[i+2]] == digit {
					d.lettersAndDigits(i, end)
				}
			}
			if d.terms != nil {
				d.term(i, end)
			}
		}
	}
}

// mayName says whether a word of the text may be a first name, or announce something, that
// is followed by what it needs. Nearly no text gets past it, and it has no branch that
// depends on the words.
func (d *Detector) mayName() bool {
	m := &d.marks
	if !m.letters || m.last <= 0 {
		return false
	}
	var before, any uint64
	for w := 0; 64*w <= m.last; w++ {
		for starts := m.starts(w, m.last, &before); starts != 0; starts &= starts - 1 {
			k := bits.TrailingZeros64(starts)
			any |= d.names.words.may(eight(d.s, 64*w+k), run64(m.word, 64*w+k), m.capital[w]>>k&1)
		}
	}
	return any != 0
}

// number2 says whether a digit, or another separator, stands after one at i.
func (d *Detector) number2(i int) bool {
	return i+1 < len(d.s) && separator(d.s[i]) && (class[d.s[i+1]] == digit || separator(d.s[i+1]))
}

// boundary says whether a word may end before i.
func (d *Detector) boundary(i int) bool { return i >= len(d.s) || class[d.s[i]] == 0 }

// at is the byte i of the folded text, 0 beyond it.
func (d *Detector) at(i int) byte {
	if i < len(d.s) {
		return d.s[i]
	}
	return 0
}

// email looks around an "@".
func (d *Detector) email(at int) {
	s := d.s
	start, after := at, at+1
	if start > 1 && s[start-1] == ' ' && class[s[start-2]] != 0 { // a @ b.fr
		start--
	}
	end := start
	if after+1 < len(s) && s[after] == ' ' && class[s[after+1]] != 0 {
		after++
	}
	for start > 0 && (class[s[start-1]] != 0 || mark(s[start-1])) {
		start--
	}
	for start < end && class[s[start]] == 0 {
		start++
	}
	if start == end {
		return
	}
	// the longest run of labels of which one after the first may be a top domain
	end = 0
	labels := 0
	for i := after; i < len(s); {
		from, letters := i, false
		for i < len(s) && (class[s[i]] != 0 || s[i] == '-' || s[i] == '_') {
			letters = letters || class[s[i]]&(small|capital) != 0
			i++
		}
		last := i
		for last > from && class[s[last-1]] == 0 {
			last--
		}
		if last == from {
			break
		}
		if labels++; labels > 1 && letters && last-from >= 2 {
			end = last
		}
		if i >= len(s) || s[i] != '.' {
			break
		}
		i++
	}
	if end > 0 {
		d.hit(start, end, Email)
	}
}

// mark says whether a byte that is no letter may be within the local part.
func mark(c byte) bool {
	switch c {
	case '.', '_', '%', '+', '-':
		return true
	}
	return false
}
