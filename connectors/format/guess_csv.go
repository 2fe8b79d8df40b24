package format

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/lavoir-data/lavoir/internal/scalar"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

var _ pipelines.Guesser = csvConfig{}

// Looks finds text in lines. What has a signature of its own is not CSV.
func (csvConfig) Looks(head []byte, in pipelines.GuessFile) int {
	var b bytesGuess
	b.add(head)
	if len(head) == 0 || b.wide() == "" && b.controls()*50 > int64(len(head)) {
		return 0
	}
	for _, signature := range []string{"PK\x03\x04", "\xd0\xcf\x11\xe0", "PAR1", "<?xml", "%PDF", "\x1f\x8b"} {
		if bytes.HasPrefix(head, []byte(signature)) {
			return 0
		}
	}
	if in.Extension == ".csv" || in.Extension == ".tsv" {
		return 60
	}
	return 30
}

// Guess reads the file twice: its bytes for the encoding, its rows for the rest.
func (csvConfig) Guess(ctx context.Context, env pipelines.Env, file pipelines.GuessFile) (*pipelines.Guess, error) {
	in := guessInput(file)
	g := &pipelines.Guess{Format: "csv"}
	config := csvConfig{Delimiter: ",", Quote: `"`, headerOptions: defaultHeader, cellOptions: defaultCells}
	b, err := readBytes(ctx, in)
	if err != nil {
		return nil, err
	}
	config.Encoding, config.Repair = b.encoding(g)
	if config.Encoding != "utf-8" {
		g.Set("encoding", config.Encoding)
	}
	if config.Repair != "" {
		g.Set("repair", config.Repair)
	}
	top := config.guessDialect(g, b.head, in)
	g.Set("delimiter", config.Delimiter)
	if config.Quote == "" {
		g.Set("quote", "")
	}
	config.guessHeader(g, top)
	return g, config.guessRows(ctx, env, g, in)
}

// guessRows reads all rows.
func (c *csvConfig) guessRows(ctx context.Context, env pipelines.Env, g *pipelines.Guess, in Input) error {
	codec, err := newCSV(env, *c)
	if err != nil {
		return err
	}
	rows := rowsGuess{g: g, empty: func(raw []byte) bool {
		return len(bytes.Trim(raw, " \t\r"+c.Delimiter+c.Quote)) == 0
	}}
	if err := rows.read(ctx, codec, in); err != nil {
		return err
	}
	if rows.blank > 0 {
		g.Set("skip_blank", true)
		g.Found(messages.GuessBlank.With("count", rows.blank))
	}
	if rows.repeated > 0 {
		g.Set("skip_repeated_header", true)
		g.Found(messages.GuessRepeated.With("count", rows.repeated))
	}
	if rows.footer > 0 {
		g.Set("skip_footer", rows.footer)
	}
	guessColumns(g, rows.cols, false)
	return nil
}

// bytesGuess is what the bytes of a file tell of its encoding.
type bytesGuess struct {
	head    []byte
	size    int64
	bytes   [256]int64
	even    int64 // NULs at even places
	nuls    int64
	valid   int64 // characters of several bytes in UTF-8
	invalid int64
	rest    []byte // of a character, at the end of what was added
	last    byte
}

// guessHead is how much of the file the dialect is found by.
const guessHead = 512 << 10

func readBytes(ctx context.Context, in Input) (*bytesGuess, error) {
	r, err := in.Open(ctx)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	var g bytesGuess
	room := make([]byte, 64<<10)
	for {
		n, err := r.Read(room)
		if k := min(n, guessHead-len(g.head)); k > 0 {
			g.head = append(g.head, room[:k]...)
		}
		g.add(room[:n])
		if in.rows > 0 && len(g.head) == guessHead {
			return &g, nil
		}
		if err == io.EOF {
			g.invalid += int64(len(g.rest))
			return &g, nil
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, err
		}
	}
}

func (g *bytesGuess) add(b []byte) {
	for i, c := range b {
		g.bytes[c]++
		if c == 0 {
			g.nuls++
			if (g.size+int64(i))%2 == 0 {
				g.even++
			}
		}
	}
	g.size += int64(len(b))
	if len(b) > 0 {
		g.last = b[len(b)-1]
	}
	if len(g.rest) > 0 {
		b = append(bytes.Clone(g.rest), b...)
		g.rest = nil
	}
	for i := 0; i < len(b); {
		if b[i] < 0x80 {
			i++
			continue
		}
		if !utf8.FullRune(b[i:]) {
			g.rest = bytes.Clone(b[i:])
			return
		}
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			g.invalid++
		} else {
			g.valid++
		}
		i += n
	}
}

