package cli

import (
	"path"
	"slices"
	"strings"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/hclfile"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// selected refuses a selection that is asked for and of no task: nothing that was found
// among nothing may be taken for an answer.
func (a *app) selected(p *hclfile.Project) error {
	if a.flags.sel == (pipelines.Selection{}) {
		return nil
	}
	any := false
	diags := p.Tasks(a.flags.sel, func(pipelines.Task) bool { any = true; return false })
	if any || diags.HasErrors() { // which the verb says
		return nil
	}
	return a.nothingSelected()
}

// nothingSelected says which part of the selection leaves nothing, and what was
// probably meant.
func (a *app) nothingSelected() error {
	say := func(why, hint string) error { return messages.NothingSelected.With("why", why, "hint", hint) }
	if a.project == nil {
		return say("the project has none", "correct --pipeline, --tenant or --partition")
	}
	names := a.project.PipelineNames()
	if len(names) == 0 {
		return say("the project has no pipeline", "write one, or start with lavoir init or lavoir guess")
	}
	sel := a.flags.sel
	if sel.Pipeline != "" && !slices.ContainsFunc(names, func(n string) bool { return matches(sel.Pipeline, n) }) {
		return say("no pipeline is "+sel.Pipeline, pipelines.Hint(sel.Pipeline, names))
	}
	for _, part := range []struct {
		name, given string
		wider       pipelines.Selection
		of          func(pipelines.TaskID) string
	}{
		{"no tenant is ", sel.Tenant, pipelines.Selection{Pipeline: sel.Pipeline}, func(id pipelines.TaskID) string { return id.Tenant }},
		{"no partition is ", sel.Partition, pipelines.Selection{Pipeline: sel.Pipeline, Tenant: sel.Tenant}, func(id pipelines.TaskID) string { return id.Partition }},
	} {
		if part.given == "" {
			continue
		}
		var keys []string
		found := false
		a.project.Tasks(part.wider, func(t pipelines.Task) bool {
			key := part.of(t.ID)
			found = found || matches(part.given, key)
			if key != "" && !slices.Contains(keys, key) && len(keys) < mostNamed {
				keys = append(keys, key)
			}
			return !found
		})
		if !found {
			hint := "correct --pipeline, --tenant or --partition"
			if len(keys) > 0 && len(keys) < mostNamed {
				hint = pipelines.Hint(part.given, keys)
			}
			return say(part.name+part.given, hint)
		}
	}
	return say("the tenants and partitions of the project leave none", "look at the tables of tenants, their when, and the values of partition")
}

// mostNamed is how many keys are looked through for what was meant.
const mostNamed = 2000

// matches says whether a name is one that a pattern selects.
func matches(pattern, name string) bool {
	flat := func(s string) string { return strings.ReplaceAll(s, "/", "\x00") }
	ok, _ := path.Match(flat(pattern), flat(name))
	return ok
}
