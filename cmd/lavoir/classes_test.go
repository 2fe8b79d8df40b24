package main

import (
	"encoding/csv"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/internal/draws"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
)

const classesPipeline = `
secret "cle" {
  env = "LAVOIR_TEST_ROOT"
}
project {
  fingerprint_key = secret.cle
  memory          = "1GiB"
  workers         = %d
}
connection "local" "depot" {
  path = "donnees"
}
connection "local" "portail" {
  path = "public"
}
pipeline "agents" {
  for_each = { a = {}, b = {} }
  authorization {
    allowed   = true
    reference = "test"
  }
  source "file" "export" {
    connection = connection.local.depot
    path       = "export.csv"
    tenant_by  = "ville"
    personal   = ["nom"]
    format "csv" {
      columns = { age = int64, prime = float64, entree = date }
    }
  }
  privacy {
    subject = "nom"
    identifier "nom" {
      action = "pseudonym"
      key    = secret.cle
      rotate = "per_release"
    }
    quasi "age" {
      bands     = [18, 30, 45, 65]
      bottom    = 18
      top       = 65
      min_level = 1
    }
    quasi "entree" {
      period = "month"
    }
    quasi "service" {}
    quasi "prime" {}
    sensitive "absence" {
      diversity { l = 2 }
    }
    model {
      k                 = %d
      suppression_limit = 0.3
    }
  }
  load "local" "portail" {
    connection = connection.local.portail
    prefix     = each.key
    file "csv" {}
    file "parquet" {}
  }
}
`

var rootKey = place{env: []string{"LAVOIR_TEST_ROOT=" + strings.Repeat("racine", 8)}}

// classes is a project of two towns whose staff is in one file, of which only rows
// that look like those of others may leave.
func classes(t *testing.T, workers, k int) project {
	t.Helper()
	p := project{dir: t.TempDir(), place: rootKey}
	p.write(t, "lavoir.hcl", fmt.Sprintf(classesPipeline, workers, k))
	var b strings.Builder
	b.WriteString("ville,nom,age,service,prime,entree,absence\n")
	for i := range 20000 {
		town := 'a' + i%2
		n := i / 2 // both towns have the same persons
		service, prime, joined := []string{"Voirie", "Crèche", "", `""`, "*"}[n%5], []string{"0", "-0", "10.5", ""}[n%4], fmt.Sprintf("20%02d-%02d-%02d", 10+n%7, 1+n%12, 1+n%28)
		if n%997 == 0 {
			service = "Cabinet" // who works there looks like nobody else
		}
		fmt.Fprintf(&b, "%c,%s %d,%d,%s,%s,%s,%s\n", town, canaryName, n/2, 16+n*7%60, service, prime, joined, []string{"aucune", "maladie", "formation"}[n%3])
	}
	p.write(t, "donnees/export.csv", b.String())
	return p
}

// TestClassesAreTheSame: what a policy with a model publishes of a file of several
// towns does not depend on the workers, and a second run publishes nothing
// (invariant 2). Towns and policies do not share pseudonyms.
func TestClassesAreTheSame(t *testing.T) {
	t.Parallel()
	var want map[string]string
	for _, workers := range []int{1, 2, 8} {
		p := classes(t, workers, 3)
		p.must(t, 0, []string{"run"}, "2 published")
		got := tree(t, filepath.Join(p.dir, "public"))
		if want == nil {
			want = got
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Fatalf("%d workers publish something else:\n%s", workers, d)
		}
		p.must(t, 0, []string{"run"}, "2 unchanged")
		if d := cmp.Diff(want, tree(t, filepath.Join(p.dir, "public"))); d != "" {
			t.Fatalf("%d workers: a second run published:\n%s", workers, d)
		}
	}
	classes(t, 1, 3).must(t, 0, []string{"preview", "--tenant", "a", "--rows", "4000"}, "nom")
	names := map[string]string{}
	others := classes(t, 2, 4)
	others.must(t, 0, []string{"run"}, "2 published")
	for from, files := range map[string]map[string]string{"k = 3": want, "k = 4": tree(t, filepath.Join(others.dir, "public"))} {
		for file, text := range files {
			if filepath.Ext(file) != ".csv" {
				continue
			}
			who := from + " of " + file[:1]
			for _, name := range pseudonymsOf(text) {
				if other, ok := names[name]; ok && other != who {
					t.Fatalf("one pseudonym is in the release with %s and in that with %s", other, who)
				}
				names[name] = who
			}
		}
	}
	if len(names) == 0 {
		t.Fatal("no pseudonym was published")
	}
	for file, text := range want {
		if strings.Contains(text, canaryName) || strings.Contains(text, "Cabinet") {
			t.Errorf("%s has what may not leave", file)
		}
	}
}

