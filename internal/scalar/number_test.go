package scalar

import (
	"math"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow/decimal128"
	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

var (
	comma   = NumberFormat{Decimal: ','}
	english = NumberFormat{Decimal: '.', Thousands: ","}
	german  = NumberFormat{Decimal: ',', Thousands: "."}
)

func TestParseInt64(t *testing.T) {
	for _, c := range []struct {
		f    NumberFormat
		in   string
		want int64
		why  *messages.Message
	}{
		{Plain, "0", 0, nil},
		{Plain, "-0", 0, nil},
		{Plain, "+12", 12, nil},
		{Plain, "007", 7, nil},
		{Plain, "9223372036854775807", math.MaxInt64, nil},
		{Plain, "-9223372036854775808", math.MinInt64, nil},
		{Plain, "0000000000000000000000000000000000000000000001", 1, nil},
		{Plain, "9223372036854775808", 0, messages.Overflow},
		{Plain, "-9223372036854775809", 0, messages.Overflow},
		{Plain, "18446744073709551617", 0, messages.Overflow},
		{Plain, "99999999999999999999999999999999999999999999", 0, messages.Overflow},
		{Plain, "", 0, messages.BadInteger},
		{Plain, "-", 0, messages.BadInteger},
		{Plain, "--1", 0, messages.BadInteger},
		{Plain, "1.0", 0, messages.BadInteger},
		{Plain, "1e3", 0, messages.BadInteger},
		{Plain, " 1", 0, messages.BadInteger},
		{Plain, "1 ", 0, messages.BadInteger},
		{Plain, "1 000", 0, messages.BadInteger},
		{Plain, "1_000", 0, messages.BadInteger},
		{Plain, "1O", 0, messages.LetterForDigit},
		{Plain, "l2", 0, messages.LetterForDigit},
		{Plain, "2I", 0, messages.LetterForDigit},
		{Plain, "O", 0, messages.BadInteger},
		{Plain, "12 mOis", 0, messages.BadInteger},
		{French, "1 137 825", 1137825, nil},
		{French, "-1 137 825", -1137825, nil},
		{French, "1\u00a0137\u202f825", 1137825, nil},
		{French, "137 825", 137825, nil},
		{French, "1137825", 1137825, nil},
		{French, "1137 825", 0, messages.BadInteger},
		{French, "1 13 825", 0, messages.BadInteger},
		{French, "1 1378", 0, messages.BadInteger},
		{French, "1  137", 0, messages.BadInteger},
		{French, " 137", 0, messages.BadInteger},
		{French, "137 ", 0, messages.BadInteger},
		{French, "0 137", 0, messages.BadInteger},
		{French, "1 O00", 0, messages.LetterForDigit},
		{French, "9 223 372 036 854 775 807", math.MaxInt64, nil},
		{French, "9 223 372 036 854 775 808", 0, messages.Overflow},
		{english, "1,137,825", 1137825, nil},
		{english, "1,13", 0, messages.BadInteger},
		{german, "1.137", 1137, nil},
	} {
		got, why := c.f.ParseInt64([]byte(c.in))
		if got != c.want || why != c.why {
			t.Errorf("%v %q: got %d, %v; want %d, %v", c.f, c.in, got, why, c.want, c.why)
		}
	}
}

func TestParseDecimal(t *testing.T) {
	for _, c := range []struct {
		f                NumberFormat
		in               string
		precision, scale int32
		want             string // "" when refused
		why              *messages.Message
	}{
		{Plain, "12.5", 12, 2, "12.50", nil},
		{Plain, ".5", 12, 2, "0.50", nil},
		{Plain, "-.5", 12, 2, "-0.50", nil},
		{Plain, "12.500", 12, 2, "12.50", nil},
		{Plain, "12.505", 12, 2, "", messages.DecimalScale},
		{Plain, "5.", 12, 2, "", messages.BadDecimal},
		{Plain, ".", 12, 2, "", messages.BadDecimal},
		{Plain, "", 12, 2, "", messages.BadDecimal},
		{Plain, "1e3", 12, 2, "", messages.BadDecimal},
		{Plain, "12,5", 12, 2, "", messages.BadDecimal},
		{Plain, "8,03E+13", 38, 2, "", messages.BadDecimal},
		{Plain, "1234567890.00", 12, 2, "1234567890.00", nil},
		{Plain, "12345678901", 12, 2, "", messages.Overflow},
		{Plain, "0.00", 2, 2, "0.00", nil},
		{Plain, "1.00", 2, 2, "", messages.Overflow},
		{Plain, "99999999999999999999999999999999999999", 38, 0, "99999999999999999999999999999999999999", nil},
		{Plain, "-99999999999999999999999999999999999999", 38, 0, "-99999999999999999999999999999999999999", nil},
		{Plain, "100000000000000000000000000000000000000", 38, 0, "", messages.Overflow},
		{Plain, "0.00000000000000000000000000000000000001", 38, 38, "0.00000000000000000000000000000000000001", nil},
		{Plain, "1", 38, 37, "1." + strings.Repeat("0", 37), nil},
		{French, "1 137 825,50", 14, 2, "1137825.50", nil},
		{French, "1\u00a0137\u00a0825,50", 14, 2, "1137825.50", nil},
		{French, "1\u202f137\u202f825,5", 14, 2, "1137825.50", nil},
		{French, "137825,50", 14, 2, "137825.50", nil},
		{French, "1137 825,50", 14, 2, "", messages.BadDecimal},
		{French, "1 137 825.50", 14, 2, "", messages.BadDecimal},
		{French, "1 137,825 50", 14, 2, "", messages.BadDecimal},
		{French, "1 5OO,00", 14, 2, "", messages.LetterForDigit},
		{French, "10,0O", 14, 2, "", messages.LetterForDigit},
		{French, "17 833", 14, 2, "17833.00", nil},
		{French, "17 83", 14, 2, "", messages.BadDecimal},
		{French, "1 000 €", 14, 2, "", messages.BadDecimal},
		{comma, "1 000", 14, 2, "", messages.BadDecimal},
		{english, "1,137,825.50", 14, 2, "1137825.50", nil},
		{german, "1.137.825,50", 14, 2, "1137825.50", nil},
	} {
		got, why := c.f.ParseDecimal([]byte(c.in), c.precision, c.scale)
		text := ""
		if why == nil {
			text = string(AppendDecimal(nil, got, c.scale, '.'))
		}
		if text != c.want || why != c.why {
			t.Errorf("%v %q: got %q, %v; want %q, %v", c.f, c.in, text, why, c.want, c.why)
		}
	}
}

func TestParseFloat64(t *testing.T) {
	for _, c := range []struct {
		f    NumberFormat
		in   string
		want float64
		why  *messages.Message
	}{
		{Plain, "1.5e3", 1500, nil},
		{Plain, "1E-2", 0.01, nil},
		{comma, "-0,25", -0.25, nil},
		{French, "1 137 825,5", 1137825.5, nil},
		{French, "1 137,5e2", 113750, nil},
		{Plain, "1e400", 0, messages.Overflow},
		{Plain, "NaN", 0, messages.BadNumber},
		{Plain, "Inf", 0, messages.BadNumber},
		{Plain, "0x1p4", 0, messages.BadNumber},
		{Plain, "1_0", 0, messages.BadNumber},
		{Plain, "1e", 0, messages.BadNumber},
		{Plain, "1.", 0, messages.BadNumber},
		{Plain, "1.2.3", 0, messages.BadNumber},
		{Plain, "2O.5", 0, messages.LetterForDigit},
	} {
		got, why := c.f.ParseFloat64([]byte(c.in))
		if got != c.want || why != c.why {
			t.Errorf("%v %q: got %v, %v; want %v, %v", c.f, c.in, got, why, c.want, c.why)
		}
	}
}

var formats = []NumberFormat{Plain, French, comma, english, german, {Decimal: '.', Thousands: " "}}

// A text reads as exactly the rational number it writes, or is refused for a
// reason that big.Rat agrees with.
func TestDecimalAgainstRat(t *testing.T) {
	plain := regexp.MustCompile(`^[+-]?(\d+(\.\d+)?|\.\d+)$`)
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.StringMatching(`[+-]?[0-9]{0,40}(\.[0-9]{0,40})?`).Draw(t, "in")
		precision := rapid.Int32Range(1, 38).Draw(t, "precision")
		scale := rapid.Int32Range(0, precision).Draw(t, "scale")
		got, why := Plain.ParseDecimal([]byte(in), precision, scale)
		if !plain.MatchString(in) {
			if why != messages.BadDecimal {
				t.Fatalf("%q: %v", in, why)
			}
			return
		}
		want, _ := new(big.Rat).SetString(in)
		scaled := new(big.Rat).Mul(want, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil)))
		limit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(precision)), nil)
		switch {
		case !scaled.IsInt():
			if why != messages.DecimalScale && why != messages.Overflow {
				t.Fatalf("%q as (%d, %d): %v", in, precision, scale, why)
			}
		case new(big.Int).Abs(scaled.Num()).Cmp(limit) >= 0:
			if why != messages.Overflow {
				t.Fatalf("%q as (%d, %d): %v", in, precision, scale, why)
			}
		case why != nil || got.BigInt().Cmp(scaled.Num()) != 0:
			t.Fatalf("%q as (%d, %d): got %v, %v; want %v", in, precision, scale, got.BigInt(), why, scaled.Num())
		}
	})
}

