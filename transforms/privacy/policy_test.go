package privacy_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
	"github.com/lavoir-data/lavoir/transforms/privacy"
)

// policy builds the policy of a body, or says why not.
func policy(t testing.TB, env pipelines.Env, body string) (pipelines.Privacy, error) {
	t.Helper()
	f, diags := hclsyntax.ParseConfig([]byte(body), "pipeline.hcl", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	reg, err := pipelines.NewRegistry([]pipelines.Component{privacy.Policy})
	if err != nil {
		t.Fatal(err)
	}
	ctx := &hcl.EvalContext{Variables: map[string]cty.Value{
		"secret": cty.ObjectVal(map[string]cty.Value{"cle": cty.CapsuleVal(pipelines.SecretValue, &pipelines.Secret{Ref: "secret.cle"})}),
	}}
	config, diags := privacy.Policy.Decode(reg, f.Body, ctx)
	if diags.HasErrors() {
		return nil, diags[0].Extra.(*messages.Error)
	}
	return pipelines.As[pipelines.Privacy](pipelines.Built{Component: privacy.Policy, Config: config}, env)
}

func table(t testing.TB, csv string) pipelinetest.Table {
	t.Helper()
	tb, err := pipelinetest.ParseTable(strings.TrimLeft(csv, "\n"))
	if err != nil {
		t.Fatal(err)
	}
	return tb
}

// collect reads s to its end and closes it.
func collect(t testing.TB, s pipelines.Stream) string {
	t.Helper()
	got := pipelinetest.Table{Schema: s.Schema()}
	err := pipelines.Each(context.Background(), s, func(b pipelines.Batch) error {
		got.Append(b.Record)
		b.Release()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return got.CSV()
}

// twoPasses observes and emits.
func twoPasses(t testing.TB, env pipelines.Env, p pipelines.Privacy, in pipelinetest.Table, cut pipelinetest.Cut) (pipelines.Decision, string) {
	t.Helper()
	ctx := context.Background()
	first := pipelinetest.Batches(in.Schema, cut.Batches(env.Allocator, in)...)
	d, err := p.Observe(ctx, first)
	if err != nil {
		t.Fatal(err)
	}
	first.Close()
	out, err := p.Emit(ctx, d, pipelinetest.Batches(in.Schema, cut.Batches(env.Allocator, in)...))
	if err != nil {
		t.Fatal(err)
	}
	return d, collect(t, out)
}

// A condition over a column that does not leave as it is cannot be asked of a
// file: such a policy asks for two passes, so that the gate has counts.
func TestWhatTheFileCannotProveNeedsTwoPasses(t *testing.T) {
	in := table(t, "nom:text,siret:text,interne:text\n")
	cases := []struct {
		name, body string
		one        bool
	}{
		{"a public column", "public = [\"interne\"]\nidentifier \"nom\" { clear_when = row.interne == \"oui\" }", true},
		{"itself", "identifier \"siret\" { clear_when = is_siret(row.siret) }", true},
		{"a column that stays", "identifier \"nom\" { clear_when = row.interne == \"oui\" }", false},
		{"another masked column", "identifier \"nom\" { clear_when = row.siret == \"1\" }\nidentifier \"siret\" { action = \"null\" }", false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p, err := policy(t, pipelinetest.Env(t), c.body)
			if err != nil {
				t.Fatal(err)
			}
			k, err := p.(pipelines.SinglePass).Kernel(in.Schema)
			if err != nil {
				t.Fatal(err)
			}
			if (k != nil) != c.one {
				t.Errorf("single pass: %v, want %v", k != nil, c.one)
			}
		})
	}
}

// sealed is a file that holds a table.
type sealed struct {
	env pipelines.Env
	pipelinetest.Table
}

func (s sealed) Info() pipelines.FileInfo {
	return pipelines.FileInfo{Name: "subventions.csv", Rows: int64(len(s.Rows))}
}
func (s sealed) Audit(context.Context) error { return nil }
func (s sealed) Open(context.Context) (pipelines.Stream, error) {
	return pipelinetest.Batches(s.Schema, pipelinetest.Cuts()[2].Batches(s.env.Allocator, s.Table)...), nil
}

// Invariant 4: only a condition that is true lets a value out, whatever the row
// holds; the model knows nothing of expressions.
func TestConditionsFailClosed(t *testing.T) {
	env := pipelinetest.Env(t)
	p, err := policy(t, env, `
		public = ["type", "n"]
		identifier "nom" {
			clear_when = contains(["ASSO", "PUBLIC"], row.type) && 100 / row.n > 1
			otherwise  = "Personne physique"
		}`)
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(r *rapid.T) {
		var in, want strings.Builder
		in.WriteString("nom:text,type:text,n:int64\n")
		want.WriteString("nom:text,type:text,n:int64\n")
		for range rapid.IntRange(0, 20).Draw(r, "rows") {
			typ := rapid.SampledFrom([]string{"ASSO", "PUBLIC", "asso", "ASSO ", "", `\N`, "PARTICULIER"}).Draw(r, "type")
			n := rapid.SampledFrom([]string{"0", "1", "-1", "99", "100", `\N`}).Draw(r, "n")
			nom := rapid.SampledFrom([]string{"Jeanne Martin", `\N`, "", "Personne physique"}).Draw(r, "nom")
			in.WriteString(nom + "," + typ + "," + n + "\n")
			if !(typ == "ASSO" || typ == "PUBLIC") || !(n == "1" || n == "99") {
				nom = "Personne physique"
			}
			want.WriteString(nom + "," + typ + "," + n + "\n")
		}
		d, got := twoPasses(t, env, p, table(t, in.String()), pipelinetest.Cuts()[2])
		if diff := cmp.Diff(want.String(), got); diff != "" {
			r.Fatal(diff)
		}
		if err := p.(pipelines.Gate).Judge(context.Background(), d, sealed{env, table(t, got)}); err != nil {
			r.Fatalf("the gate refuses what the policy gave: %v", err)
		}
	})
}

func TestGateRefusesWhatThePolicyMasks(t *testing.T) {
	const body = `
		public = ["type", "montant"]
		identifier "nom" {
			clear_when = row.type == "ASSO"
			otherwise  = "Personne physique"
		}
		identifier "siret" {
			action     = "null"
			clear_when = row.interne == "oui"
		}
		identifier "adresse" { action = "drop" }
		identifier "ville" { 
			action    = "constant"
			otherwise = "Val-Fleuri"
		}`
	const in = `
nom:text,type:text,siret:text,interne:text,adresse:text,ville:text,montant:int64
Amicale,ASSO,1,oui,x,y,1
Jeanne Martin,PART,2,non,x,y,2
Jean Martin,\N,3,\N,x,\N,3
`
	const good = "nom:text,type:text,siret:text,ville:text,montant:int64\n" +
		"Amicale,ASSO,1,Val-Fleuri,1\n" + `Personne physique,PART,\N,Val-Fleuri,2` + "\n" + `Personne physique,\N,\N,Val-Fleuri,3` + "\n"
	cases := []struct {
		name     string
		from, to string
		want     *messages.Message
		blind    bool // without a decision
	}{
		{"as it is", "", "", nil, false},
		{"a name in clear", "Personne physique,PART", "Jeanne Martin,PART", messages.GateValue, false},
		{"a name in clear where the condition is null", `Personne physique,\N`, `Jean Martin,\N`, messages.GateValue, false},
		{"nothing instead of what stands for a name", "Personne physique,PART", `\N,PART`, messages.GateValue, false},
		{"a constant that differs", "Val-Fleuri,2", "Autre,2", messages.GateValue, false},
		{"one more value in clear than counted", `PART,\N`, "PART,2", messages.GateCount, false},
		{"one value in clear less than counted", "ASSO,1,", `ASSO,\N,`, messages.GateCount, false},
		{"a row too few", `Personne physique,\N,\N,Val-Fleuri,3` + "\n", "", messages.GateRows, false},
		{"a column that was dropped", "ville:text", "adresse:text", messages.GateColumns, false},
		{"a condition that cannot be seen, and no count", "", "", messages.GateBlind, true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			env := pipelinetest.Env(t)
			p, err := policy(t, env, body)
			if err != nil {
				t.Fatal(err)
			}
			d, got := twoPasses(t, env, p, table(t, in), pipelinetest.Cuts()[1])
			if diff := cmp.Diff(good, got); diff != "" {
				t.Fatal(diff)
			}
			if c.blind {
				d = nil
			}
			file := strings.Replace(got, c.from, c.to, 1)
			err = p.(pipelines.Gate).Judge(context.Background(), d, sealed{env, table(t, file)})
			if c.want == nil {
				if err != nil {
					t.Errorf("refused: %v", err)
				}
				return
			}
			if !messages.Has(err, c.want) {
				t.Errorf("verdict %v, want %s", err, c.want.Code)
			}
			if err != nil && strings.Contains(err.Error(), "Martin") {
				t.Errorf("the verdict shows a value: %v", err)
			}
		})
	}
}

