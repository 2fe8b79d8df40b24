package privacy

import (
	"bytes"
	"encoding/binary"
	"math/bits"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/transforms/internal/protect/freetext"
)

// Of what is found in a text that was not redacted some kinds refuse the file, and
// others are told: streets and schools are called after persons, and what is public
// of a building is its address. Numbers of companies are not looked for.
const (
	gateTells   = freetext.Kinds(1<<freetext.Address | 1<<freetext.FirstName)
	gateRefuses = freetext.Persons &^ gateTells
	// The law that lets a column out as it is lets names out, and no number of theirs.
	names = freetext.Kinds(1<<freetext.Name | 1<<freetext.FirstName)
)

// looked looks for what names persons in the texts of a file.
type looked struct {
	t       policy
	columns []*lookedColumn
}

type lookedColumn struct {
	name    string
	index   int
	d       *freetext.Detector
	refused freetext.Kinds
	found   freetext.Counts
	recent  recent
	spans   []freetext.Span
}

// look takes every column of texts, but for pseudonyms, which are judged one by one, and
// none of a file whose rows were looked at before.
func (t policy) look(s *arrow.Schema, f pipelines.SealedFile) *looked {
	l := &looked{t: t}
	if r, ok := f.(pipelines.Repeated); ok && r.Repeated() {
		return l
	}
	pseudonym, lawful := map[string]bool{}, map[string]bool{}
	for _, id := range t.Identifiers {
		pseudonym[id.Column], lawful[id.Column] = id.Action == "pseudonym", id.open()
	}
	for i, f := range s.Fields() {
		if !freetext.HasText(f.Type) || pseudonym[f.Name] {
			continue
		}
		c := &lookedColumn{name: f.Name, index: i}
		if r := t.texts[f.Name]; r != nil {
			c.d, c.refused = r.detector(), r.kinds
		} else {
			kinds := freetext.Persons &^ t.expected(f.Name)
			if lawful[f.Name] {
				kinds &^= names
			}
			c.d, c.refused = freetext.New(kinds, freetext.FrenchNames()), kinds&gateRefuses
		}
		l.columns = append(l.columns, c)
	}
	return l
}

func (l *looked) add(r arrow.Record) {
	for _, c := range l.columns {
		freetext.EachText(r.Column(c.index), c.text)
	}
}

func (c *lookedColumn) text(text []byte, times int64) {
	known, met := c.recent.slot(text)
	if met {
		if known.found != nil {
			c.found.Add(*known.found, times)
		}
		return
	}
	var found *freetext.Counts
	if c.spans = c.d.Spans(c.spans[:0], text); len(c.spans) > 0 {
		found = &freetext.Counts{}
		for _, s := range c.spans {
			found[s.Kind]++
		}
		c.found.Add(*found, times)
	}
	if known != nil {
		known.text, known.found, known.used = append(known.text[:0], text...), found, true
	}
}

// recent remembers what was found in texts that were met lately: most columns have few
// values, and to look one up costs less than to read it. It gives up on a
// column whose values are all different.
type recent struct {
	slots       []textSlot
	tried, hits int
}

type textSlot struct {
	text  []byte
	found *freetext.Counts // nil: nothing
	used  bool
}

func (s *textSlot) holds(text []byte) bool { return s.used && bytes.Equal(s.text, text) }

// What a column remembers: so many texts, each of so many bytes at most, as long as
// one of so many is met again.
const (
	recentBits  = 11
	recentTexts = 1 << recentBits
	recentBytes = 128
	recentTrial = 1 << 13
	recentWorth = 4
)

// slot is where a text is, when it was met, or where it may be noted, which is nowhere
// when it is not going to be remembered. It has two places to be.
func (r *recent) slot(text []byte) (s *textSlot, met bool) {
	if len(text) > recentBytes || r.tried > recentTrial && r.hits*recentWorth < r.tried {
		return nil, false
	}
	if r.slots == nil {
		r.slots = make([]textSlot, recentTexts)
	}
	r.tried++
	h := mixed(text)
	first, second := &r.slots[h>>(64-recentBits)], &r.slots[h>>(64-2*recentBits)%recentTexts]
	switch {
	case first.holds(text):
		r.hits++
		return first, true
	case second.holds(text):
		r.hits++
		return second, true
	case first.used && (!second.used || h>>63 == 1):
		return second, false
	}
	return first, false
}

// mixed is a number that texts with other ends or another length seldom share.
func mixed(text []byte) uint64 {
	n := len(text)
	var head, tail uint64
	switch {
	case n >= 8:
		head, tail = binary.LittleEndian.Uint64(text), binary.LittleEndian.Uint64(text[n-8:])
	case n >= 4:
		head, tail = uint64(binary.LittleEndian.Uint32(text)), uint64(binary.LittleEndian.Uint32(text[n-4:]))
	case n > 0:
		head, tail = uint64(text[0]), uint64(text[n/2])|uint64(text[n-1])<<8
	}
	high, low := bits.Mul64(head^uint64(n)^0x9e3779b97f4a7c15, tail^0xd1b54a32d192ed03)
	return (high ^ low) * 0x9e3779b97f4a7c15
}

// verdict refuses a file in whose texts something was found that must not be there.
// What only may name a person is noted.
func (l *looked) verdict(file string) error {
	var refused []*messages.Error
	for _, c := range l.columns {
		refused = append(refused, findings(c.name, c.found.Only(c.refused))...)
	}
	if len(refused) > 0 {
		return messages.GateTexts.With("file", file, "found", refused)
	}
	for _, c := range l.columns {
		if told := findings(c.name, c.found); len(told) > 0 && l.t.env.Note != nil {
			l.t.env.Note(messages.TextDoubtful.With("column", c.name, "found", told))
		}
	}
	return nil
}

// findings are what was found in a column, kind by kind: no value, and no row.
func findings(column string, found freetext.Counts) (all []*messages.Error) {
	for k, n := range found {
		if n > 0 {
			all = append(all, messages.TextFound.With("column", column, "kind", freetext.Kind(k).Word(), "count", n))
		}
	}
	return all
}
