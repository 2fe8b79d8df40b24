package protect

import (
	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Limits names what is at or beyond a limit by the limit alone, and leaves what
// is between as it is.
type Limits struct{ bottom, top *Number }

// NewLimits limits numbers of type t below, above or both; a nil limit is none.
func NewLimits(t arrow.DataType, bottom, top *Number) (*Limits, error) {
	if _, err := numeric(t); err != nil {
		return nil, err
	}
	for _, n := range []*Number{bottom, top} {
		if n != nil && n.infinite != 0 {
			return nil, messages.BoundOrder.With("bound", n.String())
		}
	}
	switch {
	case bottom == nil && top == nil:
		return nil, messages.FewBounds.With("wanted", 1)
	case bottom != nil && top != nil && bottom.compare(*top) >= 0:
		return nil, messages.BoundOrder.With("bound", top.String())
	}
	return &Limits{bottom, top}, nil
}

// Levels is one.
func (l *Limits) Levels() []string { return []string{"valeurs extrêmes regroupées"} }

// Domain is every number.
func (l *Limits) Domain() string { return "nombres" }

// Labels is number i of a, or the limit that it reaches.
func (l *Limits) Labels(dst []string, a arrow.Array, i int) ([]string, bool) {
	n, ok := numberOf(a, i)
	switch {
	case !ok:
		return dst, false
	case l.top != nil && n.compare(*l.top) >= 0:
		return append(dst, l.top.french()+" ou plus"), true
	case l.bottom != nil && n.compare(*l.bottom) <= 0:
		return append(dst, l.bottom.french()+" ou moins"), true
	case n.infinite != 0:
		return dst, false
	}
	return append(dst, n.french()), true
}
