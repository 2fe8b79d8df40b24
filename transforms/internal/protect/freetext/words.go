package freetext

// A word is letters and digits without anything between. What follows looks at
// words from a place on; each function gives where what it read ends.

// lower is the word from i to end in small letters, in room; it is empty when the
// word is longer than room.
func (d *Detector) lower(room *[24]byte, i, end int) []byte {
	if end-i > len(room) {
		return nil
	}
	for n, c := range d.s[i:end] {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		room[n] = c
	}
	return room[:end-i]
}

// wordEnd is the end of the word that begins at i; i when none does.
func (d *Detector) wordEnd(i int) int {
	for i < len(d.s) && class[d.s[i]] != 0 {
		i++
	}
	return i
}

// spaces is what follows at most three spaces at i, and whether there was one.
func (d *Detector) spaces(i int) (after int, any bool) {
	after = i
	for after < i+3 && (d.at(after) == ' ' || d.at(after) == '\t') {
		after++
	}
	return after, after > i
}

// announcement is what a word may be followed by.
type announcement uint8

const (
	nothing  announcement = iota
	person                // a name
	persons               // names
	strict                // a name, if the word has a capital or a point: a letter, a pronoun
	strictly              // names, if the word has a capital
	plain                 // a name, if the word has none: "Familles rurales" is an association
	birthday              // a date
	born                  // a date, if le, à or en follows: "ne" is also a word of grammar
	hamlet                // the name of a place
)

// announcements are the words after which something is looked for.
var announcements = map[string]announcement{
	"m": strict, "me": strict, "pr": strict, "mm": strictly, "mes": strictly,
	"mme": person, "mlle": person, "mr": person, "mrs": person, "dr": person, "monsieur": person, "madame": person, "mademoiselle": person,
	"maitre": person, "docteur": person, "professeur": person, "veuve": person, "epouse": person, "sieur": person, "indivision": person,
	"succession": person, "heritiers": person, "hoirie": person, "famille": plain,
	"mmes": persons, "mlles": persons, "messieurs": persons, "mesdames": persons, "mesdemoiselles": persons, "epoux": persons, "consorts": persons,
	"naissance": birthday, "naiss": birthday, "ddn": birthday, "ne": born, "nee": born, "nes": born, "nees": born,
	"lieu": hamlet, "lieudit": hamlet,
}

// announcing are the lengths that words of announcements have, by first and second
// letter, small or capital: nearly no word of a text gets past it.
var announcing = func() (t [32][32]uint32) {
	for w := range announcements {
		second := byte(0)
		if len(w) > 1 {
			second = w[1]
		}
		t[w[0]&31][second&31] |= 1 << len(w)
	}
	return t
}()

// announced looks for what the word from i to end announces, and says whether it
// announces anything.
func (d *Detector) announced(i, end int) bool {
	second := byte(0)
	if end-i > 1 {
		second = d.s[i+1]
	}
	if end-i > 31 || announcing[d.s[i]&31][second&31]>>(end-i)&1 == 0 {
		return false
	}
	var room [24]byte
	what := announcements[string(d.lower(&room, i, end))]
	capitals := class[d.s[i]] == capital
	switch {
	case what == nothing:
		return false
	case what == person, what == plain && !capitals, what == strict && (capitals || end-i == 1 && d.at(end) == '.'):
		d.civility(end, false)
	case what == persons, what == strictly && capitals:
		d.civility(end, true)
	case what == birthday, what == born:
		d.birth(end, what == born)
	case what == hamlet:
		d.locality(i, end)
	}
	return true
}
