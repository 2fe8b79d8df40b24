package cli

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/spf13/cobra"

	"github.com/lavoir-data/lavoir/internal/scalar"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/hclfile"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

func (a *app) guessCmd() *cobra.Command {
	var format, against string
	var show bool
	cmd := &cobra.Command{
		Use:   "guess file",
		Short: a.t("Read a file that nobody described and propose its pipeline", "Lire un fichier que personne n'a décrit et proposer son pipeline"),
		Long: a.t("Reads the whole file. The proposal goes to standard output, what makes it likely and the rows that would be rejected to standard error. No value of the file is shown unless --show-values asks for it on a terminal.",
			"Lit tout le fichier. La proposition va sur la sortie standard, ce qui la rend probable et les lignes qui seraient rejetées sur la sortie d'erreur. Aucune valeur du fichier n'est montrée, à moins que --show-values la demande sur un terminal."),
		Example: `  lavoir guess depot/export.csv > export.hcl
  lavoir guess depot/export.csv --against projet --pipeline subventions`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.guess(cmd.Context(), args[0], format, against, show)
		},
	}
	f := cmd.Flags()
	f.StringVar(&format, "format", "", a.t("`format` of the file, whatever it looks like", "`format` du fichier, quoi qu'il paraisse"))
	f.StringVar(&against, "against", "", a.t("`project` (folder or file) with a pipeline to compare with; proposes a variant of it", "`projet` (dossier ou fichier) dont un pipeline sert de comparaison ; propose une variante"))
	f.StringVar(&a.flags.sel.Pipeline, "pipeline", "", a.t("`name` of the pipeline to compare with", "`nom` du pipeline à comparer"))
	f.BoolVar(&show, "show-values", false, a.t("show first rows with their values; only on a terminal, and audited", "montrer les premières lignes avec leurs valeurs ; seulement sur un terminal, et tracé"))
	a.loading(cmd)
	cmd.Args = cobra.ExactArgs(1)
	return cmd
}

// proposal is a guess and what is around it.
type proposal struct {
	*pipelines.Guess
	folder, path string
	name         string // of the pipeline
	unpack       []pipelines.GuessBlock
	schema       string
	personal     []personalColumn
}

type personalColumn struct{ Name, Why string }

