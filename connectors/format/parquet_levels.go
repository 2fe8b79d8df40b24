package format

import (
	"bytes"
	"encoding/binary"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/bitutil"
)

// shape is where the nulls and the list boundaries of one leaf are: one entry
// per value or null, as Dremel's levels.
type shape struct {
	rows   int
	def    []byte // definition levels; the leaf's maximum means there is a value
	rep    []byte // repetition levels; nil when the leaf is not in a list
	pieces []piece
}

// piece is a range of an array that holds values of a leaf.
type piece struct {
	arrow.Array
	from, to int
}

// read makes s the shape of a leaf's columns, one after the other.
func (s *shape) read(l *leaf, columns []arrow.Array) {
	s.rows, s.def, s.rep, s.pieces = 0, s.def[:0], s.rep[:0], s.pieces[:0]
	for _, c := range columns {
		s.rows += c.Len()
		if lists, ok := c.(*array.List); ok {
			s.readLists(lists)
			continue
		}
		if boxes, ok := c.(*array.Struct); ok {
			s.readBoxes(boxes, boxes.Field(l.field))
			continue
		}
		s.def = appendValidity(s.def, c, 0, c.Len(), 0)
		s.pieces = append(s.pieces, piece{c, 0, c.Len()})
	}
	if l.maxRep == 0 {
		s.rep = nil
	}
}

// Definition levels of a list of texts.
const (
	listNull = iota
	listEmpty
	elementNull
)

func (s *shape) readLists(lists *array.List) {
	elements := lists.ListValues()
	for i := 0; i < lists.Len(); i++ {
		s.rep = append(s.rep, 0)
		if !isValid(lists, i) {
			s.def = append(s.def, listNull)
			continue
		}
		start, end := lists.ValueOffsets(i)
		from, to := int(start), int(end)
		if from == to {
			s.def = append(s.def, listEmpty)
			continue
		}
		for j := from + 1; j < to; j++ {
			s.rep = append(s.rep, 1)
		}
		s.def = appendValidity(s.def, elements, from, to, elementNull)
		if n := len(s.pieces); n > 0 && s.pieces[n-1].Array == elements && s.pieces[n-1].to == from {
			s.pieces[n-1].to = to
		} else {
			s.pieces = append(s.pieces, piece{elements, from, to})
		}
	}
}

// readBoxes reads one field, whose values are those of the rows that have a box,
// whatever lies under the others.
func (s *shape) readBoxes(boxes *array.Struct, field arrow.Array) {
	n := len(s.def)
	s.def = appendValidity(s.def, boxes, 0, boxes.Len(), 0)
	levels := s.def[n:]
	for from := 0; from < len(levels); from++ {
		to := from
		for to < len(levels) && levels[to] != 0 {
			to++
		}
		if to > from {
			s.pieces = append(s.pieces, piece{field, from, to})
		}
		from = to
	}
}

// isValid is IsValid without the cached null count, which an array computes on
// first use and so must not be asked for by several goroutines.
func isValid(a arrow.Array, i int) bool {
	if a.DataType().ID() == arrow.NULL {
		return false
	}
	bitmap := a.NullBitmapBytes()
	return len(bitmap) == 0 || bitutil.BitIsSet(bitmap, a.Data().Offset()+i)
}

// appendValidity appends null for each null of a[from:to] and null+1 for each value.
func appendValidity(dst []byte, a arrow.Array, from, to int, null byte) []byte {
	n := len(dst)
	dst = append(dst, make([]byte, to-from)...)
	levels := dst[n:]
	bitmap, offset := a.NullBitmapBytes(), a.Data().Offset()+from
	switch {
	case a.DataType().ID() == arrow.NULL:
		for i := range levels {
			levels[i] = null
		}
	case len(bitmap) == 0:
		for i := range levels {
			levels[i] = null + 1
		}
	default:
		at, shift := offset/8, offset%8
		for len(levels) >= 8 {
			eight := bitmap[at] >> shift
			if shift > 0 {
				eight |= bitmap[at+1] << (8 - shift)
			}
			binary.LittleEndian.PutUint64(levels, eightLevels(eight)+uint64(null)*ones)
			levels, at = levels[8:], at+1
		}
		for i := range levels {
			levels[i] = null + bitmap[at+(shift+i)/8]>>((shift+i)%8)&1
		}
	}
	return dst
}

// eightLevels gives every bit of b a byte of its own.
func eightLevels(b byte) uint64 {
	// a byte keeps its own bit, and is not zero then
	own := uint64(b) * ones & 0x8040201008040201
	return (own + ^uint64(highs)) >> 7 & ones
}

// Pages end at whichever comes first. They are part of the format version:
// bytes depend on them.
const (
	pageRows  = 1 << 15
	pageSlots = 1 << 16
	pageBytes = 1 << 20
)

// cut is a page: rows, level entries and values from the end of the page before.
type cut struct{ row, slot, value int }

// cuts divides the shape into pages of whole rows. width is the size in the page
// of every value, or 0 where they differ; then value i ends at ends[i], with a
// length of four bytes before it.
func (s *shape) cuts(dst []cut, maxDef byte, width int, ends []int32) []cut {
	dst = dst[:0]
	if s.rep == nil {
		return s.flatCuts(dst, maxDef, width, ends)
	}
	var last, at cut
	total := 0
	for at.slot < len(s.def) {
		next, row := at, 0
		for first := true; next.slot < len(s.def) && (first || s.rep[next.slot] != 0); first = false {
			if s.def[next.slot] == maxDef {
				row += width
				if width == 0 {
					row += 4 + int(ends[next.value])
					if next.value > 0 {
						row -= int(ends[next.value-1])
					}
				}
				next.value++
			}
			next.slot++
		}
		next.row++
		if at.row > last.row && (next.row-last.row > pageRows || next.slot-last.slot > pageSlots || total+row > pageBytes) {
			dst = append(dst, at)
			last, total = at, 0
		}
		total += row
		at = next
	}
	if at.row > last.row {
		dst = append(dst, at)
	}
	return dst
}

// flatCuts is cuts where every row is one entry: then the end of a page can be
// searched for by halves.
func (s *shape) flatCuts(dst []cut, maxDef byte, width int, ends []int32) []cut {
	size := func(values int) int {
		switch {
		case width > 0 || values == 0:
			return width * values
		default:
			return 4*values + int(ends[values-1])
		}
	}
	for row, value := 0, 0; row < s.rows; {
		bound := size(value) + pageBytes
		count := func(row, value, to int) int { return value + bytes.Count(s.def[row:to], []byte{maxDef}) }
		end := min(row+pageRows, s.rows)
		if values := count(row, value, end); size(values) <= bound {
			row, value = end, values
		} else {
			first := row
			for end-row > 1 {
				middle := (row + end) / 2
				if values := count(row, value, middle); size(values) <= bound {
					row, value = middle, values
				} else {
					end = middle
				}
			}
			if row == first { // a row that is longer by itself
				row, value = end, count(row, value, end)
			}
		}
		dst = append(dst, cut{row, row, value})
	}
	return dst
}
