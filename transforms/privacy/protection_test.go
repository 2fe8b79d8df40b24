package privacy_test

import (
	"context"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
)

const protectedRows = `nom:text,age:int64,lieu:text,etat:text,objet:text
Serin 1,20,Nord,Oiseau A,o1
Serin 2,21,Nord,Oiseau B,o2
Serin 3,22,Nord,Oiseau A,o3
Serin 4,23,Nord,Oiseau A,o4
Serin 5,24,Nord,Oiseau B,o5
Serin 6,45,Sud,Oiseau A,o6
Serin 7,46,Sud,Oiseau A,o7
Serin 8,47,Sud,Oiseau B,o8
Serin 9,48,Sud,Oiseau A,o9
Serin 10,49,Sud,Oiseau A,o10
Serin 11,90,Est,Oiseau C,o11
`

const protectedQuasi = "quasi \"age\" {\nbands = [18, 40]\nbottom = 18\ntop = 40\nmin_level = 1\n}\nquasi \"lieu\" {}\n"

// The data are called anonymous where every criterion holds, and of each that does
// not the public is told, by the page and nowhere else: the word is not said.
func TestWhenDataAreCalledAnonymous(t *testing.T) {
	env := pipelinetest.Env(t)
	env.Secrets = secrets{"secret.cle": strings.Repeat("k", 32)}
	const drop, sensitive = "identifier \"nom\" { action = \"drop\" }\n", "sensitive \"etat\" {\ndiversity { l = 2 }\n}\n"
	const model, subject = "model {\nk = 5\nsuppression_limit = 0.2\n}\n", "subject = \"nom\"\n"
	for name, c := range map[string]struct {
		body string
		open []pipelines.Criterion
	}{
		"all":       {subject + drop + protectedQuasi + sensitive + model, nil},
		"constant":  {subject + "identifier \"nom\" {\naction = \"constant\"\notherwise = \"X\"\n}\n" + protectedQuasi + sensitive + model, nil},
		"no model":  {drop + "public = [\"objet\"]\n", []pipelines.Criterion{pipelines.NeedsModel}},
		"small k":   {subject + drop + protectedQuasi + strings.Replace(model, "5", "4", 1), []pipelines.Criterion{pipelines.NeedsK}},
		"rows":      {drop + protectedQuasi + model, []pipelines.Criterion{pipelines.NeedsPersons}},
		"wildcard":  {drop + protectedQuasi + strings.Replace(model, "k = 5", "k = 5\nnull_match = \"wildcard\"", 1), []pipelines.Criterion{pipelines.NeedsPersons, pipelines.NeedsOwnNull}},
		"code":      {subject + "identifier \"nom\" {\naction = \"pseudonym\"\nkey = secret.cle\nrotate = \"per_release\"\n}\n" + protectedQuasi + model, []pipelines.Criterion{pipelines.NeedsNoCode}},
		"subject":   {subject + "sensitive \"nom\" {\ndiversity { l = 2 }\n}\n" + protectedQuasi + model, []pipelines.Criterion{pipelines.NeedsNoCode}},
		"name":      {subject + "identifier \"nom\" {\nclear_when = row.etat == \"Oiseau C\"\n}\n" + protectedQuasi + sensitive + model, []pipelines.Criterion{pipelines.NeedsNoName}},
		"partial":   {subject + "identifier \"nom\" {\naction = \"partial\"\nshow_first = 2\n}\n" + protectedQuasi + model, []pipelines.Criterion{pipelines.NeedsNoName}},
		"redact":    {subject + "identifier \"nom\" { action = \"redact\" }\n" + protectedQuasi + model, []pipelines.Criterion{pipelines.NeedsAllCounted}},
		"uncounted": {subject + drop + protectedQuasi + "public = [\"objet\"]\n" + model, []pipelines.Criterion{pipelines.NeedsAllCounted}},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := policy(t, env, c.body)
			if err != nil {
				t.Fatal(err)
			}
			if x := p.(pipelines.Protecting).Protection(nil); x.Anonymous {
				t.Error("anonymous before anything was decided")
			}
			in := table(t, protectedRows)
			d, err := p.Observe(context.Background(), pipelinetest.Batches(in.Schema, pipelinetest.Cuts()[0].Batches(env.Allocator, in)...))
			if err != nil {
				t.Fatal(err)
			}
			x := p.(pipelines.Protecting).Protection(d)
			if diff := cmp.Diff(c.open, x.Open); diff != "" || x.Anonymous != (c.open == nil) {
				t.Errorf("anonymous %v, open:\n%s", x.Anonymous, diff)
			}
			said := strings.ToLower(strings.Join(p.Paragraph(d), " "))
			if strings.Contains(said, "anonymis") != x.Anonymous {
				t.Errorf("the public is told: %s", said)
			}
		})
	}
}

