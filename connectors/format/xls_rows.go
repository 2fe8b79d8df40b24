package format

import (
	"bytes"
	"encoding/binary"
	"math"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/lavoir-data/lavoir/internal/scalar"
)

// biffFaults are the errors of cells by their codes ([MS-XLS] 2.5.10).
var biffFaults = map[byte]string{0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!",
	0x2A: "#N/A", 0x2B: "#GETTING_DATA"}

// biffRow gives the cells of rows to a visitor.
type biffRow struct {
	v      rowVisitor
	line   int64
	wanted bool
	col    int // of the last cell
	number []byte
	text   []byte // shared, where it is read anew
}

func (r *biffRow) at(line int64, col int) error {
	if line != r.line {
		if line < r.line {
			return errRowNumber
		}
		r.finish()
		r.line, r.col, r.wanted = line, 0, r.v.row(line) > 0
	}
	if col <= r.col {
		return errOrder
	}
	r.col = col
	return nil
}

func (r *biffRow) finish() {
	if r.wanted {
		r.v.end()
	}
	r.wanted = false
}

func (r *biffRow) give(kind cellKind, text []byte, lost bool) error {
	if !r.wanted {
		return nil
	}
	return r.v.cell(r.col, kind, text, lost)
}

func (r *biffRow) float(v float64) error {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return r.give(cellFault, []byte("#NUM!"), false)
	}
	r.number = scalar.AppendFloat64(r.number[:0], v)
	return r.give(cellFloat, r.number, false)
}

func (r *biffRow) truth(v byte) error {
	if v == 0 {
		return r.give(cellBool, []byte("false"), false)
	}
	return r.give(cellBool, []byte("true"), false)
}

func (r *biffRow) fault(code byte) error {
	text, ok := biffFaults[code]
	if !ok {
		return bookWhy("a cell is of an unknown kind")
	}
	return r.give(cellFault, []byte(text), false)
}

// rk is a number in four bytes ([MS-XLS] 2.5.217).
func rk(v uint32) float64 {
	f := math.Float64frombits(uint64(v&^3) << 32)
	if v&2 != 0 {
		f = float64(int32(v) >> 2)
	}
	if v&1 != 0 {
		f /= 100
	}
	return f
}

// parse reads the records of cells.
func (s *xlsSheet) parse(p bookPiece, v rowVisitor) error {
	r := &biffRow{v: v}
	defer r.finish()
	waiting := false // for the text of a formula
	for b := p.bytes; len(b) >= 4; {
		kind, n := binary.LittleEndian.Uint16(b), int(binary.LittleEndian.Uint16(b[2:]))
		data := b[4 : 4+n]
		b = b[4+n:]
		if kind == biffString {
			parts := [][]byte{data}
			for len(b) >= 4 && binary.LittleEndian.Uint16(b) == biffContinue {
				n := int(binary.LittleEndian.Uint16(b[2:]))
				parts = append(parts, b[4:4+n])
				b = b[4+n:]
			}
			if !waiting {
				continue
			}
			waiting = false
			text, err := s.formulaText(parts)
			if err == nil {
				err = r.give(cellText, []byte(text), false)
			}
			if err != nil {
				return err
			}
			continue
		}
		if kind == biffContinue {
			continue
		}
		if waiting { // a text that never came
			if err := r.give(cellAbsent, nil, true); err != nil {
				return err
			}
		}
		if err := r.at(int64(binary.LittleEndian.Uint16(data))+1, int(binary.LittleEndian.Uint16(data[2:]))+1); err != nil {
			return err
		}
		var err error
		if waiting, err = s.cell(r, kind, data[4:]); err != nil {
			return err
		}
	}
	if waiting {
		return r.give(cellAbsent, nil, true)
	}
	return nil
}

// biffSizes are the bytes of a record after row and column, at least.
var biffSizes = map[uint16]int{biffFormula: 12, biffMulRK: 8, biffRString: 4, biffLabelSST: 6, biffNumber: 10, biffLabel: 4, biffBoolErr: 4, biffRK: 6}

