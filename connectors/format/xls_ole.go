package format

import (
	"io"
	"math"

	"github.com/richardlehane/mscfb"
)

// oleStream finds the first stream of one of the names in a compound file
// ([MS-CFB]), which old workbooks and encrypted ones are.
func oleStream(r io.ReaderAt, names ...string) (*mscfb.File, error) {
	bounded := &boundedAt{ReaderAt: r, left: oleDirectory}
	f, err := mscfb.New(bounded)
	if err != nil {
		return nil, oleError(err)
	}
	bounded.left = math.MaxInt64
	for _, name := range names {
		for _, entry := range f.File {
			if entry.Name == name && len(entry.Path) == 0 {
				return entry, nil
			}
		}
	}
	return nil, bookWhy("a part is missing")
}

// oleDirectory is how many bytes of a compound file may be read to find its streams:
// four thousand of them, where a workbook has ten. The library keeps a path for each.
const oleDirectory = 512 << 10

// boundedAt reads no more than some bytes.
type boundedAt struct {
	io.ReaderAt
	left int64
}

func (b *boundedAt) ReadAt(p []byte, off int64) (int, error) {
	if b.left -= int64(len(p)); b.left < 0 {
		return 0, io.ErrShortBuffer
	}
	return b.ReaderAt.ReadAt(p, off)
}

// oleError makes a reason of what the library says, which knows no other errors.
func oleError(error) error { return bookWhy("a part cannot be unpacked") }

// encryptedOLE says whether a compound file is an encrypted package ([MS-OFFCRYPTO]).
func encryptedOLE(r io.ReaderAt) bool {
	_, err := oleStream(r, "EncryptedPackage", "EncryptionInfo")
	return err == nil
}
