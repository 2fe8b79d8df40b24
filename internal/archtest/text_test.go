package archtest

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestNothingOfAMachine looks for paths that exist on one machine only, and for
// names of what is used to write and not of what is written.
func TestNothingOfAMachine(t *testing.T) {
	machine := regexp.MustCompile(`(^|[\s"'(=:])/(work|root|home/[a-z]+|Users/[A-Za-z]+)(/|\b)`)
	for _, f := range tracked(t) {
		data, err := os.ReadFile(filepath.Join(root, f))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.IndexByte(data, 0) >= 0 || f == "go.sum" || strings.HasSuffix(f, "archtest/text_test.go") {
			continue
		}
		for i, line := range bytes.Split(data, []byte("\n")) {
			if m := machine.Find(line); m != nil {
				t.Errorf("%s:%d names the path %s of some machine", f, i+1, bytes.TrimSpace(m))
			}
		}
	}
}

// TestTestDataIsFictional looks for marks of real data: identifiers of real
// legal units and the names of towns whose files we have read.
func TestTestDataIsFictional(t *testing.T) {
	siret := regexp.MustCompile(`\b[0-9]{14}\b`)
	for _, f := range tracked(t) {
		if !under(filepath.ToSlash(f), "testdata/town") || strings.HasSuffix(f, ".go") {
			continue
		}
		data, err := os.ReadFile(filepath.Join(root, f))
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range siret.FindAll(data, -1) {
			if !bytes.HasPrefix(s, []byte("000")) {
				t.Errorf("%s holds the SIRET %s; a fictional one begins with 000", f, s)
			}
		}
		for _, word := range []string{"data.gouv.fr", "Bretagne", "Saint-Malo", "Rennes", "Paris "} {
			if bytes.Contains(data, []byte(word)) {
				t.Errorf("%s names %q, which exists", f, word)
			}
		}
	}
}

// TestNoLeftovers finds notes to oneself.
func TestNoLeftovers(t *testing.T) {
	note := regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|X` + `XX|HA` + `CK)\b`)
	for _, s := range sources(t) {
		for _, g := range s.syntax.Comments {
			for _, c := range g.List {
				if m := note.FindString(c.Text); m != "" {
					t.Errorf("%s: a comment says %s", s.at(c), m)
				}
			}
		}
	}
}
