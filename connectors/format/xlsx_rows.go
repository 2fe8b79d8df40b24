package format

import (
	"bytes"
	"io"
	"unicode/utf8"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// xlsxCell is a cell being read.
type xlsxCell struct {
	col            int
	kind           []byte // t
	value          []byte // as it stands
	text           []byte // inline, as UTF-8
	hasValue       bool
	formula, plain bool
}

// parse reads rows (ECMA-376 part 1, 18.3.1.73 and 18.3.1.4).
func (s *xlsxSheet) parse(p bookPiece, v rowVisitor) error {
	if !arrowx.ValidUTF8(p.bytes) || bytes.IndexByte(p.bytes, 0) >= 0 {
		return bookWhy("a part is not UTF-8")
	}
	x, line := bookScan{b: p.bytes}, max(0, p.line-1)
	var text []byte
	for {
		ok, err := x.next()
		if err != nil || !ok {
			return err
		}
		if x.kind != tokenStart {
			if x.kind == tokenText && len(bytes.TrimSpace(x.text)) > 0 {
				return errBookXML
			}
			continue
		}
		if string(x.name) != "row" {
			return errBookXML
		}
		if r, ok := x.attr("r"); ok == (p.line > 0) {
			return errRowNumber
		} else if ok {
			n, ok := wholeNumber(r)
			if !ok || n <= line || n > bookRows {
				return errRowNumber
			}
			line = n
		} else if line++; line > bookRows {
			return errRowNumber
		}
		if x.empty {
			continue
		}
		if text, err = s.row(&x, line, v, text); err != nil {
			return err
		}
	}
}

const errRowNumber = bookWhy("its rows are not in their order")

func wholeNumber(b []byte) (n int64, ok bool) {
	for _, c := range b {
		if c < '0' || c > '9' || n > 1<<40 {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, len(b) > 0
}

// row reads the cells of a row up to its end.
func (s *xlsxSheet) row(x *bookScan, line int64, v rowVisitor, scratch []byte) ([]byte, error) {
	wanted, col := v.row(line) > 0, 0
	for {
		ok, err := x.next()
		switch {
		case err != nil:
			return scratch, err
		case !ok:
			return scratch, errBookXML
		case x.kind == tokenEnd:
			if string(x.name) != "row" {
				return scratch, errBookXML
			}
			if wanted {
				v.end()
			}
			return scratch, nil
		case x.kind == tokenText:
			continue
		case string(x.name) != "c" || !wanted:
			if string(x.name) == "row" {
				return scratch, errBookXML
			}
			if err := x.skip(); err != nil {
				return scratch, err
			}
			continue
		}
		c := xlsxCell{col: col + 1, text: scratch[:0]}
		if r, ok := x.attr("r"); ok {
			var at int64
			if c.col, at, ok = cellName(r); !ok || at != line {
				return scratch, errOrder
			}
		}
		if c.col <= col {
			return scratch, errOrder
		}
		col = c.col
		if x.empty {
			continue
		}
		c.kind, _ = x.attr("t")
		if err := c.read(x); err != nil {
			return scratch, err
		}
		if scratch, err = s.visit(&c, v); err != nil {
			return scratch, err
		}
	}
}

// read reads what is in a cell, up to its end.
func (c *xlsxCell) read(x *bookScan) error {
	for {
		ok, err := x.next()
		switch {
		case err != nil:
			return err
		case !ok:
			return errBookXML
		case x.kind == tokenEnd:
			if string(x.name) != "c" {
				return errBookXML
			}
			return nil
		case x.kind == tokenText:
			continue
		}
		switch string(x.name) {
		case "v":
			if c.hasValue {
				return errBookXML
			}
			c.hasValue = true
			if x.empty {
				continue
			}
			if ok, err = x.next(); err != nil || !ok {
				return errBookXML
			}
			if x.kind == tokenText {
				c.value, c.plain = x.text, x.plain
				if ok, err = x.next(); err != nil || !ok {
					return errBookXML
				}
			}
			if x.kind != tokenEnd || string(x.name) != "v" {
				return errBookXML
			}
		case "f":
			c.formula = true
			err = x.skip()
		case "is":
			c.hasValue = true
			c.text, err = richText(x, "is", c.text)
		default:
			err = x.skip()
		}
		if err != nil {
			return err
		}
	}
}

// richText appends the runs of a text, without its phonetic ones, up to its end
// (ECMA-376 part 1, 18.4.8).
func richText(x *bookScan, end string, dst []byte) ([]byte, error) {
	if x.empty {
		return dst, nil
	}
	start := len(dst)
	for in := false; ; {
		ok, err := x.next()
		switch {
		case err != nil:
			return dst, err
		case !ok:
			return dst, errBookXML
		case x.kind == tokenText:
			if in {
				if dst, err = x.appendTo(dst); err != nil {
					return dst, err
				}
			}
		case x.kind == tokenStart && string(x.name) == "t":
			in = !x.empty
		case x.kind == tokenStart && string(x.name) != "r":
			if err := x.skip(); err != nil {
				return dst, err
			}
		case x.kind == tokenEnd && string(x.name) == "t":
			in = false
		case x.kind == tokenEnd && string(x.name) == end:
			return append(dst[:start], escaped(dst[start:])...), nil
		}
	}
}

// escaped replaces _xHHHH_, which stands for a character that XML or Excel cannot
// write (ECMA-376 part 1, 22.9.2.19), in place.
func escaped(b []byte) []byte {
	const size = len("_x000D_")
	i := bytes.Index(b, []byte("_x"))
	if i < 0 {
		return b
	}
	out := b[:i]
	for ; i < len(b); i++ {
		if i+size <= len(b) && b[i] == '_' && b[i+1] == 'x' && b[i+size-1] == '_' {
			if r, ok := hexRune(b[i+2 : i+size-1]); ok {
				out = utf8.AppendRune(out, r) // never longer than what it stands for
				i += size - 1
				continue
			}
		}
		out = append(out, b[i])
	}
	return out
}

func hexRune(b []byte) (r rune, ok bool) {
	for _, c := range b {
		switch {
		case c >= '0' && c <= '9':
			r = r<<4 | rune(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return r, r != 0 && (r < 0xD800 || r >= 0xE000)
}

// visit gives a cell to v.
func (s *xlsxSheet) visit(c *xlsxCell, v rowVisitor) ([]byte, error) {
	if !c.hasValue {
		return c.text, v.cell(c.col, cellAbsent, nil, c.formula)
	}
	switch string(c.kind) {
	case "", "n":
		if len(c.value) == 0 {
			return c.text, v.cell(c.col, cellAbsent, nil, c.formula)
		}
		if !isNumber(c.value) {
			return c.text, bookWhy("a number is not one")
		}
		return c.text, v.cell(c.col, cellFloat, c.value, false)
	case "s":
		n, ok := wholeNumber(c.value)
		if !ok || s.texts == nil || n >= int64(s.texts.count) {
			return c.text, bookWhy("a text is missing")
		}
		return c.text, v.cell(c.col, cellText, s.texts.get(int(n)), false)
	case "inlineStr":
		return c.text, v.cell(c.col, cellText, c.text, false)
	case "b":
		switch string(c.value) {
		case "1", "true":
			return c.text, v.cell(c.col, cellBool, []byte("true"), false)
		case "0", "false":
			return c.text, v.cell(c.col, cellBool, []byte("false"), false)
		}
		return c.text, errBookXML
	}
	text := bookScan{text: c.value, plain: c.plain}
	b, err := text.appendTo(c.text[:0])
	if err != nil {
		return c.text, err
	}
	switch string(c.kind) {
	case "str":
		return b, v.cell(c.col, cellText, escaped(b), false)
	case "e":
		return b, v.cell(c.col, cellFault, b, false)
	case "d":
		return b, v.cell(c.col, cellISO, b, false)
	}
	return b, bookWhy("a cell is of an unknown kind")
}

// sharedTexts are texts that cells share, in blocks, so that they grow without being
// copied.
type sharedTexts struct {
	blocks [][]byte
	places [][]uint64 // of textPlaces each: block, start and length
	count  int
	bytes  int64
}

const (
	textBits   = 20 // of a place in a block
	textBlock  = 1 << textBits
	textPlaces = 1 << 16
	// textBound is what the texts of a workbook may take in memory.
	textBound = 64 << 20
)

// add appends a text; false when it is longer than any or they are too many.
func (t *sharedTexts) add(b []byte) bool {
	if len(b) >= textBlock {
		return false
	}
	last := len(t.blocks) - 1
	if last < 0 || len(t.blocks[last])+len(b) > textBlock {
		t.blocks = append(t.blocks, make([]byte, 0, textBlock))
		last++
	}
	if t.count%textPlaces == 0 {
		t.places = append(t.places, make([]uint64, 0, textPlaces))
	}
	i := len(t.places) - 1
	t.places[i] = append(t.places[i], uint64(last)<<(2*textBits)|uint64(len(t.blocks[last]))<<textBits|uint64(len(b)))
	t.blocks[last] = append(t.blocks[last], b...)
	t.count++
	t.bytes += int64(len(b)) + 8
	return t.bytes <= textBound
}

func (t *sharedTexts) get(i int) []byte {
	p := t.places[i/textPlaces][i%textPlaces]
	start := p >> textBits & (textBlock - 1)
	return t.blocks[p>>(2*textBits)][start : start+p&(textBlock-1)]
}

// sharedTexts reads the part of the texts (ECMA-376 part 1, 18.4.9).
func (z *bookZip) sharedTexts(name string) (*sharedTexts, error) {
	part, err := z.part(name)
	if err != nil {
		return nil, err
	}
	defer part.Close()
	p := &pieces{part: part, zip: z}
	t := &sharedTexts{}
	if empty, err := p.skipTo("sst", "si"); empty || err != nil {
		return t, err
	}
	for {
		b, err := p.next()
		if err == io.EOF {
			_, err = p.rest()
			return t, err
		}
		if err == nil {
			err = z.addTexts(t, b)
		}
		if err != nil {
			return nil, err
		}
	}
}

func (z *bookZip) addTexts(t *sharedTexts, b []byte) error {
	if !arrowx.ValidUTF8(b) || bytes.IndexByte(b, 0) >= 0 {
		return bookWhy("a part is not UTF-8")
	}
	var text []byte
	for x := (bookScan{b: b}); ; {
		ok, err := x.next()
		if err != nil || !ok {
			return err
		}
		if x.kind == tokenText {
			continue
		}
		if x.kind != tokenStart || string(x.name) != "si" {
			return errBookXML
		}
		if text, err = richText(&x, "si", text[:0]); err != nil {
			return err
		}
		if !t.add(text) {
			return messages.BookStrings.With("file", z.in.Name, "bound", pipelines.Size(textBound))
		}
	}
}
