package freetext

// streets are the types of ways of the Base adresse nationale and their
// abbreviations. Those that are false are also common words and units: after
// them the name must have a capital.
var streets = map[string]bool{
	"allee": true, "allees": true, "all": true, "avenue": true, "av": true, "ave": true, "boulevard": true, "bd": true, "bld": true,
	"blvd": true, "carrefour": true, "carref": true, "chaussee": true, "chemin": true, "che": true, "chem": true, "corniche": true,
	"coteau": true, "esplanade": true, "esp": true, "faubourg": true, "fbg": true, "fg": true, "giratoire": true, "hameau": true,
	"impasse": true, "imp": true, "lotissement": true, "montee": true, "place": true, "placette": true, "promenade": true, "quai": true,
	"quartier": true, "rampe": true, "residence": true, "rocade": true, "rond": true, "route": true, "rte": true, "rue": true,
	"ruelle": true, "sente": true, "sentier": true, "square": true, "sq": true, "traverse": true, "venelle": true, "villas": true,
	"cale": false, "cite": false, "clos": false, "cour": false, "cours": false, "descente": false, "domaine": false, "enclos": false,
	"escalier": false, "galerie": false, "ham": false, "levee": false, "lot": false, "mail": false, "parc": false, "parvis": false,
	"pass": false, "passage": false, "pl": false, "pont": false, "port": false, "porte": false, "r": false, "ch": false, "rang": false,
	"res": false, "terrasse": false, "villa": false, "voie": false, "zone": false, "za": false, "zac": false, "zi": false,
}

// adjectives may stand before the type of a way, which then needs no name.
var adjectives = words("grand grande petit petite vieux vieille ancien ancienne nouvelle haute basse")

// ways are the words that an address goes on with after its number.
var ways = func() (t wordLengths) {
	for w := range streets {
		t.add(w)
	}
	for w := range adjectives {
		t.add(w)
	}
	return t
}()

// connectors are words within the name of a way.
var connectors = words("a au aux d de des du en et l la le les sous sur")

// looseConnectors may also stand after the name: what follows must have a capital.
var looseConnectors = words("a au aux en et sous sur")

// houseDigits is how many digits the number of a house has at most.
const houseDigits = 4

// address looks for a number at i, the type of a way and its name, then for a
// postcode and a town.
func (d *Detector) address(i, end int) {
	n, after := d.digits(i)
	if n == 0 || after-i > houseDigits || after < end && !d.suffix(after, end) {
		return
	}
	at := end
	for range 2 { // 12-14, 12/14, 12 et 14
		at = d.secondNumber(at)
	}
	if next, _ := d.spaces(at); d.suffix(next, d.wordEnd(next)) {
		at = d.wordEnd(next)
	}
	at, _ = d.spaces(at)
	if d.at(at) == ',' {
		at, _ = d.spaces(at + 1)
	}
	if to := d.way(d.ofWay(at)); to > 0 {
		d.hit(i, d.town(to), Address)
		return
	}
	var room [24]byte
	if class[d.at(at)] != capital || months[string(d.lower(&room, at, d.wordEnd(at)))] {
		return
	}
	if to := d.wayName(at, false); to > 0 { // 12 Le Bourg 35000 Vermeil
		if end := d.town(to); end > to {
			d.hit(i, end, Address)
		}
	}
}

// ofWay is what follows "de la", "du", "de l'", "des" at i, or i.
func (d *Detector) ofWay(i int) int {
	at := i
	for range 2 {
		end := d.wordEnd(at)
		var room [24]byte
		switch string(d.lower(&room, at, end)) {
		case "de", "du", "des", "la":
			at, _ = d.spaces(end)
			continue
		case "l":
			if d.at(end) == '\'' {
				return end + 1
			}
		}
		break
	}
	return at
}

// suffix says whether the word from i to end is one of a house number.
func (d *Detector) suffix(i, end int) bool {
	var room [24]byte
	switch string(d.lower(&room, i, end)) {
	case "bis", "ter", "quater", "a", "b", "c", "d", "e", "f", "t", "q":
		return true
	}
	return false
}

