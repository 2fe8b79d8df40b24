package privacy

import (
	"context"
	"encoding/binary"
	"math/bits"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/zeebo/xxh3"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// auditedTies counts the persons of a file whose rows have the same classes, each as often:
// the file ties those of a person together, so that all of them at once must look like
// those of k persons. It adds up what was counted of each part of the classes, by what
// stands in the file and not by any decision.
type auditedTies struct {
	persons []xxh3.Uint128       // by the number of a person, the sum of the hashes of the classes
	alike   map[xxh3.Uint128]int // persons by that sum
	alone   []xxh3.Uint128       // what a row of nobody known comes to, by class
	bound   int64                // bytes; 0: none
	over    bool                 // more than the bound: nothing is judged
	buf     []byte
}

// auditedTies is nil where the file does not show which rows are of one person.
func (a *auditing) auditedTies() *auditedTies {
	if a.subject < 0 || !a.t.tied() || a.t.Model.K < 2 {
		return nil
	}
	return &auditedTies{bound: a.t.env.Memory}
}

func (s *auditedTies) reset() {
	if s != nil {
		s.persons, s.alone, s.over = s.persons[:0], nil, false
	}
}

// hash is of a class, which is numbered anew for each part, and of how many rows.
func (s *auditedTies) hash(c *counted, class uint32, rows int64) xxh3.Uint128 {
	d := len(c.quasi)
	s.buf = s.buf[:0]
	for _, code := range c.members[int(class)*d : (int(class)+1)*d] {
		s.buf = binary.LittleEndian.AppendUint32(s.buf, code)
	}
	return xxh3.Hash128(binary.LittleEndian.AppendUint64(s.buf, uint64(rows)))
}

// add takes the classes of a part.
func (s *auditedTies) add(c *counted) {
	if s == nil || s.over {
		return
	}
	if n := int(c.subject.n); len(s.persons) < n {
		s.persons = append(s.persons, make([]xxh3.Uint128, n-len(s.persons))...)
	}
	for i, class := range c.persons.class {
		if who := c.persons.value[i]; who+1 == c.subject.null {
			s.alone = append(s.alone, s.hash(c, class, 1)) // tied to no other, and all of one person
		} else {
			h := s.hash(c, class, c.persons.count[i])
			sum := &s.persons[who]
			var carry uint64
			sum.Lo, carry = bits.Add64(sum.Lo, h.Lo, 0)
			sum.Hi, _ = bits.Add64(sum.Hi, h.Hi, carry)
		}
	}
	s.over = s.bound > 0 && int64(len(s.persons)+len(s.alone))*(16+tieCost) > s.bound
}

// report says whether the rows of each person are those of k.
func (s *auditedTies) report(k int, out *pipelines.Audit) {
	if s == nil {
		return
	}
	if s.over {
		out.Unproved = append(out.Unproved, messages.UnprovedMethod.With("what", "that all rows of a person look like those of k persons"))
		return
	}
	s.alike = map[xxh3.Uint128]int{}
	for _, sum := range append(s.persons, s.alone...) {
		if sum != (xxh3.Uint128{}) { // nobody has no rows, but for the number of who is not known
			s.alike[sum]++
		}
	}
	few := 0
	for _, n := range s.alike {
		if n < k {
			few += n
		}
	}
	x := pipelines.Finding{Check: "all rows of each person", OK: few == 0}
	if few > 0 {
		x.Err = messages.AuditPersons.With("persons", few, "k", k)
	}
	out.Findings = append(out.Findings, x)
}

// auditedCells looks at the cells that a file shows of the clear columns.
type auditedCells struct {
	*clearProof
	failed error
}

// auditedCells is nil for a policy without such rules, and for a file that lacks a column,
// which is a finding.
func (t policy) auditedCells(file pipelines.SealedFile, in pipelines.Stream, out *pipelines.Audit) *auditedCells {
	p, err := t.clearProof(in.Schema(), file.Info().Name)
	if m := messages.Find(err); m != nil {
		out.Findings = append(out.Findings, pipelines.Finding{Check: "roles of the columns", Err: messages.AuditLacks.With("column", m.Param("column"))})
	}
	if p == nil {
		return nil
	}
	return &auditedCells{clearProof: p}
}

func (a *auditedCells) add(b pipelines.Batch, before int64, file string) {
	if a != nil && a.failed == nil {
		a.failed = a.look(b.Record, before, file)
	}
}

// report says what the file shows of totals, and of the subjects where it has them.
func (a *auditedCells) report(out *pipelines.Audit) {
	if a == nil {
		return
	}
	x := pipelines.Finding{Check: "totals beside masked rows", OK: true}
	if messages.Has(a.failed, messages.GateMargin) {
		x.OK, x.Err = false, messages.AuditMargin.With()
	} else if a.failed != nil {
		x = pipelines.Finding{Check: "min_subjects", Err: a.failed}
	}
	out.Findings = append(out.Findings, x)
	out.Unproved = append(out.Unproved, messages.UnprovedMethod.With("what", "that no row with values is the sum of others of which some are masked"))
}

// seen notes the numbers of persons.
func (p *auditedRule) seen(r arrow.Record) {
	if !p.surrogate || p.failed != nil {
		return
	}
	a := r.Column(p.index).(*array.Int64)
	for i := range a.Len() {
		if !a.IsNull(i) {
			p.highest = max(p.highest, a.Value(i))
		}
	}
}

// number takes the highest number of a person that the file has.
func (a *auditing) number(rules []*auditedRule) {
	for _, p := range rules {
		if p.surrogate && p.failed == nil && p.name == a.t.Subject {
			a.highest = p.highest
		}
	}
}

// reportPersons says what the file shows of persons by all their rows, by their numbers and
// by the population.
func (a *auditing) reportPersons(out *pipelines.Audit) {
	a.ties.report(a.t.Model.K, out)
	if a.unmapped != "" {
		out.Unproved = append(out.Unproved, messages.UnprovedPopulation.With("column", a.unmapped))
	}
	if a.highest == 0 || a.subject < 0 {
		return
	}
	persons := int64(a.counted.subject.n)
	if a.counted.subject.null > 0 {
		persons--
	}
	x := pipelines.Finding{Check: "numbers of persons without gaps", OK: a.highest == persons}
	if !x.OK {
		x.Err = messages.AuditGaps.With("column", a.t.Subject)
	}
	out.Findings = append(out.Findings, x)
}

// populate reads the population that the classes are to be counted in.
func (a *auditing) populate(ctx context.Context, s *arrow.Schema, out *pipelines.Audit) (err error) {
	if a == nil || a.t.Model.KMap == 0 {
		return nil
	}
	if a.t.local() { // ranges of a group are of no level
		out.Unproved = append(out.Unproved, messages.UnprovedMethod.With("what", "k_map"))
		return nil
	}
	if a.people, err = a.t.auditedPopulation(ctx); err != nil {
		return err
	}
	for _, at := range a.quasi {
		a.people.types = append(a.people.types, s.Field(at).Type)
	}
	return nil
}

// mapped judges how many persons of the population look like each class of a part, and
// gives them; nil where nobody is counted.
func (a *auditing) mapped(ctx context.Context) ([]int64, error) {
	if a.people == nil {
		return nil, nil
	}
	if a.people.columns[0].labels == nil {
		var labels [][]string
		for _, v := range a.counted.quasi {
			labels = append(labels, v.texts)
		}
		if a.unmapped = a.people.bind(a.t, labels); a.unmapped != "" {
			a.people = nil
			return nil, nil
		}
	}
	people, err := a.people.count(ctx, &a.counted)
	for _, n := range people {
		if n < int64(a.t.Model.KMap) {
			a.failed["k_map"]++
		}
	}
	return people, err
}
