package privacy_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
)

// audited is what a policy finds of a table alone, by check: whether it holds, or how
// many classes do not keep it.
func audited(t testing.TB, env pipelines.Env, p pipelines.Privacy, csv string) (*pipelines.Audit, map[string]string) {
	t.Helper()
	x, err := p.(pipelines.Auditor).AuditFile(context.Background(), sealed{env, table(t, csv)})
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, f := range x.Findings {
		found[f.Check] = "ok"
		if m := messages.Find(f.Err); m != nil {
			found[f.Check] = m.Code + " " + m.Param("classes")
		}
		if f.OK != (f.Err == nil) {
			t.Errorf("%+v", f)
		}
	}
	return x, found
}

// A file is judged as simple code judges it, whatever the types, however often it must
// be read because its classes do not fit in memory (invariant 9).
func TestAFileIsJudgedAlone(t *testing.T) {
	env, small := pipelinetest.Env(t), pipelinetest.Env(t)
	small.Memory = 12000
	parted := 0
	rapid.Check(t, func(r *rapid.T) {
		k := rapid.IntRange(2, 4).Draw(r, "k")
		l := rapid.IntRange(2, 3).Draw(r, "l")
		wildcard := rapid.Bool().Draw(r, "wildcard")
		subject := !wildcard && rapid.Bool().Draw(r, "subject")
		match := map[bool]string{true: "wildcard", false: "own_value"}[wildcard]
		nulls := rapid.SampledFrom([]string{"ignored", "value"}).Draw(r, "nulls")
		kind := rapid.SampledFrom([]string{"distinct", "entropy", "recursive"}).Draw(r, "kind")
		c := map[bool]string{true: "c = 2", false: ""}[kind == "recursive"]
		closeness := rapid.Bool().Draw(r, "closeness")
		body := fmt.Sprintf("public = [\"who\"]\nquasi \"q\" {}\nquasi \"r\" {}\nsensitive \"s\" {\ndiversity {\nkind = %q\nl = %d\nsa_null = %q\n%s\n}\n", kind, l, nulls, c)
		if closeness {
			body += "closeness {\nt = 0.4\ndistance = \"ordered\"\n}\n"
		}
		body += fmt.Sprintf("}\nmodel {\nk = %d\nnull_match = %q\n}\n", k, match)
		if subject {
			body += "subject = \"who\"\n"
		}
		long := strings.Repeat("é", 20)
		qs := []string{"", "a", "abcdefghijklmno", "abcdefghijklmnop", long, long + "x", `\N`}
		var rows [][]string
		for range rapid.IntRange(1, 60).Draw(r, "rows") {
			rows = append(rows, []string{rapid.SampledFrom(qs).Draw(r, "q"), rapid.SampledFrom([]string{"-1", "0", "1", `\N`}).Draw(r, "r"),
				rapid.SampledFrom([]string{"1", "2", "3", `\N`}).Draw(r, "s"), rapid.SampledFrom([]string{"A", "B", "C", `\N`}).Draw(r, "who")})
		}
		csv := "q:text,r:int64,s:int64,who:text\n"
		for _, row := range rows {
			csv += strings.Join(row, ",") + "\n"
		}
		p, err := policy(t, env, body)
		if err != nil {
			r.Fatal(err)
		}
		x, found := audited(t, env, p, csv)
		// counted by simple code
		counts, values, persons := map[string]int{}, map[string]map[string]int{}, map[string]map[string]bool{}
		for _, row := range rows {
			class := classOf(row, 2)
			if values[class] == nil {
				values[class], persons[class] = map[string]int{}, map[string]bool{}
			}
			counts[class]++
			values[class][row[2]]++
			persons[class][row[3]] = true
		}
		smallest, uniques, few, uniform := 1<<30, 0, 0, 0
		least, exposed := 1<<30, 0 // of rows, or of persons
		for class, n := range counts {
			smallest = min(smallest, n)
			if n == 1 {
				uniques++
			}
			own := n
			if wildcard {
				n = matching(rows, strings.Split(class, "\x00"))
			}
			if subject {
				n = len(persons[class])
				own = n
			}
			least, exposed = min(least, own), exposed+own
			if n < k {
				few++
			}
			if kind == "distinct" {
				if _, null := values[class][`\N`]; null && nulls == "ignored" {
					delete(values[class], `\N`)
				}
				if len(values[class]) < l {
					uniform++
				}
			}
		}
		want := map[string]int64{"rows": int64(len(rows)), "classes": int64(len(counts)), "smallest": int64(smallest), "uniques": int64(uniques)}
		got := map[string]int64{"rows": x.Rows, "classes": x.Classes, "smallest": x.Smallest, "uniques": x.Uniques}
		for name := range want {
			if got[name] != want[name] {
				r.Fatalf("%s: %d, want %d", name, got[name], want[name])
			}
		}
		said := func(n int) string {
			if n == 0 {
				return "ok"
			}
			return fmt.Sprintf("%s %d", messages.AuditModel.Code, n)
		}
		if check := fmt.Sprintf("k = %d", k); found[check] != said(few) {
			r.Fatalf("%s: %s, want %s", check, found[check], said(few))
		}
		if kind == "distinct" && found["s: diversity distinct"] != said(uniform) {
			r.Fatalf("diversity: %s, want %s", found["s: diversity distinct"], said(uniform))
		}
		if x.AverageRisk != float64(len(counts))/float64(exposed) || x.HighestRisk != 1/float64(least) {
			r.Fatalf("risks: %v %v", x.AverageRisk, x.HighestRisk)
		}
		// in little memory
		if p, err = policy(t, small, body); err != nil {
			r.Fatal(err)
		}
		y, err := p.(pipelines.Auditor).AuditFile(context.Background(), sealed{small, table(t, csv)})
		switch {
		case messages.Has(err, messages.TooManyClasses):
		case err != nil:
			r.Fatal(err)
		default:
			parted++
			if y.Exposure != x.Exposure || len(y.Findings) != len(x.Findings) {
				r.Fatalf("%+v, want %+v", y, x)
			}
			for i, f := range y.Findings {
				if fmt.Sprint(f) != fmt.Sprint(x.Findings[i]) {
					r.Fatalf("%v, want %v", f, x.Findings[i])
				}
			}
		}
	})
	t.Logf("in little memory: %d", parted)
}

