package format

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"strconv"

	"github.com/richardlehane/mscfb"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// XLS reads workbooks of Excel 5 to 2003: BIFF5 and BIFF8 ([MS-XLS]; for BIFF5,
// OpenOffice's "Microsoft Excel File Format").
var XLS = pipelines.Define(pipelines.KindFormat, "xls", "Workbooks of Excel 5 to 2003: one sheet as a table.",
	xlsConfig{defaultBook}, newXLS)

type xlsConfig struct{ bookOptions }

type xlsCodec struct {
	env pipelines.Env
	xlsConfig
}

var _ Reader = (*xlsCodec)(nil)

func newXLS(env pipelines.Env, config xlsConfig) (*xlsCodec, error) {
	return &xlsCodec{env, config}, nil
}

// Chunks finds the sheet, reads the texts that cells share, and the header.
func (c *xlsCodec) Chunks(ctx context.Context, in Input) (pipelines.Chunks, error) {
	file, err := openRandom(ctx, c.env, in)
	if err != nil {
		return nil, err
	}
	s := &xlsSheet{in: in, file: file, texts: newSharedTexts(c.env.Spool)}
	form := c.form()
	if err := s.find(c.Sheet); err != nil {
		file.Close()
		s.free()
		return nil, explainBook(in, err)
	}
	form.date1904 = s.date1904
	return c.openBook(c.env, in, s, form)
}

// xlsSheet is a sheet of an open workbook.
type xlsSheet struct {
	in       Input
	file     *randomFile
	stream   *mscfb.File
	old      bool // BIFF5
	page     *csvEncoding
	date1904 bool
	texts    *sharedTexts
	start    int64 // of the sheet in the stream

	records *biffReader
	ended   bool
}

// Records that are read ([MS-XLS] 2.3.2).
const (
	biffFormula     = 0x0006
	biffEOF         = 0x000A
	biffDate1904    = 0x0022
	biffFilePass    = 0x002F
	biffContinue    = 0x003C
	biffCodePage    = 0x0042
	biffBoundSheet  = 0x0085
	biffMulRK       = 0x00BD
	biffRString     = 0x00D6
	biffMergedCells = 0x00E5
	biffSST         = 0x00FC
	biffLabelSST    = 0x00FD
	biffNumber      = 0x0203
	biffLabel       = 0x0204
	biffBoolErr     = 0x0205
	biffString      = 0x0207
	biffRK          = 0x027E
	biffBOF         = 0x0809
)

// biffCells are the records of cells, and what belongs to one.
var biffCells = map[uint16]bool{biffFormula: true, biffMulRK: true, biffRString: true, biffLabelSST: true, biffNumber: true,
	biffLabel: true, biffBoolErr: true, biffRK: true}

// biffReader reads the records of a stream.
type biffReader struct {
	in   *bufio.Reader
	at   int64 // of the record in the stream
	next int64
	kind uint16
	data []byte // good until the next read
}

const errEnds = bookWhy("a part ends too early")

// read reads a record. A stream ends with one that says so: its own end is a fault.
func (b *biffReader) read() error {
	var head [4]byte
	if _, err := io.ReadFull(b.in, head[:]); err != nil {
		return biffError(err)
	}
	b.kind = binary.LittleEndian.Uint16(head[:])
	n := int(binary.LittleEndian.Uint16(head[2:]))
	if cap(b.data) < n {
		b.data = make([]byte, n, 1<<16)
	}
	b.data = b.data[:n]
	if _, err := io.ReadFull(b.in, b.data); err != nil {
		return biffError(err)
	}
	b.at, b.next = b.next, b.next+4+int64(n)
	return nil
}

// peek is the kind of the record that comes next.
func (b *biffReader) peek() uint16 {
	head, err := b.in.Peek(4)
	if err != nil {
		return biffEOF
	}
	return binary.LittleEndian.Uint16(head)
}

func biffError(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return errEnds
	}
	return oleError(err)
}

// seek starts reading at a place of the stream.
func (s *xlsSheet) seek(at int64) (*biffReader, error) {
	if at < 0 || at >= s.stream.Size {
		return nil, errEnds
	}
	if _, err := s.stream.Seek(at, io.SeekStart); err != nil {
		return nil, oleError(err)
	}
	return &biffReader{in: bufio.NewReaderSize(s.stream, 1<<16), next: at}, nil
}

