package freetext

import (
	"slices"
	"strings"

	"github.com/lavoir-data/lavoir/internal/scalar"
)

// run is letters in capitals and digits that are written one after the other, in
// groups or not.
type run struct {
	c    [34]byte
	ends [34]int // in the text, after each
	gaps uint64  // bit n: something stands between n-1 and n
	n    int
}

// separators are the bytes that may stand between two groups of a number; those that are
// false stand between digits alone.
var separators = map[byte]bool{' ': true, '.': true, '-': true, '/': true, '\t': true,
	'_': false, '*': false, '|': false, '(': false, ')': false, otherSymbol: false}

var separating, betweenDigits = func() (all, digits [256]bool) {
	for c, anywhere := range separators {
		all[c], digits[c] = true, !anywhere
	}
	return all, digits
}()

// separator says whether a byte may stand between two groups of a number.
func separator(c byte) bool { return separating[c] }

// gap is how many separators, at most three, stand at i between what stands before and a
// letter or digit; 0: none may.
func (d *Detector) gap(before byte, i int) (n int) {
	s := d.s
	digits := false
	for n < 3 && i+n < len(s) && separating[s[i+n]] {
		digits = digits || betweenDigits[s[i+n]]
		n++
	}
	if i+n >= len(s) || class[s[i+n]] == 0 || digits && (before > '9' || class[s[i+n]] != digit) {
		return 0
	}
	return n
}

// read reads up to limit letters and digits from i on, with at most three
// separators between two of them.
func (d *Detector) read(r *run, i, limit int, letters bool) {
	r.n, r.gaps = 0, 0
	s := d.s
	for r.n < limit && i < len(s) {
		c := s[i]
		switch class[c] {
		case digit:
		case small:
			c -= 'a' - 'A'
			fallthrough
		case capital:
			if !letters || c >= 0x80 || s[i] >= 0x80 {
				return
			}
		default:
			if r.n == 0 {
				return
			}
			gap := d.gap(r.c[r.n-1], i)
			if gap == 0 {
				return
			}
			i += gap
			r.gaps |= 1 << r.n
			continue
		}
		r.c[r.n] = c
		i++
		r.ends[r.n] = i
		r.n++
	}
}

// readNumber is read of what may be a number that begins with a digit: letters are
// capitals, of which a plate has some among the first nine characters, or the second
// character of a département of Corsica.
func (d *Detector) readNumber(r *run, i int) {
	r.n, r.gaps = 0, 0
	s := d.s
	for r.n < 15 && i < len(s) {
		c := s[i]
		switch class[c] {
		case digit:
		case small:
			if c != 'a' && c != 'b' || r.n == 0 || r.c[r.n-1] != '2' {
				return
			}
			c -= 'a' - 'A'
		case capital:
			if r.n > 8 || c >= 0x80 {
				return
			}
		default:
			if r.n == 0 {
				return
			}
			gap := d.gap(r.c[r.n-1], i)
			if gap == 0 {
				return
			}
			i += gap
			r.gaps |= 1 << r.n
			continue
		}
		r.c[r.n] = c
		i++
		r.ends[r.n] = i
		r.n++
	}
}

// gapsOnlyAt says whether, in the first n, gaps are nowhere but at those places.
func (r *run) gapsOnlyAt(n int, places uint64) bool {
	return r.gaps&(1<<n-1)&^places == 0
}

func at(places ...int) (set uint64) {
	for _, p := range places {
		set |= 1 << p
	}
	return set
}

var (
	sirenGaps = at(3, 6)
	siretGaps = at(3, 6, 9, 11, 12)
	nirGroups = at(1, 3, 5, 7, 10)
	ibanGaps  = at(2, 4, 8, 12, 16, 20, 24, 28, 32, 9, 14, 25) // in fours, and as the RIB of France
)

// pairs is where the ten digits of a telephone number are put in groups, all of
// these or some; otherGroups is how else.
var (
	pairs       = at(2, 4, 6, 8)
	otherGroups = map[uint64]bool{at(2, 5, 8): true, at(1, 4, 7): true, at(4, 7): true, at(2, 4, 7): true, at(3, 6, 8): true, at(3, 6): true}
	oneByOne    = at(1, 2, 3, 4, 5, 6, 7, 8, 9)
	withoutPlus = at(2, 3, 5, 7, 9) // 33 6 12 34 56 78
)

// How many digits a text has at least in which there is a number, besides those of a
// plate, an address or a date: those of a SIREN, or after "+" a code and what it calls.
const (
	leastDigits = 9
	leastAbroad = 8
	nirDigits   = 15
)

