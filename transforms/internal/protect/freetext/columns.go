package freetext

import (
	"encoding/binary"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"
)

// Tally counts the passages in a column of texts, of a dictionary of texts, or of
// lists of texts: each as often as a row shows it.
func (d *Detector) Tally(a arrow.Array) Counts {
	switch a := a.(type) {
	case *array.Dictionary:
		return d.tallyEntries(a)
	case *array.String:
		return d.tallyTexts(a)
	}
	var total Counts
	EachText(a, func(text []byte, times int64) {
		if d.spans = d.Spans(d.spans[:0], text); len(d.spans) > 0 {
			total.Add(d.counted(), times)
		}
	})
	return total
}

// counted are the passages that were found last.
func (d *Detector) counted() (c Counts) {
	for _, s := range d.spans {
		c[s.Kind]++
	}
	return c
}

// tallyTexts reads a text once that stands in several rows, one after the other, or that was
// met lately.
func (d *Detector) tallyTexts(a *array.String) (total Counts) {
	if a.Len() == 0 {
		return total
	}
	offsets, data, nulls := a.ValueOffsets()[:a.Len()+1], a.ValueBytes(), a.NullN() > 0
	base := int(offsets[0])
	var last Counts // of the text from..to
	from, to, any := 0, 0, false
	for i := 0; i < a.Len(); i++ {
		if nulls && a.IsNull(i) {
			continue
		}
		at, end := int(offsets[i])-base, int(offsets[i+1])-base
		if same(data, at, end, from, to) {
			rows := 1
			if !nulls {
				rows += again(offsets[i:], data[at:])
			}
			if any {
				total.Add(last, int64(rows))
			}
			i += rows - 1
			continue
		}
		from, to, any = at, end, false
		text := data[at:end]
		s, met := d.memo.slot(text)
		if met {
			continue
		}
		if d.spans = d.Spans(d.spans[:0], text); len(d.spans) > 0 {
			last, any = d.counted(), true
			total.Add(last, 1)
		} else if s != nil {
			s.note(text)
		}
	}
	return total
}

// same says whether data has the same from at to end as from before to until.
func same(data []byte, at, end, before, until int) bool {
	n := end - at
	if n != until-before {
		return false
	}
	if n <= 8 && at+8 <= len(data) && before+8 <= len(data) {
		return (binary.LittleEndian.Uint64(data[at:])^binary.LittleEndian.Uint64(data[before:]))&firstBytes[n] == 0
	}
	return string(data[at:end]) == string(data[before:until])
}

// again is how many texts, but for less than stretch, are the same as the first, which begins at
// offsets[0] and is the first of data. Files that are sorted have long runs of them.
func again(offsets []int32, data []byte) (rows int) {
	const stretch = 32
	base, n := offsets[0], offsets[1]-offsets[0]
	for rows+1+stretch < len(offsets) {
		others := int32(0)
		part := offsets[rows+1 : rows+2+stretch]
		for i, end := range part[1:] {
			others |= end - part[i] ^ n
		}
		at := part[0] - base
		if others != 0 || string(data[at-n:at-n+stretch*n]) != string(data[at:at+stretch*n]) {
			break
		}
		rows += stretch
	}
	return rows
}

// tallyEntries reads each entry once, and the rows only where an entry has a passage.
func (d *Detector) tallyEntries(a *array.Dictionary) (total Counts) {
	entries := a.Dictionary().(*array.String)
	found := map[int]*Counts{}
	for i := range entries.Len() {
		if entries.IsNull(i) {
			continue
		}
		if d.spans = d.Spans(d.spans[:0], textOf(entries, i)); len(d.spans) > 0 {
			c := d.counted()
			found[i] = &c
		}
	}
	for i := 0; len(found) > 0 && i < a.Len(); i++ {
		if a.IsNull(i) {
			continue
		}
		if c := found[a.GetValueIndex(i)]; c != nil {
			total.Add(*c, 1)
		}
	}
	return total
}

// HasText says whether a column of a type has texts that can be looked into.
func HasText(t arrow.DataType) bool {
	switch t := t.(type) {
	case *arrow.ListType:
		return t.Elem().ID() == arrow.STRING
	case *arrow.DictionaryType:
		return t.ValueType.ID() == arrow.STRING
	}
	return t.ID() == arrow.STRING
}