func TestDecimalRoundTrip(t *testing.T) {
	limit := new(big.Int).Exp(big.NewInt(10), big.NewInt(38), nil)
	rapid.Check(t, func(t *rapid.T) {
		n := decimal128.New(rapid.Int64().Draw(t, "hi"), rapid.Uint64().Draw(t, "lo"))
		scale := rapid.Int32Range(0, 38).Draw(t, "scale")
		f := rapid.SampledFrom(formats).Draw(t, "format")
		text := AppendDecimal(nil, n, scale, f.Decimal)
		want := new(big.Rat).SetFrac(n.BigInt(), new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil)).FloatString(int(scale))
		if strings.Replace(string(text), string(f.Decimal), ".", 1) != want {
			t.Fatalf("got %s, want %s", text, want)
		}
		if new(big.Int).Abs(n.BigInt()).Cmp(limit) >= 0 {
			return
		}
		if back, why := f.ParseDecimal(text, 38, scale); back != n || why != nil {
			t.Fatalf("%s reads back as %v, %v", text, back, why)
		}
	})
}

// Grouping a number by hand gives a text that reads as the number, and a
// separator moved by one digit does not.
func TestThousands(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(1000, math.MaxInt64).Draw(t, "n")
		sep := rapid.SampledFrom([]string{" ", "\u00a0", "\u202f"}).Draw(t, "separator")
		digits := strconv.FormatInt(n, 10)
		at := len(digits)%3 + 3
		at %= 3
		var groups []string
		if at > 0 {
			groups = append(groups, digits[:at])
		}
		for ; at < len(digits); at += 3 {
			groups = append(groups, digits[at:at+3])
		}
		text := strings.Join(groups, sep)
		if got, why := French.ParseInt64([]byte(text)); got != n || why != nil {
			t.Fatalf("%q: got %d, %v", text, got, why)
		}
		i := rapid.IntRange(1, len(digits)-1).Draw(t, "at")
		one := digits[:i] + sep + digits[i:]
		if _, why := French.ParseInt64([]byte(one)); (why == nil) != (one == text) {
			t.Fatalf("%q: %v", one, why)
		}
	})
}

func TestFloatRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := math.Float64frombits(rapid.Uint64().Draw(t, "bits"))
		text := AppendFloat64(nil, x)
		if math.IsNaN(x) || math.IsInf(x, 0) {
			if _, why := Plain.ParseFloat64(text); why != messages.BadNumber {
				t.Fatalf("%s: %v", text, why)
			}
			return
		}
		back, why := Plain.ParseFloat64(text)
		if why != nil || math.Float64bits(back) != math.Float64bits(x) {
			t.Fatalf("%s reads back as %v, %v", text, back, why)
		}
	})
}

func FuzzInt64(f *testing.F) {
	for _, s := range []string{"1", "-9223372036854775808", "1O", "+0", "00", "1.0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, why := Plain.ParseInt64([]byte(s))
		want, err := strconv.ParseInt(s, 10, 64)
		if (why == nil) != (err == nil) || err == nil && got != want {
			t.Fatalf("%q: got %d, %v; strconv says %d, %v", s, got, why, want, err)
		}
	})
}

func FuzzFloatAgainstStrconv(f *testing.F) {
	for _, s := range []string{"1.5", "-0", "0.1", ".5", "5.", "123456789012345", "99999999999999.9", "1e5", "-.", "1.2.3"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		x, ok := Plain.shortFloat([]byte(s))
		if want, err := strconv.ParseFloat(s, 64); ok && (err != nil || math.Float64bits(x) != math.Float64bits(want)) {
			t.Fatalf("%q: %v, want %v, %v", s, x, want, err)
		}
	})
}

