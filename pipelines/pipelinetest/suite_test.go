package pipelinetest

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/pipelines"
)

type doublerConfig struct {
	Note string `hcl:"note,optional" doc:"A note that changes nothing."`
}

func newDoubler(env pipelines.Env, _ doublerConfig) (pipelines.Transform, error) {
	return told{&doubler{env: env}}, nil
}

const goodExample = `Double a number.

-- pipeline.hcl --
transform "double" "n" {
  note = "twice"
}
-- in.csv --
n:int64,nom:text
1,Zoé
\N,Œuvre
-- want.csv --
n:int64,nom:text,twice:int64
1,Zoé,2
\N,Œuvre,\N
`

const refusedExample = `A text cannot be doubled.

-- pipeline.hcl --
transform "double" "n" {}
-- in.csv --
n:text
un
-- want.err --
LAV-2003
`

func archive(texts ...string) fstest.MapFS {
	fs := fstest.MapFS{}
	for i := 0; i < len(texts); i += 2 {
		fs[texts[i]] = &fstest.MapFile{Data: []byte(texts[i+1])}
	}
	return fs
}

func registry(t testing.TB, cs ...pipelines.Component) *pipelines.Registry {
	reg, err := pipelines.NewRegistry(cs)
	if err != nil {
		t.Fatal(err)
	}
	return reg
}

func TestCatalogue(t *testing.T) {
	double := pipelines.DefineTransform("double", "Double a number.", doublerConfig{}, newDoubler)
	Catalogue(t, registry(t, double), archive("double.txtar", goodExample, "double_refused.txtar", refusedExample), archive())
}

func TestExamplesOfLongerNamesAreNotMine(t *testing.T) {
	a := pipelines.DefineTransform("double", "Double.", doublerConfig{}, newDoubler)
	b := pipelines.DefineTransform("double_up", "Double.", doublerConfig{}, newDoubler)
	found, err := Examples(registry(t, a, b), a, archive("double.txtar", "", "double_up.txtar", "", "double_up_x.txtar", "", "double_x.txtar", ""))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range found {
		names = append(names, e.Name)
	}
	if got := strings.Join(names, " "); got != "double double_x" {
		t.Errorf("the examples of double are %s", got)
	}
}

func TestWrongExamplesAreCaught(t *testing.T) {
	reg := registry(t, pipelines.DefineTransform("double", "Double a number.", doublerConfig{}, newDoubler))
	for name, e := range map[string]struct{ old, new string }{
		"another value":    {"Zoé,2", "Zoé,3"},
		"another type":     {"twice:int64", "twice:text"},
		"a missing row":    {"\\N,Œuvre,\\N\n", ""},
		"a wanted error":   {"-- want.csv --", "-- want.err --\nLAV-2001\n-- want.csv --"},
		"no want at all":   {"-- want.csv --", "-- nothing.txt --"},
		"a wrong argument": {"note", "nota"},
	} {
		t.Run(name, func(t *testing.T) {
			c, _ := reg.Find(pipelines.KindTransform, "double")
			if !strings.Contains(goodExample, e.old) {
				t.Fatalf("the example has no %q", e.old)
			}
			examples, err := Examples(reg, c, archive("double.txtar", strings.Replace(goodExample, e.old, e.new, 1)))
			if err != nil {
				t.Fatal(err)
			}
			if err := examples[0].transforms(reg); err == nil {
				t.Error("it was not noticed")
			}
		})
	}
}

func TestConfigChecks(t *testing.T) {
	type nested struct {
		Inner string `hcl:"inner,optional" doc:"no full stop"`
	}
	type bare struct {
		Note  string  `hcl:"note,optional"`
		Block *nested `hcl:"block,block" doc:"A block."`
	}
	c := pipelines.DefineTransform("double", "Double a number.", bare{}, func(env pipelines.Env, _ bare) (pipelines.Transform, error) {
		return told{&doubler{env: env}}, nil
	})
	reg := registry(t, c)
	err := checkDocumented(c)
	for _, want := range []string{"note", "block.inner"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s lacks its doc and nobody noticed: %v", want, err)
		}
	}
	examples, _ := Examples(reg, c, archive("double.txtar", goodExample))
	if err := checkUsed(c, examples); err == nil || !strings.Contains(err.Error(), "no example uses block") || strings.Contains(err.Error(), "note") {
		t.Errorf("what is used and what is not: %v", err)
	}
	if err := checkUnknown(reg, c, examples); err != nil {
		t.Error(err)
	}
	if err := checkUsed(c, nil); err == nil {
		t.Error("a component without examples was not noticed")
	}
}

