package privacy

import (
	"context"
	"slices"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/transforms/internal/protect"
)

// mask is what else than a value of its own stands for a text.
type mask struct {
	redact  bool             // protect.Redacted, but for null
	partial *protect.Partial // some of its characters
}

// partialByLaw says whether some characters of the column leave because the law lets them out.
func (id identifierConfig) partialByLaw() bool { return id.Action == "partial" && id.legal() }

// masksWell checks the arguments of redact and partial.
func (id identifierConfig) masksWell() error {
	wrong := func(argument, why string) error {
		return pipelines.At(argument, messages.WrongMask.With("column", id.Column, "why", why))
	}
	switch {
	case id.Action != "partial" && (id.ShowFirst != 0 || id.ShowLast != 0):
		return wrong("action", "show_first or show_last without partial")
	case id.Action == "redact" && id.Otherwise != "":
		return wrong("otherwise", "redact with otherwise")
	case id.Action != "partial":
		return nil
	case id.ClearWhen.IsSet() || id.Otherwise != "":
		return wrong("action", "partial with clear_when or otherwise")
	case id.ShowFirst < 0:
		return wrong("show_first", "fewer characters than none")
	case id.ShowLast < 0:
		return wrong("show_last", "fewer characters than none")
	}
	if _, err := protect.NewPartial(id.ShowFirst, id.ShowLast); err != nil {
		return wrong("action", "partial without show_first or show_last")
	}
	return nil
}

// uncounted refuses a partial mask of which nobody counts how many share it, and one that
// would leave uncounted beside a model: most names are alone with a few characters and the
// rest of their row.
func (id identifierConfig) uncounted(model bool) error {
	switch {
	case id.Action != "partial" || model != id.legal():
		return nil
	case model:
		return messages.WrongMask.With("column", id.Column, "why", "partial with legal_basis beside a model, which counts it and needs none")
	}
	return messages.MaskUncounted.With("column", id.Column)
}

// counted says whether the model counts what is shown of an identifier.
func (c policyConfig) counted(id identifierConfig) bool {
	return id.Action == "partial" && c.Model != nil
}

// withPartials is c with a quasi-identifier, after its own, for each identifier of which
// the model counts what is shown. It never leaves as it is.
func (c policyConfig) withPartials() policyConfig {
	c.Quasi = slices.Clone(c.Quasi)
	for _, id := range c.Identifiers {
		if c.counted(id) {
			c.Quasi = append(c.Quasi, quasiConfig{Column: id.Column, ShowFirst: id.ShowFirst, ShowLast: id.ShowLast, MinLevel: 1})
		}
	}
	return c
}

// partial says whether a quasi-identifier is one of withPartials.
func (c policyConfig) partial(q quasiConfig) bool {
	return slices.ContainsFunc(c.Identifiers, func(id identifierConfig) bool { return id.Column == q.Column })
}

func (id identifierConfig) mask(f arrow.Field) (m mask, err error) {
	if id.Action != "redact" && id.Action != "partial" {
		return m, nil
	}
	if f.Type.ID() != arrow.STRING {
		return m, messages.MaskType.With("column", id.Column, "action", id.Action, "got", pipelines.TypeName(f.Type))
	}
	if m.redact = id.Action == "redact"; !m.redact {
		p, err := protect.NewPartial(id.ShowFirst, id.ShowLast)
		return mask{partial: &p}, err
	}
	return m, nil
}

// instead is what stands for a masked value; "": nothing.
func (id identifierConfig) instead() string {
	if id.Action == "redact" {
		return protect.Redacted
	}
	return id.Otherwise
}

// redact gives the texts of col, which are those of leaving column n in rows r, where they
// may be read, and the word for one elsewhere.
func (m *masking) redact(ctx context.Context, n int, r arrow.Record, col *array.String) (arrow.Array, error) {
	may, err := m.clear(ctx, n, r)
	if err != nil {
		return nil, err
	}
	b := array.NewStringBuilder(m.mem)
	defer b.Release()
	b.Reserve(col.Len())
	for i, yes := range may[:col.Len()] { // without a condition r has rows that do not stay
		switch {
		case col.IsNull(i):
			b.AppendNull()
		case yes:
			b.Append(col.Value(i))
		default:
			b.Append(protect.Redacted)
		}
	}
	return b.NewArray(), nil
}

// readable is how many texts that may be read tell something: a reader of some formats does
// not know null from a text without characters.
func readable(a *array.String, may []bool) (n int64) {
	for i, yes := range may {
		if yes && !a.IsNull(i) && a.Value(i) != "" && a.Value(i) != protect.Redacted {
			n++
		}
	}
	return n
}
