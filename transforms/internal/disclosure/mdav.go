package disclosure

import (
	"fmt"
	"math"
	"slices"
)

// MDAV groups the rows of numeric columns into groups of k, the last of k to 2k-1,
// of rows that are near each other (Domingo-Ferrer and Mateo-Sanz, the generic
// algorithm), and gives each row its group. Columns are standardised first; of equal
// distances the row with the lower number is taken. It takes rows²/k steps.
func MDAV(columns [][]float64, k int) ([]int, error) {
	if len(columns) == 0 || k < 1 || len(columns[0]) < k {
		return nil, fmt.Errorf("microaggregation needs a column and at least k rows")
	}
	m := &mdav{columns: standardised(columns), k: k, group: make([]int, len(columns[0]))}
	for i := range columns[0] {
		m.left = append(m.left, i)
		m.group[i] = -1
	}
	for len(m.left) >= 3*k {
		far := m.farthest(m.centre())
		other := m.farthest(m.row(far))
		m.take(far)
		m.take(other)
	}
	if len(m.left) >= 2*k {
		m.take(m.farthest(m.centre()))
	}
	for _, i := range m.left {
		m.group[i] = m.groups
	}
	return m.group, nil
}

// Centroids replaces each value by the mean of its group.
func Centroids(columns [][]float64, group []int) [][]float64 {
	out := make([][]float64, len(columns))
	for c, column := range columns {
		sums, counts := make([]float64, slices.Max(group)+1), make([]float64, slices.Max(group)+1)
		for i, g := range group {
			sums[g] += column[i]
			counts[g]++
		}
		out[c] = make([]float64, len(column))
		for i, g := range group {
			out[c][i] = sums[g] / counts[g]
		}
	}
	return out
}

type mdav struct {
	columns [][]float64
	k       int
	left    []int // rows without a group, rising
	group   []int
	groups  int
	dist    []float64
	nearest []int
}

func standardised(columns [][]float64) [][]float64 {
	out := make([][]float64, len(columns))
	for c, column := range columns {
		mean, square := 0.0, 0.0
		for _, x := range column {
			mean += x
		}
		mean /= float64(len(column))
		for _, x := range column {
			square += float64((x - mean) * (x - mean))
		}
		deviation := math.Sqrt(square / float64(max(len(column)-1, 1)))
		if deviation == 0 {
			deviation = 1
		}
		out[c] = make([]float64, len(column))
		for i, x := range column {
			out[c][i] = (x - mean) / deviation
		}
	}
	return out
}

func (m *mdav) centre() []float64 {
	at := make([]float64, len(m.columns))
	for c, column := range m.columns {
		for _, i := range m.left {
			at[c] += column[i]
		}
		at[c] /= float64(len(m.left))
	}
	return at
}

func (m *mdav) row(i int) []float64 {
	at := make([]float64, len(m.columns))
	for c, column := range m.columns {
		at[c] = column[i]
	}
	return at
}

// distances are of the rows that are left, squared.
func (m *mdav) distances(at []float64) []float64 {
	m.dist = slices.Grow(m.dist[:0], len(m.left))[:len(m.left)]
	clear(m.dist)
	for c, column := range m.columns {
		for n, i := range m.left {
			d := column[i] - at[c]
			m.dist[n] += float64(d * d)
		}
	}
	return m.dist
}

func (m *mdav) farthest(at []float64) int {
	best, row := -1.0, 0
	for n, d := range m.distances(at) {
		if d > best {
			best, row = d, m.left[n]
		}
	}
	return row
}

// take makes a group of k rows that are left: a row, where it is, and those nearest to it.
func (m *mdav) take(row int) {
	dist := m.distances(m.row(row))
	most := m.k
	if m.group[row] < 0 {
		m.group[row] = m.groups
		most--
	}
	m.nearest = m.nearest[:0] // places among those that are left, the nearest first
	for n, i := range m.left {
		if i == row {
			continue
		}
		if len(m.nearest) == most {
			if most == 0 || dist[n] >= dist[m.nearest[most-1]] {
				continue // of equal distances the one before is nearer
			}
			m.nearest = m.nearest[:most-1]
		}
		at, _ := slices.BinarySearchFunc(m.nearest, dist[n], func(other int, d float64) int {
			if dist[other] <= d {
				return -1
			}
			return 1
		})
		m.nearest = slices.Insert(m.nearest, at, n)
	}
	for _, n := range m.nearest {
		m.group[m.left[n]] = m.groups
	}
	m.groups++
	m.left = slices.DeleteFunc(m.left, func(i int) bool { return m.group[i] >= 0 })
}
