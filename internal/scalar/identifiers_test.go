package scalar

import (
	"encoding/csv"
	"os"
	"strconv"
	"testing"
)

// The published test vectors of French identifiers.
func TestIdentifiers(t *testing.T) {
	const path = "../../../shared/data/privacy/french/identifiers.csv"
	f, err := os.Open(path)
	if err != nil {
		t.Skip("the shared test vectors are not here: ", err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	checks := map[string]func(string) bool{"nir": IsNIR, "iban": IsIBAN, "siren": IsSIREN, "siret": IsSIRET}
	checked := 0
	for _, r := range rows[1:] {
		check, ok := checks[r[0]]
		if !ok {
			continue
		}
		checked++
		if want, _ := strconv.ParseBool(r[2]); check(r[1]) != want {
			t.Errorf("%s %s: valid is %t, not %t", r[0], r[1], !want, want)
		}
	}
	if checked < 15 {
		t.Errorf("only %d vectors were checked", checked)
	}
}

// A change of any one digit, and of any two neighbours that differ, is found.
func TestKeysFindMistakes(t *testing.T) {
	for _, c := range []struct {
		valid string
		check func(string) bool
	}{
		{"732829320", IsSIREN}, {"73282932000074", IsSIRET}, {"255081416802538", IsNIR}, {"FR7630006000011234567890189", IsIBAN},
	} {
		if !c.check(c.valid) {
			t.Errorf("%s is refused", c.valid)
		}
		for i := range c.valid {
			for d := byte('0'); d <= '9'; d++ {
				wrong := []byte(c.valid)
				if wrong[i] == d || wrong[i] > '9' {
					continue
				}
				wrong[i] = d
				if c.check(string(wrong)) {
					t.Errorf("%s is accepted", wrong)
				}
			}
		}
		for _, bad := range []string{"", c.valid[1:], c.valid + "0", " " + c.valid, c.valid[:3] + " " + c.valid[4:], "é" + c.valid[2:]} {
			if c.check(bad) {
				t.Errorf("%q is accepted", bad)
			}
		}
	}
}
