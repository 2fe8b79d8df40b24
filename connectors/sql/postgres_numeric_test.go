package sql

import (
	"encoding/binary"
	"math/big"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// sendNumeric is numeric_send: groups of four digits around the decimal point,
// without groups of zeros at either end.
func sendNumeric(text string) []byte {
	text, negative := strings.CutPrefix(text, "-")
	whole, part, _ := strings.Cut(text, ".")
	scale := len(part)
	for len(whole)%4 != 0 {
		whole = "0" + whole
	}
	for len(part)%4 != 0 {
		part += "0"
	}
	weight := len(whole)/4 - 1
	var groups []uint16
	for all := whole + part; all != ""; all = all[4:] {
		n := uint16(0)
		for _, d := range all[:4] {
			n = n*10 + uint16(d-'0')
		}
		groups = append(groups, n)
	}
	for len(groups) > 0 && groups[0] == 0 {
		groups, weight = groups[1:], weight-1
	}
	for len(groups) > 0 && groups[len(groups)-1] == 0 {
		groups = groups[:len(groups)-1]
	}
	if len(groups) == 0 {
		weight, negative = 0, false
	}
	sign := uint16(numericPositive)
	if negative {
		sign = numericNegative
	}
	b := binary.BigEndian.AppendUint16(nil, uint16(len(groups)))
	b = binary.BigEndian.AppendUint16(b, uint16(int16(weight)))
	b = binary.BigEndian.AppendUint16(b, sign)
	b = binary.BigEndian.AppendUint16(b, uint16(scale))
	for _, g := range groups {
		b = binary.BigEndian.AppendUint16(b, g)
	}
	return b
}

// exact is what readNumeric must find, by rational arithmetic.
func exact(text string, precision, scale int32) (*big.Int, *messages.Message) {
	r, _ := new(big.Rat).SetString(text)
	ten := func(n int32) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }
	r.Mul(r, new(big.Rat).SetInt(ten(scale)))
	if r.Cmp(new(big.Rat).SetInt(ten(precision))) >= 0 || r.Cmp(new(big.Rat).Neg(new(big.Rat).SetInt(ten(precision)))) <= 0 {
		return nil, messages.Overflow
	}
	if !r.IsInt() {
		return nil, messages.DecimalScale
	}
	return r.Num(), nil
}

func TestDecodeNumericAgainstRat(t *testing.T) {
	digits := rapid.OneOf(rapid.StringMatching(`[0-9]{1,45}`), rapid.StringMatching(`[0-9]{1,16}`))
	rapid.Check(t, func(t *rapid.T) {
		text := digits.Draw(t, "whole")
		if rapid.Bool().Draw(t, "small") {
			text = "0"
		}
		if rapid.Bool().Draw(t, "fraction") {
			text += "." + rapid.OneOf(rapid.StringMatching(`0{0,40}[0-9]{1,42}0{0,6}`), rapid.StringMatching(`[0-9]{1,4}`)).Draw(t, "part")
		}
		if rapid.Bool().Draw(t, "negative") {
			text = "-" + text
		}
		p := rapid.Int32Range(1, 38).Draw(t, "precision")
		s := rapid.Int32Range(0, p).Draw(t, "scale")
		checkNumeric(t, text, p, s)
	})
}

func TestDecodeNumericEdges(t *testing.T) {
	nines := strings.Repeat("9", 38)
	for _, c := range []struct {
		text string
		p, s int32
	}{
		{"0", 1, 0}, {"0", 38, 38}, {nines, 38, 0}, {"-" + nines, 38, 0}, {nines + "0", 38, 0}, {"1" + strings.Repeat("0", 38), 38, 0},
		{"0." + nines, 38, 38}, {strings.Repeat("9", 37) + ".9", 38, 1}, {strings.Repeat("9", 36) + ".09", 38, 2}, {strings.Repeat("9", 35) + ".001", 38, 3},
		{"0.0001", 4, 4}, {"0.00001", 5, 4}, {"0.10000", 2, 1}, {"10000", 5, 0}, {"10000", 4, 0}, {"99999999.9999", 12, 4}, {"1e0"[:1], 1, 1},
		{strings.Repeat("9", 200), 38, 0}, {"0." + strings.Repeat("0", 200) + "1", 38, 38},
	} {
		checkNumeric(t, c.text, c.p, c.s)
	}
}

func checkNumeric(t interface{ Fatalf(string, ...any) }, text string, p, s int32) {
	got, bad := newNumeric(&arrow.Decimal128Type{Precision: p, Scale: s}).read(sendNumeric(text))
	want, why := exact(text, p, s)
	if why != nil {
		// A value both too large and too fine may be refused for either.
		if bad == nil || bad.Message != why && bad.Message != messages.DecimalScale {
			t.Fatalf("%s as decimal(%d, %d): want %s, got %v %v", text, p, s, why.Code, got, bad)
		}
		return
	}
	if bad != nil || got.BigInt().Cmp(want) != 0 {
		t.Fatalf("%s as decimal(%d, %d): want %s, got %s, %v", text, p, s, want, got.BigInt(), bad)
	}
}

func TestDecodeNumericNotANumber(t *testing.T) {
	for name, sign := range map[string]uint16{"NaN": 0xC000, "Infinity": 0xD000, "-Infinity": 0xF000} {
		b := binary.BigEndian.AppendUint16([]byte{0, 0, 0, 0}, sign)
		if _, why := newNumeric(&arrow.Decimal128Type{Precision: 10, Scale: 2}).read(append(b, 0, 0)); why != notFinite {
			t.Errorf("%s: %v", name, why)
		}
	}
}

// No bytes make a column panic: a broken server must not take the run down.
func FuzzColumns(f *testing.F) {
	f.Add([]byte{0, 1, 0, 0, 0, 0, 0, 0, 0, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		for k := pgBool; k <= pgTextArray; k++ {
			for _, want := range everyType() {
				if c, ok := postgresColumn(k, want); ok {
					c.start(memory.DefaultAllocator, 2)
					kept := 0
					for range 2 {
						if why := c.put(kept, b); why != nil {
							c.again(kept)
							continue
						}
						kept++
					}
					c.finish(kept).Release()
				}
			}
		}
	})
}
