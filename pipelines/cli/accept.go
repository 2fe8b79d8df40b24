package cli

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"aead.dev/minisign"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/hclfile"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

func (a *app) acceptCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "accept",
		Short: a.t("Sign, as an approver, what may pass all the same", "Signer, comme approbateur, ce qui peut passer malgré tout"),
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.acceptPrivacyCmd())
	return cmd
}

// accepted is what the command line says of an acceptance.
type accepted struct {
	pipeline, rule, column, tenants, reason, until string
	ceiling                                        float64
	bounded                                        bool // --ceiling is given
	key, passphrase                                string
}

func (a *app) acceptPrivacyCmd() *cobra.Command {
	var in accepted
	cmd := &cobra.Command{
		Use:   "privacy [folder or file]",
		Short: a.t("Accept that a check or a threshold of a privacy policy is not kept", "Accepter qu'un contrôle ou un seuil d'une politique de confidentialité ne soit pas respecté"),
		Long: a.t("Writes a file and its signature into the folder acceptances of the project. It is bound to the pipeline, its policy as it is now, the rule, the tenants, a greatest figure and a last day, and never to data: a run checks all of it. A mark cannot be accepted away. The rules are max_prosecutor_risk, max_uniques and max_average_risk, up to a figure; small_difference, with a sensitive column or without, and crossing_levels, up to a number of classes that differ from a release that is still public; text_iban, text_email, text_phone, text_plate, text_birth and text_name of a public column, up to a number of passages; and review of a redacted one. The passphrase of the key is asked on the terminal, or read from LAVOIR_PASSPHRASE or from --passphrase-file. To take an acceptance back, remove its file.",
			"Écrit un fichier et sa signature dans le dossier acceptances du projet. L'acceptation est liée au pipeline, à sa politique telle qu'elle est, à la règle, aux collectivités, à un chiffre maximal et à un dernier jour, jamais à des données : une exécution vérifie tout cela. Une marque ne se lève pas ainsi. Les règles sont max_prosecutor_risk, max_uniques et max_average_risk, jusqu'à un chiffre ; small_difference, avec une colonne sensible ou sans, et crossing_levels, jusqu'à un nombre de groupes qui diffèrent d'une version encore publique ; text_iban, text_email, text_phone, text_plate, text_birth et text_name d'une colonne publique, jusqu'à un nombre de passages ; et review d'une colonne caviardée. La phrase de passe de la clé est demandée sur le terminal, ou lue dans LAVOIR_PASSPHRASE ou dans --passphrase-file. Pour revenir sur une acceptation, retirez son fichier."),
		Example: `  lavoir accept privacy --rule max_prosecutor_risk --tenants '35*' --ceiling 0.25 --until 2027-06-30 --reason 'délibération 2026-041' --sign dpo.key
  lavoir accept privacy --rule text_phone --column objet --tenants '35*' --ceiling 3 --until 2027-06-30 --reason 'numéros du standard' --sign dpo.key`,
		RunE: func(cmd *cobra.Command, args []string) error {
			in.bounded = cmd.Flags().Changed("ceiling")
			return a.acceptPrivacy(args, in, time.Now())
		},
	}
	f := cmd.Flags()
	f.StringVar(&in.rule, "rule", "", a.t("`name` of the rule, as the refusal tells it", "`nom` de la règle, tel que le refus le dit"))
	f.StringVar(&in.column, "column", "", a.t("`column` that the rule is about, where it is about one", "`colonne` dont parle la règle, si elle parle d'une colonne"))
	f.StringVar(&in.pipeline, "pipeline", "", a.t("`name` of the pipeline, where several have the rule", "`nom` du pipeline, si plusieurs ont la règle"))
	f.StringVar(&in.tenants, "tenants", "", a.t("tenants that it covers: a `pattern` (*, ?, [a-z])", "collectivités couvertes : un `motif` (*, ?, [a-z])"))
	f.Float64Var(&in.ceiling, "ceiling", 0, a.t("the greatest `figure` that is accepted, of a rule that has one", "le plus grand `chiffre` accepté, pour une règle qui en a un"))
	f.StringVar(&in.reason, "reason", "", a.t("`why`, for whoever reads the evidence; it names no person", "`pourquoi`, pour qui lira les preuves ; sans nommer personne"))
	f.StringVar(&in.until, "until", "", a.t("the last `day` on which it holds (YYYY-MM-DD)", "le dernier `jour` où elle vaut (AAAA-MM-JJ)"))
	f.StringVar(&in.key, "sign", "", a.t("`file` of the approver's minisign secret key", "`fichier` de la clé secrète minisign de l'approbateur"))
	f.StringVar(&in.passphrase, "passphrase-file", "", a.t("`file` whose first line is the passphrase of the key", "`fichier` dont la première ligne est la phrase de passe de la clé"))
	return a.loading(cmd)
}

