package format

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"strconv"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/internal/scalar"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

const (
	// dbfChunkSize is how many bytes of records and, again, of long texts make a
	// chunk. It is part of the format version.
	dbfChunkSize = 1 << 20
)

// dbfChunks gives the records. Long texts are read here, where one goroutine
// reads at a time, so that a chunk needs no open file.
type dbfChunks struct {
	*dbfCodec
	in      Input
	file    io.ReadCloser
	table   *dbfTable
	memo    *dbfMemo // nil: no column needs one
	columns []cellColumn
	schema  *arrow.Schema
	skipped *tally

	read  int64  // records read
	given int64  // and given out
	held  []byte // read and not given out
	err   error
}

func (s *dbfChunks) start(c *dbfCodec) {
	s.skipped = newTally(c.env.Log, "records that are deleted in the table", s.in.Name)
}

func (s *dbfChunks) Schema() *arrow.Schema { return s.schema }

func (s *dbfChunks) Next(ctx context.Context) (pipelines.Chunk, error) {
	if s.err != nil {
		return nil, s.err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	chunk, err := s.next()
	if err != nil {
		if err == io.EOF {
			s.skipped.end()
		}
		s.err = err
		return nil, err
	}
	s.skipped.open()
	return chunk, nil
}

func (s *dbfChunks) next() (*dbfChunk, error) {
	size := s.table.record
	if len(s.held) == 0 {
		n := min(int64(max(1, s.chunk/size)), s.table.records-s.read)
		if n == 0 {
			return nil, s.end()
		}
		s.held = make([]byte, n*int64(size))
		got, err := io.ReadFull(s.file, s.held)
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return nil, messages.DBFCut.With("file", s.in.Name, "got", s.read+int64(got/size), "wanted", s.table.records)
		}
		if err != nil {
			return nil, err
		}
		s.read += n
	}
	c := &dbfChunk{chunks: s, first: s.given}
	long := 0
	for at := 0; at < len(s.held) && long < s.chunk; at += size {
		record := s.held[at : at+size]
		c.bytes = s.held[:at+size]
		together := 0
		for _, f := range s.table.fields {
			if f.memo < 0 {
				continue
			}
			var m dbfLong
			if record[0] == ' ' && !s.table.isNull(record, f) {
				var err error
				m.text, err = s.memo.text(record[f.start : f.start+f.size])
				if together += len(m.text); together > dbfMemosBound {
					m.text, err = nil, errMemoLost
				}
				if m.lost = errors.Is(err, errMemoLost); err != nil && !m.lost {
					return nil, err
				}
			}
			long += len(m.text)
			c.long = append(c.long, m)
		}
	}
	s.held = s.held[len(c.bytes):]
	s.given += int64(len(c.bytes) / size)
	return c, nil
}

// end looks at what stands after the last record.
func (s *dbfChunks) end() error {
	rest := make([]byte, 512)
	n, err := io.ReadFull(s.file, rest)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return err
	}
	if n > 0 && rest[0] != 0x1a && len(bytes.Trim(rest[:n], "\x00\r\n ")) > 0 {
		return messages.DBFMore.With("file", s.in.Name, "wanted", s.table.records)
	}
	if _, err := io.Copy(io.Discard, s.file); err != nil { // to its end, where it says whether it changed
		return err
	}
	if s.memo != nil {
		if err := s.memo.unchanged(); err != nil {
			return err
		}
	}
	return io.EOF
}

func (s *dbfChunks) Close() error {
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	if s.memo != nil {
		if e := s.memo.Close(); err == nil {
			err = e
		}
	}
	s.file, s.held = nil, nil
	if s.err == nil {
		s.err = io.ErrClosedPipe
	}
	return err
}

// dbfLong is a long text.
type dbfLong struct {
	text []byte
	lost bool
}

// dbfChunk is some records and their long texts.
type dbfChunk struct {
	chunks  *dbfChunks
	bytes   []byte
	long    []dbfLong
	first   int64 // records before it
	skipped int64
}

func (c *dbfChunk) Discard() {
	c.chunks.skipped.done(c.skipped)
	c.bytes, c.long = nil, nil
}

