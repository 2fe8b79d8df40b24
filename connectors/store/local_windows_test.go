package store_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/windows"

	"github.com/lavoir-data/lavoir/connectors/store"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// hold opens a file as another program would, with what it lets others do
// meanwhile; let closes it.
func hold(t *testing.T, path string, share uint32) (let func()) {
	t.Helper()
	p, err := windows.UTF16PtrFromString(path)
	if err != nil {
		t.Fatal(err)
	}
	h, err := windows.CreateFile(p, windows.GENERIC_READ, share, nil, windows.OPEN_EXISTING, windows.FILE_ATTRIBUTE_NORMAL, 0)
	if err != nil {
		t.Fatal(err)
	}
	open := true
	let = func() {
		if open {
			open = false
			windows.CloseHandle(h)
		}
	}
	t.Cleanup(let)
	return let
}

const (
	shareNone    = 0
	shareRead    = windows.FILE_SHARE_READ // as a spreadsheet or a viewer opens a file
	shareReplace = windows.FILE_SHARE_READ | windows.FILE_SHARE_WRITE | windows.FILE_SHARE_DELETE
)

// What another program has open is waited for within a bound, then said; nothing
// of it is touched.
func TestAFileOpenElsewhere(t *testing.T) {
	dir, ctx := t.TempDir(), context.Background()
	s := openLocal(t, dir, "")
	path := filepath.Join(dir, "set", "current.json")
	old, err := s.Put(ctx, "set/current.json", store.Bytes([]byte("old"), ""))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		do   func() error
	}{
		{"replaced", func() error { _, err := s.Put(ctx, "set/current.json", store.Bytes([]byte("new"), "")); return err }},
		{"swapped", func() error { _, err := s.Swap(ctx, "set/current.json", []byte("new"), old.Version); return err }},
		{"removed", func() error { return s.Delete(ctx, "set/current.json") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			let := hold(t, path, shareRead)
			if err := c.do(); !messages.Has(err, messages.FileInUse) {
				t.Errorf("%v", err)
			}
			let()
			if data, err := os.ReadFile(path); err != nil || string(data) != "old" {
				t.Errorf("it holds %q: %v", data, err)
			}
		})
	}
	if left := files(t, dir); len(left) != 2 { // the file and the lock
		t.Errorf("left: %v", left)
	}
	t.Run("closed in time", func(t *testing.T) {
		time.AfterFunc(30*time.Millisecond, hold(t, path, shareRead))
		if _, err := s.Put(ctx, "set/current.json", store.Bytes([]byte("new"), "")); err != nil {
			t.Error(err)
		}
	})
	t.Run("read", func(t *testing.T) {
		let := hold(t, path, shareNone)
		if _, err := s.Stat(ctx, "set/current.json"); !messages.Has(err, messages.FileInUse) {
			t.Errorf("%v", err)
		}
		time.AfterFunc(30*time.Millisecond, let)
		if info, err := s.Stat(ctx, "set/current.json"); err != nil || info.Size != 3 {
			t.Errorf("%+v, %v", info, err)
		}
	})
}

// A reader that lets others replace the file keeps what it opened.
func TestAFileOpenToBeReplaced(t *testing.T) {
	if windows.NewLazySystemDLL("ntdll.dll").NewProc("wine_get_version").Find() == nil {
		t.Skip("Wine replaces no open file, Windows does from 10 and Server 2016")
	}
	dir, ctx := t.TempDir(), context.Background()
	s := openLocal(t, dir, "")
	if _, err := s.Put(ctx, "x.csv", store.Bytes([]byte("old"), "")); err != nil {
		t.Fatal(err)
	}
	hold(t, filepath.Join(dir, "x.csv"), shareReplace)
	if _, err := s.Put(ctx, "x.csv", store.Bytes([]byte("new"), "")); err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(filepath.Join(dir, "x.csv")); err != nil || string(data) != "new" {
		t.Errorf("it holds %q: %v", data, err)
	}
}
