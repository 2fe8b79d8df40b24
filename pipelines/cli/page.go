package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/spf13/cobra"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

func (a *app) pageCmd() *cobra.Command {
	form := "html"
	cmd := &cobra.Command{
		Use:   "page [project, published folder or manifest.json]",
		Short: a.t("Tell the public, in French and English, how a release protects persons", "Dire au public, en français et en anglais, comment une version protège les personnes"),
		Long: a.t("Writes a page on standard output: what was suppressed, masked and grouped, at which levels and why, and what was verified. It is made of the manifest of the release and of nothing else, so that anybody can make it again.",
			"Écrit une page sur la sortie standard : ce qui a été supprimé, masqué et regroupé, à quels niveaux et pourquoi, et ce qui a été vérifié. Elle est tirée du manifeste de la version, et de rien d'autre : chacun peut la refaire."),
		Example: `  lavoir privacy page --pipeline agents >confidentialite.html
  lavoir privacy page published/agents --form markdown`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if form != "html" && form != "markdown" {
				return messages.BadFlag.With("flag", "--form", "wanted", "html, markdown")
			}
			m, err := a.manifest(cmd.Context(), args)
			if err != nil {
				return err
			}
			if a.json() {
				return a.printJSON(m)
			}
			fr, en := publicPage(m, frenchWords), publicPage(m, englishWords)
			if form == "markdown" {
				_, err = io.WriteString(a.Out, markdown(fr, en))
			} else {
				_, err = io.WriteString(a.Out, page(fr.parts[0].text, fr, en))
			}
			return err
		},
	}
	cmd = a.selection(cmd)
	cmd.Flags().StringVar(&form, "form", form, a.t("`form` of the page: html or markdown", "`forme` de la page : html ou markdown"))
	return cmd
}

// manifest is that of the file or folder, or of what the one selected task of a
// project has current.
func (a *app) manifest(ctx context.Context, args []string) (m pipelines.Manifest, err error) {
	if len(args) > 0 {
		if file := manifestFile(args[0]); file != "" {
			return readManifest(file)
		}
	}
	p, err := a.load(args)
	if err != nil {
		return m, err
	}
	if err := a.one(p.Tasks); err != nil {
		return m, err
	}
	err = pipelines.ReadManifest(ctx, &p.Project, a.flags.sel, a.options(), func(_ pipelines.TaskID, found pipelines.Manifest) error {
		m = found
		return nil
	})
	return m, err
}

// one refuses a selection of no task, and of several.
func (a *app) one(tasks func(pipelines.Selection, func(pipelines.Task) bool) hcl.Diagnostics) error {
	n := 0
	if err := a.diagnose(tasks(a.flags.sel, func(pipelines.Task) bool { n++; return true })); err != nil {
		return err
	}
	switch n {
	case 0:
		return a.nothingSelected()
	case 1:
		return nil
	}
	return messages.SeveralTasks.With("count", n)
}

// manifestFile is the manifest that a path leads to, "" where it leads to a project.
func manifestFile(path string) string {
	if st, err := os.Stat(path); err != nil || !st.IsDir() {
		if strings.EqualFold(filepath.Ext(path), ".json") && !strings.HasSuffix(path, ".hcl.json") {
			return path
		}
		return ""
	}
	if file := filepath.Join(path, "manifest.json"); isFile(file) {
		return file
	}
	if file := filepath.Join(path, "current.json"); isFile(file) {
		return file
	}
	return ""
}

func isFile(path string) bool {
	st, err := os.Stat(path)
	return err == nil && st.Mode().IsRegular()
}

// manifestMost bounds what is read of a file that may be anything.
const manifestMost = 16 << 20

func readManifest(file string) (m pipelines.Manifest, err error) {
	bad := func(why any) error { return messages.NoManifest.With("file", file, "why", why) }
	read := func(file string, into any) error {
		f, err := os.Open(file)
		if err != nil {
			return bad(pipelines.Unreadable(err))
		}
		defer f.Close()
		if json.NewDecoder(io.LimitReader(f, manifestMost)).Decode(into) != nil {
			return bad("JSON")
		}
		return nil
	}
	if filepath.Base(file) == "current.json" {
		var pointer struct{ Release string }
		if err := read(file, &pointer); err != nil {
			return m, err
		}
		if pointer.Release == "" || pointer.Release != filepath.Base(pointer.Release) || !filepath.IsLocal(pointer.Release) {
			return m, bad("release")
		}
		file = filepath.Join(filepath.Dir(file), "releases", pointer.Release, "manifest.json")
	}
	if err := read(file, &m); err != nil {
		return m, err
	}
	if m.Release == "" || m.Dataset == "" {
		return m, bad("release, dataset")
	}
	return m, nil
}

