package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

func TestErrorsOfTheSystemAreMessages(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has other error numbers")
	}
	l := &local{root: "publication"}
	at := func(err error) error { return &fs.PathError{Op: "write", Path: "canary.csv", Err: err} }
	for _, c := range []struct {
		err  error
		want *messages.Message
	}{
		{at(fs.ErrNotExist), messages.NotFound},
		{at(fs.ErrPermission), messages.NotAllowed},
		{at(syscall.ENOSPC), messages.DiskFull},
		{&os.LinkError{Op: "rename", Old: "canary", New: "canary", Err: syscall.ENOSPC}, messages.DiskFull},
		{fmt.Errorf("write file: %w", at(syscall.EIO)), messages.StoreFailed},
		{messages.UploadDiffers.With("store", "x", "file", "y"), messages.UploadDiffers},
	} {
		got := l.fail("write", c.err)
		if !messages.Has(got, c.want) || strings.Contains(got.Error(), "canary") {
			t.Errorf("%v became %v", c.err, got)
		}
		if errors.Is(c.err, fs.ErrNotExist) || errors.Is(c.err, fs.ErrPermission) {
			continue
		}
		if got := Temporary(c.err); messages.Find(got) == nil || strings.Contains(got.Error(), "canary.csv") {
			t.Errorf("in the temporary folder %v became %v", c.err, got)
		}
	}
	if got := l.fail("write", context.Canceled); !errors.Is(got, context.Canceled) {
		t.Error(got)
	}
	if Temporary(nil) != nil {
		t.Error("nothing became something")
	}
}

// One that never gives a version of what changed would let an older pointer win.
func TestLocalVersionFollowsBytes(t *testing.T) {
	l := &local{root: t.TempDir()}
	ctx := context.Background()
	seen := map[string]int{}
	for i := range 50 {
		// Same size, written within one tick of the file system's clock.
		info, err := l.Put(ctx, "x", Bytes([]byte{byte(i)}, ""))
		if err != nil {
			t.Fatal(err)
		}
		seen[info.Version]++
	}
	if len(seen) != 50 {
		t.Errorf("%d versions of 50 contents", len(seen))
	}
}
