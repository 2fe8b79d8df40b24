package cli

import (
	"testing"

	"golang.org/x/sys/unix"
)

// Invariant 6: neither a core file nor a program that collects cores gets the memory.
func TestNoCoreDump(t *testing.T) {
	noCoreDump()
	if dumpable, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0); err != nil || dumpable != 0 {
		t.Errorf("dumpable: %d, %v", dumpable, err)
	}
	var core unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_CORE, &core); err != nil || core.Cur != 0 || core.Max != 0 {
		t.Errorf("limit: %+v, %v", core, err)
	}
}