// number looks at a word that begins with a digit.
func (d *Detector) number(i, end int) {
	m := &d.marks
	n := run64(m.digit, i)
	plus := i > 0 && d.s[i-1] == '+' || i > 1 && d.s[i-1] == ' ' && d.s[i-2] == '+'
	long := m.digits >= leastDigits || plus && m.digits >= leastAbroad
	if long && !plus && d.s[i] != '0' && n != nirDigits && i+n == end && (end == len(d.s) || !separator(d.s[end])) && !d.companies() {
		long = false // a number that stands alone, and has not as many digits as one that does
	}
	plate := n >= 2 && n <= 4 && from(m.capital, i+n)&15 != 0 // within three separators
	if long || plate {
		var r run
		d.readNumber(&r, i)
		if long {
			d.nir(&r, i)
			if !d.decimals(i) || r.gaps != 0 {
				if d.companies() {
					d.siret(&r, i)
				}
				d.phone(&r, i)
			}
		}
		if plate {
			d.fni(&r, i, end)
		}
	}
	if m.letters && n <= houseDigits {
		d.address(i, end)
	}
}

// companies says whether numbers of companies are looked for.
func (d *Detector) companies() bool { return d.kinds&Of(SIRET, SIREN) != 0 }

// allDigits says whether the first n are digits.
func (r *run) allDigits(n int) bool { return r.digitsFrom(0, n) }

func (r *run) digitsFrom(i, n int) bool {
	for _, c := range r.c[i:n] {
		if c > '9' {
			return false
		}
	}
	return true
}

// nir looks for a social security number: one with a key that fits in whatever
// groups, and one that is written in its own groups even without a key.
func (d *Detector) nir(r *run, i int) {
	if r.n < 13 || !nirForm(r.c[:13]) {
		return
	}
	switch {
	case r.n == 15 && d.boundary(r.ends[14]) && r.c[13] <= '9' && r.c[14] <= '9' && scalar.IsNIR(string(r.c[:15])):
		d.hit(i, r.ends[14], NIR)
	case r.gaps&(1<<13-1) == nirGroups && r.n == 15 && r.gaps&at(13, 14) == at(13) && d.boundary(r.ends[14]) && r.c[13] <= '9' && r.c[14] <= '9':
		d.hit(i, r.ends[14], NIR)
	case r.gaps&(1<<13-1) == nirGroups && d.boundary(r.ends[12]):
		d.hit(i, r.ends[12], NIR)
	}
}

// nirForm says whether c may be the thirteen characters of a NIR: sex, year,
// month (those from 20 on stand for births whose month was not known),
// département or 99, commune, order.
func nirForm(c []byte) bool {
	switch c[0] {
	case '1', '2', '3', '4', '7', '8':
	default:
		return false
	}
	for n, b := range c {
		if b > '9' && !(n == 6 && c[5] == '2' && (b == 'A' || b == 'B')) {
			return false
		}
	}
	month := 10*(c[3]-'0') + c[4] - '0'
	return month >= 1 && month <= 12 || month >= 20
}

// decimals says whether what begins at i is the part after the point of 48.0612345678.
// A token before the point is taken for digits, which it may stand for.
func (d *Detector) decimals(i int) bool {
	if i < 2 || d.s[i-1] != '.' {
		return false
	}
	at := i - 1
	for at > i-5 && at > 0 && class[d.s[at-1]] == digit {
		at--
	}
	return d.s[i-2] == ']' || at < i-1 && at > i-5 && (at == 0 || class[d.s[at-1]] == 0)
}

// siret looks for the number of an establishment, then of a legal unit.
func (d *Detector) siret(r *run, i int) {
	switch {
	case r.n >= 14 && r.allDigits(14) && r.gapsOnlyAt(14, siretGaps) && d.boundary(r.ends[13]) && scalar.IsSIRET(string(r.c[:14])):
		d.hit(i, r.ends[13], SIRET)
	case r.n >= 9 && r.allDigits(9) && r.gapsOnlyAt(9, sirenGaps) && d.boundary(r.ends[8]) && scalar.IsSIREN(string(r.c[:9])):
		d.hit(i, r.ends[8], SIREN)
	}
}

