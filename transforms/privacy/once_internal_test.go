package privacy

import (
	"errors"
	"runtime"
	"testing"
)

// A file is read once for all that use it at a time, whatever its name, again once it has
// other bytes, and what was wrong with it is told each time.
func TestAFileIsReadOnce(t *testing.T) {
	var o once[[]byte]
	reads := 0
	read := func(data []byte) (*[]byte, error) {
		reads++
		if len(data) == 0 {
			return nil, errors.New("empty")
		}
		return &data, nil
	}
	get := func(text string) *[]byte {
		t.Helper()
		got, err := o.of([]byte(text), read)
		if err != nil || string(*got) != text {
			t.Fatal(err)
		}
		return got
	}
	a, b := get("x"), get("x")
	if other := get("y"); a != b || other == a || reads != 2 {
		t.Errorf("%d readings of two files", reads)
	}
	for range 2 {
		if _, err := o.of(nil, read); err == nil {
			t.Error("a wrong file was taken")
		}
	}
	if reads != 4 {
		t.Errorf("%d readings", reads)
	}
	runtime.KeepAlive(a)
}
