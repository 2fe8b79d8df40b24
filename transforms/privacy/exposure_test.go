package privacy_test

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/internal/draws"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
)

// exposedRow is a row of a class and whose it is; "" where nobody tells.
type exposedRow struct{ class, who string }

// risksCounted are the risks as simple code counts them.
func risksCounted(rows []exposedRow, population map[string]int) pipelines.Exposure {
	classes, size := map[string]map[string]bool{}, map[string]int64{}
	e := pipelines.Exposure{Counts: "rows", Rows: int64(len(rows)), Smallest: math.MaxInt64}
	for i, r := range rows {
		if classes[r.class] == nil {
			classes[r.class] = map[string]bool{}
		}
		who := fmt.Sprint(i)
		if r.who != "" {
			who, e.Counts = r.who, "persons"
		}
		classes[r.class][who] = true
		size[r.class]++
	}
	all, least, weighted := 0, math.MaxInt, 0.0
	for class, who := range classes {
		e.Classes++
		e.Smallest = min(e.Smallest, size[class])
		if size[class] == 1 {
			e.Uniques++
		}
		if e.Counts == "persons" && len(who) == 1 {
			e.Alone++
		}
		least, all = min(least, len(who)), all+len(who)
		if population != nil {
			risk := 1 / math.Max(1, float64(population[class]))
			e.JournalistHighest, weighted = math.Max(e.JournalistHighest, risk), weighted+risk*float64(len(who))
		}
	}
	if e.Counts == "persons" {
		e.Persons = int64(least)
	}
	e.HighestRisk, e.AverageRisk, e.JournalistAverage = 1/float64(least), float64(len(classes))/float64(all), weighted/float64(all)
	return e
}

// same fails unless the figures are those of simple code, or bounds of them where they say so.
func same(t *rapid.T, what string, got, want pipelines.Exposure) {
	t.Helper()
	figure := func(name string, got, want float64, atMost bool) {
		if atMost && got < want-1e-12 || !atMost && math.Abs(got-want) > 1e-12 {
			t.Fatalf("%s: %s %v, want %v (at most: %v)", what, name, got, want, atMost)
		}
	}
	figure("highest", got.HighestRisk, want.HighestRisk, got.HighestAtMost)
	figure("average", got.AverageRisk, want.AverageRisk, got.AverageAtMost)
	figure("journalist's highest", got.JournalistHighest, want.JournalistHighest, false)
	figure("journalist's average", got.JournalistAverage, want.JournalistAverage, got.AverageAtMost)
	if got.HighestAtMost && got.Persons <= want.Persons || got.Persons == want.Persons {
		want.Persons = got.Persons
	}
	want.HighestRisk, want.AverageRisk, want.JournalistHighest, want.JournalistAverage = got.HighestRisk, got.AverageRisk, got.JournalistHighest, got.JournalistAverage
	want.HighestAtMost, want.AverageAtMost = got.HighestAtMost, got.AverageAtMost
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("%s: %s", what, diff)
	}
}