// pseudonymsOf are the words of a text that can be pseudonyms.
func pseudonymsOf(text string) []string {
	var all []string
	for _, w := range strings.FieldsFunc(text, func(r rune) bool { return !(r >= 'A' && r <= 'Z' || r >= '2' && r <= '7') }) {
		if len(w) == 26 {
			all = append(all, w)
		}
	}
	return all
}

// TestPseudonymsDifferWhereJoinedRowsDo: another state of a source that is joined is
// another input, of which pseudonyms may not show what was in the one before.
func TestPseudonymsDifferWhereJoinedRowsDo(t *testing.T) {
	t.Parallel()
	publish := func(workers int, place string) string {
		p := project{dir: t.TempDir(), place: rootKey}
		one := strings.Replace(classesPipeline, "{ a = {}, b = {} }", "{ a = {} }", 1)
		one = strings.Replace(one, `    tenant_by  = "ville"`+"\n", "", 1)
		one = strings.Replace(one, "  privacy {", `  source "file" "lieux" {
    connection = connection.local.depot
    path       = "lieux.csv"
    format "csv" {
      columns = { code = text, lieu = text }
    }
  }
  transform "join" "lieux" {
    source = source.file.lieux
    on     = { ville = "code" }
  }
  privacy {
    quasi "lieu" {}`, 1)
		p.write(t, "lavoir.hcl", fmt.Sprintf(one, workers, 3))
		p.write(t, "donnees/lieux.csv", "code,lieu\na,"+place+"\n")
		var b strings.Builder
		b.WriteString("ville,nom,age,service,prime,entree,absence\n")
		for i := range 3000 {
			fmt.Fprintf(&b, "a,%s %d,%d,Voirie,1.5,2020-01-01,%s\n", canaryName, i/2, 20+i%3, []string{"aucune", "maladie"}[i%2])
		}
		p.write(t, "donnees/export.csv", b.String())
		p.must(t, 0, []string{"run"}, "1 published")
		text := tree(t, filepath.Join(p.dir, "public"))["a/agents.csv"]
		p.must(t, 0, []string{"run"}, "1 unchanged")
		return text
	}
	first, again, other := publish(1, "Nord"), publish(8, "Nord"), publish(1, "Sud")
	if d := cmp.Diff(first, again); d != "" {
		t.Errorf("8 workers publish something else:\n%s", d)
	}
	names := map[string]bool{}
	for _, name := range pseudonymsOf(first) {
		names[name] = true
	}
	if len(names) == 0 {
		t.Fatal("no pseudonym was published")
	}
	for _, name := range pseudonymsOf(other) {
		if names[name] {
			t.Fatal("a pseudonym is the same beside other joined rows")
		}
	}
}

// byClass are the rows of a published file by what their first columns hold, in their order.
func byClass(t *rapid.T, text string, columns ...string) map[string]string {
	classes := map[string]string{}
	if text == "" {
		return classes
	}
	all, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range all[1:] {
		var cells []string
		for _, c := range columns {
			cells = append(cells, row[slices.Index(all[0], c)])
		}
		classes[strings.Join(cells, ";")] += strings.Join(row, ";") + "\n"
	}
	return classes
}

