package privacy_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/internal/draws"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
)

// public is a release that holds a table.
type public struct{ sealed }

func (p public) Manifest() pipelines.Manifest { return pipelines.Manifest{Release: "r0"} }
func (p public) Close() error                 { return nil }

// beside compares a file with a release. What is found is nil, or why it is small.
func beside(t testing.TB, env pipelines.Env, p pipelines.Privacy, d pipelines.Decision, file, there string, same bool) *pipelines.SmallDifference {
	t.Helper()
	err := p.(pipelines.Comparer).Compare(context.Background(), d, sealed{env, table(t, file)}, public{sealed{env, table(t, there)}}, same)
	var small *pipelines.SmallDifference
	if err != nil && !errors.As(err, &small) {
		t.Fatal(err)
	}
	return small
}

// made is what a policy makes of rows.
func made(t testing.TB, env pipelines.Env, body, rows string) (pipelines.Privacy, pipelines.Decision, string) {
	t.Helper()
	p, err := policy(t, env, body)
	if err != nil {
		t.Fatal(err)
	}
	d, out := twoPasses(t, env, p, table(t, rows), pipelinetest.Cuts()[0])
	return p, d, out
}

const comparedHead = "q:text,s:text\n"

// What a release shows beside one that is public, case by case.
func TestComparedWithWhatIsPublic(t *testing.T) {
	const body = `quasi "q" {}
sensitive "s" {
  diversity { l = 2 }
}
model { k = 3 }`
	row := func(n int, cells string) string { return strings.Repeat(cells+"\n", n) }
	five := row(3, "a,x") + row(2, "a,y") + row(3, "b,x") + row(3, "b,y")
	cases := []struct {
		name, old, now string
		want           *messages.Message
	}{
		{"the same", five, five, nil},
		{"in another order", five, row(3, "b,y") + row(2, "a,y") + row(3, "b,x") + row(3, "a,x"), nil},
		{"a late row", five, five + row(1, "a,x"), messages.FewDiffer},
		{"k late rows", five, five + row(2, "a,x") + row(1, "a,y"), nil},
		{"k late rows in two classes", five, five + row(2, "a,x") + row(1, "b,y"), messages.FewDiffer},
		{"k late rows that agree", five, five + row(3, "a,x"), messages.AlikeDiffer},
		{"a deletion", five + row(1, "a,y"), five, messages.FewDiffer},
		{"a correction", five + row(1, "b,x"), five + row(1, "b,y"), messages.FewDiffer},
		{"someone who moved", five + row(1, "a,x"), five + row(1, "b,x"), messages.FewDiffer},
		{"a class that is new", five, five + row(2, "c,x") + row(2, "c,y"), nil},
		{"a class that is gone", five + row(2, "c,x") + row(2, "c,y"), five, nil},
		{"one who came while three moved", five + row(2, "a,x") + row(1, "a,y"), five + row(2, "b,x") + row(2, "b,y"), messages.FewDiffer},
	}
	env := pipelinetest.Env(t)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, _, old := made(t, env, body, comparedHead+c.old)
			p, d, now := made(t, env, body, comparedHead+c.now)
			small := beside(t, env, p, d, now, old, true)
			switch {
			case c.want == nil && small != nil:
				t.Errorf("held: %v", small)
			case c.want != nil && (small == nil || small.Why.Message != c.want):
				t.Errorf("got %v, want %s", small, c.want.Code)
			case small != nil && (!small.Hold || small.Most != 90*24*time.Hour):
				t.Errorf("not held for 90 days: %+v", small)
			}
		})
	}
}

