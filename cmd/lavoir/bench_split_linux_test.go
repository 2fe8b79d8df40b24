package main

import (
	"bufio"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var benchTowns = flag.Int("towns", 300, "towns that share the file of BenchmarkSplit")

const splitProject = `
project {
  memory = "MEMORY"
}
tenants "communes" {
  file = "communes.csv"
  key  = "insee"
}
connection "local" "depot" {
  path = "depot"
}
connection "local" "portail" {
  path = "public"
}
pipeline "subventions" {
  for_each = tenants.communes
  authorization {
    allowed   = true
    reference = "délibération 1"
  }
  source "file" "export" {
    connection = connection.local.depot
    path       = "export.csv"
    tenant_by  = "insee"
    personal   = ["nom"]
    format "csv" {
      delimiter = ";"
      columns   = { insee = text, id = int64, nom = text, type_tiers = text, montant = decimal(12, 2), jour = date, objet = text }
    }
  }
  privacy {
    identifier "nom" {
      clear_when = row.type_tiers == "ASSO"
      otherwise  = "Personne physique"
    }
    public = ["id", "montant", "jour"]
  }
  load "local" "portail" {
    connection = connection.local.portail
    prefix     = "subventions/${each.key}"
    file "parquet" {}
    file "csv" {}
  }
}
`

// BenchmarkSplit publishes one file of -table bytes that holds the rows of -towns
// towns in turn.
func BenchmarkSplit(b *testing.B) {
	dir := b.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "depot"), 0o700); err != nil {
		b.Fatal(err)
	}
	var towns strings.Builder
	towns.WriteString("insee\n")
	for i := range *benchTowns {
		fmt.Fprintf(&towns, "%05d\n", i)
	}
	write(b, dir, "communes.csv", towns.String())
	write(b, dir, "lavoir.hcl", strings.ReplaceAll(splitProject, "MEMORY", *benchMemory))
	writeShared(b, filepath.Join(dir, "depot", "export.csv"), *benchBytes, *benchTowns)
	b.ResetTimer()
	if last := report(b, dir, 0, "run"); !strings.Contains(last.out, fmt.Sprint(*benchTowns)) {
		b.Fatal(last.out)
	}
}

func writeShared(b *testing.B, path string, size int64, towns int) {
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<20)
	r := rand.New(rand.NewPCG(1, 2))
	n, _ := w.WriteString("insee;id;nom;type_tiers;montant;jour;objet\n")
	for written, i := int64(n), 0; written < size; i++ {
		n, _ := fmt.Fprintf(w, "%05d;%d;Tiers %d;%s;%d.%02d;20%02d-%02d-%02d;Aide au projet %x du quartier %d\n", i*7919%towns, i,
			r.IntN(50_000), []string{"ASSO", "PUBLIC", "PARTICULIER", ""}[r.IntN(4)], r.IntN(1_000_000), r.IntN(100),
			10+r.IntN(15), 1+r.IntN(12), 1+r.IntN(28), r.IntN(1<<24), r.IntN(40))
		written += int64(n)
	}
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
}
