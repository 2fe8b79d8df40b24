package cli

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// reviewedTexts is how many texts of a column are drawn unless the command says.
const reviewedTexts = 100

func (a *app) reviewCmd() *cobra.Command {
	var texts int
	var out string
	cmd := &cobra.Command{
		Use:   "review [folder or file]",
		Short: a.t("Draw a sheet of redacted texts for a person to read", "Tirer une feuille de textes caviardés à faire relire"),
		Long: a.t("Reads the selected tasks and publishes nothing: it draws texts of the columns that the policy redacts, marks what is taken away, and writes them into one sheet for each pipeline and policy. Half of the texts have marks, as far as there are enough. The sheet holds texts in clear, so it is encrypted to the quarantine recipients of the project, or else readable by this account alone; who drew it is noted. Read it for names that are not marked, and have it accepted.",
			"Lit les tâches sélectionnées et ne publie rien : la commande tire des textes des colonnes que la politique caviarde, marque ce qui est retiré, et les écrit dans une feuille par pipeline et politique. La moitié des textes ont des marques, autant qu'il y en a assez. La feuille contient des textes en clair : elle est chiffrée pour les destinataires quarantine du projet, à défaut lisible par ce seul compte ; on note qui l'a tirée. Cherchez-y les noms qui ne sont pas marqués, et faites-la accepter."),
		Example: `  lavoir privacy review --pipeline deliberations
  lavoir privacy review --pipeline deliberations --tenant '35*' --texts 200 --out relecture`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if texts < 1 {
				return messages.BadFlag.With("flag", "--texts", "wanted", "1, 2, 3, …")
			}
			p, err := a.load(args)
			if err != nil {
				return err
			}
			noted := func(t pipelines.TaskID) error { return audit(p.State, "privacy review "+t.String()) }
			reviews, err := pipelines.ReviewTasks(cmd.Context(), &p.Project, a.flags.sel, texts, a.options(), noted)
			if err != nil {
				return err
			}
			if len(reviews) == 0 {
				return messages.NothingToReview.With()
			}
			folder := cmp.Or(out, filepath.Join(p.State, pipelines.ReviewFolder))
			sheets := make([]reviewJSON, len(reviews))
			for i, v := range reviews {
				path, err := v.Write(folder, p.Recipients)
				if err != nil {
					return err
				}
				sheets[i] = sheetOf(v, path)
				if !a.json() {
					a.sheet(sheets[i])
				}
				for _, c := range sheets[i].Columns {
					if c.Texts == 0 {
						a.say(messages.NoTextToReview.With("column", c.Column, "pipeline", v.Pipeline))
					}
				}
				if len(p.Recipients) == 0 {
					a.say(messages.SheetPlain.With("path", path))
				}
			}
			if a.json() {
				return a.printJSON(sheets)
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.IntVar(&texts, "texts", reviewedTexts, a.t("`number` of texts of each column, at most", "`nombre` de textes de chaque colonne, au plus"))
	f.StringVar(&out, "out", "", a.t("`folder` of the sheets; one in the local state unless given", "`dossier` des feuilles ; à défaut un dossier de l'état local"))
	return a.selection(cmd)
}

// reviewJSON is a sheet that was written, without what it holds.
type reviewJSON struct {
	Pipeline string         `json:"pipeline"`
	Policy   string         `json:"policy_sha256"`
	Tasks    int            `json:"tasks"`
	Columns  []reviewedJSON `json:"columns"`
	Path     string         `json:"path"`
}

type reviewedJSON struct {
	Column string `json:"column"`
	Texts  int    `json:"texts"`
	Marked int    `json:"texts_with_marks"`
}

func sheetOf(v *pipelines.Review, path string) reviewJSON {
	out := reviewJSON{Pipeline: v.Pipeline, Policy: v.Policy, Tasks: v.Tasks, Path: path}
	for _, c := range v.Columns {
		out.Columns = append(out.Columns, reviewedJSON{Column: c})
	}
	for _, t := range v.Texts {
		c := &out.Columns[slices.Index(v.Columns, t.Column)]
		c.Texts++
		if t.Found != "" {
			c.Marked++
		}
	}
	return out
}

func (a *app) sheet(v reviewJSON) {
	fmt.Fprintf(a.Out, "%s%s %s\n", v.Pipeline, a.colon(), v.Path)
	for _, c := range v.Columns {
		fmt.Fprintf(a.Out, "  %s%s %s\n", messages.Visible(c.Column), a.colon(), fmt.Sprintf(a.t("%d texts, %d with marks", "%d textes, dont %d avec des marques"), c.Texts, c.Marked))
		fmt.Fprintf(a.Out, "    lavoir accept privacy --rule %s --column %s\n", pipelines.RuleReview, messages.Visible(c.Column))
	}
}
