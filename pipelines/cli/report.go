package cli

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

func (a *app) reportCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "report [folder or file]",
		Short: a.t("Show the private evidence of a task's newest run", "Montrer les preuves privées de la dernière exécution d'une tâche"),
		Long: a.t("Writes on standard output, in French and in Markdown, what the evidence says of privacy: rows read, published and suppressed, levels, loss, classes, risks before and after, diversity reached, passages taken away from texts, keys of pseudonyms by their fingerprints, and the three questions of WP29. It is private, since its figures tell how much was left out; with --output json it is the evidence as it is stored. No value of a row is in it.",
			"Écrit sur la sortie standard, en français et en Markdown, ce que les preuves disent de la confidentialité : lignes lues, publiées et supprimées, niveaux, perte, groupes, risques avant et après, diversité atteinte, passages retirés des textes, clés des pseudonymes par leurs empreintes, et les trois questions du G29. Il est privé, car ses chiffres disent combien a été écarté ; avec --output json, ce sont les preuves telles qu'elles sont conservées. Aucune valeur d'une ligne n'y figure."),
		Example: "  lavoir privacy report --pipeline agents >registre/agents.md",
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := a.load(args)
			if err != nil {
				return err
			}
			if err := a.one(p.Tasks); err != nil {
				return err
			}
			return pipelines.ReadEvidence(cmd.Context(), &p.Project, a.flags.sel, a.options(), func(t pipelines.TaskID, data []byte) error {
				var e evidence
				if json.Unmarshal(data, &e) != nil || e.Privacy == nil || e.Privacy.Protection == nil {
					return messages.NoProof.With("task", t)
				}
				if a.json() {
					return a.printJSON(json.RawMessage(data))
				}
				_, err := io.WriteString(a.Out, markdown(e.report()))
				return err
			})
		},
	}
	return a.selection(cmd)
}

// evidence is what a report reads of the evidence of a run.
type evidence struct {
	Run           string
	Started       time.Time
	Authorization string
	ConfigSum     string `json:"configuration_sha256"`
	PolicySum     string `json:"policy_sha256"`
	Versions      pipelines.Versions
	Task          struct {
		pipelines.TaskID
		Read        int64 `json:"rows_read"`
		Rejected    int64 `json:"rows_rejected"`
		Sealed      int64 `json:"rows_sealed"`
		Redacted    []pipelines.Passages
		Fingerprint string
		Loads       []struct {
			Name    string
			Release string
			Files   []pipelines.FileInfo
		}
	}
	Acceptances []struct {
		File, Key, Rule, Column, Until, Tenants, Accepted, Reason string
		Figure, Ceiling                                           float64
	}
	Privacy *pipelines.PrivacyProof
}

