package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/hclfile"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// exploredAccepted adds what the approvers of the project that the policy lies in accepted
// of it. A policy that stands alone has none.
func (a *app) exploredAccepted(x *pipelines.Exploration, policy string, t pipelines.Task) {
	folder := filepath.Dir(policy)
	if _, err := os.Stat(filepath.Join(folder, pipelines.AcceptancesFolder)); err != nil {
		return
	}
	whole, diags := hclfile.Load(folder, a.reg, hclfile.Options{Environ: os.Environ(), Now: time.Now})
	if diags.HasErrors() {
		a.say(messages.AcceptancesUnseen.With("folder", folder))
		return
	}
	x.Accept(whole.Acceptances, t.Policy, time.Now())
}

func (a *app) exploredJSON(x *pipelines.Exploration) error {
	if r := x.Refused; r != nil {
		m := messages.Find(r.Err)
		r.What, r.Remedy = m.What(a.lang), m.Remedy(a.lang)
	}
	return a.printJSON(x)
}

// exploredRefused prints what stands in the way, and what would help.
func (a *app) exploredRefused(x *pipelines.Exploration) error {
	a.exploredBefore(x)
	m := messages.Find(x.Refused.Err)
	a.exploredLine("\nNothing fits (%s): %s", "\nRien ne convient (%s) : %s", m.Code, m.What(a.lang))
	w := tabwriter.NewWriter(a.Out, 2, 4, 2, ' ', 0)
	if len(x.Refused.Changes) > 0 {
		a.exploredLine("\nWhat would help, each by itself (score, suppressed):", "\nCe qui aiderait, chaque chose à elle seule (score, supprimées) :")
		for _, c := range x.Refused.Changes {
			fmt.Fprintln(w, strings.TrimRight("  "+a.exploredChange(c)+"\t"+a.cost(c.Optimum), "\t"))
		}
		if err := w.Flush(); err != nil {
			return err
		}
	}
	if len(x.Costs) > 1 {
		a.exploredLine("\nLeaving a quasi-identifier out (score, suppressed):", "\nSans l'un des quasi-identifiants (score, supprimées) :")
		for _, c := range x.Costs {
			fmt.Fprintln(w, strings.TrimRight("  "+messages.Visible(c.Column)+"\t"+a.cost(c.Without), "\t"))
		}
		if err := w.Flush(); err != nil {
			return err
		}
	}
	a.exploredGate(x)
	return nil
}

// exploredChange is an argument as the policy would have it.
func (a *app) exploredChange(c pipelines.ExploredChange) string {
	if c.Argument == "sensitive" {
		return fmt.Sprintf(a.t("without sensitive %s", "sans sensitive %s"), messages.Visible(c.Column))
	}
	text := c.Argument
	if c.To != nil {
		text += " = " + strconv.FormatFloat(*c.To, 'f', -1, 64)
	}
	if c.Column != "" {
		text = messages.Visible(c.Column) + ", " + text
	}
	return text
}

// exploredGate prints what the gate would refuse of the optimum, and what approvers accepted
// of this policy.
func (a *app) exploredGate(x *pipelines.Exploration) {
	for _, t := range x.Thresholds {
		if !t.Kept {
			a.exploredLine("  The gate would refuse this: %s = %s, and it is %s.", "  Le contrôle le refuserait : %s = %s, et c'est %s.",
				t.Rule, argument(t.Threshold), a.decimal(pipelines.Figure(t.Figure)))
		}
	}
	if len(x.Acceptances) == 0 {
		return
	}
	a.exploredLine("\nAccepted by approvers for this policy, and not applied here:", "\nAccepté par des approbateurs pour cette politique, et non appliqué ici :")
	for _, s := range x.Acceptances {
		ceiling := ""
		if s.Ceiling != nil {
			ceiling = fmt.Sprintf(a.t(" up to %s", " jusqu'à %s"), argument(*s.Ceiling))
		}
		does := ""
		switch s.Bearing {
		case pipelines.AcceptancePasses:
			does = a.t("; a run passes by it", " ; une exécution passe grâce à elle")
		case pipelines.AcceptanceShort:
			does = a.t("; it does not reach what was found", " ; elle n'atteint pas ce qui a été trouvé")
		}
		a.exploredLine("  %s%s, pipeline %s, tenants %s, until %s%s", "  %s%s, pipeline %s, collectivités %s, jusqu'au %s%s",
			messages.Visible(pipelines.RuleName(s.Rule, s.Column)), ceiling, messages.Visible(s.Pipeline), messages.Visible(s.Tenants), s.Until, does)
	}
}