type secrets map[string]string

func (s secrets) Reveal(_ context.Context, ref string) (string, error) { return s[ref], nil }

// What is kept as evidence are the figures that simple code counts, and holds no value
// of a row (invariant 6). What is told to the public does not count rows (invariant 11).
func TestProof(t *testing.T) {
	env := pipelinetest.Env(t)
	p, err := policy(t, env, "purpose = \"essai\"\nsubject = \"nom\"\nidentifier \"nom\" { action = \"drop\" }\n"+protectedQuasi+
		"sensitive \"etat\" {\ndiversity { l = 2 }\n}\nmodel {\nk = 5\nsuppression_limit = 0.2\n}\n")
	if err != nil {
		t.Fatal(err)
	}
	in := table(t, protectedRows)
	d, err := p.Observe(context.Background(), pipelinetest.Batches(in.Schema, pipelinetest.Cuts()[0].Batches(env.Allocator, in)...))
	if err != nil {
		t.Fatal(err)
	}
	proof := p.(pipelines.Proving).Proof(d)
	r := proof.Records
	if r.RowsIn != 11 || r.RowsOut != 10 || r.RowsDropped != 1 {
		t.Errorf("rows %d, %d, %d", r.RowsIn, r.RowsOut, r.RowsDropped)
	}
	levels := []pipelines.ProvedLevel{{Column: "age", Level: 1, Of: 3, Name: "tranches"}, {Column: "lieu"}}
	if diff := cmp.Diff(levels, r.Levels); diff != "" {
		t.Error(diff)
	}
	risks := pipelines.ProvedRisks{
		Before: pipelines.Exposure{Counts: "persons", Rows: 11, Classes: 3, Smallest: 1, Uniques: 1, Persons: 1, Alone: 1, HighestRisk: 1, AverageRisk: 3.0 / 11},
		After:  pipelines.Exposure{Counts: "persons", Rows: 10, Classes: 2, Smallest: 5, Persons: 5, HighestRisk: .2, AverageRisk: .2},
	}
	if diff := cmp.Diff(risks, r.Risks); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]pipelines.ClassSizes{{From: 5, To: 9, Classes: 2, Rows: 10}}, r.Sizes); diff != "" {
		t.Error(diff)
	}
	if r.Discernible != 25+25+11 || math.Abs(r.AverageClass-11.0/3) > 1e-12 || r.Loss != r.Score {
		t.Errorf("discernibility %v, average class %v, loss %v of %v", r.Discernible, r.AverageClass, r.Loss, r.Score)
	}
	if s := r.Sensitive[0]; s.Values != 2 || s.GreatestShare != .8 || s.Asked.L != 2 || s.Asked.Diversity != "distinct" {
		t.Errorf("sensitive %+v", s)
	}
	if w := proof.WP29; w.SinglingOut.Possible || w.SinglingOut.UniqueBefore != 1 || w.Linkability.AverageRisk != .2 || w.Inference.GreatestShare != .8 {
		t.Errorf("answers %+v", w)
	}
	private, err := json.Marshal(proof)
	if err != nil {
		t.Fatal(err)
	}
	for _, canary := range []string{"Serin", "Oiseau", "Nord", "Sud", "Est", "o11"} {
		if strings.Contains(string(private), canary) {
			t.Errorf("the evidence holds %s: %s", canary, private)
		}
	}
	// The same rows, one more of which are dropped.
	more := table(t, protectedRows+"Serin 12,91,Ouest,Oiseau D,o12\n")
	e, err := p.Observe(context.Background(), pipelinetest.Batches(more.Schema, pipelinetest.Cuts()[0].Batches(env.Allocator, more)...))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(p.(pipelines.Protecting).Protection(d), p.(pipelines.Protecting).Protection(e)); diff != "" {
		t.Errorf("the public is told how many rows were dropped:\n%s", diff)
	}
	if !slices.Equal(p.Paragraph(d), p.Paragraph(e)) {
		t.Error("the paragraph tells how many rows were dropped")
	}
}
