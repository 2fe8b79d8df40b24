package archtest

import (
	"go/ast"
	"go/token"
	"path"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"testing"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

var codeRange = regexp.MustCompile(`[Cc]odes LAV-([0-9]{4}) to LAV-([0-9]{4})`)

// declared is what a file of the catalogue declares.
type declared struct {
	from, to int
	codes    map[string]string // variable to code
	listed   map[string]bool
}

func readAreas(t *testing.T) map[string]declared {
	areas := map[string]declared{}
	for _, s := range sources(t) {
		if s.dir() != "pipelines/messages" || s.test() || strings.HasSuffix(s.path, "/messages.go") ||
			strings.HasPrefix(path.Base(s.path), "phrases") { // parts of sentences, which have no code
			continue
		}
		if d := readArea(t, s); len(d.codes) > 0 {
			areas[s.path] = d
		}
	}
	return areas
}

func readArea(t *testing.T, s source) declared {
	d := declared{codes: map[string]string{}, listed: map[string]bool{}}
	for _, c := range s.syntax.Comments {
		if m := codeRange.FindStringSubmatch(c.Text()); m != nil {
			d.from, _ = strconv.Atoi(m[1])
			d.to, _ = strconv.Atoi(m[2])
		}
	}
	for _, decl := range s.syntax.Decls {
		g, ok := decl.(*ast.GenDecl)
		if !ok || g.Tok != token.VAR {
			continue
		}
		for _, spec := range g.Specs {
			v := spec.(*ast.ValueSpec)
			for i, value := range v.Values {
				switch value := value.(type) {
				case *ast.CompositeLit:
					for _, e := range value.Elts {
						if id, ok := e.(*ast.Ident); ok {
							d.listed[id.Name] = true
						}
					}
				case *ast.UnaryExpr:
					if code := codeOf(value.X); code != "" {
						d.codes[v.Names[i].Name] = code
					}
				}
			}
		}
	}
	if len(d.codes) > 0 && d.to == 0 {
		t.Errorf("%s does not say which codes are its own", s.path)
	}
	return d
}

func codeOf(e ast.Expr) string {
	lit, ok := e.(*ast.CompositeLit)
	if !ok {
		return ""
	}
	for _, el := range lit.Elts {
		if kv, ok := el.(*ast.KeyValueExpr); ok && kv.Key.(*ast.Ident).Name == "Code" {
			code, _ := strconv.Unquote(kv.Value.(*ast.BasicLit).Value)
			return code
		}
	}
	return ""
}

func TestEveryMessageIsListedAndInItsRange(t *testing.T) {
	owner := map[string]string{}
	count := 0
	for file, d := range readAreas(t) {
		for name, code := range d.codes {
			count++
			if !d.listed[name] {
				t.Errorf("%s: %s is not in the list of its file, so that nobody would find it", file, name)
			}
			if first, twice := owner[code]; twice {
				t.Errorf("%s: %s has the code %s of %s", file, name, code, first)
			}
			owner[code] = name
			n, err := strconv.Atoi(strings.TrimPrefix(code, "LAV-"))
			if err != nil || len(code) != 8 || n < d.from || n > d.to {
				t.Errorf("%s: %s has the code %s, out of LAV-%d to LAV-%d", file, name, code, d.from, d.to)
			}
		}
	}
	if all := messages.All(); len(all) != count {
		t.Errorf("the catalogue has %d messages, the files declare %d", len(all), count)
	}
}

func TestRangesDoNotMeet(t *testing.T) {
	var ds []declared
	for _, d := range readAreas(t) {
		ds = append(ds, d)
	}
	sort.Slice(ds, func(i, j int) bool { return ds[i].from < ds[j].from })
	for i := 1; i < len(ds); i++ {
		if ds[i].from <= ds[i-1].to {
			t.Errorf("the ranges LAV-%d to LAV-%d and LAV-%d to LAV-%d meet", ds[i-1].from, ds[i-1].to, ds[i].from, ds[i].to)
		}
	}
}

var placeholder = regexp.MustCompile(`\{[a-z_]+\}`)

func placeholders(text messages.Text) string {
	found := placeholder.FindAllString(text.What+" "+text.Remedy, -1)
	sort.Strings(found)
	var once []string
	for i, p := range found {
		if i == 0 || p != found[i-1] {
			once = append(once, p)
		}
	}
	return strings.Join(once, " ")
}

func TestMessagesAreWholeInBothLanguages(t *testing.T) {
	for _, m := range messages.All() {
		for lang, text := range map[string]messages.Text{"English": m.EN, "French": m.FR} {
			if text.What == "" || text.Remedy == "" {
				t.Errorf("%s lacks its sentence or its remedy in %s", m.Code, lang)
			}
			if strings.HasSuffix(text.What, ".") || strings.HasSuffix(text.Remedy, ".") {
				t.Errorf("%s ends with a full stop in %s; whoever shows it adds one", m.Code, lang)
			}
		}
		if en, fr := placeholders(m.EN), placeholders(m.FR); en != fr {
			t.Errorf("%s names %s in English and %s in French", m.Code, en, fr)
		}
		if m.EN.What == m.FR.What && m.EN.What != "{what}" {
			t.Errorf("%s says the same in both languages: %s", m.Code, m.EN.What)
		}
	}
}

// values are parameter names that would hold what no message may.
var values = regexp.MustCompile(`\{(value|row|content|secret|password|file_name|input)\}`)

func TestMessagesHoldNoValues(t *testing.T) {
	for _, m := range messages.All() {
		for _, text := range []messages.Text{m.EN, m.FR} {
			if p := values.FindString(text.What + text.Remedy); p != "" && m.Class == messages.Row {
				t.Errorf("%s has the parameter %s: a reject never holds a value (invariant 6)", m.Code, p)
			}
		}
	}
}