func (c *dbfChunk) Decode(ctx context.Context) (pipelines.Batch, error) {
	defer c.Discard()
	if err := ctx.Err(); err != nil {
		return pipelines.Batch{}, err
	}
	s := c.chunks
	d := &dbfDecoder{table: s.table}
	d.form, d.columns, d.schema, d.mem = &s.form, s.columns, s.schema, s.env.Allocator
	d.begin(s.in.Name, len(s.columns))
	d.raw = c.bytes
	size := s.table.record
	for at, n := 0, 0; at < len(c.bytes); at, n = at+size, n+1 {
		row := gridRow{start: at, end: at + size, line: c.first + int64(n) + 1}
		switch c.bytes[at] {
		case ' ':
			d.grid.rows = append(d.grid.rows, row)
			d.record(c.bytes[at:at+size], c.long[n*s.table.memos:(n+1)*s.table.memos])
		case '*':
			c.skipped++
		default:
			d.grid.reject(d.raw, row, messages.DBFMark.With())
		}
	}
	if d.strange && s.table.encoding == asciiOnly {
		return pipelines.Batch{}, s.noCodePage(s.in, s.table.mark)
	}
	d.leaveOut()
	return d.batch(), nil
}

type dbfDecoder struct {
	cellDecoder
	table   *dbfTable
	scratch []byte
	strange bool // a byte was no text
}

func (t *dbfTable) isNull(record []byte, f dbfField) bool { return t.bit(record, f.null) }

func (t *dbfTable) bit(record []byte, bit int) bool {
	return bit >= 0 && record[t.nulls.start+bit/8]>>(bit%8)&1 != 0
}

// record adds the cells of one record.
func (d *dbfDecoder) record(record []byte, long []dbfLong) {
	for i, f := range d.table.fields {
		b := record[f.start : f.start+f.size]
		if d.table.isNull(record, f) {
			d.add(cellAbsent, nil)
			continue
		}
		switch f.kind {
		case 'C':
			d.text(i, bytes.TrimRight(b, " \x00"))
		case 'V':
			if d.table.bit(record, f.full) {
				if n := int(b[len(b)-1]); n < len(b) {
					b = b[:n]
				} else {
					d.lose(i, messages.DBFMark)
				}
			}
			d.text(i, b)
		case 'M':
			m := long[f.memo]
			if m.lost {
				d.lose(i, messages.DBFMemoLost)
			}
			d.text(i, m.text)
		case 'N', 'F':
			d.number(i, bytes.Trim(b, " \x00"))
		case 'D':
			d.day(i, b)
		case 'L':
			d.truth(i, b[0])
		default:
			d.binary(f.kind, b)
		}
	}
}

// lose rejects the row in the making because of its column i.
func (d *dbfDecoder) lose(i int, why *messages.Message) {
	d.fail(len(d.grid.rows)-1, i, why.With())
}

func (d *dbfDecoder) text(i int, b []byte) {
	if isASCII(b) && bytes.IndexByte(b, 0) < 0 {
		d.add(cellText, b)
		return
	}
	e := d.table.encoding
	if j := e.unreadable(b); j >= 0 {
		d.strange = d.strange || b[j] >= 0x80
		d.fail(len(d.grid.rows)-1, i, messages.DBFUnreadable.With("cell", i+1))
		d.add(cellAbsent, nil)
		return
	}
	d.scratch = e.appendText(d.scratch[:0], b)
	d.add(cellText, d.scratch)
}

func (d *dbfDecoder) number(i int, b []byte) {
	switch {
	case len(b) == 0:
		d.add(cellAbsent, nil)
	case len(bytes.Trim(b, "*")) == 0:
		d.lose(i, messages.DBFOverflow)
		d.add(cellAbsent, nil)
	case isNumber(b):
		d.add(cellNumber, b)
	default:
		d.text(i, b)
	}
}

