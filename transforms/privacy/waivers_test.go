package privacy_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/internal/draws"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
)

// relaxing is env where approvers accepted this under gatePolicy; it notes what is told.
func relaxing(env pipelines.Env, told *[]string, all ...pipelines.Acceptance) pipelines.Env {
	sum := sha256.Sum256([]byte(gatePolicy))
	env.Task = pipelines.TaskID{Pipeline: "agents", Tenant: "350001"}
	env.Now = func() time.Time { return time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC) }
	env.Note = func(m *messages.Error) { *told = append(*told, m.Code) }
	var signed []pipelines.SignedAcceptance
	for i, a := range all {
		if a.Policies == nil {
			a.Policies = []string{hex.EncodeToString(sum[:])}
		}
		signed = append(signed, pipelines.SignedAcceptance{File: fmt.Sprintf("%d.json", i), Key: "1D829959015A802A", Acceptance: a})
	}
	return env.Accepting(signed, []byte(gatePolicy))
}

func anAcceptance(rule, column string, ceiling float64) pipelines.Acceptance {
	return pipelines.Acceptance{Pipeline: "agents", Rule: rule, Column: column, Tenants: "35*", Ceiling: &ceiling, Until: "2027-01-01", Reason: "essai"}
}

// refusing is something that the gate refuses or holds, with the figure of its rule.
type refusing struct {
	name, rule, column string
	figure             float64
	body               string
	under              func(t testing.TB, env pipelines.Env) error
}

func few(t testing.TB, body, head, there, here string) func(testing.TB, pipelines.Env) error {
	plain := pipelinetest.Env(t)
	_, _, old := made(t, plain, body, head+there)
	_, d, now := made(t, plain, body, head+here)
	return func(t testing.TB, env pipelines.Env) error {
		p, err := policy(t, env, body)
		if err != nil {
			t.Fatal(err)
		}
		if small := beside(t, env, p, d, now, old, true); small != nil {
			return small
		}
		return nil
	}
}

func judged(t testing.TB, body, file string) func(testing.TB, pipelines.Env) error {
	return func(t testing.TB, env pipelines.Env) error {
		p, err := policy(t, env, body)
		if err != nil {
			t.Fatal(err)
		}
		return p.(pipelines.Gate).Judge(context.Background(), nil, sealed{env, table(t, file)})
	}
}

// whole is both passes and the verdict on what they make.
func whole(body, rows string) func(testing.TB, pipelines.Env) error {
	return func(t testing.TB, env pipelines.Env) error {
		p, err := policy(t, env, body)
		if err != nil {
			t.Fatal(err)
		}
		in := table(t, rows)
		batches := func() pipelines.Stream {
			return pipelinetest.Batches(in.Schema, pipelinetest.Cuts()[1].Batches(env.Allocator, in)...)
		}
		first := batches()
		d, err := p.Observe(context.Background(), first)
		first.Close()
		if err != nil {
			return err
		}
		out, err := p.Emit(context.Background(), d, batches())
		if err != nil {
			t.Fatal(err)
		}
		return p.(pipelines.Gate).Judge(context.Background(), d, sealed{env, table(t, collect(t, out))})
	}
}

func refusals(t testing.TB) []refusing {
	const compared = "quasi \"q\" {}\nsensitive \"s\" {\ndiversity { l = 2 }\n}\nmodel { k = 3 }"
	row := func(n int, cells string) string { return strings.Repeat(cells+"\n", n) }
	base := row(3, "a,x") + row(2, "a,y") + row(3, "b,x") + row(3, "b,y")
	const crossed = "quasi \"q\" {}\npublic = [\"s\"]\nmodel { k = 2 }"
	const average = "quasi \"q\" {}\nmodel {\nk = 2\nmax_average_risk = 0.1\n}"
	const texts = "public = [\"objet\"]"
	return []refusing{
		{"a late row", "small_difference", "", 2, crossed, few(t, crossed, comparedHead, base, base+row(1, "a,x"))},
		{"late rows that agree", "small_difference", "s", 2, compared, few(t, compared, comparedHead, base, base+row(3, "a,x"))},
		{"columns of one release alone", "crossing_levels", "", 2, crossed, func(t testing.TB, env pipelines.Env) error {
			_, d, now := made(t, pipelinetest.Env(t), crossed, "q:text,s:text\na,x\na,x\nb,x\nb,x\n")
			p, err := policy(t, env, crossed)
			if err != nil {
				t.Fatal(err)
			}
			if small := beside(t, env, p, d, now, "q:text,z:text\na,1\na,1\nb,1\nb,1\n", true); small != nil {
				return small
			}
			return nil
		}},
		{"an average risk", "max_average_risk", "", 0.4, average, whole(average, "q:text\n"+row(3, "a")+row(2, "b"))},
		{"telephones", "text_phone", "objet", 3, texts, judged(t, texts, "objet:text\n06 12 34 56 78\nx\n06 12 34 56 78 et 06 12 34 56 79\n")},
		{"names", "text_name", "objet", 1, texts, judged(t, texts, "objet:text\nM. Rouvraintel\n")},
	}
}

