package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

func (a *app) subjectCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "subject",
		Short: a.t("Answer a person who objects, or asks what is kept", "Répondre à une personne qui s'oppose, ou demande ce qui est conservé"),
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.subjectFindCmd(), a.opposeCmd())
	return cmd
}

// subjectKeys are the lines of the key file, which is never an argument: those stay in
// the history of a shell and show in the list of processes.
func (a *app) subjectKeys(file string) ([]string, error) {
	in := a.In
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return nil, messages.FileUnreadable.With("file", "--key-file", "why", pipelines.Unreadable(err))
		}
		defer f.Close()
		in = f
	}
	data, err := io.ReadAll(io.LimitReader(in, 16<<20))
	if err != nil {
		return nil, messages.FileUnreadable.With("file", "--key-file", "why", pipelines.Unreadable(err))
	}
	var keys []string
	for _, line := range strings.Split(strings.TrimPrefix(string(data), "\uFEFF"), "\n") {
		if line = strings.TrimSpace(line); line != "" {
			keys = append(keys, line)
		}
	}
	return keys, nil
}

func (a *app) opposeCmd() *cobra.Command {
	var file string
	var withdraw bool
	cmd := &cobra.Command{
		Use:   "oppose [folder or file]",
		Short: a.t("Keep the list of those whose rows never leave", "Tenir la liste des personnes dont les lignes ne sortent jamais"),
		Long: a.t("Adds the persons of the key file to the lists of the selected policies, and confirms that the lists are whole; without --key-file it confirms alone. A list holds keyed hashes: nobody reads a name in it. What is public stays until the pipelines run again.",
			"Ajoute les personnes du fichier de clés aux listes des politiques choisies, et confirme que les listes sont complètes ; sans --key-file, confirme seulement. Une liste contient des empreintes à clé : personne n'y lit un nom. Ce qui est public le reste jusqu'à la prochaine exécution des pipelines."),
		Example: `  lavoir subject oppose --pipeline agents --key-file -
  lavoir subject oppose
  lavoir subject oppose --withdraw --key-file -`,
		RunE: func(cmd *cobra.Command, args []string) error {
			var keys []string
			if file != "" {
				var err error
				if keys, err = a.subjectKeys(file); err != nil {
					return err
				}
			}
			if len(keys) == 0 && (file != "" || withdraw) {
				return messages.SubjectKey.With("count", 0, "wanted", 1)
			}
			return a.oppose(cmd.Context(), args, keys, withdraw)
		},
	}
	cmd.Flags().StringVar(&file, "key-file", "", a.t("`file` with a key a line; - for standard input", "`fichier` avec une clé par ligne ; - pour l'entrée standard"))
	cmd.Flags().BoolVar(&withdraw, "withdraw", false, a.t("take the persons off the list", "retirer les personnes de la liste"))
	return a.selection(cmd)
}

type opposedJSON struct {
	Pipeline string `json:"pipeline"`
	Changed  int    `json:"changed"`
	Listed   int    `json:"listed"`
}

func (a *app) oppose(ctx context.Context, args, keys []string, withdraw bool) error {
	p, err := a.load(args)
	if err != nil {
		return err
	}
	if err := a.selected(p); err != nil {
		return err
	}
	if err := audit(p.State, "subject oppose"); err != nil {
		return err
	}
	lists := []opposedJSON{}
	diags, err := pipelines.Oppose(ctx, &p.Project, a.flags.sel, a.options(), keys, withdraw, func(pipeline string, changed []bool, total int) {
		l := opposedJSON{Pipeline: pipeline, Listed: total}
		for _, yes := range changed {
			if yes {
				l.Changed++
			}
		}
		lists = append(lists, l)
	})
	if err != nil {
		return err
	}
	if err := a.diagnose(diags); err != nil {
		return err
	}
	if len(lists) == 0 {
		return messages.NoOpposition.With()
	}
	if a.json() {
		return a.printJSON(lists)
	}
	for _, l := range lists {
		form := a.t("%s: %d added, %d on the list, confirmed today\n", "%s : ajout : %d ; sur la liste : %d ; confirmée aujourd'hui\n")
		if withdraw {
			form = a.t("%s: %d taken off, %d on the list, confirmed today\n", "%s : retrait : %d ; sur la liste : %d ; confirmée aujourd'hui\n")
		}
		fmt.Fprintf(a.Out, form, l.Pipeline, l.Changed, l.Listed)
	}
	return nil
}