// The gate says what becomes of a small difference.
func TestGateOfAPolicy(t *testing.T) {
	env := pipelinetest.Env(t)
	const model = "quasi \"q\" {}\npublic = [\"s\"]\nmodel { k = 3 }\n"
	for _, c := range []struct {
		gate string
		want pipelines.Beside
		hold bool
		most time.Duration
		err  *messages.Message
	}{
		{"", pipelines.Beside{Public: true}, true, 90 * 24 * time.Hour, nil},
		{"gate { max_hold = \"10d\" }", pipelines.Beside{Public: true}, true, 10 * 24 * time.Hour, nil},
		{"gate { on_small_difference = \"refuse\" }", pipelines.Beside{Public: true}, false, 90 * 24 * time.Hour, nil},
		{"gate { compare_with = \"none\" }", pipelines.Beside{}, true, 0, nil},
		{"gate { supersede = \"erase\" }", pipelines.Beside{Public: true, Erase: true}, true, 90 * 24 * time.Hour, nil},
		{"gate {\nmax_hold = \"1d\"\non_small_difference = \"refuse\"\n}", pipelines.Beside{}, true, 0, messages.WrongGate},
	} {
		p, err := policy(t, env, model+c.gate)
		if c.err != nil {
			if !messages.Has(err, c.err) {
				t.Errorf("%s: %v, want %s", c.gate, err, c.err.Code)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if got := p.(pipelines.Comparer).Comparison(); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.gate, got, c.want)
		}
		if !c.want.Public {
			continue
		}
		rows := comparedHead + "a,x\na,x\na,x\n"
		d, now := twoPasses(t, env, p, table(t, rows), pipelinetest.Cuts()[0])
		small := beside(t, env, p, d, now, "q:text,s:text\na,x\na,x\na,x\na,x\n", true)
		if small == nil || small.Hold != c.hold || c.hold && small.Most != c.most {
			t.Errorf("%s: %+v", c.gate, small)
		}
	}
	if _, err := policy(t, env, "public = [\"s\"]\ngate { on_small_difference = \"hold\" }"); !messages.Has(err, messages.WrongGate) {
		t.Errorf("a comparison without a model: %v", err)
	}
	p, err := policy(t, env, "public = [\"s\"]\ngate { supersede = \"erase\" }")
	if err != nil {
		t.Fatal(err)
	}
	if got := p.(pipelines.Comparer).Comparison(); got != (pipelines.Beside{Erase: true}) {
		t.Errorf("without a model: %+v", got)
	}
}

// Pseudonyms tell persons, and are drawn anew: what came is counted in the fewest
// persons who can have brought it, and never in pseudonyms.
func TestPersonsWhoCame(t *testing.T) {
	env := pipelinetest.Env(t)
	env.Secrets = secret(strings.Repeat("k", 32))
	const body = "subject = \"nom\"\npublic = [\"s\"]\nquasi \"q\" {}\nidentifier \"nom\" {\naction = \"pseudonym\"\nkey = secret.cle\nrotate = \"per_release\"\n}\nmodel {\nk = 3\n}"
	release := func(rows, fingerprint string) (pipelines.Privacy, pipelines.Decision, string) {
		p, err := policy(t, env, body)
		if err != nil {
			t.Fatal(err)
		}
		in := table(t, "q:text,s:text,nom:text\n"+rows)
		first := pipelinetest.Batches(in.Schema, pipelinetest.Cuts()[0].Batches(env.Allocator, in)...)
		d, err := p.Observe(context.Background(), first)
		first.Close()
		if err == nil {
			d, err = p.(pipelines.Drawer).Draw(context.Background(), d, []byte(fingerprint))
		}
		if err != nil {
			t.Fatal(err)
		}
		out, err := p.Emit(context.Background(), d, pipelinetest.Batches(in.Schema, pipelinetest.Cuts()[0].Batches(env.Allocator, in)...))
		if err != nil {
			t.Fatal(err)
		}
		return p, d, collect(t, out)
	}
	const base = "a,x,A\na,x,B\na,y,C\na,y,D\na,x,E\na,y,F\n"
	_, _, old := release(base, "1")
	for _, c := range []struct {
		name, rows string
		want       *messages.Message
	}{
		{"the same", base, nil},
		{"three rows of three persons", base + "a,x,G\na,x,H\na,y,I\n", nil},
		{"three rows, which two of those who are there might have", base + "a,z,A\na,z,B\na,z,C\n", messages.FewDiffer},
	} {
		p, d, now := release(c.rows, "2")
		small := beside(t, env, p, d, now, old, true)
		if (small == nil) != (c.want == nil) || small != nil && small.Why.Message != c.want {
			t.Errorf("%s: %v", c.name, small)
		}
	}
}

