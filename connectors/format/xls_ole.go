package format

import (
	"io"

	"github.com/richardlehane/mscfb"
)

// oleStream finds the first stream of one of the names in a compound file
// ([MS-CFB]), which old workbooks and encrypted ones are.
func oleStream(r io.ReaderAt, names ...string) (*mscfb.File, error) {
	f, err := mscfb.New(r)
	if err != nil {
		return nil, oleError(err)
	}
	for _, name := range names {
		for _, entry := range f.File {
			if entry.Name == name && len(entry.Path) == 0 {
				return entry, nil
			}
		}
	}
	return nil, bookWhy("a part is missing")
}

// oleError makes a reason of what the library says, which knows no other errors.
func oleError(error) error { return bookWhy("a part cannot be unpacked") }

// encryptedOLE says whether a compound file is an encrypted package ([MS-OFFCRYPTO]).
func encryptedOLE(r io.ReaderAt) bool {
	_, err := oleStream(r, "EncryptedPackage", "EncryptionInfo")
	return err == nil
}
