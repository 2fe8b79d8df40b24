package format

import (
	"bytes"
	"encoding/binary"
	"slices"

	"github.com/parquet-go/parquet-go/encoding/delta"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// texts are values that are bytes: texts, binaries, and decimals that no integer
// holds. They lie end to end in data.
type texts struct {
	data    []byte
	offsets []int32 // value i is data[offsets[i]:offsets[i+1]]
	fixed   int     // or all have this width, and there are no offsets
	text    bool    // they must be UTF-8

	buffer []byte
	room   []int32

	lengths []int32
	binary  delta.BinaryPackedEncoding
	packed  []byte
}

// maxColumnBytes keeps offsets and page sizes far from the 2 GiB that readers
// count in 32 bits.
const maxColumnBytes = 1 << 30

func (l *leaf) tooManyDigits() error {
	return messages.ParquetDecimal.With("column", l.name, "type", pipelines.TypeName(l.typ))
}

// gather makes v the values of s. Where they already lie end to end in one
// piece, they are not copied.
func (v *texts) gather(l *leaf, s *shape) error {
	v.fixed, v.text = 0, l.isText()
	v.data, v.offsets = v.buffer[:0], append(v.room[:0], 0)
	defer func() { v.room = v.offsets }()
	for _, p := range s.pieces {
		offsets, data := arrowx.Texts(p.Array)
		if p.from == p.to {
			continue
		}
		offsets = offsets[p.from : p.to+1]
		bitmap, at := p.NullBitmapBytes(), p.Data().Offset()+p.from
		if v.appendEnds(offsets, bitmap, at) {
			data = data[offsets[0]:offsets[len(offsets)-1]]
			if int64(len(v.data))+int64(len(data))+4*int64(len(v.offsets)-1) > maxColumnBytes {
				return messages.ParquetColumnSize.With("column", l.name, "bytes", maxColumnBytes, "rows", s.rows)
			}
			if len(s.pieces) == 1 {
				v.data = data
				return nil
			}
			v.data = append(v.data, data...)
			continue
		}
		// data[start:end] are values that follow each other and are not yet taken
		start, end := offsets[0], offsets[0]
		base := int64(len(v.data))
		for i, to := range offsets[1:] {
			if bitmap[(at+i)/8]>>((at+i)%8)&1 == 0 {
				continue
			}
			if offsets[i] != end {
				v.data = append(v.data, data[start:end]...)
				base, start = int64(len(v.data)), offsets[i]
			}
			end = to
			if base+int64(end-start)+4*int64(len(v.offsets)) > maxColumnBytes {
				return messages.ParquetColumnSize.With("column", l.name, "bytes", maxColumnBytes, "rows", s.rows)
			}
			v.offsets = append(v.offsets, int32(base)+end-start)
		}
		if len(s.pieces) == 1 && len(v.data) == 0 {
			v.data = data[start:end]
			return nil
		}
		v.data = append(v.data, data[start:end]...)
	}
	v.buffer = v.data
	return nil
}

// appendEnds appends where the values of a piece end, if it goes end to end behind
// v.data. It is false when it does not: a text lies under a null.
func (v *texts) appendEnds(offsets []int32, bitmap []byte, at int) bool {
	known, n := len(v.offsets), len(offsets)-1
	v.offsets = slices.Grow(v.offsets, n)
	ends := v.offsets[known : known+n]
	start := offsets[0]
	shift := int32(len(v.data)) - start
	if len(bitmap) == 0 {
		for i, end := range offsets[1:] {
			ends[i] = end + shift
		}
		v.offsets = v.offsets[:known+n]
		return true
	}
	values, hidden := 0, int32(0)
	for i, end := range offsets[1:] {
		place := uint(at + i)
		valid := int32(bitmap[place/8] >> (place % 8) & 1)
		ends[values] = end + shift // the next overwrites what is none
		values += int(valid)
		hidden |= (end - start) &^ -valid
		start = end
	}
	if hidden != 0 {
		return false
	}
	v.offsets = v.offsets[:known+values]
	return true
}

func (v *texts) at(i int) []byte {
	if v.fixed > 0 {
		return v.data[i*v.fixed : (i+1)*v.fixed]
	}
	return v.data[v.offsets[i]:v.offsets[i+1]]
}

func (v *texts) len() int {
	if v.fixed > 0 {
		return len(v.data) / v.fixed
	}
	return len(v.offsets) - 1
}

func (v *texts) width() int     { return v.fixed }
func (v *texts) hasDelta() bool { return false }

func (v *texts) ends() []int32 {
	if v.fixed > 0 {
		return nil
	}
	return v.offsets[1:]
}

func (v *texts) plain(dst []byte, from, to int) []byte {
	if v.fixed > 0 {
		return append(dst, v.data[from*v.fixed:to*v.fixed]...)
	}
	at := len(dst)
	dst = slices.Grow(dst, 4*(to-from)+int(v.offsets[to]-v.offsets[from])+shortText)
	dst = dst[:cap(dst)]
	for i := from; i < to; i++ {
		start, n := int(v.offsets[i]), int(v.offsets[i+1]-v.offsets[i])
		binary.LittleEndian.PutUint32(dst[at:], uint32(n))
		at += 4
		if n <= shortText && start+shortText <= len(v.data) {
			*(*[shortText]byte)(dst[at:]) = *(*[shortText]byte)(v.data[start:])
		} else {
			copy(dst[at:], v.data[start:start+n])
		}
		at += n
	}
	return dst[:at]
}

func (v *texts) raw(dst []byte, i int) []byte { return append(dst, v.at(i)...) }

func (v *texts) delta(dst []byte, _, _ int) ([]byte, error) { return dst, nil }

// length is the length of every text, as of SIRETs and other codes, or 0 where
// they have not one.
func (v *texts) length() int {
	if v.fixed > 0 || len(v.offsets) < 2 {
		return 0
	}
	n := v.offsets[1] - v.offsets[0]
	for i, end := range v.offsets[1:] {
		if end-v.offsets[i] != n {
			return 0
		}
	}
	return int(n)
}

// deltaLengths appends the values from:to in DELTA_LENGTH_BYTE_ARRAY: all lengths, then
// all bytes. Where there is one length, lengths take next to nothing so, and the
// bytes are half as many symbols to the compressor.
func (v *texts) deltaLengths(dst []byte, from, to int) (_ []byte, err error) {
	v.lengths = v.lengths[:0]
	for i := from; i < to; i++ {
		v.lengths = append(v.lengths, v.offsets[i+1]-v.offsets[i])
	}
	v.packed, err = v.binary.EncodeInt32(v.packed, v.lengths)
	return append(append(dst, v.packed...), v.data[v.offsets[from]:v.offsets[to]]...), err
}

func (v *texts) number(d *dictionary) bool {
	n := v.len()
	if !d.start(n) {
		return false
	}
	var last []byte // rows in order have one value many times
	for i := range n {
		if i > 0 && i%dictionaryStep == 0 && d.hopeless() {
			return false
		}
		x := v.at(i)
		if i > 0 && equalTexts(x, last) {
			d.indices = append(d.indices, d.indices[i-1])
			continue
		}
		last = x
		mask := uint64(len(d.slots) - 1)
		at := d.hash(x) & mask
		for ; d.slots[at] != 0; at = (at + 1) & mask {
			if n := d.slots[at] - 1; equalTexts(v.at(int(d.first[n])), x) {
				d.indices = append(d.indices, n)
				break
			}
		}
		size := len(x)
		if v.fixed == 0 {
			size += 4
		}
		if d.slots[at] == 0 && d.add(i, size, at) {
			for n, first := range d.first {
				d.place(d.hash(v.at(int(first))), int32(n))
			}
		}
	}
	return true
}

// valid says whether what must be UTF-8 is; with a dictionary, its entries are
// all there is to look at.
func (v *texts) valid(d *dictionary) bool {
	if !v.text {
		return true
	}
	if d == nil {
		return arrowx.ValidTexts(v.offsets, v.data)
	}
	for _, i := range d.first {
		if !arrowx.ValidUTF8(v.at(int(i))) {
			return false
		}
	}
	return true
}

// bounds compares the first eight bytes as one number, which decides nearly always.
func (v *texts) bounds(from, to int) (lo, hi []byte, ok bool) {
	if from == to {
		return nil, nil, false
	}
	if v.fixed > 0 {
		return v.fixedBounds(from, to)
	}
	lo = v.at(from)
	hi = lo
	least := head(v.data, v.offsets[from], v.offsets[from+1])
	greatest := least
	start := v.offsets[from]
	for _, end := range v.offsets[from+1 : to+1] {
		h := head(v.data, start, end)
		if h < least || h == least && bytes.Compare(v.data[start:end], lo) < 0 {
			lo, least = v.data[start:end], h
		}
		if h > greatest || h == greatest && bytes.Compare(v.data[start:end], hi) > 0 {
			hi, greatest = v.data[start:end], h
		}
		start = end
	}
	return append([]byte{}, lo...), append([]byte{}, hi...), true
}

// codedBounds is bounds where a page has far more values than d, their dictionary,
// has entries: those that it uses are all there is to compare.
func (v *texts) codedBounds(d *dictionary, from, to int) (lo, hi []byte, ok bool) {
	if v.fixed > 0 || (to-from)/8 < len(d.first) {
		return v.bounds(from, to)
	}
	d.used = zeroed(d.used, len(d.first))
	for _, n := range d.indices[from:to] {
		d.used[n] = 1
	}
	for n, used := range d.used {
		if used == 0 {
			continue
		}
		x := v.at(int(d.first[n]))
		if !ok || bytes.Compare(x, lo) < 0 {
			lo = x
		}
		if !ok || bytes.Compare(x, hi) > 0 {
			hi = x
		}
		ok = true
	}
	return append([]byte{}, lo...), append([]byte{}, hi...), ok
}

// head is the first eight bytes of a text, as a number of the same order.
func head(data []byte, start, end int32) (h uint64) {
	if int(start)+8 <= len(data) {
		h = binary.BigEndian.Uint64(data[start:])
		if beyond := 64 - 8*(end-start); beyond > 0 {
			h = h >> beyond << beyond
		}
		return h
	}
	for i, c := range data[start:min(end, start+8)] {
		h |= uint64(c) << (56 - 8*i)
	}
	return h
}

func (v *texts) fixedBounds(from, to int) (lo, hi []byte, ok bool) {
	lo = v.at(from)
	hi = lo
	for i := from + 1; i < to; i++ {
		if x := v.at(i); v.compare(x, lo) < 0 {
			lo = x
		} else if v.compare(x, hi) > 0 {
			hi = x
		}
	}
	return append([]byte{}, lo...), append([]byte{}, hi...), true
}

func (v *texts) compare(a, b []byte) int {
	if v.fixed > 0 {
		return compareBigEndian(a, b)
	}
	return bytes.Compare(a, b)
}

func (v *texts) shorten(lo, hi []byte) ([]byte, []byte) {
	switch {
	case v.fixed > 0:
		return lo, hi
	case v.text:
		return shortenText(lo, hi)
	}
	return shortenBytes(lo, hi)
}
