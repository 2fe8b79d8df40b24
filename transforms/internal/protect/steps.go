package protect

import (
	"math/big"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Steps are ranges of one width that begin at its multiples, rounded down: with
// 10, -1 is in "-10 à -1". Each level is wider. Numbers are finite.
type Steps struct {
	widths []Number
	whole  bool
	centre bool // labels are the middles
}

// NewSteps makes ranges of numbers of type t; each width is a multiple of the one
// before.
func NewSteps(t arrow.DataType, widths ...Number) (*Steps, error) { return newSteps(t, widths, false) }

// NewSnap puts coordinates, in degrees or metres, in the middle of cells of the
// given sizes, which begin at their multiples. Labels are numbers with a point.
func NewSnap(t arrow.DataType, sizes ...Number) (*Steps, error) { return newSteps(t, sizes, true) }

func newSteps(t arrow.DataType, widths []Number, centre bool) (*Steps, error) {
	whole, err := numeric(t)
	if err != nil {
		return nil, err
	}
	if len(widths) == 0 {
		return nil, messages.FewBounds.With("wanted", 1)
	}
	for i, w := range widths {
		if w.infinite != 0 || w.sign() <= 0 {
			return nil, messages.NotAboveZero.With("got", w.String())
		}
		if whole && !centre && w.short().scale > 0 {
			return nil, messages.BoundNotWhole.With("bound", w.String())
		}
		if i > 0 && (w.compare(widths[i-1]) <= 0 || widths[i-1].times(w.steps(widths[i-1])).compare(w) != 0) {
			return nil, messages.WidthsNotNested.With("width", w.String(), "before", widths[i-1].String())
		}
	}
	return &Steps{widths, whole, centre}, nil
}

// Levels are named by their widths.
func (s *Steps) Levels() []string {
	names := make([]string, len(s.widths))
	for i, w := range s.widths {
		if names[i] = "tranches de " + w.french(); s.centre {
			names[i] = "mailles de " + w.french()
		}
	}
	return names
}

// Domain is every number.
func (s *Steps) Domain() string { return "nombres" }

var one = big.NewInt(1)

// Labels are the ranges that number i of a is in.
func (s *Steps) Labels(dst []string, a arrow.Array, i int) ([]string, bool) {
	n, ok := numberOf(a, i)
	if !ok || n.infinite != 0 {
		return dst, false
	}
	for _, w := range s.widths {
		k := n.steps(w)
		from := w.times(k)
		if s.centre {
			half := Number{unscaled: new(big.Int).Mul(w.at(w.scale), big.NewInt(5)), scale: w.scale + 1}
			dst = append(dst, Number{unscaled: new(big.Int).Add(from.at(half.scale), half.at(half.scale)), scale: half.scale}.text("."))
			continue
		}
		dst = append(dst, span(s.whole, from, w.times(new(big.Int).Add(k, one))))
	}
	return dst, true
}
