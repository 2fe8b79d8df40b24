package freetext

import (
	"cmp"
	"encoding/binary"
	"os"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// A bit for each byte says what the table of classes says, wherever one begins to read.
func TestMarksAreClasses(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		anyByte := rapid.OneOf(rapid.ByteRange(0, otherSymbol), rapid.ByteRange('0', '9'), rapid.ByteRange('@', 'z'))
		s := rapid.OneOf(rapid.SliceOfN(anyByte, 0, 20), rapid.SliceOfN(anyByte, 0, 200)).Draw(r, "text")
		var m marks
		m.read(append([]byte("Aa1"), s...)) // what it had before is forgotten
		m.read(s)
		digits, letters, at, lastCapital, last := 0, false, false, -1, -1
		for i, c := range s {
			at = at || c == '@'
			word, isDigit, isCapital := from(m.word, i)&1 == 1, from(m.digit, i)&1 == 1, from(m.capital, i)&1 == 1
			if word != (class[c] != 0) || isDigit != (class[c] == digit) || isCapital != (class[c] == capital) {
				r.Fatalf("byte %#x: in a word %t, digit %t, capital %t", c, word, isDigit, isCapital)
			}
			letters = letters || word && !isDigit
			if isDigit {
				digits++
			}
			if isCapital {
				lastCapital = i
			}
			if isDigit || isCapital {
				last = i
			}
			run := 0
			for run < 64 && i+run < len(s) && class[s[i+run]] != 0 {
				run++
			}
			if got := run64(m.word, i); got != run {
				r.Fatalf("%d bytes of a word from %d on, not %d", run, i, got)
			}
		}
		for i := range s {
			var want [8]byte
			copy(want[:], s[i:])
			if got := eight(s, i); got != binary.LittleEndian.Uint64(want[:]) {
				r.Fatalf("%x: from %d on are %x", s, i, got)
			}
		}
		if from(m.word, len(s)) != 0 {
			r.Fatal("a word behind the text")
		}
		if m.digits != digits || m.letters != letters || m.at != at || m.lastCapital != lastCapital || m.last != last {
			r.Fatalf("%+v, not %d digits, letters %t, last %d and %d", m, digits, letters, lastCapital, last)
		}
	})
}

// hitsOf are the passages of a text before those that meet become one, each once.
func hitsOf(d *Detector, text string, scan func(*Detector)) []Span {
	d.folded.fold([]byte(text))
	d.s, d.hits = d.folded.b, nil
	d.marks.read(d.s)
	scan(d)
	slices.SortFunc(d.hits, func(a, b Span) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End), cmp.Compare(a.Kind, b.Kind))
	})
	return slices.Compact(d.hits)
}

// askAll is scan that asks every rule at every word.
func (d *Detector) askAll() {
	for i := 0; i < len(d.s); {
		end := d.wordEnd(i)
		switch {
		case end == i:
			if d.s[i] == '@' {
				d.email(i)
			}
			i++
			continue
		case class[d.s[i]] == digit:
			var r run
			d.readNumber(&r, i)
			d.nir(&r, i)
			if !d.decimals(i) || r.gaps != 0 {
				if d.companies() {
					d.siret(&r, i)
				}
				d.phone(&r, i)
			}
			d.fni(&r, i, end)
			d.address(i, end)
		default:
			if !d.announced(i, end) && class[d.s[i]] == capital {
				d.named(i)
			}
			if end-i == 2 || end-i >= 4 {
				d.lettersAndDigits(i, end)
			}
		}
		if d.terms != nil {
			d.term(i, end)
		}
		i = end
	}
}

