package sql

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"math"
	"unicode/utf8"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/decimal128"

	"github.com/lavoir-data/lavoir/internal/scalar"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// decoder reads one value in PostgreSQL's binary form into a cell. A value that
// cannot be read exactly is the cell's reason; an error means that the bytes do
// not have the form at all.
type decoder func(b []byte, c *cell) error

var (
	errShape    = errors.New("value of an unexpected length")
	notFinite   = messages.NotFinite.With()
	endless     = messages.DayWithoutEnd.With()
	outOfYears  = messages.YearOutOfRange.With()
	notUTF8     = messages.NotUTF8.With()
	nestedList  = messages.NestedList.With()
	nullElement = messages.NullInList.With()
)

const (
	epochDays   = 10957 // from 1970-01-01 to 2000-01-01, PostgreSQL's first day
	epochMicros = epochDays * 86400 * 1000000
	firstDay    = -719162 // 0001-01-01
	lastDay     = 2932896 // 9999-12-31
	dayMicros   = 86400 * 1000000
)

// postgresDecoder is how a form is read as a type; not ok when it cannot be.
func postgresDecoder(k pgKind, want pipelines.ColumnType) (decoder, bool) {
	switch t := want.Type.(type) {
	case *arrow.BooleanType:
		return decodeBool, k == pgBool
	case *arrow.Int32Type:
		return decodeInt, k == pgInt2 || k == pgInt4
	case *arrow.Int64Type:
		if k == pgOid {
			return decodeOid, true
		}
		return decodeInt, k == pgInt2 || k == pgInt4 || k == pgInt8
	case *arrow.Float64Type:
		return decodeFloat, k == pgFloat4 || k == pgFloat8
	case *arrow.Decimal128Type:
		if k == pgInt2 || k == pgInt4 || k == pgInt8 {
			return decodeIntDecimal(t), true
		}
		return decodeNumeric(t), k == pgNumeric
	case *arrow.StringType:
		switch k {
		case pgUUID:
			return decodeUUID(), true
		case pgJSONB:
			return decodeJSONB, true
		}
		return decodeText, k == pgText
	case *arrow.BinaryType:
		return decodeBytes, k == pgBytea
	case *arrow.Date32Type:
		return decodeDate, k == pgDate && want.Format == ""
	case *arrow.TimestampType:
		if k == pgTimestamp && want.Zone != "" && want.Format == "" {
			d, err := decodeClock(want.Zone)
			return d, err == nil
		}
		return decodeInstant, k == pgTimestamptz && want.Format == ""
	case *arrow.ListType:
		return decodeTexts, k == pgTextArray
	}
	return nil, false
}

func decodeBool(b []byte, c *cell) error {
	if len(b) != 1 {
		return errShape
	}
	c.i = int64(b[0])
	return nil
}

func decodeInt(b []byte, c *cell) error {
	switch len(b) {
	case 2:
		c.i = int64(int16(binary.BigEndian.Uint16(b)))
	case 4:
		c.i = int64(int32(binary.BigEndian.Uint32(b)))
	case 8:
		c.i = int64(binary.BigEndian.Uint64(b))
	default:
		return errShape
	}
	return nil
}

func decodeOid(b []byte, c *cell) error {
	if len(b) != 4 {
		return errShape
	}
	c.i = int64(binary.BigEndian.Uint32(b))
	return nil
}

func decodeIntDecimal(t *arrow.Decimal128Type) decoder {
	tooLarge := messages.Overflow.With("type", pipelines.TypeName(t))
	limit := power10[t.Precision-t.Scale]
	return func(b []byte, c *cell) error {
		if err := decodeInt(b, c); err != nil {
			return err
		}
		v := uint128{lo: uint64(c.i)}
		if c.i < 0 {
			v.lo = -v.lo
		}
		if !v.less(limit) {
			c.why = tooLarge
			return nil
		}
		for s := t.Scale; s > 0; s-- {
			v.mulAdd(10, 0)
		}
		c.d = decimal128.New(int64(v.hi), v.lo)
		if c.i < 0 {
			c.d = c.d.Negate()
		}
		return nil
	}
}