func (a *app) subjectFindCmd() *cobra.Command {
	var file, column, identity string
	var erase bool
	cmd := &cobra.Command{
		Use:   "find [folder or file]",
		Short: a.t("Say which tasks and which local files hold a person", "Dire quelles tâches et quels fichiers locaux contiennent une personne"),
		Long: a.t("Reads what the selected tasks would read and counts the rows of one person, by the column that their policy names; looks into the quarantine with the key of one of its recipients. No value is shown. What was published without the identifier cannot be searched for the person any more, and that is said.",
			"Lit ce que les tâches choisies liraient et compte les lignes d'une personne, d'après la colonne que nomme leur politique ; regarde dans la quarantaine avec la clé d'un de ses destinataires. Aucune valeur n'est montrée. Ce qui a été publié sans l'identifiant ne permet plus d'y chercher la personne, et c'est dit."),
		Example: `  lavoir subject find --key-file - --pipeline agents
  lavoir subject find --key-file - --identity dpo.key --erase-local`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if file == "" {
				return messages.FlagMissing.With("flag", "--key-file", "example", "-")
			}
			keys, err := a.subjectKeys(file)
			if err != nil {
				return err
			}
			if len(keys) != 1 {
				return messages.SubjectKey.With("count", len(keys), "wanted", 1)
			}
			return a.findSubject(cmd.Context(), args, keys[0], column, identity, erase)
		},
	}
	f := cmd.Flags()
	f.StringVar(&file, "key-file", "", a.t("`file` with the key of the person; - for standard input", "`fichier` avec la clé de la personne ; - pour l'entrée standard"))
	f.StringVar(&column, "column", "", a.t("`column` that holds the key; that of the policy unless given", "`colonne` qui contient la clé ; celle de la politique à défaut"))
	f.StringVar(&identity, "identity", "", a.t("`file` with the secret key of a recipient of the quarantine", "`fichier` de la clé secrète d'un destinataire de la quarantaine"))
	f.BoolVar(&erase, "erase-local", false, a.t("remove the person's rows from the quarantine", "supprimer de la quarantaine les lignes de la personne"))
	return a.selection(cmd)
}

type subjectTaskJSON struct {
	pipelines.TaskID
	Column   string `json:"column,omitempty"`
	Rows     int64  `json:"rows"`
	Rejected int64  `json:"unreadable_rows,omitempty"`
	Leaves   string `json:"leaves,omitempty"`
	Looked   bool   `json:"looked_at"`
	Problem  string `json:"problem,omitempty"`
}

type subjectFileJSON struct {
	File   string `json:"file"`
	Rows   int64  `json:"rows"`
	Erased bool   `json:"erased"`
}

type subjectJSON struct {
	Tasks      []subjectTaskJSON `json:"tasks"`
	Quarantine []subjectFileJSON `json:"quarantine"`
	Closed     int               `json:"quarantine_files_not_read"`
	Running    int               `json:"running"`
}

// subjectSearch is what was found so far.
type subjectSearch struct {
	*app
	out   subjectJSON
	asked int
	codes []int
}

func (a *app) findSubject(ctx context.Context, args []string, key, column, identity string, erase bool) error {
	p, err := a.load(args)
	if err != nil {
		return err
	}
	what := "subject find"
	if erase {
		what += " --erase-local"
	}
	if err := a.selected(p); err != nil {
		return err
	}
	if err := audit(p.State, what); err != nil {
		return err
	}
	var ids io.Reader
	if identity != "" {
		data, err := os.ReadFile(identity)
		if err != nil {
			return messages.BadIdentity.With("why", pipelines.Unreadable(err))
		}
		ids = strings.NewReader(string(data))
	}
	s := &subjectSearch{app: a, out: subjectJSON{Tasks: []subjectTaskJSON{}, Quarantine: []subjectFileJSON{}}}
	diags, err := pipelines.FindSubject(ctx, &p.Project, a.flags.sel, a.options(), column, key, func(f pipelines.FoundSubject) bool {
		s.add(f)
		return true
	})
	if err != nil {
		return err
	}
	if err := a.diagnose(diags); err != nil {
		return err
	}
	if s.asked == 0 && len(s.out.Tasks) > 0 && !slices.ContainsFunc(s.out.Tasks, func(t subjectTaskJSON) bool { return t.Looked || t.Problem != "" }) {
		return messages.NoSubject.With()
	}
	local, err := pipelines.FindLocalSubject(ctx, &p.Project, key, ids, erase)
	if err != nil {
		return err
	}
	return s.end(local, erase)
}

