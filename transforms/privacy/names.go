package privacy

import "slices"

// Identifying is the columns that a rule for identifiers is about: what was made of one
// before this stage names persons as it does.
func (t policy) Identifying() []string {
	var names []string
	for _, id := range t.Identifiers {
		names = append(names, id.Column)
	}
	return names
}

// showsWhole says whether values of a quasi-identifier may leave as they are: a name that
// stands in k rows is a name, and these may be the rows of one person.
func (t policy) showsWhole(column string) bool {
	return slices.ContainsFunc(t.Quasi, func(q quasiConfig) bool { return q.Column == column && q.MinLevel == 0 })
}
