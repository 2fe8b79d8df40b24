package privacy

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/transforms/internal/compute"
)

// What stands for a text, and for the characters of one, as the gate knows it: it shares
// nothing with what writes them.
const (
	readRedacted = "[masqué]"
	readHidden   = "***"
	readAll      = "*" // where a model hides all values
)

// shape is what texts of a file may be.
type shape struct {
	redacted    bool // the word for one, and nothing else
	first, last int  // characters shown
	counted     bool // a model may hide all
}

// shape is nil for an identifier that is masked by values of its own.
func (id identifierConfig) shape() *shape {
	switch id.Action {
	case "redact":
		return &shape{redacted: true}
	case "partial":
		return &shape{first: id.ShowFirst, last: id.ShowLast, counted: !id.legal()}
	}
	return nil
}

// holds says whether a text shows no more than it may.
func (s *shape) holds(text string) bool {
	switch {
	case s.redacted:
		return text == readRedacted
	case text == "", text == readHidden, s.counted && text == readAll:
		return true
	}
	rest, ok := afterCharacters(text, s.first)
	if !ok {
		return false
	}
	if rest, ok = strings.CutPrefix(rest, readHidden); !ok {
		return false
	}
	if r, _ := utf8.DecodeRuneInString(rest); unicode.Is(unicode.M, r) {
		return false
	}
	rest, ok = afterCharacters(rest, s.last)
	return ok && rest == ""
}

// afterCharacters is what stands behind n characters of a text, each with its accents;
// false where there are fewer, or one is none that is seen.
func afterCharacters(text string, n int) (string, bool) {
	for n > 0 {
		r, size := utf8.DecodeRuneInString(text)
		if size == 0 || unseen(r) {
			return "", false
		}
		text = text[size:]
		for {
			if r, size = utf8.DecodeRuneInString(text); size == 0 || !unicode.Is(unicode.M, r) {
				break
			}
			if unseen(r) {
				return "", false
			}
			text = text[size:]
		}
		n--
	}
	return text, true
}

// unseen says of a character that it could carry what nobody sees.
func unseen(r rune) bool {
	return !unicode.IsSpace(r) && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r) ||
		unicode.Is(unicode.Variation_Selector, r) || unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r))
}

// textAt is text i of a column that a file keeps as texts or numbered; false for null.
func textAt(a arrow.Array, i int) (string, bool) {
	if a.IsNull(i) {
		return "", false
	}
	if d, ok := a.(*array.Dictionary); ok {
		return textAt(d.Dictionary(), d.GetValueIndex(i))
	}
	return a.(*array.String).Value(i), true
}

// lookAtShape counts the texts of column a that tell something, and gives the first row that tells
// more than it may; -1: none. verdicts are where they may be read; nil: nobody knows.
func (p *proof) lookAtShape(a, verdicts arrow.Array) int {
	last := ""
	for i := range a.Len() {
		text, ok := textAt(a, i)
		if !ok || text == last && text != "" || p.shape.holds(text) {
			last = text
			continue
		}
		if p.never || verdicts != nil && compute.VerdictOf(verdicts, i) != compute.True {
			return i
		}
		if last = ""; text != "" { // some formats do not know it from null
			p.shown++
		}
	}
	return -1
}

// shownProofs are those of the quasi-identifiers of which some characters leave at most,
// whatever the model decided, or because it did.
func (t policy) shownProofs(s *arrow.Schema, d *seen, file string) (all []*proof, err error) {
	for j, q := range t.Quasi {
		is := s.FieldIndices(q.Column)
		if t.partial(q) || len(is) != 1 || !t.cut(j, d) {
			continue
		}
		if s.Field(is[0]).Type.ID() != arrow.STRING {
			return nil, messages.GateValue.With("file", file, "column", q.Column, "row", 1)
		}
		all = append(all, &proof{rule: &rule{}, name: q.Column, index: is[0], never: true, shape: &shape{first: q.ShowFirst, last: q.ShowLast, counted: true}})
	}
	return all, nil
}

// cut says whether quasi-identifier j leaves cut, whatever the model decided, or because it did.
func (t policy) cut(j int, d *seen) bool {
	q := t.Quasi[j]
	level := q.MinLevel
	if d != nil && d.verdict != nil && !t.local() && j < len(d.levels) {
		level += d.levels[j]
	}
	return (q.ShowFirst != 0 || q.ShowLast != 0) && level > 0
}

// auditShown adds those proofs to the rules of a file that is judged alone.
func (t policy) auditShown(s *arrow.Schema, file string, out *pipelines.Audit) (rules []*auditedRule) {
	proofs, err := t.shownProofs(s, nil, file)
	if err != nil {
		out.Findings = append(out.Findings, pipelines.Finding{Check: "characters shown", Err: err})
	}
	for _, p := range proofs {
		rules = append(rules, &auditedRule{proof: p, check: "characters shown of " + p.name})
	}
	return rules
}
