package privacy_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/internal/draws"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
)

// Whether a file's persons look like k others by all their rows is what simple code says,
// however often the file must be read (invariant 9).
func TestPersonsOfAFileAlone(t *testing.T) {
	env, small := pipelinetest.Env(t), pipelinetest.Env(t)
	small.Memory = 9000
	kept, refused := 0, 0
	draws.Check(t, draws.Kinds{"kept": &kept, "refused": &refused}, func(r *rapid.T) {
		k := rapid.IntRange(2, 3).Draw(r, "k")
		body := fmt.Sprintf("public = [\"who\"]\nsubject = \"who\"\nquasi \"q\" {}\nquasi \"r\" {}\nmodel { k = %d }", k)
		alike := rapid.Bool().Draw(r, "alike")
		csv := "q:text,r:int64,who:text\n"
		patterns := map[string][]string{} // by person, the classes of the rows
		nobody := map[string]bool{}
		add := func(who, class string) {
			csv += class + "," + who + "\n"
			if who == `\N` {
				nobody[class] = true
			} else {
				patterns[who] = append(patterns[who], class)
			}
		}
		for n := range rapid.IntRange(1, 20).Draw(r, "persons") {
			classes := []string{"a,1", "b,1"}[:1+n/k%2]
			if !alike {
				classes = rapid.SliceOfN(rapid.SampledFrom([]string{"a,1", "a,2", "b,1", `\N,1`}), 1, 3).Draw(r, "classes")
			}
			who := fmt.Sprintf("P%d", n)
			if rapid.IntRange(0, 9).Draw(r, "unknown") == 0 {
				who = `\N`
			}
			for _, c := range classes {
				add(who, c)
			}
		}
		count := map[string]int{}
		for _, classes := range patterns {
			slices.Sort(classes)
			count[strings.Join(classes, ";")]++
		}
		for class := range nobody {
			count[class]++
		}
		few := 0
		for _, n := range count {
			if n < k {
				few += n
			}
		}
		want := "ok"
		if few > 0 {
			want = messages.AuditPersons.Code + " "
			refused++
		} else {
			kept++
		}
		for _, e := range []pipelines.Env{env, small} {
			p, err := policy(t, e, body)
			if err != nil {
				r.Fatal(err)
			}
			x, found := audited(t, e, p, csv)
			if got := found["all rows of each person"]; got != want && !(e.Memory > 0 && got == "" && len(x.Unproved) > 0) {
				r.Fatalf("%q, want %q\n%s", got, want, csv)
			}
		}
	})
}

// What a file alone tells of numbers of persons and of sums.
func TestNumbersAndSumsOfAFileAlone(t *testing.T) {
	env := pipelinetest.Env(t)
	env.Secrets = secret(strings.Repeat("k", 32))
	const numbers = "subject = \"nom\"\nidentifier \"nom\" {\naction = \"surrogate\"\nkey = secret.cle\nrotate = \"per_release\"\n}\nquasi \"q\" {}\nmodel { k = 2 }"
	const sums = "public = [\"lieu\", \"type\"]\nclear \"total\" {\nsubject = \"foyer\"\nmin_subjects = 11\n}"
	for _, c := range []struct {
		name, body, file, check string
		want                    *messages.Message
	}{
		{"numbers", numbers, "q:text,nom:int64\na,1\na,2\n", "numbers of persons without gaps", nil},
		{"numbers, rule", numbers, "q:text,nom:int64\na,1\na,2\n", "rule of identifier nom", nil},
		{"a gap", numbers, "q:text,nom:int64\na,1\na,3\n", "numbers of persons without gaps", messages.AuditGaps},
		{"a gap beside nobody", numbers, "q:text,nom:int64\na,1\na,3\na,\\N\n", "numbers of persons without gaps", messages.AuditGaps},
		{"no number", numbers, "q:text,nom:int64\na,0\na,1\n", "rule of identifier nom", messages.GateValue},
		{"sums", sums, "lieu:text,type:text,total:int64\nA,x,5\nB,x,\\N\n", "totals beside masked rows", nil},
		{"a total", sums, "lieu:text,type:text,total:int64\nA,x,5\nB,x,\\N\nEnsemble,x,9\n", "totals beside masked rows", messages.AuditMargin},
		{"a total by null", sums, "lieu:text,type:text,total:int64\nA,x,5\nB,x,\\N\n\\N,x,9\n", "totals beside masked rows", messages.AuditMargin},
		{"a total of nothing masked", sums, "lieu:text,type:text,total:int64\nA,x,5\nEnsemble,x,5\n", "totals beside masked rows", nil},
		{"no sum", sums, "lieu:text,type:text\nA,x\n", "roles of the columns", messages.AuditLacks},
	} {
		p, err := policy(t, env, c.body)
		if err != nil {
			t.Fatal(err)
		}
		x, err := p.(pipelines.Auditor).AuditFile(context.Background(), sealed{env, table(t, c.file)})
		if err != nil {
			t.Fatal(err)
		}
		said := false
		for _, f := range x.Findings {
			if f.Check == c.check && (c.want != nil) == !f.OK {
				said = true
				if c.want != nil && !messages.Has(f.Err, c.want) {
					t.Errorf("%s: %v", c.name, f.Err)
				}
			}
		}
		if !said {
			t.Errorf("%s: %+v", c.name, x.Findings)
		}
	}
}

