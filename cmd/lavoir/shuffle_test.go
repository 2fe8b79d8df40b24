package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"maps"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/go-hclog"

	"github.com/lavoir-data/lavoir/connectors"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/hclfile"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
	"github.com/lavoir-data/lavoir/transforms"
)

// dealt is a table as a source that gives its rows in some order, so many at a time. It is
// read again where again is true, else the privacy stage spools its input.
type dealt struct {
	env   pipelines.Env
	tb    pipelinetest.Table
	batch int
	again bool
}

func (d dealt) Open(context.Context) (pipelines.Stream, error) {
	rest := d.tb.Rows
	return pipelines.NewStream(d.tb.Schema, func(context.Context) (pipelines.Batch, error) {
		if len(rest) == 0 {
			return pipelines.Batch{}, io.EOF
		}
		n := min(d.batch, len(rest))
		some := pipelinetest.Table{Schema: d.tb.Schema, Rows: rest[:n]}
		rest = rest[n:]
		return pipelines.Batch{Record: some.Record(d.env.Allocator)}, nil
	}, nil), nil
}

func (d dealt) Declared() (*arrow.Schema, bool) { return d.tb.Schema, true }
func (d dealt) Rereadable() bool                { return d.again }

// deal is a way to run a project.
type deal struct {
	batch, workers int
	memory         string
	again          bool
	disk           pipelines.Size // 0: enough; of projects that say it
	aside          *aside         // of the privacy stage; nil: it has what the project leaves it
}

// aside is how much memory a privacy stage has, and how many files it has put there what
// that does not hold.
type aside struct {
	memory       int64
	counts, rows atomic.Int64
}

const shuffledProject = `
project {
  fingerprint_key = secret.cle
  memory          = %q
  workers         = %d
}
secret "cle" {
  env = "LAVOIR_TEST_ROOT"
}
connection "local" "portail" {
  path = "public"
}
pipeline "agents" {
  authorization {
    allowed   = true
    reference = "test"
  }
  source "dealt" "export" {}
  %s
  privacy {
    %s
  }
  load "local" "portail" {
    connection = connection.local.portail
    file "csv" {}
    file "parquet" {}
  }
}
`

// published runs a project over rows in a folder of its own, and gives what it published.
func (d deal) published(t *testing.T, tb pipelinetest.Table, steps, policy string, lists map[string]string) (map[string]string, *pipelines.Report) {
	t.Helper()
	dir := t.TempDir()
	source := pipelines.DefineSource("dealt", "A table.", struct{}{}, func(env pipelines.Env, _ struct{}) (pipelines.Source, error) {
		return dealt{env, tb, d.batch, d.again}, nil
	})
	files := map[string]string{"lavoir.hcl": fmt.Sprintf(shuffledProject, d.memory, d.workers, steps, policy)}
	maps.Copy(files, lists)
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	report := runDealt(t, dealtProject(t, dir, d.aside.in(transforms.All), source))
	return tree(t, filepath.Join(dir, "public")), report
}

var dealtOptions = pipelines.RunOptions{Version: "test", Log: hclog.NewNullLogger(), Now: time.Now, Rand: rand.Reader}

// dealtProject is the project of a folder, over those components and a source.
func dealtProject(t *testing.T, dir string, components []pipelines.Component, source pipelines.Component) *pipelines.Project {
	t.Helper()
	reg := pipelines.MustRegistry(connectors.All, components, []pipelines.Component{source})
	p, diags := hclfile.Load(dir, reg, hclfile.Options{Environ: rootKey.env, Now: time.Now})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return &p.Project
}

func runDealt(t *testing.T, p *pipelines.Project) *pipelines.Report {
	t.Helper()
	report, diags, err := pipelines.Run(context.Background(), p, pipelines.Selection{}, dealtOptions)
	if err != nil || diags.HasErrors() {
		t.Fatal(err, diags)
	}
	return report
}

// in gives components of which the policy has that memory.
func (a *aside) in(all []pipelines.Component) []pipelines.Component {
	if a == nil {
		return all
	}
	all = slices.Clone(all)
	for i, c := range all {
		if c.Kind != pipelines.KindPrivacy {
			continue
		}
		all[i] = pipelines.Define(c.Kind, c.Name, c.Doc, c.New(), func(env pipelines.Env, config any) (pipelines.Privacy, error) {
			env.Memory, env.Spool = a.memory, asideSpool{env.Spool, a}
			p, err := c.Build(env, config)
			if err != nil {
				return nil, err
			}
			return p.(pipelines.Privacy), nil
		})
	}
	return all
}

