package expr

import (
	"strings"
	"testing"
)

// Every function is described in both languages, and its example is true: of
// constants, and of columns that hold them.
func TestFunctionExamples(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range Functions() {
		t.Run(f.Name, func(t *testing.T) {
			if f.EN == "" || f.FR == "" || f.Group == "" || !strings.Contains(f.Signature, f.Name+"(") || seen[f.Name] {
				t.Fatalf("badly described: %+v", f)
			}
			seen[f.Name] = true
			if !strings.HasPrefix(f.Example, f.Name+"(") {
				t.Fatalf("the example %s does not call it", f.Example)
			}
			if got := values(t, f.Example, town(t)); got[0] != f.Result {
				t.Errorf("%s is %s, not %s", f.Example, got[0], f.Result)
			}
		})
	}
}