// Columns of one release alone: it is finer by them.
func TestColumnsOfOneReleaseAlone(t *testing.T) {
	env := pipelinetest.Env(t)
	p, d, now := made(t, env, "quasi \"q\" {}\npublic = [\"s\"]\nmodel { k = 2 }", "q:text,s:text\na,x\na,x\nb,x\nb,x\n")
	for _, c := range []struct {
		name, there string
		want        *messages.Message
	}{
		{"fewer there", "q:text\na\na\nb\nb\n", nil},
		{"more there", "q:text,s:text,z:text\na,x,1\na,x,2\nb,x,1\nb,x,2\n", nil},
		{"others there", "q:text,z:text\na,1\na,2\nb,1\nb,2\n", messages.LevelsCross},
		{"no quasi-identifier there", "s:text\nx\nx\nx\nx\n", nil},
		{"no quasi-identifier there, a row more", "s:text\nx\nx\nx\nx\nx\n", messages.FewDiffer},
		{"another type there", "q:text,s:int64\na,1\na,1\nb,1\nb,1\n", messages.ColumnChanged},
		{"a label that nothing here becomes", "q:text,s:text\na,x\na,x\nb,x\nb,x\nc,x\nc,x\n", messages.LevelsUnknown},
	} {
		small := beside(t, env, p, d, now, c.there, false)
		if (small == nil) != (c.want == nil) || small != nil && small.Why.Message != c.want {
			t.Errorf("%s: %v", c.name, small)
		}
	}
	// under the same policy a label that is not known is one of a value that no row has
	if small := beside(t, env, p, d, now, "q:text,s:text\na,x\na,x\nb,x\nb,x\nc,x\nc,x\n", true); small != nil {
		t.Errorf("a class that is gone: %v", small)
	}
}

// The hierarchies of the property: labels of a level are of no other.
var comparedTrees = [][][]string{
	{{"a", "ab", "abcd", "*"}, {"b", "ab", "abcd", "*"}, {"c", "cd", "abcd", "*"}, {"d", "cd", "abcd", "*"}, {"e", "ef", "efg", "*"}, {"f", "ef", "efg", "*"}, {"g", "g1", "efg", "*"}},
	{{"u", "uv", "*"}, {"v", "uv", "*"}, {"w", "wx", "*"}, {"x", "wx", "*"}},
}

// above is what a label becomes at a level; null stays null but for the last.
func above(tree int, label string, level int) string {
	for _, leaf := range comparedTrees[tree] {
		for at, l := range leaf {
			if l == label && at <= level {
				return leaf[level]
			}
		}
	}
	if label == `\N` && level == len(comparedTrees[tree][0])-1 {
		return "*"
	}
	return label
}

// levelOf is the level of the labels of a column; -1 where there are none.
func levelOf(tree int, rows [][]string) int {
	for _, row := range rows {
		for _, leaf := range comparedTrees[tree] {
			for at, l := range leaf {
				if l == row[tree] {
					return at
				}
			}
		}
	}
	return -1
}

