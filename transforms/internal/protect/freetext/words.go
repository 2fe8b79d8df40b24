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

// spaces is what follows at most eight spaces at i, and whether there was one.
func (d *Detector) spaces(i int) (after int, any bool) {
	after = i
	for after < i+8 && (d.at(after) == ' ' || d.at(after) == '\t') {
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
	maiden                // a name, a date
	hamlet                // the name of a place
)

// announcements are the words after which something is looked for.
var announcements = map[string]announcement{
	"m": strict, "me": strict, "pr": strict, "mm": strictly, "mes": strictly,
	"mme": person, "mlle": person, "mr": person, "mrs": persons, "dr": person, "monsieur": person, "madame": person, "mademoiselle": person,
	"maitre": person, "docteur": person, "professeur": person, "veuve": person, "epouse": person, "sieur": person, "indivision": person,
	"succession": person, "heritiers": person, "hoirie": person, "famille": plain,
	"mmes": persons, "mlles": persons, "messieurs": persons, "mesdames": persons, "mesdemoiselles": persons, "epoux": persons, "consorts": persons,
	"mgr": person, "mle": person, "melle": person, "mtre": person, "prof": person, "vve": person, "feue": person,
	"docteure": person, "professeure": person, "melles": persons, "drs": persons, "docteurs": persons, "docteures": persons,
	"maitres": persons, "professeurs": persons, "professeures": persons, "sieurs": persons, "messrs": persons,
	"naissance": birthday, "naiss": birthday, "ddn": birthday, "ne": born, "nee": maiden, "nes": born, "nees": maiden,
	"ld": hamlet, "lieu": hamlet, "lieudit": hamlet,
}

// wordLengths are the lengths that some words have, by first and second letter, small
// or capital: nearly no other word gets past it.
type wordLengths [32][32]uint32

func (t *wordLengths) add(word string) {
	second := byte(0)
	if len(word) > 1 {
		second = word[1]
	}
	t[word[0]&31][second&31] |= 1 << min(len(word), 31)
}

// may says whether a word may be one of those.
func (t *wordLengths) may(word []byte) bool {
	if len(word) < 2 {
		return len(word) == 1 && t[word[0]&31][0]>>1&1 == 1
	}
	return t[word[0]&31][word[1]&31]>>min(len(word), 31)&1 == 1
}

// wordSet is some words, by a hash of their first letters, their length and whether they
// begin with a capital: nearly no other word is taken for one.
type wordSet [1 << (wordBits - 6)]uint64

const wordBits = 16

func (t *wordSet) add(word string, capital uint64) {
	h := wordHash(eight([]byte(word), 0), len(word), capital)
	t[h>>6] |= 1 << (h & 63)
}

// may says whether a word of n letters may be one of those: 1 or 0. Its first eight
// letters, small or capital, are x, in which more may follow.
func (t *wordSet) may(x uint64, n int, capital uint64) uint64 {
	h := wordHash(x, n, capital)
	return t[h>>6] >> (h & 63) & 1
}

func wordHash(x uint64, n int, capital uint64) uint64 {
	x = (x | 0x20*ones) & firstBytes[min(n, 8)]
	x += uint64(min(n, 31))<<1 | capital
	x ^= x >> 29
	return x * 0x9e3779b97f4a7c15 >> (64 - wordBits)
}

var firstBytes = [9]uint64{0, 1<<8 - 1, 1<<16 - 1, 1<<24 - 1, 1<<32 - 1, 1<<40 - 1, 1<<48 - 1, 1<<56 - 1, 1<<64 - 1}

var announcing = func() (t wordLengths) {
	for w := range announcements {
		t.add(w)
	}
	return t
}()

// introduces says whether a mark may stand between what the word from i to end announces and the
// word. What has other meanings (AAAA-MM-JJ, ME : maîtrise d'œuvre, DR-BRETAGNE), and
// titles that are trades too (Professeur : Musique), have the name after them alone.
func (d *Detector) introduces(what announcement, i, end int) bool {
	if what != person && what != persons || end == i+2 && class[d.s[i+1]] == capital {
		return false
	}
	var room [24]byte
	return !titles[string(d.lower(&room, i, end))]
}

var (
	titles = words(`docteur docteurs docteure docteures professeur professeurs professeure professeures maitre maitres prof`)
	trades = words(`nageur nageurs nageuse nageuses sauveteur sauveteurs composteur composteurs ouvrage ouvrages oeuvre oeuvres ouvre ouvres eps musique danse`) // œ is read as o
)

// trade says whether what a title that ends at end is of is a trade: maître nageur, maître d'œuvre.
func (d *Detector) trade(end int) bool {
	if d.at(end) == '.' {
		end++
	}
	at, _ := d.spaces(end)
	if c := d.at(at) | 0x20; c == 'd' && (d.at(at+1) == '\'' || d.at(at+1) == ' ') {
		at += 2
	}
	var room [24]byte
	return trades[string(d.lower(&room, at, d.wordEnd(at)))]
}

// announced looks for what the word from i to end announces, and says whether it
// announces anything.
func (d *Detector) announced(i, end int) bool {
	if !announcing.may(d.s[i:end]) {
		return false
	}
	var room [24]byte
	what := announcements[string(d.lower(&room, i, end))]
	capitals := class[d.s[i]] == capital
	switch {
	case what == nothing:
		return false
	case what >= person && what <= strictly && d.trade(end):
	case what == person, what == plain && !capitals, what == strict && (capitals || end-i == 1 && d.at(end) == '.'):
		d.civility(i, end, false, d.introduces(what, i, end))
	case what == persons, what == strictly && capitals:
		d.civility(i, end, true, d.introduces(what, i, end))
	case what == maiden:
		d.birth(d.maidenName(end), true)
	case what == birthday, what == born:
		d.birth(end, what == born)
	case what == hamlet:
		d.locality(i, end)
	}
	return true
}