func TestTableText(t *testing.T) {
	all := AllTypes()
	back, err := ParseTable(all.CSV())
	if err != nil {
		t.Fatal(err)
	}
	// Comma-separated text has no way to tell the text \N from null, and its
	// reader makes one line end of two; nothing else is lost.
	for i, row := range all.Rows {
		for c, v := range row {
			if s, ok := v.(string); ok && (s == null || strings.Contains(s, "\r\n")) {
				all.Rows[i][c] = back.Rows[i][c]
			}
		}
	}
	if d := Diff(all, back); d != "" {
		t.Error(d)
	}
	for _, bad := range []string{"", "n", "n:number\n1\n", "n:int64\nx\n", "n:int64\n\n1,2\n", "n:int32\n2147483648\n", "d:decimal(3, 1)\n1.25\n", "d:decimal(3, 1)\n100.0\n", "d:date\n2023-02-29\n", "b:bool\noui\n"} {
		if _, err := ParseTable(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

// TestCutsAreTheTable cuts tables of any size in every way and puts them together again.
func TestCutsAreTheTable(t *testing.T) {
	all := AllTypes()
	all.Rows = all.Rows[:len(all.Rows)-1]
	rapid.Check(t, func(rt *rapid.T) {
		mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
		rows := rapid.SliceOfN(rapid.IntRange(0, len(all.Rows)-1), 0, 40).Draw(rt, "rows")
		table := Table{Schema: all.Schema}
		for _, r := range rows {
			table.Rows = append(table.Rows, all.Rows[r])
		}
		for _, cut := range Cuts() {
			got := Table{Schema: all.Schema}
			line := int64(2)
			for _, b := range cut.Batches(mem, table) {
				got.Append(b.Record)
				for i := range int(b.NumRows()) {
					if b.Places.At(i).Line != line {
						rt.Fatalf("%s: line %d where %d should be", cut.Name, b.Places.At(i).Line, line)
					}
					line++
				}
				b.Release()
			}
			if d := Diff(table, got); d != "" {
				rt.Fatalf("%s: %s", cut.Name, d)
			}
		}
		if n := mem.CurrentAlloc(); n != 0 {
			rt.Fatalf("%d bytes are left", n)
		}
	})
}

func TestDiff(t *testing.T) {
	parse := func(s string) Table {
		table, err := ParseTable(s)
		if err != nil {
			t.Fatal(err)
		}
		return table
	}
	a := parse("f:float64,s:text\nNaN,a\n1,\\N\n")
	if d := Diff(a, parse("f:float64,s:text\nNaN,a\n1,\\N\n")); d != "" {
		t.Errorf("equal tables differ: %s", d)
	}
	strict := parse("f:float64,s:text\nNaN,a\n1,\\N\n")
	strict.Schema = arrow.NewSchema([]arrow.Field{{Name: "f", Type: arrow.PrimitiveTypes.Float64}, strict.Schema.Field(1)}, nil)
	text := parse("f:float64,s:text\nNaN,a\n1,x\n")
	text.Rows[1][1] = null // the text, not the null
	for _, b := range []Table{strict, text, parse("f:float64,s:text\nNaN,a\n"), parse("f:float64,s:text\n1,\\N\nNaN,a\n"), parse("f:float64,s:text\n-0,a\n1,\\N\n")} {
		if Diff(a, b) == "" {
			t.Errorf("these are not equal:\n%s%s", a.CSV(), b.CSV())
		}
	}
}
