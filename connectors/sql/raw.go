package sql

import (
	"database/sql/driver"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// rawRow is a rejected row as it stood, for the quarantine: a JSON object of the
// columns in their order, each value as text, null as null. value gives what
// stands for column i, and false for null.
func rawRow(found []resultColumn, value func(i int) (string, bool)) []byte {
	var b strings.Builder
	b.WriteByte('{')
	for i, c := range found {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(jsonText(c.name) + ":")
		if s, ok := value(i); ok {
			b.WriteString(jsonText(s))
		} else {
			b.WriteString("null")
		}
	}
	b.WriteByte('}')
	return []byte(b.String())
}

func jsonText(s string) string {
	if !utf8.ValidString(s) {
		s = `\x` + hex.EncodeToString([]byte(s))
	}
	b, err := json.Marshal(s)
	if err != nil {
		return `""`
	}
	return string(b)
}

func (s *sqliteSession) raw() []byte {
	return rawRow(s.found, func(i int) (string, bool) { return sqliteWords(s.values[i]) })
}

func sqliteWords(v driver.Value) (string, bool) {
	switch v := v.(type) {
	case nil:
		return "", false
	case []byte:
		return `\x` + hex.EncodeToString(v), true
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64), true
	}
	return fmt.Sprint(v), true
}

// postgresWords is a value as the server would write it, or its bytes in
// hexadecimal where that is of no use to a person.
func postgresWords(k pgKind, b []byte) string {
	switch {
	case k == pgText:
		return string(b)
	case k == pgJSONB && len(b) > 0:
		return string(b[1:])
	case k == pgNumeric && len(b) >= 8:
		return numericWords(b)
	case k == pgBool && len(b) == 1:
		return strconv.FormatBool(b[0] != 0)
	case k == pgOid && len(b) == 4:
		return strconv.FormatUint(uint64(binary.BigEndian.Uint32(b)), 10)
	case k == pgInt2 && len(b) == 2, k == pgInt4 && len(b) == 4, k == pgInt8 && len(b) == 8:
		v, _ := readInt64(b)
		return strconv.FormatInt(v, 10)
	case k == pgFloat4 && len(b) == 4, k == pgFloat8 && len(b) == 8:
		v, _ := readFloat(b)
		return strconv.FormatFloat(v, 'g', -1, 64)
	case k == pgDate && len(b) == 4:
		switch d := int32(binary.BigEndian.Uint32(b)); d {
		case math.MaxInt32:
			return "infinity"
		case math.MinInt32:
			return "-infinity"
		default:
			return time.Unix((int64(d)+epochDays)*86400, 0).UTC().Format(time.DateOnly)
		}
	case (k == pgTimestamp || k == pgTimestamptz) && len(b) == 8:
		switch us := int64(binary.BigEndian.Uint64(b)); us {
		case math.MaxInt64:
			return "infinity"
		case math.MinInt64:
			return "-infinity"
		default:
			return time.UnixMicro(us).UTC().AddDate(0, 0, epochDays).Format("2006-01-02 15:04:05.999999")
		}
	}
	return `\x` + hex.EncodeToString(b)
}

// numericWords writes a numeric with all its digits.
func numericWords(b []byte) string {
	n, weight := int(binary.BigEndian.Uint16(b)), int(int16(binary.BigEndian.Uint16(b[2:])))
	scale := int(binary.BigEndian.Uint16(b[6:]))
	switch binary.BigEndian.Uint16(b[4:]) {
	case 0xC000:
		return "NaN"
	case 0xD000:
		return "Infinity"
	case 0xF000:
		return "-Infinity"
	}
	if len(b) != 8+2*n {
		return `\x` + hex.EncodeToString(b)
	}
	sum, base := new(big.Rat), big.NewInt(10000)
	for i := range n {
		g := new(big.Rat).SetInt64(int64(group(b[8:], i)))
		p := new(big.Rat).SetInt(new(big.Int).Exp(base, big.NewInt(int64(max(weight-i, i-weight))), nil))
		if weight < i {
			p.Inv(p)
		}
		sum.Add(sum, g.Mul(g, p))
	}
	if binary.BigEndian.Uint16(b[4:]) == numericNegative {
		sum.Neg(sum)
	}
	return sum.FloatString(scale)
}