// cell gives a cell, or says that its text is yet to come. data is what follows row
// and column: the format first.
func (s *xlsSheet) cell(r *biffRow, kind uint16, data []byte) (waiting bool, err error) {
	if len(data) < biffSizes[kind] {
		return false, errEnds
	}
	data = data[2:]
	switch kind {
	case biffNumber:
		return false, r.float(math.Float64frombits(binary.LittleEndian.Uint64(data)))
	case biffRK:
		return false, r.float(rk(binary.LittleEndian.Uint32(data)))
	case biffMulRK:
		for {
			if err := r.float(rk(binary.LittleEndian.Uint32(data))); err != nil {
				return false, err
			}
			if data = data[4:]; len(data) < 8 { // the last column ends it
				return false, nil
			}
			data = data[2:]
			r.col++
		}
	case biffLabelSST:
		i := binary.LittleEndian.Uint32(data)
		if int64(i) >= int64(s.texts.count) {
			return false, bookWhy("a text is missing")
		}
		text, grown, err := s.texts.get(int(i), r.text)
		if err != nil {
			return false, err
		}
		r.text = grown
		return false, r.give(cellText, text, false)
	case biffLabel, biffRString:
		text, err := s.text([][]byte{data[2:]}, int(binary.LittleEndian.Uint16(data)))
		if err != nil {
			return false, err
		}
		return false, r.give(cellText, []byte(text), false)
	case biffBoolErr:
		if data[1] != 0 {
			return false, r.fault(data[0])
		}
		return false, r.truth(data[0])
	}
	return s.formula(r, data)
}

// biffOnLoad is the flag of a formula that is to be calculated when it is opened
// (OpenOffice's "Microsoft Excel File Format", 5.50). Libraries that write formulas
// and calculate nothing set it, and give 0 or the empty text for a result.
const biffOnLoad = 2

// formula gives the result that a formula has ([MS-XLS] 2.4.127).
func (s *xlsSheet) formula(r *biffRow, data []byte) (waiting bool, err error) {
	result, flags := data[:8], data[8]
	if result[6] != 0xFF || result[7] != 0xFF {
		v := math.Float64frombits(binary.LittleEndian.Uint64(result))
		if v == 0 && flags&biffOnLoad != 0 {
			return false, r.give(cellAbsent, nil, true)
		}
		return false, r.float(v)
	}
	switch result[0] {
	case 0:
		return true, nil
	case 1:
		return false, r.truth(result[2])
	case 2:
		return false, r.fault(result[2])
	case 3: // the empty text; or nothing yet, where it is to be calculated when opened
		return false, r.give(cellText, nil, flags&biffOnLoad != 0)
	}
	return false, bookWhy("a cell is of an unknown kind")
}

// formulaText is a text of parts that starts with its length.
func (s *xlsSheet) formulaText(parts [][]byte) (string, error) {
	if len(parts[0]) < 2 {
		return "", errEnds
	}
	n := int(binary.LittleEndian.Uint16(parts[0]))
	parts[0] = parts[0][2:]
	return s.text(parts, n)
}

func (s *xlsSheet) text(parts [][]byte, n int) (string, error) {
	if s.old {
		return s.oldText(bytes.Join(parts, nil), n)
	}
	c := &biffTexts{part: parts[0], more: func() ([]byte, bool) {
		if parts = parts[1:]; len(parts) == 0 {
			return nil, false
		}
		return parts[0], true
	}}
	if n == 0 {
		return "", nil // which may lack its flags
	}
	flags, err := c.take(1)
	if err != nil {
		return "", err
	}
	b, err := c.chars(nil, n, flags[0]&1 != 0)
	return string(b), err
}

// oldText is a text of n bytes in the code page.
func (s *xlsSheet) oldText(b []byte, n int) (string, error) {
	if len(b) < n {
		return "", errEnds
	}
	if s.page.unreadable(b[:n]) >= 0 {
		return "", errText
	}
	return string(s.page.appendText(nil, b[:n])), nil
}

// newText is a text of n characters that begins with its flags.
func newText(b []byte, n int) (string, error) {
	c := &biffTexts{part: b, more: func() ([]byte, bool) { return nil, false }}
	flags, err := c.take(1)
	if err != nil {
		return "", err
	}
	text, err := c.chars(nil, n, flags[0]&1 != 0)
	return string(text), err
}

