package freetext

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Terms are words and expressions that are taken away wherever they stand as whole
// words, without regard to case and accents: names of hamlets, nicknames,
// surnames that no rule knows. They are safe for concurrent use.
type Terms struct{ byFirst map[string][][]string } // the words after the first

// maxTerm is how many words an expression has at most.
const maxTerm = 8

// ReadTerms reads a list: a word or an expression per line, with spaces, hyphens
// and apostrophes between its words; empty lines and those that begin with # are
// passed over. What stands in the place of passages must hold none of them.
func ReadTerms(r io.Reader) (*Terms, error) {
	t := &Terms{map[string][][]string{}}
	err := eachLine(r, func(n int, line []byte) error {
		words := wordsOf(line)
		if len(words) == 0 || len(words) > maxTerm || len(words[0]) > longestWord || slices.ContainsFunc(words, foreign) {
			return messages.TermLine.With("line", n)
		}
		alone := &Terms{map[string][][]string{words[0]: {words[1:]}}}
		if alone.stand() {
			return messages.TermLine.With("line", n)
		}
		t.byFirst[words[0]] = append(t.byFirst[words[0]], words[1:])
		return nil
	})
	if err != nil {
		return nil, err
	}
	return t, nil
}

// longestWord is how long a word is that an expression begins with, at most.
const longestWord = 24

// foreign says whether a word has letters that a folded text does not tell apart.
func foreign(word string) bool {
	return strings.ContainsFunc(word, func(r rune) bool { return r >= 0x80 })
}

// stand says whether a term is in what stands in the place of passages: it would be
// found in what was redacted.
func (t *Terms) stand() bool {
	d := New(Of(Term), &Names{}).With(t)
	for k := range kinds {
		if len(d.Spans(nil, []byte(k.Token()))) > 0 {
			return true
		}
	}
	return false
}

// eachLine calls f with the lines of a list, numbered from 1, without those that say nothing.
func eachLine(r io.Reader, f func(n int, line []byte) error) error {
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		line := bytes.TrimSpace(bytes.TrimPrefix(lines.Bytes(), []byte("\ufeff")))
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		if err := f(n, line); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read a list: %w", err)
	}
	return nil
}

// wordsOf are the words of an expression in small letters, none where something
// else is in it.
func wordsOf(line []byte) (words []string) {
	var f folded
	f.fold(line)
	d := Detector{s: f.b}
	for at := 0; at < len(d.s); {
		end := d.wordEnd(at)
		if end == at {
			return nil
		}
		words = append(words, strings.ToLower(string(d.s[at:end])))
		next, ok := d.joint(end)
		if !ok && end < len(d.s) {
			return nil
		}
		at = next
	}
	return words
}

// joint is what follows what may stand between two words of an expression.
func (d *Detector) joint(i int) (after int, ok bool) {
	if c := d.at(i); c == '-' || c == '\'' {
		return i + 1, true
	}
	return d.spaces(i)
}

// With also finds the terms of a list.
func (d *Detector) With(t *Terms) *Detector {
	d.terms = t
	return d
}

// term looks for the expressions that begin with the word from i to end.
func (d *Detector) term(i, end int) {
	var room [longestWord]byte
	word := d.lower(&room, i, end)
	for _, rest := range d.terms.byFirst[string(word)] {
		if to, ok := d.follow(end, rest); ok {
			d.hit(i, to, Term)
		}
	}
}

// follow is the end of the words that stand after i.
func (d *Detector) follow(i int, words []string) (end int, ok bool) {
	for _, w := range words {
		at, ok := d.joint(i)
		if i = d.wordEnd(at); !ok || !equal(d.s[at:i], w) {
			return 0, false
		}
	}
	return i, true
}

// equal says whether a word is lower when its capitals are small.
func equal(word []byte, lower string) bool {
	if len(word) != len(lower) {
		return false
	}
	for i, c := range word {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}
