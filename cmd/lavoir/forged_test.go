package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
	"github.com/lavoir-data/lavoir/transforms"
)

// forging is a policy of which the rows are changed after its verdict, before they are
// sealed. It has no other ability, so that rows leave one batch after the other.
type forging struct {
	pipelines.Privacy
	pipelines.Drawer
	forge func(rows [][]string) [][]string
}

func (f forging) Emit(ctx context.Context, d pipelines.Decision, in pipelines.Stream) (pipelines.Stream, error) {
	out, err := f.Privacy.Emit(ctx, d, in)
	if err != nil {
		return nil, err
	}
	var rows [][]string
	err = pipelines.Each(ctx, out, func(b pipelines.Batch) error {
		defer b.Release()
		for i := range int(b.NumRows()) {
			row := make([]string, b.NumCols())
			for j := range row {
				row[j] = strings.Clone(b.Column(j).(*array.String).Value(i))
			}
			rows = append(rows, row)
		}
		return nil
	})
	if e := out.Close(); err == nil {
		err = e
	}
	if err != nil {
		return nil, err
	}
	rows = f.forge(rows)
	return pipelines.NewStream(out.Schema(), func(context.Context) (pipelines.Batch, error) {
		if len(rows) == 0 {
			return pipelines.Batch{}, io.EOF
		}
		b := array.NewRecordBuilder(memory.DefaultAllocator, out.Schema())
		defer b.Release()
		n := min(len(rows), pipelines.RowGroup)
		for _, row := range rows[:n] {
			for j, cell := range row {
				if text := b.Field(j).(*array.StringBuilder); cell == `\N` {
					text.AppendNull()
				} else {
					text.Append(cell)
				}
			}
		}
		rows = rows[n:]
		return pipelines.Batch{Record: b.NewRecord()}, nil
	}, nil), nil
}

const forgedProject = `
project {
  fingerprint_key = secret.cle
  memory          = %q
  workers         = %d
  disk            = %q
}
secret "cle" {
  env = "LAVOIR_TEST_ROOT"
}
connection "local" "portail" {
  path = "public"
}
pipeline "agents" {
  authorization {
    allowed   = true
    reference = "test"
  }
  source "dealt" "export" {}
  privacy {
    subject = "nom"
    identifier "nom" {
      action = "pseudonym"
      key    = secret.cle
      rotate = "per_release"
    }
    quasi "age" {}
    quasi "service" {}
    sensitive "absence" {
      diversity { l = 2 }
    }
    public = ["lieu"]
    model {
      k = 5
    }
  }
  load "local" "portail" {
    connection = connection.local.portail
    file %q {}
  }
}
`

// crowd is rows of groups of five persons: each class has five rows, of whom one was ill.
// Where several, the persons of the first half have rows in six classes, so that a file
// numbers their pseudonyms in some row groups and not in others.
func crowd(groups int, several bool) pipelinetest.Table {
	tb := pipelinetest.Table{Schema: arrow.NewSchema(func() (fields []arrow.Field) {
		for _, name := range []string{"nom", "age", "service", "absence", "lieu"} {
			fields = append(fields, arrow.Field{Name: name, Type: arrow.BinaryTypes.String, Nullable: true})
		}
		return fields
	}(), nil)}
	for g := range groups {
		who := g
		if several && g < groups/2 {
			who = g / 6 * 6
		}
		for n := range 5 {
			absence, place := "aucune", fmt.Sprintf("salle %d", g%7)
			if n == 0 {
				absence = "maladie"
			}
			if g > groups/3 {
				place = fmt.Sprintf("salle %d", 5*g+n)
			}
			tb.Rows = append(tb.Rows, []any{fmt.Sprintf("Agent %d-%d", who, n), fmt.Sprintf("age %03d", g/200), fmt.Sprintf("service %03d", g%200), absence, place})
		}
	}
	return tb
}

// The columns of what leaves of a crowd.
const (
	forgedName = iota
	forgedAge
	forgedService
	forgedAbsence
	forgedPlace
)

