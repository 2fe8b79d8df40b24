package disclosure

import (
	"encoding/binary"
	"fmt"
	"io"
	"slices"
)

// stored is a run on disk.
type stored struct {
	file  Bytes
	at    int64
	size  int
	shape run // with lengths only
	sizes []int
}

// storedClasses is how many classes a run on disk has at most.
const storedClasses = 1 << 14

// storeRun writes r in pieces.
func storeRun(f Bytes, r *run) ([]stored, error) {
	var all []stored
	for from := 0; from < r.len(); from += storedClasses {
		piece := r.slice(from, min(from+storedClasses, r.len()))
		s := stored{file: f, at: f.Size()}
		var b []byte
		for _, words := range piece.words64() {
			s.sizes = append(s.sizes, len(*words))
			for _, x := range *words {
				b = binary.LittleEndian.AppendUint64(b, x)
			}
		}
		for _, words := range piece.words32() {
			s.sizes = append(s.sizes, len(*words))
			for _, x := range *words {
				b = binary.LittleEndian.AppendUint32(b, x)
			}
		}
		if piece.subjects != nil {
			for _, e := range piece.subjects.enough {
				b = append(b, map[bool]byte{true: 1}[e])
			}
		}
		s.size = len(b)
		s.shape = run{words: r.words, lists: make([]list, len(r.lists))}
		if r.population != nil {
			s.shape.population = []uint32{}
		}
		if r.subjects != nil {
			s.shape.subjects = &subjects{}
		}
		if _, err := f.Write(b); err != nil {
			return nil, fmt.Errorf("put classes aside: %w", err)
		}
		all = append(all, s)
	}
	return all, nil
}

// words64 and words32 are the columns of a run.
func (r *run) words64() []*[]uint64 {
	all := []*[]uint64{&r.keys}
	if r.subjects != nil {
		all = append(all, &r.subjects.id)
	}
	return all
}

func (r *run) words32() []*[]uint32 {
	all := []*[]uint32{&r.n}
	if r.population != nil {
		all = append(all, &r.population)
	}
	for i := range r.lists {
		all = append(all, &r.lists[i].start, &r.lists[i].code, &r.lists[i].n)
	}
	if r.subjects != nil {
		all = append(all, &r.subjects.start)
	}
	return all
}

func (s stored) read() (*run, error) {
	b := make([]byte, s.size)
	if n, err := s.file.ReadAt(b, s.at); n < len(b) {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return nil, fmt.Errorf("read classes put aside: %w", err)
	}
	r := s.shape
	r.lists = slices.Clone(r.lists)
	if r.subjects != nil {
		r.subjects = &subjects{}
	}
	sizes := s.sizes
	for _, words := range r.words64() {
		*words = make([]uint64, sizes[0])
		for i := range *words {
			(*words)[i] = binary.LittleEndian.Uint64(b)
			b = b[8:]
		}
		sizes = sizes[1:]
	}
	for _, words := range r.words32() {
		*words = make([]uint32, sizes[0])
		for i := range *words {
			(*words)[i] = binary.LittleEndian.Uint32(b)
			b = b[4:]
		}
		sizes = sizes[1:]
	}
	if r.subjects != nil {
		for _, e := range b {
			r.subjects.enough = append(r.subjects.enough, e == 1)
		}
	}
	return &r, nil
}

// slice is the classes from one to before another.
func (r *run) slice(from, to int) *run {
	s := &run{words: r.words, keys: r.keys[from*r.words : to*r.words], n: r.n[from:to]}
	if r.population != nil {
		s.population = r.population[from:to]
	}
	rebase := func(start []uint32) ([]uint32, uint32, uint32) {
		first := start[from]
		at := make([]uint32, 0, to-from+1)
		for _, x := range start[from : to+1] {
			at = append(at, x-first)
		}
		return at, first, start[to]
	}
	for _, l := range r.lists {
		start, a, b := rebase(l.start)
		s.lists = append(s.lists, list{start, l.code[a:b], l.n[a:b]})
	}
	if r.subjects != nil {
		start, a, b := rebase(r.subjects.start)
		s.subjects = &subjects{r.subjects.enough[from:to], start, r.subjects.id[a:b]}
	}
	return s
}
