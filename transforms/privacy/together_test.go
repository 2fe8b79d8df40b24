package privacy_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/internal/draws"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
)

// A file whose sensitive columns are judged together is judged alone as simple code judges
// it, however often it must be read because its classes do not fit in memory (invariant 9).
func TestAFileIsJudgedAloneTogether(t *testing.T) {
	env, small := pipelinetest.Env(t), pipelinetest.Env(t)
	small.Memory = 14000
	said := draws.Of("ok", messages.AuditModel.Code, "in parts")
	draws.Check(t, said, func(r *rapid.T) {
		columns := rapid.IntRange(2, 3).Draw(r, "columns")
		var promises []sensitivePromise
		var body strings.Builder
		body.WriteString("quasi \"q\" {}\n")
		for i := range columns {
			s := sensitivePromise{column: fmt.Sprintf("s%d", i)}
			fmt.Fprintf(&body, "sensitive %q {\n", s.column)
			if rapid.Bool().Draw(r, "diverse") {
				s.kind = rapid.SampledFrom([]string{"distinct", "entropy", "recursive"}).Draw(r, "kind")
				s.l, s.nulls = 2, rapid.Bool().Draw(r, "nulls")
				c := ""
				if s.kind == "recursive" {
					s.c = 2.5
					c = "c = 2.5\n"
				}
				fmt.Fprintf(&body, "diversity {\nkind = %q\nl = 2\n%ssa_null = %q\n}\n", s.kind, c, map[bool]string{true: "value", false: "ignored"}[s.nulls])
			}
			if s.kind == "" || rapid.Bool().Draw(r, "close") {
				s.t, s.distance = 0.6, rapid.SampledFrom([]string{"equal", "ordered"}).Draw(r, "distance")
				fmt.Fprintf(&body, "closeness {\nt = 0.6\ndistance = %q\n}\n", s.distance)
			}
			body.WriteString("}\n")
			promises = append(promises, s)
		}
		body.WriteString("model {\nk = 2\nsensitive_judged = \"together\"\n}\n")
		var rows [][]string
		for range rapid.IntRange(1, 12).Draw(r, "groups") {
			class := rapid.SampledFrom([]string{"", "a", "b", strings.Repeat("é", 20), `\N`}).Draw(r, "q")
			for n := range 1 << columns { // all combinations, but for some
				row := []string{class}
				for i := range columns {
					row = append(row, []string{"1", "2", "10", `\N`}[n>>i&1+rapid.SampledFrom([]int{0, 0, 0, 0, 0, 1, 2}).Draw(r, "other")])
				}
				if rapid.IntRange(0, 15).Draw(r, "lacks") > 0 {
					rows = append(rows, row)
				}
			}
		}
		csv := "q:text,s0:int64,s1:text,s2:int64\n"
		if columns == 2 {
			csv = "q:text,s0:int64,s1:text\n"
		}
		for _, row := range rows {
			csv += strings.Join(row, ",") + "\n"
		}
		p, err := policy(t, env, body.String())
		if err != nil {
			r.Fatal(err)
		}
		x, found := audited(t, env, p, csv)
		classes := map[string][][]string{}
		for _, row := range rows {
			classes[row[0]] = append(classes[row[0]], row)
		}
		for i, s := range promises {
			var all []string
			for _, row := range rows {
				all = append(all, row[1+i])
			}
			typ := []string{"int64", "text", "int64"}[i]
			uniform, far := 0, 0
			for _, class := range classes {
				parts := map[string][]string{}
				for _, row := range class {
					others := slices.Delete(slices.Clone(row), 1+i, 2+i)
					key := strings.Join(others, "\x00")
					parts[key] = append(parts[key], row[1+i])
				}
				diverse, close := s, s
				diverse.distance, close.kind = "", ""
				bad := func(s sensitivePromise) int {
					for _, part := range parts {
						if s.broken(part, all, typ) != "" {
							return 1
						}
					}
					return 0
				}
				uniform, far = uniform+bad(diverse), far+bad(close)
			}
			check := func(name string, n int) {
				want := "ok"
				if n > 0 {
					want = fmt.Sprintf("%s %d", messages.AuditModel.Code, n)
				}
				said.Meet(strings.Fields(want)[0])
				if got := found[name]; got != want {
					r.Fatalf("%s: %q, want %q in %v\n%s\n%s", name, got, want, found, body.String(), csv)
				}
			}
			if s.kind != "" {
				check(s.column+": diversity "+s.kind+" (the other sensitive columns known)", uniform)
			}
			if s.distance != "" {
				check(s.column+": closeness (the other sensitive columns known)", far)
			}
		}
		if p, err = policy(t, small, body.String()); err != nil {
			r.Fatal(err)
		}
		y, err := p.(pipelines.Auditor).AuditFile(context.Background(), sealed{small, table(t, csv)})
		switch {
		case messages.Has(err, messages.TooManyClasses):
		case err != nil:
			r.Fatal(err)
		default:
			said.Meet("in parts")
			if fmt.Sprint(y.Exposure, y.Findings) != fmt.Sprint(x.Exposure, x.Findings) {
				r.Fatalf("%+v, want %+v", y, x)
			}
		}
	})
}