func decodeFloat(b []byte, c *cell) error {
	switch len(b) {
	case 4:
		c.f = float64(math.Float32frombits(binary.BigEndian.Uint32(b)))
	case 8:
		c.f = math.Float64frombits(binary.BigEndian.Uint64(b))
	default:
		return errShape
	}
	return nil
}

func decodeText(b []byte, c *cell) error {
	c.b = b
	if !utf8.Valid(b) {
		c.why = notUTF8
	}
	return nil
}

func decodeBytes(b []byte, c *cell) error {
	c.b = b
	return nil
}

func decodeJSONB(b []byte, c *cell) error {
	if len(b) == 0 || b[0] != 1 {
		return errShape
	}
	return decodeText(b[1:], c)
}

func decodeUUID() decoder {
	var text [36]byte
	return func(b []byte, c *cell) error {
		if len(b) != 16 {
			return errShape
		}
		at := 0
		for _, part := range [][]byte{b[:4], b[4:6], b[6:8], b[8:10], b[10:]} {
			if at > 0 {
				text[at] = '-'
				at++
			}
			at += hex.Encode(text[at:], part)
		}
		c.b = text[:]
		return nil
	}
}

func decodeDate(b []byte, c *cell) error {
	if len(b) != 4 {
		return errShape
	}
	switch d := int32(binary.BigEndian.Uint32(b)); {
	case d == math.MaxInt32 || d == math.MinInt32:
		c.why = endless
	case d < firstDay-epochDays || d > lastDay-epochDays:
		c.why = outOfYears
	default:
		c.i = int64(d) + epochDays
	}
	return nil
}

func decodeInstant(b []byte, c *cell) error {
	if len(b) != 8 {
		return errShape
	}
	switch us := int64(binary.BigEndian.Uint64(b)); {
	case us == math.MaxInt64 || us == math.MinInt64:
		c.why = endless
	case us < firstDay*dayMicros-epochMicros || us >= (lastDay+1)*dayMicros-epochMicros:
		c.why = outOfYears
	default:
		c.i = us + epochMicros
	}
	return nil
}

// decodeClock reads what a clock shows in a zone. The text form in between is
// what knows about hours that do not exist or exist twice.
func decodeClock(zone string) (decoder, error) {
	const pattern = "YYYY-MM-DD HH:mm:ss.SSSSSS"
	write, err := scalar.NewInstantFormat(pattern, "UTC")
	if err != nil {
		return nil, err
	}
	read, err := scalar.NewInstantFormat(pattern, zone)
	if err != nil {
		return nil, err
	}
	why := messages.AmbiguousInstant.With("zone", zone)
	var text []byte
	return func(b []byte, c *cell) error {
		if err := decodeInstant(b, c); err != nil || c.why != nil {
			return err
		}
		text = write.Append(text[:0], arrow.Timestamp(c.i))
		t, m := read.Parse(text)
		if m != nil {
			c.why = why
		}
		c.i = int64(t)
		return nil
	}, nil
}

// decodeTexts reads an array of texts (array_send in arrayfuncs.c). A null among
// them is refused: a stream's lists hold texts, and it must not become an empty one.
func decodeTexts(b []byte, c *cell) error {
	if len(b) < 12 {
		return errShape
	}
	c.list = c.list[:0]
	dims := binary.BigEndian.Uint32(b)
	b = b[12:]
	if dims == 0 {
		return nil
	}
	if dims > 1 {
		c.why = nestedList
		return nil
	}
	if len(b) < 8 {
		return errShape
	}
	n := int(binary.BigEndian.Uint32(b))
	b = b[8:]
	for ; n > 0; n-- {
		if len(b) < 4 {
			return errShape
		}
		size := int(int32(binary.BigEndian.Uint32(b)))
		b = b[4:]
		if size < 0 {
			c.why = nullElement
			return nil
		}
		if len(b) < size {
			return errShape
		}
		if !utf8.Valid(b[:size]) {
			c.why = notUTF8
		}
		c.list = append(c.list, b[:size:size])
		b = b[size:]
	}
	return nil
}