// words are a language of a document.
type words int

const (
	frenchWords words = iota
	englishWords
)

func (w words) t(fr, en string, args ...any) string {
	s := fr
	if w == englishWords {
		s = en
	}
	if len(args) > 0 {
		return fmt.Sprintf(s, args...)
	}
	return s
}

func (w words) code() string { return w.t("fr", "en") }

// number has a decimal comma in French.
func (w words) number(x float64) string {
	s := strconv.FormatFloat(x, 'f', -1, 64)
	if w == frenchWords {
		return strings.Replace(s, ".", ",", 1)
	}
	return s
}

// publicPage is what the manifest of a release tells of the protection of persons.
func publicPage(m pipelines.Manifest, w words) document {
	d := document{lang: w.code()}
	d.heading(1, w.t("Protection des personnes : ", "Protection of persons: ")+m.Dataset)
	about := []string{}
	note := func(what, text string) {
		if text != "" {
			about = append(about, what+w.t(" : ", ": ")+text)
		}
	}
	note(w.t("Jeu de données", "Dataset"), m.Dataset)
	note(w.t("Collectivité", "Local authority"), m.Tenant)
	note(w.t("Partition", "Partition"), m.Partition)
	if p := m.Protection; p != nil {
		note(w.t("Finalité de la publication", "Purpose of the publication"), p.Purpose)
		note(w.t("Personnes concernées", "Persons concerned"), strings.Join(p.Subjects, ", "))
	}
	note(w.t("Version publiée", "Published release"), m.Release)
	d.list(about...)

	if p := m.Protection; p == nil {
		d.heading(2, w.t("Ce qui a été fait", "What was done"))
		d.list(m.Privacy...)
	} else {
		done(&d, m, p, w)
	}
	d.heading(2, w.t("Ce qui a été vérifié", "What was verified"))
	d.say(w.t("Avant la publication, chaque fichier a été relu et la règle y a été vérifiée à partir de ses octets ; sans quoi rien n'aurait été publié.",
		"Before the publication each file was read back and the rule was verified from its bytes; otherwise nothing would have been published."))
	if m.Protection != nil {
		d.list(held(m.Protection, w)...)
	}
	relaxed(&d, m, w)
	if m.Protection != nil {
		guarantees(&d, m.Protection, w)
	}
	d.heading(2, w.t("Fichiers", "Files"))
	var files [][]string
	for _, f := range m.Files {
		files = append(files, []string{f.Name, f.Format, strconv.FormatInt(f.Rows, 10), strconv.FormatInt(f.Bytes, 10), f.SHA256})
	}
	d.table(w.t("Fichiers de cette version", "Files of this release"),
		[]string{w.t("Nom", "Name"), w.t("Format", "Format"), w.t("Lignes publiées", "Published rows"), w.t("Octets", "Bytes"), "SHA-256"}, files)
	return d
}

var roleNames = map[pipelines.Role][2]string{
	pipelines.RoleIdentifier: {"identifiant", "identifier"},
	pipelines.RoleQuasi:      {"caractéristique qui, avec d'autres, pourrait désigner quelqu'un", "characteristic that with others might tell who somebody is"},
	pipelines.RoleSensitive:  {"information sensible", "sensitive information"},
	pipelines.RolePublic:     {"information publique", "public information"},
	pipelines.RoleText:       {"texte libre", "free text"},
}

