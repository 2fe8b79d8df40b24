package protect

import (
	"strings"
	"unicode"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"golang.org/x/text/unicode/norm"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

const (
	// Redacted stands where a value was taken away.
	Redacted = "[masqué]"
	// Hidden stands for the characters that a partial mask hides, however many.
	Hidden = "***"
)

// Redact is a text column in which with stands for every value of a. It tells
// which rows have one; a constant in every row, null or not, tells less. The
// caller releases it.
func Redact(mem memory.Allocator, a arrow.Array, with string) arrow.Array {
	return mapTexts(mem, a, map[string]string{}, func(string) string { return with })
}

// Partial shows the first and the last characters of a value, with Hidden
// between: neither how long the value is nor what is in its middle. A value is
// shown in part only where at least as many letters and digits are hidden as
// characters are shown; another one is hidden whole. Spaces around a value are no
// part of it, nor are characters that nobody sees; a letter and its accents are
// one character.
//
// What is left may still name a person: it stays personal.
type Partial struct{ first, last int }

// NewPartial shows that many first and last characters.
func NewPartial(first, last int) (Partial, error) {
	if first < 0 || last < 0 || first == 0 && last == 0 {
		return Partial{}, messages.PartialMask.With()
	}
	return Partial{first, last}, nil
}

// Of masks a value. The empty text stays empty.
func (p Partial) Of(value string) string {
	s := norm.NFC.String(strings.TrimSpace(strings.Map(seen, value)))
	if s == "" {
		return ""
	}
	var starts []int // of characters
	for i, r := range s {
		if !unicode.Is(unicode.M, r) || len(starts) == 0 {
			starts = append(starts, i)
		}
	}
	n, shown := len(starts), p.first+p.last
	if n < shown {
		return Hidden
	}
	starts = append(starts, len(s))
	from, to := starts[p.first], starts[n-p.last]
	hidden := 0 // letters and digits; what stands between them could be padding
	for _, r := range s[from:to] {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			hidden++
		}
	}
	if hidden < shown {
		return Hidden
	}
	return s[:from] + Hidden + s[to:]
}

// seen drops what has no look of its own: it would count as hidden and hide nothing, and
// could carry what nobody reads.
func seen(r rune) rune {
	if !unicode.IsSpace(r) && unicode.In(r, unicode.Cc, unicode.Cf, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point) {
		return -1
	}
	return r
}

// Column masks a column whose values have a text. The caller releases the result.
func (p Partial) Column(mem memory.Allocator, a arrow.Array) arrow.Array {
	return mapTexts(mem, a, map[string]string{}, p.Of)
}
