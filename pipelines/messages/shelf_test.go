package messages

import (
	"errors"
	"testing"
)

// What comes back from a shelf says the same in both languages, also a message
// that is not in the catalogue, one within another, and a cause.
func TestShelf(t *testing.T) {
	own := &Message{Code: "OWN-1", Class: Row, EN: Text{"{n} of {why}", "do {what}"}, FR: Text{"{n} sur {why}", "faites {what}"}}
	var s Shelf
	put := []*Error{
		BadInteger.With(),
		own.With("n", 7, "why", LetterForDigit.With(), "what", "did you mean csv?"),
		CSVRagged.With("got", 3, "wanted", "2"),
		own.Wrap(errors.New("cause"), "n", int64(1)),
		BadInteger.With(),
	}
	var texts [][]byte
	for _, e := range put {
		texts = append(texts, s.Put(e))
	}
	if len(s.met) != 4 {
		t.Errorf("%d messages were remembered, want 4", len(s.met))
	}
	for i, want := range put {
		got, err := s.Get(texts[i])
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range []Lang{English, French} {
			if got.What(l) != want.What(l) || got.Remedy(l) != want.Remedy(l) {
				t.Errorf("%q / %q came back as %q / %q", want.What(l), want.Remedy(l), got.What(l), got.Remedy(l))
			}
		}
		if got.Message != want.Message || got.Error() != want.Error() {
			t.Errorf("%v came back as %v", want, got)
		}
	}
	if _, err := s.Get([]byte("{")); err == nil {
		t.Error("what is no kept message was taken for one")
	}
}
