package format

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"slices"
)

var (
	errManyMembers = errors.New("many")
	errNoMembers   = errors.New("none")
)

// checkZipDirectory follows the list of a zip archive's members, before all of it is
// held in memory: archive/zip reads what stands there, not what the end of the
// archive says of it (APPNOTE.TXT 6.3.8, 4.3.12 to 4.3.16).
func checkZipDirectory(f *randomFile, members int, size int64) error {
	const record, record64, locator, header = 22, 56, 20, 46
	tail := make([]byte, min(f.size, record+1<<16))
	at := f.size - int64(len(tail))
	if _, err := f.ReadAt(tail, at); err != nil && err != io.EOF {
		return err
	}
	i := bytes.LastIndex(tail, []byte("PK\x05\x06"))
	if i < 0 || i+record > len(tail) {
		return errNoMembers
	}
	end := at + int64(i)
	long, start := int64(binary.LittleEndian.Uint32(tail[i+12:])), int64(binary.LittleEndian.Uint32(tail[i+16:]))
	var b [record64]byte
	if n, _ := f.ReadAt(b[:locator], end-locator); n == locator && bytes.HasPrefix(b[:], []byte("PK\x06\x07")) {
		at := int64(binary.LittleEndian.Uint64(b[8:]))
		if n, _ := f.ReadAt(b[:], at); n == record64 && bytes.HasPrefix(b[:], []byte("PK\x06\x06")) {
			end, long, start = at, int64(binary.LittleEndian.Uint64(b[40:])), int64(binary.LittleEndian.Uint64(b[48:]))
		}
	}
	// The second one is the place where something stands before the archive.
	for _, from := range slices.Compact([]int64{start, end - long}) {
		if from < 0 || from >= f.size {
			continue
		}
		r := bufio.NewReaderSize(io.NewSectionReader(f, from, f.size-from), 1<<16)
		read := int64(0)
		for n := 0; ; n++ {
			head, err := r.Peek(header)
			if err != nil || !bytes.HasPrefix(head, []byte("PK\x01\x02")) {
				break
			}
			rest := header
			for _, at := range []int{28, 30, 32} {
				rest += int(binary.LittleEndian.Uint16(head[at:]))
			}
			if read += int64(rest); n >= members || read > size {
				return errManyMembers
			}
			if _, err := r.Discard(rest); err != nil {
				break
			}
		}
	}
	return nil
}
