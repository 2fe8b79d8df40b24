package protect

import (
	"math/big"
	"sort"
	"strconv"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Ends says on which side of its bounds a generalisation goes on for ever.
type Ends struct{ Below, Above bool }

// Bands are ranges between bounds: a bound is the first number of the range
// above it. Of whole numbers a range is "18 à 24", of others "18 à moins de 25";
// an open end is "moins de 18" and "80 ou plus". Beyond an end that is not open
// a number is outside of the domain, and so is what is not a number; infinity is
// in an open end.
type Bands struct {
	bounds []Number // of the finest level
	scaled []*big.Int
	scale  int
	ends   Ends
	labels [][]string // by level and by range of the finest level
	domain string
}

// NewBands makes bands of numbers of type t. The bounds of each level rise; those
// of a level are among those of the level before, and an end that is not open is
// the same in all.
func NewBands(t arrow.DataType, ends Ends, levels ...[]Number) (*Bands, error) {
	whole, err := numeric(t)
	if err != nil {
		return nil, err
	}
	return newBands(whole, ends, levels)
}

func newBands(whole bool, ends Ends, levels [][]Number) (*Bands, error) {
	least := 2
	if ends.Below || ends.Above {
		least = 1
	}
	if len(levels) == 0 {
		return nil, messages.FewBounds.With("wanted", least)
	}
	for l, bounds := range levels {
		if len(bounds) < least {
			return nil, messages.FewBounds.With("wanted", least)
		}
		for i, b := range bounds {
			switch {
			case b.infinite != 0 || i > 0 && bounds[i-1].compare(b) >= 0:
				return nil, messages.BoundOrder.With("bound", b.String())
			case whole && b.short().scale > 0:
				return nil, messages.BoundNotWhole.With("bound", b.String())
			}
		}
		if l > 0 {
			if err := within(levels[l-1], bounds, ends, l+1); err != nil {
				return nil, err
			}
		}
	}
	b := &Bands{bounds: levels[0], ends: ends}
	for _, n := range b.bounds {
		b.scale = max(b.scale, n.short().scale)
	}
	for _, n := range b.bounds {
		b.scaled = append(b.scaled, n.at(b.scale))
	}
	for _, bounds := range levels {
		b.labels = append(b.labels, b.level(whole, bounds))
	}
	b.domain = b.describe(whole)
	return b, nil
}

// within refuses a level whose bounds are not among those of the finer one.
func within(finer, bounds []Number, ends Ends, level int) error {
	i := 0
	for _, b := range bounds {
		for i < len(finer) && finer[i].compare(b) < 0 {
			i++
		}
		if i == len(finer) || finer[i].compare(b) != 0 {
			return messages.LevelsNotNested.With("bound", b.String(), "level", level)
		}
	}
	last := len(bounds) - 1
	switch {
	case !ends.Below && bounds[0].compare(finer[0]) != 0:
		return messages.LevelsNotNested.With("bound", bounds[0].String(), "level", level)
	case !ends.Above && bounds[last].compare(finer[len(finer)-1]) != 0:
		return messages.LevelsNotNested.With("bound", bounds[last].String(), "level", level)
	}
	return nil
}

// level is the label of a level for each range of the finest.
func (b *Bands) level(whole bool, bounds []Number) []string {
	labels := make([]string, len(b.bounds)+1)
	at := 0 // how many bounds of the level are at or below the range
	for i := range labels {
		if i > 0 && at < len(bounds) && bounds[at].compare(b.bounds[i-1]) == 0 {
			at++
		}
		switch {
		case at == 0:
			labels[i] = "moins de " + bounds[0].french()
		case at == len(bounds):
			labels[i] = bounds[at-1].french() + " ou plus"
		default:
			labels[i] = span(whole, bounds[at-1], bounds[at])
		}
	}
	return labels
}

// span names the numbers from a to below b.
func span(whole bool, a, b Number) string {
	if !whole {
		return a.french() + " à moins de " + b.french()
	}
	last := Number{unscaled: new(big.Int).Sub(b.at(0), big.NewInt(1))}
	if last.compare(a) == 0 {
		return a.french()
	}
	return a.french() + " à " + last.french()
}

func (b *Bands) describe(whole bool) string {
	kind := "nombres"
	if whole {
		kind = "nombres entiers"
	}
	first, last := b.bounds[0].french(), b.bounds[len(b.bounds)-1].french()
	switch {
	case b.ends.Below && b.ends.Above:
		return kind
	case b.ends.Below:
		return kind + " inférieurs à " + last
	case b.ends.Above:
		return kind + " à partir de " + first
	}
	return kind + " de " + first + " à moins de " + last
}

// Levels are named by their place: tranches, tranches 2.
func (b *Bands) Levels() []string { return numbered("tranches", len(b.labels)) }

func numbered(name string, n int) []string {
	names := make([]string, n)
	for i := range names {
		if names[i] = name; i > 0 {
			names[i] += " " + strconv.Itoa(i+1)
		}
	}
	return names
}

// Domain says between what the numbers are.
func (b *Bands) Domain() string { return b.domain }

// Labels are the ranges that number i of a is in.
func (b *Bands) Labels(dst []string, a arrow.Array, i int) ([]string, bool) {
	n, ok := numberOf(a, i)
	if !ok {
		return dst, false
	}
	return b.of(dst, n)
}

func (b *Bands) of(dst []string, n Number) ([]string, bool) {
	var at int
	switch n.infinite {
	case 1:
		at = len(b.scaled)
	case -1:
		at = 0
	default:
		v := n.at(b.scale)
		at = sort.Search(len(b.scaled), func(i int) bool { return b.scaled[i].Cmp(v) > 0 })
	}
	if at == 0 && !b.ends.Below || at == len(b.scaled) && !b.ends.Above {
		return dst, false
	}
	for _, labels := range b.labels {
		dst = append(dst, labels[at])
	}
	return dst, true
}

// JoinNeighbours are the bounds of the level above: ranges are put together two
// by two, from the lowest; an open end is a range. It is nil when one range would
// be left.
func JoinNeighbours(bounds []Number, ends Ends) []Number {
	var all []Number
	first, last := 0, len(bounds)
	if !ends.Below {
		all, first = append(all, bounds[0]), 1
	}
	if !ends.Above {
		last--
	}
	if last-first < 2 {
		return nil
	}
	inner := bounds[first:last]
	for i := 1; i < len(inner); i += 2 {
		all = append(all, inner[i])
	}
	if !ends.Above {
		all = append(all, bounds[last])
	}
	return all
}
