//go:build unix

package main

import (
	"fmt"
	"os/exec"
	"syscall"
	"testing"
)

// TestNoCoreDump: a crash leaves no core file, though the account allows itself as large
// a one as it may, and the runtime is told to make it (invariant 6).
func TestNoCoreDump(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("there is no shell to allow core files")
	}
	p := newProject(t, folder())
	p.input(t, 1, 50)
	cmd, out, errOut := p.command("sh", "-c", `ulimit -c "$(ulimit -Hc)" && exec lavoir-killed run`)
	cmd.Env = append(cmd.Env, "GOTRACEBACK=crash", "LAVOIR_TEST_AT=3", fmt.Sprintf("LAVOIR_TEST_SIGNAL=%d", syscall.SIGABRT))
	r := ended(t, cmd.Run(), out, errOut)
	status := cmd.ProcessState.Sys().(syscall.WaitStatus)
	if !status.Signaled() || status.Signal() != syscall.SIGABRT {
		t.Fatalf("it did not crash: %v", r)
	}
	if status.CoreDump() {
		t.Error("its memory was written down")
	}
}
