package privacy_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
)

// A population of which memory does not hold the file, nor its classes, is counted as in
// memory: by the decision, by the gate and in a file alone (invariants 2 and 9).
func TestPopulationsLargerThanMemory(t *testing.T) {
	env := pipelinetest.Env(t)
	r := rand.New(rand.NewPCG(1, 2))
	var gens strings.Builder
	gens.WriteString("age;commune;poids;metier\n")
	for range 60_000 {
		fmt.Fprintf(&gens, "%d;%05d;%d;%d\n", r.IntN(90), 35000+r.IntN(60), r.IntN(3), r.IntN(40))
	}
	projectFile(t, &env, "gens.csv", gens.String())
	in := "age:int64,commune:text,metier:int64\n"
	for range 2000 {
		in += fmt.Sprintf("%d,%05d,%d\n", r.IntN(90), 35000+r.IntN(60), r.IntN(40))
	}
	const body = "quasi \"age\" {\nsteps = [10, 30]\n}\nquasi \"commune\" {}\nquasi \"metier\" {}\nmodel {\nk_map = %d\nsuppression_limit = 0.9\npopulation {\nfile = \"gens.csv\"\nweight = \"poids\"\n}\n}"
	for _, k := range []int{3, 8} {
		var outs, alone []string
		var refused []error
		for _, bytes := range []int64{0, 1 << 19} {
			e, spool := bounded(t, env, bytes)
			p, err := policy(t, e, fmt.Sprintf(body, k))
			if err != nil {
				t.Fatal(err)
			}
			d, out := twoPasses(t, e, p, table(t, in), pipelinetest.Cuts()[3])
			if bytes > 0 && (spool.made.Load() < 33 || int64(gens.Len()) < bytes) { // those of one worker, and of the classes
				t.Errorf("%d files were put aside, the population has %d bytes", spool.made.Load(), gens.Len())
			}
			gate := p.(pipelines.Gate)
			if err := gate.Judge(context.Background(), d, sealed{e, table(t, out)}); err != nil {
				t.Errorf("in %d bytes the gate says: %v", bytes, err)
			}
			x, found := audited(t, e, p, out)
			outs, alone = append(outs, out), append(alone, fmt.Sprint(x.Classes, found))
			rows := lines(out)
			other := strings.Replace(out, "\n"+strings.Join(rows[0], ",")+"\n", "\n"+rows[0][0]+","+rows[1][1]+","+rows[len(rows)-1][2]+"\n", 1)
			tiny, _ := bounded(t, env, 1<<16) // in which the file is read again for each part of its classes
			again, err := policy(t, tiny, fmt.Sprintf(body, k))
			if err != nil {
				t.Fatal(err)
			}
			for file, want := range map[string]error{out: nil, other: gate.Judge(context.Background(), d, sealed{e, table(t, other)})} {
				if err := again.(pipelines.Gate).Judge(context.Background(), d, sealed{tiny, table(t, file)}); fmt.Sprint(err) != fmt.Sprint(want) {
					t.Errorf("the gate says %v, in parts %v", want, err)
				}
				_, want := audited(t, e, p, file)
				if _, found := audited(t, tiny, again, file); found[fmt.Sprint("k_map = ", k)] != want[fmt.Sprint("k_map = ", k)] {
					t.Errorf("alone %v, in parts %v", want, found)
				}
			}
			refused = append(refused, gate.Judge(context.Background(), d, sealed{e, table(t, other)}))
			_, found = audited(t, e, p, other)
			alone[len(alone)-1] += fmt.Sprint(found)
		}
		if outs[0] != outs[1] {
			t.Errorf("k_map = %d: other bytes in little memory", k)
		}
		if alone[0] != alone[1] {
			t.Errorf("k_map = %d: a file alone is judged otherwise: %s", k, cmp.Diff(alone[0], alone[1]))
		}
		if fmt.Sprint(refused[0]) != fmt.Sprint(refused[1]) {
			t.Errorf("k_map = %d: the gate says %v, in little memory %v", k, refused[0], refused[1])
		}
	}
}

