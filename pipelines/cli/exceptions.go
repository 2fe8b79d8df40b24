package cli

import (
	"fmt"

	"github.com/lavoir-data/lavoir/pipelines/hclfile"
)

type exceptionJSON struct {
	Tenants string    `json:"tenants"`
	Key     string    `json:"key"`
	Column  string    `json:"column"`
	From    string    `json:"from"`
	To      string    `json:"to"`
	Reason  string    `json:"reason"`
	Until   string    `json:"until,omitempty"`
	File    string    `json:"file"`
	Start   placeJSON `json:"start"`
}

// exceptions lists what override files replace, and why.
func (a *app) exceptions(all []hclfile.Exception) error {
	if a.json() {
		out := []exceptionJSON{}
		for _, e := range all {
			out = append(out, exceptionJSON{e.Tenants, e.Key, e.Column, e.From, e.To, e.Reason, e.Until, e.Range.Filename,
				placeJSON{e.Range.Start.Line, e.Range.Start.Column}})
		}
		return a.printJSON(out)
	}
	if len(all) == 0 {
		fmt.Fprintln(a.Out, a.t("no exception", "aucune exception"))
	}
	for _, e := range all {
		fmt.Fprintf(a.Out, "tenants.%s[%q].%s: %q → %q\n  %s\n", e.Tenants, e.Key, e.Column, e.From, e.To, e.Reason)
		if e.Until != "" {
			fmt.Fprintf(a.Out, "  %s %s\n", a.t("until", "jusqu'au"), e.Until)
		}
		fmt.Fprintf(a.Out, "  %s\n", e.Range)
	}
	return nil
}
