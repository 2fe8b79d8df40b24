package privacy_test

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/internal/draws"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
)

const countedCards = `
identifier "carte" {
	action = "partial"
	show_first = %d
	show_last = 1
}
quasi "quartier" {}
model {
	k = %d
	suppression_limit = 1
	%s
}
`

// Whatever the values, what leaves of a partial mask shows no more than it may, is shared
// by k rows, and is taken by the gate; a value that shows one character more is not.
func TestPartialMasksAreCounted(t *testing.T) {
	env := pipelinetest.Env(t)
	partly := 0
	draws.Check(t, draws.Kinds{"shown in part": &partly}, func(r *rapid.T) {
		first, k := rapid.IntRange(0, 3).Draw(r, "first"), rapid.IntRange(2, 3).Draw(r, "k")
		search := rapid.SampledFrom([]string{"", "search = \"mondrian\""}).Draw(r, "search")
		body := fmt.Sprintf(countedCards, first, k, search)
		if search != "" {
			body = strings.Replace(body, "suppression_limit = 1", "", 1)
		}
		p, err := policy(t, env, body)
		if err != nil {
			r.Fatal(err)
		}
		var rows []string
		for range rapid.IntRange(k, 30).Draw(r, "rows") {
			rows = append(rows, rapid.SampledFrom([]string{"ADU-2031-B", "ADU-7754-B", "ADU-9999-B", "JEU-1190-A", "JEU-4423-A", "J-1-A", "A", "Zoé", "É̱lodie-Ann", "   ", `\N`}).Draw(r, "carte")+","+
				rapid.SampledFrom([]string{"Nord", "Sud"}).Draw(r, "quartier"))
		}
		in := table(t, "carte:text,quartier:text\n"+strings.Join(rows, "\n")+"\n")
		ctx := context.Background()
		d, err := p.Observe(ctx, pipelinetest.Batches(in.Schema, pipelinetest.Cuts()[0].Batches(env.Allocator, in)...))
		if messages.Find(err) != nil {
			return // too few rows
		}
		if err != nil {
			r.Fatal(err)
		}
		out, err := p.Emit(ctx, d, pipelinetest.Batches(in.Schema, pipelinetest.Cuts()[0].Batches(env.Allocator, in)...))
		if err != nil {
			r.Fatal(err)
		}
		got := collect(t, out)
		if err := p.(pipelines.Gate).Judge(ctx, d, sealed{env, table(t, got)}); err != nil {
			r.Fatalf("the gate refuses what leaves: %v\n%s", err, got)
		}
		if x, found := audited(t, env, p, got); found["rule of identifier carte"] != "ok" {
			r.Fatalf("judged alone: %+v %v", x, found)
		}
		form := regexp.MustCompile(fmt.Sprintf(`^(|\*|\\N|\*\*\*|(.\pM*){%d}\*\*\*.\pM*)$`, first))
		counts := map[string]int{}
		for _, row := range lines(got) {
			counts[strings.Join(row, ",")]++
			if carte := strings.Trim(row[0], `"`); !form.MatchString(carte) {
				r.Fatalf("%q is shown", carte)
			} else if len(carte) > 4 {
				partly++
			}
		}
		for row, n := range counts {
			if n < k {
				r.Fatalf("%d rows show %s\n%s", n, row, got)
			}
		}
	})
}

