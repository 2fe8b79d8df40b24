package privacy

import (
	"bytes"
	"context"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/transforms/internal/protect/freetext"
)

type textConfig struct {
	Column      string                `hcl:"column,label"`
	Action      string                `hcl:"action,optional" doc:"drop, the default, keeps the column in; redact puts in the place of each passage that may name a person what it is: [nom], [téléphone]." values:"drop|redact"`
	Review      string                `hcl:"review,optional" doc:"Of redact, and needed there: human. Nothing is published under this policy until a person has read a sample and an approver accepts it." values:"human"`
	SoleTraders bool                  `hcl:"sole_traders,optional" doc:"Of redact: whether the numbers of companies (SIREN, SIRET) are taken away too, where their owners may trade alone."`
	FirstNames  pipelines.PrivateFile `hcl:"first_names,optional" doc:"Of redact: a file of first names, one a line, that are known besides those that are common in France."`
	Terms       pipelines.PrivateFile `hcl:"terms,optional" doc:"Of redact: a file of words and expressions, one a line, that are taken away wherever they stand: hamlets, nicknames, surnames."`
}

type expectConfig struct {
	Column string   `hcl:"column,label"`
	Kinds  []string `hcl:"kinds" doc:"What the gate may find in the column, and redact leaves there: iban, email, phone, plate, birth, address, name, first_name, siret, siren, term. There is no exception for nir."`
	Reason string   `hcl:"reason" doc:"Why it is right to publish that."`
}

func (x textConfig) redacts() bool { return x.Action == "redact" }

func (x textConfig) Validate() error {
	wrong := func(argument, why string) error {
		return pipelines.At(argument, messages.WrongText.With("column", x.Column, "why", why))
	}
	switch {
	case x.redacts() && x.Review == "":
		return wrong("action", "redact without review: no rule finds every name")
	case !x.redacts() && x.Review != "":
		return wrong("review", "review without redact")
	case !x.redacts() && (x.SoleTraders || x.FirstNames != "" || x.Terms != ""):
		return wrong("action", "sole_traders, first_names or terms without redact")
	}
	return nil
}

// set is the kinds of the block, or what is wrong with one.
func (x expectConfig) set() (set freetext.Kinds, why string) {
	for _, word := range x.Kinds {
		k, ok := freetext.KindOf(word)
		switch {
		case !ok:
			return 0, word + " is none of the kinds"
		case k == freetext.NIR:
			return 0, "social security numbers are never right to publish"
		}
		set |= freetext.Of(k)
	}
	if set == 0 {
		return 0, "no kind"
	}
	return set, ""
}

func (x expectConfig) wrong(argument, why string) error {
	kinds := strings.Join((freetext.All &^ freetext.Of(freetext.NIR)).Words(), ", ")
	return pipelines.At(argument, messages.WrongExpect.With("column", x.Column, "why", why, "kinds", kinds))
}

func (x expectConfig) Validate() error {
	if _, why := x.set(); why != "" {
		return x.wrong("kinds", why)
	}
	if strings.TrimSpace(x.Reason) == "" {
		return x.wrong("reason", "no reason")
	}
	return nil
}

// validExpects refuses an expectation of a column that does not leave, and a second one.
func (c policyConfig) validExpects() error {
	leaves := c.leaving()
	seen := map[string]bool{}
	for _, x := range c.Expects {
		switch {
		case !leaves[x.Column]:
			return x.wrong("", "the column does not leave")
		case seen[x.Column]:
			return x.wrong("", "two blocks for one column")
		}
		seen[x.Column] = true
	}
	return nil
}

// leaving is which columns the policy lets out.
func (c policyConfig) leaving() map[string]bool {
	leaves := map[string]bool{}
	for _, name := range c.Public {
		leaves[name] = true
	}
	for _, q := range c.Quasi {
		leaves[q.Column] = true
	}
	for _, s := range c.Sensitive {
		leaves[s.Column] = true
	}
	for _, r := range c.Clears {
		leaves[r.Column] = true
	}
	for _, m := range c.Micro {
		for _, name := range m.Columns {
			leaves[name] = true
		}
	}
	for _, id := range c.Identifiers {
		leaves[id.Column] = id.Action != "drop"
	}
	for _, x := range c.Texts {
		leaves[x.Column] = x.redacts()
	}
	return leaves
}

// expected are the kinds that may be found in a column.
func (c policyConfig) expected(column string) freetext.Kinds {
	for _, x := range c.Expects {
		if x.Column == column {
			set, _ := x.set()
			return set
		}
	}
	return 0
}

