package scalar

import (
	"testing"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

func TestCodesAreToldFromWhatSpreadsheetsMakeOfThem(t *testing.T) {
	for _, c := range []struct {
		kind, text string
		want       *messages.Message
	}{
		{"siret", "21860194600000", nil},
		{"siret", "00012345600017", nil},
		{"siret", "8,03E+13", messages.SpreadsheetCode},
		{"siret", "2.186E+13", messages.SpreadsheetCode},
		{"siret", "21860194600000.0", messages.SpreadsheetCode},
		{"siret", "21860194600000,00", messages.SpreadsheetCode},
		{"siret", "0012345600017", messages.SpreadsheetCode},
		{"siret", "218 601 946 00000", messages.BadCode},
		{"siret", "2186019460000A", messages.BadCode},
		{"siret", "1.5", messages.BadCode},
		{"insee", "2A004", nil},
		{"insee", "2C004", messages.BadCode},
		{"insee", "1004", messages.SpreadsheetCode},
		{"postcode", "01000", nil},
		{"postcode", "1000", messages.SpreadsheetCode},
		{"siren", "", messages.BadCode},
	} {
		if got := CheckCode(c.kind, []byte(c.text)); got != c.want {
			t.Errorf("%s %q: %v", c.kind, c.text, got)
		}
	}
}

func TestFoldedNames(t *testing.T) {
	for a, b := range map[string]string{"Montant T.T.C. (€)": "MONTANT_TTC", "Œuvre n°2": "oeuvre n 2", " a\u00a0b ": "A-B"} {
		if Fold(a) != Fold(b) {
			t.Errorf("%q folds to %q, %q to %q", a, Fold(a), b, Fold(b))
		}
	}
}