func (a *app) guess(ctx context.Context, file, format, against string, show bool) error {
	if show && (a.json() || !terminal(a.Out)) {
		return messages.ValuesOnTerminal.With()
	}
	dir, err := os.MkdirTemp("", "lavoir-guess-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	mem := memory.NewGoAllocator()
	env := pipelines.Env{Allocator: mem, Log: a.log(), Now: time.Now, Dir: dir, Spool: pipelines.NewSpool(dir, mem, guessSpool),
		Hide: func(string) string { return guessed }}
	p, err := a.guessFile(ctx, env, file, format)
	if err != nil {
		return err
	}
	var text string
	if against != "" {
		if text, err = a.against(p, against); err != nil {
			return err
		}
	} else {
		text = a.guessText(p)
	}
	if a.json() {
		return a.guessJSON(p, text)
	}
	a.guessEvidence(p)
	if _, err = io.WriteString(a.Out, text); err == nil && show {
		err = a.showValues(ctx, p, dir)
	}
	return err
}

// shownRows is how many rows are shown, and how many rejected ones.
const shownRows = 10

// showValues notes who looks, then prints the first rows as the proposal reads them
// and, of those it rejects among what was read for them, how they stand.
func (a *app) showValues(ctx context.Context, p *proposal, dir string) error {
	state := hclfile.DefaultState
	if a.project != nil { // that of --against
		state = a.project.State
	}
	name, err := pipelines.HideName(state, rand.Reader, p.path)
	if err == nil {
		err = audit(state, "guess --show-values file "+name)
	}
	if err != nil {
		return err
	}
	path := filepath.Join(dir, "guess.hcl")
	if err := os.WriteFile(path, []byte(a.guessText(p)), 0o600); err != nil {
		return messages.RunFolder.Wrap(err, "folder", dir)
	}
	proposed, diags := hclfile.Load(path, a.reg, hclfile.Options{Now: time.Now})
	var task *pipelines.Task
	if !diags.HasErrors() {
		diags = append(diags, proposed.Tasks(pipelines.Selection{}, func(t pipelines.Task) bool { task = &t; return false })...)
	}
	if err := a.diagnose(diags); err != nil {
		return err
	}
	pv, err := pipelines.PreviewTask(ctx, &proposed.Project, *task, shownRows, a.options())
	if err != nil {
		return err
	}
	defer pv.Release()
	fmt.Fprintln(a.Out, a.t("\nFirst rows:", "\nPremières lignes :"))
	printRows(a.Out, pv.Before, true)
	for _, r := range pv.Rejects[:min(len(pv.Rejects), shownRows)] {
		fmt.Fprintf(a.Out, "%s\n  %s\n", a.rejectLine(r), shownText(string(r.Raw)))
	}
	return nil
}

// guessSpool bounds what an archive in an archive may take on disk.
const guessSpool = 16 << 30

// guessed is what messages call the file.
const guessed = "guessed"

func (a *app) guessFile(ctx context.Context, env pipelines.Env, file, format string) (*proposal, error) {
	full, err := filepath.Abs(file)
	if err != nil {
		return nil, err
	}
	in, err := openGuessed(full)
	if errors.Is(err, errFolder) {
		return nil, messages.GuessFolder.With("file", file)
	}
	if err != nil {
		return nil, messages.GuessNoFile.With("file", file, "why", pipelines.Unreadable(err))
	}
	if format == "" {
		in.Likely = a.likely
	}
	for _, c := range a.reg.All(pipelines.KindPrivacy) {
		if j, ok := c.New().(pipelines.TextJudge); ok {
			in.Refused = j.Refuses()
		}
	}
	p := &proposal{folder: filepath.Dir(full), path: filepath.Base(full)}
	p.name = pipelineName(strings.TrimSuffix(p.path, filepath.Ext(p.path)))
	for _, c := range a.reg.All(pipelines.KindSource) {
		u, ok := c.New().(pipelines.Unwrapper)
		if !ok {
			continue
		}
		var closed func() error
		in, p.unpack, closed, err = u.Unwrap(ctx, env, in)
		defer closed()
		if err != nil {
			return nil, err
		}
	}
	g, err := a.guesser(ctx, in, format)
	if err != nil {
		return nil, err
	}
	if p.Guess, err = g.Guess(ctx, env, in); err != nil {
		return nil, err
	}
	for i := len(p.unpack) - 1; i >= 0; i-- {
		p.Evidence = append([]*messages.Error{messages.GuessPacked.With("kind", p.unpack[i].Label)}, p.Evidence...)
	}
	if p.Rows == 0 && len(p.Rejects) == 0 {
		p.Found(messages.GuessNoRows.With())
	}
	var names []string
	for _, c := range p.Columns {
		names = append(names, c.Name)
		if c.Personal != "" {
			p.personal = append(p.personal, personalColumn{c.Name, c.Personal})
		} else if kind, likely := pipelines.LikelyPersonal(c.Name); likely {
			p.personal = append(p.personal, personalColumn{c.Name, kind})
		}
	}
	if p.schema = p.Schema; p.schema != "" { // the file says it itself
		return p, nil
	}
	if schema, found, of := pipelines.Resembles(names); schema != "" {
		p.schema = schema
		p.Found(messages.GuessSchema.With("schema", schema, "found", found, "of", of))
	}
	return p, nil
}

var errFolder = errors.New("it is a folder")

// openGuessed is the file at a path, and those beside it.
func openGuessed(path string) (pipelines.GuessFile, error) {
	st, err := os.Stat(path)
	if err != nil {
		return pipelines.GuessFile{}, err
	}
	if st.IsDir() {
		return pipelines.GuessFile{}, errFolder
	}
	if !st.Mode().IsRegular() {
		return pipelines.GuessFile{}, errors.New("it is no file")
	}
	f, err := os.Open(path)
	if err != nil {
		return pipelines.GuessFile{}, err
	}
	f.Close()
	in := pipelines.GuessFile{Name: guessed, Extension: strings.ToLower(filepath.Ext(path)), Size: st.Size()}
	in.Open = func(context.Context) (io.ReadCloser, error) {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		return &guessedFile{f, st}, nil
	}
	in.Beside = func(_ context.Context, extension string) (pipelines.GuessFile, bool, error) {
		wanted := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)) + extension
		entries, err := os.ReadDir(filepath.Dir(path))
		if err != nil {
			return pipelines.GuessFile{}, false, messages.GuessNoFile.With("file", path, "why", pipelines.Unreadable(err))
		}
		for _, e := range entries {
			if strings.EqualFold(e.Name(), wanted) {
				if other, err := openGuessed(filepath.Join(filepath.Dir(path), e.Name())); err == nil {
					return other, true, nil
				}
			}
		}
		return pipelines.GuessFile{}, false, nil
	}
	return in, nil
}

