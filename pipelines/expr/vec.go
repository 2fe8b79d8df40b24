package expr

import (
	"unsafe"

	"github.com/apache/arrow/go/v15/arrow/decimal128"
)

// States of a row, one byte each. From failed on a state names the reason, in
// the program's table.
const (
	hasValue uint8 = iota
	isNull
	failed
)

// vec is a value for each row of a block, or one for all of them. The slices
// of its type's kind are set; where there is no value they hold anything.
type vec struct {
	konst bool
	state []uint8 // nil: every row has a value

	bools  []bool
	ints   []int64 // also dates and instants
	floats []float64
	decs   []decimal128.Num
	texts  []string
	lists  []span
	elems  []elem // what the spans of lists point into

	arena []byte  // bytes of texts made here
	own   []uint8 // scratch of state
	block uint64  // the block it was last made for, by once
	in    []*vec  // inputs of the operation that makes it
}

type span struct{ from, to int32 }

type elem struct {
	text string
	null bool
}

// mask makes one loop serve constants and columns alike: the value of row i is
// at i&mask.
func (v *vec) mask() int {
	if v.konst {
		return 0
	}
	return -1
}

func (v *vec) stateAt(i int) uint8 {
	if v.state == nil {
		return hasValue
	}
	return v.state[i&v.mask()]
}

func (v *vec) ok(i int) bool { return v.stateAt(i) == hasValue }

// noState is the state of one row for all that have a value.
var noState = []uint8{hasValue}

// statesOf gives a slice and a mask for loops over states.
func (v *vec) statesOf() ([]uint8, int) {
	if v.state == nil {
		return noState, 0
	}
	return v.state, v.mask()
}

// states makes the state of every row explicit, for writing.
func (v *vec) states(n int) []uint8 {
	if v.state == nil {
		v.own = grow(v.own, n)
		clear(v.own)
		v.state = v.own
	}
	return v.state
}

// fail gives row i a reason unless it already has none or no value to fail on.
func (v *vec) fail(i, n int, code uint8) {
	if s := v.states(n); s[i] == hasValue {
		s[i] = code
	}
}

func (v *vec) setNull(i, n int) {
	if s := v.states(n); s[i] == hasValue {
		s[i] = isNull
	}
}

// merge sets the states of v from those of its inputs: an error before null,
// and of two errors the first.
func (v *vec) merge(n int, in ...*vec) {
	v.state = nil
	for _, x := range in {
		if x.state == nil || x.konst && x.state[0] == hasValue {
			continue
		}
		m := x.mask()
		if v.state == nil {
			v.own = grow(v.own, n)
			v.state = v.own
			for i := range v.state {
				v.state[i] = x.state[i&m]
			}
			continue
		}
		for i, s := range v.state {
			if t := x.state[i&m]; t > s && s < failed {
				v.state[i] = t
			}
		}
	}
}

// text gives the bytes that were appended to the arena from start on as a text.
func (v *vec) text(start int) string {
	b := v.arena[start:]
	return unsafe.String(unsafe.SliceData(b), len(b))
}

func grow[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// size makes room for n values of a kind.
func (v *vec) size(k kind, n int) {
	switch k {
	case kBool:
		v.bools = grow(v.bools, n)
	case kInt, kDate, kInstant, kSmall:
		v.ints = grow(v.ints, n)
	case kFloat:
		v.floats = grow(v.floats, n)
	case kDec:
		v.decs = grow(v.decs, n)
	case kText:
		v.texts, v.arena = grow(v.texts, n), v.arena[:0]
	case kList:
		v.lists, v.elems, v.arena = grow(v.lists, n), v.elems[:0], v.arena[:0]
	}
}

// nulls is a constant null of a kind.
func nulls(k kind) *vec {
	v := &vec{konst: true, state: []uint8{isNull}}
	v.size(k, 1)
	return v
}