// EachText calls f with every text of a and how often it is there: once for a plain
// column and a list, and for each entry of a dictionary as often as rows refer to it.
func EachText(a arrow.Array, f func(text []byte, times int64)) {
	switch a := a.(type) {
	case *array.String:
		if a.Len() == 0 {
			return
		}
		offsets, data, nulls := a.ValueOffsets(), a.ValueBytes(), a.NullN() > 0
		for i, end := range offsets[1 : a.Len()+1] {
			if !nulls || !a.IsNull(i) {
				f(data[offsets[i]-offsets[0]:end-offsets[0]], 1)
			}
		}
	case *array.List:
		texts := a.ListValues().(*array.String)
		for i := range a.Len() {
			if a.IsNull(i) {
				continue
			}
			for j, to := a.ValueOffsets(i); j < to; j++ {
				if !texts.IsNull(int(j)) {
					f(textOf(texts, int(j)), 1)
				}
			}
		}
	case *array.Dictionary:
		times := make([]int64, a.Dictionary().Len())
		for i := range a.Len() {
			if !a.IsNull(i) {
				times[a.GetValueIndex(i)]++
			}
		}
		entries := a.Dictionary().(*array.String)
		for i, n := range times {
			if n > 0 && !entries.IsNull(i) {
				f(textOf(entries, i), n)
			}
		}
	default:
		panic("freetext: no text in " + a.DataType().String())
	}
}

func textOf(a *array.String, i int) []byte {
	offsets := a.ValueOffsets()
	return a.ValueBytes()[offsets[i]-offsets[0] : offsets[i+1]-offsets[0]]
}

// Column is the column of a, of texts, of a dictionary of texts or of lists of texts,
// with tokens for the passages, and adds to c what was found, as Tally counts it; of
// a dictionary it is the column of the texts. Null stays null. A column of texts in
// which nothing was found is given as it is. The caller releases the column.
func (d *Detector) Column(mem memory.Allocator, a arrow.Array, c *Counts) arrow.Array {
	switch a := a.(type) {
	case *array.Dictionary:
		return d.dictionary(mem, a, c)
	case *array.List:
		return d.lists(mem, a, c)
	}
	texts := a.(*array.String)
	for i := range a.Len() {
		if a.IsNull(i) {
			continue
		}
		if d.spans = d.Spans(d.spans[:0], textOf(texts, i)); len(d.spans) > 0 {
			return d.from(mem, texts, i, c)
		}
	}
	a.Retain()
	return a
}

// from is Column of texts of which nothing was found in the first few.
func (d *Detector) from(mem memory.Allocator, a *array.String, first int, c *Counts) arrow.Array {
	b := array.NewStringBuilder(mem)
	defer b.Release()
	b.Reserve(a.Len())
	b.ReserveData(len(a.ValueBytes()))
	for i := range a.Len() {
		switch {
		case a.IsNull(i):
			b.AppendNull()
		case i < first:
			b.BinaryBuilder.Append(textOf(a, i))
		default:
			d.out = d.Redact(d.out[:0], textOf(a, i), c)
			b.BinaryBuilder.Append(d.out)
		}
	}
	return b.NewArray()
}

func (d *Detector) dictionary(mem memory.Allocator, a *array.Dictionary, c *Counts) arrow.Array {
	b := array.NewStringBuilder(mem)
	defer b.Release()
	b.Reserve(a.Len())
	entries := a.Dictionary().(*array.String)
	made := make([]string, entries.Len())
	counts := make([]*Counts, entries.Len())
	for i := range a.Len() {
		if a.IsNull(i) || entries.IsNull(a.GetValueIndex(i)) {
			b.AppendNull()
			continue
		}
		n := a.GetValueIndex(i)
		if counts[n] == nil {
			counts[n] = &Counts{}
			d.out = d.Redact(d.out[:0], textOf(entries, n), counts[n])
			made[n] = string(d.out)
		}
		c.Add(*counts[n], 1)
		b.Append(made[n])
	}
	return b.NewArray()
}

func (d *Detector) lists(mem memory.Allocator, a *array.List, c *Counts) arrow.Array {
	if n := d.Tally(a); n.Total() == 0 {
		a.Retain()
		return a
	}
	b := array.NewBuilder(mem, a.DataType()).(*array.ListBuilder)
	defer b.Release()
	texts, out := a.ListValues().(*array.String), b.ValueBuilder().(*array.StringBuilder)
	for i := range a.Len() {
		if a.IsNull(i) {
			b.AppendNull()
			continue
		}
		b.Append(true)
		for j, to := a.ValueOffsets(i); j < to; j++ {
			if texts.IsNull(int(j)) {
				out.AppendNull()
				continue
			}
			d.out = d.Redact(d.out[:0], textOf(texts, int(j)), c)
			out.BinaryBuilder.Append(d.out)
		}
	}
	return b.NewArray()
}
