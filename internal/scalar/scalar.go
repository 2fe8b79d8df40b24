// Package scalar turns text into exact values and back: the one place where
// numbers, dates and instants are read and written, for codecs, casts and
// expressions alike. Nothing is guessed: what is not exactly in the declared
// form is refused with a reason.
package scalar

import (
	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/decimal128"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// NumberFormat says how numbers are written.
type NumberFormat struct {
	Decimal   byte   // '.' or ','
	Thousands string // "" for none; " " also stands for NBSP (U+00A0) and narrow NBSP (U+202F); "." ; ","
}

// Plain is 1234.5; French is 1 234,5.
var (
	Plain  = NumberFormat{Decimal: '.'}
	French = NumberFormat{Decimal: ',', Thousands: " "}
)

// ParseInt64 reads a whole number: an optional sign and digits, with the
// thousands separator only where one belongs. A nil reason is success.
func (f NumberFormat) ParseInt64(b []byte) (int64, *messages.Message) { panic("scalar") }

// ParseFloat64 reads a number, exponent allowed, no NaN, no infinity.
func (f NumberFormat) ParseFloat64(b []byte) (float64, *messages.Message) { panic("scalar") }

// ParseDecimal reads an exact number; digits beyond scale are refused unless they are zeros.
func (f NumberFormat) ParseDecimal(b []byte, precision, scale int32) (decimal128.Num, *messages.Message) {
	panic("scalar")
}

// DateFormat is a compiled pattern: YYYY MM DD (also JJ, AAAA), M and D without
// leading zero, any other character as it is. "" is YYYY-MM-DD.
type DateFormat struct{ pattern string }

// NewDateFormat compiles a pattern.
func NewDateFormat(pattern string) (DateFormat, error) { panic("scalar") }

// Parse reads a day; month lengths and leap years are checked.
func (f DateFormat) Parse(b []byte) (arrow.Date32, *messages.Message) { panic("scalar") }

// Append writes a day.
func (f DateFormat) Append(dst []byte, d arrow.Date32) []byte { panic("scalar") }

// InstantFormat is a compiled pattern: a DateFormat's, and HH mm ss, SSS or
// SSSSSS fractions, Z for an offset (Z, +02:00, +0200). "" is ISO 8601 / RFC 3339.
type InstantFormat struct{ pattern, zone string }

// NewInstantFormat compiles a pattern; zone is the IANA zone of clock times
// without offset, "" when the text must carry one.
func NewInstantFormat(pattern, zone string) (InstantFormat, error) { panic("scalar") }

// Parse reads an instant as microseconds since 1970 UTC. A clock time that a
// change of summer time skips or repeats is refused.
func (f InstantFormat) Parse(b []byte) (arrow.Timestamp, *messages.Message) { panic("scalar") }

// Append writes an instant.
func (f InstantFormat) Append(dst []byte, t arrow.Timestamp) []byte { panic("scalar") }

// ParseBool reads true, false, 1, 0, vrai, faux, oui, non (any case).
func ParseBool(b []byte) (bool, *messages.Message) { panic("scalar") }

// AppendDecimal writes a decimal with exactly scale decimals.
func AppendDecimal(dst []byte, n decimal128.Num, scale int32, decimal byte) []byte { panic("scalar") }

// AppendFloat64 writes the shortest text that reads back as the same number.
func AppendFloat64(dst []byte, f float64) []byte { panic("scalar") }