type asideSpool struct {
	pipelines.Spool
	*aside
}

func (s asideSpool) Create(schema *arrow.Schema) (pipelines.SpoolFile, error) {
	if !strings.HasPrefix(schema.Field(schema.NumFields()-1).Name, "\x00\x00") { // rows that the first pass keeps are put aside whatever the memory
		s.rows.Add(1)
	}
	return s.Spool.Create(schema)
}

func (s asideSpool) CreateBytes() (pipelines.SpoolBytes, error) {
	s.counts.Add(1)
	return s.Spool.(pipelines.ByteSpool).CreateBytes()
}

// shuffledKind is a kind of policy, and memories with which its stage puts rows aside and,
// where it can do with counts on disk, those too.
type shuffledKind struct {
	name   string
	memory []int64
	counts bool
}

var shuffledKinds = []shuffledKind{
	{"rows", []int64{20_000, 26_000, 40_000}, true},
	{"persons", []int64{26_000, 40_000, 64_000}, true},
	{"pseudonym", []int64{22_000, 32_000, 48_000}, true},
	{"surrogate", []int64{22_000, 32_000, 48_000}, true},
	{"groups", []int64{28_000, 32_000, 40_000}, true},
	{"means", []int64{160_000, 240_000}, false},
}

// someRows is a table of persons with one to three rows each, and a policy of a kind for it.
func (k shuffledKind) someRows(r *mathrand.Rand) (head string, rows []string, policy string, opposes bool) {
	head = `nom:text,age:int64,service:text,entree:date,prime:float64,numero:int64,absence:text,"montant:decimal(8,2)"` + "\n"
	pick := func(of ...string) string { return of[r.IntN(len(of))] }
	for n := range 300 + r.IntN(200) {
		nom, age, service := fmt.Sprintf("Agent %d", n), fmt.Sprint(18+r.IntN(47)), pick("Voirie", "Crèche", "Voirie", `\N`)
		for range 1 + r.IntN(3) {
			rows = append(rows, strings.Join([]string{nom, age, service, fmt.Sprintf("20%02d-%02d-01", 10+r.IntN(2), 1+r.IntN(12)),
				pick("0", "-0", "10.5", "NaN", `\N`), fmt.Sprint(r.IntN(3)), pick("aucune", "maladie", "formation"), fmt.Sprintf("%d.%02d", r.IntN(50), r.IntN(100))}, ","))
		}
		if r.IntN(8) == 0 {
			rows = append(rows, rows[r.IntN(len(rows))]) // two that nobody tells apart
		}
	}
	var b strings.Builder
	if opposes = r.IntN(2) == 0; opposes {
		b.WriteString("opposition {\nsource = \"liste.lst\"\nkey = \"nom\"\nsecret = secret.cle\nmax_age = \"30d\"\n}\n")
	}
	hashed := "identifier \"nom\" {\naction = %q\nkey = secret.cle\nrotate = \"per_release\"\n%s}\n"
	if k.name == "means" { // and a pseudonym that the law lets out
		fmt.Fprintf(&b, hashed, "pseudonym", "legal_basis = \"D312-1-3/1\"\nreason = \"organigramme\"\n")
		b.WriteString(pick("subject = \"nom\"\n", "") + "public = [\"service\", \"prime\"]\nmicroaggregate \"m\" {\ncolumns = [\"age\", \"numero\"]\nk = 3\n}\n")
		return head, rows, b.String(), opposes
	}
	switch k.name {
	case "pseudonym", "surrogate":
		fmt.Fprintf(&b, hashed+"subject = \"nom\"\n", k.name, "")
	case "persons", "groups":
		b.WriteString("identifier \"nom\" { action = \"drop\" }\nsubject = \"nom\"\n")
	}
	if k.name == "groups" {
		b.WriteString("quasi \"age\" {}\nquasi \"entree\" {}\nquasi \"service\" {}\npublic = [\"prime\"]\nmodel {\nk = 3\nsearch = \"mondrian\"\n}\n")
		return head, rows, b.String(), opposes
	}
	b.WriteString("quasi \"service\" {}\n")
	switch k.name {
	case "pseudonym", "surrogate": // all rows of a person look alike
		b.WriteString(pick("quasi \"age\" {\nbands = [18, 30, 45, 65]\n}\n", "quasi \"age\" {\nsteps = [10, 20]\nmin_level = 1\n}\n"))
	default: // there are many classes
		b.WriteString(pick("quasi \"age\" {\nbands = [18, 30, 45, 65]\n}\n", "quasi \"age\" {\nsteps = [10, 20]\n}\n") + "quasi \"entree\" {\nperiod = \"year\"\n}\n" + pick("quasi \"prime\" {}\n", ""))
	}
	b.WriteString("public = [\"numero\", \"montant\"]\n")
	b.WriteString(pick("sensitive \"absence\" {\ndiversity { l = 2 }\n}\n", "sensitive \"absence\" {\ncloseness { t = 0.6 }\n}\n", ""))
	fmt.Fprintf(&b, "model {\nk = 2\nsuppression_limit = 1\nmetric = %q\n}\n", pick("loss", "discernibility", "class-size", "entropy"))
	return head, rows, b.String(), opposes
}

