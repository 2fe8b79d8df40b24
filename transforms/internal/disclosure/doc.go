// Package disclosure is the arithmetic of statistical disclosure control: it
// counts classes of rows that share their quasi-identifiers, looks for the least
// generalisation under which every class keeps a model (k-anonymity, l-diversity,
// t-closeness, k-map, average risk), groups what no hierarchy fits (Mondrian,
// MDAV), and measures what risk stays.
//
// It works on codes: a column of values becomes numbers through a Dictionary, and
// what a column may be generalised to is a Hierarchy. It knows neither a policy nor
// Arrow. The way of the data is
//
//	h := New(shape, options)            counts; Close ends it
//	w := h.Worker()                     one for each goroutine that counts
//	w.Quasi(0).Code(…), w.Add(…)        batch by batch, in any order and cut
//	c, err := h.Finish(ctx)             the classes, in the order of their values
//	l, err := Bind(hierarchy, …)        what the values that occur are generalised to
//	s, err := Search(ctx, Problem{…})   the levels that lose least
//	r, err := Recode(ctx, p, s.Levels)  in the second pass, which rows stay
//	m, err := Measure(ctx, p, s.Levels) and what risk does
//
// Results depend on the rows as a set: not on their order, how they were cut, how
// many workers counted, whether memory held them, or the platform. Ties are broken
// by written rules. No error holds a value of a row.
package disclosure