// What is accepted is accepted up to its figure, and for nothing and nobody else.
func TestWhatAnApproverRelaxesIsBound(t *testing.T) {
	for _, c := range refusals(t) {
		t.Run(c.name, func(t *testing.T) {
			var told []string
			if err := c.under(t, relaxing(pipelinetest.Env(t), &told)); err == nil {
				t.Fatal("nothing is refused")
			}
			p, err := policy(t, pipelinetest.Env(t), c.body)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(p.(pipelines.Waivable).Waivable(), func(r pipelines.WaivableRule) bool {
				return r.Name == c.rule && r.Column == c.column && r.Threshold != nil && *r.Threshold < c.figure
			}) {
				t.Errorf("it is none of %v", p.(pipelines.Waivable).Waivable())
			}
			other := strings.Repeat("0", 64)
			for _, try := range []struct {
				what   string
				change func(a *pipelines.Acceptance)
				told   *messages.Message
			}{
				{"as accepted", func(*pipelines.Acceptance) {}, messages.AcceptanceApplied},
				{"below what was found", func(a *pipelines.Acceptance) { *a.Ceiling = math.Nextafter(c.figure, 0) }, messages.AcceptanceCeiling},
				{"without a ceiling", func(a *pipelines.Acceptance) { a.Ceiling = nil }, messages.AcceptanceCeiling},
				{"another tenant", func(a *pipelines.Acceptance) { a.Tenants = "22*" }, messages.AcceptanceTenant},
				{"another policy", func(a *pipelines.Acceptance) { a.Policies = []string{other} }, messages.AcceptancePolicy},
				{"ended", func(a *pipelines.Acceptance) { a.Until = "2026-11-29" }, messages.AcceptanceExpired},
				{"another pipeline", func(a *pipelines.Acceptance) { a.Pipeline = "familles" }, nil},
				{"another column", func(a *pipelines.Acceptance) { a.Column += "x" }, nil},
				{"another rule", func(a *pipelines.Acceptance) { a.Rule = "max_uniques" }, nil},
			} {
				var told []string
				a := anAcceptance(c.rule, c.column, c.figure)
				try.change(&a)
				env := relaxing(pipelinetest.Env(t), &told, a)
				err := c.under(t, env)
				if passes := try.told == messages.AcceptanceApplied; (err == nil) != passes {
					t.Errorf("%s: %v", try.what, err)
				}
				if got := len(env.Relaxed()); got != map[bool]int{true: 1}[err == nil] {
					t.Errorf("%s: %d rules are relaxed", try.what, got)
				}
				told = slices.DeleteFunc(slices.Compact(told), func(code string) bool { return code == messages.TextDoubtful.Code })
				if try.told == nil && len(told) > 0 || try.told != nil && !slices.Equal(told, []string{try.told.Code}) {
					t.Errorf("%s: told %v", try.what, told)
				}
			}
		})
	}
}

// Who publishes on an acceptance says so, without what was found, and calls nothing anonymous.
func TestWhatIsRelaxedIsTold(t *testing.T) {
	const body = "subject = \"p\"\nidentifier \"p\" { action = \"drop\" }\nquasi \"q\" {}\nmodel {\nk = 5\nmax_average_risk = 0.1\n}"
	rows := "p:text,q:text\n"
	for i := range 5 {
		rows += fmt.Sprintf("P%d,a\n", i)
	}
	var told []string
	for _, accepted := range []bool{true, false} {
		of := body
		env := relaxing(pipelinetest.Env(t), &told, anAcceptance("max_average_risk", "", 0.25))
		if !accepted {
			of = strings.Replace(body, "0.1", "0.2", 1)
		}
		p, err := policy(t, env, of)
		if err != nil {
			t.Fatal(err)
		}
		d, _ := twoPasses(t, env, p, table(t, rows), pipelinetest.Cuts()[0])
		if got := p.(pipelines.Protecting).Protection(d); got.Anonymous == accepted || slices.Contains(got.Open, pipelines.NeedsKept) != accepted {
			t.Errorf("relaxed %v: anonymous %v, open %v", accepted, got.Anonymous, got.Open)
		}
		if said := strings.Join(p.(pipelines.Checked).Checks(d), "\n"); strings.Contains(said, "risque moyen") == accepted {
			t.Errorf("relaxed %v: checks %s", accepted, said)
		}
		want := []pipelines.Relaxation{{Rule: "max_average_risk", Ceiling: 0.25, Key: "1D829959015A802A", Until: "2027-01-01"}}
		if got := env.Relaxed(); accepted && !slices.Equal(got, want) || !accepted && len(got) > 0 {
			t.Errorf("relaxed %v: told %v", accepted, got)
		}
	}
}

