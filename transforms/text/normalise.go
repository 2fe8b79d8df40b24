package text

import (
	"context"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/apache/arrow/go/v15/arrow"
	"golang.org/x/text/unicode/norm"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Normalise writes text one way: the same letters as the same code points, no
// stray spaces, and if asked one case and no accents.
var Normalise = pipelines.DefineTransform("normalise", "Write text one way: spaces, Unicode form, case, accents.",
	normaliseConfig{Trim: true, Collapse: true, Form: "NFC", Case: "keep"}, newNormalise)

type normaliseConfig struct {
	Columns  []string `hcl:"columns" doc:"Text columns to normalise."`
	Trim     bool     `hcl:"trim,optional" doc:"Whether to take spaces of every kind, and invisible marks, off both ends."`
	Collapse bool     `hcl:"collapse,optional" doc:"Whether to write each run of spaces, no-break spaces and line ends as one space."`
	Form     string   `hcl:"form,optional" doc:"Unicode form: NFC (é is one code point), NFKC (also takes ligatures and full-width forms apart), or keep." values:"NFC|NFKC|keep"`
	Case     string   `hcl:"case,optional" doc:"Case of the letters." values:"keep|lower|upper"`
	Unaccent bool     `hcl:"unaccent,optional" doc:"Whether to take accents off letters and ligatures apart: œ becomes oe."`
	Empty    bool     `hcl:"empty_to_null,optional" doc:"Whether a text of which nothing is left becomes null."`
}

func (c normaliseConfig) Validate() error {
	if err := noneTwice("columns", c.Columns); err != nil {
		return err
	}
	if !c.Trim && !c.Collapse && c.Form == "keep" && c.Case == "keep" && !c.Unaccent && !c.Empty {
		return messages.NothingToDo.With("arguments", "trim, collapse, form, case, unaccent, empty_to_null")
	}
	return nil
}

type normalise struct {
	env pipelines.Env
	normaliseConfig
}

func newNormalise(env pipelines.Env, c normaliseConfig) (pipelines.Transform, error) {
	return normalise{env, c}, nil
}

func (t normalise) Bind(in *arrow.Schema) (*arrow.Schema, error) {
	_, err := textColumns(in, t.Columns)
	return in, err
}

func (t normalise) Run(_ context.Context, in pipelines.Stream) (pipelines.Stream, error) {
	return pipelines.RunKernel(t, in)
}

func (t normalise) Kernel(in *arrow.Schema) (pipelines.Kernel, error) {
	return each(t.env, in, t.Columns, func(s string) outcome {
		s = t.apply(s)
		return outcome{text: s, null: t.Empty && s == ""}
	})
}

func (t normalise) Lineage(in *arrow.Schema) (map[string][]pipelines.Origin, error) {
	return unchanged(in), nil
}

func (t normalise) apply(s string) string {
	switch t.Form {
	case "NFC":
		s = norm.NFC.String(s)
	case "NFKC":
		s = norm.NFKC.String(s)
	}
	if t.Unaccent {
		s = unaccent(s)
	}
	switch t.Case {
	case "lower":
		s = strings.ToLower(s)
	case "upper":
		s = strings.ToUpper(s)
	}
	if t.Collapse {
		s = collapse(s)
	}
	if t.Trim {
		s = strings.TrimFunc(s, isBlank)
	}
	return s
}

// isBlank says whether a rune at an end of a text is there by accident: a
// space, or a mark that shows nothing (zero-width space, joiners, byte order mark).
func isBlank(r rune) bool {
	return unicode.IsSpace(r) || r == '\u200b' || r == '\u2060' || r == '\ufeff'
}

func collapse(s string) string {
	if !strayIn(s) {
		return s
	}
	var b strings.Builder
	space := false
	for _, r := range s {
		if unicode.IsSpace(r) {
			if !space {
				b.WriteByte(' ')
			}
			space = true
			continue
		}
		space = false
		b.WriteRune(r)
	}
	return b.String()
}

// strayIn says whether s has a space other than a single ' '.
func strayIn(s string) bool {
	before := rune(0)
	for _, r := range s {
		if unicode.IsSpace(r) && (r != ' ' || before == ' ') {
			return true
		}
		before = r
	}
	return false
}

// ligatures are letters that no decomposition takes apart.
var ligatures = strings.NewReplacer("œ", "oe", "Œ", "OE", "æ", "ae", "Æ", "AE", "ß", "ss", "ẞ", "SS", "ø", "o", "Ø", "O",
	"ł", "l", "Ł", "L", "đ", "d", "Đ", "D", "ð", "d", "Ð", "D", "þ", "th", "Þ", "TH", "ı", "i", "ŋ", "n", "Ŋ", "N", "ħ", "h", "Ħ", "H")

func unaccent(s string) string {
	ascii := true
	for i := 0; i < len(s) && ascii; i++ {
		ascii = s[i] < utf8.RuneSelf
	}
	if ascii {
		return s
	}
	bare := strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, norm.NFD.String(s))
	return ligatures.Replace(norm.NFC.String(bare))
}
