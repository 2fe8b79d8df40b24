package sql

import (
	"encoding/binary"
	"math"
	"time"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/decimal128"

	"github.com/lavoir-data/lavoir/internal/scalar"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

var (
	notFinite   = messages.NotFinite.With()
	endless     = messages.DayWithoutEnd.With()
	outOfYears  = messages.YearOutOfRange.With()
	notUTF8     = messages.NotUTF8.With()
	nestedList  = messages.NestedList.With()
	nullElement = messages.NullInList.With()
)

const (
	epochDays   = 10957 // from 1970-01-01 to 2000-01-01, PostgreSQL's first day
	epochMicros = epochDays * dayMicros
	firstDay    = -719162 // 0001-01-01
	lastDay     = 2932896 // 9999-12-31
	dayMicros   = 86400 * 1000000
)

// postgresColumn makes the column that reads a form as a type; not ok when there
// is none.
func postgresColumn(k pgKind, want pipelines.ColumnType) (column, bool) {
	whole := k == pgInt2 || k == pgInt4 || k == pgInt8
	switch t := want.Type.(type) {
	case *arrow.BooleanType:
		return &bools{}, k == pgBool
	case *arrow.Int32Type:
		return &fixed[int32]{typ: t, size: arrow.Int32SizeBytes, cast: arrow.Int32Traits.CastFromBytes, read: readInt32, all: allInt32}, k == pgInt2 || k == pgInt4
	case *arrow.Int64Type:
		c := &fixed[int64]{typ: t, size: arrow.Int64SizeBytes, cast: arrow.Int64Traits.CastFromBytes, read: readInt64, all: allInt64}
		if k == pgOid {
			c.read, c.all = readOid, nil
		}
		return c, whole || k == pgOid
	case *arrow.Float64Type:
		return &fixed[float64]{typ: t, size: arrow.Float64SizeBytes, cast: arrow.Float64Traits.CastFromBytes, read: readFloat, all: allFloat64}, k == pgFloat4 || k == pgFloat8
	case *arrow.Decimal128Type:
		c := &fixed[decimal128.Num]{typ: t, size: arrow.Decimal128SizeBytes, cast: arrow.Decimal128Traits.CastFromBytes}
		if whole {
			c.read = readIntDecimal(t)
		} else {
			r := newNumeric(t)
			c.read, c.all = r.read, r.all
		}
		return c, whole || k == pgNumeric
	case *arrow.StringType:
		return &texts{typ: t, kind: k}, k == pgText || k == pgUUID || k == pgJSONB
	case *arrow.BinaryType:
		return &texts{typ: t, kind: k}, k == pgBytea
	case *arrow.Date32Type:
		return &fixed[arrow.Date32]{typ: t, size: arrow.Date32SizeBytes, cast: arrow.Date32Traits.CastFromBytes, read: readDate, all: allDates}, k == pgDate && want.Format == ""
	case *arrow.TimestampType:
		c := &fixed[arrow.Timestamp]{typ: t, size: arrow.TimestampSizeBytes, cast: arrow.TimestampTraits.CastFromBytes, read: readInstant, all: allInstants}
		if k == pgTimestamp && want.Zone != "" && want.Format == "" {
			clock, err := newClock(want.Zone)
			if err != nil {
				return nil, false
			}
			c.read, c.all = clock.read, nil
			return c, true
		}
		return c, k == pgTimestamptz && want.Format == ""
	case *arrow.ListType:
		return &lists{elems: texts{typ: arrow.BinaryTypes.String, kind: pgText}}, k == pgTextArray
	}
	return nil, false
}

func readBool(b []byte) (bool, *messages.Error) {
	if len(b) != 1 {
		return false, malformed
	}
	return b[0] != 0, nil
}

func readInt32(b []byte) (int32, *messages.Error) {
	switch len(b) {
	case 2:
		return int32(int16(binary.BigEndian.Uint16(b))), nil
	case 4:
		return int32(binary.BigEndian.Uint32(b)), nil
	}
	return 0, malformed
}

func readInt64(b []byte) (int64, *messages.Error) {
	if len(b) == 8 {
		return int64(binary.BigEndian.Uint64(b)), nil
	}
	v, why := readInt32(b)
	return int64(v), why
}

func readOid(b []byte) (int64, *messages.Error) {
	if len(b) != 4 {
		return 0, malformed
	}
	return int64(binary.BigEndian.Uint32(b)), nil
}

func readIntDecimal(t *arrow.Decimal128Type) func([]byte) (decimal128.Num, *messages.Error) {
	tooLarge := messages.Overflow.With("type", pipelines.TypeName(t))
	limit := power10[t.Precision-t.Scale]
	return func(b []byte) (n decimal128.Num, why *messages.Error) {
		i, why := readInt64(b)
		if why != nil {
			return n, why
		}
		v := uint128{lo: uint64(i)}
		if i < 0 {
			v.lo = -v.lo
		}
		if !v.less(limit) {
			return n, tooLarge
		}
		for s := t.Scale; s > 0; s-- {
			v.mulAdd(10, 0)
		}
		return v.signed(i < 0), nil
	}
}

func readFloat(b []byte) (float64, *messages.Error) {
	switch len(b) {
	case 4:
		return float64(math.Float32frombits(binary.BigEndian.Uint32(b))), nil
	case 8:
		return math.Float64frombits(binary.BigEndian.Uint64(b)), nil
	}
	return 0, malformed
}

func readDate(b []byte) (arrow.Date32, *messages.Error) {
	if len(b) != 4 {
		return 0, malformed
	}
	switch d := int32(binary.BigEndian.Uint32(b)); {
	case d == math.MaxInt32 || d == math.MinInt32:
		return 0, endless
	case d < firstDay-epochDays || d > lastDay-epochDays:
		return 0, outOfYears
	default:
		return arrow.Date32(d + epochDays), nil
	}
}

func readInstant(b []byte) (arrow.Timestamp, *messages.Error) {
	if len(b) != 8 {
		return 0, malformed
	}
	switch us := int64(binary.BigEndian.Uint64(b)); {
	case us == math.MaxInt64 || us == math.MinInt64:
		return 0, endless
	case us < firstDay*dayMicros-epochMicros || us >= (lastDay+1)*dayMicros-epochMicros:
		return 0, outOfYears
	default:
		return arrow.Timestamp(us + epochMicros), nil
	}
}

// clock reads what a clock shows in a zone. The text form is what knows about
// hours that do not exist or exist twice; far from such hours the offset that
// was right for a value before is right without asking.
type clock struct {
	write, parse scalar.InstantFormat
	zone         *time.Location
	ambiguous    *messages.Error
	text         []byte

	offset   int64 // microseconds east of UTC
	from, to int64 // instants between which it alone can be meant
}

func newClock(zone string) (*clock, error) {
	const pattern = "YYYY-MM-DD HH:mm:ss.SSSSSS"
	write, err := scalar.NewInstantFormat(pattern, "UTC")
	if err != nil {
		return nil, err
	}
	parse, err := scalar.NewInstantFormat(pattern, zone)
	if err != nil {
		return nil, err
	}
	place, err := time.LoadLocation(zone)
	return &clock{write: write, parse: parse, zone: place, ambiguous: messages.AmbiguousInstant.With("zone", zone)}, err
}

func (c *clock) read(b []byte) (arrow.Timestamp, *messages.Error) {
	shown, why := readInstant(b)
	if why != nil {
		return 0, why
	}
	if t := int64(shown) - c.offset; c.from <= t && t < c.to {
		return arrow.Timestamp(t), nil
	}
	c.text = c.write.Append(c.text[:0], shown)
	t, m := c.parse.Parse(c.text)
	if m != nil {
		return 0, c.ambiguous
	}
	c.learn(int64(t))
	return t, nil
}

// learn keeps the offset at t, and where it can be relied on: two days, which is
// more than two offsets can differ by, away from where it changes and from where
// years end.
func (c *clock) learn(t int64) {
	const away = 2 * dayMicros
	at := time.UnixMicro(t).In(c.zone)
	_, seconds := at.Zone()
	c.offset = int64(seconds) * 1000000
	c.from, c.to = firstDay*dayMicros+away, lastDay*dayMicros-away
	start, end := at.ZoneBounds()
	if !start.IsZero() {
		c.from = max(c.from, start.UnixMicro()+away)
	}
	if !end.IsZero() {
		c.to = min(c.to, end.UnixMicro()-away)
	}
}

// What follows is putAll of the commonest forms: the same as read, without a call
// for each value. What has another length, or is out of bounds, is left to read.

func allInt32(c *fixed[int32], row int, sent []byte, places []place) bool {
	values := c.values[row:][:len(places)]
	for i, p := range places {
		if p.size == 4 {
			values[i] = int32(binary.BigEndian.Uint32(sent[p.at:]))
		} else if !c.one(row+i, sent, p) {
			return false
		}
	}
	return true
}

func allInt64(c *fixed[int64], row int, sent []byte, places []place) bool {
	values := c.values[row:][:len(places)]
	for i, p := range places {
		if p.size == 8 {
			values[i] = int64(binary.BigEndian.Uint64(sent[p.at:]))
		} else if !c.one(row+i, sent, p) {
			return false
		}
	}
	return true
}

func allFloat64(c *fixed[float64], row int, sent []byte, places []place) bool {
	values := c.values[row:][:len(places)]
	for i, p := range places {
		if p.size == 8 {
			values[i] = math.Float64frombits(binary.BigEndian.Uint64(sent[p.at:]))
		} else if !c.one(row+i, sent, p) {
			return false
		}
	}
	return true
}

func allDates(c *fixed[arrow.Date32], row int, sent []byte, places []place) bool {
	values := c.values[row:][:len(places)]
	for i, p := range places {
		if p.size == 4 {
			if d := int32(binary.BigEndian.Uint32(sent[p.at:])); firstDay-epochDays <= d && d <= lastDay-epochDays {
				values[i] = arrow.Date32(d + epochDays)
				continue
			}
		}
		if !c.one(row+i, sent, p) {
			return false
		}
	}
	return true
}

func allInstants(c *fixed[arrow.Timestamp], row int, sent []byte, places []place) bool {
	values := c.values[row:][:len(places)]
	for i, p := range places {
		if p.size == 8 {
			if us := int64(binary.BigEndian.Uint64(sent[p.at:])); firstDay*dayMicros-epochMicros <= us && us < (lastDay+1)*dayMicros-epochMicros {
				values[i] = arrow.Timestamp(us + epochMicros)
				continue
			}
		}
		if !c.one(row+i, sent, p) {
			return false
		}
	}
	return true
}
