package freetext

// window is how far after "né(e)" or "naissance" a date is looked for.
const window = 64

// birth looks for a date after a word about a birth that ends at end. After "né"
// there must be le, à, au, aux or en: "ne" is also a word of grammar.
func (d *Detector) birth(end int, grammar bool) {
	at := end
	for n := 0; n < 2 && d.at(at) == '('; n++ { // né(e), né(e)(s), né(e)s
		closed := d.wordEnd(at + 1)
		if d.at(closed) != ')' {
			return
		}
		at = d.wordEnd(closed + 1)
	}
	if grammar {
		at, _ = d.spaces(at)
		word := d.wordEnd(at)
		var room [24]byte
		switch string(d.lower(&room, at, word)) {
		case "le", "a", "au", "aux", "en", "l":
		case "":
			if d.at(at) != ':' {
				return
			}
		default:
			return
		}
	}
	for ; at < end+window && at < len(d.s); at++ {
		switch c := d.s[at]; {
		case c == '[', c == '\n' && d.at(at-1) == '\n':
			return
		case class[c] == digit && class[d.s[at-1]] == 0:
			if to := d.date(at); to > 0 {
				d.hit(at, to, Birth)
				return
			}
		}
	}
}

// digits reads the digits at i.
func (d *Detector) digits(i int) (n, end int) {
	for end = i; end < i+9 && class[d.at(end)] == digit; end++ {
		n = 10*n + int(d.s[end]-'0')
	}
	return n, end
}

// date is the end of a date that begins at i, or 0: 3/4/1980, 03.04.80,
// 1980-04-03, 03041980, 1er avril 1980.
func (d *Detector) date(i int) int {
	first, end := d.digits(i)
	switch end - i {
	case 8:
		if d.boundary(end) && calendar(first/1000000, first/10000%100) && first%10000 >= 1900 {
			return end
		}
	case 4:
		return d.yearFirst(end)
	case 1, 2:
		return d.dayFirst(first, end)
	}
	return 0
}

func dateMark(c byte) bool { return c == '/' || c == '-' || c == '.' || c == ' ' }

func calendar(day, month int) bool { return day >= 1 && day <= 31 && month >= 1 && month <= 12 }

// yearFirst reads the month and the day after a year.
func (d *Detector) yearFirst(end int) int {
	mark := d.at(end)
	month, to := d.digits(end + 1)
	if !dateMark(mark) || to-end-1 > 2 || d.at(to) != mark {
		return 0
	}
	day, last := d.digits(to + 1)
	if last-to-1 > 2 || !d.boundary(last) || !calendar(day, month) {
		return 0
	}
	return last
}

// dayFirst reads what follows a day: month and year.
func (d *Detector) dayFirst(day, end int) int {
	if d.at(end) == 'e' && d.at(end+1) == 'r' || d.at(end) == 'E' && d.at(end+1) == 'R' {
		end += 2
	}
	mark := d.at(end)
	if dateMark(mark) {
		if month, to := d.digits(end + 1); to > end+1 && to-end-1 <= 2 && d.at(to) == mark && calendar(day, month) {
			return d.year(to + 1)
		}
	}
	at, _ := d.spaces(end)
	word := d.wordEnd(at)
	var room [24]byte
	if !months[string(d.lower(&room, at, word))] || !calendar(day, 1) {
		return 0
	}
	if d.at(word) == '.' {
		word++
	}
	at, _ = d.spaces(word)
	return d.year(at)
}

// year is the end of a year of two or four digits, or 0.
func (d *Detector) year(i int) int {
	if _, end := d.digits(i); (end-i == 4 || end-i == 2) && d.boundary(end) {
		return end
	}
	return 0
}

var months = words(`janvier janv jan fevrier fevr fev mars avril avr mai juin juillet juil aout septembre sept octobre oct novembre nov
	decembre dec`)
