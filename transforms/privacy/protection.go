package privacy

import (
	"cmp"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/transforms/internal/disclosure"
)

// Protection tells column by column what the policy does, and whether the result may
// be called anonymous.
func (t policy) Protection(d pipelines.Decision) *pipelines.Protection {
	s, _ := d.(*seen)
	p := &pipelines.Protection{Purpose: t.Purpose, Subjects: t.DataSubjects, Opposed: t.Opposition != nil, Columns: []pipelines.ProtectedColumn{}}
	add := func(name string, role pipelines.Role, treatment pipelines.Treatment, instead, level string) {
		p.Columns = append(p.Columns, pipelines.ProtectedColumn{Name: name, Role: role, Treatment: treatment, Instead: instead, Level: level})
	}
	for _, id := range t.Identifiers {
		switch {
		case t.counted(id):
		case id.partialByLaw():
			add(id.Column, pipelines.RoleIdentifier, pipelines.PartlyMasked, "", shownLevel)
		default:
			add(id.Column, pipelines.RoleIdentifier, id.treatment(), id.instead(), "")
		}
	}
	for j, q := range t.Quasi {
		level := ""
		if s != nil && s.verdict != nil {
			level = s.names[j]
		}
		switch {
		case t.partial(q) && level == allHidden:
			add(q.Column, pipelines.RoleIdentifier, pipelines.Masked, disclosure.Star, level)
		case t.partial(q): // whatever was decided: some characters of a name name
			add(q.Column, pipelines.RoleIdentifier, pipelines.PartlyMasked, "", cmp.Or(level, shownLevel))
		case level == "":
			add(q.Column, pipelines.RoleQuasi, pipelines.Kept, "", "")
		case level == allHidden:
			add(q.Column, pipelines.RoleQuasi, pipelines.Masked, disclosure.Star, level)
		default:
			add(q.Column, pipelines.RoleQuasi, pipelines.Generalised, "", level)
		}
	}
	for _, c := range t.Sensitive {
		add(c.Column, pipelines.RoleSensitive, pipelines.Kept, "", "")
	}
	for _, x := range t.Texts {
		treatment := pipelines.Suppressed
		if x.redacts() {
			treatment = pipelines.Redacted
		}
		add(x.Column, pipelines.RoleText, treatment, "", "")
	}
	for _, r := range t.Clears {
		add(r.Column, pipelines.RoleIdentifier, pipelines.MaskedUnless, "", "")
	}
	for _, m := range t.Micro {
		for _, name := range m.Columns {
			add(name, pipelines.RoleQuasi, pipelines.Generalised, "", meansLevel)
		}
	}
	for _, name := range t.Public {
		add(name, pipelines.RolePublic, pipelines.Kept, "", "")
	}
	p.Model, p.Verified = t.protectedModel(), t.verified(s)
	p.Open = open(p, s)
	if len(t.env.Relaxed()) > 0 {
		p.Open = append(p.Open, pipelines.NeedsKept)
	}
	p.Anonymous = len(p.Open) == 0
	return p
}

func (id identifierConfig) treatment() pipelines.Treatment {
	switch {
	case id.Action == "drop":
		return pipelines.Suppressed
	case id.open():
		return pipelines.KeptByLaw
	case id.lasts():
		return pipelines.CodeByLaw
	case id.hashed():
		return pipelines.Pseudonymous
	case id.ClearWhen.IsSet():
		return pipelines.MaskedUnless
	case id.Action == "redact":
		return pipelines.MaskedGiven
	}
	return pipelines.Masked
}

// bounds are those of a policy, in full.
func (s sensitiveConfig) bounds() pipelines.ProtectedValues {
	v := pipelines.ProtectedValues{Column: s.Column}
	if d := s.Diversity; d != nil {
		v.Diversity, v.L, v.C = cmp.Or(d.Kind, "distinct"), d.L, d.C
	}
	if c := s.Closeness; c != nil {
		v.Distance, v.T = cmp.Or(c.Distance, "equal"), c.T
	}
	return v
}

// open are the criteria that do not hold. The gate refuses a file for which the model
// does not, so that what is published keeps it. A role or a treatment that is not
// known here leaves them open.
func open(p *pipelines.Protection, s *seen) []pipelines.Criterion {
	m := p.Model
	if m == nil || s == nil || s.verdict == nil {
		return []pipelines.Criterion{pipelines.NeedsModel}
	}
	var all []pipelines.Criterion
	need := func(c pipelines.Criterion, holds bool) {
		if !holds {
			all = append(all, c)
		}
	}
	need(pipelines.NeedsK, m.K >= pipelines.AnonymousK)
	need(pipelines.NeedsPersons, m.Persons)
	need(pipelines.NeedsOwnNull, !m.Wildcard)
	has := func(is func(c pipelines.ProtectedColumn) bool) bool {
		for _, c := range p.Columns {
			if is(c) {
				return true
			}
		}
		return false
	}
	need(pipelines.NeedsNoCode, !m.Tied && !has(func(c pipelines.ProtectedColumn) bool {
		return c.Treatment == pipelines.Pseudonymous || c.Treatment == pipelines.CodeByLaw
	}))
	need(pipelines.NeedsNoName, !has(func(c pipelines.ProtectedColumn) bool {
		return c.Treatment == pipelines.MaskedUnless || c.Treatment == pipelines.KeptByLaw || c.Treatment == pipelines.PartlyMasked
	}))
	need(pipelines.NeedsAllCounted, !has(func(c pipelines.ProtectedColumn) bool {
		return c.Role == pipelines.RolePublic || c.Treatment == pipelines.Redacted || c.Treatment == pipelines.MaskedGiven
	}))
	need(pipelines.NeedsKnown, !has(func(c pipelines.ProtectedColumn) bool { return !known(c) }))
	return all
}

// known says whether the criteria were thought of for what is done with a column.
func known(c pipelines.ProtectedColumn) bool {
	switch c.Role {
	case pipelines.RoleIdentifier:
		switch c.Treatment {
		case pipelines.Suppressed, pipelines.Masked, pipelines.MaskedGiven, pipelines.MaskedUnless, pipelines.PartlyMasked, pipelines.Pseudonymous, pipelines.KeptByLaw, pipelines.CodeByLaw:
			return true
		}
	case pipelines.RoleQuasi:
		return c.Treatment == pipelines.Generalised || c.Treatment == pipelines.Masked || c.Treatment == pipelines.Kept
	case pipelines.RoleText:
		return c.Treatment == pipelines.Suppressed || c.Treatment == pipelines.Redacted
	case pipelines.RoleSensitive, pipelines.RolePublic:
		return c.Treatment == pipelines.Kept
	}
	return false
}

// called tells the public that the data may be called anonymous, where they may.
func (t policy) called(d pipelines.Decision) []string {
	if !t.Protection(d).Anonymous {
		return nil
	}
	return []string{"Les critères vérifiés sur les fichiers publiés permettent de dire ces données anonymisées."}
}
