package privacy_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
)

// What the first pass did not meet is not taken for something that it met: null has
// no code of its own then, and a second look at a value must not find one.
func TestTheSecondPassMeetsNothingNew(t *testing.T) {
	env := pipelinetest.Env(t)
	p, err := policy(t, env, "quasi \"q\" {}\nmodel {\nk = 2\n}")
	if err != nil {
		t.Fatal(err)
	}
	in := table(t, "q:text\na\na\n")
	d, _ := twoPasses(t, env, p, in, pipelinetest.Cuts()[0])
	for _, later := range []string{`\N`, "b"} {
		other := table(t, "q:text\n"+later+"\n"+later+"\n")
		out, err := p.Emit(context.Background(), d, pipelinetest.Batches(other.Schema, pipelinetest.Cuts()[1].Batches(env.Allocator, other)...))
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // a reader that goes on after an error learns no more
			b, err := out.Next(context.Background())
			if err == nil {
				b.Release()
			}
			if !messages.Has(err, messages.SourceChanged) {
				t.Errorf("%q that the first pass did not meet: %v, want %s", later, err, messages.SourceChanged.Code)
			}
		}
		if err := out.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// No row is a matter of allow_empty, which is the runner's: the stage lets nothing
// out, and the gate takes a file without rows.
func TestAModelTakesNoRows(t *testing.T) {
	env := pipelinetest.Env(t)
	p, err := policy(t, env, "quasi \"q\" { bands = [10, 20] }\nquasi \"r\" {}\nsensitive \"s\" {\ndiversity { l = 2 }\ncloseness { t = 0.5 }\n}\nmodel {\nk = 2\nmax_average_risk = 0.1\n}")
	if err != nil {
		t.Fatal(err)
	}
	in := table(t, "q:int64,r:text,s:text\n")
	for _, cut := range pipelinetest.Cuts() {
		d, got := twoPasses(t, env, p, in, cut)
		if want := "q:text,r:text,s:text\n"; got != want {
			t.Errorf("%s: got %q, want %q", cut.Name, got, want)
		}
		if err := p.(pipelines.Gate).Judge(context.Background(), d, sealed{env, table(t, got)}); err != nil {
			t.Errorf("%s: %v", cut.Name, err)
		}
		if said := strings.Join(p.Paragraph(d), " "); said == "" {
			t.Error("nothing is said to the public")
		}
	}
}

// A zero with a sign is read as another value than one without: counted as one, it is
// written as one, and a file where it is not does not pass (invariant 5).
func TestZerosOfAClassAreOne(t *testing.T) {
	env := pipelinetest.Env(t)
	p, err := policy(t, env, "public = [\"n\"]\nquasi \"q\" {}\nmodel {\nk = 2\n}")
	if err != nil {
		t.Fatal(err)
	}
	in := table(t, "q:float64,n:int64\n0,1\n-0,2\n0,3\n-0,4\n")
	d, got := twoPasses(t, env, p, in, pipelinetest.Cuts()[2])
	if want := "q:float64,n:int64\n0,1\n0,2\n0,3\n0,4\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if err := p.(pipelines.Gate).Judge(context.Background(), d, sealed{env, table(t, got)}); err != nil {
		t.Error(err)
	}
	if err := p.(pipelines.Gate).Judge(context.Background(), d, sealed{env, in}); messages.Find(err) == nil {
		t.Errorf("a file with both zeros: %v", err)
	}
}

// Where null matches any value the gate counts what matches from the file, too, and
// the public is told of it.
func TestTheGateCountsWhatNullMatches(t *testing.T) {
	env := pipelinetest.Env(t)
	p, err := policy(t, env, "quasi \"q\" {}\nquasi \"r\" {}\nmodel {\nk = 2\nnull_match = \"wildcard\"\n}")
	if err != nil {
		t.Fatal(err)
	}
	head := "q:text,r:text\n"
	in := table(t, head+"a,x\na,\\N\nb,y\n\\N,y\n")
	d, got := twoPasses(t, env, p, in, pipelinetest.Cuts()[2])
	if want := head + "a,x\na,\\N\nb,y\n\\N,y\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	gate := p.(pipelines.Gate)
	if err := gate.Judge(context.Background(), d, sealed{env, table(t, got)}); err != nil {
		t.Error(err)
	}
	alone := table(t, head+"a,x\na,x\na,\\N\nb,y\n")
	if err := gate.Judge(context.Background(), d, sealed{env, alone}); !messages.Has(err, messages.GateModel) {
		t.Errorf("a row that nothing matches: %v, want %s", err, messages.GateModel.Code)
	}
	if said := strings.Join(p.Paragraph(d), " "); !strings.Contains(said, "absente") {
		t.Errorf("nothing is said of nulls: %s", said)
	}
}

// A column that every class may have whatever it holds is under no model, and does
// not lose its mark.
func TestASensitiveColumnIsBound(t *testing.T) {
	for _, bound := range []string{"diversity { l = 1 }", "diversity {\nkind = \"entropy\"\nl = 1\n}", "closeness { t = 1 }"} {
		_, err := policy(t, pipelinetest.Env(t), "quasi \"q\" {}\nsensitive \"nom\" {\n"+bound+"\n}\nmodel {\nk = 2\n}")
		if !messages.Has(err, messages.WrongSensitive) {
			t.Errorf("%s: %v, want %s", bound, err, messages.WrongSensitive.Code)
		}
	}
}

