package privacy

import (
	"cmp"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/transforms/internal/disclosure"
)

// inOrder is the values of a column of a type in their order, as places in that of their
// bytes, which they are given in. It is nil where that is their order.
func inOrder(values []string, t arrow.DataType) []uint32 {
	order := make([]uint32, len(values))
	for i := range order {
		order[i] = uint32(i)
	}
	switch t.ID() {
	case arrow.INT32, arrow.INT64, arrow.DECIMAL128:
		numbers := make([]*big.Rat, len(values))
		for i, v := range values {
			if numbers[i], _ = new(big.Rat).SetString(v); numbers[i] == nil {
				return nil // no number is written so
			}
		}
		slices.SortStableFunc(order, func(a, b uint32) int { return numbers[a].Cmp(numbers[b]) })
	case arrow.FLOAT64:
		numbers := make([]float64, len(values))
		for i, v := range values {
			numbers[i], _ = strconv.ParseFloat(v, 64)
		}
		slices.SortStableFunc(order, func(a, b uint32) int {
			x, y := numbers[a], numbers[b]
			if math.IsNaN(x) != math.IsNaN(y) {
				return cmp.Compare(y, x) // the last, where Go has it first
			}
			return cmp.Compare(x, y)
		})
	case arrow.TIMESTAMP:
		slices.SortStableFunc(order, func(a, b uint32) int { // a second comes before its fractions
			return strings.Compare(strings.TrimSuffix(values[a], "Z"), strings.TrimSuffix(values[b], "Z"))
		})
	default:
		return nil
	}
	return order
}

// branches is the hierarchy of a sensitive column as the gate sees it: by level from 1,
// what each node of the level below is part of. The nodes of level 0 are values.
type branches [][]int

// branchesOf makes them of the values that occur, "=" before each and "" for null, of
// which the last level holds all. It is false where the file lacks a value.
func branchesOf(values []string, file *disclosure.File) (branches, bool) {
	paths := make([][]string, len(values))
	height := file.Height()
	for i, v := range values {
		if v == "" {
			continue
		}
		labels, ok := file.Labels(nil, v[1:])
		if !ok || len(labels) != height {
			return nil, false
		}
		paths[i] = labels
	}
	var b branches
	below := make([]int, len(values))
	nodes := len(values)
	for i := range below {
		below[i] = i
	}
	level := func(label func(i int) string) int {
		number := map[string]int{}
		parent, now := make([]int, nodes), make([]int, len(values))
		for i := range values {
			l := label(i)
			n, ok := number[l]
			if !ok {
				n = len(number)
				number[l] = n
			}
			parent[below[i]], now[i] = n, n
		}
		b, below, nodes = append(b, parent), now, len(number)
		return nodes
	}
	for l := range height {
		level(func(i int) string {
			switch {
			case paths[i] != nil:
				return "=" + paths[i][l]
			case l+1 >= file.Stars(): // null joins what hides all
				return "=" + disclosure.Star
			}
			return ""
		})
	}
	if nodes > 1 {
		level(func(int) string { return "" })
	}
	return b, true
}

// distance is how much of the differences, of which there is one for each value, can be
// settled no lower than at each level, weighed by the level (privacy.md, §7).
func (b branches) distance(differences []float64) float64 {
	over, under := make([]float64, len(differences)), make([]float64, len(differences))
	for i, d := range differences {
		over[i], under[i] = max(d, 0), max(-d, 0)
	}
	sum := 0.0
	for l, parents := range b {
		nodes := 0
		for _, p := range parents {
			nodes = max(nodes, p+1)
		}
		nextOver, nextUnder := make([]float64, nodes), make([]float64, nodes)
		for i, p := range parents {
			nextOver[p] += over[i]
			nextUnder[p] += under[i]
		}
		for p := range nextOver {
			settled := min(nextOver[p], nextUnder[p])
			sum += float64(float64(l+1) / float64(len(b)) * settled)
			nextOver[p] -= settled
			nextUnder[p] -= settled
		}
		over, under = nextOver, nextUnder
	}
	return sum
}
