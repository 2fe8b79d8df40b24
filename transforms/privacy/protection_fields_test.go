package privacy

import (
	"reflect"
	"strings"
	"testing"

	"github.com/lavoir-data/lavoir/pipelines"
)

// judged are the arguments of a policy of which it was thought what they mean for the
// public, and for whether the data may be called anonymous: see Protection and open.
const judged = `
purpose controller data_subjects public subject identifier quasi sensitive clear microaggregate opposition model gate text expect
identifier: column action clear_when otherwise show_first show_last key domain rotate destroy_after canonical legal_basis reason
sensitive: column diversity closeness
model: k k_map population suppression_limit metric search suppressed_rows null_match sensitive_judged max_average_risk
gate: max_prosecutor_risk max_uniques compare_with on_small_difference max_hold supersede
text: column action review sole_traders first_names terms
expect: column kinds reason
microaggregate: name columns k method
`

// A policy that learns something new must tell the public of it, and must not go on
// calling data anonymous for criteria that do not know of it.
func TestEveryArgumentIsJudged(t *testing.T) {
	named := map[string]bool{}
	for line := range strings.Lines(strings.TrimSpace(judged)) {
		block, names, found := strings.Cut(line, ":")
		if !found {
			block, names = "", line
		}
		for _, name := range strings.Fields(names) {
			named[block+"."+name] = true
		}
	}
	look := func(block string, config any) {
		for f := range reflect.TypeOf(config).Fields() {
			name, _, _ := strings.Cut(f.Tag.Get("hcl"), ",")
			if !named[block+"."+name] {
				t.Errorf("%s.%s is new: tell in Protection what it does to a column, see that the criteria of open are right with it, and name it here", block, name)
			}
		}
	}
	look("", policyConfig{})
	look("identifier", identifierConfig{})
	look("sensitive", sensitiveConfig{})
	look("model", modelConfig{})
	look("gate", gateConfig{})
	look("text", textConfig{})
	look("expect", expectConfig{})
	look("microaggregate", microConfig{})
	if known(pipelines.ProtectedColumn{Role: "new", Treatment: pipelines.Kept}) {
		t.Error("a role that nobody thought of is known")
	}
}