// The report, the exploration and the judgement of a file give the risks that simple code
// counts: of persons where the policy tells them, of the population where it is given,
// before as after; of a file that tells persons, exactly those.
func TestWhoseRisksAreTold(t *testing.T) {
	env := pipelinetest.Env(t)
	env.Task.Pipeline = "agents"
	ran, exact := 0, 0
	draws.Check(t, draws.Kinds{"ran": &ran, "of files that tell persons": &exact}, func(r *rapid.T) {
		env := env
		subject := rapid.SampledFrom([]string{"", "hidden", "shown"}).Draw(r, "subject")
		k := rapid.IntRange(2, 4).Draw(r, "k")
		body, model := "quasi \"q\" {}\nquasi \"r\" {}\n", fmt.Sprintf("k = %d\nsuppression_limit = 0.9\n", k)
		switch subject {
		case "hidden":
			body += "subject = \"nom\"\nidentifier \"nom\" { action = \"drop\" }\n"
		case "shown":
			body += "subject = \"nom\"\npublic = [\"nom\"]\n"
		}
		var people map[string]int
		if rapid.Bool().Draw(r, "population") {
			people = map[string]int{}
			file := "q;r;n\n"
			for _, q := range []string{"x", "y", "z"} {
				n := rapid.IntRange(0, 9).Draw(r, "people")
				people[q+",u"] = n
				file += fmt.Sprintf("%s;u;%d\n", q, n)
			}
			projectFile(t, &env, "gens.csv", file)
			model += "k_map = 2\npopulation {\nfile = \"gens.csv\"\nweight = \"n\"\n}\n"
			if rapid.Bool().Draw(r, "k_map alone") {
				model = strings.TrimPrefix(model, fmt.Sprintf("k = %d\n", k))
			}
		}
		p, err := policy(t, env, body+"model {\n"+model+"}")
		if err != nil {
			r.Fatal(err)
		}
		var rows []exposedRow
		text := "q:text,r:text,nom:text\n"
		for range rapid.IntRange(1, 60).Draw(r, "rows") {
			row := exposedRow{rapid.SampledFrom([]string{"x", "y", "z"}).Draw(r, "q") + ",u", fmt.Sprintf("P%d", rapid.IntRange(1, 12).Draw(r, "nom"))}
			text += row.class + "," + row.who + "\n"
			if subject == "" {
				row.who = ""
			}
			rows = append(rows, row)
		}
		in := table(t, text)
		first := pipelinetest.Batches(in.Schema, pipelinetest.Cuts()[1].Batches(env.Allocator, in)...)
		d, err := p.Observe(context.Background(), first)
		first.Close()
		if err != nil {
			if messages.Find(err) == nil {
				r.Fatal(err)
			}
			return // nothing keeps the model
		}
		ran++
		out, err := p.Emit(context.Background(), d, pipelinetest.Batches(in.Schema, pipelinetest.Cuts()[1].Batches(env.Allocator, in)...))
		if err != nil {
			r.Fatal(err)
		}
		file := collect(t, out)
		stays := map[string]int{} // rows that stay, by class and, where it is told, whose they are
		for _, line := range strings.Split(strings.TrimSpace(file), "\n")[1:] {
			stays[line]++
		}
		var kept []exposedRow
		for _, row := range rows {
			line := row.class
			if subject == "shown" {
				line += "," + row.who
			}
			if stays[line] > 0 {
				kept = append(kept, row)
			}
		}
		before, after := risksCounted(rows, people), risksCounted(kept, people)

		risks := p.(pipelines.Proving).Proof(d).Records.Risks
		same(r, "before", risks.Before, before)
		same(r, "after, not judged", risks.After, after)
		if err := p.Judge(context.Background(), d, sealed{env, table(t, file)}); err != nil {
			r.Fatal(err)
		}
		proof := p.(pipelines.Proving).Proof(d)
		same(r, "after", proof.Records.Risks.After, after)
		if a := proof.Records.Risks.After; subject == "shown" && (a.HighestAtMost || people == nil && a.AverageAtMost) || subject == "" && (a.HighestAtMost || a.AverageAtMost) {
			r.Fatalf("not exact: %+v", a)
		} else if subject == "shown" {
			exact++
		}
		if w := proof.WP29.SinglingOut; w.Possible != (after.Unique() > 0) || w.UniqueAfter != after.Unique() || w.UniqueBefore != before.Unique() || w.Counts != after.Counts {
			r.Fatalf("singling out: %+v of %+v", w, after)
		}
		if l := proof.WP29.Linkability; len(l.Shown) != map[string]int{"shown": 1}[subject] || l.AverageRisk != proof.Records.Risks.After.AverageRisk {
			r.Fatalf("linkability: %+v", l)
		}

		x, err := p.(pipelines.Explorer).Explore(context.Background(), pipelinetest.Batches(in.Schema, pipelinetest.Cuts()[2].Batches(env.Allocator, in)...))
		if err != nil {
			r.Fatal(err)
		}
		same(r, "explored", x.Before, before)
		if subject != "shown" { // what all rows of a person show is not explored
			same(r, "explored optimum", x.After, after)
		}
		if x.Model.KMap != map[bool]int{true: 2}[people != nil] || strings.Contains(model, "k = ") != (x.Model.K == k) || x.Model.K == 1 || proof.Records.Asked != x.Model {
			r.Fatalf("asked %+v and %+v under %s", x.Model, proof.Records.Asked, model)
		}

		told := kept
		if subject == "hidden" { // the file does not tell
			told = nil
			for _, row := range kept {
				told = append(told, exposedRow{class: row.class})
			}
		}
		audit, _ := audited(t, env, p, file)
		if audit.HighestAtMost || audit.AverageAtMost {
			r.Fatalf("the figures of a file: %+v", audit.Exposure)
		}
		same(r, "verified", audit.Exposure, risksCounted(told, people))
	})
}

