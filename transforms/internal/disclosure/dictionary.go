package disclosure

import (
	"math"
	"slices"
	"strconv"

	"github.com/zeebo/xxh3"
)

// Null is the code of null in every Dictionary. Null is a value of its own.
const Null uint32 = 0

// Dictionary numbers the values of a column in the order in which one worker meets
// them. Values are their canonical text: two that are equal are written alike. Of
// dates and times that is the civil day in the column's own time zone.
type Dictionary struct {
	codes  map[string]uint32
	values []string // by code - 1
	first  []int64  // row of the first appearance, by code
	bytes  int64
}

const unseen = math.MaxInt64

func newDictionary() *Dictionary {
	return &Dictionary{codes: map[string]uint32{}, first: []int64{unseen}}
}

// Code gives the number of a value that was met in a row, counted from 0 over the
// whole input. It keeps no reference to the bytes.
func (d *Dictionary) Code(value []byte, row int64) uint32 {
	if c, ok := d.codes[string(value)]; ok {
		d.first[c] = min(d.first[c], row)
		return c
	}
	c := uint32(len(d.values) + 1)
	s := string(value)
	d.codes[s] = c
	d.values = append(d.values, s)
	d.first = append(d.first, row)
	d.bytes += int64(len(s)) + 80 // the entry of the map, the text's head, the row
	return c
}

// Null notes that null was met in a row, and gives its code.
func (d *Dictionary) Null(row int64) uint32 {
	d.first[Null] = min(d.first[Null], row)
	return Null
}

// Len is one more than the greatest code.
func (d *Dictionary) Len() int { return len(d.values) + 1 }

// hash is the same for the same value in every dictionary.
func (d *Dictionary) hash(code uint32) uint64 {
	if code == Null {
		return 0x6a09e667f3bcc909
	}
	return xxh3.HashString(d.values[code-1])
}

// Float is the canonical text of a float: -0 is 0, and every NaN is the same value,
// which no band and no rounding holds.
func Float(x float64) string {
	if x == 0 {
		return "0"
	}
	return strconv.FormatFloat(x, 'f', -1, 64)
}

// Domain is the values of a column that occur, in byte order. Their codes in what
// Finish gives are their places, after null where null occurs.
type Domain struct {
	Values []string
	Null   bool
	index  map[string]uint32
	first  []int64 // row of the first appearance, by code
}

// Len is the number of codes.
func (d *Domain) Len() int { return len(d.first) }

// Code gives the code of a value, false when it did not occur.
func (d *Domain) Code(value []byte) (uint32, bool) {
	c, ok := d.index[string(value)]
	return c, ok
}

// NullCode is the code of null, false when null did not occur.
func (d *Domain) NullCode() (uint32, bool) { return 0, d.Null }

func (d *Domain) shift() uint32 {
	if d.Null {
		return 1
	}
	return 0
}

// NewDomain makes a domain of values in any order. The rows in which they first
// appeared are not known.
func NewDomain(values []string, null bool) *Domain {
	d := &Domain{Values: slices.Compact(slices.Sorted(slices.Values(values))), Null: null}
	d.first = make([]int64, len(d.Values)+int(d.shift()))
	d.indexValues()
	return d
}

func (d *Domain) indexValues() {
	d.index = make(map[string]uint32, len(d.Values))
	for i, v := range d.Values {
		d.index[v] = uint32(i) + d.shift()
	}
}

// unite makes one domain of several dictionaries of a column, and says what each
// one's codes become.
func unite(ds []*Dictionary) (*Domain, [][]uint32) {
	var all []string
	null := int64(unseen)
	for _, d := range ds {
		all = append(all, d.values...)
		null = min(null, d.first[Null])
	}
	u := NewDomain(all, null != unseen)
	for i := range u.first {
		u.first[i] = unseen
	}
	become := make([][]uint32, len(ds))
	for i, d := range ds {
		become[i] = make([]uint32, d.Len())
		for old, v := range d.values {
			c := u.index[v]
			become[i][old+1] = c
			u.first[c] = min(u.first[c], d.first[old+1])
		}
	}
	if u.Null {
		u.first[0] = null
	}
	return u, become
}
