package hclfile

import "testing"

// A pattern closes a column only when no name, address or number of a person passes
// through it.
func TestPatternsThatTakeNames(t *testing.T) {
	for pattern, takes := range map[string]bool{
		`^\d{14}$`: false, `[0-9]{5}`: false, `^(2[AB]|[0-9]{2})[0-9]{3}$`: false, `oui|non`: false, `^[A-Z]{2}-[0-9]+$`: false,
		`.*`: true, `^.+$`: true, `[A-Z]+`: true, `^[a-z]*$`: true, `^[^;]{1,256}$`: true, `^[0-9 ]+$`: true, `^\+?[0-9]+$`: true, `^\S+@\S+$`: true,
		`(?=.)x`: true, `[`: true, `^(?!x)[0-9]+$`: true,
	} {
		if takesNames(pattern) != takes {
			t.Errorf("%s: takes names is %t", pattern, !takes)
		}
	}
}
