package arrowx

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"slices"
)

// sealedFile is a temporary file of encrypted frames. It is written at its end
// and read anywhere; its key is drawn for it and never leaves memory.
type sealedFile struct {
	spool *Spool
	file  *os.File
	out   io.Writer // the file, or what gathers small frames for it
	aead  cipher.AEAD
	size  int64 // bytes given to out
	buf   []byte
}

func (s *Spool) create() (*sealedFile, error) {
	key := make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		return nil, fmt.Errorf("draw spool key: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	file, err := os.CreateTemp(s.Dir, "spool-*")
	if err != nil {
		return nil, fmt.Errorf("create spool: %w", err)
	}
	return &sealedFile{spool: s, file: file, out: file, aead: aead}, nil
}

// Close removes the file. It is legal at any time and more than once.
func (f *sealedFile) Close() error {
	if f.file == nil {
		return nil
	}
	f.spool.used.Add(-f.size)
	name := f.file.Name()
	err := f.file.Close()
	if e := os.Remove(name); err == nil {
		err = e
	}
	f.file = nil
	return err
}

// A frame is a head and ciphertext. The head is the length of the ciphertext (4
// bytes, big endian) and where the frame before it of the same sequence stands
// (8 bytes, one more than its place in the file; 0: it is the first). The nonce
// is the frame's own place, and the sequence is authenticated: frames can be
// neither moved, exchanged nor linked in another way.
const frameHead = 12

type frameLink struct {
	sequence uint32
	before   int64
}

// frameRoom is what a frame has besides the plain text.
const frameRoom = frameHead + gcmTag

const gcmTag = 16

// append writes a frame and gives its place.
func (f *sealedFile) append(plain []byte, link frameLink) (int64, error) {
	f.buf = slices.Grow(f.buf[:0], len(plain)+frameRoom)[:frameHead]
	return f.put(f.aead.Seal(f.buf, nonce(f.size), plain, link.text()), link)
}

// appendInPlace is append of what stands after the head in frame, which has room for the
// rest and is overwritten.
func (f *sealedFile) appendInPlace(frame []byte, link frameLink) (int64, error) {
	return f.put(f.aead.Seal(frame[:frameHead], nonce(f.size), frame[frameHead:], link.text()), link)
}

// put writes a frame that lacks nothing but its head.
func (f *sealedFile) put(frame []byte, link frameLink) (int64, error) {
	at, n := f.size, int64(len(frame))
	binary.BigEndian.PutUint32(frame, uint32(n-frameHead))
	binary.BigEndian.PutUint64(frame[4:], uint64(link.before))
	if used := f.spool.used.Add(n); f.spool.Bound > 0 && used > f.spool.Bound {
		f.spool.used.Add(-n)
		return 0, ErrDiskBound
	}
	f.size += n
	_, err := f.out.Write(frame)
	return at, err
}

// frame reads the frame at a place into buf, which may grow, and gives where the
// next one stands.
func (f *sealedFile) frame(at int64, link frameLink, buf []byte) (plain, grown []byte, next int64, err error) {
	size, before, err := f.head(at)
	if err != nil {
		return nil, buf, 0, err
	}
	if before != link.before {
		return nil, buf, 0, fmt.Errorf("spool was changed")
	}
	if cap(buf) < size {
		buf = make([]byte, size)
	}
	buf = buf[:size]
	if _, err := f.file.ReadAt(buf, at+frameHead); err != nil {
		return nil, buf, 0, cutShort(err)
	}
	if plain, err = f.aead.Open(buf[:0], nonce(at), buf, link.text()); err != nil {
		return nil, buf, 0, fmt.Errorf("spool was changed: %w", err)
	}
	return plain, buf, at + frameHead + int64(size), nil
}

func (f *sealedFile) head(at int64) (size int, before int64, err error) {
	var head [frameHead]byte
	if _, err := f.file.ReadAt(head[:], at); err != nil {
		return 0, 0, cutShort(err)
	}
	size, before = int(binary.BigEndian.Uint32(head[:])), int64(binary.BigEndian.Uint64(head[4:]))
	if int64(size) > f.size-at-frameHead || before < 0 || before > at {
		return 0, 0, fmt.Errorf("spool was changed")
	}
	return size, before, nil
}

func (l frameLink) text() []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(nil, l.sequence), uint64(l.before))
}

func nonce(n int64) []byte {
	b := make([]byte, 12)
	binary.BigEndian.PutUint64(b[4:], uint64(n))
	return b
}

// cutShort is err of a file that lacks something, never io.EOF, which would look
// like its end.
func cutShort(err error) error {
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("spool is cut short: %w", err)
}
