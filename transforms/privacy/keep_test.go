package privacy_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/internal/draws"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
)

// keep has so many workers look at batches and keep what they need of them; once says that
// the rows are not had again.
func keep(p pipelines.Privacy, schema *arrow.Schema, batches []pipelines.Batch, workers int, once bool) (pipelines.Decision, error) {
	w, err := p.(pipelines.Keeper).WatchKeeping(schema, workers, once)
	if err != nil {
		return nil, err
	}
	if w == nil {
		return nil, errKeepsNone
	}
	d, err := watchBy(w, batches, workers)
	if err != nil {
		return nil, err
	}
	return p.(pipelines.Drawer).Draw(context.Background(), d, []byte("x"))
}

var errKeepsNone = errors.New("the policy keeps no rows")

// keptBodies are policies over motley of all kinds that keep rows, and those that do where
// these are not had again.
func keptBodies() (bodies map[string]string, once []string) {
	dropped := strings.Replace(motleyPolicy, "clear_when = row.oui\n\t\totherwise  = \"autre\"", `action = "drop"`, 1)
	bodies = map[string]string{
		"conditions": motleyPolicy,
		"pseudonyms": dropped,
		"surrogates": strings.Replace(dropped, `action = "pseudonym"`, `action = "surrogate"`, 1),
		"nobody":     strings.Replace(strings.Replace(dropped, "\tsubject = \"nom\"\n", "", 1), "action = \"pseudonym\"\n\t\tkey    = secret.cle\n\t\trotate = \"per_release\"", `action = "drop"`, 1),
	}
	libre := func(how string) string {
		return strings.Replace(bodies["nobody"], "identifier \"libre\" {\n\t\taction = \"drop\"", how, 1)
	}
	bodies["redacted"] = libre("identifier \"libre\" {\n\t\taction = \"redact\"")
	bodies["redacted sometimes"] = libre("identifier \"libre\" {\n\t\taction = \"redact\"\nclear_when = row.oui")
	bodies["null"] = libre("identifier \"libre\" {\n\t\taction = \"null\"\nclear_when = row.oui == false")
	bodies["constant"] = libre("identifier \"libre\" {\n\t\taction = \"constant\"\notherwise = \"x\"")
	bodies["shown"] = strings.Replace(strings.Replace(bodies["nobody"], "public  = [", "subject = \"nom\"\npublic  = [\"nom\", ", 1), "identifier \"nom\" {\n\t\taction = \"drop\"\n\t}", "", 1)
	bodies["opposed"] = bodies["redacted sometimes"] + "\nopposition {\nsource = \"liste.lst\"\nkey = \"nom\"\nsecret = secret.cle\nmax_age = \"30d\"\n}"
	bodies["texts"] = libre("text \"libre\" {\n\t\taction = \"redact\"\nreview = \"human\"")
	return bodies, []string{"texts"}
}

// oppose has some of those object who have a row.
func oppose(t *testing.T, r *rapid.T, env *pipelines.Env, body string, rows []pipelines.Batch) {
	var err error
	if env.Root, err = os.MkdirTemp(t.TempDir(), ""); err != nil {
		r.Fatal(err)
	}
	p, err := policy(t, *env, body)
	if err != nil {
		r.Fatal(err)
	}
	var who []string
	for _, b := range rows {
		for i := 0; i < int(b.NumRows()); i += 3 {
			if a := b.Column(0).(*array.String); a.IsValid(i) {
				who = append(who, a.Value(i))
			}
		}
		b.Release()
	}
	if _, _, err := p.(pipelines.Opposer).Oppose(context.Background(), who, false); err != nil {
		r.Fatal(err)
	}
}