// At fixed levels a row that is not there changes nothing that is published but its own
// class. Left out is what looks at all rows by its definition: closeness, average risk,
// nulls that match any value, and persons whose rows can be put together.
func TestARowLessChangesOnlyItsClass(t *testing.T) {
	t.Parallel()
	others, changed, together := 0, 0, 0
	draws.Check(t, draws.Kinds{"classes that stayed": &others, "classes that changed": &changed, "classes of columns judged together": &together}, func(r *rapid.T) {
		width := rapid.SampledFrom([]int{5, 20}).Draw(r, "width")
		period := rapid.SampledFrom([]string{"month", "year"}).Draw(r, "period")
		policy := fmt.Sprintf("public = [\"n\"]\nquasi \"age\" {\nsteps = [%d]\nmin_level = 1\nmax_level = 1\n}\nquasi \"service\" {}\nquasi \"entree\" {\nperiod = %q\nmin_level = 1\nmax_level = 1\n}\n", width, period)
		policy += rapid.SampledFrom([]string{"", "subject = \"nom\"\nidentifier \"nom\" { action = \"drop\" }\n"}).Draw(r, "subject")
		diversity := rapid.SampledFrom([]string{"", "sensitive \"absence\" {\ndiversity { l = 2 }\n}\n", "sensitive \"absence\" {\ndiversity {\nkind = \"entropy\"\nl = 1.7\n}\n}\n",
			"sensitive \"absence\" {\ndiversity {\nkind = \"recursive\"\nl = 2\nc = 1.5\n}\n}\n"}).Draw(r, "diversity")
		judged := ""
		if diversity != "" {
			judged = rapid.SampledFrom([]string{"", "alone", "together"}).Draw(r, "judged")
		}
		if policy += diversity; judged != "" {
			policy += "sensitive \"chef\" {\ndiversity { l = 2 }\n}\n"
		} else {
			policy += rapid.SampledFrom([]string{"", "identifier \"chef\" {\nclear_when = row.n > 5\notherwise = \"agent\"\n}\n"}).Draw(r, "mask")
		}
		population := map[string]string{}
		model := fmt.Sprintf("k = %d\nsuppression_limit = 1\nmetric = %q", rapid.IntRange(2, 4).Draw(r, "k"), rapid.SampledFrom([]string{"loss", "discernibility", "class-size", "entropy"}).Draw(r, "metric"))
		if judged != "" {
			model += fmt.Sprintf("\nsensitive_judged = %q", judged)
		}
		draw := func() []string {
			return []string{rapid.SampledFrom([]string{"21", "24", "38"}).Draw(r, "age"), rapid.SampledFrom([]string{"Voirie", "Crèche", `\N`}).Draw(r, "service"),
				rapid.SampledFrom([]string{"2011-02-03", "2011-02-28", "2011-11-01"}).Draw(r, "entree")}
		}
		if rapid.IntRange(0, 3).Draw(r, "k_map") == 0 {
			model += "\nk_map = 3\npopulation { file = \"habitants.csv\" }"
			text := "age;service;entree\n"
			for range rapid.IntRange(20, 40).Draw(r, "population") {
				text += strings.ReplaceAll(strings.Join(draw(), ";"), `\N`, "") + "\n"
			}
			population["habitants.csv"] = text
		}
		policy += "model {\n" + model + "\n}\n"
		var rows [][]string
		all := judged == "together" && rapid.IntRange(0, 3).Draw(r, "all combinations") > 0
		var cells []string
		for n := range rapid.IntRange(12, 48).Draw(r, "rows") {
			if all { // of the values of both columns, mostly, in each class
				if n%4 == 0 {
					cells = draw()
				}
				rows = append(rows, append(slices.Clone(cells), fmt.Sprint(n), string(rune('A'+n)), []string{"aucune", "maladie"}[n/2%2], []string{"X", "Y"}[n%2]))
				continue
			}
			rows = append(rows, append(draw(), fmt.Sprint(n), rapid.SampledFrom([]string{"A", "B", "C", "D", `\N`}).Draw(r, "nom"),
				rapid.SampledFrom([]string{"aucune", "maladie", "formation", `\N`}).Draw(r, "absence"), rapid.SampledFrom([]string{"X", "Y", `\N`}).Draw(r, "chef")))
		}
		published := func(rows [][]string) map[string]string {
			text := "age:int64,service:text,entree:date,n:int64,nom:text,absence:text,chef:text\n"
			for _, row := range rows {
				text += strings.Join(row, ",") + "\n"
			}
			tb, err := pipelinetest.ParseTable(text)
			if err != nil {
				r.Fatal(err)
			}
			d := deal{batch: rapid.IntRange(1, len(rows)).Draw(r, "batch"), workers: rapid.IntRange(1, 3).Draw(r, "workers"), memory: "1GiB", again: true}
			got, report := d.published(t, tb, "", policy, population)
			if task := report.Tasks[0]; task.Outcome != pipelines.Published && (pipelines.ExitCode(task.Err) != pipelines.ExitRefused || len(got) > 0) {
				r.Fatalf("%s: %v\n%s", task.Outcome, task.Err, policy)
			}
			return byClass(r, strings.ReplaceAll(got["agents.csv"], "\r", ""), "age", "service", "entree")
		}
		gone := rapid.IntRange(0, len(rows)-1).Draw(r, "gone")
		before, after := published(rows), published(slices.Delete(slices.Clone(rows), gone, gone+1))
		age, _ := strconv.Atoi(rows[gone][0])
		class := fmt.Sprintf("%d à %d;%s;%s", age/width*width, age/width*width+width-1, strings.TrimPrefix(rows[gone][1], `\N`), rows[gone][2][:map[string]int{"month": 7, "year": 4}[period]])
		if before[class] != after[class] {
			changed++
		}
		delete(before, class)
		delete(after, class)
		if d := cmp.Diff(before, after); d != "" {
			r.Fatalf("without row %d of class %s others change:\n%s\n%s", gone, class, d, policy)
		}
		others += len(before)
		if judged == "together" {
			together += len(before)
		}
	})
}