// A population is read in the types that the values had, and labels are those of the least
// level at which it has them.
func TestThePopulationOfAFileAlone(t *testing.T) {
	env := pipelinetest.Env(t)
	projectFile(t, &env, "h.csv", "Voirie;Technique;*\nParcs;Technique;*\nCrèche;Enfance;*\n")
	const body = "quasi \"prix\" {\nsteps = [10]\nmin_level = 1\n}\nquasi \"jour\" {\nperiod = \"month\"\nmin_level = 1\n}\nquasi \"service\" {\nhierarchy_file = \"h.csv\"\n}\nquasi \"n\" {}\n" +
		"model {\nk_map = 3\npopulation {\nfile = \"gens.csv\"\nweight = \"poids\"\n}\n}"
	const gens = "prix;jour;service;n;poids\n1.50;2024-03-01;Voirie;1;2\n9.25;2024-03-31;Parcs;1;1\n12.00;2024-05-01;Crèche;2;9\n"
	const in = "\"prix:decimal(8,2)\",jour:date,service:text,n:int64\n2.00,2024-03-05,Voirie,1\n2.50,2024-03-07,Parcs,1\n19.99,2024-05-05,Crèche,2\n"
	projectFile(t, &env, "gens.csv", gens)
	_, _, out := made(t, env, body, in)
	if !strings.Contains(out, "Technique") || !strings.Contains(out, "2024-03") {
		t.Fatalf("the case is not what it was: %s", out)
	}
	const check = "k_map = 3"
	for _, c := range []struct {
		name, gens, file, want string
	}{
		{"as published", gens, out, "ok"},
		{"fewer of them", strings.Replace(gens, ";1;2\n", ";1;1\n", 1), out, messages.AuditModel.Code + " 1"},
		{"a label that nobody has", gens, strings.Replace(out, "Enfance", "Culture", 1), messages.AuditModel.Code + " 1"},
		{"labels of no level", gens, strings.NewReplacer("Technique", "Voirie").Replace(out), ""},
		{"nobody's labels at all", strings.NewReplacer("2024-03", "2019-03", "2024-05", "2019-05").Replace(gens), out, ""},
	} {
		projectFile(t, &env, "gens.csv", c.gens)
		p, err := policy(t, env, body)
		if err != nil {
			t.Fatal(err)
		}
		x, found := audited(t, env, p, c.file)
		if found[check] != c.want {
			t.Errorf("%s: %q, want %q: %v\n%s", c.name, found[check], c.want, found, c.file)
		}
		said := slices.ContainsFunc(x.Unproved, func(m *messages.Error) bool { return m.Message == messages.UnprovedPopulation })
		if said != (c.want == "") {
			t.Errorf("%s: not proved: %v", c.name, x.Unproved)
		}
	}
}