// A column of a file that numbers its texts is judged as any other.
func TestNumberedTextsAreJudgedTogether(t *testing.T) {
	env := pipelinetest.Env(t)
	p, err := policy(t, env, "quasi \"q\" {}\nsensitive \"s\" {\ndiversity { l = 2 }\n}\nsensitive \"u\" {\ndiversity { l = 2 }\n}\nmodel {\nk = 2\nsensitive_judged = \"together\"\n}")
	if err != nil {
		t.Fatal(err)
	}
	const grid = "a,1,1\na,1,2\na,2,1\na,2,2\n"
	for _, c := range []struct {
		rows string
		ok   bool
	}{{grid, true}, {grid + "a,3,1\n", false}, {grid + "a,3,1\na,3,2\n", true}, {grid + `a,\N,1` + "\n" + `a,\N,2` + "\n", true}, {grid + `a,\N,1` + "\n", false}} {
		file := table(t, "q:text,s:text,u:text\n"+strings.Repeat(c.rows, 3))
		x, err := p.(pipelines.Auditor).AuditFile(context.Background(), numbered{sealed{env, file}})
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range x.Findings {
			if strings.Contains(f.Check, "u: diversity") && f.OK != c.ok {
				t.Errorf("%s\n%+v", c.rows, f)
			}
		}
	}
}

// Numbers that are equal are one value of a file too, however their bits are: both zeros,
// and whatever is no number.
func TestEqualNumbersAreOneSensitiveValue(t *testing.T) {
	env := pipelinetest.Env(t)
	const columns = "quasi \"q\" {}\nsensitive \"s\" {\ndiversity { l = 2 }\n}\nsensitive \"u\" {\n%s\n}\nmodel {\nk = 2\nsensitive_judged = %q\n}"
	for _, judged := range []string{"alone", "together"} {
		for _, rule := range []string{"diversity { l = 2 }", "closeness { t = 0.9 }"} {
			p, err := policy(t, env, fmt.Sprintf(columns, rule, judged))
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range []struct {
				rows string
				ok   bool
			}{{"a,0,5\na,-0,5\na,0,6\na,-0,6\n", false}, {"a,5,0\na,6,-0\na,5,7\na,6,7\n", true}} {
				_, found := audited(t, env, p, "q:text,s:float64,u:float64\n"+c.rows)
				for check, said := range found {
					if strings.HasPrefix(check, "s: diversity") && (said == "ok") != c.ok {
						t.Errorf("%s, %s: %s %s of\n%s", judged, rule, check, said, c.rows)
					}
				}
			}
		}
	}
}

// What two releases differ in keeps the diversity of each column, the others known.
func TestComparedTogether(t *testing.T) {
	const body = `quasi "q" {}
sensitive "s" {
  diversity { l = 2 }
}
sensitive "u" {
  diversity { l = 2 }
}
model {
  k = 3
  sensitive_judged = "%s"
}`
	env := pipelinetest.Env(t)
	const grid = "a,1,1\na,1,2\na,2,1\na,2,2\n"
	for _, c := range []struct {
		name, came      string
		alone, together *messages.Message
	}{
		{"all combinations", grid, nil, nil},
		{"two columns that say the same", "a,1,1\na,2,2\na,1,1\na,2,2\n", nil, messages.AlikeDiffer},
		{"one value", "a,1,1\na,1,1\na,1,1\n", messages.AlikeDiffer, messages.AlikeDiffer},
		{"too few", "a,1,1\n", messages.FewDiffer, messages.FewDiffer},
	} {
		for judged, want := range map[string]*messages.Message{"alone": c.alone, "together": c.together} {
			_, _, old := made(t, env, fmt.Sprintf(body, judged), "q:text,s:text,u:text\n"+grid)
			p, d, now := made(t, env, fmt.Sprintf(body, judged), "q:text,s:text,u:text\n"+grid+c.came)
			small := beside(t, env, p, d, now, old, true)
			switch {
			case want == nil && small != nil:
				t.Errorf("%s, %s: %v", c.name, judged, small)
			case want != nil && (small == nil || !messages.Has(small, want)):
				t.Errorf("%s, %s: %v, want %s", c.name, judged, small, want.Code)
			}
		}
	}
}

// Several columns that are judged alone are warned of, and the warning tells of the other
// way; what is judged together is not warned of.
func TestTogetherIsSaid(t *testing.T) {
	env := pipelinetest.Env(t)
	const two = "quasi \"q\" {}\nsensitive \"s\" {\ndiversity { l = 2 }\n}\nsensitive \"u\" {\ncloseness { t = 0.9 }\n}\nmodel {\nk = 2\n%s\n}"
	for judged, warned := range map[string]int{"": 1, `sensitive_judged = "alone"`: 1, `sensitive_judged = "together"`: 0} {
		p, err := policy(t, env, fmt.Sprintf(two, judged))
		if err != nil {
			t.Fatal(err)
		}
		all := p.(pipelines.Warner).Warnings()
		if len(all) != warned || warned > 0 && !strings.Contains(all[0].Remedy(messages.English), "sensitive_judged = \"together\"") {
			t.Errorf("%q: %v", judged, all)
		}
		model := p.(pipelines.Protecting).Protection(nil).Model
		if model.Together != (warned == 0) {
			t.Errorf("%q: %+v", judged, model)
		}
	}
	if _, err := policy(t, env, "quasi \"q\" {}\nsensitive \"s\" {\ndiversity { l = 2 }\n}\nmodel {\nk = 2\nsensitive_judged = \"together\"\n}"); !messages.Has(err, messages.TogetherAlone) {
		t.Errorf("one column together: %v", err)
	}
	if _, err := policy(t, env, fmt.Sprintf(two, `sensitive_judged = "both"`)); err == nil {
		t.Error("another word is taken")
	}
}