// report is in French: it is for the data protection officer.
func (e evidence) report() document {
	d := document{lang: "fr"}
	d.heading(1, "Preuves privées : "+e.Task.TaskID.String())
	d.say("Document privé : ses chiffres disent combien a été écarté. Il ne contient aucune valeur d'une ligne.")
	about := []string{"exécution : " + e.Run, "début : " + e.Started.UTC().Format(time.RFC3339)}
	for _, x := range [][2]string{{"autorisation", e.Authorization}, {"empreinte à clé des lignes lues", e.Task.Fingerprint},
		{"SHA-256 de la configuration", e.ConfigSum}, {"SHA-256 de la politique", e.PolicySum}} {
		if x[1] != "" {
			about = append(about, x[0]+" : "+x[1])
		}
	}
	d.list(append(about, "lavoir : "+e.Versions.Lavoir)...)
	var files [][]string
	for _, l := range e.Task.Loads {
		for _, f := range l.Files {
			files = append(files, []string{l.Name, f.Name, strconv.FormatInt(f.Rows, 10), f.SHA256, l.Release})
		}
	}
	d.heading(2, "Ce qui allait être publié")
	d.table("Fichiers", []string{"destination", "fichier", "lignes", "SHA-256", "version"}, files)
	d.heading(2, "Lignes")
	d.list(count("lues à la source", e.Task.Read), count("rejetées à la lecture", e.Task.Rejected), count("dans chaque fichier", e.Task.Sealed))
	e.columns(&d)
	e.acceptances(&d)
	e.passages(&d)
	if r := e.Privacy.Records; r != nil {
		records(&d, r, e.together())
	}
	if len(e.Privacy.Pseudonyms) > 0 {
		var keys [][]string
		for _, k := range e.Privacy.Pseudonyms {
			end := "gardée comme secret"
			if k.Destroyed {
				end = "détruite : jamais écrite, partie avec l'exécution"
			}
			keys = append(keys, []string{k.Column, k.Domain, cmp.Or(k.Key, "–"), end}) // of one that was drawn and not used nothing is kept
		}
		d.heading(2, "Clés des pseudonymes")
		d.table("Empreintes (8 octets du SHA-256 de chaque clé, qui ne dit rien d'elle)", []string{"colonne", "domaine", "empreinte", "clé"}, keys)
	}
	e.questions(&d)
	return d
}

func (e evidence) columns(d *document) {
	p := e.Privacy.Protection
	var rows [][]string
	for _, c := range p.Columns {
		role := roleNames[c.Role]
		rows = append(rows, []string{c.Name, role[frenchWords], treated(c, p, frenchWords), level(c)})
	}
	d.heading(2, "Colonnes")
	d.table("Rôle et traitement", []string{"colonne", "rôle", "traitement", "niveau"}, rows)
}

// passages tells what was taken away from texts. Beside the figures of another release
// they would tell what was not published: this document is private.
func (e evidence) passages(d *document) {
	if len(e.Task.Redacted) == 0 {
		return
	}
	var rows [][]string
	for _, p := range e.Task.Redacted {
		rows = append(rows, []string{p.Column, cmp.Or(passageNames[p.Kind], p.Kind), strconv.FormatInt(p.Count, 10)})
	}
	d.heading(2, "Textes caviardés")
	d.table("Passages retirés des textes, par nature", []string{"colonne", "nature", "passages"}, rows)
}

var passageNames = map[string]string{
	"nir": "numéro de sécurité sociale", "iban": "numéro de compte (IBAN)", "email": "courriel", "phone": "téléphone", "plate": "immatriculation",
	"birth": "date de naissance", "address": "adresse", "name": "nom, après une civilité", "first_name": "nom, après un prénom", "siret": "SIRET",
	"siren": "SIREN", "term": "terme d'une liste",
}

func count(what string, n int64) string { return fmt.Sprintf("%s : %d", what, n) }

// percent writes a share of one.
func percent(x float64) string {
	return strings.Replace(strconv.FormatFloat(100*x, 'f', 2, 64), ".", ",", 1) + " %"
}

func figure(x float64) string {
	return strings.Replace(strconv.FormatFloat(x, 'g', 6, 64), ".", ",", 1)
}

var metricNames = map[string]string{"loss": "perte", "discernibility": "discernabilité", "class-size": "taille moyenne des groupes", "entropy": "entropie"}