// phone looks for a number of ten digits, 0033 or +33 and nine, or + and the code
// of overseas or of a neighbour.
func (d *Detector) phone(r *run, i int) {
	switch {
	case i > 0 && d.s[i-1] == '+':
		d.abroad(i, i-1)
	case i > 1 && d.s[i-1] == ' ' && d.s[i-2] == '+':
		d.abroad(i, i-2)
	case r.n >= 14 && r.gaps == 0 && r.allDigits(14) && d.boundary(r.ends[13]) && scalar.IsSIRET(string(r.c[:14])):
	case r.n >= 4 && r.c[0] == '0' && r.c[1] == '0' && r.c[2] != '0' && r.gaps&at(1) == 0 && !d.inUUID(i):
		d.abroad(d.pass(r.ends[1]), i)
	case r.n >= 11 && r.c[0] == '3' && r.c[1] == '3' && r.c[2] != '0' && r.gaps&(1<<11-1) == withoutPlus && r.allDigits(11) && d.boundary(r.ends[10]):
		d.hit(i, r.ends[10], Phone)
	}
	if r.n < 10 || r.c[0] != '0' || r.c[1] == '0' || !r.allDigits(10) || !d.boundary(r.ends[9]) {
		return
	}
	gaps := r.gaps & (1<<10 - 1)
	century := func(n int) bool { return r.c[n] == '1' && r.c[n+1] == '9' || r.c[n] == '2' && r.c[n+1] == '0' }
	switch {
	case gaps == at(2, 4, 8) && century(4), gaps == at(2, 6, 8) && century(2): // 01/02/2024 10, 01/2024-02-03
	case gaps&^pairs == 0, otherGroups[gaps], gaps == oneByOne && string(r.c[:10]) != "0123456789" && slices.Max(r.c[:10]) > '5': // answers are from 0 to 5
		d.hit(i, r.ends[9], Phone)
	}
}

// inUUID says whether what begins at i goes on a group of hexadecimal digits.
func (d *Detector) inUUID(i int) bool {
	return i > 4 && d.s[i-1] == '-' && strings.Trim(string(d.s[i-5:i-1]), "0123456789abcdefABCDEF") == ""
}

// callingCodes are those of France and overseas, then of the neighbours and the
// countries that many families write to.
var callingCodes = []string{
	"33", "262", "508", "590", "594", "596", "681", "687", "689",
	"32", "34", "39", "41", "44", "49", "351", "352", "376", "377", "212", "213", "216", "221", "223", "225",
}

// pass is i, or what follows up to three separators there.
func (d *Detector) pass(i int) int {
	for n := 0; n < 3 && separators[d.at(i)]; n++ {
		i++
	}
	return i
}

// abroad looks for a calling code at i and a number after it.
func (d *Detector) abroad(i, start int) {
	for _, code := range callingCodes {
		after := i + len(code)
		if after >= len(d.s) || string(d.s[i:after]) != code {
			continue
		}
		if d.at(after) == ')' && start > 0 && d.s[start-1] == '(' { // (+33)
			after++
			start--
		}
		after = d.pass(after)
		if d.at(after) == '(' && d.at(after+1) == '0' && d.at(after+2) == ')' {
			after = d.pass(after + 3)
		} else if d.at(after) == '(' { // +33 (6) 12 …
			after++
		}
		var r run
		d.read(&r, after, 11, false)
		least, most := 6, 10
		if code == "33" {
			least, most = 9, 9
			if r.n > 0 && r.c[0] == '0' { // +33 06 …
				least, most = 10, 10
			}
		}
		for n := most; n >= least; n-- {
			if r.n >= n && d.boundary(r.ends[n-1]) {
				d.hit(start, r.ends[n-1], Phone)
				return
			}
		}
	}
}

// lettersAndDigits looks at a word that begins with a letter: an account number
// or a number plate.
func (d *Detector) lettersAndDigits(i, end int) {
	s := d.s
	if class[s[i+1]]&(small|capital) == 0 || s[i] >= 0x80 || s[i+1] >= 0x80 {
		return
	}
	switch {
	case end-i == 2 && separator(d.at(end)):
		if p := d.pass(end); class[d.at(p)] == digit && class[d.at(p+1)] == digit {
			d.iban(i, true)
			d.siv(i)
		}
	case end-i >= 4 && class[s[i+2]] == digit && class[s[i+3]] == digit:
		d.iban(i, false)
		d.siv(i)
	}
}

// iban looks for two letters, two digits and what follows, of as many characters as the
// account numbers of that country have, whose key fits; with letters in it, which a
// sentence has as well, in the usual groups. gapped says that something stands
// between the letters and the digits.
func (d *Detector) iban(i int, gapped bool) {
	var r run
	if gapped {
		if d.read(&r, i, 2, true); ibanLength(string(r.c[:2])) == 0 {
			return
		}
	}
	d.read(&r, i, 34, true)
	if r.n < 15 || r.c[2] > '9' || r.c[3] > '9' {
		return
	}
	country := string(r.c[:2])
	n := ibanLength(country)
	switch {
	case n == 0, r.n < n, digitIBANs[country] && !r.digitsFrom(2, n):
		return
	case country == "AD" && !r.digitsFrom(4, 12): // of a UUID, which has its groups
		return
	}
	if d.boundary(r.ends[n-1]) && (r.gapsOnlyAt(n, ibanGaps) || r.digitsFrom(2, n)) && scalar.IsIBAN(string(r.c[:n])) {
		d.hit(i, r.ends[n-1], IBAN)
	}
}

