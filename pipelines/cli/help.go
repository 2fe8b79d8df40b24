package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// inFrench gives the help of root and of all its verbs in French, the words of
// the library included.
func inFrench(root *cobra.Command) {
	root.SetUsageFunc(frenchUsage)
	for _, c := range root.Commands() {
		helpFlag(c)
		for _, verb := range c.Commands() {
			helpFlag(verb)
		}
		switch c.Name() {
		case "help":
			c.Short, c.Long = "Aide d'une commande", "Montre l'aide d'une commande."
		case "completion":
			c.Short = "Complétion de la ligne de commande, pour bash, zsh, fish ou PowerShell"
			c.Long = "Affiche le script qui complète les commandes et les options quand on presse Tab."
			for _, shell := range c.Commands() {
				shell.Short = "Script de complétion pour " + shell.Name()
				shell.Long = shell.Short + ".\n\n" + completionUse[shell.Name()]
				if f := shell.Flags().Lookup("no-descriptions"); f != nil {
					f.Usage = "compléter sans montrer les descriptions"
				}
			}
		}
	}
	helpFlag(root)
}

func helpFlag(c *cobra.Command) {
	c.InitDefaultHelpFlag()
	if f := c.Flags().Lookup("help"); f != nil {
		f.Usage = "cette aide"
	}
}

// completionUse says how each shell takes its script.
var completionUse = map[string]string{
	"bash":       "Pour cette session : source <(lavoir completion bash)\nPour toutes : lavoir completion bash > /etc/bash_completion.d/lavoir\nLe paquet bash-completion doit être installé.",
	"zsh":        "Pour cette session : source <(lavoir completion zsh)\nPour toutes : lavoir completion zsh > \"${fpath[1]}/_lavoir\"\nSi la complétion n'est pas active : echo \"autoload -U compinit; compinit\" >> ~/.zshrc",
	"fish":       "Pour cette session : lavoir completion fish | source\nPour toutes : lavoir completion fish > ~/.config/fish/completions/lavoir.fish",
	"powershell": "Pour cette session : lavoir completion powershell | Out-String | Invoke-Expression\nPour toutes : ajoutez cette ligne à votre profil PowerShell.",
}

func frenchUsage(c *cobra.Command) error {
	w := c.OutOrStderr()
	words := strings.NewReplacer("[folder or file]", "[dossier ou fichier]", "[folder or file …]", "[dossier ou fichier …]",
		"[project, published folder or manifest.json]", "[projet, dossier publié ou manifest.json]",
		"guess file", "guess fichier", "explore file", "explore fichier",
		"[folder]", "[dossier]", "[component]", "[composant]", "[flags]", "[options]", "[command]", "[commande]")
	flags := strings.NewReplacer("(default ", "(par défaut ")
	fmt.Fprint(w, "Utilisation :")
	if c.Runnable() {
		fmt.Fprintf(w, "\n  %s", words.Replace(c.UseLine()))
	}
	if c.HasAvailableSubCommands() {
		fmt.Fprintf(w, "\n  %s [commande]", c.CommandPath())
	}
	if c.HasExample() {
		fmt.Fprintf(w, "\n\nExemples :\n%s", c.Example)
	}
	if c.HasAvailableSubCommands() {
		fmt.Fprint(w, "\n\nCommandes :")
		for _, sub := range c.Commands() {
			if sub.IsAvailableCommand() || sub.Name() == "help" {
				fmt.Fprintf(w, "\n  %-*s %s", sub.NamePadding(), sub.Name(), sub.Short)
			}
		}
	}
	if c.HasAvailableLocalFlags() {
		fmt.Fprintf(w, "\n\nOptions :\n%s", strings.TrimRight(flags.Replace(c.LocalFlags().FlagUsages()), " \n"))
	}
	if c.HasAvailableInheritedFlags() {
		fmt.Fprintf(w, "\n\nOptions de toutes les commandes :\n%s", strings.TrimRight(flags.Replace(c.InheritedFlags().FlagUsages()), " \n"))
	}
	if c.HasAvailableSubCommands() {
		fmt.Fprintf(w, "\n\n« %s [commande] --help » en dit plus sur une commande.", c.CommandPath())
	}
	fmt.Fprintln(w)
	return nil
}
