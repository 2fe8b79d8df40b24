package privacy_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/internal/draws"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
)

// released observes, draws for a release and emits; only observing may refuse.
func released(t testing.TB, env pipelines.Env, p pipelines.Privacy, in pipelinetest.Table, cut pipelinetest.Cut) (pipelines.Decision, string, error) {
	t.Helper()
	ctx := context.Background()
	first := pipelinetest.Batches(in.Schema, cut.Batches(env.Allocator, in)...)
	d, err := p.Observe(ctx, first)
	first.Close()
	if err != nil {
		return nil, "", err
	}
	if d, err = p.(pipelines.Drawer).Draw(ctx, d, []byte("empreinte")); err != nil {
		t.Fatal(err)
	}
	out, err := p.Emit(ctx, d, pipelinetest.Batches(in.Schema, cut.Batches(env.Allocator, in)...))
	if err != nil {
		t.Fatal(err)
	}
	return d, collect(t, out), nil
}

// lonely is the least number of persons, told by column who, that share what all their
// rows show; the rows of nobody known are each of a person, who is one for all of them.
func lonely(rows [][]string, quasi, who int) int {
	of, unknown := map[string][]string{}, map[string]bool{}
	for _, row := range rows {
		class := classOf(row, quasi)
		if row[who] == `\N` {
			unknown[class] = true
			continue
		}
		of[row[who]] = append(of[row[who]], class)
	}
	persons := map[string]int{}
	for _, classes := range of {
		slices.Sort(classes)
		persons[strings.Join(classes, "\x01")]++
	}
	for class := range unknown {
		persons[class]++
	}
	least := len(rows)
	for _, n := range persons {
		least = min(least, n)
	}
	return least
}

// Whoever puts the rows of a pseudonym together finds what fewer than k persons have
// together nowhere: neither in what leaves, nor in a file that passes the gate, for any
// order of the rows, cut and memory (invariants 2, 5 and 9).
func TestAPseudonymSinglesNobodyOut(t *testing.T) {
	env := pipelinetest.Env(t)
	env.Secrets = secret(strings.Repeat("k", 32))
	projectFile(t, &env, "services.csv", services)
	small := env
	small.Memory = 1 << 16
	published, alone := 0, 0
	draws.Check(t, draws.Kinds{"published": &published, "alone": &alone}, func(r *rapid.T) {
		var body, header []string
		var columns []quasiCase
		quasi := rapid.IntRange(1, 2).Draw(r, "quasi")
		for j := range quasi {
			c := rapid.SampledFrom(quasiCases).Draw(r, "column")
			columns = append(columns, c)
			header = append(header, fmt.Sprintf("\"q%d:%s\"", j, c.typ))
			body = append(body, fmt.Sprintf("quasi \"q%d\" {\n%s\n}", j, rapid.SampledFrom(c.bodies).Draw(r, "how")))
		}
		k := rapid.IntRange(2, 4).Draw(r, "k")
		how := rapid.SampledFrom([]string{"identifier \"nom\" {\naction = \"pseudonym\"\nkey = secret.cle\nrotate = \"per_release\"\n}", `public = ["nom"]`}).Draw(r, "how")
		body = append(body, how, `subject = "nom"`)
		if rapid.Bool().Draw(r, "diverse") {
			body = append(body, "sensitive \"s\" {\ndiversity { l = 2 }\n}")
		}
		body = append(body, fmt.Sprintf("model {\nk = %d\nsuppression_limit = %s\n}", k, rapid.SampledFrom([]string{"0.3", "0.6", "1"}).Draw(r, "limit")))
		header = append(header, "nom:text", "s:text")
		var rows []string
		for n := range rapid.IntRange(4, 15).Draw(r, "persons") {
			name := fmt.Sprintf("Personne %d", n)
			if rapid.IntRange(0, 9).Draw(r, "unknown") == 0 {
				name = `\N`
			}
			for range rapid.IntRange(1, 3).Draw(r, "rows") {
				var cells []string
				for _, c := range columns {
					cells = append(cells, rapid.SampledFrom(c.values[:2]).Draw(r, "value"))
				}
				rows = append(rows, strings.Join(append(cells, name, rapid.SampledFrom([]string{"x", "y"}).Draw(r, "s")), ","))
			}
		}
		var want []string
		for i, cut := range pipelinetest.Cuts() {
			env := env
			if i%2 == 1 {
				env = small
			}
			p, err := policy(t, env, strings.Join(body, "\n"))
			if err != nil {
				r.Fatal(err)
			}
			order := rows
			if i > 0 {
				order = rapid.Permutation(rows).Draw(r, "order")
			}
			in := table(t, strings.Join(header, ",")+"\n"+strings.Join(append(slices.Clone(order), ""), "\n"))
			d, got, err := released(t, env, p, in, cut)
			if err != nil {
				if messages.Find(err) == nil || want != nil {
					r.Fatal(err)
				}
				return
			}
			if err := p.(pipelines.Gate).Judge(context.Background(), d, sealed{env, table(t, got)}); err != nil {
				r.Fatalf("the gate refuses what the policy gave: %v\n%s", err, got)
			}
			out := lines(got)
			if len(out) > 0 && lonely(out, quasi, quasi) < k {
				r.Fatalf("a person is alone:\n%s", got)
			}
			set := strings.Split(strings.TrimSuffix(got, "\n"), "\n")
			slices.Sort(set[1:])
			if want == nil {
				want = set
				published += len(out)
			}
			if d := cmp.Diff(want, set); d != "" {
				r.Fatalf("%s: other rows in another order:\n%s", cut.Name, d)
			}
			if len(out) < 2 {
				continue
			}
			// The same file with the persons of two rows exchanged has the same classes.
			a, b := rapid.IntRange(0, len(out)-1).Draw(r, "a"), rapid.IntRange(0, len(out)-1).Draw(r, "b")
			out[a][quasi], out[b][quasi] = out[b][quasi], out[a][quasi]
			file := []string{strings.Join(header, ",")}
			file[0] = strings.Split(got, "\n")[0]
			for _, row := range out {
				file = append(file, strings.Join(row, ","))
			}
			err = p.(pipelines.Gate).Judge(context.Background(), d, sealed{env, table(t, strings.Join(file, "\n")+"\n")})
			switch single := lonely(out, quasi, quasi) < k; {
			case single && !messages.Has(err, messages.GatePersons) && !messages.Has(err, messages.GateModel):
				r.Fatalf("a file in which a person is alone: %v\n%s", err, strings.Join(file, "\n"))
			case single:
				alone++
			}
		}
	})
}

