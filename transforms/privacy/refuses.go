package privacy

import "github.com/lavoir-data/lavoir/transforms/internal/protect/freetext"

// Refuses implements pipelines.TextJudge by what the gate refuses in a column that no
// rule speaks of.
func (policyConfig) Refuses() func(text []byte) (kind string) {
	d := freetext.New(gateRefuses, freetext.FrenchNames())
	var spans []freetext.Span
	return func(text []byte) string {
		if spans = d.Spans(spans[:0], text); len(spans) == 0 {
			return ""
		}
		return spans[0].Kind.String()
	}
}
