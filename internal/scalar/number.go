package scalar

import (
	"math"
	"strconv"
	"unsafe"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// NumberFormat says how numbers are written.
type NumberFormat struct {
	Decimal   byte   // '.' or ','
	Thousands string // "" for none; " " also stands for NBSP (U+00A0) and narrow NBSP (U+202F); "." ; ","
}

// Plain is 1234.5; French is 1 234,5.
var (
	Plain  = NumberFormat{Decimal: '.'}
	French = NumberFormat{Decimal: ',', Thousands: " "}
)

// numeral is a number's text taken apart and found well formed.
type numeral struct {
	neg     bool
	whole   []byte // digits, with separators when grouped
	grouped bool
	frac    []byte // digits
	exp     []byte // sign and digits
}

// scan takes b apart: an optional sign, digits with thousands separators or
// none, then perhaps a decimal mark and digits, then perhaps an exponent.
func (f NumberFormat) scan(b []byte) (n numeral, ok bool) {
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		n.neg = b[0] == '-'
		b = b[1:]
	}
	i := digitsAt(b, 0)
	if f.Thousands != "" && i > 0 && i <= 3 && b[0] != '0' {
		for {
			w := f.separatorAt(b, i)
			if w == 0 || digitsAt(b, i+w) != i+w+3 {
				break
			}
			i += w + 3
			n.grouped = true
		}
	}
	n.whole, b = b[:i], b[i:]
	if len(b) > 0 && b[0] == f.Decimal {
		i := digitsAt(b, 1)
		if n.frac = b[1:i]; len(n.frac) == 0 {
			return n, false
		}
		b = b[i:]
	}
	if len(n.whole)+len(n.frac) == 0 {
		return n, false
	}
	if len(b) > 1 && b[0]|0x20 == 'e' {
		at := 1
		if b[1] == '-' || b[1] == '+' {
			at = 2
		}
		if end := digitsAt(b, at); end == len(b) && end > at {
			n.exp, b = b[1:], nil
		}
	}
	return n, len(b) == 0
}

// digitsAt is the end of the run of digits that starts at i.
func digitsAt(b []byte, i int) int {
	for i < len(b) && isDigit(b[i]) {
		i++
	}
	return i
}

// separatorAt is the width of the thousands separator at i, 0 when there is none.
func (f NumberFormat) separatorAt(b []byte, i int) int {
	rest := b[i:]
	if len(rest) == 0 {
		return 0
	}
	if f.Thousands != " " {
		if rest[0] == f.Thousands[0] {
			return 1
		}
		return 0
	}
	switch {
	case rest[0] == ' ':
		return 1
	case len(rest) > 1 && rest[0] == 0xC2 && rest[1] == 0xA0:
		return 2
	case len(rest) > 2 && rest[0] == 0xE2 && rest[1] == 0x80 && rest[2] == 0xAF:
		return 3
	}
	return 0
}

// ParseInt64 reads a whole number: an optional sign and digits, with the
// thousands separator only where one belongs. A nil reason is success.
func (f NumberFormat) ParseInt64(b []byte) (int64, *messages.Message) {
	neg, d := false, b
	if len(d) > 0 && (d[0] == '-' || d[0] == '+') {
		neg, d = d[0] == '-', d[1:]
	}
	if len(d) == 0 || len(d) > 18 {
		return f.slowInt64(b)
	}
	var n int64
	for _, c := range d {
		if !isDigit(c) {
			return f.slowInt64(b)
		}
		n = n*10 + int64(c-'0')
	}
	if neg {
		n = -n
	}
	return n, nil
}

func (f NumberFormat) slowInt64(b []byte) (int64, *messages.Message) {
	n, ok := f.scan(b)
	if !ok || n.frac != nil || n.exp != nil {
		if repaired(b, func(b []byte) *messages.Message { _, why := f.ParseInt64(b); return why }) {
			return 0, messages.LetterForDigit
		}
		return 0, messages.BadInteger
	}
	var a accumulator
	a.add(n.whole)
	limit := uint64(math.MaxInt64)
	if n.neg {
		limit++
	}
	if a.significant > 19 || a.hi != 0 || a.lo > limit {
		return 0, messages.Overflow
	}
	if n.neg {
		return int64(-a.lo), nil
	}
	return int64(a.lo), nil
}

// ParseFloat64 reads a number, exponent allowed, no NaN, no infinity. What is
// beyond the largest float is refused; digits beyond its precision are rounded.
func (f NumberFormat) ParseFloat64(b []byte) (float64, *messages.Message) {
	if x, ok := f.shortFloat(b); ok {
		return x, nil
	}
	n, ok := f.scan(b)
	if !ok {
		if repaired(b, func(b []byte) *messages.Message { _, why := f.ParseFloat64(b); return why }) {
			return 0, messages.LetterForDigit
		}
		return 0, messages.BadNumber
	}
	if n.grouped || f.Decimal != '.' {
		var room [64]byte
		b = n.appendPlain(room[:0])
	}
	x, err := strconv.ParseFloat(unsafe.String(unsafe.SliceData(b), len(b)), 64)
	if err != nil {
		return 0, messages.Overflow
	}
	return x, nil
}

// floatPowers are powers of ten, all exact.
var floatPowers = [...]float64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}

// shortFloat is ParseFloat64 for the common case: no separators, no exponent and
// at most 15 digits. Both sides of the division are exact, so its result is the
// nearest float, as Clinger showed ("How to read floating point numbers
// accurately", 1990). It says no to whatever it does not understand.
func (f NumberFormat) shortFloat(b []byte) (float64, bool) {
	neg := len(b) > 0 && b[0] == '-'
	if neg {
		b = b[1:]
	}
	if len(b) == 0 || len(b) > 15 {
		return 0, false
	}
	var v int64
	point := len(b) - 1
	for i, c := range b {
		if d := c - '0'; d <= 9 {
			v = v*10 + int64(d)
		} else if c == f.Decimal && point == len(b)-1 && i < len(b)-1 {
			point = i
		} else {
			return 0, false
		}
	}
	x := float64(v) / floatPowers[len(b)-1-point]
	if neg {
		x = -x
	}
	return x, true
}

// appendPlain writes the number as Go would read it.
func (n numeral) appendPlain(dst []byte) []byte {
	if n.neg {
		dst = append(dst, '-')
	}
	for _, c := range n.whole {
		if isDigit(c) {
			dst = append(dst, c)
		}
	}
	if n.frac != nil {
		dst = append(append(dst, '.'), n.frac...)
	}
	if n.exp != nil {
		dst = append(append(dst, 'e'), n.exp...)
	}
	return dst
}

// AppendFloat64 writes the shortest text that reads back as the same number:
// digits as they are from 1e-7 to below 1e21, with an exponent beyond. What is
// no number is NaN, Inf or -Inf, which ParseFloat64 refuses.
func AppendFloat64(dst []byte, f float64) []byte {
	switch a := math.Abs(f); {
	case math.IsInf(f, 1):
		return append(dst, "Inf"...)
	case a != 0 && (a < 1e-7 || a >= 1e21) && !math.IsInf(f, -1):
		return strconv.AppendFloat(dst, f, 'e', -1, 64)
	}
	return strconv.AppendFloat(dst, f, 'f', -1, 64)
}