// attack is simple code of somebody who has both releases: whether a group of fewer
// than k can be made out, by the multiset difference in any of the views.
func attack(old, now [][]string, k int) string {
	var join [2]int
	for j := range join {
		a, b := levelOf(j, old), levelOf(j, now)
		join[j] = max(a, b, 0)
	}
	at := func(row []string) []string {
		out := append([]string{}, row...)
		for j := range join {
			out[j] = above(j, row[j], join[j])
		}
		return out
	}
	pick := func(row []string, columns []int) string {
		var s []string
		for _, c := range columns {
			s = append(s, row[c])
		}
		return strings.Join(s, "\x00")
	}
	finer := map[string][2]bool{} // by class that both have, which of them says more in it
	there := map[string][2]bool{}
	for i, rows := range [][][]string{old, now} {
		for _, row := range rows {
			class := pick(at(row), []int{0, 1})
			f, t := finer[class], there[class]
			f[i], t[i] = f[i] || pick(row, []int{0, 1}) != class, true
			finer[class], there[class] = f, t
		}
	}
	for class, f := range finer {
		if f[0] && f[1] && there[class][0] && there[class][1] {
			return "levels cross"
		}
	}
	for _, quasi := range [][]int{{0, 1}, {0}, {1}, nil} {
		for _, with := range [][]int{{2, 3}, {2}, {3}, nil} {
			diff := map[string]map[string]int{}
			for i, rows := range [][][]string{old, now} {
				for _, row := range rows {
					row = at(row)
					class := pick(row, quasi)
					if diff[class] == nil {
						diff[class] = map[string]int{}
					}
					diff[class][pick(row, with)] += 2*i - 1
				}
			}
			for _, values := range diff {
				came, went := 0, 0
				for _, n := range values {
					came, went = came+max(n, 0), went+max(-n, 0)
				}
				if came > 0 && came < k || went > 0 && went < k {
					return fmt.Sprintf("%d came, %d went in view %v %v", came, went, quasi, with)
				}
			}
		}
	}
	// rows of a finer class that are gone, or new, for certain
	for i, rows := range [][][]string{old, now} {
		other := [][][]string{old, now}[1-i]
		for _, with := range [][]int{{2, 3}, {2}, {3}, nil} {
			own, there, joined := map[string]map[string]int{}, map[string]int{}, map[string]string{}
			for _, row := range rows {
				class := pick(row, []int{0, 1})
				joined[class] = pick(at(row), []int{0, 1})
				if own[class] == nil {
					own[class] = map[string]int{}
				}
				own[class][pick(row, with)]++
			}
			for _, row := range other {
				there[pick(at(row), []int{0, 1})+"\x01"+pick(row, with)]++
			}
			for class, values := range own {
				certain := 0
				for value, n := range values {
					certain += max(0, n-there[joined[class]+"\x01"+value])
				}
				if certain > 0 && certain < k {
					return fmt.Sprintf("%d for certain", certain)
				}
			}
		}
	}
	return ""
}

