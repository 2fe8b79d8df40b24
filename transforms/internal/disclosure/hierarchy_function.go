package disclosure

import "github.com/lavoir-data/lavoir/pipelines/messages"

// Step makes one level of a hierarchy: the label of a value, given the value and
// its label one level below; false when it has none, as a text that is no number.
type Step func(value, below string) (label string, ok bool)

// Functions is the hierarchy that steps make, from the first level up. Its domain
// is the values that occur. A value to which a step gives no label is missing from
// the hierarchy, and levels that do not nest are refused, as in a file.
func Functions(steps ...Step) Hierarchy { return functions(steps) }

type functions []Step

func (f functions) tree(column string, d *Domain) (*tree, error) {
	above := make([][]string, len(f))
	var leaves []string
	for _, v := range d.Values {
		labels, ok := f.labels(v)
		if !ok {
			continue
		}
		leaves = append(leaves, v)
		for l, label := range labels {
			above[l] = append(above[l], label)
		}
	}
	t, err := newTree(column, leaves, above, func(int) int { return 0 })
	if e := messages.Find(err); e != nil && e.Message == messages.HierarchySplits {
		return nil, messages.StepsSplit.With("column", column, "level", e.Param("level"), "below", e.Param("below"))
	}
	return t, err
}

func (f functions) labels(v string) ([]string, bool) {
	labels := make([]string, len(f))
	below := v
	for l, step := range f {
		label, ok := step(v, below)
		if !ok {
			return nil, false
		}
		labels[l], below = label, label
	}
	return labels, true
}