func (s *subjectSearch) add(f pipelines.FoundSubject) {
	t := subjectTaskJSON{TaskID: f.Task.ID, Column: f.Column, Rows: f.Rows, Rejected: f.Rejected, Leaves: f.Leaves}
	switch {
	case f.Err != nil:
		t.Problem = s.oneLine(f.Err)
		s.codes = append(s.codes, pipelines.ExitCode(f.Err))
	case f.Held || f.Absent:
		s.asked++
	case f.Column != "":
		s.asked++
		t.Looked = true
	}
	s.out.Tasks = append(s.out.Tasks, t)
	if s.json() {
		return
	}
	switch {
	case t.Problem != "":
		fmt.Fprintf(s.Out, "%s  %s\n", f.Task.ID, s.t("not looked at: ", "non regardée : ")+t.Problem)
	case f.Held:
		fmt.Fprintf(s.Out, "%s  %s\n", f.Task.ID, s.t("not looked at: no authorization, it reads nothing", "non regardée : pas d'autorisation, elle ne lit rien"))
	case f.Absent:
		fmt.Fprintf(s.Out, "%s  %s\n", f.Task.ID, s.t("nothing to read", "rien à lire"))
	case f.Column == "":
		fmt.Fprintf(s.Out, "%s  %s\n", f.Task.ID, s.t("not looked at: its policy names no subject; give --column", "non regardée : sa politique ne nomme pas subject ; donnez --column"))
	default:
		fmt.Fprintf(s.Out, s.t("%s  %s by column %s", "%s  %s d'après la colonne %s"), f.Task.ID, s.rows(f.Rows), f.Column)
		if f.Rejected > 0 {
			fmt.Fprintf(s.Out, s.t("; %s could not be read and may be anybody's", " ; de n'importe qui peut-être, car illisible : %s"), s.rows(f.Rejected))
		}
		if f.Rows > 0 {
			fmt.Fprintf(s.Out, "\n  %s", s.published(f.Leaves))
		}
		fmt.Fprintln(s.Out)
	}
}

// published says what of the person can be found in releases.
func (s *subjectSearch) published(leaves string) string {
	switch leaves {
	case "pseudonym":
		return s.t("published under a pseudonym that is drawn for each release: which of the public rows are the person's cannot be told without the key",
			"publiée sous un pseudonyme tiré pour chaque publication : on ne peut pas dire sans la clé quelles lignes publiques sont celles de la personne")
	case "masked":
		return s.t("published masked, or in clear where the rule allows it: look at the public file for that",
			"publiée masquée, ou en clair là où la règle le permet : regardez pour cela le fichier public")
	case "shown":
		return s.t("published as it is, or as coarse as the policy makes it: the public file tells which rows are the person's",
			"publiée telle quelle, ou regroupée comme le veut la politique : le fichier public dit quelles lignes sont celles de la personne")
	}
	return s.t("the identifier does not leave: which of the public rows are the person's cannot be told any more",
		"l'identifiant ne sort pas : on ne peut plus dire quelles lignes publiques sont celles de la personne")
}

func (s *subjectSearch) end(local pipelines.LocalSubject, erase bool) error {
	s.out.Closed, s.out.Running = local.Closed, local.Running
	for _, q := range local.Quarantine {
		s.out.Quarantine = append(s.out.Quarantine, subjectFileJSON{q.File, q.Rows, erase})
		if s.json() {
			continue
		}
		form := s.t("quarantine %s  %s\n", "quarantaine %s  %s\n")
		if erase {
			form = s.t("quarantine %s  erased: %s\n", "quarantaine %s  supprimé : %s\n")
		}
		fmt.Fprintf(s.Out, form, q.File, s.rows(q.Rows))
	}
	if s.json() {
		if err := s.printJSON(s.out); err != nil {
			return err
		}
	} else {
		fmt.Fprintln(s.Out, s.t("temporary files: none can be read, not even by this command: their keys go with the process; what killed runs left was removed",
			"fichiers temporaires : aucun n'est lisible, même par cette commande : leurs clés disparaissent avec le processus ; ce qu'ont laissé les exécutions interrompues a été supprimé"))
	}
	switch {
	case len(s.codes) > 0:
		return exitError(slices.Max(s.codes))
	case local.Closed > 0:
		return messages.QuarantineClosed.With("count", local.Closed)
	case local.Running > 0:
		return messages.SubjectRunning.With("count", local.Running)
	}
	return nil
}