// forgeries are what is wrong with one row of a file, and what the gate says of it.
var forgeries = map[string]struct {
	forge func(r *mathrand.Rand, rows [][]string, at int) [][]string
	says  []*messages.Message
}{
	"a class too small": {func(r *mathrand.Rand, rows [][]string, at int) [][]string {
		other := at
		for rows[other][forgedAge] == rows[at][forgedAge] && rows[other][forgedService] == rows[at][forgedService] {
			other = r.IntN(len(rows))
		}
		rows[at][forgedAge], rows[at][forgedService] = rows[other][forgedAge], rows[other][forgedService]
		return rows
	}, []*messages.Message{messages.GateModel, messages.GatePersons}},
	"no value": {func(r *mathrand.Rand, rows [][]string, at int) [][]string {
		rows[at][forgedAge+r.IntN(2)] = `\N`
		return rows
	}, []*messages.Message{messages.GateModel, messages.GatePersons}},
	"a value that was not decided": {func(r *mathrand.Rand, rows [][]string, at int) [][]string {
		rows[at][forgedAge+r.IntN(2)] += "0"
		return rows
	}, []*messages.Message{messages.GateLevel}},
	"a row of another person": {func(r *mathrand.Rand, rows [][]string, at int) [][]string {
		other := at
		for rows[other][forgedName] == rows[at][forgedName] || rows[other][forgedAge] == rows[at][forgedAge] {
			other = r.IntN(len(rows))
		}
		rows[at][forgedName] = rows[other][forgedName]
		return rows
	}, []*messages.Message{messages.GatePersons}},
	"no pseudonym": {func(r *mathrand.Rand, rows [][]string, at int) [][]string {
		name := []byte(rows[at][forgedName])
		switch r.IntN(4) {
		case 0:
			name = name[1:]
		case 1:
			name = append(name, 'A')
		default:
			name[r.IntN(len(name))] = "a1089-{@[\x00\x7f"[r.IntN(11)]
		}
		rows[at][forgedName] = string(name)
		return rows
	}, []*messages.Message{messages.GateValue, messages.CSVCannotHold}}, // NUL is in no CSV file
	"all were ill alike": {func(_ *mathrand.Rand, rows [][]string, at int) [][]string {
		for rows[at][forgedAbsence] != "maladie" {
			at = (at + 1) % len(rows)
		}
		rows[at][forgedAbsence] = "aucune"
		return rows
	}, []*messages.Message{messages.GateModel}},
	"an address in a text": {func(_ *mathrand.Rand, rows [][]string, at int) [][]string {
		rows[at][forgedPlace] = "chez camille.exemple@ville.example"
		return rows
	}, []*messages.Message{messages.GateTexts}},
	"a row less": {func(_ *mathrand.Rand, rows [][]string, at int) [][]string {
		return append(rows[:at:at], rows[at+1:]...)
	}, []*messages.Message{messages.GateRows}},
	"a row more": {func(_ *mathrand.Rand, rows [][]string, at int) [][]string {
		return append(rows, rows[at])
	}, []*messages.Message{messages.GateRows}},
}

// A file of several row groups with one wrong row anywhere is refused, whatever the format,
// the workers and the memory, and the same file without it is published (invariant 5).
func TestOneForgedRowIsRefused(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := mathrand.New(mathrand.NewPCG(seed, 1))
	for _, several := range []bool{false, true} {
		tb := crowd(14_000, several) // 70,000 rows: more than a row group
		for _, format := range []string{"csv", "parquet"} {
			run := func(name string, forge func(rows [][]string) [][]string) error {
				d := deal{batch: 1 << 16, workers: 1 + r.IntN(4), memory: []string{"128MiB", "1GiB"}[r.IntN(2)]}
				task := d.forged(t, tb, format, forge)
				if name == "" && task.Outcome != pipelines.Published {
					t.Fatalf("%s, several %v: %v: %v", format, several, task.Outcome, task.Err)
				}
				return task.Err
			}
			run("", func(rows [][]string) [][]string {
				if len(rows) != len(tb.Rows) {
					t.Fatalf("%d rows of %d leave: the test tests nothing", len(rows), len(tb.Rows))
				}
				return rows
			})
			for _, name := range slices.Sorted(maps.Keys(forgeries)) {
				if testing.Short() && r.IntN(3) > 0 {
					continue
				}
				f, at := forgeries[name], r.IntN(len(tb.Rows))
				err := run(name, func(rows [][]string) [][]string { return f.forge(r, rows, at) })
				said := false
				for _, m := range f.says {
					said = said || messages.Has(err, m)
				}
				if !said {
					t.Errorf("%s, several %v, row %d: %s: the gate says %v", format, several, at, name, err)
				}
			}
		}
	}
}

// forged runs a project whose rows are forged before they are sealed; nil: they are not.
func (d deal) forged(t *testing.T, tb pipelinetest.Table, format string, forge func(rows [][]string) [][]string) pipelines.TaskResult {
	t.Helper()
	dir := t.TempDir()
	source := pipelines.DefineSource("dealt", "A table.", struct{}{}, func(env pipelines.Env, _ struct{}) (pipelines.Source, error) {
		return dealt{env, tb, d.batch, d.again}, nil
	})
	if err := os.WriteFile(filepath.Join(dir, "lavoir.hcl"), fmt.Appendf(nil, forgedProject, d.memory, d.workers, cmp.Or(d.disk, 1<<30), format), 0o600); err != nil {
		t.Fatal(err)
	}
	var all []pipelines.Component
	for _, c := range d.aside.in(transforms.All) {
		if c.Kind == pipelines.KindPrivacy && forge != nil {
			real := c
			c = pipelines.Define(c.Kind, c.Name, c.Doc, c.New(), func(env pipelines.Env, config any) (pipelines.Privacy, error) {
				p, err := real.Build(env, config)
				if err != nil {
					return nil, err
				}
				return forging{p.(pipelines.Privacy), p.(pipelines.Drawer), forge}, nil
			})
		}
		all = append(all, c)
	}
	report := runDealt(t, dealtProject(t, dir, all, source))
	if published := tree(t, filepath.Join(dir, "public")); report.Tasks[0].Outcome != pipelines.Published && len(published) > 0 && strings.Contains(fmt.Sprint(published), "service") {
		t.Fatal("a file that was refused is public")
	}
	return report.Tasks[0]
}
