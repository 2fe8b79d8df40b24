package privacy_test

import (
	"context"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/internal/draws"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
)

const cleared = `
	public = ["commune", "annee"]
	clear "revenus" {
		subject = "foyer"
		preset  = "dgfip_persons"
	}
	clear "foyers" {
		subject      = "foyer"
		min_subjects = 11
	}`

const clearedHead = "commune:text,annee:int64,revenus:int64,foyers:int64,revenus.foyer.subjects:int64,\"revenus.foyer.share:decimal(10, 9)\",foyers.foyer.subjects:int64\n"

// Whatever the table, what leaves is of enough subjects none of whom has too much, a row
// shows all its measures or none, and nothing that is masked can be had by subtraction
// along a key (invariant 4).
func TestAggregatesOfEnoughLeave(t *testing.T) {
	env := pipelinetest.Env(t)
	p, err := policy(t, env, cleared)
	if err != nil {
		t.Fatal(err)
	}
	shown, hidden, refused := 0, 0, 0
	draws.Check(t, draws.Kinds{"rows shown": &shown, "rows masked": &hidden, "tables refused": &refused}, func(r *rapid.T) {
		in := clearedHead
		totals := rapid.Bool().Draw(r, "totals")
		var rows [][]string
		for _, annee := range []string{"2023", "2024"} {
			sum, sums := 0, 0
			for n := range rapid.IntRange(1, 3).Draw(r, "communes") {
				revenus := rapid.IntRange(0, 40).Draw(r, "revenus")
				subjects := rapid.SampledFrom([]string{"10", "11", "240", `\N`}).Draw(r, "subjects")
				share := rapid.SampledFrom([]string{"0.100000000", "0.850000000", "0.850000001", `\N`}).Draw(r, "share")
				rows = append(rows, []string{fmt.Sprintf("C%d", n), annee, fmt.Sprint(revenus), fmt.Sprint(2 * revenus), subjects, share, subjects})
				sum, sums = sum+revenus, sums+2*revenus
			}
			if totals {
				rows = append(rows, []string{rapid.SampledFrom([]string{"Total", "TOUTES communes", `\N`, "Communauté"}).Draw(r, "word"), annee,
					fmt.Sprint(sum), fmt.Sprint(sums), "500", "0.100000000", "500"})
			}
		}
		for _, row := range rows {
			in += strings.Join(row, ",") + "\n"
		}
		tb := table(t, in)
		first := pipelinetest.Batches(tb.Schema, pipelinetest.Cuts()[1].Batches(env.Allocator, tb)...)
		d, err := p.Observe(context.Background(), first)
		first.Close()
		if err != nil {
			if !messages.Has(err, messages.MarginShown) && !messages.Has(err, messages.LineShown) {
				r.Fatal(err)
			}
			refused++
			return
		}
		out, err := p.Emit(context.Background(), d, pipelinetest.Batches(tb.Schema, pipelinetest.Cuts()[2].Batches(env.Allocator, tb)...))
		if err != nil {
			r.Fatal(err)
		}
		got := collect(t, out)
		if err := p.(pipelines.Gate).Judge(context.Background(), d, sealed{env, table(t, got)}); err != nil {
			r.Fatalf("the gate refuses what the policy gave: %v\n%s", err, got)
		}
		published := lines(got)
		for i, row := range rows {
			enough := (row[4] == "11" || row[4] == "240" || row[4] == "500") && row[5] != `\N` && row[5] != "0.850000001"
			want := slices.Clone(row[:4])
			if !enough {
				want[2], want[3] = `\N`, `\N`
				hidden++
			} else {
				shown++
			}
			if !slices.Equal(published[i], want) {
				r.Fatalf("row %d is %v, want %v", i, published[i], want)
			}
		}
		for i, row := range published {
			if row[2] != `\N` {
				continue
			}
			for j, total := range published { // what its year has, less all other rows of it
				if total[1] != row[1] || total[2] == `\N` || i == j {
					continue
				}
				rest, _ := new(big.Int).SetString(total[2], 10)
				known := true
				for o, other := range published {
					if o == i || o == j || other[1] != row[1] {
						continue
					}
					x, ok := new(big.Int).SetString(other[2], 10)
					if known = known && ok; ok {
						rest.Sub(rest, x)
					}
				}
				if known && totals && j == len(published)-1 && rest.String() == rows[i][2] && rows[i][2] != "0" {
					r.Fatalf("row %d can be had from the total:\n%s", i, got)
				}
			}
		}
	})
}

