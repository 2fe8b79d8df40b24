package privacy_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
)

// The public is told by which article a column leaves, and why; the plan and the register
// have the same from the policy.
func TestTheLawIsNamed(t *testing.T) {
	p, err := policy(t, pipelinetest.Env(t), `
		identifier "nom" {
			legal_basis = "D312-1-3/6"
			reason      = "membres du conseil municipal."
		}
		identifier "matricule" {
			action      = "pseudonym"
			key         = secret.cle
			legal_basis = "D312-1-3/1"
			reason      = "organigramme"
		}`)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"Les valeurs de la colonne « nom » sont publiées telles quelles, ce que permet l'article D. 312-1-3, 6°, du code des relations entre le public et l'administration (membres du conseil municipal).",
		"Les valeurs de la colonne « matricule » ont été remplacées par des codes, les mêmes d'une publication à l'autre, ce que permet l'article D. 312-1-3, 1°, du code des relations entre le public et l'administration (organigramme).",
	}
	if got := p.Paragraph(nil)[:2]; !slices.Equal(got, want) {
		t.Errorf("the public is told\n%s", strings.Join(got, "\n"))
	}
	bases := p.(pipelines.Lawful).LegalBases()
	if len(bases) != 2 || bases[0].Column != "nom" || bases[0].Basis != "D312-1-3/6" || !strings.HasPrefix(bases[0].Documents, "vie politique") {
		t.Errorf("its bases are %+v", bases)
	}
	if rules := p.(pipelines.Waivable).Waivable(); len(rules) != 0 {
		t.Errorf("an approver may relax %+v", rules)
	}
}

// Only the law passes a mark: a column with one leaves where its rule has a basis and
// nowhere else.
func TestOnlyTheLawPassesAMark(t *testing.T) {
	in := []pipelines.MarkedColumn{{Name: "nom", Personal: true, Because: "declared"}}
	p, err := policy(t, pipelinetest.Env(t), "identifier \"nom\" {\nlegal_basis = \"D312-1-3/6\"\nreason = \"x\"\n}")
	if err != nil {
		t.Fatal(err)
	}
	if out, err := p.Roles(in); err != nil || len(out) != 1 || out[0].Personal {
		t.Errorf("with the law: %+v, %v", out, err)
	}
	if p, err = policy(t, pipelinetest.Env(t), `public = ["nom"]`); err != nil {
		t.Fatal(err)
	}
	if out, err := p.Roles(in); !messages.Has(err, messages.PublicPersonal) {
		t.Errorf("without it: %+v, %v", out, err)
	}
	for _, body := range []string{
		`legal_basis = ""`, `reason = "x"`, "legal_basis = \"D312-1-3\"\nreason = \"x\"", "legal_basis = \"D312-1-3/0\"\nreason = \"x\"", "legal_basis = \"D312-1-3/10\"\nreason = \"x\"",
		"legal_basis = \"D312-1-3/+6\"\nreason = \"x\"", "legal_basis = \"D.312-1-3/6\"\nreason = \"x\"", "legal_basis = \"L312-1-2/1\"\nreason = \"x\"", "legal_basis = \"D312-1-3/6\"",
		"legal_basis = \"D312-1-3/6\"\nreason = \"\"", "action = \"mask\"\nclear_when = true\nlegal_basis = \"D312-1-3/6\"\nreason = \"x\"", "action = \"null\"\nlegal_basis = \"D312-1-3/6\"\nreason = \"x\"",
	} {
		if _, err := policy(t, pipelinetest.Env(t), "identifier \"nom\" {\n"+body+"\n}"); err == nil {
			t.Errorf("%s is taken", strings.ReplaceAll(body, "\n", "; "))
		}
	}
}

// Whose a sensitive value is stands beside it where the law lets the name out: no class
// hides it.
func TestNothingSensitiveBesideALawfulName(t *testing.T) {
	body := "quasi \"service\" {}\nmodel {\nk = 2\n}\nsensitive \"absence\" {\ndiversity {\nl = 2\n}\n}\n"
	law := "legal_basis = \"D312-1-3/6\"\nreason = \"x\"\n"
	if _, err := policy(t, pipelinetest.Env(t), body+"identifier \"nom\" {\n"+law+"}"); !messages.Has(err, messages.WrongModel) {
		t.Errorf("beside a name: %v", err)
	}
	if _, err := policy(t, pipelinetest.Env(t), body+"subject = \"nom\"\nidentifier \"nom\" {\naction = \"pseudonym\"\nkey = secret.cle\n"+law+"}"); err != nil {
		t.Errorf("beside a pseudonym: %v", err)
	}
}

// A pseudonym that the law lets out is the same in every release, and in no preview:
// there it stands beside the value.
func TestALawfulPseudonymStays(t *testing.T) {
	env := pipelinetest.Env(t)
	in := table(t, "matricule:text\nA1\na1\nA2\n")
	drawn := func(env pipelines.Env, fingerprint string) string {
		p, err := policy(t, env, "identifier \"matricule\" {\naction = \"pseudonym\"\nkey = secret.cle\nlegal_basis = \"D312-1-3/1\"\nreason = \"x\"\n}")
		if err != nil {
			t.Fatal(err)
		}
		if k, err := p.(pipelines.SinglePass).Kernel(in.Schema); err != nil || k != nil {
			t.Fatalf("without a first pass nothing is drawn: %v", err)
		}
		ctx := context.Background()
		first := pipelinetest.Batches(in.Schema, pipelinetest.Cuts()[0].Batches(env.Allocator, in)...)
		d, err := p.Observe(ctx, first)
		first.Close()
		if err == nil {
			d, err = p.(pipelines.Drawer).Draw(ctx, d, []byte(fingerprint))
		}
		if err != nil {
			t.Fatal(err)
		}
		out, err := p.Emit(ctx, d, pipelinetest.Batches(in.Schema, pipelinetest.Cuts()[0].Batches(env.Allocator, in)...))
		if err != nil {
			t.Fatal(err)
		}
		got := collect(t, out)
		if err := p.(pipelines.Gate).Judge(ctx, d, sealed{env, table(t, got)}); err != nil {
			t.Error(err)
		}
		if err := p.(pipelines.Gate).Judge(ctx, d, sealed{env, in}); !messages.Has(err, messages.GateValue) {
			t.Errorf("a file with the values themselves: %v", err)
		}
		return got
	}
	once := drawn(env, "one night")
	if rows := lines(once); rows[0][0] != rows[1][0] || rows[0][0] == rows[2][0] {
		t.Errorf("the pseudonyms are %v", rows)
	}
	if again := drawn(env, "another"); again != once {
		t.Errorf("another night they are %s, not %s", again, once)
	}
	if again := drawn(env, ""); again != once {
		t.Errorf("without a fingerprint they are %s, not %s", again, once)
	}
	env.NoRelease = true
	if shown := drawn(env, "x"); shown == once {
		t.Error("a preview shows those of the releases")
	}
}
