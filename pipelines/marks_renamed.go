package pipelines

import (
	"context"
	"slices"
	"strings"
)

// markRenamed marks anew where an identifier of the policy has another name in its source, or is
// made of that column alone: what else was made of it names persons as it does.
func (f *Flow) markRenamed(ctx context.Context, from traced, marks []MarkedColumn, b *Binding) ([]MarkedColumn, error) {
	identifiers := f.identifiers()
	known := len(identifiers)
	for _, name := range identifiers[:known] {
		if source, ok := from.alone(name); ok && !slices.Contains(identifiers, source) {
			identifiers = append(identifiers, source)
		}
	}
	if len(identifiers) == known {
		return marks, nil
	}
	marks, err := MarkSource(f.Source, b.In[0], f.SourceName, identifiers...)
	if err != nil {
		return nil, f.at(f.SourceName, err)
	}
	b.Marks[0] = marks
	for i, s := range f.Steps {
		feeds, err := feedMarks(ctx, s.Transform, identifiers)
		if err == nil {
			marks, err = Marks(s.Transform, marks, feeds, b.In[i], b.In[i+1])
		}
		if err != nil {
			return nil, f.at(s.Name, err)
		}
		b.Marks[i+1] = marks
	}
	return marks, nil
}

// alone is the one column of a source of which something stands in a column.
func (t traced) alone(column string) (source string, ok bool) {
	for from, shows := range t[column] {
		if shows && source != "" {
			return "", false
		}
		if shows {
			source = from
		}
	}
	return source, source != ""
}

// ofFeed are the identifiers that columns of the feed may have: those of any source, and
// its own.
func ofFeed(feed string, identifiers []string) []string {
	own := slices.Clone(identifiers)
	for _, name := range identifiers {
		if column, ok := strings.CutPrefix(name, feed+"/"); ok {
			own = append(own, column)
		}
	}
	return own
}