func TestTheGateKnowsWhatWasCleared(t *testing.T) {
	env := pipelinetest.Env(t)
	p, err := policy(t, env, cleared)
	if err != nil {
		t.Fatal(err)
	}
	in := table(t, clearedHead+"A,2024,100,12,12,0.2,12\nB,2024,90,3,3,0.2,3\nC,2024,70,20,20,0.9,20\n")
	d, got := twoPasses(t, env, p, in, pipelinetest.Cuts()[1])
	if want := "commune:text,annee:int64,revenus:int64,foyers:int64\nA,2024,100,12\nB,2024,\\N,\\N\nC,2024,\\N,\\N\n"; got != want {
		t.Fatalf("got %s", got)
	}
	for _, c := range []struct {
		name, from, to string
		want           *messages.Message
	}{
		{"as it is", "", "", nil},
		{"a masked value", `B,2024,\N`, "B,2024,90", messages.GateCount},
		{"a value less", "A,2024,100,12", `A,2024,\N,12`, messages.GateCount},
		{"a total", "A,2024", "Total,2024", messages.GateMargin},
		{"what it is judged by", "foyers:int64\n", "foyers.foyer.subjects:int64\n", messages.GateColumns},
	} {
		err := p.(pipelines.Gate).Judge(context.Background(), d, sealed{env, table(t, strings.Replace(got, c.from, c.to, 1))})
		if c.want == nil && err != nil || c.want != nil && !messages.Has(err, c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if err := p.(pipelines.Gate).Judge(context.Background(), nil, sealed{env, table(t, got)}); !messages.Has(err, messages.GateBlind) {
		t.Errorf("without a decision: %v", err)
	}
}

// A mark is cleared by the rule alone, and only where an aggregate counted.
func TestClearAsksForCounts(t *testing.T) {
	env := pipelinetest.Env(t)
	p, err := policy(t, env, cleared)
	if err != nil {
		t.Fatal(err)
	}
	var in []pipelines.MarkedColumn
	for _, name := range []string{"commune", "annee", "revenus", "foyers", "revenus.foyer.subjects"} {
		in = append(in, pipelines.MarkedColumn{Name: name, Personal: name != "commune" && name != "annee"})
	}
	out, err := p.Roles(in)
	if err != nil || len(out) != 4 || out[2] != (pipelines.MarkedColumn{Name: "revenus"}) {
		t.Errorf("%v, %v", out, err)
	}
	for _, head := range []string{
		"commune:text,annee:int64,revenus:int64,foyers:int64,foyers.foyer.subjects:int64\n",
		strings.Replace(clearedHead, "revenus.foyer.subjects:int64", "revenus.foyer.subjects:text", 1),
		strings.Replace(clearedHead, "revenus.foyer.share", "revenus.dossier.share", 1),
	} {
		if _, err := p.Bind(table(t, head).Schema); !messages.Has(err, messages.NoCounts) {
			t.Errorf("%s: %v", head, err)
		}
	}
	for _, wrong := range []string{
		"clear \"a\" { subject = \"b\" }",
		"clear \"a\" {\nsubject = \"b\"\nmin_subjects = 1\n}",
		"clear \"a\" {\nsubject = \"b\"\nmin_subjects = 3\nmax_share = 1.5\n}",
		"clear \"a\" {\nsubject = \"b\"\npreset = \"dgfip_persons\"\nmin_subjects = 10\n}",
		"clear \"a\" {\nsubject = \"b\"\npreset = \"insee_business\"\nmax_share = 0.9\n}",
	} {
		if _, err := policy(t, env, wrong); !messages.Has(err, messages.WrongClear) {
			t.Errorf("%s: %v", wrong, err)
		}
	}
	if _, err := policy(t, env, cleared+"\nquasi \"q\" {}\nmodel {\nk = 2\n}"); !messages.Has(err, messages.WrongModel) {
		t.Errorf("beside a model: %v", err)
	}
}