// Whoever has two releases that were published one beside the other makes out no group
// of fewer than k in the difference of any view; and nothing is held that does not let
// such a group be made out, but for what the diversity of a difference asks for.
func TestNobodyIsMadeOutByADifference(t *testing.T) {
	env := pipelinetest.Env(t)
	env.Root = t.TempDir()
	little := env
	little.Memory = 9000
	for j, tree := range comparedTrees {
		var text strings.Builder
		for _, leaf := range tree {
			text.WriteString(strings.Join(leaf, ";") + "\n")
		}
		if err := os.WriteFile(filepath.Join(env.Root, fmt.Sprintf("h%d.csv", j)), []byte(text.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	passed, held, changed, inParts := 0, 0, 0, 0
	draws.Check(t, draws.Kinds{"published with changes": &changed, "held": &held}, func(r *rapid.T) {
		k := rapid.IntRange(2, 4).Draw(r, "k")
		body := func(name string) string {
			return fmt.Sprintf("public = [\"s\", \"p\"]\nquasi \"q\" {\nhierarchy_file = \"h0.csv\"\nmin_level = %d\n}\nquasi \"r\" {\nhierarchy_file = \"h1.csv\"\nmin_level = %d\n}\nmodel {\nk = %d\nsuppression_limit = 0.5\nmetric = %q\n}",
				rapid.IntRange(0, 2).Draw(r, name+" q"), rapid.IntRange(0, 1).Draw(r, name+" r"), k,
				rapid.SampledFrom([]string{"loss", "discernibility", "class-size", "entropy"}).Draw(r, name+" metric"))
		}
		rowOf := func() string {
			leaf := func(tree int) string {
				if rapid.IntRange(0, 9).Draw(r, "null") == 0 {
					return `\N`
				}
				return rapid.SampledFrom(comparedTrees[tree]).Draw(r, "leaf")[0]
			}
			return leaf(0) + "," + leaf(1) + "," + rapid.SampledFrom([]string{"x", "y"}).Draw(r, "s") + "," + rapid.SampledFrom([]string{"1", "2"}).Draw(r, "p")
		}
		var rows []string
		for range rapid.IntRange(1, 12).Draw(r, "kinds") {
			row := rowOf()
			for range rapid.IntRange(1, 6).Draw(r, "times") {
				rows = append(rows, row)
			}
		}
		then := append([]string{}, rows...)
		for range rapid.IntRange(0, 3).Draw(r, "changes") {
			switch n := rapid.IntRange(0, len(then)-1).Draw(r, "row"); rapid.IntRange(0, 2).Draw(r, "change") {
			case 0:
				row := rowOf()
				for range rapid.IntRange(1, 5).Draw(r, "times") {
					then = append(then, row)
				}
			case 1:
				if len(then) > 1 {
					then = append(then[:n:n], then[n+1:]...)
				}
			default:
				then[n] = rowOf()
			}
		}
		give := func(body string, rows []string) (pipelines.Privacy, pipelines.Decision, string, bool) {
			p, err := policy(t, env, body)
			if err != nil {
				r.Fatal(err)
			}
			in := table(t, "q:text,r:text,s:text,p:text\n"+strings.Join(rows, "\n")+"\n")
			first := pipelinetest.Batches(in.Schema, pipelinetest.Cuts()[0].Batches(env.Allocator, in)...)
			d, err := p.Observe(context.Background(), first)
			first.Close()
			if err != nil {
				if messages.Find(err) == nil {
					r.Fatal(err)
				}
				return nil, nil, "", false
			}
			out, err := p.Emit(context.Background(), d, pipelinetest.Batches(in.Schema, pipelinetest.Cuts()[0].Batches(env.Allocator, in)...))
			if err != nil {
				r.Fatal(err)
			}
			return p, d, collect(t, out), true
		}
		was := body("old")
		is := was
		if rapid.Bool().Draw(r, "another policy") {
			is = body("new")
		}
		_, _, old, ok := give(was, rows)
		if !ok {
			return
		}
		p, d, now, ok := give(is, then)
		if !ok {
			return
		}
		small := beside(t, env, p, d, now, old, was == is)
		// in little memory the same is found, part by part, or that it has not enough
		q, err := policy(t, little, is)
		if err != nil {
			r.Fatal(err)
		}
		err = q.(pipelines.Comparer).Compare(context.Background(), d, sealed{env, table(t, now)}, public{sealed{env, table(t, old)}}, was == is)
		if !messages.Has(err, messages.TooManyClasses) {
			inParts++
			if (err == nil) != (small == nil) || small != nil && err.Error() != small.Error() {
				r.Fatalf("in little memory: %v, want %v", err, small)
			}
		}
		found := attack(lines(old), lines(now), k)
		switch {
		case small == nil && found != "":
			r.Fatalf("published, and %s\n%s\n%s", found, old, now)
		case small != nil && found == "" && small.Why.Message != messages.LevelsUnknown:
			r.Fatalf("held for nothing: %v\n%s\n%s", small, old, now)
		case small == nil:
			passed++
			if old != now {
				changed++
			}
		default:
			held++
		}
	})
	t.Logf("published %d, of which with changes %d; held %d; in little memory %d", passed, changed, held, inParts)
}
