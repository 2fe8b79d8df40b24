package cli

import (
	"fmt"

	"github.com/lavoir-data/lavoir/pipelines/hclfile"
)

// exceptions lists what override files replace, and why.
func (a *app) exceptions(all []hclfile.Exception) error {
	if a.json() {
		return a.printJSON(all)
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
