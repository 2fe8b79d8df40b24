package pipelines

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"filippo.io/age"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Reviewer is the ability of a privacy stage to say which columns leave as texts in
// which rules took away what names persons, and to draw some of them for a person
// to read before anything is published.
type Reviewer interface {
	// Reviews are the columns whose review must have been accepted under the present
	// policy before a release.
	Reviews() []string
	// Sample draws n texts of each of these columns. Which ones depends on the texts
	// and the seed alone.
	Sample(n int, seed []byte) TextSample
}

// TextSample is texts being drawn. What it gives names persons.
type TextSample interface {
	// Add offers the texts of in, the rows that reach the stage; it owns in.
	Add(ctx context.Context, in Stream) error
	Texts() []SampledText
}

// SampledText is a text as its reader sees it.
type SampledText struct {
	Column string
	Number int    // of the texts of its column
	Marked string // the text, with ⟦ ⟧ around what is taken away
	Found  string // what that is; "" for nothing
}

// Redactor is the ability of a privacy stage to tell how many passages it has taken
// away from texts since it was built. These counts are never public: beside those of
// another release they would tell what was not published (invariant 11).
type Redactor interface {
	Redacted() []Passages
}

// Passages is how many passages of a kind were taken away from a column.
type Passages struct {
	Column string `json:"column"`
	Kind   string `json:"kind"`
	Count  int64  `json:"passages"`
}

// redacted is what the stage has taken away so far.
func (f *Flow) redacted() []Passages {
	if r, ok := f.Privacy.(Redactor); ok {
		return r.Redacted()
	}
	return nil
}

// since is what was taken away after before: a task may have to start again.
func since(before, now []Passages) (out []Passages) {
	for _, r := range now {
		for _, b := range before {
			if b.Column == r.Column && b.Kind == r.Kind {
				r.Count -= b.Count
			}
		}
		if r.Count > 0 {
			out = append(out, r)
		}
	}
	return out
}

// RuleReview names, in acceptances, the rule that somebody has read a sample.
const RuleReview = "review"

// reviewed refuses a task whose texts nobody has read a sample of, or nobody who may
// say so: before it reads anything, and under every new policy again.
func (r *run) reviewed(env Env, t Task, f *Flow) error {
	if r.opt.Unpublished {
		return nil
	}
	open := unreviewed(env, f.Privacy)
	if len(open) == 0 {
		return nil
	}
	return f.at("privacy", messages.NotReviewed.With("columns", strings.Join(open, ", "), "column", open[0], "pipeline", t.ID.Pipeline))
}

// unreviewed are the columns whose review nobody has accepted under the present policy.
func unreviewed(env Env, stage Privacy) (open []string) {
	rv, ok := stage.(Reviewer)
	if !ok {
		return nil
	}
	for _, column := range rv.Reviews() {
		if !env.Accepted(RuleReview, column, 0) {
			open = append(open, column)
		}
	}
	return open
}

// Review is a sample of the texts of a pipeline, drawn from tasks of one policy.
type Review struct {
	Pipeline string
	Policy   string   // hash
	Columns  []string // that are to be reviewed
	Tasks    int
	Texts    []SampledText

	sample TextSample
}

// ReviewTasks reads the rows of the selected tasks up to their privacy stage and draws
// n texts of every column to be reviewed, by pipeline and policy. Rows that cannot be
// read are left out; nothing is published. Each task is shown to before, when it is
// not nil, before anything of it is read.
func ReviewTasks(ctx context.Context, p *Project, sel Selection, n int, opt RunOptions, before func(TaskID) error) ([]*Review, error) {
	r, err := newRun(ctx, p, opt, 1)
	if err != nil {
		return nil, err
	}
	defer r.close()
	var all []*Review
	var failed error
	diags := p.Tasks(sel, func(t Task) bool {
		failed = r.review(ctx, t, n, before, &all)
		return failed == nil && ctx.Err() == nil
	})
	if diags.HasErrors() {
		return nil, diags
	}
	if err := errors.Join(failed, ctx.Err()); err != nil {
		return nil, err
	}
	for _, v := range all {
		v.Texts = v.sample.Texts()
	}
	return all, nil
}