// A threshold that an approver relaxed changes nothing of what is published where the
// policy is kept without it, and what is published under it keeps the ceiling.
func TestARelaxedAverageRiskIsKept(t *testing.T) {
	relaxed, kept := 0, 0
	draws.Check(t, draws.Kinds{"relaxed": &relaxed, "kept": &kept}, func(r *rapid.T) {
		threshold := rapid.SampledFrom([]float64{0.1, 0.2, 0.3, 0.5}).Draw(r, "threshold")
		ceiling := rapid.SampledFrom([]float64{0.12, 0.25, 0.35, 0.5}).Draw(r, "ceiling")
		tied := rapid.Bool().Draw(r, "tied")
		body := fmt.Sprintf("quasi \"q\" {\nbands = [2, 4, 6]\n}\nquasi \"r\" {}\nmodel {\nk = 2\nsuppression_limit = 0.4\nmax_average_risk = %v\n}\n", threshold)
		rows := "q:int64,r:text,nom:text\n"
		for range rapid.IntRange(3, 40).Draw(r, "rows") {
			rows += fmt.Sprintf("%d,%s,%s\n", rapid.IntRange(2, 5).Draw(r, "q"), rapid.SampledFrom([]string{"u", "v"}).Draw(r, "r"),
				rapid.SampledFrom([]string{"A", "B", "C", "D", "E", "F"}).Draw(r, "nom"))
		}
		if tied {
			body += "subject = \"nom\"\nidentifier \"nom\" {\naction = \"pseudonym\"\nkey = secret.cle\nrotate = \"per_release\"\n}\n"
		}
		decide := func(accepted bool) (string, pipelines.Env, error) {
			var told []string
			env := relaxing(pipelinetest.Env(t), &told)
			if accepted {
				env = relaxing(env, &told, anAcceptance("max_average_risk", "", ceiling))
			}
			p, err := policy(t, env, body)
			if err != nil {
				r.Fatal(err)
			}
			in := table(t, rows)
			batches := func() pipelines.Stream {
				return pipelinetest.Batches(in.Schema, pipelinetest.Cuts()[1].Batches(env.Allocator, in)...)
			}
			first := batches()
			d, err := p.Observe(context.Background(), first)
			first.Close()
			if err != nil {
				return "", env, err
			}
			if d, err = p.(pipelines.Drawer).Draw(context.Background(), d, []byte("x")); err != nil {
				r.Fatal(err)
			}
			out, err := p.Emit(context.Background(), d, batches())
			if err != nil {
				r.Fatal(err)
			}
			got := collect(t, out)
			return got, env, p.(pipelines.Gate).Judge(context.Background(), d, sealed{env, table(t, got)})
		}
		want, _, err := decide(false)
		got, env, e := decide(true)
		if err == nil {
			kept++
			if e != nil || got != want || len(env.Relaxed()) > 0 {
				r.Fatalf("kept without it: %v, relaxed %v\n%s\nwant\n%s", e, env.Relaxed(), got, want)
			}
			return
		}
		if e != nil {
			return
		}
		relaxed++
		classes := map[string]int{}
		n := 0
		for _, line := range lines(got) {
			classes[classOf(line, 2)]++
			n++
		}
		if risk := float64(len(classes)) / float64(n); risk <= threshold || risk > ceiling {
			r.Fatalf("average risk %v, accepted from %v to %v", risk, threshold, ceiling)
		}
	})
}

