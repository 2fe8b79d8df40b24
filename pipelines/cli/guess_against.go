package cli

import "github.com/lavoir-data/lavoir/pipelines/messages"

func (a *app) against(p *proposal, project string) (string, error) {
	return "", messages.GuessAgainst.With("pipeline", a.flags.sel.Pipeline)
}
