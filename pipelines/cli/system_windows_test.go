package cli

import (
	"testing"

	"golang.org/x/sys/windows"
)

// Invariant 6: no report of a crash is made, which would hold what is in memory.
func TestNoCoreDump(t *testing.T) {
	windows.SetErrorMode(0)
	noCoreDump()
	const wanted = windows.SEM_FAILCRITICALERRORS | windows.SEM_NOGPFAULTERRORBOX | windows.SEM_NOOPENFILEERRORBOX
	if mode := windows.SetErrorMode(wanted); mode != wanted {
		t.Errorf("error mode %#x, wanted %#x", mode, wanted)
	}
}
