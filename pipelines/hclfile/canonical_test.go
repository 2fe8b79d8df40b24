package hclfile

import (
	"testing"

	"github.com/lavoir-data/lavoir/pipelines"
)

type lentOptions struct {
	Decimal string `hcl:"decimal,optional" doc:"A mark."`
}

type borrowing struct {
	Fields []pipelines.NamedText `hcl:"fields" doc:"Fields."`
	lentOptions
}

// The canonical text has the arguments that an embedded struct lends, and texts
// under names in the order they are written in.
func TestCanonicalHasEveryArgument(t *testing.T) {
	c := pipelines.Define(pipelines.KindFormat, "x", "X.", borrowing{}, func(pipelines.Env, borrowing) (any, error) { return nil, nil })
	text := func(decimal string, fields ...pipelines.NamedText) string {
		b, _ := canonical(c, "", borrowing{Fields: fields, lentOptions: lentOptions{decimal}}, nil, fieldNames{})
		return string(b)
	}
	a, b := pipelines.NamedText{Name: "a", Text: "1"}, pipelines.NamedText{Name: "b", Text: "2"}
	first := text(".", a, b)
	for _, other := range []string{text(",", a, b), text(".", b, a), text(".", a)} {
		if other == first {
			t.Errorf("two configurations are written alike: %s", first)
		}
	}
}
