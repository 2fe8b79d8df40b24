package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Examine looks at the folder: reach, rights, locks, disk, clock. What it
// writes to find out it removes again.
func (l *local) Examine(ctx context.Context) []pipelines.Finding {
	note := l.Describe()
	if _, err := os.Stat(l.root); errors.Is(err, fs.ErrNotExist) {
		// Else a folder of inputs whose name is misspelt would be there from now on.
		defer os.Remove(l.root)
		note = "not there yet; the first publication makes it"
	}
	found := []pipelines.Finding{finding("reach", l.reach(), note)}
	if !found[0].OK {
		return found
	}
	defer l.removeProbes()
	_, err := l.List(ctx, "")
	found = append(found, finding("rights to read", err, ""))
	if err = tryObject(ctx, l); err != nil {
		return append(found, finding("rights to write", err, ""))
	}
	found = append(found, finding("rights to write", nil, "this account can write and delete"),
		finding("conditional writes", l.tryLock(ctx), ""))
	if free, known := freeSpace(l.root); known {
		var err error
		if free < 1<<30 {
			err = messages.DiskFull.With("store", l.Describe())
		}
		found = append(found, finding("disk", err, fmt.Sprintf("%d GiB free", free>>30)))
	}
	return append(found, finding("clock", l.clock(ctx), ""))
}

func finding(check string, err error, note string) pipelines.Finding {
	return pipelines.Finding{Check: check, OK: err == nil, Err: err, Note: note}
}

func (l *local) reach() error {
	root, err := l.open(true)
	if err != nil {
		return err
	}
	return root.Close()
}

func (l *local) removeProbes() {
	if root, err := l.open(false); err == nil {
		root.RemoveAll(probeFolder)
		root.Close()
	}
}

func (l *local) tryLock(ctx context.Context) error {
	if l.single {
		return nil
	}
	return race(ctx, l, probeFolder+"/race.json")
}

// clock compares the time of a file just written with this machine's.
func (l *local) clock(ctx context.Context) error {
	const key = probeFolder + "/clock"
	info, err := l.Put(ctx, key, Bytes([]byte("?"), "text/plain"))
	if err != nil {
		return err
	}
	defer l.Delete(ctx, key)
	return skewed(l.Describe(), l.now(), info.Modified)
}
