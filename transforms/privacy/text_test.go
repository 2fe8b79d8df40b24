package privacy_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
	"github.com/lavoir-data/lavoir/transforms/internal/protect/freetext"
)

const redact = "text \"objet\" {\naction = \"redact\"\nreview = \"human\"\n}\n"

func TestTextsRefused(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("mots.txt", "Ker Fiction\nnom\n")
	write("prenoms.txt", "Jean Paul\n")
	more := func(argument string) string {
		return strings.Replace(redact, "}", argument+"\n}", 1)
	}
	cases := []struct {
		name, body string
		want       *messages.Message
	}{
		{"nothing but a text that stays", `text "objet" {}`, messages.NothingLeaves},
		{"nobody reads it", `text "objet" { action = "redact" }`, messages.WrongText},
		{"a review of what stays", "public = [\"n\"]\ntext \"objet\" { review = \"human\" }", messages.WrongText},
		{"a list for what stays", "public = [\"n\"]\ntext \"objet\" { terms = \"mots.txt\" }", messages.WrongText},
		{"two roles", "public = [\"objet\"]\n" + redact, messages.TwoRoles},
		{"a number", strings.Replace(redact, "objet", "n", 1), messages.NoFreeText},
		{"a column that is not there", strings.Replace(redact, "objet", "z", 1), messages.UnknownColumn},
		{"a list that is not there", more(`terms = "nosuch.txt"`), messages.TextList},
		{"a term that stands for passages", more(`terms = "mots.txt"`), messages.TermLine},
		{"two first names in a line", more(`first_names = "prenoms.txt"`), messages.FirstNameLine},
		{"no kind", redact + "expect \"objet\" {\nkinds = []\nreason = \"x\"\n}", messages.WrongExpect},
		{"a kind nobody knows", redact + "expect \"objet\" {\nkinds = [\"courriel\"]\nreason = \"x\"\n}", messages.WrongExpect},
		{"social security numbers", redact + "expect \"objet\" {\nkinds = [\"nir\"]\nreason = \"x\"\n}", messages.WrongExpect},
		{"no reason", redact + "expect \"objet\" {\nkinds = [\"email\"]\nreason = \" \"\n}", messages.WrongExpect},
		{"of what stays", redact + "expect \"autre\" {\nkinds = [\"email\"]\nreason = \"x\"\n}", messages.WrongExpect},
		{"twice", redact + strings.Repeat("expect \"objet\" {\nkinds = [\"email\"]\nreason = \"x\"\n}\n", 2), messages.WrongExpect},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			env := pipelinetest.Env(t)
			env.Root = dir
			p, err := policy(t, env, c.body)
			if err == nil {
				_, err = p.Bind(table(t, "objet:text,autre:text,n:int64\n").Schema)
			}
			if !messages.Has(err, c.want) {
				t.Errorf("error %v, want %s", err, c.want.Code)
			}
		})
	}
}

// A column of names alone is no free text: rules would leave most of them in.
func TestATextIsNoColumnOfNames(t *testing.T) {
	p, err := policy(t, pipelinetest.Env(t), strings.Replace(redact, "objet", "nom", 1))
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.Roles([]pipelines.MarkedColumn{{Name: "nom", Personal: true, Because: "named like a person (nom)"}})
	if !messages.Has(err, messages.TextNamesPersons) {
		t.Errorf("error %v", err)
	}
	out, err := p.Roles([]pipelines.MarkedColumn{{Name: "nom"}})
	if want := []pipelines.MarkedColumn{{Name: "nom"}}; err != nil || !cmp.Equal(out, want) {
		t.Errorf("roles %v, %v", out, err)
	}
}

// Pieces of texts: what names nobody, and what does.
var harmless = []string{"travaux de voirie", "la commune", "école", "vote n° 12", "subvention de 1 500,00 €", "le 12/03/2025", "[nom]", "Le conseil municipal", "3 rue"}