func records(d *document, r *pipelines.ProvedModel, together bool) {
	d.heading(2, "Modèle")
	who := "lignes"
	if r.Subject != "" {
		who = "personnes, d'après la colonne " + r.Subject
	}
	null := "une valeur absente n'égale qu'une valeur absente"
	if r.NullMatch == "wildcard" {
		null = "une valeur absente égale toutes les autres"
	}
	d.list(slices.Concat(frenchAsked(r.Asked, who), []string{
		"suppression permise : " + percent(r.Asked.Suppression),
		"règle des valeurs absentes : " + null,
		count("lignes examinées", r.RowsIn), count("lignes publiées", r.RowsOut),
		fmt.Sprintf("lignes supprimées : %d (%s)", r.RowsDropped, share(r.RowsDropped, r.RowsIn)),
	})...)
	var levels [][]string
	for _, l := range r.Levels {
		name := l.Name
		if name == "" {
			name = "tel quel"
		}
		levels = append(levels, []string{l.Column, fmt.Sprintf("%d sur %d", l.Level, l.Of), name})
	}
	d.table("Niveaux retenus", []string{"caractéristique", "niveau", "nom"}, levels)
	d.list(
		fmt.Sprintf("mesure rendue minimale : %s, %s", metricNames[r.Asked.Metric], figure(r.Score)),
		"perte : "+figure(r.Loss), "discernabilité : "+figure(r.Discernible), "taille moyenne des groupes (lignes lues par groupe) : "+figure(r.AverageClass),
	)
	d.heading(2, "Risques")
	exposures(d, r)
	var sizes [][]string
	for _, s := range r.Sizes {
		size := fmt.Sprintf("%d à %d", s.From, s.To)
		if s.From == s.To {
			size = strconv.FormatInt(s.From, 10)
		}
		sizes = append(sizes, []string{size, strconv.FormatInt(s.Classes, 10), strconv.FormatInt(s.Rows, 10)})
	}
	d.table("Tailles des groupes publiés", []string{"lignes par groupe", "groupes", "lignes"}, sizes)
	if len(r.Sensitive) == 0 {
		return
	}
	var reached [][]string
	for _, s := range r.Sensitive {
		asked := []string{}
		if s.Asked.Diversity != "" {
			asked = append(asked, s.Asked.Diversity+" l = "+frenchWords.number(s.Asked.L))
		}
		if s.Asked.Distance != "" {
			asked = append(asked, "t = "+frenchWords.number(s.Asked.T)+" ("+s.Asked.Distance+")")
		}
		reached = append(reached, []string{s.Asked.Column, strings.Join(asked, ", "), strconv.Itoa(s.Values), strconv.Itoa(s.Entropy),
			strconv.Itoa(s.Recursive), figure(s.T), percent(s.GreatestShare), figure(s.Beta) + " (" + figure(s.EnhancedBeta) + ")", figure(s.Delta)})
	}
	where := "dans le groupe le moins bon"
	if together {
		where = "dans la moins bonne part d'un groupe, où les autres informations sensibles sont les mêmes"
	}
	d.table("Informations sensibles, en lignes : demandé et atteint "+where,
		[]string{"colonne", "demandé", "valeurs différentes", "l entropique", "c récursif", "t", "part la plus forte d'une valeur", "β (amélioré)", "δ"}, reached)
	d.say("t compare chaque groupe à toutes les lignes lues, β (β-ressemblance) et δ (δ-divulgation) aux lignes publiées : de combien une valeur y est plus fréquente, en part de sa fréquence, et le logarithme du rapport le plus fort. Ils ne sont que rapportés, aucun n'est un modèle. Combien de personnes seraient uniques dans la population n'est pas estimé.")
}

// frenchAsked is what the classes must keep.
func frenchAsked(m pipelines.ExploredModel, who string) (all []string) {
	if m.K > 0 {
		all = append(all, fmt.Sprintf("k-anonymat : k = %d (%s)", m.K, who))
	}
	if m.KMap > 0 {
		all = append(all, fmt.Sprintf("k-map : k = %d (personnes de la population)", m.KMap))
	}
	if m.MaxAverageRisk > 0 {
		all = append(all, "risque moyen des lignes : "+frenchWords.number(m.MaxAverageRisk)+" au plus")
	}
	if m.Together {
		all = append(all, "informations sensibles : chacune jugée parmi les lignes d'un groupe où les autres sont les mêmes")
	}
	return all
}

func share(n, of int64) string {
	if of == 0 {
		return percent(0)
	}
	return percent(float64(n) / float64(of))
}