// Rows that the first pass kept leave as those do that are read again, byte for byte, whatever
// the order of the rows, the cut and the workers (invariant 2), and no file stays.
func TestKeptRowsLeaveAsThoseReadAgain(t *testing.T) {
	env := pipelinetest.Env(t)
	env.Secrets, env.Now = secret(strings.Repeat("k", 32)), time.Now
	env.Memory = 1 << 30
	bodies, needed := keptBodies()
	published := draws.Of(slices.Collect(maps.Keys(bodies))...)
	property := func(r *rapid.T) {
		name := rapid.SampledFrom(slices.Sorted(maps.Keys(bodies))).Draw(r, "policy")
		once := slices.Contains(needed, name) || rapid.Bool().Draw(r, "once")
		seed := rapid.Uint64().Draw(r, "seed")
		rows := rapid.SampledFrom([]int{40, 300, 1000}).Draw(r, "rows")
		env := env
		env.Workers = rapid.SampledFrom([]int{1, 2, 8}).Draw(r, "workers")
		dir, err := os.MkdirTemp(t.TempDir(), "")
		if err != nil {
			r.Fatal(err)
		}
		env.Spool = pipelines.NewSpool(dir, env.Allocator, 0)
		var order []int
		for i := range rows {
			order = append(order, i)
		}
		if name == "opposed" {
			oppose(t, r, &env, bodies[name], motleyRows(seed, order, rows))
		}
		p, err := policy(t, env, bodies[name])
		if err != nil {
			r.Fatal(err)
		}
		d, err := watch(p, motley, motleyRows(seed, order, rows), 2)
		if messages.Find(err) != nil {
			return // nothing may leave
		}
		if err == nil {
			d, err = p.(pipelines.Drawer).Draw(context.Background(), d, []byte("x"))
		}
		if err != nil {
			r.Fatal(err)
		}
		want := publishedBytes(r, env, p, d, motleyRows(seed, order, rows), 1)
		published.Meet(name)
		size := rapid.IntRange(1, rows).Draw(r, "batch")
		d, err = keep(p, motley, motleyRows(seed, rapid.Permutation(order).Draw(r, "order"), size), env.Workers, once)
		if err != nil {
			r.Fatal(err)
		}
		if rapid.Bool().Draw(r, "given up") {
			if err := d.(io.Closer).Close(); err != nil {
				r.Fatal(err)
			}
		} else {
			out, err := p.(pipelines.Keeper).EmitKept(context.Background(), d, motley)
			if err != nil || out == nil {
				r.Fatalf("%v: the rows were not kept", err)
			}
			if got := bytesOf(r, env, out); !bytes.Equal(got, want) {
				r.Fatalf("%s: other bytes of kept rows, in batches of %d", name, size)
			}
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			r.Fatalf("%v: %d files stay", err, len(left))
		}
	}
	draws.Check(t, published, property)
}

// What cannot be kept is read again, and leaves no files: rows that there is no disk for,
// or with more values than are told apart, and policies that look at more of a row.
func TestWhatIsNotKept(t *testing.T) {
	const body = "public = [\"n\"]\nquasi \"q\" {}\nmodel {\nk = 2\nsuppression_limit = 1\n}"
	many := func(values int) string {
		var csv strings.Builder
		csv.WriteString("q:int64,n:int64\n")
		for i := range 2 * values {
			fmt.Fprintf(&csv, "%d,%d\n", i%values, i)
		}
		return csv.String()
	}
	for name, c := range map[string]struct {
		body, csv string
		disk      pipelines.Size
		kept      bool
	}{
		"few values":     {body, many(3), 0, true},
		"65,535 values":  {body, many(65_535), 0, true},
		"65,536 values":  {body, many(65_536), 0, true},
		"no disk":        {body, many(3000), 1000, false},
		"nothing leaves": {body, "q:int64,n:int64\n", 0, true},
		"a condition": {body + "\nidentifier \"nom\" {\nclear_when = row.n > 1\n}",
			"q:int64,n:int64,nom:text\n1,1,A\n1,2,B\n", 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			env := pipelinetest.Env(t)
			dir := t.TempDir()
			env.Memory, env.Spool = 1<<30, pipelines.NewSpool(dir, env.Allocator, c.disk)
			p, err := policy(t, env, c.body)
			if err != nil {
				t.Fatal(err)
			}
			in := table(t, c.csv)
			d, err := keep(p, in.Schema, pipelinetest.Cuts()[0].Batches(env.Allocator, in), 2, false)
			if err != nil {
				t.Fatal(err)
			}
			out, err := p.(pipelines.Keeper).EmitKept(context.Background(), d, in.Schema)
			if err != nil || (out != nil) != c.kept {
				t.Fatalf("%v: rows were kept: %v, wanted %v", err, out != nil, c.kept)
			}
			if out != nil {
				if got := strings.Count(collect(t, out), "\n"); got != strings.Count(c.csv, "\n") {
					t.Errorf("%d lines of %d leave", got, strings.Count(c.csv, "\n"))
				}
			}
			if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
				t.Errorf("%v: %d files stay", err, len(left))
			}
		})
	}
}
