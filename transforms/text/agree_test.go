package text_test

import (
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/google/go-cmp/cmp"

	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
	"github.com/lavoir-data/lavoir/transforms/columns"
	"github.com/lavoir-data/lavoir/transforms/internal/trial"
	"github.com/lavoir-data/lavoir/transforms/text"
)

// The transform and the functions of expressions of the same name write text
// the same way: a pipeline may use either.
func TestNormaliseAgreesWithTheFunctions(t *testing.T) {
	env := pipelinetest.Env(t)
	in := pipelinetest.Table{Schema: arrow.NewSchema([]arrow.Field{{Name: "nom", Type: arrow.BinaryTypes.String, Nullable: true}}, nil)}
	for _, s := range []string{"", "a", "Élodie", "e\u0301", "Cœur", "ŒUVRE", "æ", "Straße", "ñandú", "Łódź", "Đorđe", "ıI", "ça  va", "naïveté", "ŸÿĲ"} {
		in.Rows = append(in.Rows, []any{s})
	}
	for how, function := range map[string]string{
		"unaccent = true":  "unaccent(row.nom)",
		"case = \"upper\"": "upper(row.nom)",
		"case = \"lower\"": "lower(row.nom)",
	} {
		transform := trial.Build(t, env, text.Normalise, "columns = [\"nom\"]\ntrim = false\ncollapse = false\nform = \"keep\"\n"+how, nil)
		expression := trial.Build(t, env, columns.Derive, "columns = { nom = "+function+" }", nil)
		a, err := trial.Run(t, env, transform, in, 4)
		if err != nil {
			t.Fatal(err)
		}
		b, err := trial.Run(t, env, expression, in, 4)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(b.CSV(), a.CSV()); diff != "" {
			t.Errorf("%s and %s: %s", how, function, diff)
		}
	}
}