// isNumber says whether b is [sign]digits[.digits][e[sign]digits].
func isNumber(b []byte) bool {
	i, digits := 0, 0
	if i < len(b) && (b[i] == '-' || b[i] == '+') {
		i++
	}
	for point := false; i < len(b); i++ {
		if b[i] == '.' && !point {
			point = true
		} else if b[i] >= '0' && b[i] <= '9' {
			digits++
		} else {
			break
		}
	}
	if digits == 0 || i == len(b) {
		return digits > 0
	}
	if b[i]|0x20 != 'e' {
		return false
	}
	if i++; i < len(b) && (b[i] == '-' || b[i] == '+') {
		i++
	}
	start := i
	for i < len(b) && b[i] >= '0' && b[i] <= '9' {
		i++
	}
	return i == len(b) && i > start
}

func allDigits(b []byte) bool {
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(b) > 0
}

func (d *dbfDecoder) day(i int, b []byte) {
	switch text := bytes.Trim(b, " \x00"); {
	case len(bytes.Trim(text, "0")) == 0:
		d.add(cellAbsent, nil)
	case len(text) == 8 && allDigits(text):
		d.scratch = append(append(append(append(append(d.scratch[:0], text[:4]...), '-'), text[4:6]...), '-'), text[6:]...)
		d.add(cellISO, d.scratch)
	default:
		d.text(i, text)
	}
}

func (d *dbfDecoder) truth(i int, b byte) {
	switch b {
	case 'T', 't', 'Y', 'y':
		d.add(cellBool, []byte("true"))
	case 'F', 'f', 'N', 'n':
		d.add(cellBool, []byte("false"))
	case ' ', '?', 0:
		d.add(cellAbsent, nil)
	default:
		d.text(i, []byte{b})
	}
}

// binary adds a cell of the types that are no text.
func (d *dbfDecoder) binary(kind byte, b []byte) {
	switch kind {
	case 'I', '+':
		v := int32(binary.LittleEndian.Uint32(b))
		if d.table.level7 { // the leftmost bit is 0 for what is negative
			v = int32(binary.BigEndian.Uint32(b) ^ 1<<31)
		}
		d.scratch = strconv.AppendInt(d.scratch[:0], int64(v), 10)
		d.add(cellNumber, d.scratch)
	case 'B':
		v := math.Float64frombits(binary.LittleEndian.Uint64(b))
		if math.IsNaN(v) || math.IsInf(v, 0) {
			d.add(cellFault, []byte("#NUM!"))
			return
		}
		d.scratch = scalar.AppendFloat64(d.scratch[:0], v)
		d.add(cellFloat, d.scratch)
	case 'Y':
		v := int64(binary.LittleEndian.Uint64(b))
		u := uint64(v)
		d.scratch = d.scratch[:0]
		if v < 0 {
			d.scratch, u = append(d.scratch, '-'), -u
		}
		d.scratch = strconv.AppendUint(d.scratch, u/10000, 10)
		d.scratch = appendWidth(append(d.scratch, '.'), int64(u%10000), 4)
		d.add(cellNumber, d.scratch)
	case 'T':
		d.instant(int64(binary.LittleEndian.Uint32(b)), int64(binary.LittleEndian.Uint32(b[4:])))
	}
}

// instant adds a day of the Julian calendar and the milliseconds in it.
func (d *dbfDecoder) instant(day, millis int64) {
	const epoch = 2440588 // 1970-01-01
	if day == 0 && millis == 0 || day == 0x20202020 {
		d.add(cellAbsent, nil)
		return
	}
	if day -= epoch; day < firstDay || day > lastDay || millis < 0 || millis >= 86400e3 {
		d.add(cellFault, []byte("#NUM!"))
		return
	}
	d.scratch = append(scalar.DateFormat{}.Append(d.scratch[:0], arrow.Date32(day)), 'T')
	d.scratch = appendWidth(d.scratch, millis/3600e3, 2)
	d.scratch = appendWidth(append(d.scratch, ':'), millis/60e3%60, 2)
	d.scratch = appendWidth(append(d.scratch, ':'), millis/1000%60, 2)
	if millis%1000 != 0 {
		d.scratch = appendWidth(append(d.scratch, '.'), millis%1000, 3)
	}
	d.add(cellISO, d.scratch)
}
