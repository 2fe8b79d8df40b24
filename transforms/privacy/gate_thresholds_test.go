package privacy_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
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

const gatePolicy = "a policy"

// accepting is env where an approver accepted a rule up to a figure; it notes what is told.
func accepting(env pipelines.Env, rule string, ceiling float64, told *[]string) pipelines.Env {
	sum := sha256.Sum256([]byte(gatePolicy))
	env.Task.Pipeline = "agents"
	env.Now = func() time.Time { return time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC) }
	env.Note = func(m *messages.Error) { *told = append(*told, m.Code) }
	return env.Accepting([]pipelines.SignedAcceptance{{File: "a.json", Acceptance: pipelines.Acceptance{Pipeline: "agents",
		Policies: []string{hex.EncodeToString(sum[:])}, Rule: rule, Tenants: "*", Ceiling: &ceiling, Until: "2027-01-01", Reason: "essai"}}}, []byte(gatePolicy))
}

// The thresholds of the gate are held against the classes of the file as simple code
// counts them from the texts that a reader sees, in one part or in many; what an approver
// accepted passes up to its ceiling and not above.
func TestTheGateKeepsItsThresholds(t *testing.T) {
	env := pipelinetest.Env(t)
	refusals := 0
	draws.Check(t, draws.Kinds{"refused": &refusals}, func(r *rapid.T) {
		subject := rapid.SampledFrom([]string{"", "hidden", "shown"}).Draw(r, "subject")
		wildcard := subject == "" && rapid.Bool().Draw(r, "wildcard")
		risk := rapid.SampledFrom([]float64{0.5, 0.34, 0.25, 0.2, 0.1}).Draw(r, "risk")
		uniques := rapid.SampledFrom([]int{-1, 0, 1, 3}).Draw(r, "uniques")
		body := []string{"quasi \"q\" {}\nquasi \"r\" {}\npublic = [\"n\"]", fmt.Sprintf("gate {\nmax_prosecutor_risk = %v\nmax_uniques = %d\n}", risk, uniques)}
		model := "model {\nk = 2\nsuppression_limit = 0.8\n}"
		if wildcard {
			model = "model {\nk = 2\nsuppression_limit = 0.8\nnull_match = \"wildcard\"\n}"
		}
		switch subject {
		case "shown":
			body = append(body, "subject = \"nom\"\nidentifier \"nom\" {\naction = \"pseudonym\"\nkey = secret.cle\nrotate = \"per_release\"\n}")
		case "hidden":
			body = append(body, "subject = \"nom\"\nidentifier \"nom\" { action = \"drop\" }")
		}
		build := func(env pipelines.Env) pipelines.Privacy {
			p, err := policy(t, env, strings.Join(append(body, model), "\n"))
			if err != nil {
				r.Fatal(err)
			}
			return p
		}
		var who []string
		var b strings.Builder
		b.WriteString("q:text,r:text,n:int64,nom:text\n")
		for n := range rapid.IntRange(4, 40).Draw(r, "rows") {
			who = append(who, rapid.SampledFrom([]string{"A", "B", "C", "D", "E", "F", "G", "H"}).Draw(r, "nom"))
			fmt.Fprintf(&b, "%s,%s,%d,%s\n", rapid.SampledFrom([]string{"x", "y", "z", `\N`}).Draw(r, "q"), rapid.SampledFrom([]string{"u", `\N`}).Draw(r, "r"), n, who[n])
		}
		in := table(t, b.String())
		p := build(env)
		first := pipelinetest.Batches(in.Schema, pipelinetest.Cuts()[1].Batches(env.Allocator, in)...)
		d, err := p.Observe(context.Background(), first)
		first.Close()
		if err != nil {
			return // nothing keeps k = 2
		}
		if d, err = p.(pipelines.Drawer).Draw(context.Background(), d, []byte("x")); err != nil {
			r.Fatal(err)
		}
		out, err := p.Emit(context.Background(), d, pipelinetest.Batches(in.Schema, pipelinetest.Cuts()[1].Batches(env.Allocator, in)...))
		if err != nil {
			r.Fatal(err)
		}
		got := collect(t, out)
		least, alone := exposedOf(lines(got), who, subject != "", wildcard)
		file := sealed{env, table(t, got)}
		want := 1/float64(least) > risk || uniques >= 0 && alone > uniques
		if want {
			refusals++
		}
		bounded := env
		bounded.Memory = 400
		if subject == "shown" {
			bounded.Memory = 1000 // of one class and its persons
		}
		for _, env := range []pipelines.Env{env, bounded} {
			if wildcard && env.Memory == 400 {
				continue // whose classes must fit
			}
			err = build(env).(pipelines.Gate).Judge(context.Background(), d, file)
			if (err != nil) != want || err != nil && !messages.Has(err, messages.GateThreshold) {
				r.Fatalf("smallest %d, alone %d, with %d bytes: %v, want a refusal: %v\n%s", least, alone, env.Memory, err, want, got)
			}
		}
		if !want || 1/float64(least) > risk && uniques >= 0 && alone > uniques {
			return
		}
		rule, figure := "max_prosecutor_risk", 1/float64(least)
		if figure <= risk {
			rule, figure = "max_uniques", float64(alone)
		}
		var told []string
		relaxed := build(accepting(env, rule, figure, &told))
		if err := relaxed.(pipelines.Gate).Judge(context.Background(), d, file); err != nil || !slices.Equal(told, []string{messages.AcceptanceApplied.Code}) {
			r.Fatalf("%s accepted up to %v: %v, told %v", rule, figure, err, told)
		}
		if said := strings.Join(relaxed.(pipelines.Checked).Checks(d), "\n"); strings.Contains(said, "risque le plus élevé") == (rule == "max_prosecutor_risk") {
			r.Fatalf("the public is told of %s: %s", rule, said)
		}
		told = nil
		err = build(accepting(env, rule, math.Nextafter(figure, 0), &told)).(pipelines.Gate).Judge(context.Background(), d, file)
		if !messages.Has(err, messages.GateThreshold) || !slices.Equal(told, []string{messages.AcceptanceCeiling.Code}) {
			r.Fatalf("%s accepted below %v: %v, told %v", rule, figure, err, told)
		}
	})
}

// exposedOf is the size of the smallest class of rows whose first two cells are their
// quasi-identifiers and whose third is their number, and how many are alone as they stand.
func exposedOf(rows [][]string, who []string, persons, wildcard bool) (least, alone int) {
	classes := map[string][]string{}
	for _, row := range rows {
		var n int
		fmt.Sscan(row[2], &n)
		classes[classOf(row, 2)] = append(classes[classOf(row, 2)], who[n])
	}
	size := func(whose []string) int {
		if !persons {
			return len(whose)
		}
		return len(slices.Compact(slices.Sorted(slices.Values(whose))))
	}
	least = math.MaxInt
	for class, whose := range classes {
		n := size(whose)
		if n == 1 {
			alone++
		}
		if wildcard {
			n = 0
			for other, rows := range classes {
				if matches(class, other) {
					n += len(rows)
				}
			}
		}
		least = min(least, n)
	}
	return least, alone
}

func matches(a, b string) bool {
	x, y := strings.Split(a, "\x00"), strings.Split(b, "\x00")
	for i := range x {
		if x[i] != y[i] && x[i] != `\N` && y[i] != `\N` {
			return false
		}
	}
	return true
}