// What the gate finds of a file that the policy made is what the file shows alone.
func TestAFileOfThePolicyPassesAlone(t *testing.T) {
	env := pipelinetest.Env(t)
	p, d, out := made(t, env, "public = [\"p\"]\nidentifier \"nom\" {\nclear_when = row.p == \"oui\"\notherwise = \"X\"\n}\nquasi \"q\" { bands = [0, 10, 20] }\nsensitive \"s\" {\ndiversity { l = 2 }\n}\nmodel {\nk = 2\nsuppression_limit = 0.5\n}",
		"q:int64,s:text,p:text,nom:text\n1,x,oui,A\n2,y,non,B\n11,x,oui,C\n12,z,non,D\n")
	if err := p.(pipelines.Gate).Judge(context.Background(), d, sealed{env, table(t, out)}); err != nil {
		t.Fatal(err)
	}
	x, found := audited(t, env, p, out)
	for check, said := range found {
		if said != "ok" {
			t.Errorf("%s: %s", check, said)
		}
	}
	if len(found) != 5 || len(x.Unproved) != 1 || x.Unproved[0].Message != messages.UnprovedLevels {
		t.Errorf("%v %v", found, x.Unproved)
	}
}

// What a file shows that does not keep its policy, and what it cannot show.
func TestWhatAFileDoesNotKeep(t *testing.T) {
	env := pipelinetest.Env(t)
	env.Secrets = secret(strings.Repeat("k", 32))
	for _, c := range []struct {
		name, body, file string
		found            map[string]*messages.Message
		unproved         []*messages.Message
	}{
		{"a column without a role", "public = [\"a\"]", "a:text,b:text\nx,y\n",
			map[string]*messages.Message{"roles of the columns": messages.AuditColumn}, nil},
		{"a dropped identifier", "public = [\"a\"]\nidentifier \"b\" { action = \"drop\" }", "a:text,b:text\nx,y\n",
			map[string]*messages.Message{"roles of the columns": messages.AuditColumn}, nil},
		{"a value that must be masked", "public = [\"a\"]\nidentifier \"b\" {\nclear_when = row.a == \"x\"\n}", "a:text,b:text\nx,y\nz,y\n",
			map[string]*messages.Message{"rule of identifier b": messages.GateValue}, nil},
		{"a rule that cannot be asked", "public = [\"a\"]\nidentifier \"b\" {\nclear_when = row.gone == \"x\"\n}", "a:text,b:text\nx,y\n",
			nil, []*messages.Message{messages.UnprovedRule}},
		{"no pseudonym", "public = [\"a\"]\nsubject = \"b\"\nquasi \"q\" {}\nmodel { k = 2 }\nidentifier \"b\" {\naction = \"pseudonym\"\nkey = secret.cle\nrotate = \"per_release\"\n}", "a:text,b:text,q:text\nx,Jean,1\nx,Jeanne,1\n",
			map[string]*messages.Message{"rule of identifier b": messages.GateValue}, nil},
		{"a quasi-identifier that is missing", "public = [\"r\"]\nquasi \"q\" {}\nmodel { k = 2 }", "r:text\n1\n",
			map[string]*messages.Message{"roles of the columns": messages.AuditLacks}, nil},
		{"persons who do not leave", "subject = \"b\"\nquasi \"q\" {}\nmodel { k = 2 }", "q:text\n1\n1\n",
			nil, []*messages.Message{messages.UnprovedPersons}},
		{"means of too few", "microaggregate \"m\" {\ncolumns = [\"a\", \"b\"]\nk = 2\n}", "a:int64,b:int64\n1,2\n1,2\n1,3\n\\N,\\N\n",
			map[string]*messages.Message{"microaggregate m: k = 2": messages.AuditModel}, []*messages.Message{messages.UnprovedMethod}},
		{"means that may be", "microaggregate \"m\" {\ncolumns = [\"a\", \"b\"]\nk = 2\n}", "a:int64,b:int64\n1,2\n1,2\n\\N,\\N\n",
			nil, []*messages.Message{messages.UnprovedMethod}},
		{"a mean that is missing", "microaggregate \"m\" {\ncolumns = [\"a\", \"b\"]\nk = 2\n}", "a:int64\n1\n1\n",
			map[string]*messages.Message{"roles of the columns": messages.AuditLacks}, []*messages.Message{messages.UnprovedMethod}},
		{"a number in a text", "public = [\"a\"]\ntext \"b\" {\naction = \"redact\"\nreview = \"human\"\n}", "a:text,b:text\nvoir 06 12 34 56 78,[nom]\n",
			map[string]*messages.Message{"texts name nobody": messages.AuditTexts}, nil},
		{"a name in a redacted text", "public = [\"a\"]\ntext \"b\" {\naction = \"redact\"\nreview = \"human\"\n}", "a:text,b:text\nx,Jeanne Vermeillac\n",
			map[string]*messages.Message{"texts name nobody": messages.AuditTexts}, nil},
		{"a school", "public = [\"a\"]", "a:text\nécole Jeanne Vermeillac\n", nil, []*messages.Message{messages.UnprovedTexts}},
		{"a number that is expected", "public = [\"a\"]\nexpect \"a\" {\nkinds = [\"phone\"]\nreason = \"mairie\"\n}", "a:text\n06 12 34 56 78\n", nil, nil},
		{"no row", "quasi \"q\" { bands = [1, 2] }\nmodel { k = 2 }", "q:text\n", nil, []*messages.Message{messages.UnprovedLevels}},
	} {
		p, err := policy(t, env, c.body)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		x, err := p.(pipelines.Auditor).AuditFile(context.Background(), sealed{env, table(t, c.file)})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		for _, f := range x.Findings {
			if want := c.found[f.Check]; !f.OK && !messages.Has(f.Err, want) {
				t.Errorf("%s: %s: %v", c.name, f.Check, f.Err)
			}
		}
		for check := range c.found {
			if !slices.ContainsFunc(x.Findings, func(f pipelines.Finding) bool { return f.Check == check && !f.OK }) {
				t.Errorf("%s: %s is not found: %v", c.name, check, x.Findings)
			}
		}
		var unproved []*messages.Message
		for _, u := range x.Unproved {
			unproved = append(unproved, u.Message)
		}
		if !slices.Equal(unproved, c.unproved) {
			t.Errorf("%s: not proved %v", c.name, x.Unproved)
		}
	}
}

