package disclosure

import "math"

// Models is what every class that stays must keep. A zero field asks nothing.
type Models struct {
	// K is the least number of rows of a class or, where the shape counts subjects,
	// of distinct subjects.
	K int
	// Wildcard says that null matches any value, both ways, when K counts; the
	// default is that null equals null only.
	Wildcard bool
	// KMap is the least number of persons of the population in a class.
	KMap int
	// AverageRisk is the greatest mean of the rows' risks, which is classes by rows.
	// The smallest classes are suppressed until it holds, the first in the order of
	// what stands for their values when they are as small, null last.
	AverageRisk Ratio
	Sensitive   []Sensitive
}

// Sensitive is what the values of one sensitive column must keep in every class.
// Each column is judged alone or, where Shape.Together says so, with the other sensitive
// columns added to the quasi-identifiers: in every part of a class whose rows have the
// same values in all of these, null among them, which equals null alone. K, KMap and
// AverageRisk are of the classes of the quasi-identifiers in either case, and a part has
// rows, whoever they are of. The population of t-closeness is all rows of the input,
// those suppressed later included.
type Sensitive struct {
	Column    int   // in the shape
	Distinct  int   // least number of values
	Entropy   Ratio // least l of which ln l is the entropy
	Recursive Recursive
	Closeness *Closeness
	// NullCounts makes null a value like others for the l-diversities. By default it
	// does not count towards l: a class is judged by its other values.
	NullCounts bool
}

// Recursive is (c, l)-diversity; L = 0 asks nothing.
type Recursive struct {
	C Ratio
	L int
}

// Closeness is t-closeness. Null is a value, the last one where there is an order.
type Closeness struct {
	T        Ratio
	Distance Distance
	// Levels is the hierarchy of Hierarchical, and gives Ordered its order.
	Levels *Levels
	// Order is the values in the order of Ordered, as places in Domain.Values. Without it
	// and without Levels they are in that of their bytes.
	Order []uint32
}

// Distance is how far two distributions are apart.
type Distance int

const (
	Equal Distance = iota
	Ordered
	Hierarchical
)

// least is how many rows there must be at least.
func (m Models) least(together bool) int64 { return int64(max(m.K, m.fewest(together), 1)) }

// smallest is a number of rows that no class that stays is below. Where null matches
// any value, K is not about a class alone.
func (m Models) smallest(together bool) int64 {
	if m.Wildcard {
		return int64(max(m.fewest(together), 1))
	}
	return m.least(together)
}

// values is how many values a class has at least: as many as it takes for the entropy
// too. That lasts, whatever else joins.
func (s Sensitive) values() int {
	n := max(s.Distinct, s.Recursive.L)
	if num, den := s.Entropy.terms(); num > den {
		n = max(n, int(min((num+den-1)/den, math.MaxInt32)))
	}
	return n
}

// fewest is how many rows the values take that a class has at least. Of columns that are
// judged together it is how many combinations: the others being what they are in some
// row, a column has its values; each being what it is then, so has the next one.
func (m Models) fewest(together bool) int {
	n := 0
	for _, s := range m.Sensitive {
		switch v := s.values(); {
		case !together || n == 0:
			n = max(n, v)
		case v > 0:
			n = int(min(int64(n)*int64(v), math.MaxInt32))
		}
	}
	return n
}

// monotone says whether a class that joins one that passes always passes. Of columns
// that are judged together none does: what joins may have a part of its own.
func (m Models) monotone(together bool) bool {
	for _, s := range m.Sensitive {
		if together && s.values() > 0 || s.Entropy.num > 0 || s.Recursive.L > 0 || s.Closeness != nil {
			return false
		}
	}
	return true
}
