package hclfile

import (
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// unusedPolicies warns of the policies that no pipeline uses: whoever wrote one believes
// that it protects something. What can be read of one is checked all the same.
func (l *loader) unusedPolicies() {
	if len(l.project.pipes) == 0 { // a file of policies alone, which is explored or verified with
		return
	}
	used := map[string]bool{}
	for _, p := range l.project.pipes {
		if p.use == nil {
			continue
		}
		for _, t := range hclsyntax.Variables(p.use) {
			if t.RootName() != "privacy" {
				continue
			}
			name, known := "", false
			if len(t) > 1 {
				name, known = stepName(t[1])
			}
			if !known { // whichever the tenant names
				return
			}
			used[name] = true
		}
	}
	var unused []*policy
	for _, name := range slices.Sorted(maps.Keys(l.policies)) {
		p := l.policies[name]
		if used[name] {
			continue
		}
		unused = append(unused, p)
		if p.part.level == once && !p.part.sources && !l.broken {
			_, diags := p.part.component.Decode(l.reg, p.part.body, l.root)
			l.add(diags...)
		}
	}
	if l.errors() > 0 { // a name that is mistyped would be why
		return
	}
	for _, p := range unused {
		l.say(messages.PolicyUnused.With("name", p.name), p.part.at)
	}
}