const errText = bookWhy("a text is no text")

// biffTexts reads what goes on over several records.
type biffTexts struct {
	part []byte
	more func() ([]byte, bool)
	odd  []byte
}

// take gives n bytes, wherever they stand.
func (c *biffTexts) take(n int) ([]byte, error) {
	if len(c.part) >= n {
		b := c.part[:n]
		c.part = c.part[n:]
		return b, nil
	}
	c.odd = c.odd[:0]
	for {
		k := min(n-len(c.odd), len(c.part))
		c.odd, c.part = append(c.odd, c.part[:k]...), c.part[k:]
		if len(c.odd) == n {
			return c.odd, nil
		}
		var ok bool
		if c.part, ok = c.more(); !ok {
			return nil, errEnds
		}
	}
}

// skip passes over n bytes.
func (c *biffTexts) skip(n int) error {
	for {
		k := min(n, len(c.part))
		c.part, n = c.part[k:], n-k
		if n == 0 {
			return nil
		}
		var ok bool
		if c.part, ok = c.more(); !ok {
			return errEnds
		}
	}
}

// chars appends n characters. A record that goes on amid them begins with flags of
// its own ([MS-XLS] 2.5.293).
func (c *biffTexts) chars(dst []byte, n int, wide bool) ([]byte, error) {
	var high uint16 // the first half of a pair
	for n > 0 {
		if len(c.part) == 0 {
			var ok bool
			if c.part, ok = c.more(); !ok || len(c.part) == 0 {
				return dst, errEnds
			}
			wide = c.part[0]&1 != 0
			c.part = c.part[1:]
			continue
		}
		unit := uint16(c.part[0])
		if wide {
			if len(c.part) < 2 {
				return dst, errEnds
			}
			unit = binary.LittleEndian.Uint16(c.part)
			c.part = c.part[1:]
		}
		c.part = c.part[1:]
		n--
		switch {
		case high != 0:
			r := utf16.DecodeRune(rune(high), rune(unit))
			if r == utf8.RuneError {
				return dst, errText
			}
			dst, high = utf8.AppendRune(dst, r), 0
		case unit >= 0xD800 && unit < 0xDC00:
			high = unit
		case unit >= 0xDC00 && unit < 0xE000 || unit == 0:
			return dst, errText
		default:
			dst = utf8.AppendRune(dst, rune(unit))
		}
	}
	if high != 0 {
		return dst, errText
	}
	return dst, nil
}

// sharedTexts reads the table of texts ([MS-XLS] 2.4.265).
func (s *xlsSheet) sharedTexts(r *biffReader) error {
	if len(r.data) < 8 {
		return errEnds
	}
	count := binary.LittleEndian.Uint32(r.data[4:])
	var failed error
	c := &biffTexts{part: r.data[8:], more: func() ([]byte, bool) {
		if r.peek() != biffContinue {
			return nil, false
		}
		if failed = r.read(); failed != nil {
			return nil, false
		}
		return r.data, true
	}}
	var text []byte
	for range count {
		b, err := c.sharedText(text[:0])
		if failed != nil {
			return failed
		}
		if err != nil {
			return err
		}
		text = b
		if err := s.texts.add(text); err != nil { // which is shorter than a block: its length has two bytes
			return err
		}
	}
	return nil
}

// sharedText appends one text, without its runs and phonetic texts.
func (c *biffTexts) sharedText(dst []byte) ([]byte, error) {
	head, err := c.take(3)
	if err != nil {
		return dst, err
	}
	n, flags, rest := int(binary.LittleEndian.Uint16(head)), head[2], 0
	if flags&8 != 0 {
		b, err := c.take(2)
		if err != nil {
			return dst, err
		}
		rest = 4 * int(binary.LittleEndian.Uint16(b))
	}
	if flags&4 != 0 {
		b, err := c.take(4)
		if err != nil {
			return dst, err
		}
		rest += int(binary.LittleEndian.Uint32(b) & (1<<31 - 1))
	}
	if dst, err = c.chars(dst, n, flags&1 != 0); err != nil {
		return dst, err
	}
	return dst, c.skip(rest)
}
