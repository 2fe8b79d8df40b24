package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const clearPipeline = `
connection "local" "depot" {
  path = "donnees"
}
connection "local" "portail" {
  path = "public"
}
pipeline "revenus" {
  authorization {
    allowed   = true
    reference = "test"
  }
  source "file" "foyers" {
    connection = connection.local.depot
    path       = "foyers.csv"
    personal   = ["foyer", "revenu"]
    format "csv" {
      columns = { commune = text, foyer = text, revenu = decimal(12, 2) }
    }
  }
  transform "aggregate" "par_commune" {
    group_by = ["commune"]
    %s
    columns = {
      foyers  = count_distinct(row.foyer)
      revenus = sum(row.revenu)
    }
  }
  privacy {
    public = ["commune"%s]
    %s
  }
  load "local" "portail" {
    connection = connection.local.portail
    file "csv" {}
    file "parquet" {}
  }
}
`

// An aggregate of marked columns leaves by a rule that counts, and by nothing else: what it
// counted does not leave, nor a value of few (invariants 3 and 4).
func TestAnAggregateLeavesByARuleThatCounts(t *testing.T) {
	t.Parallel()
	rules := `
    clear "foyers" {
      subject      = "foyer"
      min_subjects = 11
    }
    clear "revenus" {
      subject = "foyer"
      preset  = "dgfip_persons"
    }`
	p := project{dir: t.TempDir()}
	write := func(subject, public, rules string) {
		p.write(t, "lavoir.hcl", fmt.Sprintf(clearPipeline, subject, public, rules))
	}
	var b strings.Builder
	b.WriteString("commune,foyer,revenu\n")
	for i := range 300 {
		fmt.Fprintf(&b, "Val-Fleuri,%s %d,%d.25\n", canaryName, i/2, 1000+i)
	}
	for i := range 12 {
		fmt.Fprintf(&b, "Trois-Moulins,%s %d,%d.00\n", canaryName, i, []int{100000, 10}[min(i, 1)])
	}
	for i := range 10 {
		fmt.Fprintf(&b, "La Lande,%s %d,123.00\n", canaryName, i)
	}
	p.write(t, "donnees/foyers.csv", b.String())

	write(`subject = "foyer"`, `, "revenus"`, "")
	p.must(t, 2, []string{"run"}, "LAV-9002")
	write("", "", rules)
	p.must(t, 2, []string{"run"}, "LAV-4413")
	write(`subject = "foyer"`, `, "foyers.foyer.subjects"`, rules)
	p.must(t, 2, []string{"run"}, "LAV-9002")
	if len(tree(t, filepath.Join(p.dir, "public"))) > 0 {
		t.Fatal("something was published")
	}
	write(`subject = "foyer"`, "", rules)
	p.must(t, 0, []string{"run"}, "1 published")
	got := tree(t, filepath.Join(p.dir, "public"))
	if want := "commune,foyers,revenus\nLa Lande,,\nTrois-Moulins,,\nVal-Fleuri,150,344925.00\n"; strings.ReplaceAll(got["revenus.csv"], "\r", "") != want {
		t.Errorf("published %q, want %q", got["revenus.csv"], want)
	}
	for file, text := range got {
		for _, secret := range []string{canaryName, "100110", "1230", "share"} {
			if strings.Contains(text, secret) {
				t.Errorf("%s has %s, which may not leave", file, secret)
			}
		}
	}
	p.must(t, 0, []string{"run"}, "1 unchanged")

	// whoever has both releases must not have the income of one who came
	p.write(t, "donnees/foyers.csv", b.String()+"Val-Fleuri,"+canaryName+" 999,5000.00\n")
	p.must(t, 0, []string{"run"}, "1 rows went or changed and 1 came", "1 held")
	if d := cmp.Diff(got, tree(t, filepath.Join(p.dir, "public"))); d != "" {
		t.Errorf("held, and yet:\n%s", d)
	}
	for i := range 20 {
		fmt.Fprintf(&b, "Le Bourg,%s b%d,1000.00\n", canaryName, i)
	}
	p.write(t, "donnees/foyers.csv", b.String())
	p.must(t, 0, []string{"run"}, "1 published")
	p.write(t, "donnees/foyers.csv", b.String()+"Val-Fleuri,"+canaryName+" 999,5000.00\n")
	write(`subject = "foyer"`, "", rules+"\n    gate {\n      supersede = \"erase\"\n    }")
	p.must(t, 0, []string{"run"}, "1 published")
	if releases, _ := filepath.Glob(filepath.Join(p.dir, "public", "releases", "*")); len(releases) != 1 {
		t.Errorf("releases that can still be read: %v", releases)
	}
}