// guessedFile is a file that can be read anywhere.
type guessedFile struct {
	*os.File
	was os.FileInfo
}

// Unchanged says whether the file is still what it was when the guess began.
func (f *guessedFile) Unchanged() error {
	st, err := f.Stat()
	if err == nil && (st.Size() != f.was.Size() || !st.ModTime().Equal(f.was.ModTime())) {
		err = messages.GuessNoFile.With("file", guessed, "why", "changed")
	}
	return err
}

// guesser is the format that the file looks like the most.
func (a *app) guesser(ctx context.Context, in pipelines.GuessFile, format string) (pipelines.Guesser, error) {
	head, err := in.Head(ctx)
	if err != nil {
		return nil, err
	}
	if len(head) == 0 {
		return nil, messages.FileEmpty.With()
	}
	if kind := foreign(head); kind != "" && format == "" {
		return nil, messages.GuessForeign.With("kind", kind)
	}
	if format == "" {
		if g, _, _ := a.reg.Guesser(head, in); g != nil {
			return g, nil
		}
		return nil, messages.GuessUnknown.With()
	}
	var names []string
	for _, c := range a.reg.All(pipelines.KindFormat) {
		if g, ok := c.New().(pipelines.Guesser); ok && c.Name == format {
			return g, nil
		} else if ok {
			names = append(names, c.Name)
		}
	}
	return nil, messages.BadFlag.With("flag", "--format", "wanted", strings.Join(names, ", "))
}

// likely is how much a file looks like a table.
func (a *app) likely(head []byte, in pipelines.GuessFile) int {
	if foreign(head) != "" {
		return 0
	}
	_, _, score := a.reg.Guesser(head, in)
	return score
}

// foreign says what a file is that holds no table that a program can read, "" when
// it is none of those that people send instead of one.
func foreign(head []byte) string {
	begins := func(s string) bool { return bytes.HasPrefix(head, []byte(s)) }
	text := bytes.ReplaceAll(head[:min(len(head), 2048)], []byte{0}, nil) // of UTF-16, what is ASCII
	for _, mark := range []string{"\xef\xbb\xbf", "\xff\xfe", "\xfe\xff"} {
		text = bytes.TrimPrefix(text, []byte(mark))
	}
	text = bytes.ToLower(bytes.TrimSpace(text))
	switch {
	case bytes.HasPrefix(text, []byte("<")) && (bytes.Contains(text, []byte("<html")) || bytes.HasPrefix(text, []byte("<!doctype html")) || bytes.HasPrefix(text, []byte("<table"))):
		return "a web page (HTML)"
	case begins("%PDF"):
		return "a PDF document"
	case begins("{\\rtf"),
		begins("PK\x03\x04") && (bytes.Contains(head, []byte("word/document.xml")) || bytes.Contains(head, []byte("application/vnd.oasis.opendocument.text"))),
		begins("\xd0\xcf\x11\xe0") && bytes.Contains(head, []byte("W\x00o\x00r\x00d\x00D\x00o\x00c\x00u\x00m\x00e\x00n\x00t")):
		return "a text document"
	case begins("\xff\xd8\xff"), begins("\x89PNG"), begins("GIF8"), begins("II*\x00"), begins("MM\x00*"):
		return "a picture"
	case begins("\x00\x01\x00\x00Standard "):
		return "an Access database"
	case begins("SQLite") && len(head) > 15 && head[15] == 0:
		return "an SQLite database"
	}
	return ""
}