// everything is an acceptance of everything that one could name, without end.
func everything(columns ...string) (all []pipelines.Acceptance) {
	rules := []string{"max_prosecutor_risk", "max_average_risk", "max_uniques", "small_difference", "crossing_levels", "k", "k_map", "model", "mark", "personal",
		"diversity", "closeness", "identifier", "clear", "min_subjects", "max_share", "legal_basis", "opposition", "columns", "rows", "text", "review", "text_",
		"text_nir", "text_iban", "text_email", "text_phone", "text_plate", "text_birth", "text_address", "text_name", "text_first_name", "text_siret", "text_siren", "text_term"}
	for _, rule := range rules {
		for _, column := range append(columns, "") {
			a := anAcceptance(rule, column, 1e300)
			a.Tenants = "*"
			all = append(all, a)
		}
	}
	return all
}

// No acceptance, of whatever, lets a marked value out, nor what only a cleared mark lets out.
func TestNoMarkIsRelaxed(t *testing.T) {
	row := func(n int, cells string) string { return strings.Repeat(cells+"\n", n) }
	const law = "identifier \"objet\" {\nlegal_basis = \"D312-1-3/1\"\nreason = \"organigramme\"\n}\npublic = [\"n\"]"
	const rule = "identifier \"objet\" {\nclear_when = row.n == 1\notherwise = \"masqué\"\n}\npublic = [\"n\"]"
	const model = "quasi \"objet\" {}\nmodel { k = 2 }"
	const diverse = "quasi \"q\" {}\nsensitive \"objet\" {\ndiversity { l = 2 }\n}\nmodel { k = 2 }"
	const close = "quasi \"q\" {}\nsensitive \"objet\" {\ncloseness { t = 0.1 }\n}\nmodel { k = 2 }"
	const average = "microaggregate \"m\" {\ncolumns = [\"n\"]\nk = 2\n}"
	aggregated := clearedHead + "C1,2023,10,20,240,0.100000000,240\n"
	for _, c := range []struct {
		name  string
		want  *messages.Message
		under func(testing.TB, pipelines.Env) error
	}{
		{"a social security number", messages.GateTexts, judged(t, "public = [\"objet\"]", "objet:text\n255081416802538\n")},
		{"a column without a role", messages.GateColumns, judged(t, "public = [\"n\"]", "objet:text,n:int64\nx,1\n")},
		{"a value that a rule masks", messages.GateValue, judged(t, rule, "objet:text,n:int64\nMme Rouvraintel,2\n")},
		{"a number in a column that a rule shows", messages.GateTexts, judged(t, rule, "objet:text,n:int64\n06 12 34 56 78,1\n")},
		{"a number in a column that the law lets out", messages.GateTexts, judged(t, law, "objet:text,n:int64\n06 12 34 56 78,1\n")},
		{"a constant that is a number", messages.GateTexts, judged(t, "identifier \"objet\" {\naction = \"constant\"\notherwise = \"06 12 34 56 78\"\n}\npublic = [\"n\"]",
			"objet:text,n:int64\n06 12 34 56 78,1\n")},
		{"a text that should have been redacted", messages.GateTexts, judged(t, redact, "objet:text\nM. Rouvraintel et 06 12 34 56 78\n")},
		{"a quasi-identifier that names", messages.GateTexts, whole(model, "objet:text\n"+row(3, "M. Rouvraintel"))},
		{"a sensitive column that names", messages.GateTexts, whole(diverse, "q:text,objet:text\n"+row(2, "a,M. Rouvraintel")+row(2, "a,06 12 34 56 78"))},
		{"too few rows", messages.TooFewRows, whole(model, "objet:text\nx\n")},
		{"no levels of k rows", messages.NoLevels, whole(model, "objet:text\nx\ny\nz\n")},
		{"one value of a sensitive column", messages.NoLevels, whole(diverse, "q:text,objet:text\n"+row(4, "a,x"))},
		{"far from all rows", messages.NoLevels, whole(close, "q:text,objet:text\n"+row(4, "a,x")+row(4, "b,y"))},
		{"a mean that is none", messages.GateMean, func(t testing.TB, env pipelines.Env) error {
			_, d, _ := made(t, pipelinetest.Env(t), average, "n:int64\n1\n3\n")
			p, err := policy(t, env, average)
			if err != nil {
				t.Fatal(err)
			}
			return p.(pipelines.Gate).Judge(context.Background(), d, sealed{env, table(t, "n:int64\n1\n3\n")})
		}},
		{"an aggregate of too few", messages.GateCount, func(t testing.TB, env pipelines.Env) error {
			_, d, _ := made(t, pipelinetest.Env(t), cleared, clearedHead+"C1,2023,10,20,3,0.100000000,240\n")
			p, err := policy(t, env, cleared)
			if err != nil {
				t.Fatal(err)
			}
			return p.(pipelines.Gate).Judge(context.Background(), d, sealed{env, table(t, "commune:text,annee:int64,revenus:int64,foyers:int64\nC1,2023,10,20\n")})
		}},
		{"aggregates that can be subtracted", messages.CellsDiffer, few(t, cleared, "", aggregated, strings.Replace(aggregated, ",10,", ",11,", 1))},
		{"means that can be subtracted", messages.CellsDiffer, few(t, average, "n:int64\n", "1\n3\n", "1\n4\n")},
		{"what cannot be compared", messages.ColumnChanged, func(t testing.TB, env pipelines.Env) error {
			_, d, now := made(t, pipelinetest.Env(t), "quasi \"q\" {}\npublic = [\"n\"]\nmodel { k = 2 }", "q:text,n:int64\na,1\na,1\n")
			p, err := policy(t, env, "quasi \"q\" {}\npublic = [\"n\"]\nmodel { k = 2 }")
			if err != nil {
				t.Fatal(err)
			}
			return orNil(beside(t, env, p, d, now, "q:text,n:text\na,1\na,1\n", false))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var told []string
			err := c.under(t, relaxing(pipelinetest.Env(t), &told, everything("objet", "q", "n", "revenus", "foyers", "commune", "m")...))
			var small *pipelines.SmallDifference
			if errors.As(err, &small) {
				err = small.Why
			}
			if !messages.Has(err, c.want) {
				t.Errorf("got %v, want %s; told %v", err, c.want.Code, told)
			}
		})
	}
}

