package messages

import (
	"strings"
	"testing"
)

// Every phrase is reached, says something else in French, and loses nothing.
func TestPhrases(t *testing.T) {
	same := map[string]bool{"true or false": true}
	for i, p := range phrases {
		if p.en == "" || p.fr == "" || p.en == p.fr && !same[p.en] {
			t.Errorf("phrase %q has no French of its own", p.en)
		}
		if strings.Count(p.fr, "*") > strings.Count(p.en, "*") {
			t.Errorf("phrase %q has too few stars for its French", p.en)
		}
		for _, before := range phrases[:i] {
			if _, hides := matchPhrase(before.en, p.en); hides {
				t.Errorf("phrase %q is never reached: %q comes before it", p.en, before.en)
			}
		}
	}
}

func TestPhrase(t *testing.T) {
	for _, c := range []struct{ en, fr string }{
		{"did you mean csv?", "vouliez-vous dire csv ?"},
		{"list of string required, but have string", "il faut une liste, et c'est un texte"},
		{"a list of sources", "une liste de sources"},
		{"list of number required", "il faut une liste de nombres"},
		{"did you mean number?", "vouliez-vous dire number ?"},
		{"string required, but have tuple", "il faut un texte, et c'est une liste"},
		{"there is no sum of text", "pas de sum pour le type text"},
		{"nothing we know", "nothing we know"},
		{"", ""},
	} {
		if got := Phrase(French, c.en); got != c.fr {
			t.Errorf("%q in French is %q, want %q", c.en, got, c.fr)
		}
		if got := Phrase(English, c.en); got != c.en {
			t.Errorf("%q in English is %q", c.en, got)
		}
	}
}

// A name that the user gave is never translated, whatever it is.
func TestNamesStay(t *testing.T) {
	for _, name := range []string{"disk", "reach", "clock", "known", "tuple"} {
		if got := NoFunction.With("name", name, "hint", "remove it").What(French); !strings.Contains(got, " "+name+" ") {
			t.Errorf("the name %s is lost: %s", name, got)
		}
	}
}
