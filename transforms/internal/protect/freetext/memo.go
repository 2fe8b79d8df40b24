package freetext

import (
	"encoding/binary"
	"math/bits"
)

// memo remembers short texts that were met lately and in which nothing was found: most
// columns have few values, and to look one up costs less than to read it. It gives up on a
// column whose values are all different.
type memo struct {
	slots       []cleanText
	tried, hits int
}

type cleanText struct {
	size uint8 // and one; 0: nothing is here
	text [memoBytes]byte
}

// What is remembered: so many texts, each of so many bytes at most, as long as one of so many
// is met again.
const (
	memoBits  = 8
	memoBytes = 47
	memoTrial = 1 << 12
	memoWorth = 4
)

// slot is where a text is, when it was met, or where it may be noted, which is nowhere
// when it is not going to be remembered.
func (m *memo) slot(text []byte) (s *cleanText, met bool) {
	if len(text) > memoBytes || m.tried > memoTrial && m.hits*memoWorth < m.tried {
		return nil, false
	}
	if m.slots == nil {
		m.slots = make([]cleanText, 1<<memoBits)
	}
	m.tried++
	s = &m.slots[mixed(text)>>(64-memoBits)]
	if int(s.size) == len(text)+1 && string(s.text[:len(text)]) == string(text) {
		m.hits++
		return s, true
	}
	return s, false
}

func (s *cleanText) note(text []byte) {
	s.size = uint8(copy(s.text[:], text)) + 1
}

// mixed is a number that texts with other ends or another length seldom share.
func mixed(text []byte) uint64 {
	var head, tail uint64
	if n := len(text); n >= 8 {
		head, tail = binary.LittleEndian.Uint64(text), binary.LittleEndian.Uint64(text[n-8:])
	} else if n > 0 {
		head = lastBytes(text, n)
	}
	high, low := bits.Mul64(head^uint64(len(text))^0x9e3779b97f4a7c15, tail^0xd1b54a32d192ed03)
	return (high ^ low) * 0x9e3779b97f4a7c15
}
