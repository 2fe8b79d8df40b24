package cli

import (
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

func tree(t *testing.T, lang messages.Lang) map[string]*cobra.Command {
	t.Helper()
	a := &app{reg: pipelines.MustRegistry(), lang: lang}
	all := map[string]*cobra.Command{}
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		c.InitDefaultHelpFlag()
		all[c.CommandPath()] = c
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(a.root())
	return all
}

// english are words of the library's own help, and of ours, that no French help has.
var english = regexp.MustCompile(`(?i)\b(the|for|of|this|usage|flags|command|help|file|folder|show|print|with|only|default)\b`)

// Every verb and every flag speaks French, in words of its own.
func TestHelpIsFrench(t *testing.T) {
	en, fr := tree(t, messages.English), tree(t, messages.French)
	if len(en) < 20 || len(en) != len(fr) {
		t.Fatalf("%d commands in English, %d in French", len(en), len(fr))
	}
	for path, c := range fr {
		if c.Short == "" || c.Short == en[path].Short || c.Long != "" && c.Long == en[path].Long {
			t.Errorf("%s says the same in both languages: %s %s", path, c.Short, c.Long)
		}
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if same := en[path].Flags().Lookup(f.Name); !f.Hidden && (f.Usage == "" || f.Usage == same.Usage) {
				t.Errorf("%s --%s says the same in both languages: %s", path, f.Name, f.Usage)
			}
		})
		var b strings.Builder
		c.SetOut(&b)
		if err := c.Help(); err != nil {
			t.Error(err)
		}
		for line := range strings.Lines(b.String()) {
			text := names.ReplaceAllString(line, "")
			if w := english.FindString(text); w != "" {
				t.Errorf("%s says %q in French: %s", path, w, line)
			}
		}
	}
}

// names are commands, flags and examples, which are the same in every language.
var names = regexp.MustCompile(`lavoir [^:;]*|--[a-z-]+|"text"|\b(help|completion)  |source <\(|echo ".*`)
