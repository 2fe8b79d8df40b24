package format

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/lavoir-data/lavoir/internal/scalar"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// How types are guessed: every value of a column is tried as everything it may
// be, and only counts are kept. A column is what all of its values are; where
// it has many and one in a hundred is not, it is that too and those rows are
// told, because an export of ten years has its slips. A number is never proposed
// where a digit could be lost: zeros in front, fourteen digits, names of codes.

// wordsForNull are what software and people write where there is no value.
var wordsForNull = []string{"NC", "N.C.", "nc", "n.c.", "NA", "N/A", "#N/A", "n/a", "na", "ND", "nd", "NR", "-", "--", "NULL", "null", "Null", "(null)", "<null>",
	"None", "nan", "NaN", "\\N", ".", "?", "néant", "Néant", "NEANT", "s.o.", "SO", "Non renseigné", "non renseigné", "0000-00-00", "00/00/0000"}

// alwaysNull are those that are null in a column of texts too.
var alwaysNull = []string{"NULL", "null", "(null)", "<null>", "\\N", "#N/A", "N/A", "NaN"}

var numberForms = []scalar.NumberFormat{
	{Decimal: '.'}, {Decimal: ','}, {Decimal: ',', Thousands: " "}, {Decimal: '.', Thousands: " "}, {Decimal: ',', Thousands: "."}, {Decimal: '.', Thousands: ","},
}

// guessDates are the patterns tried, the likelier of two that fit before the other.
var guessDates = []string{"YYYY-MM-DD", "DD/MM/YYYY", "MM/DD/YYYY", "DD-MM-YYYY", "MM-DD-YYYY", "YYYY/MM/DD", "DD.MM.YYYY", "YYYY.MM.DD", "D/M/YYYY", "YYYYMMDD"}

var guessInstants = []string{"", "YYYY-MM-DDTHH:mm:ss", "YYYY-MM-DD HH:mm:ss", "YYYY-MM-DDTHH:mm:ss.SSS", "YYYY-MM-DD HH:mm:ss.SSS", "YYYY-MM-DD HH:mm",
	"DD/MM/YYYY HH:mm:ss", "DD/MM/YYYY HH:mm", "MM/DD/YYYY HH:mm:ss", localISO}

// localISO stands for ISO 8601 without an offset, seconds and their fraction being
// there or not.
const localISO = "ISO"

var (
	dateForms    = compiled(guessDates, scalar.NewDateFormat)
	instantForms = compiled(guessInstants, func(p string) (scalar.InstantFormat, error) {
		switch p {
		case "":
			return scalar.NewInstantFormat(p, "")
		case localISO:
			p = ""
		}
		return scalar.NewInstantFormat(p, "Europe/Paris")
	})
)

// compiled are the patterns, which are constants and right.
func compiled[F any](patterns []string, compile func(string) (F, error)) (out []F) {
	for _, p := range patterns {
		f, err := compile(p)
		if err != nil {
			panic(err)
		}
		out = append(out, f)
	}
	return out
}

// fit counts the values that are of one kind, and remembers the first lines of
// those that are not.
type fit struct {
	count int64
	first [3]int64 // lines of values that are not
	n     int
}

func (f *fit) add(ok bool, line int64) {
	if ok {
		f.count++
	} else if f.n < len(f.first) {
		f.first[f.n] = line
		f.n++
	}
}

// kindGuess is what is known of a column before its values are.
type kindGuess int

const (
	fromValues kindGuess = iota
	alwaysText           // whatever the values look like
	zeroPadded           // a number that is filled up with zeros
)

// columnGuess is what is known of a column.
type columnGuess struct {
	name                        string
	values                      int64 // neither empty nor a word for null
	empty                       int64
	words                       [64]int64 // by index in wordsForNull
	padded                      int64
	numbers                     [6]fit // by numberForms; no exponent, no zero in front
	marks                       [6]int64
	whole, frac                 [6]int
	longest                     int // digits of a number without decimals
	digits, zeros, exponents    int64
	ruined                      int64 // as a spreadsheet writes long codes
	bools                       fit
	siret, siren, five          fit
	wrongSiret, wrongSiren      int64
	dates                       [10]fit
	instants                    [10]fit
	emails, phones, nirs, ibans fit
	titles                      fit
	floats                      int64     // values that the file holds as binary numbers
	serials                     int64     // those that a workbook would hold for days from 1930 to 2070
	clocks                      int64     // and those that it would hold for a time of such a day
	yearly                      int64     // written as 2022.04 or 1998.3, a year and a number in it, which is a number too
	kind                        kindGuess // what is known of the column beside its values
	said                        string    // the type that the file itself says
	refused                     func(text []byte) (kind string)
	found                       string // what refused found first
}