// A pseudonym of another column than subject would tie rows of several persons, or some
// of one, which nobody counts together.
func TestOnlyTheSubjectHasAPseudonym(t *testing.T) {
	_, err := policy(t, pipelinetest.Env(t), "subject = \"nom\"\nquasi \"q\" {}\nidentifier \"famille\" {\naction = \"pseudonym\"\nkey = secret.cle\nrotate = \"per_release\"\n}\nmodel {\nk = 2\n}")
	if !messages.Has(err, messages.WrongModel) {
		t.Errorf("got %v, want %s", err, messages.WrongModel.Code)
	}
}

// Persons that do not fit in memory are put on disk, to the same verdict.
func TestTheGatePutsPersonsOnDisk(t *testing.T) {
	const body = "subject = \"nom\"\npublic = [\"nom\"]\nquasi \"q\" {}\nmodel {\nk = 2\n}"
	env, tiny := pipelinetest.Env(t), pipelinetest.Env(t)
	small, spool := bounded(t, env, 12_000)
	tiny.Memory = 100
	var gates []pipelines.Gate
	for _, env := range []pipelines.Env{env, small, tiny} {
		p, err := policy(t, env, body)
		if err != nil {
			t.Fatal(err)
		}
		gates = append(gates, p.(pipelines.Gate))
	}
	rows := "q:int64,nom:text\n"
	for i := range 400 {
		rows += fmt.Sprintf("%d,P%d\n%d,P%d\n", i%3, i, (i+1)%3, i)
	}
	d, got := twoPasses(t, env, gates[0].(pipelines.Privacy), table(t, rows), pipelinetest.Cuts()[2])
	for _, c := range []struct {
		name, from, to string
		want           *messages.Message
	}{
		{"as it is", "", "", nil},
		{"a person of other classes", "\n0,P7\n", "\n1,P7\n", messages.GatePersons},
		{"a row of another person", "\n1,P7\n", "\n1,P8\n", messages.GatePersons},
		{"a row of nobody known", "\n1,P7\n", "\n1,\\N\n", messages.GatePersons},
	} {
		file := table(t, strings.Replace(strings.Replace(got, "\n2,P7\n", "\n0,P7\n", 1), c.from, c.to, 1))
		for i, g := range gates[:2] {
			err := g.Judge(context.Background(), d, sealed{env, file})
			if c.want == nil && err != nil || c.want != nil && !messages.Has(err, c.want) {
				t.Errorf("%s, memory %d: %v", c.name, i, err)
			}
		}
		if err := gates[2].Judge(context.Background(), d, sealed{env, file}); !messages.Has(err, messages.TooManyClasses) {
			t.Errorf("%s: a gate without memory says %v", c.name, err)
		}
	}
	if spool.made.Load() == 0 {
		t.Error("nothing was put on disk")
	}
}