func orNil(d *pipelines.SmallDifference) error {
	if d == nil {
		return nil
	}
	return d
}

// What can be accepted of a policy is checks and thresholds, of public columns alone where
// it is about one's texts.
func TestOnlyChecksAndThresholdsAreWaivable(t *testing.T) {
	p, err := policy(t, pipelinetest.Env(t), `subject = "nom"
identifier "nom" {
  action = "pseudonym"
  key    = secret.cle
  rotate = "per_release"
}
identifier "siret" { clear_when = is_siret(row.siret) }
quasi "q" {}
sensitive "s" {
  diversity { l = 2 }
}
sensitive "z" {
  closeness { t = 0.2 }
}
text "note" { action = "drop" }
text "objet" {
  action = "redact"
  review = "human"
}
public = ["libelle", "tel"]
expect "tel" {
  kinds  = ["phone"]
  reason = "celui de la mairie"
}
gate {
  max_prosecutor_risk = 0.2
  max_uniques         = 0
}
model {
  k                = 3
  max_average_risk = 0.1
}`)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range p.(pipelines.Waivable).Waivable() {
		got = append(got, pipelines.RuleName(r.Name, r.Column))
	}
	want := "max_prosecutor_risk max_uniques max_average_risk small_difference small_difference (s) crossing_levels " +
		"text_iban (libelle) text_email (libelle) text_phone (libelle) text_plate (libelle) text_birth (libelle) text_name (libelle) " +
		"text_iban (tel) text_email (tel) text_plate (tel) text_birth (tel) text_name (tel) review (objet)"
	if strings.Join(got, " ") != want {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, " "), want)
	}
}

// What an approver let pass is not told to have been verified.
func TestWhatIsRelaxedWasNotVerified(t *testing.T) {
	for _, c := range refusals(t) {
		var told []string
		env := relaxing(pipelinetest.Env(t), &told, anAcceptance(c.rule, c.column, c.figure))
		if err := c.under(t, env); err != nil {
			t.Fatal(err)
		}
		p, err := policy(t, env, c.body)
		if err != nil {
			t.Fatal(err)
		}
		said := p.(pipelines.Protecting).Protection(nil)
		has := func(what pipelines.Verification) bool {
			return slices.ContainsFunc(said.Verified, func(v pipelines.Verified) bool { return v.What == what })
		}
		texts, releases := strings.HasPrefix(c.rule, "text_"), c.rule == "small_difference" || c.rule == "crossing_levels"
		if has(pipelines.VerifiedTexts) == texts || said.Model != nil && has(pipelines.VerifiedReleases) == releases {
			t.Errorf("%s: verified %+v", c.name, said.Verified)
		}
		if said.Model != nil && said.Model.MaxAverageRisk > 0 {
			t.Errorf("%s: average risk %v", c.name, said.Model.MaxAverageRisk)
		}
	}
}