// add takes one value, which may be padded; nil is null.
func (c *columnGuess) add(b []byte, line int64) {
	t := bytes.TrimFunc(b, isPadding)
	if len(t) == 0 {
		c.empty++
		return
	}
	if len(t) != len(b) {
		c.padded++
	}
	if len(t) <= 16 {
		if i := slices.Index(wordsForNull, string(t)); i >= 0 {
			c.words[i]++
			return
		}
	}
	c.values++
	if c.floats > 0 {
		t = c.addFloat(t)
	}
	c.addNumber(t, line)
	c.addDate(t, line)
	_, why := scalar.ParseBool(t)
	c.bools.add(why == nil && len(t) > 1, line)
	c.addCode(t, line)
	c.addPerson(t, line)
	if c.refused != nil && c.found == "" {
		c.found = c.refused(b)
	}
}

// addFloat notes what may be a day, and takes off what is no digit of a binary
// number: a spreadsheet promises fifteen.
func (c *columnGuess) addFloat(b []byte) []byte {
	v, err := strconv.ParseFloat(string(b), 64)
	if err != nil {
		return b
	}
	if v >= 10959 && v <= 62093 {
		if v == math.Trunc(v) {
			c.serials++
		} else {
			c.clocks++
		}
	}
	if len(b) < 16 {
		return b
	}
	if v, err = strconv.ParseFloat(strconv.FormatFloat(v, 'e', 14, 64), 64); err != nil {
		return b
	}
	return strconv.AppendFloat(nil, v, 'f', -1, 64)
}

func (c *columnGuess) addNumber(b []byte, line int64) {
	d := b
	if d[0] == '-' || d[0] == '+' {
		d = d[1:]
	}
	digits := 0
	for digits < len(d) && d[digits]-'0' <= 9 {
		digits++
	}
	if digits == len(d) && digits > 0 {
		c.digits++
		c.longest = max(c.longest, digits)
	}
	if digits > 1 && d[0] == '0' {
		c.zeros++
	}
	if digits == 4 && len(b) > 5 && len(b) < 10 && b[4] == '.' && (b[0] == '1' && b[1] == '9' || b[0] == '2' && b[1] == '0') && onlyDigits(b[5:]) {
		c.yearly++
	}
	shaped := len(d) > 0 && (digits > 0 || d[0] == '.' || d[0] == ',') && len(d) < 40
	for i := range numberForms {
		whole, frac, mark, exponent, ok := 0, 0, false, false, false
		if shaped {
			whole, frac, mark, exponent, ok = numberShape(d, numberForms[i])
		}
		if ok && exponent {
			if i == 0 || i == 1 {
				c.exponents++
			}
		}
		if ok {
			c.whole[i], c.frac[i] = max(c.whole[i], whole), max(c.frac[i], frac)
			if mark {
				c.marks[i]++
			}
		}
		c.numbers[i].add(ok, line)
	}
}

// numberShape takes an unsigned number apart as the form writes it; mark says
// that it has something that only this form, or few, can read.
func numberShape(b []byte, f scalar.NumberFormat) (whole, frac int, mark, exponent, ok bool) {
	i := 0
	for i < len(b) {
		if b[i]-'0' <= 9 {
			whole++
			i++
			continue
		}
		w := 0
		switch {
		case f.Thousands == " " && b[i] == ' ', f.Thousands != "" && f.Thousands != " " && b[i] == f.Thousands[0]:
			w = 1
		case f.Thousands == " " && bytes.HasPrefix(b[i:], []byte("\u00a0")):
			w = 2
		case f.Thousands == " " && bytes.HasPrefix(b[i:], []byte("\u202f")):
			w = 3
		}
		if w == 0 {
			break
		}
		g := i + w
		for g < len(b) && b[g]-'0' <= 9 {
			g++
		}
		if whole == 0 || whole > 3 && !mark || g-i-w != 3 || b[0] == '0' {
			return 0, 0, false, false, false
		}
		mark = true
		i += w
	}
	if i < len(b) && b[i] == f.Decimal {
		for i++; i < len(b) && b[i]-'0' <= 9; i++ {
			frac++
		}
		if frac == 0 {
			return 0, 0, false, false, false
		}
		mark = true
	}
	if i < len(b)-1 && b[i]|0x20 == 'e' && whole > 0 {
		i++
		if b[i] == '+' || b[i] == '-' {
			i++
		}
		start := i
		for i < len(b) && b[i]-'0' <= 9 {
			i++
		}
		exponent = i > start
	}
	return whole, frac, mark, exponent, i == len(b) && whole+frac > 0
}

