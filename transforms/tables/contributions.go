package tables

import (
	"math"
	"math/big"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/decimal128"

	"github.com/lavoir-data/lavoir/internal/arrowx"
)

// counted is the measures of which is told of how many subjects they are, and shared
// those of which is told what part one of them has. An extreme is the value of one
// subject, whoever else there is, and so none of them.
var (
	counted = []string{"sum", "avg", "count", "count_distinct"}
	shared  = []string{"sum", "avg", "count"}
)

// shareType holds parts of a whole. What is 10 times the whole and more has no part,
// nor has anything a part of nothing.
var shareType = &arrow.Decimal128Type{Precision: 10, Scale: 9}

// contributions measures what each subject has in a group's measure. Rows without a
// subject count as none, and what they have as that of one.
type contributions struct {
	inner accumulator // sums or counts, by subject of a group
	by    arrow.Array // the subjects of what is measured next
	pairs []map[string]int32
	n     int32
	bytes int64
	key   []byte
	ids   []int32
}

// noSubject is no key of a value.
const noSubject = ""

func newContributions(m measure) *contributions {
	c := &contributions{}
	switch {
	case m.of == "count" || m.of == "count_distinct":
		c.inner = &counts{}
	case m.typ.ID() == arrow.FLOAT64:
		c.inner = &floats{}
	default:
		c.inner = &sums{}
	}
	return c
}

func (c *contributions) grow()       { c.pairs = append(c.pairs, nil) }
func (c *contributions) held() int64 { return c.bytes }

func (c *contributions) update(groups []int32, a arrow.Array, from int) {
	c.ids = c.ids[:0]
	for i, g := range groups {
		if a != nil && arrowx.IsNull(a, from+i) {
			c.ids = append(c.ids, 0) // the inner measure leaves it out
			if c.n == 0 {
				c.add() // that 0 is a place
			}
			continue
		}
		c.key = c.key[:0]
		if !arrowx.IsNull(c.by, from+i) {
			c.key = arrowx.AppendKey(c.key, c.by, from+i, false)
		}
		id, ok := c.pairs[g][string(c.key)]
		if !ok {
			if c.pairs[g] == nil {
				c.pairs[g] = map[string]int32{}
			}
			id = c.add()
			c.pairs[g][string(c.key)] = id
			c.bytes += int64(len(c.key)) + mapEntry
		}
		c.ids = append(c.ids, id)
	}
	c.inner.update(c.ids, a, from)
}

func (c *contributions) add() int32 {
	c.inner.grow()
	c.bytes += 40
	c.n++
	return c.n - 1
}

// result is how many subjects there are.
func (c *contributions) result(b array.Builder, g int32) bool {
	n := len(c.pairs[g])
	if _, ok := c.pairs[g][noSubject]; ok {
		n--
	}
	b.(*array.Int64Builder).Append(int64(n))
	return true
}

// amount is what a subject has in a group; false when that is no number.
func (c *contributions) amount(id int32) (*big.Rat, bool) {
	switch inner := c.inner.(type) {
	case *counts:
		return new(big.Rat).SetInt64(inner.n[id]), true
	case *floats:
		if x := inner.sum[id]; !math.IsNaN(x) && !math.IsInf(x, 0) {
			return new(big.Rat).SetFloat64(x), true
		}
		return nil, false
	case *sums:
		return new(big.Rat).SetInt(inner.sum[id].big()), true // a scale is that of all
	}
	return nil, false
}

// share is the greatest part that a subject of a group has, rounded up.
type share struct{ *contributions }

func (share) grow()                            {}
func (share) held() int64                      { return 0 }
func (share) update([]int32, arrow.Array, int) {}

func (s share) result(b array.Builder, g int32) bool {
	db := b.(*array.Decimal128Builder)
	total, most := new(big.Rat), new(big.Rat)
	for _, id := range s.pairs[g] {
		x, ok := s.amount(id)
		if !ok {
			db.AppendNull()
			return true
		}
		total.Add(total, x)
		if x = new(big.Rat).Abs(x); x.Cmp(most) > 0 {
			most = x
		}
	}
	if most.Sign() == 0 {
		total.SetInt64(1) // nobody has anything
	}
	if total.Sign() == 0 {
		db.AppendNull()
		return true
	}
	part := most.Quo(most, total.Abs(total))
	part.Mul(part, new(big.Rat).SetInt64(1e9))
	up, rest := new(big.Int).QuoRem(part.Num(), part.Denom(), new(big.Int))
	if rest.Sign() > 0 {
		up.Add(up, big.NewInt(1))
	}
	if up.Cmp(big.NewInt(1e10)) >= 0 {
		db.AppendNull()
	} else {
		db.Append(decimal128.FromBigInt(up))
	}
	return true
}
