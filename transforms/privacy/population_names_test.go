package privacy_test

import (
	"testing"

	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
)

// Only what is counted in a population has a name there: a quasi-identifier, or an
// identifier that is shown in part.
func TestNamesInAPopulation(t *testing.T) {
	env := pipelinetest.Env(t)
	projectFile(t, &env, "habitants.csv", "a;b\n")
	body := func(names string) string {
		return "identifier \"nom\" {\naction = \"partial\"\nshow_first = 1\n}\nquasi \"q\" {}\nmodel {\nk_map = 2\npopulation {\nfile = \"habitants.csv\"\ncolumns = { " + names + " }\n}\n}"
	}
	if _, err := policy(t, env, body(`q = "a", nom = "b"`)); err != nil {
		t.Error(err)
	}
	if _, err := policy(t, env, body(`q = "a", noms = "b"`)); !messages.Has(err, messages.WrongArgument) {
		t.Errorf("a name of nothing: %v", err)
	}
}
