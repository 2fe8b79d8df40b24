package freetext_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/transforms/internal/protect/freetext"
)

const termList = "\ufeff# lieux et surnoms\r\nLa Brûlefontaine\nTy-Guenolas\nl'Ankou\nVermeillac\n06\nrue\n\n"

func terms(t testing.TB, list string) *freetext.Terms {
	t.Helper()
	terms, err := freetext.ReadTerms(strings.NewReader(list))
	if err != nil {
		t.Fatal(err)
	}
	return terms
}

func TestTerms(t *testing.T) {
	d := freetext.New(freetext.All, freetext.FrenchNames()).With(terms(t, termList))
	for text, want := range map[string]string{
		"route de la Brûlefontaine":           "route de [terme]",
		"LA BRULEFONTAINE, la-brûlefontaine":  "[terme], [terme]",
		"la Brûle fontaine":                   "la Brûle fontaine",
		"la Brûlefontaines":                   "la Brûlefontaines",
		"hameau de Ty Guenolas et Ty-Guenola": "hameau de [terme] et Ty-Guenola",
		"dit L’Ankou":                         "dit [terme]",
		"vermeillac":                          "[terme]",
		"Mme Vermeillac au 06 12 34 56 78":    "Mme [nom] au [téléphone]",
		"12 rue Haute":                        "[adresse]",
	} {
		var c freetext.Counts
		if got := string(d.Redact(nil, []byte(text), &c)); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}

func TestTermsThatCannotBe(t *testing.T) {
	for _, bad := range []string{"nom", "Date", "sécurité sociale", "téléphone", "terme", "a/b", "é;", "-", "Дом", strings.Repeat("a", 25), strings.Repeat("a ", 9)} {
		if _, err := freetext.ReadTerms(strings.NewReader("Vermeillac\n" + bad)); !messages.Has(err, messages.TermLine) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// Terms too leave nothing to find in what was redacted, whatever stands beside them.
func TestNothingIsFoundOfTermsInWhatWasRedacted(t *testing.T) {
	list := terms(t, termList+"Jean\n12\net\nM\nné le\n35000 Rennes\n33\ncours\n")
	some := append([]string{"La", "Brûlefontaine", "Vermeillac", "l'", "Ankou"}, pieces...)
	rapid.Check(t, func(r *rapid.T) {
		var b strings.Builder
		for range rapid.IntRange(1, 14).Draw(r, "pieces") {
			b.WriteString(rapid.SampledFrom(some).Draw(r, "piece"))
			b.WriteString(rapid.SampledFrom(betweens).Draw(r, "between"))
		}
		d := freetext.New(freetext.All, freetext.FrenchNames()).With(list)
		var c freetext.Counts
		got := d.Redact(nil, []byte(b.String()), &c)
		if left := d.Spans(nil, got); len(left) > 0 {
			r.Errorf("%q became %q, in which is found %v", b.String(), got, left)
		}
	})
}

func TestKindsHaveWords(t *testing.T) {
	words := freetext.All.Words()
	for _, word := range words {
		if k, ok := freetext.KindOf(word); !ok || k.Word() != word || k.Token() == "[]" {
			t.Errorf("%q is %v, %t", word, k, ok)
		}
	}
	if _, ok := freetext.KindOf(""); ok || len(words) != 12 {
		t.Errorf("kinds %v", words)
	}
}

// A text that is too short for any number is not read; what would be found in it if
// it were is nothing.
func TestShortTextsHoldNothing(t *testing.T) {
	nothing := terms(t, "zzz\n") // with terms every text is read
	rapid.Check(t, func(r *rapid.T) {
		text := []byte(rapid.StringMatching(`[0-9 .,/:+()\-\n]{0,24}`).Draw(r, "text"))
		read := freetext.New(freetext.All, freetext.FrenchNames()).With(nothing).Spans(nil, text)
		if got := freetext.New(freetext.All, freetext.FrenchNames()).Spans(nil, text); len(got) != len(read) {
			r.Errorf("in %q is found %v, and %v when it is read", text, got, read)
		}
	})
}
