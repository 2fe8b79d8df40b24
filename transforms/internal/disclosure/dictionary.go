package disclosure

import (
	"math"
	"slices"
	"strconv"
	"sync"

	"github.com/zeebo/xxh3"
)

// Null is the code of null in every Dictionary. Null is a value of its own.
const Null uint32 = 0

// Dictionary numbers the values of a column in the order in which they are met,
// whoever meets them: all workers of a histogram share it. Values are their canonical
// text: two that are equal are written alike. Of dates and times that is the civil
// day in the column's own time zone. It may be used by several goroutines at once;
// who asks often for few values remembers their codes.
type Dictionary struct {
	mu     sync.Mutex
	codes  map[string]uint32
	values []string // by code - 1
	first  []int64  // row of the first appearance, by code
	hashes []uint64 // by code; no element changes once it is there
	bytes  int64
}

const unseen = math.MaxInt64

// hashOfNull stands for null among the hashes of values.
const hashOfNull = 0x6a09e667f3bcc909

func newDictionary() *Dictionary {
	return &Dictionary{codes: map[string]uint32{}, first: []int64{unseen}, hashes: []uint64{hashOfNull}}
}

// Code gives the number of a value that was met in a row, counted from 0 over the
// whole input. It keeps no reference to the bytes.
func (d *Dictionary) Code(value []byte, row int64) uint32 {
	d.mu.Lock()
	defer d.mu.Unlock()
	if c, ok := d.codes[string(value)]; ok {
		d.first[c] = min(d.first[c], row)
		return c
	}
	c := uint32(len(d.values) + 1)
	s := string(value)
	d.codes[s] = c
	d.values = append(d.values, s)
	d.first = append(d.first, row)
	d.hashes = append(d.hashes, xxh3.HashString(s))
	d.bytes += int64(len(s)) + 88 // the entry of the map, the text's head, the row, the hash
	return c
}

// Null notes that null was met in a row, and gives its code.
func (d *Dictionary) Null(row int64) uint32 {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.first[Null] = min(d.first[Null], row)
	return Null
}

// Len is one more than the greatest code.
func (d *Dictionary) Len() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.values) + 1
}

func (d *Dictionary) held() int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.bytes
}

// hashed is the hash of each code's value, the same for the same value in every
// dictionary.
func (d *Dictionary) hashed() []uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.hashes
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

// domain is the values in byte order, and what each code becomes.
func (d *Dictionary) domain() (*Domain, []uint32) {
	o := NewDomain(d.values, d.first[Null] != unseen)
	become := make([]uint32, d.Len())
	for old, v := range d.values {
		c := o.index[v]
		become[old+1] = c
		o.first[c] = d.first[old+1]
	}
	if o.Null {
		o.first[Null] = d.first[Null]
	}
	return o, become
}