// putAside is how many runs of a policy published, and in how many files of counts and of
// rows the stage put aside what its memory did not hold.
type putAside struct {
	published    int
	counts, rows int64
}

// sameInAnyOrder runs one policy of a kind over the same rows in so many orders, which
// publish the same to the byte. A stage that has too little memory may say so, and nothing
// leaves; of groups that depends on the memory alone.
func (k shuffledKind) sameInAnyOrder(t *testing.T, r *mathrand.Rand, shuffles int) (sum putAside) {
	t.Helper()
	head, rows, policy, opposes := k.someRows(r)
	lists := map[string]string{}
	if opposes {
		lists = opposed(t, head, policy, "AGENT  3", "Agent 11")
	}
	var want map[string]string
	var outcome pipelines.Outcome
	short := map[int64]bool{} // by memory: it is too little
	for shuffle := range shuffles {
		d := deal{batch: 1 + r.IntN(len(rows)), workers: 1 + r.IntN(4), memory: []string{"32MiB", "256MiB", "1GiB"}[r.IntN(3)], again: r.IntN(2) == 0}
		if shuffle == 0 {
			d = deal{batch: len(rows), workers: 1, memory: "1GiB", again: true}
		} else {
			r.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
			if shuffle%2 == 1 && k.memory != nil {
				d.memory, d.aside = "1GiB", &aside{memory: k.memory[r.IntN(len(k.memory))]} // or there are no workers
			}
		}
		tb, err := pipelinetest.ParseTable(head + strings.Join(rows, "\n") + "\n")
		if err != nil {
			t.Fatal(err)
		}
		got, report := d.published(t, tb, "", policy, lists)
		task := report.Tasks[0]
		if shuffle == 0 {
			want, outcome = got, task.Outcome
			if outcome != pipelines.Published && pipelines.ExitCode(task.Err) != pipelines.ExitRefused {
				t.Fatalf("%v\n%s", task.Err, policy)
			}
		}
		if d.aside != nil {
			little := len(got) == 0 && (messages.Has(task.Err, messages.TooManyClasses) || messages.Has(task.Err, messages.TooManyValues) || messages.Has(task.Err, messages.TooManyGroups))
			if was, known := short[d.aside.memory]; known && was != little && k.name == "groups" {
				t.Fatalf("%+v: too little memory %v, and otherwise %v: %v\n%s", d, little, was, task.Err, policy)
			}
			if short[d.aside.memory] = little; little {
				continue
			}
		}
		if diff := cmp.Diff(want, got); diff != "" || task.Outcome != outcome {
			t.Fatalf("%+v: %v, not %v: %v\n%s\n%s", d, task.Outcome, outcome, task.Err, policy, diff)
		}
		if task.Outcome == pipelines.Published {
			sum.published++
			if d.aside != nil {
				sum.counts, sum.rows = sum.counts+d.aside.counts.Load(), sum.rows+d.aside.rows.Load()
			}
		}
	}
	return sum
}

