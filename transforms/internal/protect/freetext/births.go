package freetext

// window is how far after "né(e)" or "naissance" a date is looked for.
const window = 64

// birth looks for a date after a word about a birth that ends at end. After "né"
// there must be le, les, à, au, aux or en, or the date: "ne" is also a word of grammar.
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
		case "le", "les", "a", "au", "aux", "en", "l":
		case "":
			if c := d.at(at); c != ':' && c != ',' {
				return
			}
		default:
			if class[d.at(at)] != digit {
				return
			}
		}
	}
	for ; at < end+window && at < len(d.s); at++ {
		switch c := d.s[at]; {
		case c == '[', c == '\n' && d.at(at-1) == '\n':
			return
		case class[c] == digit && class[d.s[at-1]] == 0:
			if to := d.date(at); to > 0 {
				d.hit(at, to, Birth)
				d.secondBirth(to)
				return
			}
		case class[c] == small && class[d.s[at-1]] == 0:
			if to := d.written(at); to > 0 {
				d.hit(at, to, Birth)
				return
			}
		}
	}
}

// secondBirth looks for the date of another one after "et": nés les 12 et …
func (d *Detector) secondBirth(i int) {
	at, spaced := d.spaces(i)
	if !spaced || d.at(at) != 'e' || d.at(at+1) != 't' || !d.boundary(at+2) {
		return
	}
	at, _ = d.spaces(at + 2)
	if end := d.wordEnd(at); end == at+2 && d.at(at) == 'l' && d.at(at+1) == 'e' {
		at, _ = d.spaces(end)
	}
	if class[d.at(at)] == digit {
		if to := d.date(at); to > 0 {
			d.hit(at, to, Birth)
		}
	}
}

// numbers are the words of which days and years are written.
var numbers = words(`premier un une deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize vingt vingts trente
	quarante cinquante soixante cent cents mil mille et`)

// written is the end of a date that begins at i in letters, or 0: douze mars 1980, vingt-deux
// mars mil neuf cent quatre-vingt.
func (d *Detector) written(i int) int {
	at, n := d.numberWords(i, 3)
	var room [24]byte
	word := d.wordEnd(at)
	if n == 0 || !months[string(d.lower(&room, at, word))] {
		return 0
	}
	next, _ := d.spaces(word)
	if end := d.year(next); end > 0 {
		return end
	}
	if end, n := d.numberWords(next, 9); n > 1 {
		for end > next && class[d.s[end-1]] == 0 {
			end--
		}
		return end
	}
	return word
}

// numberWords is what follows up to most words of numbers at i, with spaces or hyphens between
// them, and how many there are.
func (d *Detector) numberWords(i, most int) (after, n int) {
	var room [24]byte
	for ; n < most; n++ {
		end := d.wordEnd(i)
		if end == i || !numbers[string(d.lower(&room, i, end))] {
			break
		}
		i = end
		if d.at(i) == '-' {
			i++
		} else {
			i, _ = d.spaces(i)
		}
	}
	return i, n
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

func dateMark(c byte) bool {
	return c == '/' || c == '-' || c == '.' || c == ' ' || c == ',' || c == '|' || c == '\\'
}

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
	if mark, from := d.dateGap(end); dateMark(mark) {
		if month, to := d.digits(from); to > from && to-from <= 2 && calendar(day, month) {
			if again, from := d.dateGap(to); again == mark {
				return d.year(from)
			}
		}
	}
	at := d.dash(end)
	word := d.wordEnd(at)
	var room [24]byte
	if !months[string(d.lower(&room, at, word))] || !calendar(day, 1) {
		return 0
	}
	if d.at(word) == '.' {
		word++
	}
	return d.year(d.dash(word))
}

// dateGap is the mark at i between two numbers of a date, around which there may be a space, and
// what follows it.
func (d *Detector) dateGap(i int) (mark byte, after int) {
	if c := d.at(i + 1); d.at(i) == ' ' && c != ' ' && dateMark(c) {
		i++
	}
	mark = d.at(i)
	if i++; d.at(i) == ' ' {
		i++
	}
	return mark, i
}

// dash is what follows spaces at i, or one hyphen or mark of a date.
func (d *Detector) dash(i int) int {
	if c := d.at(i); c == '-' || c == '/' || c == '.' {
		return i + 1
	}
	at, _ := d.spaces(i)
	return at
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
