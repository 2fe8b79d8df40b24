package main

import (
	"bytes"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"unicode/utf8"
)

// grant is one row: 12 columns, of which the nine after the third are null in one
// row of ten, each on its own. Null is -1, or no text.
type grant struct {
	id, town, year int
	receiver       []byte
	receiverSiret  []byte
	purpose        []byte
	kind           string
	cents          int64
	share          int // in 1/10000
	agreed, paid   int // days after 1970
}

var grantColumns = []string{"id", "attribuant", "attribuant_siret", "exercice", "association", "association_siret", "objet", "nature",
	"montant", "taux", "convention_le", "versement_le"}

const (
	associations = 600_000 // how many there are to draw from
	firstDay     = 17167   // 2017-01-01
	days         = 3287    // until the end of 2025
)

func (g *grant) draw(r *rand.Rand, i int) {
	null := func() bool { return r.IntN(10) == 0 }
	*g = grant{id: i + 1, town: skewed(r, len(towns)), receiver: g.receiver[:0], receiverSiret: g.receiverSiret[:0], purpose: g.purpose[:0]}
	g.agreed = firstDay + r.IntN(days)
	g.paid = g.agreed + r.IntN(200)
	g.year, _, _ = civil(g.agreed)
	who := r.IntN(associations)
	if !null() {
		g.receiver = appendAssociation(g.receiver, who)
	}
	if !null() {
		g.receiverSiret = appendSiret(g.receiverSiret, uint64(who)+7_000_000)
	}
	if !null() {
		g.purpose = appendPurpose(g.purpose, r)
	}
	if !null() {
		g.kind = kinds[skewed(r, len(kinds))]
	}
	// Most amounts are round, a few are to the cent; from 50 € to 1 M€.
	g.cents = int64(50 * math.Exp2(r.Float64()*14.3))
	if r.IntN(3) > 0 {
		g.cents = g.cents / 10 * 1000
	} else {
		g.cents = g.cents*100 + r.Int64N(100)
	}
	g.share = 1 + r.IntN(10000)
	for _, v := range []*int{&g.year, &g.share, &g.agreed, &g.paid} {
		if null() {
			*v = -1
		}
	}
	if null() {
		g.cents = -1
	}
}

// dialect is a way to write rows.
type dialect struct {
	delimiter, decimal byte
	office             bool // cp1252, DD/MM/YYYY
}

var (
	plain  = dialect{',', '.', false}
	office = dialect{';', ',', true}
)

func (d dialect) header(columns []string) []byte {
	return append([]byte(strings.Join(columns, string(d.delimiter))), '\n')
}

func (d dialect) append(b []byte, g *grant) []byte {
	from := len(b)
	b = append(strconv.AppendInt(b, int64(g.id), 10), d.delimiter)
	b = append(append(b, towns[g.town]...), d.delimiter)
	b = append(append(b, townSirets[g.town]...), d.delimiter)
	if g.year >= 0 {
		b = appendDigits(b, g.year, 4)
	}
	b = append(appendCell(append(b, d.delimiter), g.receiver, d.delimiter), d.delimiter)
	b = append(append(b, g.receiverSiret...), d.delimiter)
	b = append(appendCell(b, g.purpose, d.delimiter), d.delimiter)
	b = append(appendCell(b, []byte(g.kind), d.delimiter), d.delimiter)
	if g.cents >= 0 {
		b = d.number(b, g.cents, 2)
	}
	if b = append(b, d.delimiter); g.share >= 0 {
		b = d.number(b, int64(g.share), 4)
	}
	b = d.date(append(b, d.delimiter), g.agreed)
	b = d.date(append(b, d.delimiter), g.paid)
	b = append(b, '\n')
	if d.office {
		b = b[:from+toCP1252(b[from:])]
	}
	return b
}

// number writes v over ten to the scale.
func (d dialect) number(b []byte, v int64, scale int) []byte {
	p := pow10(scale)
	return appendDigits(append(strconv.AppendInt(b, v/int64(p), 10), d.decimal), int(v%int64(p)), scale)
}

func (d dialect) date(b []byte, day int) []byte {
	if day < 0 {
		return b
	}
	y, m, dd := civil(day)
	if d.office {
		return appendDigits(append(appendDigits(append(appendDigits(b, dd, 2), '/'), m, 2), '/'), y, 4)
	}
	return appendDigits(append(appendDigits(append(appendDigits(b, y, 4), '-'), m, 2), '-'), dd, 2)
}

// skewed draws small numbers more often than large ones.
func skewed(r *rand.Rand, n int) int {
	f := r.Float64()
	return int(f * f * float64(n))
}

