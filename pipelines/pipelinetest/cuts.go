package pipelinetest

import (
	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/lavoir-data/lavoir/pipelines"
)

// Cut is one way of cutting the same rows into batches. Nothing may depend on it.
type Cut struct {
	Name    string
	Batches func(mem memory.Allocator, t Table) []pipelines.Batch
}

// Cuts are the ways to try, the simplest first. The places of all are the same:
// one input, the first row on line 2.
func Cuts() []Cut {
	return []Cut{
		{"whole", func(mem memory.Allocator, t Table) []pipelines.Batch {
			return cutUp(t.Record(mem), 0, len(t.Rows), len(t.Rows))
		}},
		{"batches of 1", every(1)},
		{"batches of 7", every(7)},
		{"batches of 1024", every(1024)},
		{"slices of a larger record", sliced},
		{"empty batches between", withEmpty},
		{"junk under nulls", func(mem memory.Allocator, t Table) []pipelines.Batch { return cutUp(t.Junk(mem), 0, len(t.Rows), 5) }},
	}
}

func whole() Cut { return Cuts()[0] }

func every(n int) func(memory.Allocator, Table) []pipelines.Batch {
	return func(mem memory.Allocator, t Table) []pipelines.Batch {
		var bs []pipelines.Batch
		for i := 0; i < len(t.Rows); i += n {
			part := Table{t.Schema, t.Rows[i:min(i+n, len(t.Rows))]}
			bs = append(bs, batch(part.Record(mem), i))
		}
		return bs
	}
}

// sliced cuts batches of 3 out of one record that has three more rows at either end.
func sliced(mem memory.Allocator, t Table) []pipelines.Batch {
	if len(t.Rows) == 0 {
		return nil
	}
	padded := Table{Schema: t.Schema}
	for i := -3; i < len(t.Rows)+3; i++ {
		padded.Rows = append(padded.Rows, t.Rows[(i+3*len(t.Rows))%len(t.Rows)])
	}
	return cutUp(padded.Record(mem), 3, 3+len(t.Rows), 3)
}

func withEmpty(mem memory.Allocator, t Table) []pipelines.Batch {
	var bs []pipelines.Batch
	none := func() {
		bs = append(bs, pipelines.Batch{Record: Table{Schema: t.Schema}.Record(mem), Places: pipelines.Places{Input: inputName, Lines: []int64{}}})
	}
	none()
	for _, b := range every(4)(mem, t) {
		bs = append(bs, b)
		none()
	}
	none()
	return bs
}

// cutUp takes over rec and gives its rows from to to (excluded) in batches of
// size; at least one batch.
func cutUp(rec arrow.Record, from, to, size int) []pipelines.Batch {
	defer rec.Release()
	var bs []pipelines.Batch
	for i := from; ; i += size {
		j := min(i+max(size, 1), to)
		bs = append(bs, batch(rec.NewSlice(int64(i), int64(j)), i-from))
		if j == to {
			return bs
		}
	}
}

const inputName = "5f3c0a9b"

func batch(rec arrow.Record, first int) pipelines.Batch {
	lines := make([]int64, rec.NumRows())
	for i := range lines {
		lines[i] = int64(first + i + 2)
	}
	return pipelines.Batch{Record: rec, Places: pipelines.Places{Input: inputName, Lines: lines}}
}
