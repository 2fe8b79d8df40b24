package freetext

import (
	"bytes"
	_ "embed"
	"io"
	"maps"
	"math/bits"
	"strings"
	"sync"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Names are first names, without regard to case and accents. They are safe for
// concurrent use.
type Names struct {
	set     map[string]struct{}
	lengths wordLengths
	words   wordSet // first parts of names, and what announces anything
}

func newNames() *Names {
	n := &Names{set: map[string]struct{}{}}
	for w := range announcements {
		n.words.add(w, 0)
		n.words.add(w, 1)
	}
	for c := 'a'; c <= 'z'; c++ { // initials
		n.words.add(string(c), 1)
	}
	return n
}

func (n *Names) add(name string) {
	n.set[name] = struct{}{}
	n.lengths.add(name)
	if part := strings.IndexAny(name, "-'"); part > 0 {
		name = name[:part]
	}
	n.words.add(name, 1)
}

// has says whether a word in small letters is a name.
func (n *Names) has(word []byte) bool {
	if len(word) < 2 || !n.lengths.may(word) {
		return false
	}
	_, ok := n.set[string(word)]
	return ok
}

//go:embed firstnames.txt
var firstNames string

// FrenchNames are the built-in list: the first names that are most common in
// France.
var FrenchNames = sync.OnceValue(func() *Names {
	names, err := ReadNames(strings.NewReader(firstNames))
	if err != nil {
		panic(err)
	}
	return names
})

// ReadNames reads a list: a first name per line; empty lines and those that begin
// with # are passed over.
func ReadNames(r io.Reader) (*Names, error) {
	names := newNames()
	var f folded
	err := eachLine(r, func(n int, line []byte) error {
		f.fold(line)
		name := bytes.ToLower(f.b)
		if len(name) == 0 || class[name[0]]&(small|capital) == 0 {
			return messages.FirstNameLine.With("line", n)
		}
		d := Detector{s: append([]byte{'A'}, name[1:]...)} // any capital
		d.marks.read(d.s)
		if end, ok := d.capitalised(0); !ok || end != len(name) {
			return messages.FirstNameLine.With("line", n)
		}
		names.add(string(name))
		return nil
	})
	if err != nil {
		return nil, err
	}
	return names, nil
}

// And are the names of both lists.
func (n *Names) And(other *Names) *Names {
	both := &Names{maps.Clone(n.set), n.lengths, n.words}
	for name := range other.set {
		both.add(name)
	}
	return both
}

// isFirstName says whether the word from i to end, or its first part,
// is a first name.
func (d *Detector) isFirstName(i, end int) bool {
	part := min(i+run64(d.marks.word, i), end)
	if !d.names.lengths.may(d.s[i:part]) && !d.names.lengths.may(d.s[i:end]) {
		return false
	}
	var room [24]byte
	return d.names.has(d.lower(&room, i, end)) || part < end && d.names.has(d.lower(&room, i, part))
}

// maxParts is how many parts of a word with hyphens are followed.
const maxParts = 6

// capitalised is the end of the word at i that begins with a capital and may have
// hyphens and apostrophes within: Jean-Pierre, L'Hermite.
func (d *Detector) capitalised(i int) (end int, ok bool) {
	if class[d.at(i)] != capital {
		return i, false
	}
	const letter = small | capital
	end = i
	part := i // the end of the part before, whole when the next is not
	for parts := 1; ; {
		n := bits.TrailingZeros64(^(from(d.marks.word, end) &^ from(d.marks.digit, end)))
		end += n
		switch c := d.at(end); {
		case n == 64:
		case (c == '-' || c == '\'') && class[d.at(end+1)]&letter != 0 && parts < maxParts:
			part = end
			end++
			parts++
		case class[c] == digit:
			return part, part > i
		default:
			return end, true
		}
	}
}

// nameWord is the end of a capitalised word of two letters or more, or of an
// initial with its point.
func (d *Detector) nameWord(i int) (end int, ok bool) {
	end, ok = d.capitalised(i)
	if ok && end == i+1 {
		return end + 1, d.at(end) == '.'
	}
	return end, ok
}

// How many words of a name are followed.
const (
	afterCivility  = 5
	afterFirstName = 3
)

// name is the end of a name that begins at i, or i: capitalised words and
// initials, with particles between. An article that begins it needs a word after
// it, and neither is an office: "Madame La Maire" names nobody.
func (d *Detector) name(i, most int) int {
	end, at := i, i
	for n := 0; n < most; n++ {
		word, ok := d.nameWord(at)
		if !ok {
			if at = d.particle(at, n == 0); at >= 0 {
				word, ok = d.nameWord(at)
			}
			if !ok {
				return end
			}
		}
		if n == 0 {
			if d.isCivility(at, word) { // "Mmes Éventoux, MM. Quercyval"
				return end
			}
			if word = d.pastArticle(at, word); word < 0 {
				return end
			}
		}
		end = word
		next, spaced := d.spaces(word)
		switch {
		case spaced:
			at = next
		case d.s[word-1] == '.' && d.at(word) == '-': // J.-P.
			at = word + 1
		case d.s[word-1] == '.':
			at = word
		default:
			return end
		}
	}
	return end
}

// isCivility says whether what stands from i to end announces a person.
func (d *Detector) isCivility(i, end int) bool {
	var room [24]byte
	what := announcements[string(d.lower(&room, i, end))]
	return what >= person && what <= strictly
}

// pastArticle is end, or where the word after it ends when what stands from i to
// end is an article, or -1 when an office follows, or nothing.
func (d *Detector) pastArticle(i, end int) int {
	var room [24]byte
	word := d.lower(&room, i, end)
	switch string(word) {
	case "le", "la", "les":
		next, spaced := d.spaces(end)
		if second, ok := d.nameWord(next); spaced && ok && !offices[string(d.lower(&room, next, second))] {
			return second
		}
		return -1
	}
	if rest, ok := bytes.CutPrefix(word, []byte("l'")); ok && offices[string(rest)] {
		return -1
	}
	return end
}

// offices are what "Monsieur le" and "Madame la" stand before.
var offices = words(`maire maires adjoint adjointe adjoints president presidente presidents prefet prefete directeur directrice
	conseiller conseillere conseillers rapporteur rapporteure ministre depute deputee senateur senatrice secretaire tresorier
	tresoriere receveur comptable procureur juge recteur rectrice inspecteur inspectrice commissaire chef cheffe doyen doyenne
	proviseur principal principale ambassadeur ambassadrice general colonel capitaine commandant administrateur administratrice
	bourgmestre delegue deleguee sous vice premier premiere`)

func words(list string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(list) {
		set[w] = true
	}
	return set
}

// particle is what follows the particles at i, or -1 when there is none. Those that
// may begin a name are fewer.
func (d *Detector) particle(i int, first bool) int {
	at := i
	for n := 0; n < 3; n++ {
		end := d.wordEnd(at)
		if end == at || class[d.s[at]] != small {
			break
		}
		var room [24]byte
		switch word := string(d.lower(&room, at, end)); {
		case (word == "d" || word == "l" && n > 0) && d.at(end) == '\'':
			return end + 1
		case starting[word], !first && joining[word], n > 0 && inner[word]:
		default:
			return -1
		}
		if d.at(end) == '.' && end-at <= len("vve") { // ép.
			end++
		}
		next, spaced := d.spaces(end)
		if !spaced {
			return -1
		}
		at = next
	}
	if at == i {
		return -1
	}
	return at
}

var (
	starting = words("de du des van von ben bin el da dos")
	joining  = words("der den al di ould dit dite ne nee epouse ep veuve vve")
	inner    = words("la le les der den")
)

// civility looks for a name after a civility that ends at end. Of many persons
// there may be many names; marked says whether a mark may stand between.
func (d *Detector) civility(i, end int, many, marked bool) {
	at := end
	if d.at(at) == '.' {
		at++
	}
	if marked {
		at = d.introduced(at, end-i <= longestShort)
	}
	if end, ok := d.nameWord(at); ok && at > end-3 && d.s[end-1] == '.' { // M.E.T.P. is none
		return
	}
	for range 16 {
		from, _ := d.spaces(at)
		to := d.name(from, afterCivility)
		if to == from {
			return
		}
		d.hit(from, to, Name)
		after, spaced := d.spaces(to)
		switch {
		case !many:
			return
		case d.at(to) == ',':
			at = to + 1
		case spaced && d.at(after) == 'e' && d.at(after+1) == 't' && d.boundary(after+2):
			at = after + 2
		default:
			return
		}
	}
}

// longestShort is how long an abbreviation is at most: Melle. Letters have "Madame" on a line
// of its own.
const longestShort = 5

// introduced is where the name begins after what may stand between it and a civility that
// ends before i: a colon, a quote, a bracket, a dash; after an abbreviation also the end of
// a line. It is i where no such mark stands, or an office follows it.
func (d *Detector) introduced(i int, short bool) int {
	at, spaced := d.spaces(i)
	switch c := d.at(at); {
	case c == ':', c == '"', c == '(', c == '-' && spaced, c == '_', c == otherSymbol:
		at++
	case short && (c == '\n' || c == '\r' && d.at(at+1) == '\n'):
		if at++; c == '\r' {
			at++
		}
	default:
		return i
	}
	at, _ = d.spaces(at)
	word, ok := d.nameWord(at)
	var room [24]byte
	if !ok || offices[string(d.lower(&room, at, word))] || d.stops(at, word) {
		return i
	}
	return at
}

// maidenName looks for a name after "née", which ends at end, and gives where it ends, else end.
func (d *Detector) maidenName(end int) int {
	from, _ := d.spaces(end)
	word, ok := d.nameWord(from)
	if !ok || word < from+3 || d.stops(from, word) {
		return end
	}
	to := d.name(from, afterFirstName)
	if to > from {
		d.hit(from, to, Name)
		return to
	}
	return end
}

// mayGoOn are the bytes that a name may go on with: capitals, and what particles
// begin with.
var mayGoOn = func() (t [256]bool) {
	for c := range t {
		t[c] = class[c] == capital
	}
	for w := range starting {
		t[w[0]] = true
	}
	return t
}()

// named looks for a first name at i with a name after it, or before it: Jeanne
// Vermeillac, Jeanne VERMEILLAC, VERMEILLAC Jeanne.
func (d *Detector) named(i int) {
	end, ok := d.capitalised(i)
	if ok && end == i+1 {
		d.initials(i)
	}
	if !ok || end < i+2 {
		return
	}
	if d.at(end) == ',' && d.allCapitals(i, end) { // VERMEILLAC, Jeanne
		next, _ := d.spaces(end + 1)
		if to, ok := d.capitalised(next); ok && d.isFirstName(next, to) && !d.thing(i, end) {
			d.hit(i, to, FirstName)
		}
		return
	}
	next, spaced := d.spaces(end)
	if !spaced || !mayGoOn[d.at(next)] {
		return
	}
	if d.isFirstName(i, end) {
		if to := d.surname(next); to > next {
			d.hit(i, to, FirstName)
		}
		return
	}
	if class[d.at(next)] == capital && d.allCapitals(i, end) && !d.stops(i, end) {
		to, ok := d.capitalised(next)
		if ok && d.isFirstName(next, to) && (class[d.at(next+1)] == small || !d.thing(i, end) && to > next+2) {
			d.hit(i, to, FirstName)
		}
	}
}

// thing says whether the word from i to end is what is called after persons: in a text of
// capitals nothing else tells STADE CAMILLE from VERMEILLAC CAMILLE.
func (d *Detector) thing(i, end int) bool {
	var room [24]byte
	word := d.lower(&room, i, end)
	if _, way := streets[string(word)]; way {
		return true
	}
	return things[string(word)] || d.stops(i, end)
}

var things = words(`ecole ecoles college lycee creche stade salle gymnase groupe maison foyer ehpad theatre espace centre hall halle piscine
	mairie commune ville association club comite amicale saint sainte st ste notre bibliotheque mediatheque eglise chapelle hopital
	clinique festival fete feu course paroisse residence quartier cite parc square cercle union foot tennis basket rugby laique projet operation
	programme tempete marche subvention fontaine fondation institut musee jardin tour batiment travaux societe sas sarl sci eurl`)

// initials looks for a name after one initial, or several with hyphens, at i: J. Martin, J.-P.
// Martin. S.A. Martin is a company, so that a letter after another, or after a token, begins none.
func (d *Detector) initials(i int) {
	if i > 0 {
		switch d.s[i-1] {
		case '.', '-', ']', '\'', '&':
			return
		}
	}
	if d.lettered(i) {
		return
	}
	at := i
	for n := 0; ; n++ {
		if n == 3 || class[d.at(at)] != capital || d.at(at+1) != '.' {
			return
		}
		if at += 2; d.at(at) != '-' {
			break
		}
		at++
	}
	at, _ = d.spaces(at)
	word, ok := d.capitalised(at)
	var room [24]byte
	if !ok || word < at+3 || d.stops(at, word) || offices[string(d.lower(&room, at, word))] {
		return
	}
	if to := d.name(at, afterFirstName); to > at {
		d.hit(i, to, FirstName)
	}
}

// lettered says whether the word before i is of what is told apart by letters: plan A.
func (d *Detector) lettered(i int) bool {
	end := i
	for end > 0 && i-end < 3 && (d.s[end-1] == ' ' || d.s[end-1] == '.') {
		end--
	}
	from := end
	for from > 0 && end-from < 16 && class[d.s[from-1]]&(small|capital) != 0 {
		from--
	}
	var room [24]byte
	return from < end && letteredThings[string(d.lower(&room, from, end))]
}

var letteredThings = words(`plan plans lot lots zone zones phase phases tranche batiment batiments bat aile hall escalier porte entree quai ilot bloc
	tribune secteur parcelle section annexe annexes article chapitre titre partie volet axe point option variante scenario hypothese
	categorie cat classe niveau type serie groupe liste tableau formule ligne filiere grade`)

// surname is the end of a name that follows a first name, or at. A word of grammar
// with a capital is none, unless it is the article of one: Le Goff.
func (d *Detector) surname(at int) int {
	word, ok := d.nameWord(at)
	if ok && d.stops(at, word) {
		next, spaced := d.spaces(word)
		if word, ok = d.nameWord(next); !spaced || !ok || d.stops(next, word) {
			return at
		}
		return word
	}
	return d.name(at, afterFirstName)
}

// allCapitals says whether the letters from i to end are capitals.
func (d *Detector) allCapitals(i, end int) bool {
	for _, c := range d.s[i:end] {
		if class[c] == small {
			return false
		}
	}
	return true
}

func (d *Detector) stops(i, end int) bool {
	var room [24]byte
	return stopWords[string(d.lower(&room, i, end))]
}

// stopWords are words of grammar that may stand with a capital.
var stopWords = words(`a au aux avec ce ces cet cette chez ci dans de des donc du elle elles en est et il ils je la le les leur leurs
	lors mais me mlle mme mmes monsieur madame ne nos notre nous on ont ou ou par pas pour puis que qui sa sans se ses si son sous sur
	tous tout toute un une vos votre vous y`)
