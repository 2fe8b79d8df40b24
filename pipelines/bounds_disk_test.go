package pipelines

import (
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
)

// Spools that are thrown away while the disk of a task is counted are no failure of
// the disk; what stays counts, and a folder that is not there is told.
func TestDiskIsCountedWhileSpoolsComeAndGo(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "spool"), make([]byte, 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	var going sync.WaitGroup
	going.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			folder := filepath.Join(dir, "task-"+strconv.Itoa(i%7))
			if err := os.MkdirAll(folder, 0o700); err != nil {
				t.Error(err)
				return
			}
			if err := os.WriteFile(filepath.Join(folder, "spool-"+strconv.Itoa(i)), nil, 0o600); err != nil {
				t.Error(err)
				return
			}
			if err := os.RemoveAll(folder); err != nil {
				t.Error(err)
				return
			}
		}
	})
	for range 3000 {
		if err := keepDisk(dir, 1000); err != nil {
			t.Error(err)
			break
		}
	}
	close(stop)
	going.Wait()
	if err := keepDisk(dir, 999); err == nil {
		t.Error("1000 bytes are within a bound of 999")
	}
	if err := keepDisk(filepath.Join(dir, "gone"), 1000); err == nil {
		t.Error("a folder that is not there is within its bound")
	}
}
