package scalar

import (
	"encoding/binary"
	"strconv"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// DateFormat is a compiled pattern: YYYY MM DD (also JJ, AAAA), M and D without
// leading zero, any other character as it is. "" is YYYY-MM-DD, and so is the
// zero DateFormat. Years are 0001 to 9999.
type DateFormat struct {
	pattern string
	parts   []part
}

// NewDateFormat compiles a pattern, which names year, month and day once each.
func NewDateFormat(pattern string) (DateFormat, error) {
	if pattern == "" || pattern == isoDate {
		return DateFormat{}, nil
	}
	parts, seen, err := compile(pattern)
	if err != nil {
		return DateFormat{}, err
	}
	if seen != 1<<year|1<<month|1<<day {
		return DateFormat{}, messages.DatePattern.With("pattern", strconv.Quote(pattern), "why", "a date has one YYYY, one MM and one DD")
	}
	return DateFormat{pattern, parts}, nil
}

const isoDate = "YYYY-MM-DD"

// String is the pattern.
func (f DateFormat) String() string {
	if f.pattern == "" {
		return isoDate
	}
	return f.pattern
}

// Parse reads a day; month lengths and leap years are checked.
func (f DateFormat) Parse(b []byte) (arrow.Date32, *messages.Message) {
	if f.parts == nil {
		return ParseDay(b)
	}
	var c clock
	if !c.read(f.parts, b) {
		return 0, f.blame(b)
	}
	if !c.dayExists() {
		return 0, messages.NoSuchDay
	}
	return arrow.Date32(c.dayNumber()), nil
}

// ParseDay is Parse of YYYY-MM-DD.
func ParseDay(b []byte) (arrow.Date32, *messages.Message) {
	if day, ok := isoDay(b); ok {
		return day, nil
	}
	var c clock
	if !c.isoDay(b) {
		return 0, DateFormat{}.blame(b)
	}
	if !c.dayExists() {
		return 0, messages.NoSuchDay
	}
	return arrow.Date32(c.dayNumber()), nil
}

// ISO says whether days are written YYYY-MM-DD.
func (f DateFormat) ISO() bool { return f.parts == nil }

func (f DateFormat) blame(b []byte) *messages.Message {
	if repaired(b, func(b []byte) *messages.Message { _, why := f.Parse(b); return why }) {
		return messages.LetterForDigit
	}
	return messages.BadDate
}

// Append writes a day.
func (f DateFormat) Append(dst []byte, d arrow.Date32) []byte {
	var c clock
	c.setDay(int64(d))
	if f.parts == nil {
		return c.appendISODate(dst)
	}
	return c.write(f.parts, dst)
}

// A field is what a part of a pattern stands for.
type field uint8

const (
	year field = iota
	month
	day
	hour
	minute
	second
	fraction
	offset
	literal
)

// part is a piece of a pattern.
type part struct {
	field field
	width int  // digits; 0 is one or two without leading zero
	text  byte // of a literal
}

// tokens are tried in this order.
var tokens = []struct {
	text string
	part
}{
	{"YYYY", part{field: year, width: 4}}, {"AAAA", part{field: year, width: 4}},
	{"MM", part{field: month, width: 2}}, {"DD", part{field: day, width: 2}}, {"JJ", part{field: day, width: 2}},
	{"HH", part{field: hour, width: 2}}, {"mm", part{field: minute, width: 2}}, {"ss", part{field: second, width: 2}},
	{"SSSSSS", part{field: fraction, width: 6}}, {"SSS", part{field: fraction, width: 3}},
	{"M", part{field: month}}, {"D", part{field: day}}, {"J", part{field: day}},
	{"Z", part{field: offset}},
}

// compile takes a pattern apart and says which fields it has. A letter that
// other tools give a meaning to is refused rather than taken as it is.
func compile(pattern string) (parts []part, seen uint, err error) {
	bad := func(why string) ([]part, uint, error) {
		return nil, 0, messages.DatePattern.With("pattern", strconv.Quote(pattern), "why", why)
	}
next:
	for i := 0; i < len(pattern); {
		for _, t := range tokens {
			if len(pattern)-i < len(t.text) || pattern[i:i+len(t.text)] != t.text {
				continue
			}
			if seen&(1<<t.field) != 0 {
				return bad(t.text + " says again what stands before")
			}
			if k := len(parts); k > 0 && parts[k-1].width == 0 && parts[k-1].field <= day && t.field != offset {
				return bad("what has one or two digits needs a separator after it")
			}
			seen |= 1 << t.field
			parts = append(parts, t.part)
			i += len(t.text)
			continue next
		}
		switch c := pattern[i]; c {
		case 'Y', 'y', 'A', 'a', 'm', 'd', 'j', 'H', 'h', 'S', 's', 'z':
			return bad("it has a lone " + string(c) + "; it may hold YYYY or AAAA, MM, M, DD or JJ, D or J, HH, mm, ss, SSS, SSSSSS and Z")
		default:
			if isDigit(c) {
				return bad("it holds a digit")
			}
			parts = append(parts, part{field: literal, text: c})
			i++
		}
	}
	return parts, seen, nil
}

// clock is a date and a time of day, each field by itself, indexed by field.
// The fraction is in microseconds, the offset in seconds.
type clock struct {
	v         [offset + 1]int32
	hasOffset bool
}

// read reads b, all of it, by the parts.
func (c *clock) read(parts []part, b []byte) bool {
	for _, p := range parts {
		switch {
		case p.field == literal:
			if len(b) == 0 || b[0] != p.text {
				return false
			}
			b = b[1:]
		case p.field == offset:
			n := c.readOffset(b)
			if n == 0 {
				return false
			}
			b = b[n:]
		default:
			n, v := p.width, int32(0)
			if n == 0 {
				n = min(digitsAt(b, 0), 2)
				if n == 0 || b[0] == '0' {
					return false
				}
			}
			if len(b) < n {
				return false
			}
			for _, d := range b[:n] {
				if !isDigit(d) {
					return false
				}
				v = v*10 + int32(d-'0')
			}
			if p.field == fraction && n == 3 {
				v *= 1000
			}
			c.v[p.field] = v
			b = b[n:]
		}
	}
	return len(b) == 0
}

// isoParts reads YYYY-MM-DD, the first eight bytes of it at once.
func isoParts(b []byte) (y, m, d uint32, ok bool) {
	if len(b) != 10 {
		return 0, 0, 0, false
	}
	// digits become their values, dashes zero; what is neither shows in the highest bit
	const dashes, most = 0x2D30302D30303030, 0x7F76767F76767676
	v := binary.LittleEndian.Uint64(b) ^ dashes
	d1, d2 := b[8]-'0', b[9]-'0'
	if (v|(v&0x7F7F7F7F7F7F7F7F+most))&0x8080808080808080 != 0 || d1 > 9 || d2 > 9 {
		return 0, 0, 0, false
	}
	v = 10*v + v>>8 // each byte with the one after it
	return uint32(v&0xFF*100 + v>>16&0xFF), uint32(v >> 40 & 0xFF), uint32(d1)*10 + uint32(d2), true
}

func (c *clock) isoDay(b []byte) bool {
	y, m, d, ok := isoParts(b)
	c.v[year], c.v[month], c.v[day] = int32(y), int32(m), int32(d)
	return ok
}

// write writes the fields by the parts.
func (c *clock) write(parts []part, dst []byte) []byte {
	for _, p := range parts {
		switch v := c.v[p.field&7]; {
		case p.field == literal:
			dst = append(dst, p.text)
		case p.field == offset:
			dst = appendOffset(dst, v)
		case p.field == fraction && p.width == 3:
			dst = appendPadded(dst, v/1000, 3)
		default:
			dst = appendPadded(dst, v, p.width)
		}
	}
	return dst
}

func (c *clock) appendISODate(dst []byte) []byte {
	if y := uint32(c.v[year]); y <= 9999 { // as all are that were read
		var b [10]byte
		m, d := uint32(c.v[month]), uint32(c.v[day])
		copy(b[0:], pairs[y/100][:])
		copy(b[2:], pairs[y%100][:])
		b[4], b[7] = '-', '-'
		copy(b[5:], pairs[m%100][:])
		copy(b[8:], pairs[d%100][:])
		return append(dst, b[:]...)
	}
	dst = appendPadded(dst, c.v[year], 4)
	dst = append(dst, '-')
	dst = appendPadded(dst, c.v[month], 2)
	dst = append(dst, '-')
	return appendPadded(dst, c.v[day], 2)
}

// appendPadded writes v with at least width digits.
func appendPadded(dst []byte, v int32, width int) []byte {
	switch {
	case width == 2 && v >= 0 && v < 100:
		return append(dst, '0'+byte(v/10), '0'+byte(v%10))
	case width == 4 && v >= 0 && v < 10000:
		return append(dst, '0'+byte(v/1000), '0'+byte(v/100%10), '0'+byte(v/10%10), '0'+byte(v%10))
	}
	if v < 0 {
		dst = append(dst, '-')
		v = -v
	}
	for p := int32(10); width > 1; width, p = width-1, p*10 {
		if v < p {
			dst = append(dst, '0')
		}
	}
	return strconv.AppendInt(dst, int64(v), 10)
}