func (c *columnGuess) addDate(b []byte, line int64) {
	possible := len(b) >= 8 && len(b) <= 35 && b[0]-'0' <= 9
	for i := range dateForms {
		ok := false
		if possible && len(b) <= 10 {
			day, why := dateForms[i].Parse(b)
			ok = why == nil && (guessDates[i] != "YYYYMMDD" || day > -25567 && day < 47482) // 1900 to 2099
		}
		c.dates[i].add(ok, line)
	}
	for i := range instantForms {
		ok := false
		if possible && len(b) > 10 {
			_, why := instantForms[i].Parse(b)
			ok = why == nil
		}
		c.instants[i].add(ok, line)
	}
}

func (c *columnGuess) addCode(b []byte, line int64) {
	is := func(kind string) bool { return scalar.CheckCode(kind, b) == nil }
	siret, siren := is("siret"), is("siren")
	c.siret.add(siret, line)
	c.siren.add(siren, line)
	c.five.add(is("insee"), line)
	if siret && !luhn(b) {
		c.wrongSiret++
	}
	if siren && !luhn(b) {
		c.wrongSiren++
	}
	if !siret && !siren && scalar.CheckCode("siret", b) == messages.SpreadsheetCode {
		c.ruined++
	}
}

// luhn says whether the last digit is the key of the others, as for SIREN and SIRET.
func luhn(b []byte) bool {
	sum := 0
	for i, c := range b {
		d := int(c - '0')
		if (len(b)-i)%2 == 0 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

func (c *columnGuess) addPerson(b []byte, line int64) {
	at := bytes.IndexByte(b, '@')
	c.emails.add(at > 0 && bytes.IndexByte(b[at:], '.') > 1 && bytes.IndexByte(b, ' ') < 0, line)
	var room [40]byte
	d := room[:0]
	if len(b) < len(room) {
		for _, ch := range b {
			if ch != ' ' && ch != '.' && ch != '-' {
				d = append(d, ch)
			}
		}
	}
	d = bytes.TrimPrefix(d, []byte("+33"))
	local := len(d) == 10 && d[0] == '0' && d[1] >= '1' && d[1] <= '9'
	c.phones.add(onlyDigits(d) && (local || len(d) == 9 && bytes.HasPrefix(b, []byte("+33"))), line)
	c.nirs.add((len(d) == 13 || len(d) == 15) && (d[0] == '1' || d[0] == '2') && isNIR(d), line)
	c.ibans.add(len(d) >= 15 && len(d) <= 34 && isIBAN(d), line)
	first, _, some := bytes.Cut(b, []byte(" "))
	switch string(bytes.ToUpper(bytes.TrimSuffix(first, []byte(".")))) {
	case "M", "MME", "MLLE", "MONSIEUR", "MADAME", "MR", "MM":
		c.titles.add(some, line)
	default:
		c.titles.add(false, line)
	}
}

func onlyDigits(b []byte) bool {
	for _, c := range b {
		if c-'0' > 9 {
			return false
		}
	}
	return len(b) > 0
}

// isNIR checks the month and, where it is there, the key: 97 less the rest of the
// number by 97 (INSEE, "Numéro d'inscription au répertoire").
func isNIR(b []byte) bool {
	var n int64
	for i, c := range b[:13] {
		switch {
		case c-'0' <= 9:
			n = n*10 + int64(c-'0')
		case i == 6 && b[5] == '2' && (c == 'A' || c == 'B'):
			n = n*10 + int64(c-'A')*-1 + 9 // 2A counts as 19, 2B as 18
			n -= 10
		default:
			return false
		}
	}
	month := (b[3]-'0')*10 + b[4] - '0'
	if !(month >= 1 && month <= 12 || month >= 20 && month <= 42 || month >= 50) {
		return false
	}
	if len(b) == 13 {
		return true
	}
	return onlyDigits(b[13:]) && int64(b[13]-'0')*10+int64(b[14]-'0') == 97-n%97
}

// isIBAN checks the key of ISO 13616: with its first four characters at the end,
// the number by 97 leaves 1.
func isIBAN(b []byte) bool {
	rest := 0
	for i := range b {
		c := b[(i+4)%len(b)]
		switch {
		case c-'0' <= 9:
			rest = (rest*10 + int(c-'0')) % 97
		case c >= 'A' && c <= 'Z':
			rest = (rest*100 + int(c-'A') + 10) % 97
		default:
			return false
		}
	}
	return b[0] >= 'A' && b[1] >= 'A' && rest == 1
}

// mostly says that a kind is proposed though not every value is of it.
func (c *columnGuess) mostly(f fit) bool {
	return c.values > 0 && (f.count == c.values || c.values >= 100 && (c.values-f.count)*100 <= c.values)
}

// named says whether the name has one of the words in it, or is one.
func (c *columnGuess) named(words ...string) bool {
	parts := strings.Fields(strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return ' '
	}, camelApart(c.name)))
	for i, p := range parts {
		parts[i] = scalar.Fold(p)
	}
	for _, w := range words {
		if slices.Contains(parts, w) {
			return true
		}
	}
	return false
}

