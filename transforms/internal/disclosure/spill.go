package disclosure

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// partitions is over how many files a worker spreads what it puts aside, by a hash
// of the values of the quasi-identifiers: what is counted of a class meets again in
// one partition, whatever the codes were.
const partitions = 32

// spill is what a worker put aside.
type spill struct {
	files  [partitions]Bytes
	chunks [partitions][]chunk
}

// chunk is counts of a kind in one piece of a file, under the layout of their time.
type chunk struct {
	kind    int
	keys    layout
	words   int
	at      int64
	entries int
}

func (c chunk) entry() int { return 8*c.words + 4 }

func (s *spill) close() error {
	var err error
	for _, f := range s.files {
		if f != nil {
			if e := f.Close(); err == nil {
				err = e
			}
		}
	}
	return err
}

// free removes the file of a partition.
func (s *spill) free(partition int) error {
	if s == nil || s.files[partition] == nil {
		return nil
	}
	err := s.files[partition].Close()
	s.files[partition] = nil
	return err
}

// putAside writes what the tables hold to the files and empties them.
func (w *Worker) putAside(ctx context.Context) error {
	if w.h.opts.Create == nil {
		return messages.TooManyClasses.With("bound", w.h.opts.Memory)
	}
	if w.spill == nil {
		w.spill = &spill{}
		if err := w.spill.open(w.h.opts.Create); err != nil {
			return err
		}
	}
	hashes := w.h.hashes()
	for kind := range w.h.kinds() {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := w.spill.write(kind, w, hashes); err != nil {
			return err
		}
	}
	for kind := range w.tables {
		w.empty(kind)
	}
	return nil
}

// hashes gives for each quasi-identifier the hash of each code's value.
func (h *Histogram) hashes() [][]uint64 {
	hs := make([][]uint64, len(h.quasi))
	for j, d := range h.quasi {
		hs[j] = d.hashed()
	}
	return hs
}

// place is the hash of the values of a key's quasi-identifiers.
func place(keys layout, key []uint64, hashes [][]uint64) uint64 {
	h := uint64(0)
	for j, hs := range hashes {
		h = mix(h^hs[keys.fields[j].get(key)]) * 0xd6e8feb86659fd93
	}
	return h
}

func (s *spill) write(kind int, w *Worker, hashes [][]uint64) error {
	var now [partitions]*chunk
	keys := w.layoutOf(kind)
	entry := make([]byte, 8*keys.words+4)
	err := w.each(kind, func(key []uint64, n uint32) error {
		p := place(keys, key, hashes) % partitions
		f := s.files[p]
		if now[p] == nil {
			now[p] = &chunk{kind, keys, keys.words, f.Size(), 0}
		}
		for i, word := range key {
			binary.LittleEndian.PutUint64(entry[8*i:], word)
		}
		binary.LittleEndian.PutUint32(entry[8*keys.words:], n)
		now[p].entries++
		_, err := f.Write(entry)
		return err
	})
	for p, c := range now {
		if c != nil {
			s.chunks[p] = append(s.chunks[p], *c)
		}
	}
	return err
}

// open makes the files.
func (s *spill) open(create func() (Bytes, error)) error {
	for p := range s.files {
		f, err := create()
		if err != nil {
			return fmt.Errorf("put counts aside: %w", err)
		}
		s.files[p] = f
	}
	return nil
}

// each visits the entries of a chunk.
func (s *spill) each(p int, c chunk, f func(key []uint64, n uint32) error) error {
	size := int64(c.entries) * int64(c.entry())
	r := bufio.NewReaderSize(io.NewSectionReader(s.files[p], c.at, size), int(min(size, 64<<10)))
	entry, key := make([]byte, c.entry()), make([]uint64, c.words)
	for range c.entries {
		if _, err := io.ReadFull(r, entry); err != nil {
			return fmt.Errorf("read counts put aside: %w", err)
		}
		for i := range key {
			key[i] = binary.LittleEndian.Uint64(entry[8*i:])
		}
		if err := f(key, binary.LittleEndian.Uint32(entry[8*c.words:])); err != nil {
			return err
		}
	}
	return nil
}
