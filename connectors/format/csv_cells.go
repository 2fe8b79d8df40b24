package format

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/internal/scalar"
)

// appender writes a value that is not null as a cell.
type appender func(dst []byte, row int) []byte

func (w *csvFile) appender(col arrow.Array) appender {
	switch col := col.(type) {
	case *array.String:
		offsets, data := arrowx.Texts(col)
		return func(dst []byte, i int) []byte { return w.appendText(dst, data[offsets[i]:offsets[i+1]]) }
	case *array.Boolean:
		return func(dst []byte, i int) []byte {
			if col.Value(i) {
				return append(dst, w.yes...)
			}
			return append(dst, w.no...)
		}
	case *array.Int32:
		return func(dst []byte, i int) []byte { return scalar.AppendInt64(dst, int64(col.Value(i))) }
	case *array.Int64:
		return func(dst []byte, i int) []byte { return scalar.AppendInt64(dst, col.Value(i)) }
	case *array.Float64:
		return func(dst []byte, i int) []byte { return w.appendFloat(dst, col.Value(i)) }
	case *array.Decimal128:
		scale := col.DataType().(*arrow.Decimal128Type).Scale
		return func(dst []byte, i int) []byte {
			start := len(dst)
			return w.quoteDecimal(scalar.AppendDecimal(dst, col.Value(i), scale, w.decimal), start)
		}
	case *array.Date32:
		return func(dst []byte, i int) []byte { return w.days.Append(dst, col.Value(i)) }
	case *array.Timestamp:
		return func(dst []byte, i int) []byte { return scalar.InstantFormat{}.Append(dst, col.Value(i)) }
	case *array.List:
		items := col.ListValues().(*array.String)
		return func(dst []byte, i int) []byte {
			from, to := col.ValueOffsets(i)
			return w.quote(dst, appendJSON(nil, items, int(from), int(to)))
		}
	}
	return func(dst []byte, _ int) []byte { return dst } // only null
}

func (w *csvFile) appendFloat(dst []byte, v float64) []byte {
	start := len(dst)
	dst = scalar.AppendFloat64(dst, v)
	if w.decimal != '.' {
		if i := bytes.IndexByte(dst[start:], '.'); i >= 0 {
			dst[start+i] = w.decimal
		}
	}
	return w.quoteDecimal(dst, start)
}

// quoteDecimal puts quotes around the number that starts at start when its
// decimal mark is the delimiter, which no profile does today.
func (w *csvFile) quoteDecimal(dst []byte, start int) []byte {
	if w.decimal != w.delimiter {
		return dst
	}
	return w.quote(dst[:start], bytes.Clone(dst[start:]))
}

// appendText writes a text; the empty one is "".
func (w *csvFile) appendText(dst, b []byte) []byte {
	if len(b) == 0 {
		return append(dst, '"', '"')
	}
	if w.guard && strings.IndexByte("=+-@\t\r'", b[0]) >= 0 {
		b = append([]byte{'\''}, b...)
	}
	return w.quote(dst, b)
}

// quote writes b, in quotes where it must be.
func (w csvProfile) quote(dst, b []byte) []byte {
	if !w.special(b) {
		return append(dst, b...)
	}
	dst = append(dst, '"')
	for {
		i := bytes.IndexByte(b, '"')
		if i < 0 {
			break
		}
		dst = append(append(dst, b[:i+1]...), '"')
		b = b[i+1:]
	}
	return append(append(dst, b...), '"')
}

// special says whether b must be in quotes.
func (w csvProfile) special(b []byte) bool {
	m := csvMarks{uint64(w.delimiter) * ones, '\n' * ones, '"' * ones}
	for ; len(b) >= 8; b = b[8:] {
		v := uint64le(b)
		x, y, z, cr := v^m.delimiter, v^m.lineEnd, v^m.quote, v^('\r'*ones)
		if ((x-ones)&^x|(y-ones)&^y|(z-ones)&^z|(cr-ones)&^cr)&highs != 0 {
			return true
		}
	}
	for _, c := range b {
		if c == w.delimiter || c == '"' || c == '\r' || c == '\n' {
			return true
		}
	}
	return false
}

// anySpecial says whether one of many texts, which stand one after the other, must be in
// quotes.
func (w csvProfile) anySpecial(texts []byte) bool {
	for _, c := range [...]byte{w.delimiter, '"', '\r', '\n'} {
		if bytes.IndexByte(texts, c) >= 0 {
			return true
		}
	}
	return false
}

// The days that a date has a form for: 0001-01-01 and 9999-12-31.
const firstDay, lastDay = -719162, 2932896

// unwritable says why a column's texts cannot be written, or "".
func (w *csvFile) unwritable(col arrow.Array) string {
	switch col := col.(type) {
	case *array.String:
		offsets, data := arrowx.Texts(col)
		if whole := data[offsets[0]:offsets[len(offsets)-1]]; bytes.IndexByte(whole, 0) < 0 && arrowx.ValidTexts(offsets, data) {
			return ""
		}
		for i := range col.Len() { // it may be what lies under a null
			switch b := data[offsets[i]:offsets[i+1]]; {
			case col.IsNull(i):
			case !utf8.Valid(b):
				return "a text is not UTF-8"
			case bytes.IndexByte(b, 0) >= 0:
				return "a text holds the NUL character"
			}
		}
	case *array.List:
		return w.unwritable(col.ListValues())
	case *array.Date32:
		for i, v := range col.Date32Values() {
			if col.IsValid(i) && (v < firstDay || v > lastDay) {
				return "a day is outside the years 1 to 9999"
			}
		}
	case *array.Timestamp:
		const day = 86400e6
		for i, v := range col.TimestampValues() {
			if col.IsValid(i) && (v < firstDay*day || v >= (lastDay+1)*day) {
				return "an instant is outside the years 1 to 9999"
			}
		}
	}
	return ""
}

// appendJSON writes items as a JSON array of texts and nulls.
func appendJSON(dst []byte, items *array.String, from, to int) []byte {
	dst = append(dst, '[')
	for i := from; i < to; i++ {
		if i > from {
			dst = append(dst, ',')
		}
		if items.IsNull(i) {
			dst = append(dst, "null"...)
			continue
		}
		dst = append(dst, '"')
		for _, c := range []byte(items.Value(i)) {
			switch {
			case c == '"' || c == '\\':
				dst = append(dst, '\\', c)
			case c < ' ':
				const hex = "0123456789abcdef"
				dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
			default:
				dst = append(dst, c)
			}
		}
		dst = append(dst, '"')
	}
	return append(dst, ']')
}
