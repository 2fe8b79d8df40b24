package privacy_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/internal/draws"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
)

// anyCondition asks columns of anyRows, those that are masked among them, and the one it is of.
func anyCondition(r *rapid.T) string {
	ask := func() string {
		switch column := rapid.SampledFrom([]string{"a", "b", "c", "n", "m"}).Draw(r, "asked"); column {
		case "n", "m":
			return fmt.Sprintf("row.%s %s %d", column, rapid.SampledFrom([]string{"==", "!=", "<", ">="}).Draw(r, "compares"), rapid.IntRange(0, 4).Draw(r, "with"))
		default:
			return fmt.Sprintf(rapid.SampledFrom([]string{"row.%s == \"%s\"", "row.%s != \"%s\"", "starts_with(row.%s, \"%s\")", "coalesce(row.%s, \"\") == \"%s\""}).Draw(r, "asks so"), column, rapid.SampledFrom([]string{"x", "y", "masqué", "v1"}).Draw(r, "text"))
		}
	}
	c := ask()
	for rapid.IntRange(0, 2).Draw(r, "more") == 0 {
		c = "(" + c + rapid.SampledFrom([]string{" && ", " || "}).Draw(r, "and") + ask() + ")"
	}
	return c
}

// anyPolicy is a policy over anyRows, and of which kind it is; some are refused.
func anyPolicy(r *rapid.T) (body, how string) {
	var public []string
	var b strings.Builder
	for _, c := range []string{"a", "b", "c"} {
		switch rapid.IntRange(0, 6).Draw(r, "rule") {
		case 0:
			public = append(public, "\""+c+"\"")
		case 1:
			fmt.Fprintf(&b, "identifier %q {\naction = \"redact\"\n}\n", c)
		case 2:
			fmt.Fprintf(&b, "identifier %q {\naction = \"redact\"\nclear_when = %s\n}\n", c, anyCondition(r))
		case 3:
			fmt.Fprintf(&b, "identifier %q {\naction = \"constant\"\notherwise = \"x\"\n}\n", c)
		case 4:
			fmt.Fprintf(&b, "identifier %q {\naction = \"drop\"\n}\n", c)
		default:
			fmt.Fprintf(&b, "identifier %q {\nclear_when = %s\n", c, anyCondition(r))
			if rapid.Bool().Draw(r, "otherwise") {
				fmt.Fprintf(&b, "otherwise = %q\n", rapid.SampledFrom([]string{"x", "masqué", "v1"}).Draw(r, "stands"))
			}
			b.WriteString("}\n")
		}
	}
	for _, c := range []string{"n", "d"} {
		switch rapid.IntRange(0, 2).Draw(r, "number") {
		case 0:
			public = append(public, "\""+c+"\"")
		case 1:
			fmt.Fprintf(&b, "identifier %q {\nclear_when = %s\n}\n", c, anyCondition(r))
		}
	}
	if rapid.IntRange(0, 3).Draw(r, "text") == 0 {
		b.WriteString("text \"note\" {\naction = \"redact\"\nreview = \"human\"\n}\n")
	}
	how = rapid.SampledFrom([]string{"rules", "levels", "persons", "surrogates", "pseudonyms", "mondrian"}).Draw(r, "how")
	switch how {
	case "persons":
		b.WriteString("subject = \"ref\"\nidentifier \"ref\" { action = \"drop\" }\n")
	case "surrogates", "pseudonyms":
		fmt.Fprintf(&b, "subject = \"ref\"\nidentifier \"ref\" {\n%saction = %q\n}\n", asideKey, how[:len(how)-1])
	}
	switch how {
	case "rules":
	case "mondrian":
		b.WriteString("quasi \"age\" {}\nquasi \"service\" {}\nmodel {\nk = 2\nsearch = \"mondrian\"\n}\n")
	default:
		b.WriteString("quasi \"age\" { steps = [10, 20] }\nquasi \"service\" {}\n" + asideModel)
	}
	if rapid.IntRange(0, 3).Draw(r, "list") == 0 {
		b.WriteString(asideList)
		how += " opposed"
	}
	return "public = [" + strings.Join(public, ", ") + "]\n" + b.String(), how
}

