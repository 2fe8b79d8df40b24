package pipelines

import (
	"bytes"
	"testing"
	"time"
)

// Of two runs that began in one second the names sort as they began, whatever was drawn.
func TestRunsOfOneSecondSort(t *testing.T) {
	began := time.Date(2026, 3, 1, 2, 0, 0, 0, time.UTC)
	name := func(at time.Time, drawn byte) string {
		r, err := newRun(t.Context(), &Project{State: t.TempDir()}, RunOptions{Now: func() time.Time { return at }, Rand: bytes.NewReader(bytes.Repeat([]byte{drawn}, 100))}, 1)
		if err != nil {
			t.Fatal(err)
		}
		defer r.close()
		return r.id
	}
	if first, second := name(began, 0xff), name(began.Add(time.Millisecond), 0); first >= second {
		t.Errorf("%s before %s", first, second)
	}
}