// redaction is what is taken away from a column that leaves redacted.
type redaction struct {
	kinds freetext.Kinds
	names *freetext.Names
	terms *freetext.Terms
}

func (r *redaction) detector() *freetext.Detector {
	return freetext.New(r.kinds, r.names).With(r.terms)
}

// redactions are those of the policy, by column, with the lists that its files hold.
func (c policyConfig) redactions(env pipelines.Env) (map[string]*redaction, error) {
	all := map[string]*redaction{}
	for _, x := range c.Texts {
		if !x.redacts() {
			continue
		}
		r := &redaction{kinds: freetext.Persons, names: freetext.FrenchNames()}
		if x.SoleTraders {
			r.kinds = freetext.All
		}
		r.kinds &^= c.expected(x.Column)
		if x.FirstNames != "" {
			data, err := x.list(env, "first_names", x.FirstNames)
			if err != nil {
				return nil, err
			}
			own, err := freetext.ReadNames(bytes.NewReader(data))
			if err != nil {
				return nil, err
			}
			r.names = r.names.And(own)
		}
		if x.Terms != "" {
			data, err := x.list(env, "terms", x.Terms)
			if err != nil {
				return nil, err
			}
			if r.terms, err = freetext.ReadTerms(bytes.NewReader(data)); err != nil {
				return nil, err
			}
		}
		all[x.Column] = r
	}
	return all, nil
}

func (x textConfig) list(env pipelines.Env, argument string, file pipelines.PrivateFile) ([]byte, error) {
	data, err := os.ReadFile(env.Path(string(file)))
	if err != nil {
		return nil, messages.TextList.With("column", x.Column, "argument", argument, "why", pipelines.Unreadable(err))
	}
	return data, nil
}

// free refuses a text role for a column of another type.
func (c policyConfig) free(in *arrow.Schema) error {
	for _, x := range c.Texts {
		i, err := pipelines.ColumnIndex(in, x.Column)
		if err != nil {
			return err
		}
		if f := in.Field(i).Type; x.redacts() && !freetext.HasText(f) {
			return messages.NoFreeText.With("column", x.Column, "got", pipelines.TypeName(f))
		}
	}
	return nil
}

// redacted counts what was taken away, by column. Kernels of several workers share it.
type redacted struct {
	mu     sync.Mutex
	counts map[string]freetext.Counts
}

func (r *redacted) add(column string, found freetext.Counts) {
	if found.Total() == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.counts == nil {
		r.counts = map[string]freetext.Counts{}
	}
	sum := r.counts[column]
	sum.Add(found, 1)
	r.counts[column] = sum
}

// Redacted tells what was taken away from texts so far, in the order of the policy.
func (t policy) Redacted() []pipelines.Passages {
	t.redacted.mu.Lock()
	defer t.redacted.mu.Unlock()
	var all []pipelines.Passages
	for _, x := range t.Texts {
		for k, n := range t.redacted.counts[x.Column] {
			if n > 0 {
				all = append(all, pipelines.Passages{Column: x.Column, Kind: freetext.Kind(k).Word(), Count: n})
			}
		}
	}
	return all
}

// Reviews are the columns that are redacted, in the order of the policy.
func (t policy) Reviews() []string {
	var columns []string
	for _, x := range t.Texts {
		if x.redacts() {
			columns = append(columns, x.Column)
		}
	}
	return columns
}

// Sample draws the texts of a review.
func (t policy) Sample(n int, seed []byte) pipelines.TextSample {
	s := &sample{columns: t.Reviews()}
	for _, column := range s.columns {
		own := append(slices.Clone(seed), column...)
		s.sheets = append(s.sheets, freetext.NewSheet(t.texts[column].detector(), n, own))
	}
	return s
}

type sample struct {
	columns []string
	sheets  []*freetext.Sheet
}

func (s *sample) Add(ctx context.Context, in pipelines.Stream) error {
	return pipelines.Each(ctx, in, func(b pipelines.Batch) error {
		defer b.Release()
		for n, column := range s.columns {
			i, err := pipelines.ColumnIndex(b.Schema(), column)
			if err != nil {
				return err
			}
			freetext.EachText(b.Column(i), func(text []byte, _ int64) { s.sheets[n].Add(text) })
		}
		return nil
	})
}

func (s *sample) Texts() []pipelines.SampledText {
	var all []pipelines.SampledText
	for n, column := range s.columns {
		for _, row := range s.sheets[n].Rows() {
			all = append(all, pipelines.SampledText{Column: column, Number: row.Number, Marked: row.Marked, Found: row.Found})
		}
	}
	return all
}
