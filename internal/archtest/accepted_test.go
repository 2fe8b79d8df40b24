package archtest

import (
	"go/ast"
	"testing"
)

// accepting are the files that ask what approvers accepted, each with what about. A mark is
// in none of them (ADR 36): who adds a file here says why it guards none.
var accepting = places{
	"pipelines/acceptances.go":              "where it is answered",
	"pipelines/relaxations.go":              "where it is answered",
	"pipelines/review.go":                   "the review of texts",
	"transforms/privacy/gate_thresholds.go": "thresholds of the gate",
	"transforms/privacy/waivers.go":         "an average risk, and texts of public columns",
	"transforms/privacy/compare.go":         "levels that cross those of a release that is public",
	"transforms/privacy/compare_rows.go":    "a small difference from such a release",
}

// TestFewAskWhatIsAccepted: an acceptance can only relax what asks for it.
func TestFewAskWhatIsAccepted(t *testing.T) {
	asking := map[string]bool{}
	for _, s := range sources(t) {
		if s.test() {
			continue
		}
		ast.Inspect(s.syntax, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			if sel, ok := call.Fun.(*ast.SelectorExpr); ok && (sel.Sel.Name == "Accepted" || sel.Sel.Name == "Ceiling") {
				asking[s.path] = true
				if !accepting.allow(s) {
					t.Errorf("%s asks what approvers accepted", s.at(call))
				}
			}
			return true
		})
	}
	for path := range accepting {
		if !asking[path] && path != "pipelines/acceptances.go" && path != "pipelines/relaxations.go" {
			t.Errorf("%s asks nothing", path)
		}
	}
}
