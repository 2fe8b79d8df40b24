package scalar

import (
	"bytes"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Codes are the texts of one form that a column can be declared to hold. Their
// keys are not checked here: a code that is written as it should be is read as it
// stands, be it right or wrong.
var Codes = map[string]int{"siret": 14, "siren": 9, "insee": 5, "postcode": 5}

// CheckCode says why b is not written as a code of that kind is. What a
// spreadsheet does to codes is told by name: 8,03E+13, 21860194600000.0, and a
// zero in front that is gone.
func CheckCode(kind string, b []byte) *messages.Message {
	width := Codes[kind]
	digits := 0
	for _, c := range b {
		if isDigit(c) {
			digits++
		}
	}
	switch {
	case digits == len(b) && digits == width:
		return nil
	case kind == "insee" && len(b) == width && digits == width-1 && b[0] == '2' && (b[1] == 'A' || b[1] == 'B'):
		return nil
	case digits == len(b) && digits == width-1 && digits > 0, spreadsheetNumber(b):
		return messages.SpreadsheetCode
	}
	return messages.BadCode
}

// spreadsheetNumber says whether b is a number as spreadsheets write large ones.
func spreadsheetNumber(b []byte) bool {
	for _, f := range []NumberFormat{Plain, {Decimal: ','}} {
		if n, ok := f.scan(b); ok && (n.exp != nil || len(n.frac) > 0 && len(bytes.Trim(n.frac, "0")) == 0) {
			return true
		}
	}
	return false
}
