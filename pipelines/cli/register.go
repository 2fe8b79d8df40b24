package cli

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lavoir-data/lavoir/internal/opendocument"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

func (a *app) registerCmd() *cobra.Command {
	var format, to string
	cmd := &cobra.Command{
		Use:   "register [folder or file]",
		Short: a.t("Print the register of processing (GDPR, article 30), in French", "Écrire le registre des traitements (RGPD, article 30)"),
		Long: a.t("Makes the register from the privacy policies of the pipelines: what is missing there is marked in it. Nothing is contacted.",
			"Fait le registre à partir des politiques de confidentialité des pipelines : ce qui y manque est signalé. Rien n'est contacté."),
		Example: `  lavoir register > registre.md
  lavoir register --format ods --to registre.ods`,
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := a.load(args)
			if err != nil {
				return err
			}
			entries, err := pipelines.Register(&p.Project, a.flags.sel, a.log())
			if err != nil {
				return err
			}
			if len(entries) == 0 { // a register without a line would say that nothing is processed
				return a.nothingSelected()
			}
			return a.register(entries, format, to)
		},
	}
	f := cmd.Flags()
	f.StringVar(&format, "format", "md", a.t("`form` of the register: md, csv or ods", "`forme` du registre : md, csv ou ods"))
	f.StringVar(&to, "to", "", a.t("`file` to write instead of standard output", "`fichier` à écrire au lieu de la sortie standard"))
	return a.selection(cmd)
}

func (a *app) register(entries []pipelines.RegisterEntry, format, to string) error {
	var b bytes.Buffer
	switch {
	case a.json() && to == "":
		if entries == nil {
			entries = []pipelines.RegisterEntry{}
		}
		return a.printJSON(entries)
	case format == "md":
		registerMarkdown(&b, entries)
	case format == "csv":
		b.WriteString("\uFEFF")
		w := csv.NewWriter(&b)
		w.Comma, w.UseCRLF = ';', true
		for _, row := range registerRows(entries, " ; ") {
			if err := w.Write(row); err != nil {
				return err
			}
		}
		if w.Flush(); w.Error() != nil {
			return w.Error()
		}
	case format == "ods" && to == "" && terminal(a.Out):
		return messages.FlagMissing.With("flag", "--to", "example", "registre.ods")
	case format == "ods":
		if err := opendocument.Write(&b, "Registre", registerRows(entries, "\n")); err != nil {
			return err
		}
	default:
		return messages.BadFlag.With("flag", "--format", "wanted", "md, csv, ods")
	}
	if to == "" {
		_, err := a.raw().Write(b.Bytes())
		return err
	}
	if err := writeFile(to, b.Bytes()); err != nil {
		return err
	}
	_, err := fmt.Fprintln(a.Out, to)
	return err
}

// raw is standard output where a program or a file takes it, as it is.
func (a *app) raw() io.Writer {
	if v, ok := a.Out.(visible); ok && !terminal(a.Out) {
		return v.to
	}
	return a.Out
}

// The register is French in every language: it is kept for the CNIL.
var registerColumns = []string{"Traitement", "Finalité", "Responsable du traitement", "Personnes concernées", "Catégories de données",
	"Destinataires", "Durées de conservation", "Mesures de protection", "Bases légales de la publication", "Collectivités"}

// registerRows is the register as a table whose cells hold several things between sep.
func registerRows(entries []pipelines.RegisterEntry, sep string) [][]string {
	rows := [][]string{registerColumns}
	for _, e := range entries {
		var row []string
		for _, items := range registerCells(e) {
			row = append(row, strings.Join(items, sep))
		}
		rows = append(rows, row)
	}
	return rows
}

func registerMarkdown(b *bytes.Buffer, entries []pipelines.RegisterEntry) {
	fmt.Fprint(b, "# Registre des activités de traitement\n\nArticle 30 du règlement général sur la protection des données.\n")
	for _, e := range entries {
		cells := registerCells(e)
		fmt.Fprintf(b, "\n## %s\n\n", cells[0][0])
		for i, items := range cells[1:] {
			if len(items) == 1 {
				fmt.Fprintf(b, "- **%s** : %s\n", registerColumns[i+1], items[0])
				continue
			}
			fmt.Fprintf(b, "- **%s** :\n", registerColumns[i+1])
			for _, item := range items {
				fmt.Fprintf(b, "  - %s\n", item)
			}
		}
	}
}

// toComplete stands where a policy does not say what the register needs.
const toComplete = "à compléter dans la politique (%s)"

// registerCells are an entry by the columns of the register, each without line ends.
func registerCells(e pipelines.RegisterEntry) [][]string {
	given := func(argument string, items ...string) []string {
		if strings.TrimSpace(strings.Join(items, "")) == "" {
			return []string{fmt.Sprintf(toComplete, argument)}
		}
		return items
	}
	var categories, bases []string
	for _, c := range e.Categories {
		categories = append(categories, c.Role+" : "+strings.Join(c.Columns, ", "))
	}
	for _, l := range e.LegalBases {
		bases = append(bases, fmt.Sprintf("%s : CRPA, %s (%s) : %s", l.Column, articleName(l.Basis), l.Documents, l.Reason))
	}
	if len(bases) == 0 {
		bases = []string{"aucune : aucune donnée marquée personnelle n'est publiée à ce titre"}
	}
	recipients, kept := "aucun : rien n'est publié", []string{}
	if e.Public {
		recipients = "le public (données ouvertes)"
		kept = append(kept, "données publiées : jusqu'à leur remplacement ou leur retrait")
	}
	kept = append(kept, fmt.Sprintf("quarantaine, rapports et anciennes versions : %d jours", e.RetentionDays))
	tenants := fmt.Sprintf("%d (publication autorisée : %d)", e.Tenants, e.Authorized)
	cells := [][]string{{e.Pipeline}, given("purpose", e.Purpose), given("controller", e.Controller), given("data_subjects", e.DataSubjects...),
		categories, {recipients}, kept, e.Measures, bases, {tenants}}
	for _, items := range cells {
		for i, item := range items {
			items[i] = strings.Join(strings.Fields(item), " ")
		}
	}
	return cells
}

// articleName is a basis as a person writes it: D312-1-3/6 is article D. 312-1-3, 6°.
func articleName(basis string) string {
	article, number, _ := strings.Cut(basis, "/")
	return "article D. " + strings.TrimPrefix(article, "D") + ", " + number + "°"
}
