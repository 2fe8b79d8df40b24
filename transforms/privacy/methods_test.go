package privacy_test

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/internal/draws"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
)

// projectFile writes a file of the project.
func projectFile(t testing.TB, env *pipelines.Env, name, text string) {
	t.Helper()
	if env.Root == "" {
		env.Root = t.TempDir()
	}
	if err := os.WriteFile(filepath.Join(env.Root, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// earthMover is the distance of two distributions on a tree: what passes over each edge,
// of which a path between two leaves has two for each level (privacy.md, §7). paths has
// what each value is part of, from itself up to the one that holds all.
func earthMover(class, all []string, paths map[string][]string) float64 {
	height := 0
	flow := map[string]float64{}
	add := func(values []string, sign float64) {
		for _, v := range values {
			for l, label := range paths[v][:len(paths[v])-1] {
				flow[fmt.Sprint(l, label)] += sign / float64(len(values))
			}
			height = len(paths[v]) - 1
		}
	}
	add(class, 1)
	add(all, -1)
	sum := 0.0
	for _, f := range flow {
		sum += math.Abs(f)
	}
	return sum / float64(2*height)
}

// The distance of every class that leaves is at most t, and the gate, which computes it in
// another way, says so of the same files.
func TestHierarchicalCloseness(t *testing.T) {
	paths := map[string][]string{`\N`: {`\N`, `\N`, `\N`, "*"}}
	var file []string
	for _, line := range []string{"grippe;respiratoire;maladie;*", "angine;respiratoire;maladie;*", "entorse;accident;maladie;*", "formation;formation;choisie;*", "congé;repos;choisie;*"} {
		path := strings.Split(line, ";")
		paths[path[0]] = path
		file = append(file, line)
	}
	env := pipelinetest.Env(t)
	projectFile(t, &env, "absences.csv", strings.Join(file, "\n")+"\n")
	values := []string{"grippe", "angine", "entorse", "formation", "congé", `\N`}
	published, refused := 0, 0
	draws.Check(t, draws.Kinds{"published": &published, "refused": &refused}, func(r *rapid.T) {
		body := func(bound float64) string {
			return fmt.Sprintf("quasi \"q\" {}\nsensitive \"s\" {\ncloseness {\nt = %v\ndistance = \"hierarchical\"\nhierarchy_file = \"absences.csv\"\n}\n}\nmodel {\nk = 2\nsuppression_limit = 0.9\n}", bound)
		}
		bound := rapid.SampledFrom([]float64{0.1, 0.25, 0.5, 0.75}).Draw(r, "t")
		p, err := policy(t, env, body(bound))
		if err != nil {
			r.Fatal(err)
		}
		strict, err := policy(t, env, body(0))
		if err != nil {
			r.Fatal(err)
		}
		in := "q:text,s:text\n"
		var all []string
		for range rapid.IntRange(2, 24).Draw(r, "rows") {
			s := rapid.SampledFrom(values).Draw(r, "s")
			all = append(all, s)
			in += rapid.SampledFrom([]string{"a", "b", "c"}).Draw(r, "q") + "," + s + "\n"
		}
		tb := table(t, in)
		first := pipelinetest.Batches(tb.Schema, pipelinetest.Cuts()[1].Batches(env.Allocator, tb)...)
		d, err := p.Observe(context.Background(), first)
		first.Close()
		if err != nil {
			if messages.Find(err) == nil {
				r.Fatal(err)
			}
			return
		}
		out, err := p.Emit(context.Background(), d, pipelinetest.Batches(tb.Schema, pipelinetest.Cuts()[2].Batches(env.Allocator, tb)...))
		if err != nil {
			r.Fatal(err)
		}
		got := collect(t, out)
		classes := map[string][]string{}
		for _, row := range lines(got) {
			classes[row[0]] = append(classes[row[0]], row[1])
			published++
		}
		farthest := 0.0
		for q, class := range classes {
			distance := earthMover(class, all, paths)
			if farthest = max(farthest, distance); distance > bound+1e-9 {
				r.Fatalf("class %s is %v from all rows, more than %v:\n%s", q, distance, bound, got)
			}
		}
		if err := p.(pipelines.Gate).Judge(context.Background(), d, sealed{env, table(t, got)}); err != nil {
			r.Fatalf("the gate refuses what the policy gave: %v\n%s", err, got)
		}
		if err := strict.(pipelines.Gate).Judge(context.Background(), d, sealed{env, table(t, got)}); messages.Has(err, messages.GateModel) != (farthest > 1e-9) {
			r.Fatalf("a class is %v from all rows, and the gate says %v", farthest, err)
		} else if err != nil {
			refused++
		}
	})
}

// Numbers are ordered as numbers and instants by time, however they are written, and texts
// as texts, in what the policy decides and in what the gate says of the file.
func TestOrderedClosenessIsOfTheType(t *testing.T) {
	env := pipelinetest.Env(t)
	for typ, c := range map[string]struct {
		values  [3]string
		refused bool // the class of the last two is 0.25 from all rows where these are in order
	}{
		"int64":          {[3]string{"1", "2", "10"}, true},
		"text":           {[3]string{"1", "2", "10"}, false},
		"float64":        {[3]string{"-Inf", "9.5", "NaN"}, true},
		"decimal(10, 2)": {[3]string{"-100.00", "-9.00", "0.10"}, true},
		"timestamp":      {[3]string{"2024-01-01T00:00:00Z", "2024-01-01T00:00:00.5Z", "2024-01-01T00:00:01Z"}, true},
		"date":           {[3]string{"2023-12-31", "2024-01-01", "2024-01-02"}, true},
	} {
		rows := fmt.Sprintf("q:text,\"s:%s\"\na,%[3]s\na,%[4]s\nb,%[2]s\nb,%[3]s\nb,%[3]s\n", typ, c.values[0], c.values[1], c.values[2])
		const body = "quasi \"q\" {}\nsensitive \"s\" {\ncloseness {\nt = %v\ndistance = \"ordered\"\n}\n}\nmodel { k = 2 }"
		p, err := policy(t, env, fmt.Sprintf(body, 0.2))
		if err != nil {
			t.Fatal(err)
		}
		far, err := policy(t, env, fmt.Sprintf(body, 0.25))
		if err != nil {
			t.Fatal(err)
		}
		d, got := twoPasses(t, env, far, table(t, rows), pipelinetest.Cuts()[1])
		for name, gate := range map[string]pipelines.Privacy{"near": p, "far": far} {
			err := gate.(pipelines.Gate).Judge(context.Background(), d, sealed{env, table(t, got)})
			if refused := name == "near" && c.refused; messages.Has(err, messages.GateModel) != refused || !refused && err != nil {
				t.Errorf("%s, %s: the gate says %v", typ, name, err)
			}
			if _, found := audited(t, env, gate, got); (found["s: closeness"] != "ok") != (name == "near" && c.refused) {
				t.Errorf("%s, %s: of the file alone is said %v", typ, name, found)
			}
		}
		in := table(t, rows)
		first := pipelinetest.Batches(in.Schema, pipelinetest.Cuts()[1].Batches(env.Allocator, in)...)
		_, err = p.Observe(context.Background(), first)
		first.Close()
		if messages.Has(err, messages.NoLevels) != c.refused || !c.refused && err != nil {
			t.Errorf("%s: %v", typ, err)
		}
	}
}

func TestHierarchicalClosenessNeedsTheHierarchy(t *testing.T) {
	env := pipelinetest.Env(t)
	projectFile(t, &env, "h.csv", "a;x;*\nb;y;*\n")
	const body = "quasi \"q\" {}\nsensitive \"s\" {\ncloseness {\nt = 0.5\n%s\n}\n}\nmodel {\nk = 2\n}"
	for _, wrong := range []string{`distance = "hierarchical"`, `hierarchy_file = "h.csv"`} {
		if _, err := policy(t, env, fmt.Sprintf(body, wrong)); !messages.Has(err, messages.WrongSensitive) {
			t.Errorf("%s: %v", wrong, err)
		}
	}
	if _, err := policy(t, env, fmt.Sprintf(body, "distance = \"hierarchical\"\nhierarchy_file = \"none.csv\"")); !messages.Has(err, messages.HierarchyUnreadable) {
		t.Errorf("no file: %v", err)
	}
	p, err := policy(t, env, fmt.Sprintf(body, "distance = \"hierarchical\"\nhierarchy_file = \"h.csv\""))
	if err != nil {
		t.Fatal(err)
	}
	in := table(t, "q:text,s:text\nm,a\nm,secret\n")
	_, err = p.Observe(context.Background(), pipelinetest.Batches(in.Schema, pipelinetest.Cuts()[1].Batches(env.Allocator, in)...))
	if !messages.Has(err, messages.HierarchyLacks) || strings.Contains(err.Error(), "secret") {
		t.Errorf("a value that the hierarchy lacks: %v", err)
	}
}

// populated says how many of the population a row that leaves may be of.
func populated(row []string, population [][]string) int {
	n := 0
	for _, p := range population {
		age := p[0]
		weight, _ := strconv.Atoi(p[2])
		from, to, isRange := strings.Cut(row[0], " à ")
		in := row[0] == age || row[0] == "*" || row[0] == `\N` && age == ""
		if isRange && age != "" {
			a, _ := strconv.Atoi(age)
			x, _ := strconv.Atoi(from)
			y, _ := strconv.Atoi(to)
			in = a >= x && a <= y
		}
		if in && row[1] == p[1] {
			n += weight
		}
	}
	return n
}

// Each row that leaves has k_map persons of the population that it may be of, the gate
// counts as many from the file, and no person of the population is in anything that leaves.
func TestRowsHaveAPopulation(t *testing.T) {
	env := pipelinetest.Env(t)
	published, refused := 0, 0
	draws.Check(t, draws.Kinds{"published": &published, "refused": &refused}, func(r *rapid.T) {
		k := rapid.IntRange(2, 4).Draw(r, "k_map")
		text := "vieux;age;commune;poids\n"
		var population [][]string
		for range rapid.IntRange(0, 25).Draw(r, "population") {
			p := []string{rapid.SampledFrom([]string{"1", "9", "10", "15", "31", ""}).Draw(r, "age"), rapid.SampledFrom([]string{"A", "B"}).Draw(r, "commune"), rapid.SampledFrom([]string{"0", "1", "2"}).Draw(r, "poids")}
			population = append(population, p)
			text += "oui;" + strings.Join(p, ";") + "\n"
		}
		projectFile(t, &env, "habitants.txt", text)
		how := rapid.SampledFrom([]string{"", "min_level = 1", "max_level = 1"}).Draw(r, "how")
		p, err := policy(t, env, fmt.Sprintf("quasi \"age\" {\nsteps = [10]\n%s\n}\nquasi \"c\" {}\nmodel {\nk_map = %d\nsuppression_limit = 0.8\npopulation {\nfile = \"habitants.txt\"\ncolumns = { c = \"commune\" }\nweight = \"poids\"\n}\n}", how, k))
		if err != nil {
			r.Fatal(err)
		}
		in := "age:int64,c:text\n"
		for range rapid.IntRange(1, 20).Draw(r, "rows") {
			in += rapid.SampledFrom([]string{"1", "9", "10", "15", "31", `\N`}).Draw(r, "age") + "," + rapid.SampledFrom([]string{"A", "B"}).Draw(r, "c") + "\n"
		}
		tb := table(t, in)
		first := pipelinetest.Batches(tb.Schema, pipelinetest.Cuts()[1].Batches(env.Allocator, tb)...)
		d, err := p.Observe(context.Background(), first)
		first.Close()
		if err != nil {
			if messages.Find(err) == nil {
				r.Fatal(err)
			}
			refused++
			return
		}
		out, err := p.Emit(context.Background(), d, pipelinetest.Batches(tb.Schema, pipelinetest.Cuts()[2].Batches(env.Allocator, tb)...))
		if err != nil {
			r.Fatal(err)
		}
		got := collect(t, out)
		rows := lines(got)
		for _, row := range rows {
			published++
			if n := populated(row, population); n < k {
				r.Fatalf("%v may be of %d persons:\n%s%s", row, n, got, text)
			}
		}
		gate := p.(pipelines.Gate)
		if err := gate.Judge(context.Background(), d, sealed{env, table(t, got)}); err != nil {
			r.Fatalf("the gate refuses what the policy gave: %v\n%s", err, got)
		}
		if _, found := audited(t, env, p, got); found[fmt.Sprint("k_map = ", k)] != "ok" {
			r.Fatalf("the file alone: %v\n%s\n%s", found, got, text)
		}
		for _, c := range []string{"A", "B"} {
			other := []string{rows[0][0], c}
			file := strings.Replace(got, "\n"+strings.Join(rows[0], ",")+"\n", "\n"+strings.Join(other, ",")+"\n", 1)
			few := populated(other, population) < k
			if _, found := audited(t, env, p, file); (found[fmt.Sprint("k_map = ", k)] != "ok") != few {
				r.Fatalf("the file alone: %v, few: %v\n%s\n%s", found, few, file, text)
			}
			err := gate.Judge(context.Background(), d, sealed{env, table(t, file)})
			if few && !messages.Has(err, messages.GateModel) && !messages.Has(err, messages.GateLevel) {
				r.Fatalf("a row of few: %v\n%s", err, file)
			}
		}
	})
}

func TestPopulationsAreReadExactly(t *testing.T) {
	env := pipelinetest.Env(t)
	const body = "quasi \"age\" { steps = [10] }\nmodel {\n%s\n}"
	in := table(t, "age:int64\n31\n32\n")
	model := "k_map = 2\npopulation {\nfile = \"p.txt\"\nweight = \"n\"\n}"
	for _, c := range []struct {
		name, file string
		want       *messages.Message
	}{
		{"as it should be", "age;n\n31;2\n", nil},
		{"with a mark", "\ufeffage;n\n31;2\n32;1\n", nil},
		{"nothing", "", messages.PopulationLine},
		{"no such column", "annee;n\n31;2\n", messages.PopulationColumn},
		{"no weight", "age\n31\n", messages.PopulationColumn},
		{"a weight that is none", "age;n\n31;beaucoup\n", messages.PopulationLine},
		{"another number of fields", "age;n\n31\n", messages.PopulationLine},
		{"no number", "age;n\n31;2\ntrente;2\n", messages.PopulationValue},
	} {
		projectFile(t, &env, "p.txt", c.file)
		p, err := policy(t, env, fmt.Sprintf(body, model))
		if err == nil {
			first := pipelinetest.Batches(in.Schema, pipelinetest.Cuts()[1].Batches(env.Allocator, in)...)
			_, err = p.Observe(context.Background(), first)
			first.Close()
		}
		if c.want == nil && err != nil || c.want != nil && !messages.Has(err, c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
		if err != nil && (strings.Contains(err.Error(), "trente") || strings.Contains(err.Error(), "beaucoup")) {
			t.Errorf("%s: the error shows a value: %v", c.name, err)
		}
	}
	for _, wrong := range []string{"k_map = 2", "k = 2\npopulation {\nfile = \"p.txt\"\n}", "k_map = 1\npopulation {\nfile = \"p.txt\"\n}", "", "k = 1\nk_map = 2\npopulation {\nfile = \"p.txt\"\n}"} {
		if _, err := policy(t, env, fmt.Sprintf(body, wrong)); !messages.Has(err, messages.WrongModel) {
			t.Errorf("%q: %v", wrong, err)
		}
	}
	if _, err := policy(t, env, fmt.Sprintf(body, strings.Replace(model, "p.txt", "none.txt", 1))); !messages.Has(err, messages.PopulationUnreadable) {
		t.Errorf("no file: %v", err)
	}
}

// A surrogate counts the persons of whom a row leaves, and no others: a number that is
// missing would tell how many were dropped (invariant 11).
func TestSurrogatesCountWhoLeaves(t *testing.T) {
	env := pipelinetest.Env(t)
	env.Secrets = secret(strings.Repeat("k", 32))
	p, err := policy(t, env, "subject = \"nom\"\nidentifier \"nom\" {\naction = \"surrogate\"\nkey = secret.cle\nrotate = \"per_release\"\n}\nquasi \"q\" {}\nmodel {\nk = 2\nsuppression_limit = 0.5\n}")
	if err != nil {
		t.Fatal(err)
	}
	in := "q:text,nom:text\n"
	for i := range 50 {
		in += fmt.Sprintf("%d,P%d\n", i/2*(i%5/4+1), i)
	}
	d, got, err := released(t, env, p, table(t, in), pipelinetest.Cuts()[2])
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	ordered := true
	last := 0
	for _, row := range lines(got) {
		seen[row[1]] = true
		n, _ := strconv.Atoi(row[1])
		ordered = ordered && n > last
		last = n
	}
	for n := range len(seen) {
		if !seen[strconv.Itoa(n+1)] {
			t.Errorf("nobody has number %d of %d:\n%s", n+1, len(seen), got)
		}
	}
	if len(seen) == 0 || len(seen) == 50 || ordered {
		t.Errorf("%d of 50 persons have numbers, in the order of the rows: %v", len(seen), ordered)
	}
	gate := p.(pipelines.Gate)
	if err := gate.Judge(context.Background(), d, sealed{env, table(t, got)}); err != nil {
		t.Error(err)
	}
	for _, other := range []string{"0", "51", "-1"} {
		file := strings.Replace(got, ","+strconv.Itoa(last)+"\n", ","+other+"\n", 1)
		if err := gate.Judge(context.Background(), d, sealed{env, table(t, file)}); !messages.Has(err, messages.GateValue) {
			t.Errorf("number %s: %v", other, err)
		}
	}
}
