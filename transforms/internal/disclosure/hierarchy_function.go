package disclosure

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Step makes one level of a hierarchy: the label of a value, given the value and
// its label one level below; false when it has none, as a text that is no number.
type Step func(value, below string) (label string, ok bool)

// Functions is the hierarchy that steps make, from the first level up. Its domain
// is the values that occur. A value to which a step gives no label is missing from
// the hierarchy, and levels that do not nest are refused, as in a file.
func Functions(steps ...Step) Hierarchy { return functions(steps) }

type functions []Step

func (f functions) tree(column string, d *Domain) (*tree, error) {
	above := make([][]string, len(f))
	var leaves []string
	for _, v := range d.Values {
		labels, ok := f.labels(v)
		if !ok {
			continue
		}
		leaves = append(leaves, v)
		for l, label := range labels {
			above[l] = append(above[l], label)
		}
	}
	t, err := newTree(column, leaves, above, func(int) int { return 0 })
	if e := messages.Find(err); e != nil && e.Message == messages.HierarchySplits {
		return nil, messages.StepsSplit.With("column", column, "level", e.Param("level"), "below", e.Param("below"))
	}
	return t, err
}

func (f functions) labels(v string) ([]string, bool) {
	labels := make([]string, len(f))
	below := v
	for l, step := range f {
		label, ok := step(v, below)
		if !ok {
			return nil, false
		}
		labels[l], below = label, label
	}
	return labels, true
}

// All generalises every value to *.
func All(string, string) (string, bool) { return Star, true }

// Bands puts numbers into bands: bounds rise, and each is the first number of its
// band. What is below the first bound, or at or above the last, is a band too.
func Bands(bounds ...string) (Step, error) {
	limits, err := numbers(bounds)
	if err != nil {
		return nil, err
	}
	if len(limits) == 0 {
		return nil, fmt.Errorf("bands need a bound")
	}
	for i := 1; i < len(limits); i++ {
		if limits[i-1].Cmp(limits[i]) >= 0 {
			return nil, fmt.Errorf("bounds of bands rise: %s, %s do not", bounds[i-1], bounds[i])
		}
	}
	return func(value, _ string) (string, bool) {
		x, ok := number(value)
		if !ok {
			return "", false
		}
		i, found := slices.BinarySearchFunc(limits, x, (*big.Rat).Cmp)
		if found {
			i++
		}
		switch i {
		case 0:
			return "< " + bounds[0], true
		case len(bounds):
			return "≥ " + bounds[i-1], true
		}
		return "[" + bounds[i-1] + ", " + bounds[i] + "[", true
	}, nil
}

// Round rounds the number one level below to the nearest multiple of base, half away
// from zero. It leaves alone what is no number any more there, as a top code.
func Round(base string) (Step, error) {
	b, ok := number(base)
	if !ok || b.Sign() <= 0 {
		return nil, fmt.Errorf("a base is a number above 0, not %q", base)
	}
	decimals := 0
	if _, fraction, found := strings.Cut(base, "."); found {
		decimals = len(fraction)
	}
	half := big.NewRat(1, 2)
	return func(value, below string) (string, bool) {
		if _, ok := number(value); !ok {
			return "", false
		}
		x, ok := number(below)
		if !ok {
			return below, true
		}
		q := new(big.Rat).Quo(new(big.Rat).Abs(x), b)
		q.Add(q, half)
		n := new(big.Int).Quo(q.Num(), q.Denom())
		m := new(big.Rat).Mul(new(big.Rat).SetInt(n), b)
		if x.Sign() < 0 {
			m.Neg(m)
		}
		return m.FloatString(decimals), true
	}, nil
}

// Clamp codes from the top and the bottom: numbers at or above top are one value,
// those at or below bottom another; an empty bound is none. Others stay.
func Clamp(bottom, top string) (Step, error) {
	var limits [2]*big.Rat
	for i, text := range []string{bottom, top} {
		if text == "" {
			continue
		}
		var ok bool
		if limits[i], ok = number(text); !ok {
			return nil, fmt.Errorf("%q is no number", text)
		}
	}
	if limits[0] != nil && limits[1] != nil && limits[0].Cmp(limits[1]) >= 0 {
		return nil, fmt.Errorf("bottom %s is not below top %s", bottom, top)
	}
	return func(value, below string) (string, bool) {
		x, ok := number(value)
		switch {
		case !ok:
			return "", false
		case limits[0] != nil && x.Cmp(limits[0]) <= 0:
			return "≤ " + bottom, true
		case limits[1] != nil && x.Cmp(limits[1]) >= 0:
			return "≥ " + top, true
		}
		return below, true
	}, nil
}

// Month, Quarter and Year shorten a date (2024-03-09, whatever follows) to 2024-03,
// 2024-T1 and 2024.
func Month(value, _ string) (string, bool) {
	d, ok := date(value)
	return d.Format("2006-01"), ok
}

func Quarter(value, _ string) (string, bool) {
	d, ok := date(value)
	return fmt.Sprintf("%04d-T%d", d.Year(), (int(d.Month())+2)/3), ok
}

func Year(value, _ string) (string, bool) {
	d, ok := date(value)
	return d.Format("2006"), ok
}

func date(value string) (time.Time, bool) {
	if len(value) > 10 && value[10] != 'T' && value[10] != ' ' {
		return time.Time{}, false
	}
	d, err := time.Parse(time.DateOnly, value[:min(10, len(value))])
	return d, err == nil
}

// Prefix keeps the first n characters and puts a * for each of the others. A shorter
// value stays.
func Prefix(n int) Step {
	return func(value, _ string) (string, bool) {
		at := 0
		for range n {
			_, size := utf8.DecodeRuneInString(value[at:])
			at += size
		}
		return value[:at] + strings.Repeat(Star, utf8.RuneCountInString(value[at:])), true
	}
}

func numbers(texts []string) ([]*big.Rat, error) {
	ns := make([]*big.Rat, len(texts))
	for i, text := range texts {
		var ok bool
		if ns[i], ok = number(text); !ok {
			return nil, fmt.Errorf("%q is no number", text)
		}
	}
	return ns, nil
}
