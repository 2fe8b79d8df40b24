package format

import (
	"encoding/binary"
	"unsafe"
)

// The footer and the page headers of files that others wrote, read from thrift's
// compact protocol. Fields that nothing here needs are passed over, those of later
// versions of the format too; what a length claims never decides how much memory
// is taken.
//
// https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
// https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift

// thriftReader reads the values of b one after the other. Once something is wrong
// it gives zeros.
type thriftReader struct {
	b     []byte
	at    int
	depth int
	short bool // b ends within a value
	wrong bool
	room  int64 // bytes that may still be made of lists; what needs more is wrong
}

type thriftType byte

const (
	thriftTrue   thriftType = 1
	thriftFalse  thriftType = 2
	thriftByte   thriftType = 3
	thriftInt64  thriftType = 6
	thriftDouble thriftType = 7
	thriftBinary thriftType = 8
	thriftList   thriftType = 9
	thriftSet    thriftType = 10
	thriftMap    thriftType = 11
	thriftStruct thriftType = 12
)

// thriftDepth is how many structures may stand in one another.
const thriftDepth = 32

func (r *thriftReader) failed() bool { return r.short || r.wrong }

func (r *thriftReader) byte() byte {
	if r.failed() || r.at >= len(r.b) {
		r.short = true
		return 0
	}
	r.at++
	return r.b[r.at-1]
}

func (r *thriftReader) uvarint() uint64 {
	if r.failed() {
		return 0
	}
	v, n := binary.Uvarint(r.b[r.at:])
	switch {
	case n == 0:
		r.short = true
		return 0
	case n < 0:
		r.wrong = true
		return 0
	}
	r.at += n
	return v
}

// int reads a whole number of any width.
func (r *thriftReader) int(t thriftType) int64 {
	switch {
	case t == thriftByte:
		return int64(int8(r.byte()))
	case t > thriftByte && t <= thriftInt64:
		u := r.uvarint()
		return int64(u>>1) ^ -int64(u&1)
	}
	r.wrong = true
	return 0
}

func (r *thriftReader) int32(t thriftType) int32 {
	v := r.int(t)
	if int64(int32(v)) != v {
		r.wrong = true
	}
	return int32(v)
}

func (r *thriftReader) bool(t thriftType) bool {
	r.wrong = r.wrong || t != thriftTrue && t != thriftFalse
	return t == thriftTrue
}

func (r *thriftReader) text(t thriftType) string { return string(r.binary(t)) }

// binary is a part of b.
func (r *thriftReader) binary(t thriftType) []byte {
	if t != thriftBinary {
		r.wrong = true
		return nil
	}
	n := r.uvarint()
	if r.failed() || n > uint64(len(r.b)-r.at) {
		r.short = true
		return nil
	}
	r.at += int(n)
	return r.b[r.at-int(n) : r.at]
}

// fields reads a structure: take reads the value of each of its fields.
func (r *thriftReader) fields(t thriftType, take func(id int, t thriftType)) {
	if t != thriftStruct || r.depth == thriftDepth {
		r.wrong = true
		return
	}
	r.depth++
	for id := 0; ; {
		head := r.byte()
		if r.failed() || head == 0 {
			break
		}
		if delta := int(head >> 4); delta != 0 {
			id += delta
		} else {
			id = int(r.int(thriftByte + 1))
		}
		take(id, thriftType(head&0x0f))
	}
	r.depth--
}

// list reads a list: take reads each element.
func (r *thriftReader) list(t thriftType, take func(t thriftType)) {
	if t != thriftList && t != thriftSet || r.depth == thriftDepth {
		r.wrong = true
		return
	}
	head := r.byte()
	n := uint64(head >> 4)
	if n == 15 {
		n = r.uvarint()
	}
	r.depth++
	for ; n > 0 && !r.failed(); n-- {
		take(thriftElement(head))
	}
	r.depth--
}

// thriftElement is the type of an element, of which truths take a byte, other than in a field.
func thriftElement(b byte) thriftType {
	t := thriftType(b & 0x0f)
	if t == thriftTrue || t == thriftFalse {
		t = thriftByte
	}
	return t
}