// together says whether each sensitive column was judged with the others known.
func (e evidence) together() bool {
	p := e.Privacy.Protection
	return p != nil && p.Model != nil && p.Model.Together
}

// questions answers those of WP29 by figures.
func (e evidence) questions(d *document) {
	d.heading(2, "Les trois questions du G29 (avis 05/2014, WP216)")
	w := e.Privacy.WP29
	if w == nil || e.Privacy.Records == nil {
		if e.Privacy.Protection.Model != nil {
			d.say("Le modèle donne à chaque groupe de lignes des intervalles à lui (mondrian), ou aucune ligne n'a été lue : les chiffres qui répondraient à ces questions ne sont pas calculés.")
			return
		}
		d.say("La politique n'a pas de modèle : aucun chiffre ne répond à ces questions. Des règles masquent ou suppriment des colonnes, et les autres sont déclarées sans lien avec une personne.")
		return
	}
	d.heading(3, "Individualisation : peut-on isoler une personne ?")
	s := w.SinglingOut
	answer := "Par ses caractéristiques, non"
	if s.Possible {
		answer = "Oui"
	}
	of, among := "lignes", "dans leur groupe"
	if s.Counts == pipelines.CountsPersons {
		of, among = "personnes", "dans un groupe"
	}
	after := e.Privacy.Records.Risks.After
	d.say(fmt.Sprintf("%s : %d %s publiées sont seules %s (%d avant), le plus petit groupe en a %s, risque le plus haut : %s.",
		answer, s.UniqueAfter, of, among, s.UniqueBefore, fewest(after), highest(after)))
	d.heading(3, "Corrélation : peut-on relier des enregistrements d'une même personne ?")
	l := w.Linkability
	if len(l.Pseudonyms) > 0 {
		d.say("Dans cette version, oui : les codes de « " + strings.Join(l.Pseudonyms, " », « ") + " » réunissent les lignes d'une personne. D'une version à l'autre, non : leurs clés changent avec les lignes lues, ou sont détruites.")
	}
	if len(l.Lasting) > 0 {
		d.say("Oui, d'une version à l'autre aussi : les codes de « " + strings.Join(l.Lasting, " », « ") + " » restent les mêmes, ce que la loi permet pour ces données.")
	}
	if len(l.Shown) > 0 {
		d.say("Oui, d'une version à l'autre aussi : « " + strings.Join(l.Shown, " », « ") + " » dit telle quelle de quelle personne est une ligne.")
	}
	if len(l.Pseudonyms)+len(l.Lasting)+len(l.Shown) == 0 {
		d.say("Aucun code ne réunit les lignes d'une personne, ni dans cette version ni d'une version à l'autre.")
	}
	d.say("Qui rapproche un autre fichier par les caractéristiques tombe juste, en moyenne, pour cette part des " + of + " : " + average(after) + ".")
	d.heading(3, "Inférence : peut-on en déduire quelque chose sur une personne ?")
	i := w.Inference
	if r := e.Privacy.Records; r != nil && len(r.Sensitive) > 0 {
		known := "Qui connaît le groupe d'une personne devine son information sensible"
		if e.together() {
			known = "Qui connaît le groupe d'une personne et ses autres informations sensibles devine celle qui lui manque"
		}
		d.say(known + ", au mieux, dans " + percent(i.GreatestShare) + " des cas.")
	} else {
		d.say("Aucune colonne n'est déclarée sensible.")
	}
	if len(i.Apart) > 0 {
		d.say("Les colonnes sensibles « " + strings.Join(i.Apart, " », « ") + " » sont jugées chacune seule : qui connaît d'une personne la valeur de l'une peut apprendre d'elle celle d'une autre.")
	}
	if len(i.Unbounded) > 0 {
		d.say("Aucune borne ne vaut, dans un groupe, pour : " + strings.Join(i.Unbounded, ", ") + ".")
	}
}