// The page is told of what the gate verified, each thing once, and of nothing else.
func TestWhatTheGateVerifiedIsTold(t *testing.T) {
	env := pipelinetest.Env(t)
	env.Secrets = secrets{"secret.cle": strings.Repeat("k", 32)}
	projectFile(t, &env, "gens.csv", "q\nx\nx\nx\n")
	const texts, releases, columns = pipelines.VerifiedTexts, pipelines.VerifiedReleases, pipelines.VerifiedColumns
	risk := func(rule string, most float64) pipelines.ProtectedThreshold {
		return pipelines.ProtectedThreshold{Rule: rule, Most: most}
	}
	for name, c := range map[string]struct {
		body  string
		model *pipelines.ProtectedModel
		want  []pipelines.Verified
	}{
		"k_map alone": {"quasi \"q\" {}\nmodel {\nk_map = 3\npopulation { file = \"gens.csv\" }\n}",
			&pipelines.ProtectedModel{KMap: 3, Quasi: []string{"q"}}, []pipelines.Verified{{What: columns}, {What: texts}, {What: releases}}},
		"both, and thresholds": {"quasi \"q\" {}\nmodel {\nk = 2\nk_map = 3\nmax_average_risk = 0.4\npopulation { file = \"gens.csv\" }\n}\ngate {\nmax_prosecutor_risk = 0.5\nmax_uniques = 0\ncompare_with = \"none\"\n}",
			&pipelines.ProtectedModel{K: 2, KMap: 3, Quasi: []string{"q"}, MaxAverageRisk: .4, Thresholds: []pipelines.ProtectedThreshold{risk("max_prosecutor_risk", .5), risk("max_uniques", 0)}},
			[]pipelines.Verified{{What: columns}, {What: texts}}},
		"persons of the source": {"subject = \"nom\"\nidentifier \"nom\" { action = \"drop\" }\nquasi \"q\" {}\nmodel { k = 2 }",
			&pipelines.ProtectedModel{K: 2, Persons: true, Quasi: []string{"q"}}, []pipelines.Verified{{What: columns}, {What: texts}, {What: releases}}},
		"persons of the file": {"subject = \"nom\"\nidentifier \"nom\" {\naction = \"pseudonym\"\nkey = secret.cle\nrotate = \"per_release\"\n}\nquasi \"q\" {}\nmodel { k = 2 }\ngate { supersede = \"erase\" }",
			&pipelines.ProtectedModel{K: 2, Persons: true, Tied: true, Quasi: []string{"q"}}, []pipelines.Verified{{What: columns}, {What: pipelines.VerifiedCodes, Columns: []string{"nom"}}, {What: texts}}},
		"masks": {"public = [\"t\"]\nidentifier \"nom\" {\naction = \"constant\"\notherwise = \"X\"\n}\nidentifier \"siret\" { clear_when = row.t == \"A\" }", nil,
			[]pipelines.Verified{{What: columns}, {What: pipelines.VerifiedMasks, Columns: []string{"nom"}}, {What: pipelines.VerifiedRules, Columns: []string{"siret"}}, {What: texts}}},
		"masked in part": {"identifier \"nom\" {\naction = \"partial\"\nshow_first = 2\n}\nquasi \"q\" {\nshow_last = 1\nmin_level = 1\n}\nquasi \"r\" {\nshow_last = 1\n}\nmodel { k = 2 }",
			&pipelines.ProtectedModel{K: 2, Quasi: []string{"q", "r", "nom"}}, []pipelines.Verified{{What: columns}, {What: pipelines.VerifiedCut, Columns: []string{"q", "nom"}}, {What: texts}, {What: releases}}},
		"masked in part by law": {"identifier \"adresse\" {\naction = \"partial\"\nshow_first = 2\nlegal_basis = \"D312-1-3/8\"\nreason = \"registre\"\n}\nidentifier \"nom\" { action = \"redact\" }", nil,
			[]pipelines.Verified{{What: columns}, {What: pipelines.VerifiedMasks, Columns: []string{"nom"}}, {What: pipelines.VerifiedCut, Columns: []string{"adresse"}}, {What: texts}}},
		"totals": {"public = [\"q\"]\nclear \"total\" {\nsubject = \"foyer\"\npreset = \"dgfip_persons\"\n}", nil,
			[]pipelines.Verified{{What: columns}, {What: pipelines.VerifiedTotals, Columns: []string{"total"}, Least: 11, MaxShare: .85}, {What: texts}, {What: releases}}},
		"means": {"public = [\"q\"]\nmicroaggregate \"m\" {\ncolumns = [\"a\", \"b\"]\nk = 4\n}", nil,
			[]pipelines.Verified{{What: columns}, {What: pipelines.VerifiedMeans, Columns: []string{"a", "b"}, Least: 4}, {What: texts}, {What: releases}}},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := policy(t, env, c.body)
			if err != nil {
				t.Fatal(err)
			}
			x := p.(pipelines.Protecting).Protection(nil)
			if diff := cmp.Diff(c.model, x.Model) + cmp.Diff(c.want, x.Verified); diff != "" {
				t.Error(diff)
			}
			if c.model == nil {
				return
			}
			checks := strings.Join(p.(pipelines.Checked).Checks(nil), "\n")
			if strings.Contains(checks, "k = 1") || strings.Contains(checks, "k-map : k = 3") != (c.model.KMap == 3) {
				t.Errorf("the manifest says %s", checks)
			}
		})
	}
}

