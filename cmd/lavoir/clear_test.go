package main

import (
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/internal/draws"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
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
		for _, secret := range []string{canaryName, "100110", "1230", "foyer.share"} {
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

// Whatever the rows and the rules, each value that leaves is that of its rows, of enough
// subjects, and none has too great a part of it, when simple code counts them; and the
// values of a row leave together or not at all.
func TestAggregatesKeepTheirRules(t *testing.T) {
	t.Parallel()
	shown, masked, refused := 0, 0, 0
	draws.Check(t, draws.Kinds{"rows shown": &shown, "rows masked": &masked, "tables refused": &refused}, func(r *rapid.T) {
		var least []int
		var most []float64 // by rule
		rule := func(column string) string {
			var body string
			var l int
			m := 1e9
			if preset := rapid.SampledFrom([]string{"", "insee_business", "dgfip_persons"}).Draw(r, "preset"); preset != "" {
				body, l, m = fmt.Sprintf("preset = %q\n", preset), map[string]int{"insee_business": 3, "dgfip_persons": 11}[preset], 0.85
			} else {
				l = rapid.IntRange(2, 6).Draw(r, "min_subjects")
				body = fmt.Sprintf("min_subjects = %d\n", l)
				if rapid.Bool().Draw(r, "share") {
					m = rapid.SampledFrom([]float64{0.25, 0.5}).Draw(r, "max_share")
					body += fmt.Sprintf("max_share = %v\n", m)
				}
			}
			least, most = append(least, l), append(most, m)
			return fmt.Sprintf("clear %q {\nsubject = \"foyer\"\n%s}\n", column, body)
		}
		policy := "public = [\"commune\"]\n" + rule("revenus")
		if rapid.Bool().Draw(r, "two") {
			policy += rule("lignes")
		}
		type key struct{ commune, foyer string }
		revenus, lignes := map[key]int64{}, map[key]int64{}
		rows := "commune:text,foyer:text,\"revenu:decimal(12, 2)\"\n"
		for _, commune := range []string{"A", "B", "C"} {
			of := rapid.SampledFrom([]int{1, 4, 14}).Draw(r, "foyers")
			for range rapid.IntRange(1, 30).Draw(r, "rows") {
				foyer := fmt.Sprint("F", rapid.IntRange(1, of).Draw(r, "foyer"))
				if rapid.IntRange(0, 9).Draw(r, "unknown") == 0 {
					foyer = `\N`
				}
				revenu := rapid.SampledFrom([]int64{0, 1, 100, 2550, 9000, -700, 123456}[:rapid.SampledFrom([]int{3, 5, 7}).Draw(r, "of")]).Draw(r, "revenu")
				revenus[key{commune, foyer}] += revenu
				lignes[key{commune, foyer}]++
				rows += fmt.Sprintf("%s,%s,%s\n", commune, foyer, hundredths(revenu))
			}
		}
		tb, err := pipelinetest.ParseTable(rows)
		if err != nil {
			r.Fatal(err)
		}
		d := deal{batch: rapid.IntRange(1, 20).Draw(r, "batch"), workers: 2, memory: "1GiB", again: true}
		got, report := d.published(t, tb, "transform \"aggregate\" \"a\" {\ngroup_by = [\"commune\"]\nsubject = \"foyer\"\ncolumns = {\nrevenus = sum(row.revenu)\nlignes = count()\n}\n}", policy, nil)
		if e := report.Tasks[0].Err; e != nil {
			if !messages.Has(e, messages.LineShown) || len(got) > 0 {
				r.Fatal(e)
			}
			refused++
			return
		}
		for class, row := range byClass(r, strings.ReplaceAll(got["agents.csv"], "\r", ""), "commune") {
			cells := strings.Split(strings.TrimSpace(row), ";")
			if cells[1] == "" {
				masked++
				if len(cells) > 2 && cells[2] != "" {
					r.Fatalf("of one row leaves %v", cells)
				}
				continue
			}
			shown++
			for n, parts := range []map[key]int64{revenus, lignes}[:len(least)] {
				sum, greatest, subjects := int64(0), int64(0), 0
				for k, x := range parts {
					if k.commune == class {
						sum += x
						greatest = max(greatest, x, -x)
						if k.foyer != `\N` {
							subjects++
						}
					}
				}
				if want := []string{hundredths(sum), fmt.Sprint(sum)}[n]; cells[n+1] != want {
					r.Fatalf("%s is %s, and not %s", class, cells[n+1], want)
				}
				if float64(greatest) > most[n]*math.Abs(float64(sum)) {
					r.Fatalf("of %d of %s one subject has %d, more than %v\n%s", sum, class, greatest, most[n], policy)
				}
				if subjects < least[n] {
					r.Fatalf("%s is of %d subjects, and not %d\n%s", class, subjects, least[n], policy)
				}
			}
		}
	})
}

// hundredths writes a number of them.
func hundredths(n int64) string {
	sign := ""
	if n < 0 {
		sign, n = "-", -n
	}
	return fmt.Sprintf("%s%d.%02d", sign, n/100, n%100)
}
