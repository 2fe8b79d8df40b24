package freetext

import (
	"bytes"
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"slices"
	"strings"
)

// Sheet draws a sample of texts for a person to read before a pipeline first
// publishes them: what was found is marked, and what was missed is for the reader
// to say. Half of them have passages and half have none, as far as there are
// enough of each: what rules miss is mostly where they found nothing.
//
// Which texts are drawn depends on the set of texts and the seed alone, not on
// their order, nor on how often one comes. It holds at most 2n texts. It is for
// one goroutine. Its rows hold what names persons: they are for the reader alone.
type Sheet struct {
	d     *Detector
	n     int
	mac   hash.Hash
	drawn [2][]drawn // without and with passages, by rank
}

type drawn struct {
	rank  uint64
	text  string
	spans []Span
}

// Row is one text of a sheet.
type Row struct {
	Number int
	Marked string // the text, with ⟦ ⟧ around each passage
	Found  string // the kinds of its passages in their order, "" for none
}

// NewSheet draws n texts, in which d finds passages.
func NewSheet(d *Detector, n int, seed []byte) *Sheet {
	return &Sheet{d: d, n: n, mac: hmac.New(sha256.New, seed)}
}

// Add offers a text.
func (s *Sheet) Add(text []byte) {
	s.mac.Reset()
	s.mac.Write(text)
	var room [sha256.Size]byte
	rank := binary.BigEndian.Uint64(s.mac.Sum(room[:0]))
	if s.late(0, rank) && s.late(1, rank) {
		return
	}
	spans := s.d.Spans(nil, text)
	side := min(1, len(spans))
	at, there := slices.BinarySearchFunc(s.drawn[side], rank, func(d drawn, rank uint64) int { return cmp.Compare(d.rank, rank) })
	if there || at == s.n {
		return
	}
	list := slices.Insert(s.drawn[side], at, drawn{rank, string(text), spans})
	s.drawn[side] = list[:min(len(list), s.n)]
}

// late says whether no text of that rank is drawn any more.
func (s *Sheet) late(side int, rank uint64) bool {
	list := s.drawn[side]
	return len(list) == s.n && (s.n == 0 || list[s.n-1].rank <= rank)
}

// Merge takes the texts that other, of the same seed and size, was offered.
func (s *Sheet) Merge(other *Sheet) {
	for side := range s.drawn {
		all := append(s.drawn[side], other.drawn[side]...)
		slices.SortFunc(all, func(a, b drawn) int { return cmp.Compare(a.rank, b.rank) })
		all = slices.CompactFunc(all, func(a, b drawn) bool { return a.rank == b.rank })
		s.drawn[side] = all[:min(len(all), s.n)]
	}
}

// Rows are the sample, numbered from 1, in an order of chance.
func (s *Sheet) Rows() []Row {
	with := min(len(s.drawn[1]), max(s.n/2, s.n-len(s.drawn[0])))
	without := min(len(s.drawn[0]), s.n-with)
	all := append(slices.Clone(s.drawn[1][:with]), s.drawn[0][:without]...)
	slices.SortFunc(all, func(a, b drawn) int { return cmp.Compare(a.rank, b.rank) })
	rows := make([]Row, len(all))
	for i, d := range all {
		rows[i] = Row{i + 1, marked(d), found(d.spans)}
	}
	return rows
}

func marked(d drawn) string {
	var b bytes.Buffer
	at := 0
	for _, s := range d.spans {
		b.WriteString(d.text[at:s.Start] + "⟦" + d.text[s.Start:s.End] + "⟧")
		at = s.End
	}
	return b.String() + d.text[at:]
}

func found(spans []Span) string {
	var kinds []string
	for _, s := range spans {
		kinds = append(kinds, s.Kind.String())
	}
	return strings.Join(kinds, ", ")
}
