package privacy_test

import (
	"context"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/internal/draws"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
)

// Whatever the policy and the rows, an exploration ends as the run would, but that of no
// rows there is nothing to tell: with the same refusal, else with as many rows suppressed
// as do not leave; the same in any order of the rows (invariant 2) and with little memory
// (invariant 9), where it may say that this does not do.
func TestExplorationOfAnyPolicy(t *testing.T) {
	env := pipelinetest.Env(t)
	env.Secrets = secret(strings.Repeat("k", 32))
	projectFile(t, &env, "services.csv", services)
	projectFile(t, &env, "illness.csv", "1;légère;*\n2;légère;*\n10;grave;*\n")
	spool := pipelines.NewSpool(t.TempDir(), env.Allocator, 0)
	how := draws.Of("levels", "persons", "mondrian", "microaggregate", "with little memory")
	property := func(r *rapid.T) {
		drawn := drawPromise(r, &env, t)
		p, err := policy(t, env, drawn.body)
		if err != nil {
			r.Fatalf("%v\n%s", err, drawn.body)
		}
		explore := func(rows [][]string, cut pipelinetest.Cut) (*pipelines.Exploration, error) {
			in := table(t, drawn.csv(rows))
			return p.(pipelines.Explorer).Explore(context.Background(), pipelinetest.Batches(in.Schema, cut.Batches(env.Allocator, in)...))
		}
		x, err := explore(drawn.rows, pipelinetest.Cuts()[0])
		again, other := explore(rapid.Permutation(drawn.rows).Draw(r, "order"), pipelinetest.Cuts()[1])
		if (err == nil) != (other == nil) || err == nil && !reflect.DeepEqual(x, again) {
			r.Fatalf("in another order %+v, %v, was %+v, %v\n%s", again, other, x, err, drawn.body)
		}
		if len(drawn.rows) == 0 && drawn.quasi != nil {
			if !messages.Has(err, messages.NothingToProtect) {
				r.Fatalf("of no rows %+v, %v", x, err)
			}
			return
		}
		little := env
		little.Memory, little.Spool = rapid.SampledFrom([]int64{1 << 14, 1 << 16}).Draw(r, "memory"), spool
		lean, other := explored(t, little, drawn.body, drawn.csv(drawn.rows), pipelinetest.Cuts()[2])
		if !short(other) && ((err == nil) != (other == nil) || err == nil && !reflect.DeepEqual(x, lean)) {
			r.Fatalf("with %d bytes %+v, %v, was %+v, %v\n%s", little.Memory, lean, other, x, err, drawn.body)
		}
		if other == nil {
			how.Meet("with little memory")
		}
		in := table(t, drawn.csv(drawn.rows))
		d, ran := watch(p, in.Schema, pipelinetest.Cuts()[0].Batches(env.Allocator, in), 1)
		if err = endOf(x, err); err != nil || ran != nil {
			a, b := messages.Find(err), messages.Find(ran)
			if a == nil || b == nil || a.Code != b.Code {
				r.Fatalf("explored: %v; run: %v\n%s\n%s", err, ran, drawn.body, drawn.csv(drawn.rows))
			}
			how.Meet("refused " + a.Code)
			return
		}
		how.Meet(x.Search)
		if x.Rows != int64(len(drawn.rows)) || x.Search == "microaggregate" {
			return
		}
		if d, err = p.(pipelines.Drawer).Draw(context.Background(), d, []byte("empreinte")); err != nil {
			r.Fatal(err)
		}
		out, err := p.Emit(context.Background(), d, pipelinetest.Batches(in.Schema, pipelinetest.Cuts()[0].Batches(env.Allocator, in)...))
		if err != nil {
			r.Fatal(err)
		}
		left := lines(collect(t, out))
		if gone := len(drawn.rows) - len(left); x.Optimum.Suppressed != int64(gone) || x.After.Rows != int64(len(left)) {
			r.Fatalf("explored %+v, but %d of %d rows are gone\n%s", x, gone, len(drawn.rows), drawn.body)
		}
		for _, level := range append(x.Alternatives, *x.Optimum) {
			for j, l := range level.Levels {
				if l < 0 || l > x.Heights[j] || len(x.LevelNames[j]) != x.Heights[j]+1 {
					r.Fatalf("level %d of %s, which has %d: %v", l, x.Columns[j], x.Heights[j], x.LevelNames[j])
				}
			}
		}
	}
	draws.Check(t, how, property)
}

// endOf is what a run would end with of what was explored.
func endOf(x *pipelines.Exploration, err error) error {
	if err == nil && x.Refused != nil {
		return x.Refused.Err
	}
	return err
}
