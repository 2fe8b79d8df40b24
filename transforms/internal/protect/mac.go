package protect

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding"
	"encoding/binary"
	"hash"
)

// shortMAC is HMAC-SHA-256 under one key of many short messages. It is for one goroutine.
//
// The hash of the standard library keeps what it has hashed in a form that can be saved
// and read back (encoding.BinaryMarshaler). What the key comes to is so hashed once; and
// of a message that fits into one block with its end, what is saved after the block is the
// digest, so that a value takes the two blocks that HMAC is made of and next to nothing
// else.
type shortMAC struct {
	whole   hash.Hash // HMAC as the library makes it
	blocks  hash.Hash // nil: saved hashes are not as they are expected
	state   savedHash // of blocks
	inner   []byte    // saved after the block of the key
	outer   []byte
	message [sha256.BlockSize]byte // the message and its end
	digest  [sha256.BlockSize]byte // the inner digest and its end
	saved   []byte
	sum     []byte
}

type savedHash interface {
	encoding.BinaryAppender
	encoding.BinaryUnmarshaler
}

// Where the eight words stand in a saved hash, and what a message has after it: a bit, and
// its length in bits in the last eight bytes of a block.
const (
	savedAt     = 4
	messageEnd  = 0x80
	lengthAt    = sha256.BlockSize - 8
	longestOfIt = lengthAt - 1
)

func newShortMAC(key []byte) *shortMAC {
	m := &shortMAC{whole: hmac.New(sha256.New, key)}
	blocks := sha256.New()
	state, ok := blocks.(savedHash)
	if !ok {
		return m
	}
	m.blocks, m.state = blocks, state
	m.inner, m.outer = m.pad(key, 0x36), m.pad(key, 0x5c)
	m.digest[sha256.Size] = messageEnd
	binary.BigEndian.PutUint64(m.digest[lengthAt:], 8*(sha256.BlockSize+sha256.Size))
	for _, n := range []int{0, longestOfIt} { // the form that is saved is no promise
		if quick := bytes.Clone(m.of(make([]byte, n))); !bytes.Equal(quick, m.plain(make([]byte, n))) {
			m.blocks = nil
			break
		}
	}
	return m
}

// pad is the hash saved after the block of a key. A longer one than a block is hashed first.
func (m *shortMAC) pad(key []byte, with byte) []byte {
	var block [sha256.BlockSize]byte
	if len(key) > len(block) {
		sum := sha256.Sum256(key)
		key = sum[:]
	}
	copy(block[:], key)
	for i := range block {
		block[i] ^= with
	}
	m.blocks.Reset()
	m.blocks.Write(block[:])
	saved, _ := m.state.AppendBinary(nil)
	return saved
}

// of is the HMAC of a message, until it is called again.
func (m *shortMAC) of(message []byte) []byte {
	if m.blocks == nil || len(message) > longestOfIt {
		return m.plain(message)
	}
	b := &m.message
	clear(b[copy(b[:], message):])
	b[len(message)] = messageEnd
	binary.BigEndian.PutUint64(b[lengthAt:], uint64(8*(sha256.BlockSize+len(message))))
	if !m.after(m.inner, b[:]) {
		return m.plain(message)
	}
	copy(m.digest[:sha256.Size], m.saved[savedAt:])
	if !m.after(m.outer, m.digest[:]) {
		return m.plain(message)
	}
	return m.saved[savedAt : savedAt+sha256.Size]
}

// after saves the hash of a block after what was saved.
func (m *shortMAC) after(saved, block []byte) bool {
	if m.state.UnmarshalBinary(saved) != nil {
		return false
	}
	m.blocks.Write(block)
	var err error
	m.saved, err = m.state.AppendBinary(m.saved[:0])
	return err == nil && len(m.saved) >= savedAt+sha256.Size
}

func (m *shortMAC) plain(message []byte) []byte {
	m.whole.Reset()
	m.whole.Write(message)
	m.sum = m.whole.Sum(m.sum[:0])
	return m.sum
}