// find reads what comes before the sheets.
func (s *xlsSheet) find(wanted string) error {
	head := make([]byte, 8)
	if n, err := s.file.ReadAt(head, 0); err != nil && err != io.EOF {
		return err
	} else if head = head[:n]; !bytes.HasPrefix(head, oleMark) {
		why := "it does not begin as one"
		switch {
		case bytes.HasPrefix(head, zipMark):
			why = "it is a workbook of the newer kind, xlsx or ods"
		case n > 1 && head[0] == 9 && head[1] <= 4:
			why = "it is of Excel 4 or older"
		}
		return messages.BookOther.With("file", s.in.Name, "wanted", "a workbook (xls)", "why", why)
	}
	if encryptedOLE(s.file) {
		return messages.BookEncrypted.With("file", s.in.Name)
	}
	var err error
	if s.stream, err = oleStream(s.file, "Workbook", "Book"); err != nil {
		return err
	}
	if s.stream.Size > s.file.size {
		return errEnds
	}
	r, err := s.seek(0)
	if err != nil {
		return err
	}
	if err := r.read(); err != nil {
		return err
	}
	if r.kind != biffBOF || len(r.data) < 4 {
		return bookWhy("it has no beginning")
	}
	switch binary.LittleEndian.Uint16(r.data) {
	case 0x0600:
	case 0x0500:
		s.old = true
	default:
		return messages.BookOther.With("file", s.in.Name, "wanted", "a workbook (xls)", "why", "it is of Excel 4 or older")
	}
	s.page = csvEncodings["cp1252"]
	var names []string
	var starts []int64
	for {
		if err := r.read(); err != nil {
			return err
		}
		switch r.kind {
		case biffEOF:
			i, err := chosen(s.in, wanted, names)
			if err == nil {
				s.start = starts[i]
			}
			return err
		case biffFilePass:
			return messages.BookEncrypted.With("file", s.in.Name)
		case biffCodePage:
			err = s.codePage(r.data)
		case biffDate1904:
			s.date1904 = len(r.data) >= 2 && r.data[0] == 1
		case biffSST:
			err = s.sharedTexts(r)
		case biffBoundSheet:
			var name string
			if len(r.data) < 8 {
				return errEnds
			}
			if s.old {
				name, err = s.oldText(r.data[7:], int(r.data[6]))
			} else {
				name, err = newText(r.data[7:], int(r.data[6]))
			}
			if r.data[5]&0x0F == 0 { // a worksheet, no chart and no module
				names, starts = append(names, name), append(starts, int64(binary.LittleEndian.Uint32(r.data)))
			}
		}
		if err != nil {
			return err
		}
	}
}

// codePage is what the texts of BIFF5 are written in.
func (s *xlsSheet) codePage(data []byte) error {
	if len(data) < 2 || !s.old {
		return nil
	}
	name := pageNamed(strconv.Itoa(int(binary.LittleEndian.Uint16(data))))
	if name == "" {
		return bookWhy("its code page is unknown")
	}
	s.page = dbfEncoding(name)
	return nil
}

func (s *xlsSheet) rewind() error {
	r, err := s.seek(s.start)
	if err != nil {
		return err
	}
	if err := r.read(); err != nil {
		return err
	}
	if r.kind != biffBOF {
		return bookWhy("its sheet has no beginning")
	}
	s.records, s.ended = r, false
	return nil
}

// record reads the next record of the sheet itself: charts in it are passed over.
func (s *xlsSheet) record() error {
	for depth := 0; ; {
		if err := s.records.read(); err != nil {
			return err
		}
		switch {
		case s.records.kind == biffBOF:
			depth++
		case s.records.kind == biffEOF && depth > 0:
			depth--
		case depth == 0:
			return nil
		}
	}
}

// next gives the records of cells of some whole rows.
func (s *xlsSheet) next() (bookPiece, error) {
	if s.ended {
		return bookPiece{}, io.EOF
	}
	var b []byte
	last := -1
	keep := func() {
		b = binary.LittleEndian.AppendUint16(b, s.records.kind)
		b = binary.LittleEndian.AppendUint16(b, uint16(len(s.records.data)))
		b = append(b, s.records.data...)
	}
	for {
		if len(b) >= piecesSize && biffCells[s.records.peek()] {
			head, err := s.records.in.Peek(6)
			if err != nil {
				return bookPiece{}, biffError(err)
			}
			if int(binary.LittleEndian.Uint16(head[4:])) != last {
				return bookPiece{bytes: b}, nil
			}
		}
		if len(b) > pieceBound {
			return bookPiece{}, messages.BookBomb.With("file", s.in.Name, "why", "a row is too large")
		}
		if err := s.record(); err != nil {
			return bookPiece{}, err
		}
		switch kind := s.records.kind; {
		case kind == biffEOF:
			s.ended = true
			if err := s.file.unchanged(); err != nil {
				return bookPiece{}, err
			}
			if len(b) == 0 {
				return bookPiece{}, io.EOF
			}
			return bookPiece{bytes: b}, nil
		case biffCells[kind]:
			if len(s.records.data) < 6 {
				return bookPiece{}, errEnds
			}
			last = int(binary.LittleEndian.Uint16(s.records.data))
			keep()
		case kind == biffString:
			keep()
			for s.records.peek() == biffContinue && len(b) <= pieceBound {
				if err := s.record(); err != nil {
					return bookPiece{}, err
				}
				keep()
			}
		}
	}
}

func (s *xlsSheet) merges() ([]merge, error) {
	if err := s.rewind(); err != nil {
		return nil, err
	}
	var all []merge
	for {
		if err := s.record(); err != nil {
			return nil, err
		}
		if s.records.kind == biffEOF {
			return all, nil
		}
		if s.records.kind != biffMergedCells {
			continue
		}
		for b := s.records.data[min(2, len(s.records.data)):]; len(b) >= 8; b = b[8:] {
			at := func(i int) int64 { return int64(binary.LittleEndian.Uint16(b[2*i:])) + 1 }
			m := merge{int(at(2)), int(at(3)), at(0), at(1)}
			if m.right < m.left || m.bottom < m.top || len(all) >= bookMerges {
				return nil, errMerged
			}
			all = append(all, m)
		}
	}
}

func (s *xlsSheet) free() { s.texts.close() }

func (s *xlsSheet) close() error { return s.file.Close() }