// controls is how many bytes no text has.
func (g *bytesGuess) controls() (n int64) {
	for c := range byte(0x20) {
		if c != '\t' && c != '\n' && c != '\r' && c != '\f' && c != 0x1A {
			n += g.bytes[c]
		}
	}
	return n
}

// wide is the encoding of a file in UTF-16, or "".
func (g *bytesGuess) wide() string {
	odd := g.nuls - g.even
	switch half := g.size / 2; {
	case half == 0:
		return ""
	case g.even*10 > half*3 && odd*20 < half:
		return "utf-16be"
	case odd*10 > half*3 && g.even*20 < half:
		return "utf-16le"
	}
	return ""
}

// encoding decides, and says why.
func (g *bytesGuess) encoding(to *pipelines.Guess) (encoding, repair string) {
	switch wide := g.wide(); {
	case bytes.HasPrefix(g.head, []byte{0xFF, 0xFE}), bytes.HasPrefix(g.head, []byte{0xFE, 0xFF}):
		to.Found(messages.GuessEncodingMark.With("encoding", "utf-16"))
		return "utf-16", ""
	case wide != "":
		places, n := "odd", g.nuls-g.even
		if wide == "utf-16be" {
			places, n = "even", g.even
		}
		to.Found(messages.GuessEncodingWide.With("share", n*200/g.size, "places", places))
		return wide, ""
	}
	valid := g.valid
	if bytes.HasPrefix(g.head, byteMark) {
		valid--
		to.Found(messages.GuessEncodingMark.With("encoding", "utf-8"))
	}
	if g.invalid == 0 {
		if valid == 0 {
			to.Found(messages.GuessEncodingPlain.With())
		} else {
			to.Found(messages.GuessEncodingValid.With("count", valid))
		}
		return "utf-8", ""
	}
	best, scores := g.scores()
	// Two such letters of a single-byte encoding hardly ever stand together.
	if valid*20 > g.invalid {
		to.Found(messages.GuessEncodingMixed.With("valid", valid, "count", g.invalid, "encoding", best))
		return "utf-8", best
	}
	to.Found(messages.GuessEncodingScore.With("count", g.invalid, "scores", scores))
	return best, ""
}

// frenchLetters are those beyond ASCII that French has, frenchMarks what stands
// around its words.
const (
	frenchLetters = "éèêëàâçùûüôîïœÉÈÊËÀÂÇÙÛÜÔÎÏŒ"
	frenchMarks   = "’«»€°–…“”²³\u00a0·"
)

// scores weighs what the bytes would be in each encoding.
func (g *bytesGuess) scores() (best, said string) {
	most := math.Inf(-1)
	var all []string
	for _, name := range []string{"cp1252", "iso-8859-15", "cp850"} {
		score, total := 0.0, 0.0
		for c := 0x80; c <= 0xFF; c++ {
			n := float64(g.bytes[c])
			if n == 0 {
				continue
			}
			total += n
			ch := csvEncodings[name].table[c]
			switch r, _ := utf8.DecodeRune(ch.utf8[:ch.n]); {
			case ch.n == 0:
				score -= 20 * n
			case strings.ContainsRune(frenchLetters, r):
				score += n
			case strings.ContainsRune(frenchMarks, r):
				score += n / 2
			case !unicode.IsLetter(r):
				score -= n
			}
		}
		score /= total
		all = append(all, fmt.Sprintf("%s %.2f", name, score))
		if score > most {
			best, most = name, score
		}
	}
	return best, strings.Join(all, ", ")
}

// topRow is one of the first rows: its cells, or none when it cannot be read.
type topRow struct {
	cells []string
	bad   bool
}

func (r topRow) filled() (n int) {
	for _, cell := range r.cells {
		if cell != "" {
			n++
		}
	}
	return n
}

// mostTop is how many rows the dialect is found by.
const mostTop = 200

// topRows are the first rows as the configuration reads them.
func (c csvConfig) topRows(head []byte, in Input) []topRow {
	codec, err := newCSV(pipelines.Env{}, c)
	if err != nil {
		return nil
	}
	s := codec.newChunks(in, io.NopCloser(bytes.NewReader(head)))
	if s.start() != nil || s.detectLineEnd() != nil {
		return nil
	}
	var rows []topRow
	for len(rows) < mostTop {
		b, err := s.row()
		if err != nil {
			break
		}
		if len(bytes.Trim(b, "\r\n")) == 0 {
			rows = append(rows, topRow{})
			continue
		}
		cells, err := s.names(b)
		rows = append(rows, topRow{cells, err != nil})
	}
	if len(head) == guessHead && len(rows) > 1 && len(rows) < mostTop { // cut somewhere
		rows = rows[:len(rows)-1]
	}
	return rows
}

