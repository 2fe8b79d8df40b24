package sql

import (
	"database/sql/driver"
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/internal/scalar"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// sqliteValue reads what SQLite stored (int64, float64, string or []byte,
// whatever the column was declared as) into a cell, exactly or not at all.
type sqliteValue func(v driver.Value, c *cell)

// exactInt is up to where every whole number is a float64.
const exactInt = 1 << 53

// sqliteDecoder is how values are read as a type; not ok when there is no way.
func sqliteDecoder(want pipelines.ColumnType) (sqliteValue, bool) {
	wrong := storageReasons(want.Type)
	switch t := want.Type.(type) {
	case *arrow.StringType:
		return sqliteText(wrong), true
	case *arrow.Int64Type:
		return sqliteInt(math.MinInt64, math.MaxInt64, t, wrong), true
	case *arrow.Int32Type:
		return sqliteInt(math.MinInt32, math.MaxInt32, t, wrong), true
	case *arrow.Float64Type:
		return sqliteFloat(t, wrong), true
	case *arrow.Decimal128Type:
		return sqliteDecimal(t, wrong), true
	case *arrow.BooleanType:
		return sqliteBool(wrong), true
	case *arrow.BinaryType:
		return func(v driver.Value, c *cell) {
			b, ok := v.([]byte)
			if c.b = b; !ok {
				c.why = wrong(v)
			}
		}, true
	case *arrow.Date32Type:
		f, err := scalar.NewDateFormat(want.Format)
		return sqliteParsed(wrong, f.String(), "", func(b []byte, c *cell) (why *messages.Message) {
			var d arrow.Date32
			d, why = f.Parse(b)
			c.i = int64(d)
			return why
		}), err == nil
	case *arrow.TimestampType:
		f, err := scalar.NewInstantFormat(want.Format, want.Zone)
		return sqliteParsed(wrong, f.String(), want.Zone, func(b []byte, c *cell) (why *messages.Message) {
			var i arrow.Timestamp
			i, why = f.Parse(b)
			c.i = int64(i)
			return why
		}), err == nil
	}
	return nil, false
}

// storageReasons makes the reject of a value that is stored as another kind of
// thing than the type wants.
func storageReasons(t arrow.DataType) func(driver.Value) *messages.Error {
	name := pipelines.TypeName(t)
	integer := messages.WrongStorage.With("storage", "INTEGER", "type", name)
	real := messages.WrongStorage.With("storage", "REAL", "type", name)
	text := messages.WrongStorage.With("storage", "TEXT", "type", name)
	blob := messages.WrongStorage.With("storage", "BLOB", "type", name)
	return func(v driver.Value) *messages.Error {
		switch v.(type) {
		case int64:
			return integer
		case float64:
			return real
		case string:
			return text
		}
		return blob
	}
}

// sqliteText takes texts, and whole numbers, which have one way to be written.
func sqliteText(wrong func(driver.Value) *messages.Error) sqliteValue {
	return func(v driver.Value, c *cell) {
		switch v := v.(type) {
		case string:
			if c.b = append(c.b[:0], v...); !utf8.ValidString(v) {
				c.why = notUTF8
			}
		case int64:
			c.b = strconv.AppendInt(c.b[:0], v, 10)
		default:
			c.why = wrong(v)
		}
	}
}

func sqliteInt(low, high int64, t arrow.DataType, wrong func(driver.Value) *messages.Error) sqliteValue {
	tooLarge := messages.Overflow.With("type", pipelines.TypeName(t))
	inexact := messages.InexactNumber.With("type", pipelines.TypeName(t))
	return func(v driver.Value, c *cell) {
		switch v := v.(type) {
		case int64:
			c.i = v
		case float64:
			if v != math.Trunc(v) || math.Abs(v) > exactInt {
				c.why = inexact
				return
			}
			c.i = int64(v)
		case string:
			var why *messages.Message
			if c.i, why = scalar.Plain.ParseInt64([]byte(v)); why != nil {
				c.why = why.With("type", pipelines.TypeName(t))
				return
			}
		default:
			c.why = wrong(v)
			return
		}
		if c.i < low || c.i > high {
			c.why = tooLarge
		}
	}
}

func sqliteFloat(t arrow.DataType, wrong func(driver.Value) *messages.Error) sqliteValue {
	inexact := messages.InexactNumber.With("type", pipelines.TypeName(t))
	return func(v driver.Value, c *cell) {
		switch v := v.(type) {
		case float64:
			c.f = v
		case int64:
			if c.f = float64(v); v < -exactInt || v > exactInt {
				c.why = inexact
			}
		case string:
			var why *messages.Message
			if c.f, why = scalar.Plain.ParseFloat64([]byte(v)); why != nil {
				c.why = why.With("type", pipelines.TypeName(t))
			}
		default:
			c.why = wrong(v)
		}
	}
}

// maxDigits is how many digits of a decimal number surely survive in a float64.
const maxDigits = 15

// sqliteDecimal reads exact numbers. SQLite keeps the fractions of a DECIMAL
// column as binary ones: such a value is taken for the decimal number that was
// put in when that has at most 15 digits, which then is the only one it can be.
func sqliteDecimal(t *arrow.Decimal128Type, wrong func(driver.Value) *messages.Error) sqliteValue {
	name := pipelines.TypeName(t)
	inexact := messages.InexactNumber.With("type", name)
	var text []byte
	return func(v driver.Value, c *cell) {
		switch v := v.(type) {
		case int64:
			text = strconv.AppendInt(text[:0], v, 10)
		case float64:
			if math.IsInf(v, 0) || math.IsNaN(v) {
				c.why = notFinite
				return
			}
			if math.Abs(v) >= 1e15 {
				c.why = inexact
				return
			}
			text = strconv.AppendFloat(text[:0], v, 'f', -1, 64)
			if significant(text) > maxDigits {
				c.why = inexact
				return
			}
		case string:
			text = append(text[:0], v...)
		default:
			c.why = wrong(v)
			return
		}
		var why *messages.Message
		if c.d, why = scalar.Plain.ParseDecimal(text, t.Precision, t.Scale); why != nil {
			c.why = why.With("type", name)
		}
	}
}

// significant counts the digits of a number from the first that is not zero.
func significant(text []byte) int {
	n := 0
	for _, b := range text {
		if '0' <= b && b <= '9' && (n > 0 || b != '0') {
			n++
		}
	}
	return n
}

func sqliteBool(wrong func(driver.Value) *messages.Error) sqliteValue {
	bad := messages.BadBoolean.With()
	return func(v driver.Value, c *cell) {
		switch v := v.(type) {
		case int64:
			if c.i = v; v != 0 && v != 1 {
				c.why = bad
			}
		case string:
			b, why := scalar.ParseBool([]byte(v))
			if c.i = 0; b {
				c.i = 1
			}
			if why != nil {
				c.why = why.With()
			}
		default:
			c.why = wrong(v)
		}
	}
}

// sqliteParsed takes texts only: a number can be a date in several ways.
func sqliteParsed(wrong func(driver.Value) *messages.Error, format, zone string, parse func([]byte, *cell) *messages.Message) sqliteValue {
	var text []byte
	return func(v driver.Value, c *cell) {
		s, ok := v.(string)
		if !ok {
			c.why = wrong(v)
			return
		}
		text = append(text[:0], s...)
		if why := parse(text, c); why != nil {
			c.why = why.With("format", format, "zone", zone)
		}
	}
}