// done tells what became of each column, and why.
func done(d *document, m pipelines.Manifest, p *pipelines.Protection, w words) {
	d.heading(2, w.t("Ce qui a été fait", "What was done"))
	if w == frenchWords {
		d.list(m.Privacy...)
	} else {
		d.say("The table says what became of each column. No other column of the source was published.")
	}
	var rows [][]string
	used := map[pipelines.Treatment]bool{}
	for _, c := range p.Columns {
		used[c.Treatment] = true
		role, ok := roleNames[c.Role]
		if !ok {
			role = [2]string{string(c.Role), string(c.Role)}
		}
		rows = append(rows, []string{c.Name, role[w], treated(c, p, w), level(c)})
	}
	d.table(w.t("Colonne par colonne", "Column by column"),
		[]string{w.t("Colonne", "Column"), w.t("Rôle", "Role"), w.t("Traitement", "Treatment"), w.t("Niveau publié", "Published level")}, rows)

	d.heading(2, w.t("Pourquoi", "Why"))
	var why []string
	if used[pipelines.Suppressed] || p.Model != nil {
		s := w.t("Supprimé : ce qui nomme une personne ou n'est pas utile à la finalité ne sort pas.",
			"Suppressed: what names a person, or does not serve the purpose, is not published.")
		if p.Model != nil {
			s += " " + w.t("Les lignes dont les caractéristiques seraient celles de trop peu de monde ne sortent pas non plus : on pourrait reconnaître quelqu'un.",
				"Rows whose characteristics would be those of too few are not published either: somebody might be recognised.")
		}
		why = append(why, s)
	}
	if p.Opposed {
		why = append(why, w.t("Opposition : les lignes des personnes qui s'y sont opposées ne sortent pas.", "Objection: the rows of those who objected are not published."))
	}
	if used[pipelines.Masked] || used[pipelines.MaskedGiven] || used[pipelines.MaskedUnless] {
		why = append(why, w.t("Masqué : là où une valeur nomme, ou pourrait nommer, une personne, une autre tient sa place ; la ligne reste utile sans elle. Dans le doute, la valeur est masquée.",
			"Masked: where a value names, or might name, a person, another stands in its place; the row is of use without it. In doubt the value is masked."))
	}
	if used[pipelines.PartlyMasked] {
		why = append(why, w.t("Masqué en partie : quelques caractères peuvent être lus ; ils peuvent encore aider à reconnaître quelqu'un, et sont comptés comme une caractéristique, ou permis par la loi.",
			"Masked in part: a few characters may be read; they may still help to recognise somebody, and are counted as a characteristic, or allowed by law."))
	}
	if used[pipelines.Redacted] {
		why = append(why, w.t("Caviardé : dans un texte, ce qui peut désigner une personne a été remplacé par sa nature, entre crochets ; une personne en a relu un échantillon.",
			"Redacted: in a text, what may name a person was replaced by what it is, in brackets; a person has read a sample."))
	}
	if used[pipelines.Generalised] {
		why = append(why, w.t("Regroupé : des valeurs proches sont réunies sous un seul libellé, juste assez pour que personne ne se distingue par ses caractéristiques.",
			"Grouped: neighbouring values are put together under one label, just enough for nobody to stand out by their characteristics."))
	}
	if used[pipelines.Pseudonymous] {
		why = append(why, w.t("Remplacé par un code : le code réunit les lignes d'une même personne sans dire qui elle est. Il change à chaque publication et la clé n'est pas publiée.",
			"Replaced by a code: the code puts the rows of one person together without telling who it is. It changes with each release, and its key is not published."))
	}
	if used[pipelines.CodeByLaw] {
		why = append(why, w.t("Remplacé par un code qui reste le même : il réunit les lignes d'une même personne dans toutes les publications, ce que la loi permet pour ces données. La clé n'est pas publiée.",
			"Replaced by a code that stays the same: it puts the rows of one person together in all releases, which the law allows for these data. Its key is not published."))
	}
	if used[pipelines.KeptByLaw] {
		why = append(why, w.t("Tel quel parce que la loi le permet : l'article D. 312-1-3 du code des relations entre le public et l'administration nomme les documents dont les données personnelles peuvent être publiées.",
			"As it is because the law allows it: article D. 312-1-3 of the code of relations between the public and the administration names the documents whose personal data may be published."))
	}
	for _, c := range p.Columns {
		if text, ok := keptBecause[c.Role]; ok && c.Treatment == pipelines.Kept && !slices.Contains(why, text[w]) {
			why = append(why, text[w])
		}
	}
	d.list(why...)
}

// keptBecause is why a column leaves as it is.
var keptBecause = map[pipelines.Role][2]string{
	pipelines.RoleQuasi: {"Caractéristique telle quelle : elle n'a pas eu à être regroupée, assez de monde la partage.",
		"Characteristic as it is: it did not have to be grouped, enough people share it."},
	pipelines.RoleSensitive: {"Information sensible telle quelle : chaque groupe en a assez de différentes pour qu'on n'en apprenne aucune d'une personne.",
		"Sensitive information as it is: each group has enough different ones for nobody to learn that of a person."},
	pipelines.RolePublic: {"Information publique telle quelle : la règle de publication la déclare sans lien avec une personne.",
		"Public information as it is: the rule of publication declares it unrelated to any person."},
}

func level(c pipelines.ProtectedColumn) string {
	if c.Level == "" {
		return "–"
	}
	return c.Level
}

