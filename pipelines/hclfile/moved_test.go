package hclfile

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lavoir-data/lavoir/pipelines"
)

// A town that several became has the history of all of them, under every name that
// its pipeline had.
func TestMergedTownsHaveAllTheirHistories(t *testing.T) {
	text := `
connection "local" "depot" {
  path = "depot"
}
tenants "communes" {
  values = { nouvelle = { nom = "Val-Neuf" } }
}
pipeline "aides" {
  for_each = tenants.communes
  source "file" "lignes" {
    connection = connection.local.depot
    path       = "lignes.csv"
    format "csv" {}
  }
}
`
	for _, m := range [][2]string{
		{"pipeline.subventions", "pipeline.aides"}, {"pipeline.dons", "pipeline.aides"},
		{`tenants.communes["nord"]`, `tenants.communes["nouvelle"]`}, {`tenants.communes["sud"]`, `tenants.communes["nouvelle"]`},
	} {
		text += "moved {\n  from = " + m[0] + "\n  to   = " + m[1] + "\n}\n"
	}
	p := project(t, map[string]string{"a.hcl": text})
	got := map[string]bool{}
	for _, id := range p.Formerly(pipelines.TaskID{Pipeline: "aides", Tenant: "nouvelle", Partition: "2024"}) {
		got[id.String()] = true
	}
	want := map[string]bool{}
	for name := range strings.FieldsSeq(`aides/nord aides/sud
		subventions/nouvelle subventions/nord subventions/sud dons/nouvelle dons/nord dons/sud`) {
		want[name+"/2024"] = true
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
