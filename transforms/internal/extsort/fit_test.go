package extsort

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/pipelines"
)

// sized is a file of so many bytes and rows.
type sized struct {
	pipelines.SpoolFile
	bytes, rows int64
}

func (f sized) Bytes() int64 { return f.bytes }
func (f sized) Rows() int64  { return f.rows }

// Invariant 9: what workers hold at worst, who each sort a file that is let to them, and a
// larger one that is sorted meanwhile have no more than the memory together.
func TestWorkersAndALargeFileShareTheMemory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := &spreading{workers: rapid.IntRange(1, 16).Draw(t, "workers"), env: pipelines.Env{Memory: rapid.Int64Range(1, 1<<40).Draw(t, "memory")}}
		for range rapid.IntRange(1, 64).Draw(t, "files") {
			rows := rapid.Int64Range(0, s.env.Memory/8).Draw(t, "rows")
			s.files = append(s.files, sized{bytes: rows * rapid.Int64Range(0, 100).Draw(t, "row") / 10, rows: rows})
		}
		s.fit()
		n, worst, large := int64(s.workers), int64(0), false
		for _, f := range s.files {
			if s.load(f) > s.most {
				large = true
				continue
			}
			inWork, waits := 2*f.Bytes()+rowBytes*f.Rows(), f.Bytes()
			worst = max(worst, n*(inWork+waits)+waits)
		}
		if large && (worst+s.rest > s.env.Memory || s.rest < s.env.Memory/2) || worst > s.env.Memory {
			t.Fatalf("workers hold %d, a large file %d, of %d", worst, s.rest, s.env.Memory)
		}
	})
}