func (a *app) acceptPrivacy(args []string, in accepted, now time.Time) error {
	if err := in.check(now); err != nil {
		return err
	}
	p, err := a.load(args)
	if err != nil {
		return err
	}
	rule, err := a.acceptable(p, &in)
	if err != nil {
		return err
	}
	key, err := a.signer(in)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(p.Approvers.Privacy, func(k minisign.PublicKey) bool { return k.Equal(key.Public()) }) {
		return messages.NoApprover.With("key", pipelines.KeyName(key.ID()), "kind", pipelines.AcceptPrivacy)
	}
	acc := pipelines.Acceptance{Column: in.column, Pipeline: rule.Pipeline, Policies: rule.Policies, Reason: strings.TrimSpace(in.reason),
		Rule: in.rule, Tenants: in.tenants, Until: in.until}
	if in.bounded {
		acc.Ceiling = &in.ceiling
	}
	name, text, signature, err := acc.Sign(key, now)
	if err != nil {
		return err
	}
	dir := filepath.Join(p.Root, pipelines.AcceptancesFolder)
	if err := writeAcceptance(dir, name, text, signature); err != nil {
		return err
	}
	return a.sayAccepted(path.Join(filepath.ToSlash(dir), name), acc, rule)
}

// check looks at the command line before anything is read.
func (in *accepted) check(now time.Time) error {
	missing := func(flag, example string) error { return messages.FlagMissing.With("flag", flag, "example", example) }
	until, err := time.Parse(time.DateOnly, in.until)
	switch {
	case in.rule == "":
		return missing("--rule", "max_prosecutor_risk")
	case strings.TrimSpace(in.reason) == "" || !utf8.ValidString(in.reason):
		return missing("--reason", "'délibération 2026-041'")
	case in.until == "":
		return missing("--until", now.AddDate(1, 0, 0).UTC().Format(time.DateOnly))
	case err != nil || until.Format(time.DateOnly) < now.UTC().Format(time.DateOnly):
		return messages.BadFlag.With("flag", "--until", "wanted", "YYYY-MM-DD, today or later")
	case in.key == "":
		return missing("--sign", "dpo.key")
	}
	if in.tenants != "" {
		if _, err := path.Match(in.tenants, ""); err != nil {
			return messages.BadFlag.With("flag", "--tenants", "wanted", "*, ?, [a-z]")
		}
	}
	return nil
}

// acceptable is the rule of the one pipeline that the acceptance is about.
func (a *app) acceptable(p *hclfile.Project, in *accepted) (*pipelines.Rule, error) {
	all, err := pipelines.Rules(&p.Project, pipelines.Selection{Pipeline: in.pipeline, Tenant: in.tenants}, a.log())
	if err != nil {
		return nil, err
	}
	var found []*pipelines.Rule
	var of []string
	for _, r := range all {
		if r.Name == in.rule && r.Column == in.column {
			found, of = append(found, r), append(of, r.Pipeline)
		}
	}
	switch {
	case len(all) == 0:
		return nil, messages.NoRule.With()
	case len(found) == 0:
		return nil, messages.NoSuchRule.With("rule", pipelines.RuleName(in.rule, in.column), "rules", ruleNames(all))
	case len(found) > 1:
		return nil, messages.SeveralPipelines.With("rule", pipelines.RuleName(in.rule, in.column), "pipelines", strings.Join(of, ", "))
	}
	r := found[0]
	if in.tenants == "" {
		if !slices.Equal(r.Tenants, []string{""}) {
			return nil, messages.FlagMissing.With("flag", "--tenants", "example", "'*'")
		}
		in.tenants = "*"
	}
	threshold := ""
	if r.Threshold != nil {
		threshold = strconv.FormatFloat(*r.Threshold, 'f', -1, 64)
	}
	bad := func(why string) error {
		return messages.BadCeiling.With("rule", pipelines.RuleName(in.rule, in.column), "why", why, "threshold", cmp.Or(threshold, "0"))
	}
	switch {
	case r.Threshold == nil && in.bounded:
		return nil, bad("the rule has no figure")
	case r.Threshold != nil && !in.bounded:
		return nil, bad("the rule has a figure, and none is given")
	case r.Threshold != nil && !(in.ceiling > *r.Threshold && in.ceiling < math.MaxFloat64):
		return nil, bad("it is not above what the policy allows")
	case (in.rule == "max_prosecutor_risk" || in.rule == "max_average_risk") && in.ceiling > 1: // 35 for 35 % would let any risk pass
		return nil, bad("a risk goes from 0 to 1")
	}
	return r, nil
}