// What a policy with a model, or with means, publishes does not depend on the order of
// the rows, on how they are cut, on workers or memory, pseudonyms and numbers of persons
// included: it is the same release to the byte (invariant 2). Memory is what the project
// has, or so little that the privacy stage puts counts and rows aside.
func TestTheSameReleaseInAnyOrder(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	for i, k := range shuffledKinds {
		t.Run(k.name, func(t *testing.T) {
			t.Logf("seed %d", seed)
			enough := func(sum putAside) bool { return sum.published > 0 && sum.rows > 0 && (sum.counts > 0 || !k.counts) }
			var sum putAside
			for n := range uint64(20) { // a policy may let out few rows, or none
				if enough(sum) {
					break
				}
				s := k.sameInAnyOrder(t, mathrand.New(mathrand.NewPCG(seed, uint64(i)<<8+n)), 20)
				sum = putAside{sum.published + s.published, sum.counts + s.counts, sum.rows + s.rows}
			}
			if !enough(sum) {
				t.Errorf("%+v: the test tests nothing", sum)
			}
		})
	}
}

// opposed is a list of those who objected, as the command keeps it.
func opposed(t *testing.T, head, policy string, names ...string) map[string]string {
	t.Helper()
	dir := t.TempDir()
	tb, err := pipelinetest.ParseTable(head)
	if err != nil {
		t.Fatal(err)
	}
	source := pipelines.DefineSource("dealt", "A table.", struct{}{}, func(env pipelines.Env, _ struct{}) (pipelines.Source, error) {
		return dealt{env, tb, 1, true}, nil
	})
	if err := os.WriteFile(filepath.Join(dir, "lavoir.hcl"), fmt.Appendf(nil, shuffledProject, "1GiB", 1, "", policy), 0o600); err != nil {
		t.Fatal(err)
	}
	diags, err := pipelines.Oppose(context.Background(), dealtProject(t, dir, transforms.All, source), pipelines.Selection{}, dealtOptions, names, false, func(string, []bool, int) {})
	if err != nil || diags.HasErrors() {
		t.Fatal(err, diags)
	}
	return map[string]string{"liste.lst": string(mustRead(t, filepath.Join(dir, "liste.lst"))), "liste.lst.confirmed": string(mustRead(t, filepath.Join(dir, "liste.lst.confirmed")))}
}

// Where what leaves depends on the order of the rows, two orders are two releases, and
// nobody can put them together by pseudonyms: rows of which a step kept others, and rows
// that leave in the order of the source.
func TestTwoReleasesHaveNoPseudonymInCommon(t *testing.T) {
	t.Parallel()
	const head = "nom:text,service:text\n"
	var rows []string
	for n := range 40 {
		rows = append(rows, fmt.Sprintf("Agent %d,Voirie", n))
	}
	const key = "action = \"pseudonym\"\nkey = secret.cle\nrotate = \"per_release\"\n"
	for name, c := range map[string]struct{ steps, policy string }{
		"others of the rows": {"transform \"limit\" \"l\" {\n    rows = 20\n  }", "subject = \"nom\"\nidentifier \"nom\" {\n" + key + "}\nquasi \"service\" {}\nmodel { k = 2 }"},
		"another order":      {"", "public = [\"service\"]\nidentifier \"nom\" {\n" + key + "legal_basis = \"D312-1-3/1\"\nreason = \"organigramme\"\n}"},
	} {
		t.Run(name, func(t *testing.T) {
			met := map[string]int{}
			for release := range 3 {
				tb, err := pipelinetest.ParseTable(head + strings.Join(rows, "\n") + "\n")
				if err != nil {
					t.Fatal(err)
				}
				got, report := deal{batch: 7, workers: 2, memory: "1GiB", again: true}.published(t, tb, c.steps, c.policy, nil)
				if o := report.Tasks[0]; o.Outcome != pipelines.Published {
					t.Fatal(o.Err)
				}
				names := pseudonymsOf(got["agents.csv"])
				if len(names) < 20 {
					t.Fatalf("%d pseudonyms in %q", len(names), got["agents.csv"])
				}
				for _, p := range names {
					if met[p] != 0 {
						t.Fatalf("release %d has a pseudonym of release %d", release+1, met[p])
					}
				}
				for _, p := range names {
					met[p] = release + 1
				}
				rows = append(slices.Clone(rows[7:]), rows[:7]...)
			}
		})
	}
}