// numbered is a file that keeps the texts of a column numbered, in every second batch.
type numbered struct{ sealed }

func (n numbered) OpenCoded(ctx context.Context, columns []string, begin func(*arrow.Schema) pipelines.View) (pipelines.Stream, error) {
	in, err := n.Open(ctx)
	if err != nil {
		return nil, err
	}
	view := func(arrow.Record) {}
	if begin != nil {
		view = begin(in.Schema())
	}
	even := false
	return pipelines.NewStream(in.Schema(), func(ctx context.Context) (pipelines.Batch, error) {
		b, err := in.Next(ctx)
		if even = !even; err != nil || even {
			if err == nil {
				view(b.Record)
			}
			return b, err
		}
		defer b.Release()
		fields := slices.Clone(b.Schema().Fields())
		var arrays []arrow.Array
		for i, f := range fields {
			if !slices.Contains(columns, f.Name) || f.Type.ID() != arrow.STRING {
				b.Column(i).Retain()
				arrays = append(arrays, b.Column(i))
				continue
			}
			fields[i].Type = &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Uint32, ValueType: arrow.BinaryTypes.String}
			d := array.NewDictionaryBuilder(n.env.Allocator, fields[i].Type.(*arrow.DictionaryType)).(*array.BinaryDictionaryBuilder)
			for row := range b.Column(i).Len() {
				if b.Column(i).IsNull(row) {
					d.AppendNull()
				} else if err := d.AppendString(b.Column(i).(*array.String).Value(row)); err != nil {
					return pipelines.Batch{}, err
				}
			}
			arrays = append(arrays, d.NewArray())
			d.Release()
		}
		r := array.NewRecord(arrow.NewSchema(fields, nil), arrays, b.NumRows())
		view(r)
		for _, a := range arrays {
			a.Release()
		}
		return pipelines.Batch{Record: r}, nil
	}, in.Close), nil
}

