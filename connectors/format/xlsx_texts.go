package format

import (
	"encoding/binary"
	"io"
	"sync"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// sharedTexts are texts that cells share, in blocks, so that they grow without being
// copied. Beyond a bound they go to encrypted files, of which what was read last is
// held: sheets name their texts mostly in the order in which they are kept.
type sharedTexts struct {
	spool  pipelines.Spool // for what is more than the bound
	bound  int64           // bytes of what is held in memory
	blocks [][]byte
	places [][]uint64 // of textPlaces each: where a text starts, as if all blocks were full, and its length
	count  int
	bytes  int64

	end     int64 // where the next text starts, once they were put aside
	aside   *asideBytes
	asideAt *asideBytes // their places, of eight bytes each
}

const (
	textBits   = 20 // of a place in a block
	textBlock  = 1 << textBits
	textPlaces = 1 << 16
	// textBound is what the texts of a workbook may take in memory.
	textBound = 32 << 20
	// asideTexts and asidePlaces are how many frames are held of what was put aside.
	asideTexts, asidePlaces = 192, 64
)

func newSharedTexts(spool pipelines.Spool) *sharedTexts {
	return &sharedTexts{spool: spool, bound: textBound}
}

// add appends a text, shorter than a block.
func (t *sharedTexts) add(b []byte) error {
	if t.aside != nil {
		return t.addAside(b)
	}
	last := len(t.blocks) - 1
	if last < 0 || len(t.blocks[last])+len(b) > textBlock {
		t.blocks = append(t.blocks, make([]byte, 0, textBlock))
		last++
	}
	if t.count%textPlaces == 0 {
		t.places = append(t.places, make([]uint64, 0, textPlaces))
	}
	i := len(t.places) - 1
	start := last<<textBits + len(t.blocks[last])
	t.places[i] = append(t.places[i], uint64(start)<<textBits|uint64(len(b)))
	t.blocks[last] = append(t.blocks[last], b...)
	t.count++
	if t.bytes += int64(len(b)) + 8; t.bytes > t.bound {
		return t.putAside()
	}
	return nil
}

func (t *sharedTexts) addAside(b []byte) error {
	if _, err := t.aside.Write(b); err != nil {
		return err
	}
	var place [8]byte
	binary.LittleEndian.PutUint64(place[:], uint64(t.end)<<textBits|uint64(len(b)))
	t.end += int64(len(b))
	t.count++
	_, err := t.asideAt.Write(place[:])
	return err
}

// putAside moves all texts to files. Blocks are written as if they were full, so that
// places stay what they are.
func (t *sharedTexts) putAside() (err error) {
	if t.aside, err = newAside(t.spool, asideTexts); err != nil {
		return err
	}
	if t.asideAt, err = newAside(t.spool, asidePlaces); err != nil {
		return err
	}
	for _, b := range t.blocks {
		if _, err := t.aside.Write(b[:textBlock]); err != nil {
			return err
		}
	}
	t.end = int64(len(t.blocks)) << textBits
	for _, places := range t.places {
		b := make([]byte, 0, 8*len(places))
		for _, p := range places {
			b = binary.LittleEndian.AppendUint64(b, p)
		}
		if _, err := t.asideAt.Write(b); err != nil {
			return err
		}
	}
	t.blocks, t.places = nil, nil
	return nil
}

// get gives a text, which nobody may change, and scratch, which it may have grown.
func (t *sharedTexts) get(i int, scratch []byte) (text, grown []byte, err error) {
	if t.aside == nil {
		p := t.places[i/textPlaces][i%textPlaces]
		start := p >> textBits & (textBlock - 1)
		return t.blocks[p>>(2*textBits)][start : start+p&(textBlock-1)], scratch, nil
	}
	var room [8]byte
	place, err := t.asideAt.read(room[:0], int64(i)*8, 8)
	if err != nil {
		return nil, scratch, err
	}
	p := binary.LittleEndian.Uint64(place)
	grown, err = t.aside.read(scratch[:0], int64(p>>textBits), int(p&(textBlock-1)))
	return grown, grown, err
}

// close removes the files. No text may be asked for any more.
func (t *sharedTexts) close() (err error) {
	for _, a := range []*asideBytes{t.aside, t.asideAt} {
		if a != nil {
			if e := a.Close(); err == nil {
				err = e
			}
		}
	}
	t.aside, t.asideAt = nil, nil
	return err
}

// asideBytes are bytes in a spool, of which the frames that were asked for last are
// held. Once all is written, any goroutine may read.
type asideBytes struct {
	pipelines.SpoolBytes
	most int // frames

	mu    sync.Mutex
	held  map[int64]*asideFrame
	round []int64 // the frames held, in the order in which they may have to go
	next  int
}

type asideFrame struct {
	bytes []byte
	used  bool // since it was last passed over
}

// asideSize is how many bytes a frame has, but for the last: that of the spool's own.
const asideSize = 64 << 10

func newAside(spool pipelines.Spool, most int) (*asideBytes, error) {
	s, ok := spool.(pipelines.ByteSpool)
	if !ok {
		return nil, messages.Internal.With("what", "a file has to be put aside, and there is no spool for it")
	}
	b, err := s.CreateBytes()
	if err != nil {
		return nil, err
	}
	return &asideBytes{SpoolBytes: b, most: most, held: map[int64]*asideFrame{}}, nil
}

// read appends n bytes from off on.
func (a *asideBytes) read(dst []byte, off int64, n int) ([]byte, error) {
	for n > 0 {
		frame, err := a.frame(off / asideSize)
		if err != nil {
			return dst, err
		}
		part := frame[off%asideSize:]
		part = part[:min(n, len(part))]
		if len(part) == 0 {
			return dst, io.ErrUnexpectedEOF
		}
		dst = append(dst, part...)
		off, n = off+int64(len(part)), n-len(part)
	}
	return dst, nil
}

// frame gives a frame, which is never written again.
func (a *asideBytes) frame(i int64) ([]byte, error) {
	a.mu.Lock()
	f := a.held[i]
	if f != nil {
		f.used = true
		a.mu.Unlock()
		return f.bytes, nil
	}
	a.mu.Unlock()
	b := make([]byte, min(asideSize, a.Size()-i*asideSize))
	if _, err := a.ReadAt(b, i*asideSize); err != nil && err != io.EOF {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.held[i] == nil {
		a.held[i] = &asideFrame{bytes: b}
		a.keep(i)
	}
	return b, nil
}

// keep lets go of a frame, where too many are held, that was not used since the last
// round.
func (a *asideBytes) keep(i int64) {
	if len(a.round) < a.most {
		a.round = append(a.round, i)
		return
	}
	for ; ; a.next = (a.next + 1) % a.most {
		f := a.held[a.round[a.next]]
		if !f.used {
			break
		}
		f.used = false
	}
	delete(a.held, a.round[a.next])
	a.round[a.next] = i
	a.next = (a.next + 1) % a.most
}

// readTexts reads the part of the texts (ECMA-376 part 1, 18.4.9).
func (z *bookZip) readTexts(name string, t *sharedTexts) error {
	part, err := z.part(name)
	if err != nil {
		return err
	}
	defer part.Close()
	p := &pieces{part: part, zip: z}
	if empty, err := p.skipTo("sst", "si"); empty || err != nil {
		return err
	}
	for {
		b, err := p.next()
		if err == io.EOF {
			_, err = p.rest()
			return err
		}
		if err == nil {
			err = z.addTexts(t, b)
		}
		if err != nil {
			return err
		}
	}
}

func (z *bookZip) addTexts(t *sharedTexts, b []byte) error {
	x, err := scanText(b)
	if err != nil {
		return err
	}
	var text []byte
	for {
		ok, err := x.next()
		if err != nil || !ok {
			return err
		}
		if x.kind == tokenText {
			continue
		}
		if x.kind != tokenStart || string(x.name) != "si" {
			return errBookXML
		}
		if text, err = richText(&x, "si", text[:0]); err != nil {
			return err
		}
		if len(text) >= textBlock {
			return messages.BookBomb.With("file", z.in.Name, "why", "a text is too long")
		}
		if err := t.add(text); err != nil {
			return err
		}
	}
}