// secondNumber is what follows a second number of a house at i, or i.
func (d *Detector) secondNumber(i int) int {
	at, _ := d.spaces(i)
	switch c := d.at(at); {
	case c == '-', c == '/', c == ',':
		at++
	case c == 'e' && d.at(at+1) == 't', c == 'a' && d.at(at+1) == ' ':
		at = d.wordEnd(at)
	default:
		return i
	}
	at, _ = d.spaces(at)
	end := d.wordEnd(at)
	if n, after := d.digits(at); n == 0 || after-at > houseDigits || after < end && !d.suffix(after, end) {
		return i
	}
	return end
}

// way is the end of the type and the name of a way at i, or 0.
func (d *Detector) way(i int) int {
	var room [24]byte
	end := d.wordEnd(i)
	done := 0
	if !ways.may(d.s[i:end]) {
		return 0
	}
	if adjectives[string(d.lower(&room, i, end))] {
		next := end
		if d.at(end) == '-' || d.at(end) == '\'' {
			next++
		} else {
			next, _ = d.spaces(end)
		}
		i, end = next, d.wordEnd(next)
		done = end
	}
	plain, ok := streets[string(d.lower(&room, i, end))]
	if !ok {
		return 0
	}
	if word := string(room[:end-i]); word == "rond" { // rond-point
		if c := d.at(end); c != '-' && c != ' ' {
			return 0
		}
		i = end + 1
		if end = d.wordEnd(i); string(d.lower(&room, i, end)) != "point" {
			return 0
		}
	}
	if d.at(end) == '.' {
		end++
	}
	return max(done, d.wayName(end, plain))
}

// maxWay is how many words of the name of a way are followed.
const maxWay = 9

// wayName is the end of the name of a way at i, or 0. Small letters are taken for
// its first word, where they are allowed, and for months; the rest has capitals
// or is a number.
func (d *Detector) wayName(i int, smallToo bool) (end int) {
	var room [24]byte
	at, loose := i, false
	for range maxWay {
		next, spaced := d.spaces(at)
		if c := d.at(at); !spaced && at > i && (c == '-' || c == '\'') {
			next = at + 1
		}
		word := d.wordEnd(next)
		if word == next {
			return end
		}
		c := class[d.s[next]]
		low := d.lower(&room, next, word)
		switch {
		case c == digit && word-next == 5: // a postcode
			return end
		case loose && c != capital: // "rue du Lavoir et au 14 …"
			return end
		case c == small && connectors[string(low)]:
			loose = looseConnectors[string(low)]
		case c == capital && word == next+1 && d.at(word) == '.': // allée A. Briand
			end, loose = word, false
			word++
		case c != small, end == 0 && smallToo, months[string(low)] && end > 0:
			end, loose = word, false
		default:
			return end
		}
		at = word
	}
	return end
}

// town is the end of a postcode and a town at i, or i. A line may end before it.
func (d *Detector) town(i int) int {
	at, _ := d.spaces(i)
	if c := d.at(at); c == ',' || c == '-' {
		at, _ = d.spaces(at + 1)
	}
	for range 2 {
		if c := d.at(at); c == '\n' || c == '\r' {
			at++
		}
	}
	at, _ = d.spaces(at)
	if _, end := d.digits(at); end-at != 5 || !d.boundary(end) {
		return i
	} else {
		at = end
	}
	if end := d.wayName(at, true); end > 0 {
		return end
	}
	return at
}

// locality looks for the name of a place after "lieu-dit", of which the first
// word stands from i to end: houses in the country have no other address.
func (d *Detector) locality(i, end int) {
	var room [24]byte
	if end-i == len("ld") && class[d.s[i+1]] == small { // "ld" is no LD
		return
	}
	if end-i == len("lieu") {
		if c := d.at(end); c != '-' && c != ' ' {
			return
		}
		from := end + 1
		if end = d.wordEnd(from); string(d.lower(&room, from, end)) != "dit" {
			return
		}
	}
	at, _ := d.spaces(end)
	if d.at(at) == ':' {
		at++
	}
	if to := d.wayName(at, false); to > 0 {
		d.hit(i, d.town(to), Address)
	}
}