var telling = []string{"Mme Vermeillac", "Jeanne VERMEILLAC", "06 12 34 56 78", "jeanne@val-fleuri.example.fr", "FR7630006000011234567890189", "AB-123-CD",
	"né le 3 mars 1980", "12 rue du Lavoir, 35999 Val-Fleuri", "255081416802538"}

func drawText(r *rapid.T) string {
	var parts []string
	for range rapid.IntRange(0, 5).Draw(r, "parts") {
		parts = append(parts, rapid.SampledFrom(append(harmless, telling...)).Draw(r, "part"))
	}
	return strings.Join(parts, rapid.SampledFrom([]string{" ", ", ", " ; ", ". "}).Draw(r, "between"))
}

// What leaves of a text holds nothing that any rule finds, with a model and without,
// and the gate takes it; a text in which nothing was found leaves as it was.
func TestRedactedTextsHoldNothing(t *testing.T) {
	for name, more := range map[string]string{
		"alone":         "public = [\"service\"]\n",
		"with a model":  "quasi \"service\" {}\nmodel {\nk = 2\nsuppression_limit = 1\n}\n",
		"in two passes": "public = [\"service\"]\nidentifier \"interne\" { clear_when = row.objet == \"x\" }\n",
	} {
		t.Run(name, func(t *testing.T) {
			env := pipelinetest.Env(t)
			p, err := policy(t, env, redact+more)
			if err != nil {
				t.Fatal(err)
			}
			rapid.Check(t, func(r *rapid.T) {
				var in pipelinetest.Table
				in.Schema = table(t, "objet:text,service:text,interne:text\n").Schema
				rows := rapid.IntRange(2, 12).Draw(r, "rows")
				for range rows {
					in.Rows = append(in.Rows, []any{drawText(r), "Voirie", "y"})
				}
				before := total(p)
				d, got := twoPasses(t, env, p, in, rapid.SampledFrom(pipelinetest.Cuts()).Draw(r, "cut"))
				out := table(t, got)
				if len(out.Rows) != rows {
					r.Fatalf("%d rows of %d", len(out.Rows), rows)
				}
				taken := int64(0)
				var want, left []string // a model gives the rows in another order
				for i, row := range out.Rows {
					was := in.Rows[i][0].(string)
					var found freetext.Counts
					want = append(want, string(freetext.New(freetext.Persons, freetext.FrenchNames()).Redact(nil, []byte(was), &found)))
					taken += found.Total()
					text := row[0].(string)
					left = append(left, text)
					if left := freetext.Detect(text).Only(freetext.Persons); left.Total() > 0 {
						r.Fatalf("in %q is found %v", text, left)
					}
				}
				slices.Sort(want)
				slices.Sort(left)
				if diff := cmp.Diff(want, left); diff != "" {
					r.Fatal(diff)
				}
				if n := total(p) - before; n != taken {
					r.Fatalf("%d passages were counted, of %d", n, taken)
				}
				if err := p.(pipelines.Gate).Judge(context.Background(), d, sealed{env, out}); err != nil {
					r.Fatalf("the gate refuses what the policy gave: %v", err)
				}
			})
		})
	}
}

func total(p pipelines.Privacy) (n int64) {
	for _, r := range p.(pipelines.Redactor).Redacted() {
		n += r.Count
	}
	return n
}

func TestRedactedIsCountedByKind(t *testing.T) {
	env := pipelinetest.Env(t)
	p, err := policy(t, env, redact+"text \"motif\" {\naction = \"redact\"\nreview = \"human\"\n}")
	if err != nil {
		t.Fatal(err)
	}
	twoPasses(t, env, p, table(t, `
objet:text,motif:text
Mme Vermeillac au 06 12 34 56 78,\N
M. Rouvraintel,Mme Vermeillac
`), pipelinetest.Cuts()[1])
	want := []pipelines.Passages{{Column: "objet", Kind: "phone", Count: 1}, {Column: "objet", Kind: "name", Count: 2}, {Column: "motif", Kind: "name", Count: 1}}
	if diff := cmp.Diff(want, p.(pipelines.Redactor).Redacted()); diff != "" {
		t.Error(diff)
	}
}

