package archtest

import (
	"go/ast"
	"go/token"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/lavoir-data/lavoir/connectors"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/expr"
	"github.com/lavoir-data/lavoir/pipelines/hclfile"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/transforms"
)

// TestWhatComponentsSayOfThemselvesIsFrench: every component, block, argument
// and function has a French text, and no French text stands for nothing.
func TestWhatComponentsSayOfThemselvesIsFrench(t *testing.T) {
	english := map[string]string{} // to where it is said
	say := func(where, doc string) {
		english[doc] = where
		if fr := messages.Phrase(messages.French, doc); fr == doc {
			t.Errorf("%s has no French text in pipelines/messages/docs_fr.go: %s", where, doc)
		} else if !strings.HasSuffix(fr, ".") {
			t.Errorf("%s is no sentence in French: %s", where, fr)
		}
	}
	var fields func(where string, fs []pipelines.Field)
	fields = func(where string, fs []pipelines.Field) {
		for _, f := range fs {
			say(where+"."+f.Name, f.Doc)
			if kind := "a " + f.Type; f.Type != "" && f.Type != "condition over tenant" && messages.Phrase(messages.French, kind) == kind {
				t.Errorf("%s.%s: no phrase says in French: %s", where, f.Name, kind)
			}
			fields(where+"."+f.Name, f.Fields)
		}
	}
	reg := pipelines.MustRegistry(connectors.All, transforms.All)
	fields("block", hclfile.Blocks(reg))
	for _, c := range reg.All("") {
		where := string(c.Kind) + "." + c.Name
		say(where, c.Doc)
		fields(where, c.Fields())
	}
	for _, s := range sources(t) { // configurations that are no component's and no block's
		if s.test() || tool(s) || under(s.dir(), "examples") {
			continue
		}
		ast.Inspect(s.syntax, func(n ast.Node) bool {
			if f, ok := n.(*ast.Field); ok && f.Tag != nil {
				tag, _ := text(f.Tag)
				label := strings.HasSuffix(reflect.StructTag(tag).Get("hcl"), ",label") // shown by its name alone
				if doc := reflect.StructTag(tag).Get("doc"); len(doc) > 1 && english[doc] == "" && !label {
					say(s.at(f), doc)
				}
			}
			return true
		})
	}
	found := 0
	for _, s := range sources(t) {
		if s.path != "pipelines/messages/docs_fr.go" {
			continue
		}
		ast.Inspect(s.syntax, func(n ast.Node) bool {
			if lit, ok := n.(*ast.CompositeLit); ok && lit.Type == nil && len(lit.Elts) == 2 {
				found++
				if en, ok := text(lit.Elts[0]); ok && english[en] == "" {
					t.Errorf("%s translates what nothing says any more: %s", s.at(lit), en)
				}
			}
			return true
		})
	}
	if found < 200 {
		t.Errorf("only %d French texts were found", found)
	}
	for _, f := range expr.Functions() {
		if f.FR == "" || f.FR == f.EN || !strings.HasSuffix(f.FR, ".") {
			t.Errorf("the function %s has no French sentence: %s", f.Name, f.FR)
		}
	}
}

func text(e ast.Expr) (string, bool) {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	s, err := strconv.Unquote(lit.Value)
	return s, err == nil
}

// neverSaid are the calls whose texts no message takes up: what a program is
// asked, what is translated beside it, and what is written for its authors.
var neverSaid = regexp.MustCompile(`^(panic|Define.*|DocOf|t|count|phrase|MustCompile|Warn|Info|Debug|warn|alone|arg|block|nested|rest|Cut|HasPrefix|HasSuffix|Contains|TrimPrefix|Replace|ReplaceAll|NewReplacer|Setenv|HMAC|Exec|Query|ExecParams|Prepare)$`)