func camelApart(s string) string {
	var b strings.Builder
	lower := false
	for _, r := range s {
		if lower && unicode.IsUpper(r) {
			b.WriteByte(' ')
		}
		lower = unicode.IsLower(r)
		b.WriteRune(r)
	}
	return b.String()
}

func (c *columnGuess) money() bool {
	return c.named("montant", "montants", "prix", "cout", "ttc", "ht", "mt", "mnt", "tarif", "valeur", "euros", "eur", "solde", "debit", "credit", "subvention", "versement", "versements", "acompte")
}

// isCode says whether the name is of what only looks like a number.
func (c *columnGuess) isCode() bool {
	if c.named("nb", "nombre", "min", "max", "mean", "moyenne", "std") { // of codes, and itself none
		return false
	}
	folded := scalar.Fold(c.name)
	return c.named("code", "codes", "cod", "cp", "compte", "nature", "fonction", "chapitre", "article", "siren", "siret", "insee", "cog", "rna", "matricule", "tel", "telephone",
		"reference", "ref", "cle", "nir", "dep", "departement", "region", "cpv", "postal", "numdep", "operation", "version",
		"type", "typ", "dir", "categorie", "cat", "nat", "etat", "domaine", "cont", "carac") ||
		strings.HasPrefix(folded, "code") || folded != "id" && strings.HasPrefix(folded, "id") && c.named("id") || strings.HasPrefix(folded, "num") && !strings.HasPrefix(folded, "numero")
}

// guessColumns decides on all columns, which share how numbers are written and
// the words for null, and fills the guess: options that follow, columns,
// evidence and rows that would be rejected.
func guessColumns(g *pipelines.Guess, cols []*columnGuess, native bool) {
	form := numberForm(cols)
	numbers := 0
	var padded int64
	words := map[int]int64{}
	for _, c := range cols {
		t := c.decide(form)
		if t.name == "" {
			t.name = "text"
		}
		if t.number {
			numbers++
		}
		if t.name != "text" {
			padded += c.padded
		}
		for i, n := range c.words[:len(wordsForNull)] {
			if n > 0 && (t.name != "text" || slices.Contains(alwaysNull, wordsForNull[i])) {
				words[i] += n
			}
		}
		col := pipelines.GuessColumn{Name: c.name, Type: t.name, Nulls: c.empty, Personal: c.personal(), Empty: c.values == 0}
		if col.Personal == "" && t.name == "text" {
			col.Personal = c.found
		}
		if c.floats > 0 && !t.takesFloats() {
			if t.name != "text" || c.isCode() || c.longest == 14 {
				g.Found(messages.GuessNumbersForCodes.With("column", c.name, "count", c.floats))
			}
			t, col.Type, col.Undeclared = decided{name: "text"}, "text", true
		}
		if c.said != "" {
			_, err := pipelines.ParseTypeText(c.said)
			codes := (c.said == "int64" || c.said == "int32" || c.said == "float64") && (c.isCode() || c.longest == 14)
			if codes {
				g.Found(messages.GuessNumbersForCodes.With("column", c.name, "count", c.values))
			}
			col.Undeclared = codes || err != nil // it has the type that the file says
		}
		c.tell(g, t)
		g.Columns = append(g.Columns, col)
	}
	if len(words) > 0 {
		tokens, said := []string{""}, ""
		for i, w := range wordsForNull {
			if n := words[i]; n > 0 {
				tokens = append(tokens, w)
				said += fmt.Sprintf(" %q × %d", w, n)
			}
		}
		g.Set("null", tokens)
		g.Found(messages.GuessNulls.With("tokens", strings.TrimSpace(said)))
	}
	f := numberForms[form]
	if numbers > 0 && f.Decimal != '.' && !native {
		g.Set("decimal", string(f.Decimal))
	}
	if numbers > 0 && f.Thousands != "" && !native {
		g.Set("thousands", f.Thousands)
	}
	if numbers > 0 && !native && form > 0 {
		g.Found(messages.GuessNumbers.With("columns", numbers, "decimal", fmt.Sprintf("%q", string(f.Decimal)), "thousands", fmt.Sprintf("%q", f.Thousands)))
	}
	if padded > 0 {
		g.Set("trim", true)
		g.Found(messages.GuessPadding.With("count", padded))
	}
}