func (r *thriftReader) skip(t thriftType) {
	switch t {
	case thriftTrue, thriftFalse:
	case thriftDouble:
		if r.at += 8; r.at > len(r.b) {
			r.at, r.short = len(r.b), true
		}
	case thriftBinary:
		r.binary(t)
	case thriftList, thriftSet:
		r.list(t, r.skip)
	case thriftMap:
		n := r.uvarint()
		if n == 0 {
			return
		}
		kinds := r.byte()
		for ; n > 0 && !r.failed(); n-- {
			r.skip(thriftElement(kinds >> 4))
			r.skip(thriftElement(kinds))
		}
	case thriftStruct:
		r.fields(t, func(_ int, t thriftType) { r.skip(t) })
	default:
		r.int(t)
	}
}

// inFile is what a footer says.
type inFile struct {
	elements  []inElement
	rows      int64
	groups    []inGroup
	encrypted bool
}

// inElement is a node of the schema; -1 stands for what is not said.
type inElement struct {
	name             string
	physical         int32
	width            int32
	repetition       int32
	children         int32
	converted        int32
	scale, precision int32
	logical          int // which member of the union; 0: none
	unit             int // 1: milliseconds, 2: microseconds, 3: nanoseconds
	utc              bool
	bits             int32
	signed           bool
}

type inGroup struct {
	rows    int64
	columns []inColumnChunk
}

// inColumnChunk is where the values of a column are.
type inColumnChunk struct {
	elsewhere  bool // in another file
	encrypted  bool
	physical   int32
	codec      int32
	values     int64
	plain      int64 // bytes, decompressed
	size       int64
	data       int64
	dictionary int64
}

// What is made of an element of a list: of the schema all that a column takes.
const (
	inElementBytes = 1 << 10
	inGroupBytes   = 2 * int64(unsafe.Sizeof(inGroup{}))
	inChunkHeld    = 2 * int64(unsafe.Sizeof(inColumnChunk{}))
)

// take says whether there is room for so much more.
func (r *thriftReader) take(n int64) bool {
	r.room -= n
	r.wrong = r.wrong || r.room < 0
	return !r.wrong
}

// readInFooter reads a footer, of which at most so many bytes are made; left are negative
// where it would be more. ok is false where it makes no sense.
func readInFooter(b []byte, most int64) (f *inFile, left int64, ok bool) {
	r := &thriftReader{b: b, room: most}
	f = &inFile{}
	r.fields(thriftStruct, func(id int, t thriftType) {
		switch id {
		case 2:
			r.list(t, func(t thriftType) {
				if e := r.element(t); r.take(inElementBytes + int64(len(e.name))) {
					f.elements = append(f.elements, e)
				}
			})
		case 3:
			f.rows = r.int(t)
		case 4:
			r.list(t, func(t thriftType) {
				if g := r.group(t); r.take(inGroupBytes) {
					f.groups = append(f.groups, g)
				}
			})
		case 8:
			f.encrypted = true
			r.skip(t)
		default:
			r.skip(t)
		}
	})
	return f, r.room, !r.failed()
}

func (r *thriftReader) element(t thriftType) inElement {
	e := inElement{physical: -1, width: -1, repetition: -1, converted: -1}
	r.fields(t, func(id int, t thriftType) {
		switch id {
		case 1:
			e.physical = r.int32(t)
		case 2:
			e.width = r.int32(t)
		case 3:
			e.repetition = r.int32(t)
		case 4:
			e.name = r.text(t)
		case 5:
			e.children = r.int32(t)
		case 6:
			e.converted = r.int32(t)
		case 7:
			e.scale = r.int32(t)
		case 8:
			e.precision = r.int32(t)
		case 10:
			r.fields(t, func(id int, t thriftType) { r.logical(&e, id, t) })
		default:
			r.skip(t)
		}
	})
	return e
}

