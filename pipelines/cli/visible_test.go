package cli

import (
	"strings"
	"testing"
)

// A program that is not read on a terminal gets no colour either: what looks
// like one came with a name.
func TestOutputsAreVisible(t *testing.T) {
	var b strings.Builder
	n, err := visible{&b}.Write([]byte("é\tœ\n\x1b[31mrouge\x1b[0m \x1b]0;titre\x07 \u202e\r\n"))
	if err != nil || n != len("é\tœ\n\x1b[31mrouge\x1b[0m \x1b]0;titre\x07 \u202e\r\n") {
		t.Errorf("%d, %v", n, err)
	}
	if want := "é\tœ\n\\u001b[31mrouge\\u001b[0m \\u001b]0;titre\\u0007 \\u202e\\u000d\n"; b.String() != want {
		t.Errorf("got  %q\nwant %q", b.String(), want)
	}
}