// pipelineName makes a name of a pipeline of that of a file.
func pipelineName(file string) string {
	name := strings.Trim(regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(string(scalar.AppendUnaccented(nil, file))), "_"), "_")
	if name == "" || name[0] >= '0' && name[0] <= '9' {
		name = "export_" + name
	}
	return strings.Trim(name, "_")
}

// guessText is the proposal as a pipeline file.
func (a *app) guessText(p *proposal) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("# %s", a.t("Proposed by lavoir guess from one file: read it before you run it.", "Proposé par lavoir guess d'après un fichier : à relire avant de lancer."))
	for _, e := range p.Evidence {
		line("# %s", oneLine(e.What(a.lang)))
	}
	for _, r := range p.Rejects {
		line("# %s", oneLine(a.rejectsText(r)))
	}
	line("\nconnection \"local\" \"depot\" {\npath = %s\n}", pipelines.GuessValue(filepath.ToSlash(p.folder)))
	line("\nconnection \"local\" \"portail\" {\npath = \"published\"\n}")
	line("\npipeline %s {", strconv.Quote(p.name))
	line("# %s", a.t("Without an authorization nothing leaves.", "Sans autorisation, rien ne sort."))
	line("authorization {\nallowed = true\nreference = %s\n}\n", pipelines.GuessValue(a.t("decision to be named here", "délibération à citer ici")))
	a.sourceText(&b, p)
	marked := map[string]bool{}
	for _, c := range p.personal {
		marked[c.Name] = true
	}
	line("\n# %s", a.t("Only the columns named here leave.", "Seules les colonnes nommées ici sortent."))
	for _, c := range p.personal {
		line("# %s", oneLine(fmt.Sprintf(a.t("%s stays: it looks personal (%s)", "%s reste : elle paraît personnelle (%s)"), messages.Visible(c.Name), c.Why)))
	}
	if n := len(p.personal); n > 0 && n < len(p.Columns) {
		line("# %s", a.t("Where a row is a person, the columns below tell together who it is: quasi, sensitive and model, not public (lavoir describe privacy policy).",
			"Si une ligne est une personne, les colonnes ci-dessous disent ensemble qui : quasi, sensitive et model plutôt que public (lavoir describe privacy policy --lang fr)."))
	}
	line("privacy {\npublic = [")
	for _, c := range p.Columns {
		if !marked[c.Name] {
			line("%s,", pipelines.GuessValue(c.Name))
		}
	}
	line("]\n}\n")
	csv := "file \"csv\" {\nprofile = \"scdl\"\n}\n"
	for _, c := range p.Columns {
		if c.Type == "binary" && !marked[c.Name] { // which no CSV file holds
			csv = ""
		}
	}
	line("load \"local\" \"portail\" {\nconnection = connection.local.portail\nprefix = %s\nfile \"parquet\" {}\n%s}\n}", strconv.Quote(p.name), csv)
	return string(hclfile.Format([]byte(b.String())))
}

// sourceText is the source's block.
func (a *app) sourceText(b *strings.Builder, p *proposal) {
	line := func(format string, args ...any) { fmt.Fprintf(b, format+"\n", args...) }
	line("source \"file\" \"export\" {\nconnection = connection.local.depot\npath = %s", pipelines.GuessValue(plainPath(p.path)))
	for _, u := range p.unpack {
		line("%s %s {", u.Type, strconv.Quote(u.Label))
		for _, o := range u.Options {
			line("%s = %s", o.Name, o.Value)
		}
		line("}")
	}
	line("format %s {", strconv.Quote(p.Format))
	for _, o := range p.Options {
		line("%s = %s", o.Name, o.Value)
	}
	columnsText(b, p.Columns)
	line("}")
	if len(p.personal) > 0 {
		var names []string
		for _, c := range p.personal {
			names = append(names, c.Name)
		}
		line("personal = %s", pipelines.GuessValue(names))
	}
	line("}")
}