// logical reads what a member of the union of logical types says.
func (r *thriftReader) logical(e *inElement, member int, t thriftType) {
	e.logical = member
	r.fields(t, func(id int, t thriftType) {
		switch {
		case member == logicalDecimal && id == 1:
			e.scale = r.int32(t)
		case member == logicalDecimal && id == 2:
			e.precision = r.int32(t)
		case (member == logicalTime || member == logicalTimestamp) && id == 1:
			e.utc = r.bool(t)
		case (member == logicalTime || member == logicalTimestamp) && id == 2:
			r.fields(t, func(id int, t thriftType) { e.unit = id; r.skip(t) })
		case member == logicalInteger && id == 1:
			e.bits = r.int32(t)
		case member == logicalInteger && id == 2:
			e.signed = r.bool(t)
		default:
			r.skip(t)
		}
	})
}

func (r *thriftReader) group(t thriftType) (g inGroup) {
	r.fields(t, func(id int, t thriftType) {
		switch id {
		case 1:
			r.list(t, func(t thriftType) {
				if c := r.chunk(t); r.take(inChunkHeld) {
					g.columns = append(g.columns, c)
				}
			})
		case 3:
			g.rows = r.int(t)
		default:
			r.skip(t)
		}
	})
	return g
}

func (r *thriftReader) chunk(t thriftType) (c inColumnChunk) {
	r.fields(t, func(id int, t thriftType) {
		switch id {
		case 1:
			c.elsewhere = len(r.binary(t)) > 0
		case 3:
			r.fields(t, func(id int, t thriftType) {
				switch id {
				case 1:
					c.physical = r.int32(t)
				case 4:
					c.codec = r.int32(t)
				case 5:
					c.values = r.int(t)
				case 6:
					c.plain = r.int(t)
				case 7:
					c.size = r.int(t)
				case 9:
					c.data = r.int(t)
				case 11:
					c.dictionary = r.int(t)
				default:
					r.skip(t)
				}
			})
		case 8:
			c.encrypted = true
			r.skip(t)
		default:
			r.skip(t)
		}
	})
	return c
}

// inPageHead is the header of a page.
type inPageHead struct {
	kind               int32 // 0: data, 1: index, 2: dictionary, 3: data, version 2
	plain, size        int32
	crc                uint32
	summed             bool // there is a checksum
	values, nulls      int32
	rows               int32
	encoding           int32
	defs, reps         int32 // encodings of the levels
	defBytes, repBytes int32
	compressed         bool
}

// readInPageHead reads a header from the start of b and gives its length. more
// says that b ends within it.
func readInPageHead(b []byte) (h inPageHead, n int, more, ok bool) {
	r := &thriftReader{b: b}
	h = inPageHead{kind: -1, encoding: -1, compressed: true}
	r.fields(thriftStruct, func(id int, t thriftType) {
		switch id {
		case 1:
			h.kind = r.int32(t)
		case 2:
			h.plain = r.int32(t)
		case 3:
			h.size = r.int32(t)
		case 4:
			h.crc, h.summed = uint32(r.int32(t)), true
		case 5, 7:
			r.fields(t, func(id int, t thriftType) {
				switch id {
				case 1:
					h.values = r.int32(t)
				case 2:
					h.encoding = r.int32(t)
				case 3:
					if t == thriftTrue || t == thriftFalse { // of a dictionary: whether it is sorted
						return
					}
					h.defs = r.int32(t)
				case 4:
					h.reps = r.int32(t)
				default:
					r.skip(t)
				}
			})
		case 8:
			h.defs, h.reps = encodingRLE, encodingRLE
			r.fields(t, func(id int, t thriftType) {
				switch id {
				case 1:
					h.values = r.int32(t)
				case 2:
					h.nulls = r.int32(t)
				case 3:
					h.rows = r.int32(t)
				case 4:
					h.encoding = r.int32(t)
				case 5:
					h.defBytes = r.int32(t)
				case 6:
					h.repBytes = r.int32(t)
				case 7:
					h.compressed = r.bool(t)
				default:
					r.skip(t)
				}
			})
		default:
			r.skip(t)
		}
	})
	return h, r.at, r.short && !r.wrong, !r.failed()
}