func treated(c pipelines.ProtectedColumn, p *pipelines.Protection, w words) string {
	instead := w.t("vidé", "emptied")
	if c.Instead != "" {
		instead = w.t("remplacé par « %s »", "replaced by “%s”", c.Instead)
	}
	switch c.Treatment {
	case pipelines.Suppressed:
		return w.t("supprimé", "suppressed")
	case pipelines.Masked:
		return w.t("masqué", "masked") + " (" + instead + ")"
	case pipelines.MaskedGiven:
		return w.t("masqué", "masked") + " (" + instead + w.t(" ; là où il n'y en avait pas, il n'y a rien)", "; where there was none, there is none)")
	case pipelines.MaskedUnless:
		return w.t("masqué", "masked") + " (" + instead + w.t("), sauf là où la règle établit qu'il peut être lu", "), except where the rule establishes that it may be read")
	case pipelines.PartlyMasked:
		return w.t("masqué en partie", "masked in part")
	case pipelines.Pseudonymous:
		return w.t("remplacé par un code propre à cette publication", "replaced by a code of this release alone")
	case pipelines.CodeByLaw:
		return w.t("remplacé par un code qui reste le même", "replaced by a code that stays the same")
	case pipelines.KeptByLaw:
		return w.t("tel quel, comme la loi le permet", "as it is, as the law allows")
	case pipelines.Generalised:
		return w.t("regroupé", "grouped")
	case pipelines.Redacted:
		return w.t("caviardé", "redacted")
	case pipelines.Kept:
		if p.Model != nil && c.Role != pipelines.RolePublic {
			return w.t("tel quel, dans les lignes publiées", "as it is, in the published rows")
		}
		return w.t("tel quel", "as it is")
	}
	return string(c.Treatment)
}

var criteria = map[pipelines.Criterion][2]string{
	pipelines.NeedsModel:      {"aucun modèle ne compte combien de personnes se ressemblent", "no model counts how many persons look alike"},
	pipelines.NeedsK:          {"les groupes ont moins de 5 personnes au minimum", "groups may have fewer than 5 persons"},
	pipelines.NeedsPersons:    {"ce sont des lignes qui sont comptées, et plusieurs peuvent être d'une même personne", "rows are counted, and several may be of one person"},
	pipelines.NeedsOwnNull:    {"une caractéristique absente est comptée comme égale à toutes les autres", "an absent characteristic counts as equal to every other"},
	pipelines.NeedsNoCode:     {"un code réunit les lignes d'une même personne", "a code puts the rows of one person together"},
	pipelines.NeedsNoName:     {"des valeurs d'une colonne qui peut nommer restent lisibles là où une règle le permet", "values of a column that may name somebody can be read where a rule allows it"},
	pipelines.NeedsAllCounted: {"des colonnes sont publiées telles quelles, sans que le modèle les compte", "columns are published as they are, and the model does not count them"},
	pipelines.NeedsKept:       {"une règle a été assouplie par un approbateur", "a rule was relaxed by an approver"},
	pipelines.NeedsKnown:      {"un traitement n'est pas de ceux que ces critères connaissent", "something was done that these criteria do not know of"},
}

// guarantees says whether the data may be called anonymous, and else why not.
func guarantees(d *document, p *pipelines.Protection, w words) {
	if p.Anonymous && len(p.Open) == 0 {
		d.heading(2, w.t("Ce que cela garantit", "What this guarantees"))
		counted := ""
		if p.Model != nil && !p.Model.Tied {
			counted = w.t(", sauf pour le compte des personnes, fait à la lecture de la source", ", but for the count of persons, which was made as the source was read")
		}
		d.say(w.t("Ces données sont dites anonymisées : chaque personne a les mêmes caractéristiques publiées qu'au moins quatre autres, aucun code ne réunit les lignes d'une personne, aucune valeur qui nomme n'est lisible, et toute colonne publiée est comptée ou bornée dans chaque groupe. Ces critères ont été vérifiés sur les fichiers publiés%s.",
			"These data are called anonymised: each person has the same published characteristics as at least four others, no code puts the rows of a person together, no value that names can be read, and every published column is counted or bounded in each group. These criteria were verified on the published files%s.", counted))
		return
	}
	d.heading(2, w.t("Ce que cela ne garantit pas", "What this does not guarantee"))
	d.say(w.t("Ces données sont protégées comme il est dit plus haut. Elles peuvent néanmoins rester des données à caractère personnel :",
		"These data are protected as told above. They may nevertheless remain personal data:"))
	var all []string
	for _, c := range p.Open {
		text, ok := criteria[c]
		if !ok {
			text = [2]string{string(c), string(c)}
		}
		all = append(all, text[w]+w.t(" ;", ";"))
	}
	if n := len(all); n > 0 {
		all[n-1] = strings.TrimRight(all[n-1], " ;") + "."
	}
	d.list(all...)
}
