package freetext

import (
	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"
)

// Tally counts the passages in a column of texts, or of a dictionary of texts:
// each as often as a row shows it.
func (d *Detector) Tally(a arrow.Array) Counts {
	var total Counts
	d.each(a, func(text []byte, times int64) {
		d.spans = d.Spans(d.spans[:0], text)
		for _, s := range d.spans {
			total[s.Kind] += times
		}
	})
	return total
}

// each calls f with every text of a and how many rows have it: one for a plain
// column, and for each entry of a dictionary all that refer to it.
func (d *Detector) each(a arrow.Array, f func(text []byte, times int64)) {
	switch a := a.(type) {
	case *array.String:
		for i := range a.Len() {
			if !a.IsNull(i) {
				f(textOf(a, i), 1)
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

// Column is the text column of a, one of texts or of a dictionary of texts, with
// tokens for the passages, and adds to c what was found, as Tally counts it. Null
// stays null. A column of texts in which nothing was found is given as it is. The
// caller releases the column.
func (d *Detector) Column(mem memory.Allocator, a arrow.Array, c *Counts) arrow.Array {
	if dict, ok := a.(*array.Dictionary); ok {
		return d.dictionary(mem, dict, c)
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
