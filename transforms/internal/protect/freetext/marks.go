package freetext

import (
	"encoding/binary"
	"math/bits"
)

// marks say of every byte of a folded text what it is, a bit each: where words begin
// and end, and after which place nothing is left that a rule needs, is seen many bytes at
// a time.
type marks struct {
	word, digit, capital []uint64 // one word more than the text has
	digits               int      // how many there are
	letters, at          bool     // whether there are any, and "@"
	lastCapital, last    int      // the last capital; the last capital or digit; -1: none
}

func (m *marks) read(s []byte) {
	n := len(s)/64 + 2
	if cap(m.word) < n {
		m.word, m.digit, m.capital = make([]uint64, n), make([]uint64, n), make([]uint64, n)
	}
	m.word, m.digit, m.capital = m.word[:n], m.digit[:n], m.capital[:n]
	m.digits, m.lastCapital, m.last = 0, -1, -1
	var letters, signs uint64
	for i := range m.word {
		part := s[min(64*i, len(s)):min(64*i+64, len(s))]
		var word, digit, capital uint64
		for shift := 0; len(part) > 0; shift += 8 {
			var x uint64
			if len(part) >= 8 {
				x = binary.LittleEndian.Uint64(part)
				part = part[8:]
			} else {
				x = lastBytes(s, len(part))
				part = nil
			}
			low := x &^ highs
			ascii := low | 0x20*ones
			ascii = (ascii + (0x80-'a')*ones) &^ (ascii + (0x80-'z'-1)*ones) &^ x & highs
			tens := (low + (0x80-'0')*ones) &^ (low + (0x80-'9'-1)*ones) &^ x & highs
			capitals := ascii &^ (x << 2)
			if other := x & highs; other != 0 { // otherSmall, otherCapital, otherSymbol
				other &^= x << 6
				ascii |= other
				capitals |= other & (x << 7)
			}
			x ^= '@' * ones
			signs |= (x - ones) &^ x
			word |= gathered(ascii|tens) << (shift & 63)
			digit |= gathered(tens) << (shift & 63)
			capital |= gathered(capitals) << (shift & 63)
		}
		m.word[i], m.digit[i], m.capital[i] = word, digit, capital
		letters |= word &^ digit
		if digit != 0 {
			m.digits += bits.OnesCount64(digit)
		}
		if capital != 0 {
			m.lastCapital = 64*i + bits.Len64(capital) - 1
		}
		if digit|capital != 0 {
			m.last = 64*i + bits.Len64(digit|capital) - 1
		}
	}
	m.letters, m.at = letters != 0, signs&highs != 0
}

// starts are the words that begin in the 64 bytes from 64*i on, up to last. before is
// whether the byte before is of a word, then the last of these.
func (m *marks) starts(i, last int, before *uint64) uint64 {
	word := m.word[i]
	starts := word &^ (word<<1 | *before)
	*before = word >> 63
	if left := last - 64*i; left < 63 {
		starts &= 2<<left - 1
	}
	return starts
}

// eight are eight bytes of s from at on, the first of which there is; those behind its end are 0.
func eight(s []byte, at int) uint64 {
	if len(s)-at >= 8 {
		return binary.LittleEndian.Uint64(s[at:])
	}
	return lastBytes(s, len(s)-at)
}

// lastBytes are the last n bytes of s, 1 to 7.
func lastBytes(s []byte, n int) uint64 {
	if len(s) >= 8 {
		return binary.LittleEndian.Uint64(s[len(s)-8:]) >> (8 * (8 - n) & 63)
	}
	s = s[len(s)-n:]
	if n >= 4 {
		return uint64(binary.LittleEndian.Uint32(s)) | uint64(binary.LittleEndian.Uint32(s[n-4:]))<<(8*(n-4)&63)
	}
	return uint64(s[0]) | uint64(s[n/2])<<(8*(n/2)&63) | uint64(s[n-1])<<(8*(n-1)&63)
}

const (
	ones  = 0x0101010101010101
	highs = 0x80 * ones
)

// gathered are the highest bits of eight bytes.
func gathered(x uint64) uint64 { return x * 0x0002040810204081 >> 56 }

// from are the marks of the 64 bytes from i on.
func from(marks []uint64, i int) uint64 {
	return marks[i>>6]>>(i&63) | marks[i>>6+1]<<1<<(63-i&63)
}

// run64 is how many bytes from i on have a mark, up to 64.
func run64(marks []uint64, i int) int { return bits.TrailingZeros64(^from(marks, i)) }
