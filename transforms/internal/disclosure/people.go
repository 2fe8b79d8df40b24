package disclosure

import (
	"math/bits"
	"slices"
)

// people is who was seen in each class of a table: of a class that has not enough
// different subjects each of them, of any other only that it has. What is known of a
// class is a word that stands beside its count: 0 for nobody, everybody for enough,
// else where its subjects are.
type people struct {
	enough int
	rooms  []room
	held   int64 // subjects
	full   int64 // classes that have enough
}

// room is blocks of one size.
type room struct {
	size  int
	pages [][]uint64
	made  uint64 // blocks
	free  uint64 // the first block that is free, plus one; its first word is the next
}

const (
	everybody = ^uint64(0)
	vacant    = ^uint64(0) // ends the subjects of a block that is not full
	pageWords = 1 << 9
	roomShift = 56 // of a block's size, by number; what is below is its place, plus one
)

func newPeople(enough int) *people {
	p := &people{enough: enough}
	for size := 1; ; size = roomier(size) {
		p.rooms = append(p.rooms, room{size: size})
		if size >= enough-1 {
			return p
		}
	}
}

// roomier is the size after one: 1, 2, 3, 4, 6, 8, 12 …
func roomier(size int) int { return size + max(1, 1<<bits.Len(uint(size))>>2) }

func (r *room) perPage() int { return max(1, pageWords/r.size) }

func (r *room) block(at uint64) []uint64 {
	per := uint64(r.perPage())
	from := int(at%per) * r.size
	return r.pages[at/per][from : from+r.size : from+r.size]
}

func (r *room) take() (at uint64, block []uint64) {
	if r.free > 0 {
		at = r.free - 1
		block = r.block(at)
		r.free = block[0]
		return at, block
	}
	if per := uint64(r.perPage()); r.made == per*uint64(len(r.pages)) {
		r.pages = append(r.pages, make([]uint64, r.perPage()*r.size))
	}
	at = r.made
	r.made++
	return at, r.block(at)
}

func (r *room) give(at uint64) {
	r.block(at)[0] = r.free
	r.free = at + 1
}

func (p *people) bytes() int64 {
	n := int64(0)
	for _, r := range p.rooms {
		n += 8 * int64(len(r.pages)*r.perPage()*r.size)
	}
	return n
}

// of is the subjects of a class that has not enough of them, in order.
func (p *people) of(word uint64) []uint64 {
	if word == 0 || word == everybody {
		return nil
	}
	block := p.rooms[word>>roomShift].block(word&(1<<roomShift-1) - 1)
	n := len(block)
	for n > 0 && block[n-1] == vacant {
		n--
	}
	return block[:n]
}

// see notes that a subject is in the class that has the word.
func (p *people) see(word *uint64, subject uint64) {
	if *word == everybody {
		return
	}
	if subject == vacant {
		subject-- // two with one number count as one
	}
	known := p.of(*word)
	var at int
	var found bool
	if len(known) < 16 {
		for at < len(known) && known[at] < subject {
			at++
		}
		found = at < len(known) && known[at] == subject
	} else {
		at, found = slices.BinarySearch(known, subject)
	}
	if found {
		return
	}
	if len(known)+1 >= p.enough {
		p.forget(word)
		*word = everybody
		p.full++
		return
	}
	p.held++
	if n := len(known); n < cap(known) {
		known = known[:n+1]
		copy(known[at+1:], known[at:n])
		known[at] = subject
		return
	}
	number := 0
	if *word != 0 {
		number = int(*word>>roomShift) + 1
	}
	place, block := p.rooms[number].take()
	copy(block, known[:at])
	block[at] = subject
	copy(block[at+1:], known[at:])
	for i := len(known) + 1; i < len(block); i++ {
		block[i] = vacant
	}
	p.release(*word)
	*word = uint64(number)<<roomShift | (place + 1)
}

// forget lets go of the subjects of a class.
func (p *people) forget(word *uint64) {
	p.held -= int64(len(p.of(*word)))
	p.release(*word)
}

func (p *people) release(word uint64) {
	if word != 0 {
		p.rooms[word>>roomShift].give(word&(1<<roomShift-1) - 1)
	}
}