// The gate finds in the texts of any column what names persons, says in which and how
// many, and no more.
func TestGateLooksIntoTexts(t *testing.T) {
	const body = "public = [\"objet\", \"mots\", \"n\"]\n"
	expect := func(kinds string) string {
		return "expect \"objet\" {\nkinds = [" + kinds + "]\nreason = \"celui de la mairie\"\n}\n"
	}
	cases := []struct {
		name, body, objet, mots string
		refused                 string // what the message says was found
		told                    string
	}{
		{"nothing", body, "travaux de voirie", "[]", "", ""},
		{"social security number", body, "dossier 255081416802538", "[]", "objet has 1 of kind nir", ""},
		{"account", body, "FR7630006000011234567890189", "[]", "objet has 1 of kind iban", ""},
		{"e-mail", body, "jeanne@val-fleuri.example.fr et paul@val-fleuri.example.fr", "[]", "objet has 2 of kind email", ""},
		{"telephone", body, "06 12 34 56 78", "[]", "objet has 1 of kind phone", ""},
		{"plate", body, "AB-123-CD", "[]", "objet has 1 of kind plate", ""},
		{"birth", body, "né le 3 mars 1980", "[]", "objet has 1 of kind birth", ""},
		{"name", body, "M. Rouvraintel", "[]", "objet has 1 of kind name", ""},
		{"in a list", body, "x", `["voirie","06 12 34 56 78"]`, "mots has 1 of kind phone", ""},
		{"in two columns", body, "06 12 34 56 78", `["06 12 34 56 78"]`, "objet has 1 of kind phone; column mots has 1 of kind phone", ""},
		{"an address", body, "12 rue du Lavoir", "[]", "", "objet has 1 of kind address"},
		{"a school", body, "école Jeanne Vermeillac", "[]", "", "objet has 1 of kind first_name"},
		{"a company", body, "SIRET 73282932000074", "[]", "", ""},
		{"expected", body + expect(`"phone", "first_name"`), "Jeanne Vermeillac, 06 12 34 56 78", "[]", "", ""},
		{"another kind is expected", body + expect(`"phone"`), "jeanne@val-fleuri.example.fr", "[]", "objet has 1 of kind email", ""},
		{"a text that should have been redacted", redact + "public = [\"mots\", \"n\"]\n", "école Jeanne Vermeillac", "[]", "objet has 1 of kind first_name", ""},
		{"a company in such a text", strings.Replace(redact, "}", "sole_traders = true\n}", 1) + "public = [\"mots\", \"n\"]\n", "73282932000074", "[]", "objet has 1 of kind siret", ""},
		{"a column that the law lets out", "identifier \"objet\" {\nlegal_basis = \"D312-1-3/1\"\nreason = \"organigramme\"\n}\npublic = [\"mots\", \"n\"]\n",
			"M. Rouvraintel et Jeanne Vermeillac", "[]", "", ""},
		{"a number in such a column", "identifier \"objet\" {\nlegal_basis = \"D312-1-3/1\"\nreason = \"organigramme\"\n}\npublic = [\"mots\", \"n\"]\n",
			"M. Rouvraintel, 06 12 34 56 78", "[]", "objet has 1 of kind phone", ""},
		{"a constant", "identifier \"objet\" {\naction = \"constant\"\notherwise = \"06 12 34 56 78\"\n}\npublic = [\"mots\", \"n\"]\n", "06 12 34 56 78", "[]", "objet has 1 of kind phone", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			env := pipelinetest.Env(t)
			var told []*messages.Error
			env.Note = func(m *messages.Error) { told = append(told, m) }
			p, err := policy(t, env, c.body)
			if err != nil {
				t.Fatal(err)
			}
			file := table(t, "objet:text,mots:list(text),n:int64\n\\N,\\N,1\n\"\",[],2\n")
			row := table(t, "objet:text,mots:list(text),n:int64\n\""+c.objet+"\",\""+strings.ReplaceAll(c.mots, `"`, `""`)+"\",3\n")
			file.Rows = append(file.Rows, row.Rows...)
			if strings.HasPrefix(c.body, "identifier") {
				file.Rows = row.Rows
			}
			err = p.(pipelines.Gate).Judge(context.Background(), nil, sealed{env, file})
			switch {
			case c.refused == "" && err != nil:
				t.Errorf("refused: %v", err)
			case c.refused != "" && (!messages.Has(err, messages.GateTexts) || !strings.Contains(err.Error(), c.refused)):
				t.Errorf("verdict %v, want %s", err, c.refused)
			}
			said := ""
			for _, m := range told {
				said += m.Error()
			}
			if c.told != "" && !strings.Contains(said, c.told) || c.told == "" && said != "" {
				t.Errorf("told %q, want %q", said, c.told)
			}
			if err != nil {
				said += err.Error() + messages.Find(err).Remedy(messages.French)
			}
			for _, word := range []string{"Vermeillac", "Rouvraintel", "Lavoir", "06 12", "255081", "FR76", "AB-123", "1980", "jeanne@"} {
				if strings.Contains(said, word) {
					t.Errorf("the verdict shows a value: %s", said)
				}
			}
		})
	}
}