// guessDialect chooses delimiter and quote: those with which the most rows have
// the same number of cells, and rather many.
func (c *csvConfig) guessDialect(g *pipelines.Guess, head []byte, in Input) []topRow {
	type choice struct {
		delimiter, quote string
		rows             []topRow
		width, same, all int
		score            float64
	}
	var best, second choice
	for _, delimiter := range []string{";", ",", "\t", "|"} {
		faults := 0
		for _, quote := range []string{`"`, ""} {
			if quote == "" && faults == 0 { // what quotes surround is read with them
				continue
			}
			try := *c
			try.Delimiter, try.Quote = delimiter, quote
			ch := choice{delimiter: delimiter, quote: quote, rows: try.topRows(head, in)}
			widths := map[int]int{}
			for _, r := range ch.rows {
				if len(r.cells) > 0 || r.bad {
					ch.all++
				}
				if r.bad {
					faults++
				}
				if !r.bad && len(r.cells) > 1 {
					widths[len(r.cells)]++
				}
			}
			for w, n := range widths {
				if n > ch.same || n == ch.same && w > ch.width {
					ch.width, ch.same = w, n
				}
			}
			if ch.all > 0 {
				share := float64(ch.same) / float64(ch.all)
				ch.score = share * share * math.Log2(float64(ch.width+1))
			}
			if quote == "" { // quotes are usual: only where they clearly are none
				ch.score *= 0.9
			}
			if ch.score > best.score {
				best, second = ch, best
			}
		}
	}
	if best.width < 2 || best.same*2 < best.all && best.same < 3 {
		g.Found(messages.GuessOneColumn.With())
		rows, spaced := c.topRows(head, in), 0
		for _, r := range rows {
			if slices.ContainsFunc(r.cells, func(cell string) bool { return strings.Contains(cell, "   ") }) {
				spaced++
			}
		}
		if spaced > 1 && spaced*2 > len(rows) {
			g.Found(messages.FileMaybeFixed.With("count", spaced, "rows", len(rows)))
		}
		return rows
	}
	c.Delimiter, c.Quote = best.delimiter, best.quote
	g.Found(messages.GuessDelimiter.With("delimiter", strconv.Quote(best.delimiter), "count", best.same, "rows", best.all, "columns", best.width))
	if best.quote == "" {
		g.Found(messages.GuessNoQuote.With("count", best.same-second.same, "rows", best.all))
	}
	return best.rows
}

// mostTitles is how many rows above the header are looked at.
const mostTitles = 40

// guessHeader finds the row of column names: the first that is as wide as the
// table, or nearly, and has no value in it.
func (c *csvConfig) guessHeader(g *pipelines.Guess, rows []topRow) {
	width := tableWidth(rows)
	for i, r := range rows[:min(len(rows), mostTitles)] {
		if r.bad || len(r.cells) == 0 || len(r.cells) != width {
			continue
		}
		filled, value := r.filled(), 0
		if k := comesBack(rows[i+1:], r); k > 0 {
			value = k
		}
		for k, name := range r.cells {
			if value == 0 && isValue(name) {
				value = k + 1
			}
		}
		if filled == 0 || filled*2 <= width && fullest(rows[i+1:]) > filled { // a title, or cells above the names
			continue
		}
		if value > 0 {
			if k := namesAbove(rows[:i]); k >= 0 { // whose number is not that of the values, and that is told
				c.Header = int64(k + 1)
				g.Found(messages.GuessHeader.With("row", k+1, "columns", rows[k].filled()))
				c.setHeader(g, rows[k])
				return
			}
			c.noHeader(g, width, value)
			return
		}
		c.Header = int64(i + 1)
		if i > 0 && !rows[i-1].bad && tellsApart(rows[i-1].cells, r.cells) {
			c.Header, c.HeaderRows = int64(i), 2
			g.Found(messages.GuessTwoHeaders.With("row", i+1))
		} else {
			g.Found(messages.GuessHeader.With("row", i+1, "columns", filled))
		}
		c.setHeader(g, r)
		return
	}
	c.setHeader(g, topRow{})
}