// asEverywhere compares what is found where rules are asked for with what they find when
// they are asked at every word, and every list is looked up.
func asEverywhere(t interface{ Fatalf(string, ...any) }, text string) {
	terms, err := ReadTerms(strings.NewReader("val fleuri\nbrûlefontaine\n12 bis\n"))
	if err != nil {
		t.Fatalf("%v", err)
	}
	whatever := wordLengths{}
	all := wordSet{}
	for i := range all {
		all[i] = 1<<64 - 1
	}
	for i := range whatever {
		for j := range whatever[i] {
			whatever[i][j] = 1<<32 - 1
		}
	}
	known := FrenchNames()
	for _, kinds := range []Kinds{All, Persons} {
		for _, terms := range []*Terms{nil, terms} {
			got := hitsOf(New(kinds, known).With(terms), text, (*Detector).scan)
			want := func() []Span {
				defer func(a, w wordLengths) { announcing, ways = a, w }(announcing, ways)
				announcing, ways = whatever, whatever
				return hitsOf(New(kinds, &Names{known.set, whatever, all}).With(terms), text, (*Detector).askAll)
			}()
			if n := len(New(kinds, known).With(terms).Spans(nil, []byte(text))); (n == 0) != (len(want) == 0) {
				t.Fatalf("%q: %d passages, and %v when it is read", text, n, want)
			}
			if !slices.Equal(got, want) {
				t.Fatalf("%q: found %v, and %v when every rule is asked at every word", text, got, want)
			}
		}
	}
}

func TestRulesAreAskedWhereTheyFind(t *testing.T) {
	pieces := strings.Split(`Mme|M.|MM.|m.|Monsieur|madame|famille|Jean|JEAN|Marie-Noé|Jean-|DUPONT|Le|LE|MAIRE|Goff|d'|de|la|née|né|né(e)|le|naissance|ddn|`+
		`12/03/1980|3 mars 1980|1980|le 1er avril 01|1|12|14|015|bis|b|rue|Rue|r|cours|av.|place|rond-point|Grande|grand|lieu-dit|lieu|dit|Ker|06 12 34 56 78|0612345678|`+
		`+33|+32|+|612345678|123456|(0)|0033|0032|FR7630006000011234567890189|FR76|3000 6000 0112 3456 7890 189|255081416802538|2 55 08 14 168 025|38|732829320|`+
		`73282932000074|732 829 320|00074|AB-123-CD|ab-123-cd|AB|123|ABC|35|2A|2a|a@b.fr|@|exemple.fr|x.y|[nom]|[|]|L'|l'|Adjoint|J.|-P.|X|et|É|é|Œ|œ|e`+"\u0301|\u200b|\u00ad|٣|Ж|ж|"+
		`douze|vingt-deux|mars|mil neuf cent|(06)|06·12|Mgr|Melle|ép.|LD|ld|Ⅴ|М|JEANNE|STADE|33 6 12 34 56 78|0 6 1 2 3 4 5 6 7 8|12 / 03 / 1980|de la rue|A. Briand|nés|les|A.|`+
		`１２|＠|’|«|»|…|`+"\xff|\u00a0|\u202f|val fleuri|Brûlefontaine|Rénovation plantation pour pont médiathèque|Centre communal|"+strings.Repeat("a", 63)+"|"+strings.Repeat("1", 65)+"|"+strings.Repeat("A", 130), "|")
	betweens := []string{" ", " ", "", "-", ".", ", ", "\n", "'", "\u00a0", "  ", "/", ":", ";", "_", "(", ")", "\t", "   ", "    ", " - ", " : ", "·", " @ ", "\r\n", " / ", "*", "|"}
	rapid.Check(t, func(r *rapid.T) {
		var b strings.Builder
		for range rapid.IntRange(0, 12).Draw(r, "pieces") {
			b.WriteString(rapid.SampledFrom(pieces).Draw(r, "piece"))
			b.WriteString(rapid.SampledFrom(betweens).Draw(r, "between"))
		}
		asEverywhere(r, b.String())
	})
}

func FuzzRulesAreAskedWhereTheyFind(f *testing.F) {
	data, err := os.ReadFile("testdata/texts.txt")
	if err != nil {
		f.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		f.Add(strings.TrimPrefix(strings.TrimSuffix(line, "\n"), "=> "))
	}
	f.Fuzz(func(t *testing.T, text string) { asEverywhere(t, text) })
}
