package privacy

import (
	"context"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/transforms/internal/protect/freetext"
)

// Of what is found in a text that was not redacted some kinds refuse the file, and
// others are told: streets and schools are called after persons, and what is public
// of a building is its address. Numbers of companies are not looked for.
const (
	gateTells   = freetext.Kinds(1<<freetext.Address | 1<<freetext.FirstName)
	gateRefuses = freetext.Persons &^ gateTells
	// The law that lets a column out as it is lets names out, and no number of theirs.
	names = freetext.Kinds(1<<freetext.Name | 1<<freetext.FirstName)
)

// looks looks for what names persons in the texts of a file. Whoever reads the file looks
// apart: what was found is added up when all was read.
type looks struct {
	t     policy
	blind bool // nothing is looked for
	by    []*looked
	view  pipelines.View               // of the rows as they come; nil: their readers look
	more  func(by int, r arrow.Record) // what readers do beside it, each by its number
}

// looked is what one reader looks into and found.
type looked []lookedColumn

type lookedColumn struct {
	name    string
	index   int
	d       *freetext.Detector
	refused freetext.Kinds
	found   freetext.Counts
	text    []byte // room
	spans   []freetext.Span
}

// openLooked opens a file to be judged whose texts are looked into by those who read it,
// else as its rows come; those of rows that were looked at before are not.
func (t policy) openLooked(ctx context.Context, f pipelines.SealedFile) (pipelines.Stream, *looks, error) {
	l := &looks{t: t}
	if r, ok := f.(pipelines.Repeated); ok && r.Repeated() {
		l.blind = true
	}
	if v, ok := f.(pipelines.Viewed); ok {
		in, err := v.OpenViewed(ctx, l.begin)
		return in, l, err
	}
	in, err := l.open(ctx, f)
	return in, l, err
}

// open opens a file whose rows are looked at as they come; nil looks at none.
func (l *looks) open(ctx context.Context, f pipelines.SealedFile) (pipelines.Stream, error) {
	in, err := f.Open(ctx)
	if err == nil && l != nil {
		l.view = l.begin(in.Schema())
	}
	return in, err
}

// begin has one more look.
func (l *looks) begin(s *arrow.Schema) pipelines.View {
	own := looked{}
	if !l.blind {
		own = l.t.look(s)
	}
	by := len(l.by)
	l.by = append(l.by, &own)
	return func(r arrow.Record) {
		own.record(r)
		if l.more != nil {
			l.more(by, r)
		}
	}
}

// add looks at rows, where nobody did who read them.
func (l *looks) add(r arrow.Record) {
	if l.view != nil {
		l.view(r)
	}
}

// look takes every column of texts, and those of numbers that a social security number may
// be, but for pseudonyms, which are judged one by one.
func (t policy) look(s *arrow.Schema) (l looked) {
	pseudonym, lawful := map[string]bool{}, map[string]bool{}
	for _, id := range t.Identifiers {
		pseudonym[id.Column], lawful[id.Column] = id.Action == "pseudonym", id.open()
	}
	for i, f := range s.Fields() {
		numbers := mayHoldNIR(f.Type)
		if !freetext.HasText(f.Type) && f.Type.ID() != arrow.BINARY && !numbers || pseudonym[f.Name] {
			continue
		}
		c := lookedColumn{name: f.Name, index: i}
		if numbers {
			c.refused = freetext.Of(freetext.NIR)
			c.d = freetext.New(c.refused, freetext.FrenchNames())
		} else if r := t.texts[f.Name]; r != nil {
			c.d, c.refused = r.detector(), r.kinds
		} else {
			kinds := freetext.Persons &^ t.expected(f.Name)
			if lawful[f.Name] {
				kinds &^= names
			}
			c.d, c.refused = freetext.New(kinds, freetext.FrenchNames()), kinds&gateRefuses
		}
		l = append(l, c)
	}
	return l
}

func (l looked) record(r arrow.Record) {
	for i := range l {
		l.column(l[i].index, r.Column(l[i].index))
	}
}

func (l looked) column(index int, values arrow.Array) {
	for i := range l {
		if c := &l[i]; c.index == index {
			c.found.Add(c.tally(values), 1)
		}
	}
}

// total is what all found together.
func (l *looks) total() looked {
	if len(l.by) == 0 {
		return nil
	}
	all := *l.by[0]
	for _, other := range l.by[1:] {
		for i, c := range *other {
			all[i].found.Add(c.found, 1)
		}
	}
	return all
}

// verdict refuses a file in whose texts something was found that must not be there.
// What only may name a person is noted.
func (l *looks) verdict(file string) error {
	var refused []*messages.Error
	columns := l.total()
	for _, c := range columns {
		refused = append(refused, findings(c.name, l.t.unaccepted(c.name, c.found.Only(c.refused)))...)
	}
	if len(refused) > 0 {
		return messages.GateTexts.With("file", file, "found", refused)
	}
	for _, c := range columns {
		if told := findings(c.name, c.found); len(told) > 0 && l.t.env.Note != nil {
			l.t.env.Note(messages.TextDoubtful.With("column", c.name, "found", told))
		}
	}
	return nil
}

// report says of a file that is judged alone what its texts hold.
func (l *looks) report(out *pipelines.Audit) {
	columns := l.total()
	if len(columns) == 0 {
		return
	}
	var refused []*messages.Error
	for _, c := range columns {
		refused = append(refused, findings(c.name, c.found.Only(c.refused))...)
		if told := findings(c.name, c.found.Only(freetext.All&^c.refused)); len(told) > 0 {
			out.Unproved = append(out.Unproved, messages.UnprovedTexts.With("column", c.name, "found", told))
		}
	}
	x := pipelines.Finding{Check: "texts name nobody", OK: len(refused) == 0}
	if !x.OK {
		x.Err = messages.AuditTexts.With("found", refused)
	}
	out.Findings = append(out.Findings, x)
}

// findings are what was found in a column, kind by kind: no value, and no row.
func findings(column string, found freetext.Counts) (all []*messages.Error) {
	for k, n := range found {
		if n > 0 {
			all = append(all, messages.TextFound.With("column", column, "kind", freetext.Kind(k).Word(), "count", n))
		}
	}
	return all
}