// The file of a population is read several times, and must be the same each time; of a
// line that has no end no more is read than a line may have.
func TestPopulationsAreReadAgain(t *testing.T) {
	env := pipelinetest.Env(t)
	const body = "quasi \"age\" { steps = [10] }\nmodel {\nk_map = 2\npopulation {\nfile = \"p.txt\"\n}\n}"
	projectFile(t, &env, "p.txt", "age\n31\n32\n")
	p, err := policy(t, env, body)
	if err != nil {
		t.Fatal(err)
	}
	in := table(t, "age:int64\n31\n32\n")
	d, out := twoPasses(t, env, p, in, pipelinetest.Cuts()[1])
	gate := p.(pipelines.Gate)
	if err := gate.Judge(context.Background(), d, sealed{env, table(t, out)}); err != nil {
		t.Fatal(err)
	}
	write := func(text string) {
		if err := os.WriteFile(filepath.Join(env.Root, "p.txt"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name, text string
		want       *messages.Message
	}{
		{"other persons", "age\n31\n32\n31\n", messages.PopulationChanged},
		{"no longer one column", "age;age\n31;32\n", messages.PopulationLine},
		{"a line without an end", "age\n\"" + strings.Repeat("1\n", 2<<20), messages.PopulationLine},
		{"a long line", "age\n" + strings.Repeat("1", 2<<20) + "\n", messages.PopulationLine},
	} {
		write(c.text)
		if err := gate.Judge(context.Background(), d, sealed{env, table(t, out)}); !messages.Has(err, c.want) {
			t.Errorf("%s: the gate says %v, want %s", c.name, err, c.want.Code)
		}
		if _, err := p.(pipelines.Auditor).AuditFile(context.Background(), sealed{env, table(t, out)}); !messages.Has(err, c.want) {
			t.Errorf("%s: alone: %v, want %s", c.name, err, c.want.Code)
		}
	}
	if err := os.Remove(filepath.Join(env.Root, "p.txt")); err != nil {
		t.Fatal(err)
	}
	err = gate.Judge(context.Background(), d, sealed{env, table(t, out)})
	if !messages.Has(err, messages.PopulationUnreadable) || errors.Is(err, os.ErrNotExist) {
		t.Errorf("gone: %v", err)
	}
	if err := os.Mkdir(filepath.Join(env.Root, "p.txt"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := policy(t, env, body); !messages.Has(err, messages.PopulationUnreadable) {
		t.Errorf("a folder: %v", err)
	}
}

// Persons with more rows than memory holds leave as they would in any memory, and the gate
// takes what leaves (invariants 2 and 9).
func TestPersonsOfManyRows(t *testing.T) {
	env := pipelinetest.Env(t)
	env.Secrets = secret(strings.Repeat("k", 32))
	const body = "subject = \"nom\"\nidentifier \"nom\" {\naction = \"pseudonym\"\nkey = secret.cle\nrotate = \"per_release\"\n}\nquasi \"a\" {}\nquasi \"b\" {}\nmodel {\nk = 2\nsuppression_limit = 0.5\n}"
	var in strings.Builder
	in.WriteString("a:int64,b:text,nom:text\n")
	for i := range 5000 {
		for _, who := range []string{"un", "deux"} { // each of them as often in each class
			fmt.Fprintf(&in, "%d,%c,%s\n", i%23, 'A'+i%7, who)
		}
		fmt.Fprintf(&in, "%d,%c,P%d\n", i/2%40, 'A'+i/2%9, i)
	}
	tb := table(t, in.String())
	var want string
	for _, bytes := range []int64{0, 400_000} {
		e, spool := bounded(t, env, bytes)
		p, err := policy(t, e, body)
		if err != nil {
			t.Fatal(err)
		}
		d, got, err := released(t, e, p, tb, pipelinetest.Cuts()[3])
		if err != nil {
			t.Fatal(err)
		}
		if bytes == 0 {
			if want = got; strings.Count(got, "\n") != 15_001 {
				t.Errorf("%d rows leave", strings.Count(got, "\n")-1)
			}
		}
		if got != want || bytes > 0 && spool.made.Load() == 0 {
			t.Errorf("in %d bytes, %d files: other rows", bytes, spool.made.Load())
		}
		if err := p.(pipelines.Gate).Judge(context.Background(), d, sealed{e, table(t, got)}); err != nil {
			t.Errorf("in %d bytes the gate says: %v", bytes, err)
		}
	}
}