// numberForm is the index of the way of writing numbers that the most columns
// are in, the plainest of those that are equal.
func numberForm(cols []*columnGuess) int {
	best, most := 0, -1
	for i := range numberForms {
		n := 0
		for _, c := range cols {
			if _, code := c.code(); !code && c.zeros == 0 && c.mostly(c.numbers[i]) {
				n++
			}
		}
		if n > most {
			best, most = i, n
		}
	}
	return best
}

// decided is a type and what it was decided by.
type decided struct {
	name   string
	fit    fit
	number bool
	other  string // the pattern that reads every date too
	mixed  string // the type that many values are of
	of     fit
}

// takesFloats says whether the type reads binary numbers.
func (t decided) takesFloats() bool {
	return t.number || t.name == "date" || strings.HasPrefix(t.name, "timestamp")
}

func (c *columnGuess) decide(form int) decided {
	if c.said != "" {
		return decided{name: c.said, fit: fit{count: c.values}}
	}
	if c.values == 0 || c.kind == alwaysText {
		return decided{}
	}
	if c.serials+c.clocks == c.values && c.floats == c.values && c.named("date", "dates", "dt", "jour", "echeance", "le", "periode", "debut", "fin", "naissance", "deces", "signature", "notification") {
		if c.clocks > 0 {
			return decided{name: `timestamp("YYYY-MM-DD HH:mm:ss", "Europe/Paris")`, fit: fit{count: c.values}}
		}
		return decided{name: "date", fit: fit{count: c.values}}
	}
	if t, ok := c.code(); ok {
		return t
	}
	if t, ok := c.date(); ok {
		return t
	}
	if c.mostly(c.bools) {
		return decided{name: "bool", fit: c.bools}
	}
	if t, ok := c.number(form); ok {
		return t
	}
	return c.mixed()
}

func (c *columnGuess) code() (decided, bool) {
	if c.siret.count*2 > c.values && (c.siret.count+c.ruined == c.values || c.mostly(c.siret)) {
		return decided{name: "siret", fit: c.siret}, true
	}
	if c.mostly(c.siren) && (c.named("siren", "siret") || c.wrongSiren*10 <= c.values && c.values >= 5) {
		return decided{name: "siren", fit: c.siren}, true
	}
	folded := scalar.Fold(c.name)
	switch five := c.mostly(c.five); {
	case five && (strings.Contains(folded, "postal") || c.named("cp")):
		return decided{name: "postcode", fit: c.five}, true
	case five && (strings.Contains(folded, "insee") || c.named("cog") || strings.Contains(folded, "codecommune") || c.named("codgeo", "commune") || strings.Contains(folded, "depcom")):
		return decided{name: "insee", fit: c.five}, true
	}
	return decided{}, false
}

