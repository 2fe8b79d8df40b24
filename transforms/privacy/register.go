package privacy

import "github.com/lavoir-data/lavoir/pipelines"

// Processing describes the policy for the register of processing.
func (t policy) Processing() pipelines.Processing {
	p := pipelines.Processing{Purpose: t.Purpose, Controller: t.Controller, DataSubjects: append([]string{}, t.DataSubjects...),
		Categories: []pipelines.DataCategory{}, Measures: t.Paragraph(nil), LegalBases: append([]pipelines.LegalBasis{}, t.LegalBases()...)}
	add := func(role string, columns ...string) {
		for i := range p.Categories {
			if p.Categories[i].Role == role {
				p.Categories[i].Columns = append(p.Categories[i].Columns, columns...)
				return
			}
		}
		if len(columns) > 0 {
			p.Categories = append(p.Categories, pipelines.DataCategory{Role: role, Columns: columns})
		}
	}
	for _, id := range t.Identifiers {
		add(id.role(), id.Column)
	}
	for _, q := range t.Quasi {
		if !t.partial(q) {
			add(roleQuasi, q.Column)
		}
	}
	for _, s := range t.Sensitive {
		add(roleSensitive, s.Column)
	}
	for _, r := range t.Clears {
		add(roleQuasi, r.Column)
	}
	for _, m := range t.Micro {
		add(roleQuasi, m.Columns...)
	}
	add(rolePublic, t.Public...)
	return p
}
