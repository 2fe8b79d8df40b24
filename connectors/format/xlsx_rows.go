package format

import (
	"bytes"
	"unicode/utf8"
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
	x, err := scanText(p.bytes)
	if err != nil {
		return err
	}
	line := max(0, p.line-1)
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
		err := x.more()
		switch {
		case err != nil:
			return scratch, err
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
		err := x.more()
		switch {
		case err != nil:
			return err
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
			if err := x.more(); err != nil {
				return err
			}
			if x.kind == tokenText {
				c.value, c.plain = x.text, x.plain
				if err := x.more(); err != nil {
					return err
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
		err := x.more()
		switch {
		case err != nil:
			return dst, err
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
	if !c.hasValue || c.formula && s.stale {
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
		if !ok || n >= int64(s.texts.count) {
			return c.text, bookWhy("a text is missing")
		}
		text, scratch, err := s.texts.get(int(n), c.text[:0])
		if err != nil {
			return scratch, err
		}
		return scratch, v.cell(c.col, cellText, text, false)
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