// signer opens the approver's secret key.
func (a *app) signer(in accepted) (key minisign.PrivateKey, err error) {
	data, err := os.ReadFile(in.key)
	if err != nil {
		return key, messages.KeyUnreadable.With("file", in.key, "why", pipelines.Unreadable(err))
	}
	if !minisign.IsEncrypted(data) {
		if key.UnmarshalText(data) != nil {
			return key, messages.KeyUnreadable.With("file", in.key, "why", "it is no minisign secret key")
		}
		return key, nil
	}
	passphrase, err := a.passphrase(in)
	if err != nil {
		return key, err
	}
	if key, err = minisign.DecryptKey(passphrase, data); err != nil {
		return key, messages.KeyPassphrase.With("file", in.key, "why", "the passphrase is another one, or the file is damaged")
	}
	return key, nil
}

// passphrase comes from a file, the environment or the terminal, and never from the
// command line, which others can list.
func (a *app) passphrase(in accepted) (string, error) {
	if in.passphrase != "" {
		data, err := os.ReadFile(in.passphrase)
		if err != nil {
			return "", messages.KeyPassphrase.With("file", in.key, "why", pipelines.Unreadable(err))
		}
		line, _, _ := strings.Cut(string(data), "\n")
		return strings.TrimSuffix(line, "\r"), nil
	}
	if p, given := os.LookupEnv("LAVOIR_PASSPHRASE"); given {
		return p, nil
	}
	f, ok := a.In.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return "", messages.KeyPassphrase.With("file", in.key, "why", "it has a passphrase, and nobody is there to type it")
	}
	fmt.Fprintf(a.Err, "%s%s ", a.t("Passphrase of the key", "Phrase de passe de la clé"), a.colon())
	typed, err := term.ReadPassword(int(f.Fd()))
	fmt.Fprintln(a.Err)
	if err != nil {
		return "", messages.KeyPassphrase.With("file", in.key, "why", "the terminal did not answer")
	}
	return string(typed), nil
}

// writeAcceptance writes the signature first: an acceptance without one would be spoken of.
func writeAcceptance(dir, name string, text, signature []byte) error {
	failed := func(why string) error { return messages.AcceptanceExists.With("file", name, "why", why) }
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return failed(pipelines.Unreadable(err))
	}
	if _, err := os.Lstat(filepath.Join(dir, name)); err == nil {
		return failed("it is there already")
	}
	for _, f := range []struct {
		name string
		data []byte
	}{{name + ".minisig", signature}, {name, text}} {
		if err := replaceFile(filepath.Join(dir, f.name), f.data); err != nil {
			return failed(pipelines.Unreadable(err))
		}
	}
	return nil
}

type acceptedJSON struct {
	File     string   `json:"file"`
	Pipeline string   `json:"pipeline"`
	Rule     string   `json:"rule"`
	Column   string   `json:"column,omitempty"`
	Ceiling  *float64 `json:"ceiling,omitempty"`
	Tenants  string   `json:"tenants"`
	Covers   int      `json:"tenants_today"`
	Until    string   `json:"until"`
}

func (a *app) sayAccepted(file string, acc pipelines.Acceptance, rule *pipelines.Rule) error {
	if a.json() {
		return a.printJSON(acceptedJSON{file, acc.Pipeline, acc.Rule, acc.Column, acc.Ceiling, acc.Tenants, len(rule.Tenants), acc.Until})
	}
	fmt.Fprintf(a.Out, "%s\n%s.minisig\n", file, file)
	upto := ""
	if acc.Ceiling != nil {
		upto = a.t(" up to ", " jusqu'à ") + a.decimal(pipelines.Figure(*acc.Ceiling))
	}
	_, err := io.WriteString(a.Out, fmt.Sprintf(a.t("accepted: %s%s, pipeline %s, until %s, for %s\n", "accepté : %s%s, pipeline %s, jusqu'au %s, pour %s\n"),
		pipelines.RuleName(acc.Rule, acc.Column), upto, acc.Pipeline, acc.Until,
		a.count(len(rule.Tenants), "tenant today", "tenants today", "collectivité aujourd'hui", "collectivités aujourd'hui")))
	return err
}