// Texts that a file keeps numbered are counted as what they are.
func TestNumberedTextsAreTexts(t *testing.T) {
	env := pipelinetest.Env(t)
	rapid.Check(t, func(r *rapid.T) {
		kind := rapid.SampledFrom([]string{"distinct", "entropy"}).Draw(r, "kind")
		p, err := policy(t, env, fmt.Sprintf("quasi \"q\" {}\nquasi \"r\" {}\nsensitive \"s\" {\ndiversity {\nkind = %q\nl = 2\n}\n}\nmodel { k = 2 }", kind))
		if err != nil {
			r.Fatal(err)
		}
		csv := "q:text,r:int64,s:text\n"
		for range rapid.IntRange(0, 40).Draw(r, "rows") {
			csv += strings.Join([]string{rapid.SampledFrom([]string{"a", "", "a text that is longer than fifteen", `\N`}).Draw(r, "q"),
				rapid.SampledFrom([]string{"1", "2"}).Draw(r, "r"), rapid.SampledFrom([]string{"x", "y", "06 12 34 56 78", "école Jeanne Vermeillac", `\N`}).Draw(r, "s")}, ",") + "\n"
		}
		file := sealed{env, table(t, csv)}
		want, err := p.(pipelines.Auditor).AuditFile(context.Background(), file)
		if err != nil {
			r.Fatal(err)
		}
		got, err := p.(pipelines.Auditor).AuditFile(context.Background(), numbered{file})
		if err != nil {
			r.Fatal(err)
		}
		if fmt.Sprint(*got) != fmt.Sprint(*want) {
			r.Fatalf("%+v, want %+v", got, want)
		}
	})
}

// A file alone is held against the thresholds of the gate too.
func TestThresholdsOfAFileAlone(t *testing.T) {
	env := pipelinetest.Env(t)
	p, err := policy(t, env, "quasi \"q\" {}\nmodel { k = 2 }\ngate {\nmax_prosecutor_risk = 0.4\nmax_uniques = 0\n}")
	if err != nil {
		t.Fatal(err)
	}
	_, found := audited(t, env, p, "q:text\na\na\na\nb\nb\n")
	if found["max_prosecutor_risk = 0.4"] != messages.GateThreshold.Code+" " || found["max_uniques = 0"] != "ok" {
		t.Error(found)
	}
	_, found = audited(t, env, p, "q:text\na\na\na\nb\n")
	if found["max_prosecutor_risk = 0.4"] == "ok" || found["max_uniques = 0"] == "ok" {
		t.Error(found)
	}
}
