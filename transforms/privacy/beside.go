package privacy

import (
	"slices"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Derives refuses a public column that is made of what another rule counts, averages or takes
// passages out of: the age beside its range, an amount beside its mean, a text beside what is
// left of it. Nothing looks at it again, and each row tells what the rule took away. Of a text
// only what is text itself holds passages.
func (t policy) Derives(columns []pipelines.Derivation) error {
	judged, texts := map[string]string{}, map[string]string{} // by column of a source, which column of the policy
	for _, c := range columns {
		of := texts
		switch {
		case t.judges(c.Name):
			of = judged
		case t.texts[c.Name] == nil:
			continue
		}
		for _, from := range c.Shows {
			if of[from] == "" {
				of[from] = c.Name
			}
		}
	}
	for _, c := range columns {
		if !slices.Contains(t.Public, c.Name) {
			continue
		}
		for _, from := range slices.Concat(c.Shows, c.Asks) {
			if other := judged[from]; other != "" {
				return pipelines.At("public", messages.PublicBeside.With("column", c.Name, "other", other, "source", from))
			}
		}
		for _, from := range c.Shows {
			if other := texts[from]; other != "" && c.Type.ID() == arrow.STRING {
				return pipelines.At("public", messages.PublicBeside.With("column", c.Name, "other", other, "source", from))
			}
		}
	}
	return nil
}

// judges says whether a rule looks at a column together with others, or with other rows.
func (t policy) judges(column string) bool {
	return slices.ContainsFunc(t.Quasi, func(q quasiConfig) bool { return q.Column == column }) ||
		slices.ContainsFunc(t.Sensitive, func(s sensitiveConfig) bool { return s.Column == column }) ||
		slices.ContainsFunc(t.Micro, func(m microConfig) bool { return slices.Contains(m.Columns, column) })
}