func TestRoles(t *testing.T) {
	const body = `
		public = ["montant"]
		identifier "nom" {
			clear_when = row.montant > 0
			otherwise  = "Personne physique"
		}
		identifier "adresse" { action = "drop" }`
	column := func(name string, personal bool) pipelines.MarkedColumn {
		return pipelines.MarkedColumn{Name: name, Personal: personal, Because: map[bool]string{true: "declared"}[personal]}
	}
	cases := []struct {
		name string
		in   []pipelines.MarkedColumn
		want []pipelines.MarkedColumn
		err  *messages.Message
	}{
		{"a rule clears the mark, and what has no role stays",
			[]pipelines.MarkedColumn{column("nom", true), column("nouvelle", false), column("adresse", true), column("montant", false)},
			[]pipelines.MarkedColumn{{Name: "nom"}, {Name: "montant"}}, nil},
		{"a personal column cannot be public",
			[]pipelines.MarkedColumn{column("nom", true), column("adresse", true), column("montant", true)}, nil, messages.PublicPersonal},
		{"a public column must be there",
			[]pipelines.MarkedColumn{column("nom", true), column("adresse", true)}, nil, messages.UnknownColumn},
		{"a column with a rule must be there",
			[]pipelines.MarkedColumn{column("nom", true), column("montant", false)}, nil, messages.UnknownColumn},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p, err := policy(t, pipelinetest.Env(t), body)
			if err != nil {
				t.Fatal(err)
			}
			got, err := p.Roles(c.in)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			if c.err == nil && err != nil || c.err != nil && !messages.Has(err, c.err) {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestPolicyRefusesWhatItCannotKeep(t *testing.T) {
	cases := []struct {
		name, body string
		want       *messages.Message
	}{
		{"nothing leaves", `identifier "a" { action = "drop" }`, messages.NothingLeaves},
		{"two roles", "public = [\"a\"]\nidentifier \"a\" { action = \"drop\" }", messages.TwoRoles},
		{"twice public", `public = ["a", "a"]`, messages.TwoRoles},
		{"mask without a condition", `identifier "a" { otherwise = "x" }`, messages.WrongAction},
		{"drop with a condition", "public = [\"b\"]\nidentifier \"a\" {\naction = \"drop\"\nclear_when = true\n}", messages.WrongAction},
		{"constant with a condition", "identifier \"a\" {\naction = \"constant\"\nclear_when = true\n}", messages.WrongAction},
		{"null with a text", "identifier \"a\" {\naction = \"null\"\notherwise = \"x\"\n}", messages.WrongAction},
		{"a condition that is a number", `identifier "a" { clear_when = row.n }`, messages.NotACondition},
		{"another type in its place", "identifier \"n\" {\naction = \"constant\"\notherwise = \"x\"\n}", messages.OtherwiseType},
		{"a column that is not there", `public = ["z"]`, messages.UnknownColumn},
		{"a rule for a column that is not there", `identifier "z" { action = "constant" }`, messages.UnknownColumn},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p, err := policy(t, pipelinetest.Env(t), c.body)
			if err == nil {
				_, err = p.Bind(table(t, "a:text,b:text,n:int64\n").Schema)
			}
			if !messages.Has(err, c.want) {
				t.Errorf("error %v, want %s", err, c.want.Code)
			}
		})
	}
}

func TestParagraphSpeaksFrench(t *testing.T) {
	p, err := policy(t, pipelinetest.Env(t), `
		public = ["montant"]
		identifier "nom" {
			clear_when = row.montant > 0
			otherwise  = "Personne physique"
		}
		identifier "siret" { action = "null" }
		identifier "adresse" { action = "drop" }`)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"Les valeurs de la colonne « nom » ont été masquées (remplacées par « Personne physique »), sauf dans les lignes dont la règle de publication établit qu'elles peuvent être lues.",
		"Toutes les valeurs de la colonne « siret » ont été masquées (vidées).",
		"La colonne « adresse » a été supprimée.",
		"Toute colonne que la règle de publication ne nomme pas a été supprimée.",
	}
	if diff := cmp.Diff(want, p.Paragraph(nil)); diff != "" {
		t.Error(diff)
	}
}