// farIBANs are the lengths of account numbers outside of the countries that package
// scalar knows: those of the registry, then those that use the form without being in it.
// Two letters of no country begin no account number but a permit, DP0352382400071,
// of which the key of one in a hundred fits.
var farIBANs = map[string]int{
	"AE": 23, "AZ": 28, "BH": 22, "BI": 27, "BR": 29, "BY": 28, "CR": 22, "DJ": 27, "DO": 28, "EG": 29, "FK": 18, "GE": 22,
	"GT": 28, "IL": 23, "IQ": 23, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LC": 32, "LY": 25, "MN": 20, "MR": 27, "NI": 28,
	"OM": 23, "PK": 24, "PS": 29, "QA": 29, "RU": 33, "SA": 24, "SC": 31, "SD": 18, "SO": 23, "ST": 25, "SV": 28, "TL": 23,
	"UA": 29, "VG": 24, "YE": 30,
	"AO": 25, "BF": 28, "BJ": 28, "CF": 27, "CG": 27, "CI": 28, "CM": 27, "CV": 25, "DZ": 26, "GA": 27, "GQ": 27, "GW": 25, "HN": 28, "IR": 26,
	"KM": 27, "MA": 28, "MG": 27, "ML": 28, "MZ": 25, "NE": 28, "SN": 28, "TD": 27, "TG": 28,
}

// digitIBANs are the countries whose account numbers have no letter but the first two:
// be0123456789abcd is none.
var digitIBANs = words(`AE AT BA BE BI CR CZ DE DJ DK DZ EE EG ES FI FO GL HR HU IL IS LT LY MA ME MN MR NO PL PT RS SD SE SI SK ST TL TN VA XK`)

func ibanLength(country string) int {
	if n := scalar.IBANLength(country); n > 0 {
		return n
	}
	return farIBANs[country]
}

// plateLetter says whether a letter is used on number plates.
func plateLetter(c byte) bool {
	return c >= 'A' && c <= 'Z' && c != 'I' && c != 'O' && c != 'U'
}

// siv looks for a plate AA-123-AA: in small letters only with hyphens.
func (d *Detector) siv(i int) {
	var r run
	d.read(&r, i, 7, true)
	if r.n < 7 || !d.boundary(r.ends[6]) || r.gaps != 0 && r.gaps != at(2, 5) {
		return
	}
	for n, c := range r.c[:7] {
		if number := n >= 2 && n <= 4; number != (c <= '9') || !number && !plateLetter(c) {
			return
		}
	}
	if d.s[r.ends[1]] != '-' || d.s[r.ends[4]] != '-' {
		for _, n := range []int{0, 1, 5, 6} {
			if class[d.s[r.ends[n]-1]] != capital {
				return
			}
		}
	}
	d.hit(i, r.ends[6], Plate)
}

// fni looks for a plate of the kind that was given until 2009: two to four
// digits, two or three capitals, département. Units, taxes and months are none.
func (d *Detector) fni(r *run, i, end int) {
	digits := 0
	for digits < r.n && r.c[digits] <= '9' && (digits == 0 || r.gaps>>digits&1 == 0) {
		digits++
	}
	letters := digits
	for letters < r.n && r.c[letters] > '9' && (letters == digits || r.gaps>>letters&1 == 0) {
		if class[d.s[r.ends[letters]-1]] != capital || !plateLetter(r.c[letters]) {
			return
		}
		letters++
	}
	if digits < 2 || digits > 4 || letters-digits < 2 || letters-digits > 3 {
		return
	}
	if gapped := r.gaps>>digits&1 == 1; gapped != (r.gaps>>letters&1 == 1) {
		return
	}
	switch string(r.c[digits:letters]) {
	case "KG", "KM", "KW", "KV", "ML", "MM", "CM", "CL", "DL", "HA", "HT", "TTC", "GR", "PCT", "AM", "PM",
		"JAN", "FEV", "FEB", "MAR", "AVR", "APR", "SEP", "DEC":
		return
	}
	last := letters + 2
	if last > r.n || r.gaps>>(letters+1)&1 == 1 {
		return
	}
	dept := string(r.c[letters:last])
	if dept == "97" {
		if last++; last > r.n || r.gaps>>(last-1)&1 == 1 || r.c[last-1] < '1' || r.c[last-1] > '8' {
			return
		}
	} else if dept != "2A" && dept != "2B" && (dept < "01" || dept > "95" || dept[0] > '9' || dept[1] > '9') {
		return
	}
	if d.boundary(r.ends[last-1]) {
		d.hit(i, r.ends[last-1], Plate)
	}
}