// unspoken are texts of other kinds, each with what it is.
var unspoken = map[string]string{
	"a *":               "an article and a kind of value, each with its phrase",
	"list of *":         "a kind of value, each with its phrase",
	"object of *":       "a kind of value, each with its phrase",
	"privacy policy":    "a type, which has its word",
	"lavoir version *":  "who wrote a file, for its readers",
	"; did you mean *?": "the end of a sentence that has its phrase",
	"kill *":            "the beginning of one that has its phrase",
	"%d,\"œuvre n° %d, \"\"été\"\"\",%d.%02d\r\n": "rows that are made up",
	"lavoir journal %s\x00%s":                     "what a hash is drawn from",
	"lavoir stamp\x00":                            "what a hash is drawn from",
	"configuration and input":                     "a value of the plan in JSON",
	", sealed with another key: *":                "the end of a sentence that has its phrase",
	"lavoir was here":                             "what doctor writes to read it back",
	"signature from minisign secret key":          "what minisign writes above a signature",
	"lavoir *\x00":                                "what a hash is drawn from",
	"lavoir name\x00*":                            "what a hash is drawn from",
	"⁂ valeur jamais vue ⁂":                       "a value that a rule is tried with",
	"*format.SplitBlockAlgorithm *format.XxHash *format.BloomFilterUncompressed": "types of the library",
	"double precision":             "a type of PostgreSQL",
	"character varying":            "a type of PostgreSQL",
	"character varying[]":          "a type of PostgreSQL",
	"timestamp without time zone":  "a type of PostgreSQL",
	"timestamp with time zone":     "a type of PostgreSQL",
	"YYYY-MM-DD HH:mm:ss.SSSSSS":   "a format",
	"SQLSTATE *":                   "a code",
	"* (SQLSTATE *)":               "what the server says, and its code",
	"HTTP *":                       "a code",
	"exit *":                       "a code",
	"-var *":                       "what was typed",
	"variant *":                    "a block",
	"identifier *":                 "a block",
	"pipeline *":                   "a block",
	"env *":                        "an argument of a secret, and what it names",
	"file *":                       "an argument of a secret, and what it names",
	"systemd_credential *":         "an argument of a secret, and what it names",
	"command *":                    "an argument of a secret, and what it names",
	"age *":                        "an argument of a secret, and what it names",
	"dpapi *":                      "an argument of a secret, and what it names",
	"vault */*":                    "an argument of a secret, and what it names",
	"identity *":                   "an argument of a secret, and what it names",
	"Unknown variable":             "what the library says, to know it by",
	"Unsupported attribute":        "what the library says, to know it by",
	"Invalid index":                "what the library says, to know it by",
	"Call to unknown function":     "what the library says, to know it by",
	"Invalid multi-line string":    "what the library says, to know it by",
	"Unterminated template string": "what the library says, to know it by",
	"* * is no *":                  "a mistake in a program, not in a file",
	"two components are * *":       "a mistake in a program, not in a file",
	"guess --show-values file *":   "what the audit log notes",
	"lavoir version ":              "what a file says wrote it",
	"preview --show-values *":      "what the audit log notes",
	"subject oppose":               "what the audit log notes",
	"subject find":                 "what the audit log notes",
	"lavoir oppositions 1 ":        "the first line of a list",
	"end *":                        "the last line of a list",
	"no identity matches":          "a mark between functions",
	"review * *":                   "what the seed of a sample is made of",
	"ce qui a été manqué":          "the head of a sheet, French in every language",
	"* at *":                       "what the runtime says, and where",
	"to_timestamp(row.a, \"DD/MM/YYYY HH:mm\", \"Europe/Paris\")": "an expression to write",
	"\"$.a.b[0]\", \"$[\\\"nom complet\\\"]\"":                    "paths to write",
}

// spokenElsewhere are files whose texts are no parts of messages, each with what they are.
var spokenElsewhere = places{
	"pipelines/cli/help.go":              "the help in French",
	"pipelines/cli/drift.go":             "lines in both languages",
	"pipelines/cli/guess_against.go":     "lines in both languages",
	"pipelines/cli/explore.go":           "lines in both languages",
	"pipelines/cli/explore_groups.go":    "lines in both languages",
	"pipelines/cli/explore_refused.go":   "lines in both languages",
	"pipelines/cli/page.go":              "a page in both languages",
	"pipelines/cli/document.go":          "marks of HTML",
	"pipelines/cli/report.go":            "a document for a French officer",
	"pipelines/cli/verified.go":          "a page in both languages",
	"pipelines/cli/exposures.go":         "lines in both languages, and a document for a French officer",
	"pipelines/cli/relaxed.go":           "parts of both",
	"pipelines/cli/review.go":            "lines in both languages",
	"pipelines/hclfile/tableschemas.go":  "names and addresses that patterns are tried with",
	"connectors/format/guess_columns.go": "patterns, and words as files have them",
	"pipelines/hclfile/exprtext.go":      "the canonical text of an expression, which is compared",
	"pipelines/names.go":                 "what is personal, in French in every language",
	"transforms/privacy/paragraph.go":    "the public paragraph, which is French",
	"transforms/privacy/protection.go":   "a sentence of that paragraph",
	"transforms/privacy/french.go":       "what the public and the register read, which is French",
	"pipelines/cli/register.go":          "the register, which is French",
	"transforms/privacy/hierarchy.go":    "names of levels, French in every language",
	"pipelines/messages":                 "the catalogue itself",
	"transforms/internal/protect":        "labels, French in every language, and words as texts have them",
	"pipelines/expr/functions_text.go":   "functions in both languages",
	"pipelines/expr/functions_values.go": "functions in both languages",
	"pipelines/pipelinetest":             "for authors of components",
}