// Classes that do not fit in memory are counted part by part, to the same verdict; of
// one class that does not fit there is none (invariant 9).
func TestTheGateCountsInParts(t *testing.T) {
	const body = "public = [\"n\"]\nquasi \"q\" {}\nsensitive \"s\" {\ndiversity { l = 2 }\ncloseness {\nt = 0.9\ndistance = \"ordered\"\n}\n}\nmodel {\nk = 2\nmax_average_risk = 0.5\n}"
	env, small, tiny := pipelinetest.Env(t), pipelinetest.Env(t), pipelinetest.Env(t)
	small.Memory, tiny.Memory = 4000, 100
	var gates []pipelines.Gate
	for _, env := range []pipelines.Env{env, small, tiny} {
		p, err := policy(t, env, body)
		if err != nil {
			t.Fatal(err)
		}
		gates = append(gates, p.(pipelines.Gate))
	}
	rows := "q:text,s:int64,n:int64\n"
	for i := range 200 {
		rows += fmt.Sprintf("%d,%d,%d\n", i%100, i/100, i)
	}
	d, got := twoPasses(t, env, gates[0].(pipelines.Privacy), table(t, rows), pipelinetest.Cuts()[2])
	cases := []struct {
		name, from, to string
		want           *messages.Message
	}{
		{"as it is", "", "", nil},
		{"a row of another class", "\n37,0,", "\n38,0,", messages.GateModel},
		{"a value that is not diverse", "\n37,0,", "\n37,1,", messages.GateModel},
		{"a value that nobody decided", "\n37,", "\n370,", messages.GateLevel},
	}
	for _, c := range cases {
		file := table(t, strings.ReplaceAll(got, c.from, c.to))
		for i, g := range gates[:2] {
			err := g.Judge(context.Background(), d, sealed{env, file})
			if c.want == nil && err != nil || c.want != nil && !messages.Has(err, c.want) {
				t.Errorf("%s, memory %d: %v", c.name, i, err)
			}
		}
		if err := gates[2].Judge(context.Background(), d, sealed{env, file}); !messages.Has(err, messages.TooManyClasses) && !messages.Has(err, messages.GateLevel) {
			t.Errorf("%s: a gate without memory says %v", c.name, err)
		}
	}
}

// Rows that leave under one pseudonym are of one person, however its name was written;
// the gate counts persons by their pseudonyms.
func TestPersonsAreCountedAsTheyLeave(t *testing.T) {
	env := pipelinetest.Env(t)
	env.Secrets = secret(strings.Repeat("k", 32))
	const body = "subject = \"nom\"\nquasi \"q\" {}\nidentifier \"nom\" {\naction = \"pseudonym\"\nkey = secret.cle\nrotate = \"per_release\"\n}\nmodel {\nk = 2\nsuppression_limit = 0.5\n}"
	p, err := policy(t, env, body)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := policy(t, env, strings.Replace(body, "subject = \"nom\"", "", 1)); !messages.Has(err, messages.WrongModel) {
		t.Errorf("a pseudonym without subject: %v", err)
	}
	in := table(t, "q:text,nom:text\na,Jeanne\na,JEANNE\nb,Jeanne\nb,Jean\n")
	observed := pipelinetest.Batches(in.Schema, pipelinetest.Cuts()[1].Batches(env.Allocator, in)...)
	d, err := p.Observe(context.Background(), observed)
	observed.Close()
	if err != nil {
		t.Fatal(err)
	}
	if d, err = p.(pipelines.Drawer).Draw(context.Background(), d, []byte("x")); err != nil {
		t.Fatal(err)
	}
	out, err := p.Emit(context.Background(), d, pipelinetest.Batches(in.Schema, pipelinetest.Cuts()[2].Batches(env.Allocator, in)...))
	if err != nil {
		t.Fatal(err)
	}
	got := collect(t, out)
	if strings.Count(got, "\n") != 3 || strings.Contains(got, "a,") {
		t.Fatalf("got %s, want both rows of b", got)
	}
	gate := p.(pipelines.Gate)
	if err := gate.Judge(context.Background(), d, sealed{env, table(t, got)}); err != nil {
		t.Error(err)
	}
	rows := strings.Split(got, "\n")
	rows[2] = rows[1]
	if err := gate.Judge(context.Background(), d, sealed{env, table(t, strings.Join(rows, "\n"))}); !messages.Has(err, messages.GatePersons) {
		t.Errorf("a class of one person: %v, want %s", err, messages.GatePersons.Code)
	}
}

// Names are as diverse as can be, and protect nobody: the column is an identifier
// unless its source says what else it is.
func TestNamesAreNoSensitiveColumn(t *testing.T) {
	p, err := policy(t, pipelinetest.Env(t), "quasi \"q\" {}\nsensitive \"nom_agent\" {\ndiversity { l = 2 }\n}\nmodel {\nk = 2\n}")
	if err != nil {
		t.Fatal(err)
	}
	for _, personal := range []bool{true, false} {
		_, err := p.Roles([]pipelines.MarkedColumn{{Name: "q"}, {Name: "nom_agent", Personal: personal}})
		if messages.Has(err, messages.WrongSensitive) != personal {
			t.Errorf("personal %v: %v", personal, err)
		}
	}
}

// Two bounds that every class keeps are as little as one.
func TestBoundsThatEveryClassKeeps(t *testing.T) {
	const trivial, near = "diversity {\nl = 1\n}\n", "closeness {\nt = 1\n}\n"
	for body, refused := range map[string]bool{
		trivial: true, near: true, trivial + near: true, "diversity {\nl = 2\n}\n" + near: false, trivial + "closeness {\nt = 0.3\n}\n": false,
	} {
		_, err := policy(t, pipelinetest.Env(t), "quasi \"service\" {}\nmodel {\nk = 2\n}\nsensitive \"absence\" {\n"+body+"}\n")
		if messages.Has(err, messages.WrongSensitive) != refused || err != nil != refused {
			t.Errorf("%s: %v", strings.ReplaceAll(body, "\n", " "), err)
		}
	}
}