// appendAssociation names the n-th association, always the same.
func appendAssociation(b []byte, n int) []byte {
	h := mix(uint64(n))
	kind := associationKinds[h%uint64(len(associationKinds))]
	what := words[h>>8%uint64(len(words))]
	town := towns[h>>32%uint64(len(towns))]
	b = append(b, kind...)
	switch h >> 20 % 8 {
	case 0:
		b = append(append(append(b, " \"Les "...), what...), "s\" de "...)
		return append(b, town...)
	case 1:
		b = append(append(append(append(b, " de "...), town...), " – section "...), what...)
	case 2:
		b = append(append(append(append(append(b, ' '), what...), ", "...), words[h>>44%uint64(len(words))]...), " et loisirs"...)
	default:
		b = append(append(append(append(b, ' '), what...), " de "...), town...)
	}
	if h>>24%4 == 0 {
		b = strconv.AppendInt(append(b, " n° "...), int64(n%97), 10)
	}
	return b
}

// appendPurpose writes a sentence or two, sometimes on several lines.
func appendPurpose(b []byte, r *rand.Rand) []byte {
	b = append(b, openings[r.IntN(len(openings))]...)
	for k := 1 + r.IntN(5); k > 0; k-- {
		if k&1 == 0 {
			b = append(append(b, ' '), links[r.IntN(len(links))]...)
		}
		b = append(append(b, ' '), words[skewed(r, len(words))]...)
	}
	switch r.IntN(16) {
	case 0:
		b = append(append(append(b, ",\nvoir la délibération n° "...), strconv.Itoa(r.IntN(400))...), " du conseil"...)
	case 1:
		b = append(append(append(b, " \""...), words[r.IntN(len(words))]...), "\""...)
	case 2, 3:
		b = append(append(append(b, ", "...), words[r.IntN(len(words))]...), " et matériel ; solde"...)
	case 4:
		b = append(strconv.AppendInt(append(b, " (plafond "...), int64(r.IntN(90)*500), 10), " €)"...)
	}
	return b
}

// appendCell quotes a cell where RFC 4180 asks for it.
func appendCell(b, cell []byte, delimiter byte) []byte {
	if bytes.IndexByte(cell, delimiter) < 0 && bytes.IndexByte(cell, '"') < 0 && bytes.IndexByte(cell, '\n') < 0 {
		return append(b, cell...)
	}
	b = append(b, '"')
	for _, c := range cell {
		if c == '"' {
			b = append(b, '"')
		}
		b = append(b, c)
	}
	return append(b, '"')
}

func appendDigits(b []byte, v, width int) []byte {
	for p := pow10(width - 1); p > 0; p /= 10 {
		b = append(b, byte('0'+v/p%10))
	}
	return b
}

func pow10(n int) int {
	p := 1
	for range n {
		p *= 10
	}
	return p
}

// civil is the date that is so many days after 1970-01-01.
func civil(days int) (y, m, d int) {
	z := days + 719468
	era := z / 146097
	doe := z - era*146097
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	d = doy - (153*mp+2)/5 + 1
	m = mp + 3
	if m > 12 {
		m -= 12
	}
	y = yoe + era*400
	if m <= 2 {
		y++
	}
	return y, m, d
}

// appendSiret writes a SIRET with right keys that belongs to n.
func appendSiret(b []byte, n uint64) []byte {
	from := len(b)
	b = strconv.AppendUint(b, 10_000_000+mix(n)%90_000_000, 10)
	b = append(b, luhn(b[from:]))
	b = append(b, "000"...)
	b = append(b, byte('1'+mix(n)>>40%8))
	return append(b, luhn(b[from:]))
}

// luhn is the digit that completes a number.
func luhn(digits []byte) byte {
	sum := 0
	for i := range digits {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 0 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return byte('0' + (10-sum%10)%10)
}

// mix spreads n over 64 bits (splitmix64).
func mix(n uint64) uint64 {
	n += 0x9e3779b97f4a7c15
	n = (n ^ n>>30) * 0xbf58476d1ce4e5b9
	n = (n ^ n>>27) * 0x94d049bb133111eb
	return n ^ n>>31
}

// cp1252 has these where Latin-1 has control characters.
var cp1252 = map[rune]byte{'€': 0x80, '…': 0x85, 'Œ': 0x8c, '‘': 0x91, '’': 0x92, '“': 0x93, '”': 0x94, '•': 0x95, '–': 0x96, '—': 0x97, 'œ': 0x9c}

// toCP1252 rewrites UTF-8 in place and says how long it is then.
func toCP1252(b []byte) int {
	to := 0
	for i := 0; i < len(b); to++ {
		if b[i] < utf8.RuneSelf {
			b[to] = b[i]
			i++
			continue
		}
		r, size := utf8.DecodeRune(b[i:])
		i += size
		b[to] = byte(r)
		if r > 0xff {
			c, ok := cp1252[r]
			if !ok {
				panic("cp1252 does not have " + string(r))
			}
			b[to] = c
		}
	}
	return to
}
