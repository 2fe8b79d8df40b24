package hclfile

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lavoir-data/lavoir/pipelines"
)

// large writes a project of the given numbers of tenants, pipelines and
// partitions into a folder: tenants × pipelines × partitions tasks.
func large(t testing.TB, tenants, pipes, partitions int) string {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var csv strings.Builder
	csv.WriteString("insee;nom;logiciel;hote;opendata;deliberation\n")
	for i := 0; i < tenants; i++ {
		fmt.Fprintf(&csv, "%05d;Commune %d;%s;h%d.example;oui;2024-%d\n", i, i, []string{"egf", "ciril"}[i%2], i%40, i)
	}
	write("communes.csv", csv.String())
	write("project.hcl", `
tenants "communes" {
  file = "communes.csv"
  key  = "insee"
}
secret "finances" {
  for_each = tenants.communes
  file     = "secrets/${each.key}"
}
limits "centre" { max = 4 }
connection "postgres" "finances" {
  for_each = tenants.communes
  host     = each.value.hote
  password = secret.finances[each.key]
  limits   = limits.centre
}
connection "local" "depot" { path = "depot" }
steps "communs" {
  transform "derive" "cles" {
    exercice = partition.key
    commune  = each.value.nom
  }
  transform "filter" "positifs" { when = row.montant > 0 && row.etat == "V" }
}
privacy "beneficiaires" {
  public = ["montant", "exercice", "commune"]
  identifier "nom" {
    clear_when = contains(["ASSO", "PUBLIC"], row.type_tiers)
    otherwise  = "Personne physique"
  }
}
`)
	for i := 0; i < pipes; i++ {
		write(fmt.Sprintf("p%02d.hcl", i), fmt.Sprintf(`
pipeline "p%02d" {
  title    = "Jeu %d de ${each.value.nom}"
  for_each = tenants.communes
  partition "exercice" { values = range(2015, %d) }
  authorization {
    allowed   = each.value.opendata == "oui"
    reference = each.value.deliberation
  }
  variant "egf" {
    when = each.value.logiciel == "egf"
    source "postgres" "lignes" {
      connection = connection.postgres.finances[each.key]
      query      = "select * from lignes where exercice = @exercice order by id"
      params     = { exercice = partition.key }
      order_by   = ["id"]
      columns    = { id = int64, nom = text, type_tiers = text, montant = decimal(14, 2), etat = text }
      personal   = ["nom"]
    }
  }
  variant "export" {
    when = each.value.logiciel == "ciril"
    source "file" "lignes" {
      connection = connection.local.depot
      path       = "${each.key}/lignes_(?<exercice>\\d{4}).csv"
      format "csv" {
        columns   = { id = int64, nom = text, type_tiers = text, montant = decimal(14, 2), etat = text }
        encoding  = "cp1252"
        delimiter = ";"
      }
    }
  }
  steps = steps.communs
  transform "limit" "borne" { rows = 100000 }
  privacy { use = privacy.beneficiaires }
  load "local" "portail" {
    connection = connection.local.depot
    prefix     = "p%02d/${each.key}/${partition.key}"
    file "parquet" {}
    file "csv" { profile = "scdl" }
  }
}
`, i, i, 2015+partitions, i))
	}
	return dir
}

// BenchmarkProject reads a project of 39,600 tasks and evaluates all of them.
func BenchmarkProject(b *testing.B) {
	dir := large(b, 300, 12, 11)
	reg := testRegistry(b)
	b.ReportAllocs()
	for range b.N {
		p, diags := Load(dir, reg, Options{})
		tasks := 0
		diags = append(diags, p.Tasks(pipelines.Selection{}, func(pipelines.Task) bool { tasks++; return true })...)
		if diags.HasErrors() || tasks != 39600 {
			b.Fatal(tasks, diags)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*39600), "µs/task")
	b.ReportMetric(float64(residentPeak())/(1<<20), "MiB-peak")
}

// residentPeak is the most memory this process held, in bytes; 0 where the
// system does not say.
func residentPeak() int64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	var kb int64
	fmt.Sscan(rest, &kb)
	return kb << 10
}
