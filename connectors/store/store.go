// Package store keeps bytes under keys: a local folder, an S3 bucket. It knows
// nothing of formats, rows or releases. Nothing written is visible before it is
// whole. One store is one file and one example.
package store

import (
	"context"
	"io"
	"time"
)

// Reader is a place that bytes are read from. Keys are slash-separated, relative,
// clean, and never leave the store's root. Methods may be called by several
// goroutines. Errors are messages: NotFound, NotAllowed, Unreachable,
// ConditionFailed, DiskFull …, with the remedy, never a credential and never a
// key, which may be the name of an input.
type Reader interface {
	// Describe names the store in messages and receipts: folder, or endpoint and bucket.
	Describe() string
	// Open reads the object. The caller closes it. A connection that breaks is
	// taken up where it broke only if the object is still the one that was opened.
	Open(ctx context.Context, key string) (io.ReadCloser, Info, error)
	// Stat describes the object, reading it only if it is small.
	Stat(ctx context.Context, key string) (Info, error)
	// List gives the objects whose key starts with prefix, in byte order of the
	// keys, without SHA256, and without Version where the listing does not tell
	// it. What the store keeps for itself is not listed. A store that is not there
	// itself is an error: FolderMissing, NoSuchBucket.
	List(ctx context.Context, prefix string) ([]Info, error)
}

// Store is a Reader that can be published into.
type Store interface {
	Reader
	// Put writes an object whole, over an older one if there is one; a reader
	// sees the old or the new one. c can be read again for a retry, also while an
	// earlier reader is open.
	Put(ctx context.Context, key string, c Content) (Info, error)
	// Swap writes a small object if the present one still is of version old ("" is:
	// there is none). Otherwise nothing is written and the error is
	// messages.ConditionFailed. Of concurrent swaps from one version exactly one wins.
	// ConditionFailed may also come after a write that did succeed, when its
	// answer was lost: who gets it reads again before giving up.
	Swap(ctx context.Context, key string, data []byte, old string) (Info, error)
	// Delete removes the object; one that is not there is no error.
	Delete(ctx context.Context, key string) error
	// Now is the store's clock, which grace periods are counted on.
	Now(ctx context.Context) (time.Time, error)
}

// Sweeper is the ability of a store to remove what unfinished writes left
// behind: temporary files, parts of uploads. prefix is empty or ends with a slash;
// only what is under it and
// older than before goes; the number of leftovers removed is returned.
type Sweeper interface {
	Sweep(ctx context.Context, prefix string, before time.Time) (int, error)
}

// Near is the ability of a store to say that it is of this machine: looking into
// it contacts nothing.
type Near interface{ Near() bool }

// Clock is the ability of a store to tell its own time, on which files are aged.
type Clock interface {
	Now(ctx context.Context) (time.Time, error)
}

// Info describes an object.
type Info struct {
	Key      string
	Size     int64     // -1 when the store does not tell it before the end
	SHA256   string    // lower-case hexadecimal; "" when the store does not know it
	Version  string    // opaque; changes when the bytes do
	Modified time.Time // zero when the store does not know it
}

// Content is bytes to be written.
type Content struct {
	Open   func() (io.ReadSeekCloser, error)
	Size   int64
	SHA256 string // lower-case hexadecimal
	Type   string // media type
}
