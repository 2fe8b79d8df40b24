package format

import (
	"bytes"
	"math"
	"strconv"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/decimal128"

	"github.com/lavoir-data/lavoir/internal/scalar"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// How cells that are no text become values of the declared types. What would
// lose something is refused.

// spreadsheetDigits are the digits that a spreadsheet promises of a number.
const spreadsheetDigits = 15

// longestNumber bounds a number written out: no type takes more digits.
const longestNumber = 400

// writtenOut is a number without its exponent, and without a fraction of zeros.
// ok is false where it would be longer than any type takes.
func writtenOut(b []byte) (plain []byte, ok bool) {
	if isWrittenOut(b) {
		return b, len(b) <= longestNumber
	}
	var digits []byte
	neg, point, i := false, -1, 0
	if i < len(b) && (b[i] == '-' || b[i] == '+') {
		neg = b[i] == '-'
		i++
	}
	for ; i < len(b) && b[i]|0x20 != 'e'; i++ {
		if b[i] == '.' {
			point = len(digits)
		} else {
			digits = append(digits, b[i])
		}
	}
	if point < 0 {
		point = len(digits)
	}
	if i < len(b) {
		exp, err := strconv.Atoi(string(b[i+1:]))
		if err != nil || exp > longestNumber || exp < -longestNumber {
			return nil, false
		}
		point += exp
	}
	for point < 1 {
		digits = append([]byte{'0'}, digits...)
		point++
	}
	for len(digits) < point {
		digits = append(digits, '0')
	}
	for len(digits) > point && digits[len(digits)-1] == '0' {
		digits = digits[:len(digits)-1]
	}
	if neg {
		plain = append(plain, '-')
	}
	plain = append(plain, digits[:point]...)
	if len(digits) > point {
		plain = append(append(plain, '.'), digits[point:]...)
	}
	return plain, len(plain) <= longestNumber
}

// isWrittenOut says whether a number is as writtenOut would have it: most are.
func isWrittenOut(b []byte) bool {
	if len(b) == 0 || b[0] == '+' || b[0] == '.' || bytes.HasPrefix(b, []byte("-.")) {
		return false
	}
	point := false
	for _, c := range b {
		point = point || c == '.'
		if c|0x20 == 'e' {
			return false
		}
	}
	return !point || b[len(b)-1] != '0' && b[len(b)-1] != '.'
}

func nativeInt64(kind cellKind, b []byte) (int64, *messages.Message) {
	if kind != cellNumber && kind != cellFloat {
		return 0, messages.BadInteger
	}
	if len(b) <= longestNumber { // most need not be written out
		if v, why := scalar.Plain.ParseInt64(b); why == nil {
			return v, nil
		}
	}
	plain, ok := writtenOut(b)
	if !ok {
		return 0, messages.Overflow
	}
	return scalar.Plain.ParseInt64(plain)
}

func nativeInt32(kind cellKind, b []byte) (int32, *messages.Message) {
	v, why := nativeInt64(kind, b)
	if why == nil && (v < math.MinInt32 || v > math.MaxInt32) {
		why = messages.Overflow
	}
	return int32(v), why
}

func nativeFloat64(kind cellKind, b []byte) (float64, *messages.Message) {
	if kind != cellNumber && kind != cellFloat {
		return 0, messages.BadNumber
	}
	return scalar.Plain.ParseFloat64(b)
}

// nativeDecimal gives binary numbers with more decimals than declared a second
// chance at fifteen digits: that is all a spreadsheet promises of a number
// ("Excel specifications and limits": number precision, 15 digits), and a sum of
// cents ends in 0.30000000000000004 there. Where fifteen digits do not reach beyond
// the declared decimals they would round what is no noise.
func nativeDecimal(kind cellKind, b []byte, precision, scale int32) (decimal128.Num, *messages.Message) {
	if kind != cellNumber && kind != cellFloat {
		return decimal128.Num{}, messages.BadDecimal
	}
	if len(b) <= longestNumber { // most need not be written out
		if v, why := scalar.Plain.ParseDecimal(b, precision, scale); why == nil {
			return v, nil
		}
	}
	plain, ok := writtenOut(b)
	if !ok {
		return decimal128.Num{}, messages.Overflow
	}
	v, why := scalar.Plain.ParseDecimal(plain, precision, scale)
	if why == messages.DecimalScale && kind == cellFloat {
		if f, err := strconv.ParseFloat(string(b), 64); err == nil {
			if plain, ok = writtenOut(strconv.AppendFloat(nil, f, 'e', spreadsheetDigits-1, 64)); ok && math.Abs(f) < math.Pow10(spreadsheetDigits-1-int(scale)) {
				v, why = scalar.Plain.ParseDecimal(plain, precision, scale)
			}
		}
	}
	return v, why
}

// serial is the day and the microsecond in it of a workbook's serial number.
// Day 60 of the calendar that starts in 1900 is 29 February 1900, which never
// was; before it, days count from 1899-12-31, after it from 1899-12-30
// (ECMA-376 part 1, 18.17.4.1). A clock time is known to the millisecond.
func (f *cellForm) serial(b []byte) (day arrow.Date32, micros int64, why *messages.Message) {
	const epoch1900, epoch1904 = -25569, -24107
	v, err := strconv.ParseFloat(string(b), 64)
	if err != nil || v < 0 || v > lastDay-epoch1900+1 {
		return 0, 0, messages.BadDate
	}
	whole := math.Floor(v)
	millis := math.Round((v - whole) * 86400e3)
	if millis == 86400e3 {
		whole, millis = whole+1, 0
	}
	switch {
	case f.date1904:
		whole += epoch1904
	case whole < 1:
		return 0, 0, messages.BadDate
	case whole == 60:
		return 0, 0, messages.NoSuchDay
	case whole < 60:
		whole += epoch1900 + 1
	default:
		whole += epoch1900
	}
	if whole > lastDay {
		return 0, 0, messages.BadDate
	}
	return arrow.Date32(whole), int64(millis) * 1000, nil
}

func (d *cellDecoder) nativeDate(kind cellKind, b []byte) (arrow.Date32, *messages.Message) {
	switch kind {
	case cellFloat:
		day, micros, why := d.form.serial(b)
		if why == nil && micros != 0 {
			why = messages.BadDate
		}
		return day, why
	case cellISO:
		if len(b) > 10 && midnight[string(b[10:])] {
			b = b[:10]
		}
		return scalar.DateFormat{}.Parse(b)
	}
	return 0, messages.BadDate
}

// midnight are the clock times that a day may come with.
var midnight = map[string]bool{"T00:00:00": true, "T00:00": true, "T00:00:00.000": true, " 00:00:00": true}

func (d *cellDecoder) nativeInstant(col *cellColumn, kind cellKind, b []byte) (arrow.Timestamp, *messages.Message) {
	switch kind {
	case cellFloat:
		day, micros, why := d.form.serial(b)
		if why != nil {
			return 0, messages.BadInstant
		}
		b = scalar.DateFormat{}.Append(nil, day)
		b = append(b, 'T')
		for _, part := range []struct{ unit, width int64 }{{3600e6, 2}, {60e6, 2}, {1e6, 2}} {
			b = appendWidth(b, micros/part.unit, int(part.width))
			b = append(b, ':')
			micros %= part.unit
		}
		b = appendWidth(append(b[:len(b)-1], '.'), micros, 6)
		return col.clock.Parse(b)
	case cellISO:
		if len(b) == 10 {
			b = append(append(make([]byte, 0, 19), b...), "T00:00:00"...)
		}
		return col.clock.Parse(b)
	}
	return 0, messages.BadInstant
}

func appendWidth(b []byte, v int64, width int) []byte {
	for s := strconv.FormatInt(v, 10); len(s) < width; width-- {
		b = append(b, '0')
	}
	return strconv.AppendInt(b, v, 10)
}

// nativeBool takes 1 and 0 for what a table of numbers says of yes and no.
func nativeBool(kind cellKind, b []byte) (bool, *messages.Message) {
	switch {
	case kind == cellBool:
		return string(b) == "true", nil
	case (kind == cellNumber || kind == cellFloat) && (string(b) == "1" || string(b) == "0"):
		return string(b) == "1", nil
	}
	return false, messages.BadBoolean
}

// nativeText refuses a binary number where text is declared: of a code written as
// a number the zeros in front are lost already.
func nativeText(col *cellColumn, kind cellKind) *messages.Message {
	switch {
	case kind == cellFault:
		return messages.CellFault
	case kind == cellFloat && col.declared:
		return messages.CellNumberNotText
	}
	return nil
}
