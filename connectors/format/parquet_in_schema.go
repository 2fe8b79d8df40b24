package format

import (
	"slices"
	"strconv"
	"strings"

	"github.com/apache/arrow/go/v15/arrow"
	pq "github.com/parquet-go/parquet-go/format"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// The members of the union of logical types, by their numbers in the format.
const (
	logicalText      = 1
	logicalMap       = 2
	logicalList      = 3
	logicalEnum      = 4
	logicalDecimal   = 5
	logicalDate      = 6
	logicalTime      = 7
	logicalTimestamp = 8
	logicalInteger   = 10
	logicalUnknown   = 11
	logicalJSON      = 12
	logicalBSON      = 13
	logicalUUID      = 14
	logicalFloat16   = 15
	logicalVariant   = 16
	logicalGeometry  = 17
	logicalGeography = 18
)

// inConverted are the logical types that older writers name by one number.
var inConverted = map[int32]inElement{
	0: {logical: logicalText}, 1: {logical: logicalMap}, 2: {logical: logicalMap}, 3: {logical: logicalList}, 4: {logical: logicalEnum},
	5: {logical: logicalDecimal}, 6: {logical: logicalDate}, 7: {logical: logicalTime, unit: 1}, 8: {logical: logicalTime, unit: 2},
	9: {logical: logicalTimestamp, unit: 1, utc: true}, 10: {logical: logicalTimestamp, unit: 2, utc: true},
	11: {logical: logicalInteger, bits: 8}, 12: {logical: logicalInteger, bits: 16}, 13: {logical: logicalInteger, bits: 32}, 14: {logical: logicalInteger, bits: 64},
	15: {logical: logicalInteger, bits: 8, signed: true}, 16: {logical: logicalInteger, bits: 16, signed: true},
	17: {logical: logicalInteger, bits: 32, signed: true}, 18: {logical: logicalInteger, bits: 64, signed: true},
	19: {logical: logicalJSON}, 20: {logical: logicalBSON}, 21: {logical: logicalInterval},
}

// logicalInterval has a number of its own among the converted types only.
const logicalInterval = 100

// inKind is what the values of a column are, whatever they are stored as.
type inKind uint8

const (
	inBool inKind = iota
	inInt
	inFloat
	inDecimal
	inDate
	inTime
	inInstant
	inClock // a day and a time of day, in a zone that the file does not name
	inText
	inUUID
	inBytes
	inNull
)

var inKinds = [...]string{inBool: "true or false", inInt: "a whole number", inFloat: "a binary number", inDecimal: "a decimal", inDate: "a day",
	inTime: "a time of day", inInstant: "an instant", inClock: "a clock time without a zone", inText: "a text", inUUID: "a UUID", inBytes: "bytes", inNull: "null"}

// inLeaf is a column of values.
type inLeaf struct {
	index    int // in the row groups
	physical pq.Type
	width    int // of values of fixed length
	kind     inKind
	unsigned bool
	unit     int64 // parts of a second
	natural  arrow.DataType
	scale    int32
	maxDef   byte
	maxRep   byte
	listDef  byte // from which level on a list has an element
}

// inColumn is a column of the table.
type inColumn struct {
	cellColumn
	leaves []inLeaf // one, or the four of a bounding box
	native bool     // its values are taken as they are, not through cells
}

// inSchema finds the columns of a file.
type inSchema struct {
	in       Input
	elements []inElement
	without  []string
	left     map[string]bool // columns of without that there are
	at, leaf int
	names    []string
	leaves   [][]inLeaf
	room     int64 // bytes that names may still take
	large    error // where they take more
}

// inDepth is how deep groups may stand in one another.
const inDepth = 32

func (s *inSchema) read() error {
	if len(s.elements) == 0 || s.elements[0].children < 1 {
		return s.broken("it has no columns")
	}
	s.at = 1
	for range s.elements[0].children {
		if err := s.node("", 0, 0); err != nil {
			return err
		}
	}
	if s.at != len(s.elements) {
		return s.broken("its schema contradicts itself")
	}
	for _, name := range s.without {
		if !s.left[name] {
			return messages.CSVColumnMissing.With("file", s.in.Name, "column", name, "columns", quoteAll(s.names), "hint", pipelines.Hint(name, s.names))
		}
	}
	if len(s.names) == 0 {
		return s.broken("it has no columns")
	}
	return nil
}

func (s *inSchema) broken(why string) error {
	return messages.ParquetBroken.With("file", s.in.Name, "why", why)
}

func (s *inSchema) refuse(name, kind string) error {
	return messages.ParquetKind.With("file", s.in.Name, "column", name, "quoted", strconv.Quote(name), "type", kind)
}

// next is the next element, with its logical type whichever way it is said.
func (s *inSchema) next() (e inElement, err error) {
	if s.at >= len(s.elements) {
		return e, s.broken("its schema contradicts itself")
	}
	e = s.elements[s.at]
	s.at++
	if old, ok := inConverted[e.converted]; ok && e.logical == 0 {
		e.logical, e.unit, e.utc, e.bits, e.signed = old.logical, old.unit, old.utc, old.bits, old.signed
	}
	if e.repetition < 0 || e.repetition > 2 || e.children < 0 || e.name == "" {
		return e, s.broken("its schema contradicts itself")
	}
	return e, nil
}

// skip passes over what is below an element.
func (s *inSchema) skip(e inElement, depth int) error {
	if e.children == 0 {
		s.leaf++
		return nil
	}
	for range e.children {
		child, err := s.next()
		if err == nil && depth == inDepth {
			err = s.broken("its groups stand too deep in one another")
		}
		if err == nil {
			err = s.skip(child, depth+1)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// node reads a column, or the columns of a group. def is the level of what is around it.
func (s *inSchema) node(path string, def byte, depth int) error {
	e, err := s.next()
	if err != nil {
		return err
	}
	name := e.name
	if path != "" {
		// Of a long name of a group each column in it has another copy.
		if s.room -= int64(len(path) + len(name)); s.room < 0 {
			return s.large
		}
		name = path + "." + name
	}
	if slices.Contains(s.without, name) {
		s.left[name] = true
		return s.skip(e, depth)
	}
	if e.repetition == int32(pq.Optional) {
		def++
	}
	switch {
	case depth == inDepth:
		return s.broken("its groups stand too deep in one another")
	case e.children == 0 && e.repetition == int32(pq.Repeated):
		return s.value(e, name, inLeaf{maxDef: def + 1, maxRep: 1, listDef: def + 1})
	case e.children == 0:
		return s.value(e, name, inLeaf{maxDef: def})
	case e.logical == logicalMap:
		return s.refuse(name, "a map")
	case e.logical == logicalVariant:
		return s.refuse(name, "a variant")
	case e.repetition == int32(pq.Repeated):
		return s.refuse(name, "a list of groups")
	case e.logical == logicalList:
		return s.list(e, name, def)
	case path == "" && s.isBox(e):
		return s.box(name, def)
	}
	for range e.children {
		if err := s.node(name, def, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// list reads a list of values, also as writers once laid it out.
//
// https://github.com/apache/parquet-format/blob/master/LogicalTypes.md#lists
func (s *inSchema) list(e inElement, name string, def byte) error {
	repeated, err := s.next()
	if err != nil {
		return err
	}
	if e.children != 1 || repeated.repetition != int32(pq.Repeated) {
		return s.broken("its schema contradicts itself")
	}
	leaf := inLeaf{maxDef: def + 1, maxRep: 1, listDef: def + 1}
	if repeated.children == 0 {
		return s.value(repeated, name, leaf)
	}
	if repeated.children != 1 || repeated.name == "array" || repeated.name == e.name+"_tuple" {
		return s.refuse(name, "a list of groups")
	}
	item, err := s.next()
	switch {
	case err != nil:
		return err
	case item.children > 0 && item.logical == logicalList, item.children == 0 && item.repetition == int32(pq.Repeated):
		return s.refuse(name, "a list of lists")
	case item.children > 0:
		return s.refuse(name, "a list of groups")
	case item.repetition == int32(pq.Optional):
		leaf.maxDef++
	}
	return s.value(item, name, leaf)
}

// isBox says whether the group is a bounding box as lavoir writes it.
func (s *inSchema) isBox(e inElement) bool {
	if e.children != 4 || len(s.elements)-s.at < 4 || e.repetition != int32(pq.Optional) {
		return false
	}
	for i, f := range pipelines.BBox.Fields() {
		c := s.elements[s.at+i]
		if c.name != f.Name || c.children != 0 || c.physical != int32(pq.Double) || c.repetition != int32(pq.Required) {
			return false
		}
	}
	return !slices.ContainsFunc(s.without, func(name string) bool { return strings.HasPrefix(name, e.name+".") })
}

func (s *inSchema) box(name string, def byte) error {
	var leaves []inLeaf
	for range 4 {
		s.at++
		leaves = append(leaves, inLeaf{index: s.leaf, physical: pq.Double, kind: inFloat, natural: arrow.PrimitiveTypes.Float64, maxDef: def})
		s.leaf++
	}
	s.names, s.leaves = append(s.names, name), append(s.leaves, leaves)
	return nil
}

// value adds a column of values.
func (s *inSchema) value(e inElement, name string, l inLeaf) error {
	l.index, l.physical, l.width = s.leaf, pq.Type(e.physical), int(e.width)
	s.leaf++
	if l.physical < pq.Boolean || l.physical > pq.FixedLenByteArray || l.physical == pq.FixedLenByteArray && (l.width < 1 || l.width > inWidth) {
		return s.broken("its schema contradicts itself")
	}
	refused, ok := l.describe(e)
	switch {
	case !ok:
		return s.broken("its schema contradicts itself")
	case refused != "":
		return s.refuse(name, refused)
	case l.maxRep > 0 && l.kind == inBytes:
		return s.refuse(name, "a list of bytes")
	}
	s.names, s.leaves = append(s.names, name), append(s.leaves, []inLeaf{l})
	return nil
}

// inWidth is the longest value of fixed length that is read.
const inWidth = 1 << 16

// stored says whether the values are stored as one of the types.
func (l *inLeaf) stored(types ...pq.Type) bool { return slices.Contains(types, l.physical) }

// describe finds what the values are, and the type of lavoir that holds them all
// exactly. ok is false for a logical type that goes with no such storage.
func (l *inLeaf) describe(e inElement) (refused string, ok bool) {
	l.unit = [...]int64{0, 1e3, 1e6, 1e9}[min(max(e.unit, 0), 3)]
	is := func(kind inKind, t arrow.DataType) { l.kind, l.natural = kind, t }
	text := arrow.BinaryTypes.String
	switch e.logical {
	case logicalText, logicalEnum, logicalJSON:
		is(inText, text)
		return "", l.stored(pq.ByteArray, pq.FixedLenByteArray)
	case logicalUUID:
		is(inUUID, text)
		return "", l.stored(pq.FixedLenByteArray) && l.width == 16
	case logicalDecimal:
		l.scale = e.scale
		is(inDecimal, nil)
		if e.precision < 1 || e.scale < 0 || e.scale > e.precision {
			return "", false
		}
		if e.precision > 38 {
			return "a decimal of more than 38 digits", true
		}
		is(inDecimal, &arrow.Decimal128Type{Precision: e.precision, Scale: e.scale})
		return "", l.stored(pq.Int32, pq.Int64, pq.ByteArray, pq.FixedLenByteArray)
	case logicalDate:
		is(inDate, arrow.FixedWidthTypes.Date32)
		return "", l.stored(pq.Int32)
	case logicalTime:
		is(inTime, text)
		return "", l.stored(pq.Int32) && l.unit == 1e3 || l.stored(pq.Int64) && l.unit > 1e3
	case logicalTimestamp:
		if is(inClock, text); e.utc {
			is(inInstant, pipelines.Instant)
		}
		return "", l.stored(pq.Int64) && l.unit > 0
	case logicalInteger:
		l.unsigned = !e.signed
		switch {
		case e.bits == 64 && l.unsigned:
			is(inInt, &arrow.Decimal128Type{Precision: 20})
		case e.bits == 64 || e.bits == 32 && l.unsigned:
			is(inInt, arrow.PrimitiveTypes.Int64)
		default:
			is(inInt, arrow.PrimitiveTypes.Int32)
		}
		return "", e.bits == 64 && l.stored(pq.Int64) || (e.bits == 8 || e.bits == 16 || e.bits == 32) && l.stored(pq.Int32)
	case logicalUnknown:
		is(inNull, arrow.Null)
		return "", true
	case logicalFloat16:
		is(inFloat, arrow.PrimitiveTypes.Float64)
		return "", l.stored(pq.FixedLenByteArray) && l.width == 2
	case logicalInterval:
		return "an interval", true
	case logicalBSON, logicalGeometry, logicalGeography:
		is(inBytes, arrow.BinaryTypes.Binary)
		return "", l.stored(pq.ByteArray, pq.FixedLenByteArray)
	case 0:
	default:
		return "of a type that is not known", true
	}
	switch l.physical {
	case pq.Boolean:
		is(inBool, arrow.FixedWidthTypes.Boolean)
	case pq.Int32:
		is(inInt, arrow.PrimitiveTypes.Int32)
	case pq.Int64:
		is(inInt, arrow.PrimitiveTypes.Int64)
	case pq.Int96:
		// Spark writes instants, Impala and Hive clock times, and nothing tells which.
		is(inClock, text)
		l.unit, l.width = 1e9, 12
	case pq.Float, pq.Double:
		is(inFloat, arrow.PrimitiveTypes.Float64)
	default:
		is(inBytes, arrow.BinaryTypes.Binary)
	}
	return "", true
}

// columns gives the columns the types that are declared, or their own.
func (s *inSchema) columns(o cellOptions) ([]inColumn, error) {
	binary := map[string]bool{}
	o.Columns = slices.Clone(o.Columns)
	for i := range o.Columns {
		if decl := &o.Columns[i]; decl.Type.ID() == arrow.BINARY { // of which there are no cells
			binary[decl.Name], decl.Type = true, arrow.BinaryTypes.String
		}
	}
	cells, err := o.columnsOf(s.in, s.names)
	if err != nil {
		return nil, err
	}
	columns := make([]inColumn, len(cells))
	for i := range cells {
		c := inColumn{cellColumn: cells[i], leaves: s.leaves[i]}
		l := &c.leaves[0]
		if binary[c.Name] {
			c.Type = arrow.BinaryTypes.Binary
		}
		switch {
		case len(c.leaves) > 1:
			if c.declared {
				return nil, s.cannotBe(c, "a bounding box")
			}
			c.Type, c.native = pipelines.BBox, true
		case l.maxRep > 0:
			if list := arrow.ListOf(arrow.BinaryTypes.String); !c.declared {
				c.Type = list
			} else if !arrow.TypeEqual(c.Type, list) {
				return nil, s.cannotBe(c, "a list")
			}
			c.native = true
		default:
			if !c.declared {
				c.Type = l.natural
			}
			if l.kind == inClock && c.Type.ID() == arrow.TIMESTAMP && c.Zone == "" {
				return nil, messages.ParquetClock.With("file", s.in.Name, "column", c.Name)
			}
			if !l.fits(c.ColumnType) {
				return nil, s.cannotBe(c, inKinds[l.kind])
			}
			c.native = arrow.TypeEqual(c.Type, l.natural) && l.kind != inTime && l.kind != inClock && l.kind != inUUID &&
				(l.kind != inText || c.Code == "" && !o.Trim && len(o.Null) == 0)
		}
		columns[i] = c
	}
	return columns, nil
}

func (s *inSchema) cannotBe(c inColumn, is string) error {
	return messages.ParquetCannotBe.With("file", s.in.Name, "column", c.Name, "is", is, "wanted", c.ColumnType.Name())
}

// fits says whether values of the column may become values of the type at all.
func (l *inLeaf) fits(t pipelines.ColumnType) bool {
	id := t.Type.ID()
	number := id == arrow.INT32 || id == arrow.INT64 || id == arrow.FLOAT64 || id == arrow.DECIMAL128
	switch l.kind {
	case inNull, inText:
		return id != arrow.BINARY
	case inBool:
		return id == arrow.BOOL || id == arrow.STRING && t.Code == ""
	case inInt:
		return number || id == arrow.BOOL || id == arrow.STRING
	case inDecimal:
		return number || id == arrow.STRING && t.Code == ""
	case inFloat:
		return number
	case inDate:
		return id == arrow.DATE32 || id == arrow.TIMESTAMP && t.Zone != "" || id == arrow.STRING && t.Code == ""
	case inInstant, inClock:
		return id == arrow.DATE32 || id == arrow.TIMESTAMP || id == arrow.STRING && t.Code == ""
	case inTime, inUUID:
		return id == arrow.STRING && t.Code == ""
	}
	return id == arrow.BINARY || id == arrow.STRING
}
