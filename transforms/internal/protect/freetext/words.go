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

// capital looks at a word that begins with a capital.
func (d *Detector) capital(i, end int) {
	if !d.keyword(i, end) {
		d.named(i)
	}
}

// keyword looks at a word that may announce something, and says whether it does.
func (d *Detector) keyword(i, end int) bool {
	var room [24]byte
	word := d.lower(&room, i, end)
	switch string(word) {
	case "ne", "nee", "nes", "nees", "naissance", "naiss", "ddn":
		d.birth(end, word[len(word)-1] != 'n' && len(word) <= 4)
	case "lieu", "lieudit":
		d.locality(i, end)
	case "m", "me", "pr": // a letter, metres, a pronoun, but for a capital or a point
		if class[d.s[i]] == capital || word[0] != 'm' || len(word) == 1 && d.at(end) == '.' {
			d.civility(end, false)
		}
	case "mm", "mes":
		if class[d.s[i]] == capital {
			d.civility(end, true)
		}
	case "mmes", "mlles", "messieurs", "mesdames", "mesdemoiselles", "epoux", "consorts":
		d.civility(end, true)
	case "famille": // "Familles rurales" and "Famille Plus" are names of others
		if class[d.s[i]] == small {
			d.civility(end, false)
		}
	case "sieur", "indivision", "succession", "heritiers", "hoirie":
		d.civility(end, false)
	case "mme", "mlle", "mr", "mrs", "dr", "monsieur", "madame", "mademoiselle", "maitre", "docteur", "professeur", "veuve", "epouse":
		d.civility(end, false)
	default:
		return false
	}
	return true
}