// The gate knows by itself what a mask may show: a decision that lets more out, of which
// every value is one that it decided, does not pass.
func TestTheGateKnowsMasksByItself(t *testing.T) {
	env, ctx := pipelinetest.Env(t), context.Background()
	in := table(t, "carte:text,quartier:text\nADU-20310-B,Nord\nADU-20990-B,Nord\nADU-27770-B,Nord\n")
	const quasi = "quasi \"carte\" {\nshow_first = %d\nshow_last = 1\nmin_level = %d\n}\nquasi \"quartier\" {}\nmodel {\nk = 2\n}\n"
	for name, bodies := range map[string][2]string{
		"identifier":         {fmt.Sprintf(countedCards, 4, 2, ""), fmt.Sprintf(countedCards, 3, 2, "")},
		"quasi":              {fmt.Sprintf(quasi, 4, 1), fmt.Sprintf(quasi, 3, 1)},
		"quasi, at no level": {fmt.Sprintf(quasi, 4, 0), fmt.Sprintf(quasi, 3, 0)},
	} {
		more, err := policy(t, env, bodies[0])
		if err != nil {
			t.Fatal(err)
		}
		less, err := policy(t, env, bodies[1])
		if err != nil {
			t.Fatal(err)
		}
		d, got := twoPasses(t, env, more, in, pipelinetest.Cuts()[0])
		if !strings.Contains(got, "ADU-***B") {
			t.Fatalf("%s: %s", name, got)
		}
		if err := more.(pipelines.Gate).Judge(ctx, d, sealed{env, table(t, got)}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := less.(pipelines.Gate).Judge(ctx, d, sealed{env, table(t, got)}); !messages.Has(err, messages.GateValue) {
			t.Errorf("%s: a character more: %v", name, err)
		}
		check := map[bool]string{true: "rule of identifier carte", false: "characters shown of carte"}[name == "identifier"]
		if _, found := audited(t, env, less, got); name != "quasi, at no level" && !strings.HasPrefix(found[check], messages.GateValue.Code) {
			t.Errorf("%s, judged alone: %v", name, found)
		}
	}
}

// The law lets some characters out without a model, and nothing else does.
func TestAPartialMaskByLaw(t *testing.T) {
	env := pipelinetest.Env(t)
	p, err := policy(t, env, `
		identifier "nom" {
			action      = "partial"
			show_first  = 1
			legal_basis = "D312-1-3/3"
			reason      = "tableau d'un ordre"
		}
		public = ["ville"]`)
	if err != nil {
		t.Fatal(err)
	}
	in := table(t, "nom:text,ville:text\nSerin,X\nS,X\n\\N,Y\n\"\",Y\n")
	d, got := twoPasses(t, env, p, in, pipelinetest.Cuts()[0])
	want := "nom:text,ville:text\nS***,X\n***,X\n\\N,Y\n,Y\n"
	if got != want {
		t.Errorf("leaves\n%s", got)
	}
	if k, err := p.(pipelines.SinglePass).Kernel(in.Schema); err != nil || k == nil {
		t.Errorf("what a file proves needs no first pass: %v", err)
	}
	for _, d := range []pipelines.Decision{d, nil} {
		if err := p.(pipelines.Gate).Judge(context.Background(), d, sealed{env, table(t, want)}); err != nil {
			t.Error(err)
		}
		for _, shown := range []string{"Se***", "S***n", "Serin", "*", "S****", " S***", "S\u200b***", "S***\u0301"} {
			if err := p.(pipelines.Gate).Judge(context.Background(), d, sealed{env, table(t, strings.Replace(want, "S***", shown, 1))}); !messages.Has(err, messages.GateValue) {
				t.Errorf("%q: %v", shown, err)
			}
		}
	}
	roles, err := p.Roles([]pipelines.MarkedColumn{{Name: "nom", Personal: true, Because: "declared"}, {Name: "ville"}})
	if err != nil || len(roles) != 2 || roles[0].Personal {
		t.Errorf("%+v, %v", roles, err)
	}
	if s := p.Paragraph(d)[0]; !strings.HasPrefix(s, "On ne peut lire, des valeurs de la colonne « nom », que le premier caractère ;") || !strings.Contains(s, "D. 312-1-3, 3°") {
		t.Error(s)
	}
	x := p.(pipelines.Protecting).Protection(d)
	if c := x.Columns[0]; c.Role != pipelines.RoleIdentifier || c.Treatment != pipelines.PartlyMasked || x.Anonymous {
		t.Errorf("%+v", x)
	}
}

// A condition decides which texts stand as they are; the gate counts them where the file
// cannot show why.
func TestRedactFailsClosed(t *testing.T) {
	env := pipelinetest.Env(t)
	p, err := policy(t, env, "public = [\"n\"]\nidentifier \"nom\" {\naction = \"redact\"\nclear_when = row.type == \"ASSO\"\n}")
	if err != nil {
		t.Fatal(err)
	}
	in := table(t, "nom:text,type:text,n:int64\nAmis,ASSO,1\nSerin,P,2\n\"\",ASSO,3\n\"\",P,4\n[masqué],ASSO,5\n\\N,ASSO,6\n\\N,P,7\nSerin,\\N,8\n")
	want := "nom:text,n:int64\nAmis,1\n[masqué],2\n,3\n[masqué],4\n[masqué],5\n\\N,6\n\\N,7\n[masqué],8\n"
	d, got := twoPasses(t, env, p, in, pipelinetest.Cuts()[1])
	if got != want {
		t.Errorf("leaves\n%s", got)
	}
	judge := func(file string) error {
		return p.(pipelines.Gate).Judge(context.Background(), d, sealed{env, table(t, file)})
	}
	// A format without null reads a text without characters as null, and it says no more.
	for _, same := range []string{want, strings.Replace(want, "\n,3", "\n\\N,3", 1), strings.Replace(want, "\\N,6", "\"\",6", 1)} {
		if err := judge(same); err != nil {
			t.Error(err)
		}
	}
	for _, other := range []string{strings.Replace(want, "[masqué],2", "Serin,2", 1), strings.Replace(want, "Amis", "[masqué]", 1)} {
		if err := judge(other); !messages.Has(err, messages.GateCount) {
			t.Errorf("%s: %v", other, err)
		}
	}
}

// What a mask of an identifier may not mean is said before anything is read.
func TestMasksThatMeanNothing(t *testing.T) {
	const model, law = "quasi \"q\" {}\nmodel {\nk = 2\n}\n", "legal_basis = \"D312-1-3/6\"\nreason = \"x\"\n"
	for body, want := range map[string]*messages.Message{
		"identifier \"nom\" {\naction = \"partial\"\nshow_first = 1\n}":                                               messages.MaskUncounted,
		"identifier \"nom\" {\naction = \"partial\"\nshow_first = 1\n}\npublic = [\"x\"]":                             messages.MaskUncounted,
		"identifier \"nom\" {\naction = \"partial\"\n}\n" + model:                                                     messages.WrongMask,
		"identifier \"nom\" {\naction = \"partial\"\nshow_first = -1\nshow_last = 2\n}\n" + model:                     messages.WrongMask,
		"identifier \"nom\" {\naction = \"partial\"\nshow_first = 1\nclear_when = row.q == \"x\"\n}\n" + model:        messages.WrongMask,
		"identifier \"nom\" {\naction = \"partial\"\nshow_first = 1\notherwise = \"x\"\n}\n" + model:                  messages.WrongMask,
		"identifier \"nom\" {\naction = \"partial\"\nshow_first = 1\n" + law + "}\n" + model:                          messages.WrongMask,
		"identifier \"nom\" {\naction = \"redact\"\nshow_first = 1\n}":                                                messages.WrongMask,
		"identifier \"nom\" {\naction = \"redact\"\notherwise = \"x\"\n}":                                             messages.WrongMask,
		"identifier \"nom\" {\naction = \"redact\"\n" + law + "}":                                                     messages.WrongLegalBasis,
		"identifier \"telephone\" {\naction = \"partial\"\nshow_last = 2\n" + law + "}":                               messages.WrongLegalBasis,
		"identifier \"nom\" {\naction = \"partial\"\nshow_first = 1\nkey = secret.cle\n}\n" + model:                   messages.WrongAction,
		"identifier \"nom\" {\naction = \"drop\"\n}\nquasi \"q\" {}\nmodel {\nk = 2\nsuppressed_rows = \"keep\"\n}\n": messages.OnlyDropped,
		"identifier \"nom\" {\naction = \"partial\"\nshow_first = 1\n}\nquasi \"nom\" {\nshow_first = 2\n}\n" + model: messages.TwoRoles,
	} {
		if _, err := policy(t, pipelinetest.Env(t), body); !messages.Has(err, want) {
			t.Errorf("%s\nis not %s: %v", body, want.Code, err)
		}
	}
	in := table(t, "nom:int64,q:text\n")
	for _, body := range []string{"identifier \"nom\" { action = \"redact\" }", "identifier \"nom\" {\naction = \"partial\"\nshow_first = 1\n" + law + "}", "identifier \"nom\" {\naction = \"partial\"\nshow_first = 1\n}\n" + model} {
		p, err := policy(t, pipelinetest.Env(t), body)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Bind(in.Schema); messages.Find(err) == nil || messages.Find(err).Class != messages.Language {
			t.Errorf("%s of numbers: %v", body, err)
		}
	}
	// A model with nothing but what is shown of an identifier is one.
	if _, err := policy(t, pipelinetest.Env(t), "identifier \"nom\" {\naction = \"partial\"\nshow_first = 1\n}\nmodel {\nk = 2\n}\n"); err != nil {
		t.Error(err)
	}
}

// Each of several sensitive columns is judged alone, which the plan and the evidence say.
func TestSensitiveColumnsAreJudgedApart(t *testing.T) {
	env := pipelinetest.Env(t)
	body := "quasi \"q\" {}\nmodel {\nk = 2\n}\nsensitive \"aide\" {\ndiversity { l = 2 }\n}\n"
	in := table(t, "q:text,aide:text,sante:text\nx,1,a\nx,2,b\n")
	for n, more := range []string{"", "sensitive \"sante\" {\ndiversity { l = 2 }\n}\n"} {
		p, err := policy(t, env, body+more)
		if err != nil {
			t.Fatal(err)
		}
		d, _ := twoPasses(t, env, p, in, pipelinetest.Cuts()[0])
		var want []string
		if n == 1 {
			want = []string{"aide", "sante"}
		}
		w := p.(pipelines.Warner).Warnings()
		if len(w) != n || n == 1 && (!messages.Has(w[0], messages.SensitiveApart) || w[0].Param("columns") != "aide, sante") {
			t.Errorf("warned of %v", w)
		}
		if got := p.(pipelines.Proving).Proof(d).WP29.Inference.Apart; !slices.Equal(got, want) {
			t.Errorf("the evidence names %v", got)
		}
	}
}

// The register has an identifier once, as one, whatever counts it.
func TestMasksInTheRegister(t *testing.T) {
	p, err := policy(t, pipelinetest.Env(t), fmt.Sprintf(countedCards, 3, 5, "")+"identifier \"tel\" { action = \"redact\" }\n")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	x := p.(pipelines.Registered).Processing()
	for _, c := range x.Categories {
		got[c.Role] = strings.Join(c.Columns, ",")
	}
	if got["identifiants masqués en partie"] != "carte" || got["identifiants masqués"] != "tel" || got["quasi-identifiants"] != "quartier" {
		t.Errorf("%v", got)
	}
	said := strings.Join(x.Measures, "\n")
	if !strings.Contains(said, "« carte », que les 3 premiers caractères et le dernier caractère ;") || strings.Count(said, "« carte »") != 1 ||
		!strings.Contains(said, "« tel » ont été masquées (remplacées par « [masqué] » ; là où il n'y en avait pas, il n'y a rien).") {
		t.Error(said)
	}
}

// Fewer characters than none are told where they are asked for, not as a mask that shows
// nothing.
func TestFewerCharactersThanNone(t *testing.T) {
	for argument, body := range map[string]string{"show_first": "show_first = -1\nshow_last = 2", "show_last": "show_first = 2\nshow_last = -2"} {
		_, err := policy(t, pipelinetest.Env(t), "identifier \"nom\" {\naction = \"partial\"\n"+body+"\n}\nquasi \"q\" {}\nmodel {\nk = 2\n}\n")
		if said := fmt.Sprint(err); !messages.Has(err, messages.WrongMask) || !strings.Contains(said, "fewer characters than none") {
			t.Errorf("%s: %s", argument, said)
		}
		_, err = policy(t, pipelinetest.Env(t), "quasi \"q\" {\n"+body+"\n}\nmodel {\nk = 2\n}\n")
		if said := fmt.Sprint(err); !messages.Has(err, messages.WrongQuasi) || !strings.Contains(said, "fewer characters than none") {
			t.Errorf("%s of a quasi-identifier: %s", argument, said)
		}
	}
}
