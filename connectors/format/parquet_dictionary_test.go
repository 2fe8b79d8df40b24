package format

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

// Texts of any length that differ in one place are told apart, and equal ones have one hash.
func TestEqualTexts(t *testing.T) {
	var d dictionary
	d.start(2)
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "text")
		y := bytes.Clone(x)
		if !equalTexts(x, y) || d.hash(x) != d.hash(y) {
			t.Fatalf("%x is not itself", x)
		}
		if equalTexts(x, append(y, 0)) {
			t.Fatalf("%x is itself and a zero", x)
		}
		for i := range y {
			y[i] ^= 1
			if equalTexts(x, y) {
				t.Fatalf("%x is %x", x, y)
			}
			y[i] ^= 1
		}
	})
}
