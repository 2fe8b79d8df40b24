package expr

import (
	"slices"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
)

// What is only asked of a column does not stand in the value.
func TestAsks(t *testing.T) {
	in := arrow.NewSchema([]arrow.Field{{Name: "a", Type: arrow.BinaryTypes.String}, {Name: "b", Type: arrow.BinaryTypes.String},
		{Name: "n", Type: arrow.PrimitiveTypes.Int64}}, nil)
	for e, want := range map[string][]string{
		`row.a`:                                  nil,
		`upper(row.a)`:                           nil,
		`"${row.a} ${row.b}"`:                    nil,
		`row.a == "x" ? "1" : "2"`:               {"a"},
		`row.a == "x" ? row.b : "2"`:             {"a"},
		`row.a == "x" ? row.a : "2"`:             nil,
		`contains_text(row.a, "x") && row.n > 2`: {"a", "n"},
		`{x = "1", y = "2"}[row.a]`:              {"a"},
		`coalesce(row.a, row.b)`:                 nil,
		`try(to_text(to_date(row.a)), row.b)`:    nil,
		`to_text(row.n)`:                         nil,
		`split(",", row.a)[0]`:                   nil,
		`join("-", split(",", row.a))`:           nil,
	} {
		p := compile(t, e, in)
		if got := p.Asks(); !slices.Equal(got, want) {
			t.Errorf("%s asks %v, want %v", e, got, want)
		}
	}
}
