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
// shown in part only where at least as many characters are hidden as are shown;
// a shorter one is hidden whole. Spaces around a value are no part of it, and a
// letter and its accents are one character.
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
	s := norm.NFC.String(strings.TrimSpace(value))
	var starts []int // of characters
	for i, r := range s {
		if !unicode.Is(unicode.M, r) || len(starts) == 0 {
			starts = append(starts, i)
		}
	}
	n := len(starts)
	switch {
	case n == 0:
		return ""
	case n < 2*(p.first+p.last):
		return Hidden
	}
	starts = append(starts, len(s))
	return s[:starts[p.first]] + Hidden + s[starts[n-p.last]:]
}

// Column masks a column whose values have a text. The caller releases the result.
func (p Partial) Column(mem memory.Allocator, a arrow.Array) arrow.Array {
	return mapTexts(mem, a, map[string]string{}, p.Of)
}