// A sample is of the texts that reach the stage, column by column.
func TestSampleOfTexts(t *testing.T) {
	env := pipelinetest.Env(t)
	p, err := policy(t, env, redact+"public = [\"n\"]\n")
	if err != nil {
		t.Fatal(err)
	}
	in := table(t, `
objet:text,n:int64
Mme Vermeillac,1
travaux de voirie,2
travaux de voirie,3
\N,4
`)
	r := p.(pipelines.Reviewer)
	s := r.Sample(10, []byte("graine"))
	for _, cut := range pipelinetest.Cuts() {
		if err := s.Add(context.Background(), pipelinetest.Batches(in.Schema, cut.Batches(env.Allocator, in)...)); err != nil {
			t.Fatal(err)
		}
	}
	got := map[string]string{}
	for _, x := range s.Texts() {
		got[x.Marked] = x.Column + ": " + x.Found
	}
	want := map[string]string{"Mme ⟦Vermeillac⟧": "objet: nom", "travaux de voirie": "objet: "}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"objet"}, r.Reviews()); diff != "" {
		t.Error(diff)
	}
}

// repeated is a file whose rows the gate is told it has taken.
type repeated struct{ sealed }

func (repeated) Repeated() bool { return true }

func TestGateLooksAtRowsOnce(t *testing.T) {
	env := pipelinetest.Env(t)
	p, err := policy(t, env, `public = ["objet"]`)
	if err != nil {
		t.Fatal(err)
	}
	file := sealed{env, table(t, "objet:text\n06 12 34 56 78\n")}
	if err := p.(pipelines.Gate).Judge(context.Background(), nil, file); !messages.Has(err, messages.GateTexts) {
		t.Errorf("verdict %v", err)
	}
	if err := p.(pipelines.Gate).Judge(context.Background(), nil, repeated{file}); err != nil {
		t.Errorf("a file whose rows were taken: %v", err)
	}
}

func TestParagraphTellsOfTexts(t *testing.T) {
	p, err := policy(t, pipelinetest.Env(t), redact+"text \"motif\" {}\n")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"Dans les textes de la colonne « objet », les passages qui peuvent désigner une personne ont été masqués : leur nature est écrite à leur place, entre crochets. Un échantillon a été relu par une personne.",
		"La colonne « motif », de texte libre, a été supprimée.",
		"Toute colonne que la règle de publication ne nomme pas a été supprimée.",
	}
	if diff := cmp.Diff(want, p.Paragraph(nil)); diff != "" {
		t.Error(diff)
	}
}
