package protect

import (
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"

	"github.com/lavoir-data/lavoir/internal/scalar"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Number is an exact decimal number, finite or infinite. The zero Number is 0;
// there is no negative zero, and what is not a number is none.
type Number struct {
	unscaled *big.Int // nil is 0
	scale    int      // digits after the point, from 0
	infinite int      // -1 or 1: the number is beyond all others
}

// Whole is a whole number.
func Whole(n int64) Number { return Number{unscaled: big.NewInt(n)} }

// ParseNumber reads a number as it is written with a point: -12.5, 1e3.
func ParseNumber(s string) (Number, bool) {
	if _, why := scalar.Plain.ParseFloat64([]byte(s)); why != nil {
		return Number{}, false
	}
	mantissa, exponent, _ := strings.Cut(strings.ToLower(s), "e")
	whole, fraction, _ := strings.Cut(mantissa, ".")
	e := 0
	if exponent != "" {
		var err error
		if e, err = strconv.Atoi(exponent); err != nil {
			return Number{}, false
		}
	}
	unscaled, ok := new(big.Int).SetString(whole+fraction, 10)
	if !ok || e < -400 || e > 400 {
		return Number{}, false
	}
	n := Number{unscaled: unscaled, scale: len(fraction) - e}
	if n.scale < 0 {
		n = Number{unscaled: n.at(0)}
	}
	return n.short(), true
}

// numberOf is value i of an array of a number type, which is not null. It says
// no of what is not a number. A float is the shortest decimal that reads back as
// it, which is what the file shows.
func numberOf(a arrow.Array, i int) (Number, bool) {
	switch a := a.(type) {
	case *array.Int32:
		return Whole(int64(a.Value(i))), true
	case *array.Int64:
		return Whole(a.Value(i)), true
	case *array.Decimal128:
		return Number{unscaled: a.Value(i).BigInt(), scale: int(a.DataType().(*arrow.Decimal128Type).Scale)}, true
	case *array.Float64:
		switch f := a.Value(i); {
		case math.IsNaN(f):
			return Number{}, false
		case math.IsInf(f, 1):
			return Number{infinite: 1}, true
		case math.IsInf(f, -1):
			return Number{infinite: -1}, true
		default:
			return ParseNumber(strconv.FormatFloat(f, 'e', -1, 64))
		}
	}
	panic("protect: no number in " + a.DataType().String())
}

// numeric refuses a type whose values are no numbers, and says whether all of
// them are whole.
func numeric(t arrow.DataType) (whole bool, err error) {
	switch t := t.(type) {
	case *arrow.Int32Type, *arrow.Int64Type:
		return true, nil
	case *arrow.Decimal128Type:
		return t.Scale <= 0, nil
	case *arrow.Float64Type:
		return false, nil
	}
	return false, messages.GeneraliseType.With("got", pipelines.TypeName(t), "wanted", "int32, int64, decimal, float64")
}

var ten = big.NewInt(10)

func power(n int) *big.Int { return new(big.Int).Exp(ten, big.NewInt(int64(n)), nil) }

// at is how many units of the given scale the number has, rounded down.
func (n Number) at(scale int) *big.Int {
	u := n.unscaled
	if u == nil {
		u = new(big.Int)
	}
	switch {
	case scale > n.scale:
		return new(big.Int).Mul(u, power(scale-n.scale))
	case scale < n.scale:
		return floor(u, power(n.scale-scale))
	}
	return u
}

// floor is a/b rounded down; b is above zero.
func floor(a, b *big.Int) *big.Int {
	q, _ := new(big.Int).DivMod(a, b, new(big.Int)) // the rest is never negative
	return q
}

// short is the number without zeros at its end.
func (n Number) short() Number {
	if n.unscaled == nil || n.unscaled.Sign() == 0 {
		return Number{infinite: n.infinite}
	}
	var q, m big.Int
	for n.scale > 0 {
		if q.QuoRem(n.unscaled, ten, &m); m.Sign() != 0 {
			break
		}
		n.unscaled = new(big.Int).Set(&q)
		n.scale--
	}
	return n
}

func (n Number) compare(m Number) int {
	if n.infinite != 0 || m.infinite != 0 {
		return n.infinite - m.infinite
	}
	scale := max(n.scale, m.scale)
	return n.at(scale).Cmp(m.at(scale))
}

func (n Number) sign() int {
	switch {
	case n.infinite != 0:
		return n.infinite
	case n.unscaled == nil:
		return 0
	}
	return n.unscaled.Sign()
}

// text writes a finite number with the given decimal mark and no zeros at its end.
func (n Number) text(mark string) string {
	n = n.short()
	if n.unscaled == nil {
		return "0"
	}
	digits := new(big.Int).Abs(n.unscaled).String()
	if n.scale > 0 {
		if len(digits) <= n.scale {
			digits = strings.Repeat("0", n.scale-len(digits)+1) + digits
		}
		digits = digits[:len(digits)-n.scale] + mark + digits[len(digits)-n.scale:]
	}
	if n.unscaled.Sign() < 0 {
		return "-" + digits
	}
	return digits
}

// french writes a finite number with a decimal comma.
func (n Number) french() string { return n.text(",") }

// String is the number with a decimal point.
func (n Number) String() string {
	switch n.infinite {
	case 1:
		return "Inf"
	case -1:
		return "-Inf"
	}
	return n.text(".")
}

// steps is how many times step fits below n, rounded down; step is above zero.
func (n Number) steps(step Number) *big.Int {
	scale := max(n.scale, step.scale)
	return floor(n.at(scale), step.at(scale))
}

// times is step, n times.
func (n Number) times(by *big.Int) Number {
	return Number{unscaled: new(big.Int).Mul(n.at(n.scale), by), scale: n.scale}
}