func columnsText(b *strings.Builder, columns []pipelines.GuessColumn) {
	fmt.Fprintln(b, "columns = {")
	for _, c := range columns {
		if !c.Undeclared {
			fmt.Fprintf(b, "%s = %s\n", pipelines.GuessKey(c.Name), c.Type)
		}
	}
	fmt.Fprintln(b, "}")
}

// plainPath is a path that matches the file of that name and no other: a star
// and a group mean something in paths.
func plainPath(name string) string {
	return strings.NewReplacer("*", `(?:\*)`, "(?", `(?:\(\?)`).Replace(name)
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

func (a *app) rejectsText(r pipelines.GuessRejects) string {
	var lines []string
	for _, l := range r.Lines {
		lines = append(lines, strconv.FormatInt(l, 10))
	}
	column := ""
	if r.Column != "" {
		column = fmt.Sprintf(a.t("column %s: ", "colonne %s : "), messages.Visible(r.Column))
	}
	return fmt.Sprintf(a.t("%d rows would be rejected: %s%s (%s; first lines %s)", "%d lignes seraient rejetées : %s%s (%s ; premières lignes %s)"),
		r.Count, column, r.Why.What(a.lang), r.Why.Code, strings.Join(lines, ", "))
}

// guessEvidence says on standard error what makes the proposal likely.
func (a *app) guessEvidence(p *proposal) {
	fmt.Fprintf(a.Err, a.t("format %s, %d rows, %d columns\n", "format %s, %d lignes, %d colonnes\n"), p.Format, p.Rows, len(p.Columns))
	for _, e := range p.Evidence {
		fmt.Fprintf(a.Err, "  %s\n", oneLine(e.What(a.lang)))
	}
	for _, r := range p.Rejects {
		fmt.Fprintf(a.Err, "  %s\n", oneLine(a.rejectsText(r)))
	}
	for _, c := range p.personal {
		fmt.Fprintf(a.Err, "  %s\n", oneLine(messages.GuessPersonal.With("column", c.Name, "why", c.Why).What(a.lang)))
	}
}

type guessJSON struct {
	Format   string              `json:"format"`
	Rows     int64               `json:"rows"`
	Options  map[string]string   `json:"options"`
	Columns  []guessColumnJSON   `json:"columns"`
	Unpack   []string            `json:"unpack,omitempty"`
	Schema   string              `json:"schema,omitempty"`
	Evidence []guessEvidenceJSON `json:"evidence"`
	Rejects  []guessRejectsJSON  `json:"rejects"`
	Pipeline string              `json:"pipeline"`
}

type guessColumnJSON struct {
	Name     string `json:"name"`
	Type     string `json:"type"`
	Nulls    int64  `json:"nulls"`
	Personal string `json:"personal,omitempty"`
}

type guessEvidenceJSON struct {
	Code string `json:"code"`
	What string `json:"what"`
}

type guessRejectsJSON struct {
	Column string  `json:"column,omitempty"`
	Code   string  `json:"code"`
	What   string  `json:"what"`
	Count  int64   `json:"count"`
	Lines  []int64 `json:"lines"`
}

func (a *app) guessJSON(p *proposal, text string) error {
	out := guessJSON{Format: p.Format, Rows: p.Rows, Options: map[string]string{}, Columns: []guessColumnJSON{}, Schema: p.schema,
		Evidence: []guessEvidenceJSON{}, Rejects: []guessRejectsJSON{}, Pipeline: text}
	for _, o := range p.Options {
		out.Options[o.Name] = o.Value
	}
	why := map[string]string{}
	for _, c := range p.personal {
		why[c.Name] = c.Why
	}
	for _, c := range p.Columns {
		out.Columns = append(out.Columns, guessColumnJSON{c.Name, c.Type, c.Nulls, why[c.Name]})
	}
	for _, u := range p.unpack {
		out.Unpack = append(out.Unpack, u.Label)
	}
	for _, e := range p.Evidence {
		out.Evidence = append(out.Evidence, guessEvidenceJSON{e.Code, e.What(a.lang)})
	}
	for _, r := range p.Rejects {
		out.Rejects = append(out.Rejects, guessRejectsJSON{r.Column, r.Why.Code, r.Why.What(a.lang), r.Count, r.Lines})
	}
	enc := json.NewEncoder(a.Out)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(out)
}
