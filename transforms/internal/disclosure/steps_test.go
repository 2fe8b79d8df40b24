package disclosure

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
	"unicode/utf8"
)

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