func anyRows(r *rapid.T) string {
	var b strings.Builder
	b.WriteString("a:text,b:text,c:text,note:text,ref:text,age:int64,service:text,n:int64,m:int64,d:int64\n")
	some := rapid.SampledFrom([]string{"\\N", "", "x", "y", "masqué", "v1"})
	number := func(most int) string {
		if n := rapid.IntRange(-1, most).Draw(r, "number"); n >= 0 {
			return fmt.Sprint(n)
		}
		return "\\N"
	}
	for i := range rapid.IntRange(0, 60).Draw(r, "rows") {
		fmt.Fprintf(&b, "%s,%s,%s,vu Mme Vermeillac %d,REF%03d,%s,%s,%s,%s,%s\n", some.Draw(r, "a"), some.Draw(r, "b"), some.Draw(r, "c"), i, i/2,
			number(40), rapid.SampledFrom([]string{"Voirie", "Mairie", "\\N"}).Draw(r, "service"), number(4), number(4), number(3))
	}
	return b.String()
}

// What leaves of rows that are had once is what does of those of a file, whatever asks what:
// conditions of columns that others mask or that are masked themselves, and values that are missing.
func TestAnyPolicyOfRowsThatAreHadOnce(t *testing.T) {
	met := draws.Of("rules", "levels", "persons", "surrogates", "pseudonyms", "mondrian")
	property := func(r *rapid.T) {
		body, how := anyPolicy(r)
		in := table(t, anyRows(r))
		env := pipelinetest.Env(t)
		env.Secrets, env.Now, env.Root = secret(strings.Repeat("k", 32)), time.Now, mustTemp(t, r)
		if p, err := policy(t, env, body); err != nil {
			if messages.Find(err) == nil {
				r.Fatal(err)
			}
			return
		} else if strings.Contains(body, "opposition") {
			if _, _, err := p.(pipelines.Opposer).Oppose(context.Background(), []string{"REF000", "REF004"}, false); err != nil {
				r.Fatal(err)
			}
		}
		run := func(again bool, workers int, memory int64) (pipelinetest.Table, pipelines.TaskResult) {
			env := env
			env.Dir, env.Workers, env.Memory = mustTemp(t, r), workers, memory
			env.Spool = pipelines.NewSpool(env.Dir, env.Allocator, 0)
			p, err := policy(t, env, body)
			if err != nil {
				r.Fatal(err)
			}
			opens, got := 0, pipelinetest.Table{}
			f := &pipelines.Flow{SourceName: "source.rows", Source: givenRows{env, in, 7, again, &opens}, Privacy: p,
				Loads: []pipelines.Load{{Name: "load.rows", Sink: sealedRows{&got}}}, AllowEmpty: true}
			res := f.Run(context.Background(), env, pipelines.FlowOptions{Workers: workers, Key: []byte("k"), OwnKey: true})
			if left, err := os.ReadDir(env.Dir); err != nil || len(left) > 0 {
				r.Fatalf("%v: %d files stay", err, len(left))
			}
			if errors.Is(res.Err, errSealed) {
				res.Err = nil
			}
			return got, res
		}
		got, one := run(false, rapid.IntRange(1, 4).Draw(r, "workers"), rapid.SampledFrom([]int64{1 << 30, 200_000}).Draw(r, "memory"))
		want, two := run(true, 1, 1<<30)
		if fmt.Sprint(one.Err) != fmt.Sprint(two.Err) {
			r.Fatalf("%v, and of a file %v\n%s", one.Err, two.Err, body)
		}
		if one.Err != nil {
			if messages.Find(one.Err) == nil {
				r.Fatal(one.Err)
			}
			return // nothing may leave
		}
		if got.CSV() != want.CSV() || fmt.Sprint(one.Redacted) != fmt.Sprint(two.Redacted) || one.Rows != two.Rows {
			r.Fatalf("%s\ngot\n%s\nof a file\n%s", body, got.CSV(), want.CSV())
		}
		if len(got.Rows) > 0 {
			met.Meet(strings.TrimSuffix(how, " opposed"))
		}
	}
	draws.Check(t, met, property)
}