// TestFragmentsAreFrench reads the sources for the parts of sentences that
// messages take as parameters: each has a phrase. What is computed is a star.
func TestFragmentsAreFrench(t *testing.T) {
	found := map[string]bool{}
	for _, s := range sources(t) {
		if s.test() || tool(s) || spokenElsewhere.allow(s) {
			continue
		}
		if !under(s.dir(), "pipelines") && !under(s.dir(), "connectors") && !under(s.dir(), "transforms") && !under(s.dir(), "internal/scalar") {
			continue
		}
		fragments(s, func(at ast.Node, fragment string) {
			found[fragment] = true
			if unspoken[fragment] != "" || !sentence.MatchString(fragment) || sql.MatchString(fragment) {
				return
			}
			example := strings.ReplaceAll(fragment, "*", "Val-Fleuri")
			if fr := messages.Phrase(messages.French, example); fr == example || english.MatchString(fr) {
				t.Errorf("%s: no phrase says in French: %s", s.at(at), fragment)
			}
		})
	}
	if len(found) < 300 {
		t.Errorf("only %d texts were found", len(found))
	}
	for fragment := range unspoken {
		if !found[fragment] {
			t.Errorf("nothing says any more: %s", fragment)
		}
	}
}

// sql is what is sent to a database.
var sql = regexp.MustCompile(`^(SELECT|BEGIN|COPY|host=)|SET LOCAL| WHERE | AND ctid|ORDER BY| COLLATE `)

// english are words that no French sentence has.
var english = regexp.MustCompile(`\b(the|is|are|must|not|cannot|required|expected|been|given|have|has|does|other|which)\b`)

// sentence is what has two words or more.
var sentence = regexp.MustCompile(`(^|[^\pL%])\pL+'?\pL* (\pL+|\*)|\* \pL{2,}`)

// fragments calls visit for each text of a file; the parts of a text that is put
// together are one, and what is computed in it is a star.
func fragments(s source, visit func(at ast.Node, fragment string)) {
	var look func(n ast.Node) bool
	look = func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Field:
			return n.Tag == nil
		case *ast.ImportSpec:
			return false
		case *ast.KeyValueExpr:
			if id, ok := n.Key.(*ast.Ident); ok && (id.Name == "Doc" || id.Name == "Use" || id.Name == "Example" || id.Name == "Long" || id.Name == "Short") {
				return false
			}
		case *ast.CallExpr:
			name := called(n)
			if neverSaid.MatchString(name) {
				return false
			}
			if name == "damaged" {
				visit(n, listed(n.Args))
				return false
			}
			if format, ok := firstText(n); ok && (name == "Errorf" || name == "New") && !strings.Contains(format, " %w") && !strings.Contains(format, ": ") || ok && name == "Sprintf" {
				visit(n, starred(format))
				for _, a := range n.Args[1:] {
					ast.Inspect(a, look)
				}
				return false
			} else if ok && name == "Errorf" {
				return false // verb noun: cause, for the log
			}
		case *ast.BinaryExpr:
			if n.Op == token.ADD {
				var rest []ast.Expr
				if fragment, any := joined(n, &rest); any {
					visit(n, fragment)
					for _, e := range rest {
						ast.Inspect(e, look)
					}
					return false
				}
			}
		case *ast.BasicLit:
			if fragment, ok := text(n); ok {
				visit(n, fragment)
			}
		}
		return true
	}
	ast.Inspect(s.syntax, look)
}

func called(c *ast.CallExpr) string {
	f := c.Fun
	if i, ok := f.(*ast.IndexExpr); ok {
		f = i.X
	}
	switch f := f.(type) {
	case *ast.SelectorExpr:
		return f.Sel.Name
	case *ast.Ident:
		return f.Name
	}
	return ""
}

func firstText(c *ast.CallExpr) (string, bool) {
	if len(c.Args) == 0 {
		return "", false
	}
	return text(c.Args[0])
}

// joined is a sum of texts, and what else is in it; any says whether one is written out.
func joined(e ast.Expr, rest *[]ast.Expr) (fragment string, any bool) {
	if b, ok := e.(*ast.BinaryExpr); ok && b.Op == token.ADD {
		left, l := joined(b.X, rest)
		right, r := joined(b.Y, rest)
		return left + right, l || r
	}
	if s, ok := text(e); ok {
		return s, true
	}
	*rest = append(*rest, e)
	return "*", false
}

// listed are texts and what stands between them.
func listed(args []ast.Expr) (fragment string) {
	for _, a := range args {
		if s, ok := text(a); ok {
			fragment += s
		} else {
			fragment += "*"
		}
	}
	return fragment
}

func starred(format string) string {
	return strings.ReplaceAll(verb.ReplaceAllString(format, "*"), "%%", "%")
}
