package privacy

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/zeebo/xxh3"
	"golang.org/x/text/unicode/norm"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// oneWriting refuses the values of a sensitive column when some are written like others but
// for case, accents and spaces. They are not taken for one: what a reader sees are two.
func oneWriting(column string, t arrow.DataType, values []string) *messages.Error {
	if t.ID() != arrow.STRING {
		return nil
	}
	met := make([]xxh3.Uint128, len(values)) // the texts themselves are not held twice
	for i, v := range values {
		met[i] = xxh3.HashString128(spelled(v))
	}
	slices.SortFunc(met, func(a, b xxh3.Uint128) int { return cmp.Or(cmp.Compare(a.Hi, b.Hi), cmp.Compare(a.Lo, b.Lo)) })
	if n := len(values) - len(slices.Compact(met)); n > 0 {
		return messages.SensitiveSpellings.With("column", column, "count", n)
	}
	return nil
}

// spelled is a value as it reads to somebody who looks at neither case, accents nor spaces.
func spelled(s string) string {
	return strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Cf, r) {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFKD.String(s))), " ")
}