func (r *run) review(ctx context.Context, t Task, n int, before func(TaskID) error, all *[]*Review) error {
	if !t.Chain.Privacy.IsSet() {
		return nil
	}
	stage, err := As[Privacy](t.Chain.Privacy, r.env(t, r.dir))
	if err != nil {
		return &StepError{t.ID, "privacy", err}
	}
	rv, ok := stage.(Reviewer)
	if !ok || len(rv.Reviews()) == 0 {
		return nil
	}
	if before != nil {
		if err := before(t.ID); err != nil {
			return err
		}
	}
	v := (*Review)(nil)
	policy := fullSum(t.Policy)
	for _, known := range *all {
		if known.Pipeline == t.ID.Pipeline && known.Policy == policy {
			v = known
		}
	}
	if v == nil {
		seed := hideName(r.key, "review "+t.ID.Pipeline+" "+policy)
		v = &Review{Pipeline: t.ID.Pipeline, Policy: policy, Columns: rv.Reviews(), sample: rv.Sample(n, []byte(seed))}
		*all = append(*all, v)
	}
	v.Tasks++
	dir, err := os.MkdirTemp(r.dir, "review-*")
	if err != nil {
		return messages.RunFolder.Wrap(err, "folder", r.dir)
	}
	defer os.RemoveAll(dir)
	env := r.env(t, dir)
	if t, err = Choose(ctx, t, env, true); err != nil {
		return err
	}
	f, err := BuildFlow(t, env)
	if err != nil {
		return err
	}
	_, in, err := f.untilPrivacy(ctx, env)
	if err != nil {
		return err
	}
	return f.at("privacy", v.sample.Add(ctx, in))
}

// ReviewFolder is where sheets are in the local state.
const ReviewFolder = "reviews"

// Write puts the texts into a sheet of a folder, for a table program: encrypted to the
// recipients, or, when there are none, plain and for the account alone. A sheet
// that is there, perhaps with what a person wrote into it, is not written over.
func (v *Review) Write(folder string, recipients []string) (path string, err error) {
	path = filepath.Join(folder, v.Pipeline+"-"+v.Policy[:8]+".csv")
	if len(recipients) > 0 {
		path += ".age"
	}
	fail := func(err error) (string, error) {
		why := Unreadable(err)
		if errors.Is(err, fs.ErrExist) {
			why = "a file is there already"
		}
		return path, messages.SheetUnwritten.With("path", path, "why", why)
	}
	data, err := v.sheet(recipients)
	if err != nil {
		return path, err
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return fail(err)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fail(err)
	}
	_, err = f.Write(data)
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		os.Remove(path)
		return fail(err)
	}
	return path, nil
}

func (v *Review) sheet(recipients []string) ([]byte, error) {
	var out bytes.Buffer
	if len(recipients) == 0 {
		err := v.table(&out)
		return out.Bytes(), err
	}
	to, err := parseRecipients(recipients)
	if err != nil {
		return nil, err
	}
	seal, err := age.Encrypt(&out, to...)
	if err != nil {
		return nil, fmt.Errorf("encrypt sheet: %w", err)
	}
	if err := v.table(seal); err != nil {
		return nil, err
	}
	err = seal.Close()
	return out.Bytes(), err
}

// table writes the texts as a table program takes them. It has a last column for
// what the reader found missing, and is in French, as those who read it are.
func (v *Review) table(w io.Writer) error {
	if _, err := io.WriteString(w, "\ufeff"); err != nil {
		return err
	}
	c := csv.NewWriter(w)
	c.Comma, c.UseCRLF = ';', true
	rows := [][]string{{"colonne", "numéro", "trouvé", "texte", "ce qui a été manqué"}}
	for _, t := range v.Texts {
		rows = append(rows, []string{unformulated(t.Column), strconv.Itoa(t.Number), t.Found, unformulated(t.Marked), ""})
	}
	return c.WriteAll(rows)
}

// unformulated is a text that no table program takes for a formula.
func unformulated(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}
