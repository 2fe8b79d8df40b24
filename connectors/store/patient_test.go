package store

import (
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// A server that says nothing is waited for a minute; that nobody asks it anything in
// the meantime is no fault of its.
func TestPatienceCountsWhatIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		here, there := net.Pipe()
		p := newPatient(here)
		defer p.Close()
		defer there.Close()
		say := func(text string) {
			if _, err := io.WriteString(there, text); err != nil {
				t.Error(err)
			}
		}
		var b [8]byte
		for range 3 {
			go say("well")
			if n, err := p.Read(b[:]); n != 4 || err != nil {
				t.Fatalf("%d bytes, %v", n, err)
			}
			time.Sleep(10 * idlePatience) // whoever reads has other things to do
		}
		began := time.Now()
		_, err := p.Read(b[:])
		var late net.Error
		if e, ok := err.(net.Error); ok {
			late = e
		}
		if late == nil || !late.Timeout() || time.Since(began) != idlePatience {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
	})
}