// Beside l and t the report has what β-likeness and δ-disclosure come to (privacy.md, §18.2).
func TestLikenessAndDisclosureAreReported(t *testing.T) {
	env := pipelinetest.Env(t)
	p, d, _ := made(t, env, "quasi \"q\" {}\nsensitive \"s\" {\ndiversity { l = 2 }\n}\nmodel { k = 2 }", "q:text,s:text\n"+
		strings.Repeat("x,a\n", 3)+"x,b\n"+"y,a\n"+strings.Repeat("y,b\n", 3)+"y,c\n"+"y,c\n")
	s := p.(pipelines.Proving).Proof(d).Records.Sensitive[0]
	// Of 10 rows 4 are a, 4 b, 2 c: in x, a is 3/4 instead of 4/10; in y, c is 2/6 instead of 2/10, and a 1/6 instead of 4/10.
	beta, delta := 0.75/0.4-1, math.Log(0.4*6)
	if math.Abs(s.Beta-beta) > 1e-12 || math.Abs(s.EnhancedBeta-beta) > 1e-12 || math.Abs(s.Delta-delta) > 1e-12 {
		t.Errorf("β %v (%v), δ %v; want %v, %v", s.Beta, s.EnhancedBeta, s.Delta, beta, delta)
	}
}

// A rule that the files cannot prove is counted, and that is what is told.
func TestARuleThatIsCountedIsToldSo(t *testing.T) {
	env := pipelinetest.Env(t)
	for condition, want := range map[string]pipelines.Verification{
		"row.t == \"A\"":      pipelines.VerifiedRules,
		"row[\"t\"] == \"A\"": pipelines.VerifiedRules,
		"row.n > 1":           pipelines.VerifiedCounts,
	} {
		p, d, _ := made(t, env, "public = [\"t\"]\nidentifier \"siret\" { clear_when = "+condition+" }", "siret:text,t:text,n:int64\n1,A,1\n2,B,2\n")
		got := p.(pipelines.Protecting).Protection(d).Verified[1]
		if diff := cmp.Diff(pipelines.Verified{What: want, Columns: []string{"siret"}}, got); diff != "" {
			t.Errorf("%s: %s", condition, diff)
		}
	}
}