// comesBack is the first cell of a row that looks like those below it, 0 when none
// does: it is there again, as is another of the row, or it has digits and they
// stand where those of most others do. Names of columns are not among their
// values. A row that is the same altogether is the names once more.
func comesBack(below []topRow, r topRow) (cell int) {
	again, alike, rows := map[int]bool{}, make([]int, len(r.cells)), 0
	for _, other := range below {
		if other.bad || len(other.cells) != len(r.cells) || slices.Equal(other.cells, r.cells) {
			continue
		}
		rows++
		for k, name := range r.cells {
			if name != "" && other.cells[k] == name {
				again[k] = true
			}
			if digitsAt(name) != "" && digitsAt(name) == digitsAt(other.cells[k]) {
				alike[k]++
			}
		}
	}
	for k := range r.cells {
		if again[k] && len(again) > 1 || rows > 1 && alike[k]*2 > rows {
			return k + 1
		}
	}
	return 0
}

// digitsAt is a text with its words and its numbers made one of each, "" where it
// has no digit.
func digitsAt(s string) string {
	digit, last := false, rune(0)
	shape := strings.Map(func(r rune) rune {
		switch {
		case r >= '0' && r <= '9':
			r, digit = '9', true
		case unicode.IsLetter(r):
			r = 'x'
		}
		if r == last && (r == '9' || r == 'x') {
			return -1
		}
		last = r
		return r
	}, s)
	if !digit {
		return ""
	}
	return shape
}

// fullest is the most cells that one of the next rows has filled.
func fullest(rows []topRow) (n int) {
	for _, r := range rows[:min(len(rows), 10)] {
		n = max(n, r.filled())
	}
	return n
}

// namesAbove is the last row, when it has several names and no value, or -1.
func namesAbove(rows []topRow) int {
	for i := len(rows) - 1; i >= 0; i-- {
		r := rows[i]
		if !r.bad && len(r.cells) == 0 {
			continue
		}
		if n := r.filled(); !r.bad && n >= 3 && n*10 >= len(r.cells)*6 && !slices.ContainsFunc(r.cells, isValue) {
			return i
		}
		break
	}
	return -1
}

// noHeader numbers the columns.
func (c *csvConfig) noHeader(g *pipelines.Guess, width, value int) {
	c.Header = 0
	g.Set("header", 0)
	g.Found(messages.GuessNoHeader.With("cell", value))
	c.Columns = numberedColumns(width)
}

// numberedColumns are texts without a name.
func numberedColumns(width int) (cols []pipelines.ColumnDecl) {
	text, _ := pipelines.ParseTypeText("text")
	for i := range width {
		cols = append(cols, pipelines.ColumnDecl{Name: "column_" + strconv.Itoa(i+1), ColumnType: text})
	}
	return cols
}

func (c *csvConfig) setHeader(g *pipelines.Guess, names topRow) {
	if c.Header != 1 {
		g.Set("header", c.Header)
	}
	if c.HeaderRows != 1 {
		g.Set("header_rows", c.HeaderRows)
		return
	}
	if comesTwice(names.cells) {
		c.Duplicates = "number"
		g.Set("duplicates", "number")
	}
}

// tellsApart says whether the row above tells apart names that come several times.
func tellsApart(above, names []string) bool {
	if len(above) != len(names) || !comesTwice(names) {
		return false
	}
	seen := map[string]bool{}
	for _, name := range joinedNames([][]string{above, names}) {
		if seen[name] {
			return false
		}
		seen[name] = true
	}
	return true
}

func comesTwice(names []string) bool {
	seen := map[string]bool{}
	for _, name := range names {
		if name != "" && seen[name] {
			return true
		}
		seen[name] = true
	}
	return false
}

// tableWidth is how many cells most rows have; of two widths that are as usual,
// that of the later rows.
func tableWidth(rows []topRow) (width int) {
	widths := map[int]int{}
	most := 0
	for _, r := range rows {
		if n := len(r.cells); n > 0 && !r.bad {
			if widths[n]++; widths[n] >= most {
				width, most = n, widths[n]
			}
		}
	}
	return width
}

// isValue says whether a cell is a value rather than the name of a column.
func isValue(s string) bool {
	if s == "" {
		return false
	}
	if valueLike.MatchString(s) || strings.HasPrefix(s, "http") {
		return true
	}
	for _, f := range numberForms {
		if _, _, _, _, ok := numberShape([]byte(strings.TrimPrefix(s, "-")), f); ok && !(len(s) == 4 && (s[:2] == "19" || s[:2] == "20")) {
			return true
		}
	}
	_, why := scalar.ParseBool([]byte(s))
	return why == nil
}