func TestShortFloatAgainstStrconv(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringMatching(`-?[0-9]{0,15}(\.[0-9]{1,14})?`).Draw(t, "s")
		x, ok := Plain.shortFloat([]byte(s))
		if want, err := strconv.ParseFloat(s, 64); ok && (err != nil || math.Float64bits(x) != math.Float64bits(want)) {
			t.Fatalf("%q: %v, want %v, %v", s, x, want, err)
		}
	})
}

func BenchmarkParseDecimal(b *testing.B) {
	in := []byte("1137825.50")
	b.SetBytes(int64(len(in)))
	for b.Loop() {
		Plain.ParseDecimal(in, 14, 2)
	}
}

func BenchmarkParseDecimalFrench(b *testing.B) {
	in := []byte("1 137 825,50")
	b.SetBytes(int64(len(in)))
	for b.Loop() {
		French.ParseDecimal(in, 14, 2)
	}
}

func TestIntegersAreWrittenAsGoDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.OneOf(rapid.Int64(), rapid.Int64Range(-1100, 1100)).Draw(t, "v")
		if got, want := string(AppendInt64([]byte("x"), v)), "x"+strconv.FormatInt(v, 10); got != want {
			t.Fatalf("got %s, wanted %s", got, want)
		}
	})
}

// Short decimals are written as long ones are: what is beside the mark does not change
// with the way it is written.
func TestShortDecimalsAreWrittenAsLongOnes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		u := rapid.OneOf(rapid.Uint64Range(0, 1e18+10), rapid.Uint64Range(0, 2000)).Draw(t, "u")
		scale := rapid.IntRange(0, 19).Draw(t, "scale")
		digits := strconv.FormatUint(u, 10)
		for len(digits) <= scale {
			digits = "0" + digits
		}
		want := digits
		if scale > 0 {
			want = digits[:len(digits)-scale] + "," + digits[len(digits)-scale:]
		}
		n := decimal128.New(0, u)
		if got := string(AppendDecimal([]byte("x"), n, int32(scale), ',')); got != "x"+want {
			t.Fatalf("got %s, wanted %s", got, want)
		}
		if n = n.Negate(); u > 0 {
			want = "-" + want
		}
		if got := string(AppendDecimal([]byte("x"), n, int32(scale), ',')); got != "x"+want {
			t.Fatalf("got %s, wanted %s", got, want)
		}
	})
}
