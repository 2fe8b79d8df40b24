package rows_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
	"github.com/lavoir-data/lavoir/transforms/internal/trial"
	"github.com/lavoir-data/lavoir/transforms/rows"
)

var schema = arrow.NewSchema([]arrow.Field{
	{Name: "nom", Type: arrow.BinaryTypes.String, Nullable: true},
	{Name: "annee", Type: arrow.PrimitiveTypes.Int32, Nullable: true},
	{Name: "rang", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
}, nil)

// draw makes rows with few different values, numbered in rang.
func draw(t *rapid.T) pipelinetest.Table {
	tb := pipelinetest.Table{Schema: schema}
	for i := range rapid.IntRange(0, 120).Draw(t, "rows") {
		row := []any{nil, nil, int64(i)}
		if rapid.IntRange(0, 3).Draw(t, "null nom") > 0 {
			row[0] = rapid.SampledFrom([]string{"", "a", "a\x00", "ab", "é", "z", strings.Repeat("long", 40)}).Draw(t, "nom")
		}
		if rapid.IntRange(0, 3).Draw(t, "null annee") > 0 {
			row[1] = rapid.Int32Range(-2, 2).Draw(t, "annee")
		}
		tb.Rows = append(tb.Rows, row)
	}
	return tb
}

// Sizes of memory: nothing spills; runs of a few rows; every row a run of its own.
var memories = []int64{64 << 20, 20 << 10, 1}

func compare(a, b any) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return 1
	case b == nil:
		return -1
	}
	if s, ok := a.(string); ok {
		return strings.Compare(s, b.(string))
	}
	return int(a.(int32)) - int(b.(int32))
}

func TestSortAgainstAModel(t *testing.T) {
	env := pipelinetest.Env(t)
	rapid.Check(t, func(r *rapid.T) {
		in := draw(r)
		by := rapid.Permutation([]string{"nom", "annee"}).Draw(r, "by")[:rapid.IntRange(1, 2).Draw(r, "columns")]
		var down []string
		for _, name := range by {
			if rapid.Bool().Draw(r, "down") {
				down = append(down, name)
			}
		}
		env := env
		env.Memory = rapid.SampledFrom(memories).Draw(r, "memory")
		sort := trial.Build(t, env, rows.Sort, fmt.Sprintf("by = %s\ndescending = %s", list(by), list(down)), nil)
		got, err := trial.Run(t, env, sort, in, rapid.IntRange(1, 50).Draw(r, "batch"))
		if err != nil {
			r.Fatal(err)
		}
		want := pipelinetest.Table{Schema: schema, Rows: slices.Clone(in.Rows)}
		slices.SortStableFunc(want.Rows, func(a, b []any) int {
			for _, name := range by {
				c := schema.FieldIndices(name)[0]
				d := compare(a[c], b[c])
				if d != 0 && a[c] != nil && b[c] != nil && slices.Contains(down, name) {
					d = -d
				}
				if d != 0 {
					return d
				}
			}
			return 0
		})
		if diff := cmp.Diff(want.CSV(), got.CSV()); diff != "" {
			r.Fatal(diff)
		}
	})
}

func TestDeduplicateAgainstAModel(t *testing.T) {
	env := pipelinetest.Env(t)
	rapid.Check(t, func(r *rapid.T) {
		in := draw(r)
		by := rapid.Permutation([]string{"nom", "annee"}).Draw(r, "by")[:rapid.IntRange(1, 2).Draw(r, "columns")]
		env := env
		env.Memory = rapid.SampledFrom(memories).Draw(r, "memory")
		tr := trial.Build(t, env, rows.Deduplicate, "by = "+list(by), nil)
		got, err := trial.Run(t, env, tr, in, rapid.IntRange(1, 50).Draw(r, "batch"))
		if err != nil {
			r.Fatal(err)
		}
		want := pipelinetest.Table{Schema: schema}
		seen := map[string]bool{}
		for _, row := range in.Rows {
			key := ""
			for _, name := range by {
				key += fmt.Sprintf("%#v,", row[schema.FieldIndices(name)[0]])
			}
			if !seen[key] {
				want.Rows = append(want.Rows, row)
			}
			seen[key] = true
		}
		if diff := cmp.Diff(want.CSV(), got.CSV()); diff != "" {
			r.Fatal(diff)
		}
		fail := trial.Build(t, env, rows.Deduplicate, "duplicates = \"fail\"\nby = "+list(by), nil)
		if _, err := trial.Run(t, env, fail, in, 7); (err != nil) != (len(want.Rows) < len(in.Rows)) {
			r.Fatalf("%d of %d rows are distinct, and duplicates = \"fail\" says %v", len(want.Rows), len(in.Rows), err)
		}
	})
}

func TestLimitAgainstAModel(t *testing.T) {
	env := pipelinetest.Env(t)
	rapid.Check(t, func(r *rapid.T) {
		in := draw(r)
		n := rapid.IntRange(0, 130).Draw(r, "keep")
		skip := rapid.IntRange(0, 130).Draw(r, "skip")
		tr := trial.Build(t, env, rows.Limit, fmt.Sprintf("rows = %d\nskip = %d", n, skip), nil)
		got, err := trial.Run(t, env, tr, in, rapid.IntRange(1, 50).Draw(r, "batch"))
		if err != nil {
			r.Fatal(err)
		}
		want := in
		want.Rows = want.Rows[min(skip, len(want.Rows)):]
		want.Rows = want.Rows[:min(n, len(want.Rows))]
		if diff := cmp.Diff(want.CSV(), got.CSV()); diff != "" {
			r.Fatal(diff)
		}
	})
}

func list(names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = fmt.Sprintf("%q", n)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}
