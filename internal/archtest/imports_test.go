package archtest

import (
	"strings"
	"testing"
)

// rule says that files under from do not import anything under to.
type rule struct {
	from, to []string
	except   []string // folders under from that may
	allowed  []string // packages under to that any may
	why      string
	tests    bool // holds for test files too
}

// tools hold programs that help to build and to test, and are in no binary.
var tools = []string{"bench", "dev", "examples", "testdata"}

func ours(folders ...string) []string {
	for i, f := range folders {
		folders[i] = module + "/" + f
	}
	return folders
}

var rules = []rule{
	{from: []string{"pipelines"}, to: ours("transforms", "connectors", "cmd"), tests: false,
		why: "the contract and the engine know no component: they reach them through a Registry, so that a binary chooses its own"},
	{from: []string{"pipelines", "transforms", "connectors", "internal"}, except: []string{"pipelines/cli", "internal/docgen", "internal/doctest"}, to: ours("pipelines/cli"), tests: true,
		why: "the command is a user of the engine, not a part of it"},
	{from: []string{"transforms"}, to: ours("connectors", "pipelines/cli", "pipelines/hclfile", "cmd"), tests: false,
		why: "a transform works on rows wherever they come from; only the registry puts it beside a connector"},
	{from: []string{"connectors"}, to: ours("transforms", "pipelines/cli", "pipelines/hclfile", "cmd"), tests: false,
		why: "a connector moves rows and does not know what becomes of them"},
	{from: []string{"connectors/store"}, to: ours("connectors/format", "connectors/file", "connectors/sql", "connectors/catalog"), tests: true,
		why: "stores and formats are two axes: a store keeps bytes and does not know what they say"},
	{from: []string{"connectors/format"}, to: ours("connectors/store", "connectors/file", "connectors/sql", "connectors/catalog"), tests: true,
		why: "stores and formats are two axes: a format makes bytes and does not know where they are kept"},
	{from: []string{"connectors/sql"}, to: ours("connectors/store", "connectors/format", "connectors/file", "connectors/catalog"), tests: false,
		why: "inside connectors only file combines others"},
	{from: []string{"transforms/columns", "transforms/rows", "transforms/tables", "transforms/text", "transforms/privacy", "transforms/places", "transforms/quality"},
		to: ours("transforms"), allowed: ours("transforms/internal"), tests: false,
		why: "a family of transforms stands alone; what two of them need is in transforms/internal or the engine"},
	{from: []string{"internal/arrowx", "internal/scalar"}, to: ours("transforms", "connectors", "cmd", "pipelines/cli", "pipelines/hclfile", "pipelines/expr"), tests: false,
		why: "what is below the engine does not look up"},
	{from: []string{"pipelines/messages"}, to: ours(""), tests: false,
		why: "every package says messages, so that they can depend on none"},
	{from: []string{"pipelines", "transforms", "connectors"}, to: []string{"github.com/spf13/cobra", "golang.org/x/term"}, except: []string{"pipelines/cli"}, tests: false,
		why: "only the command has flags and a terminal"},
	{from: []string{"."}, to: []string{"github.com/apache/arrow/go/v15/arrow/compute", "github.com/apache/arrow/go/v15/arrow/csv"}, tests: true,
		why: "their null, overflow and number rules are not ours, and compute keeps a global registry"},
	{from: []string{"."}, except: append([]string{"internal/deps"}, tools...), to: []string{"github.com/apache/arrow/go/v15/parquet"}, tests: false,
		why: "Parquet is written and read by our own codec; the other one is there to check it"},
	{from: []string{"."}, to: []string{"github.com/stretchr/testify", "github.com/pkg/errors", "github.com/sirupsen/logrus"}, tests: true,
		why: "the standard library and go-cmp do"},
	{from: []string{"."}, to: []string{"C"}, tests: true,
		why: "the binary is static (CGO_ENABLED=0) on three platforms"},
	{from: []string{"."}, except: tools, to: []string{"log", "log/slog"}, tests: false,
		why: "logs go through Env.Log, which knows what may be shown"},
	{from: []string{"."}, except: tools, to: []string{"math/rand"}, tests: false,
		why: "randomness is Env.Rand, so that a run can be repeated"},
}

func (r rule) covers(s source) bool {
	if s.test() && !r.tests {
		return false
	}
	in := false
	for _, from := range r.from {
		in = in || from == "." || under(s.dir(), from)
	}
	for _, e := range r.except {
		in = in && !under(s.dir(), e)
	}
	return in
}

func (r rule) forbids(s source, imported string) bool {
	for _, ok := range r.allowed {
		if under(imported, ok) {
			return false
		}
	}
	self := module + "/" + s.dir()
	for _, to := range r.to {
		to = strings.TrimSuffix(to, "/")
		own := under(self, to) && under(imported, self) // a package may have packages below it
		if under(imported, to) && !own {
			return true
		}
	}
	return false
}

func TestImports(t *testing.T) {
	for _, s := range sources(t) {
		for _, imported := range s.imports() {
			for _, r := range rules {
				if r.covers(s) && r.forbids(s, imported) {
					t.Errorf("%s imports %s\n\twhy not: %s", s.path, imported, r.why)
				}
			}
		}
	}
}

// TestRulesForbid shows that every rule can fail: a rule that cannot is a comment.
func TestRulesForbid(t *testing.T) {
	for _, r := range rules {
		s := source{path: strings.TrimPrefix(r.from[0]+"/x.go", "./")}
		if !r.covers(s) || !r.forbids(s, strings.TrimSuffix(r.to[0], "/")+"/y") && !r.forbids(s, r.to[0]) {
			t.Errorf("nothing breaks the rule %q", r.why)
		}
		if len(r.why) < 20 {
			t.Errorf("the rule about %v gives no reason", r.to)
		}
	}
}