func (c *columnGuess) date() (decided, bool) {
	for i, p := range guessDates {
		f := c.dates[i]
		if !c.mostly(f) || p == "YYYYMMDD" && !c.named("date", "dt", "jour", "datedeb", "datefin") {
			continue
		}
		t := decided{name: "date", fit: f}
		if p != "YYYY-MM-DD" {
			t.name = fmt.Sprintf("date(%q)", p)
		}
		if strings.HasPrefix(p, "DD") { // the other way round
			other := "MM" + p[2:3] + "DD" + p[5:]
			if j := slices.Index(guessDates, other); j >= 0 && c.dates[j].count == f.count {
				t.other = other
			}
		}
		return t, true
	}
	for i, p := range guessInstants {
		if c.mostly(c.instants[i]) {
			t := decided{name: "timestamp", fit: c.instants[i]}
			if p != "" {
				t.name = fmt.Sprintf("timestamp(%q, \"Europe/Paris\")", strings.TrimPrefix(p, localISO))
			}
			return t, true
		}
	}
	return decided{}, false
}

// The most decimals that a decimal is proposed for: more are the trace of binary
// numbers.
const mostDecimals = 10

func (c *columnGuess) number(form int) (decided, bool) {
	f := c.numbers[form]
	if !c.mostly(f) || c.zeros > 0 && c.kind != zeroPadded || c.longest == 14 || c.yearly == c.values && !c.money() || c.isCode() && !c.money() && c.digits == c.values {
		return decided{}, false
	}
	whole, frac := c.whole[form], c.frac[form]
	switch {
	case c.exponents > 0 || frac > mostDecimals:
		return decided{name: "float64", fit: f, number: true}, true
	case frac > 0 || c.money():
		scale := max(frac, 2)
		return decided{name: fmt.Sprintf("decimal(%d, %d)", min(38, max(12, whole+3+scale)), scale), fit: f, number: true}, true
	case c.longest > 15 || whole > 15: // what a spreadsheet rounds is a number for nobody
		return decided{}, false
	}
	return decided{name: "int64", fit: f, number: true}, true
}

// mixed is text, and what half of the values are.
func (c *columnGuess) mixed() decided {
	t := decided{name: "text"}
	consider := func(f fit, name string) {
		if f.count*2 >= c.values && f.count < c.values && c.values > 1 && f.count > t.of.count {
			t.mixed, t.of = name, f
		}
	}
	if c.zeros == 0 && !c.isCode() {
		for _, f := range c.numbers {
			consider(f, "decimal")
		}
	}
	consider(c.siret, "siret")
	for i, p := range guessDates[:len(guessDates)-1] {
		consider(c.dates[i], fmt.Sprintf("date(%q)", p))
	}
	return t
}

// tell says what is to be known of the column.
func (c *columnGuess) tell(g *pipelines.Guess, t decided) {
	if t.other != "" {
		g.Found(messages.GuessAmbiguous.With("column", c.name, "format", fmt.Sprintf("%q", strings.TrimSuffix(strings.TrimPrefix(t.name, `date("`), `")`)), "other", fmt.Sprintf("%q", t.other)))
	}
	if t.mixed != "" {
		g.Found(messages.GuessMixed.With("column", c.name, "count", t.of.count, "values", c.values, "type", t.mixed, "line", t.of.first[0]))
	}
	if t.name != "text" && t.fit.count < c.values {
		g.RejectMany(c.name, messages.GuessMisfit.With("type", t.name), c.values-t.fit.count, t.fit.first[:t.fit.n])
	}
	if c.ruined > 0 && (t.name == "siret" || t.name == "text" && c.named("siret", "siren")) {
		g.Found(messages.GuessSpreadsheet.With("column", c.name, "count", c.ruined))
	}
	if t.name == "siret" && c.wrongSiret > 0 {
		g.Found(messages.GuessWrongKeys.With("column", c.name, "count", c.wrongSiret, "values", c.siret.count, "type", "siret"))
	}
	if t.name == "siren" && c.wrongSiren > 0 {
		g.Found(messages.GuessWrongKeys.With("column", c.name, "count", c.wrongSiren, "values", c.siren.count, "type", "siren"))
	}
}

// personal is the kind of personal data that most values look like.
func (c *columnGuess) personal() string {
	for _, k := range []struct {
		f    fit
		name string
	}{{c.nirs, "NIR"}, {c.ibans, "IBAN"}, {c.emails, "courriel"}, {c.phones, "téléphone"}, {c.titles, "nom"}} {
		if c.values > 0 && k.f.count*2 > c.values {
			return k.name
		}
	}
	return ""
}
