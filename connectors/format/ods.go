package format

import (
	"bytes"
	"context"
	"io"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// ODS reads spreadsheets of LibreOffice (OpenDocument 1.2 and 1.3, part 1 and 3).
var ODS = pipelines.Define(pipelines.KindFormat, "ods", "Spreadsheets of LibreOffice and OpenOffice: one sheet as a table.",
	odsConfig{defaultBook}, newODS)

type odsConfig struct{ bookOptions }

type odsCodec struct {
	env pipelines.Env
	odsConfig
}

var _ Reader = (*odsCodec)(nil)

func newODS(env pipelines.Env, config odsConfig) (*odsCodec, error) {
	return &odsCodec{env, config}, nil
}

// Chunks finds the sheet and reads the header.
func (c *odsCodec) Chunks(ctx context.Context, in Input) (pipelines.Chunks, error) {
	z, err := openZip(ctx, c.env, in, "a spreadsheet (ods)")
	if err != nil {
		return nil, err
	}
	s := &odsSheet{zip: z}
	if err := s.find(c.Sheet); err != nil {
		z.file.Close()
		return nil, explainBook(in, err)
	}
	return c.openBook(c.env, in, s, c.form())
}

// odsSheet is a sheet of an open spreadsheet. All sheets stand one after the other
// in one part.
type odsSheet struct {
	zip    *bookZip
	index  int // of the sheet
	pieces *pieces
	line   int64       // of the last row given
	queue  []bookPiece // cut and not yet given
}

const odsContent = "content.xml"

// find counts the sheets up to the wanted one.
func (s *odsSheet) find(wanted string) error {
	if s.zip.parts[odsContent] == nil {
		return messages.BookOther.With("file", s.zip.in.Name, "wanted", "a spreadsheet (ods)", "why", "it has no content.xml, as a spreadsheet of LibreOffice does")
	}
	if manifest := s.zip.parts["META-INF/manifest.xml"]; manifest != nil {
		b, err := s.zip.whole("META-INF/manifest.xml")
		if err != nil {
			return err
		}
		if bytes.Contains(b, []byte("encryption-data")) {
			return messages.BookEncrypted.With("file", s.zip.in.Name)
		}
	}
	var names []string
	if wanted == "" {
		return nil // the first, which rewind looks for
	}
	part, err := s.zip.part(odsContent)
	if err != nil {
		return err
	}
	defer part.Close()
	p := &pieces{part: part, zip: s.zip}
	for {
		name, err := p.nextTable()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		names = append(names, name)
	}
	s.index, err = chosen(s.zip.in, wanted, names)
	return err
}

// nextTable drops what is before the next sheet and its tag, and gives its name;
// io.EOF if there is none. A table within a cell is part of a row and not met here
// by those who read all rows.
func (p *pieces) nextTable() (string, error) {
	mark := []byte("<table:table")
	for {
		ended, err := p.fill(1 << 16)
		if err != nil {
			return "", err
		}
		i := indexTag(p.held, mark)
		if i >= 0 {
			x := bookScan{b: p.held, i: i}
			if end := x.tagEnd(); end >= 0 {
				if err := p.zip.declares(p.held[:i]); err != nil {
					return "", err
				}
				if ok, err := x.next(); !ok || err != nil {
					return "", errBookXML
				}
				name := x.attrText("table:name")
				p.held = append([]byte(nil), p.held[end+1:]...)
				return name, nil
			}
			if ended || i == 0 && len(p.held) >= 1<<16 {
				return "", errBookXML
			}
			p.held = append([]byte(nil), p.held[i:]...)
			continue
		}
		if err := p.zip.declares(p.held); err != nil {
			return "", err
		}
		if ended {
			return "", io.EOF
		}
		p.held = append([]byte(nil), p.held[len(p.held)-64:]...) // where a tag may begin
	}
}

func (s *odsSheet) rewind() error {
	if err := s.endPart(); err != nil {
		return err
	}
	part, err := s.zip.part(odsContent)
	if err != nil {
		return err
	}
	s.pieces = &pieces{part: part, zip: s.zip, start: []byte("<table:table-row"), end: []byte("</table:table>")}
	s.line, s.queue = 0, nil
	for range s.index + 1 {
		if _, err := s.pieces.nextTable(); err != nil {
			if err == io.EOF {
				err = bookWhy("a part has nothing of what it should have")
			}
			return err
		}
	}
	return nil
}

func (s *odsSheet) endPart() error {
	if s.pieces == nil {
		return nil
	}
	err := s.pieces.part.Close()
	s.pieces = nil
	return err
}

const (
	odsInline = 4    // a row that comes no oftener stays among others
	odsTimes  = 4096 // how often a row comes in one piece, at most
)

func (s *odsSheet) next() (bookPiece, error) {
	for len(s.queue) == 0 {
		b, err := s.pieces.next()
		if err == io.EOF {
			if _, e := s.pieces.rest(); e != nil {
				return bookPiece{}, e
			}
			if e := s.zip.file.unchanged(); e != nil {
				return bookPiece{}, e
			}
		}
		if err == nil {
			err = s.cut(b)
		}
		if err != nil {
			return bookPiece{}, err
		}
	}
	p := s.queue[0]
	s.queue = s.queue[1:]
	return p, nil
}

// cut numbers the rows of a piece, and takes out those that come often: a sheet may
// say that a row comes a million times.
func (s *odsSheet) cut(b []byte) error {
	mark := []byte("<table:table-row")
	from, first := 0, s.line+1
	give := func(to int, p bookPiece) {
		if to > from {
			p.bytes = b[from:to]
			s.queue = append(s.queue, p)
		}
		from = to
	}
	for at := indexTag(b, mark); at >= 0; {
		x := bookScan{b: b, i: at}
		if ok, err := x.next(); !ok || err != nil {
			return errBookXML
		}
		n, err := repeated(&x, "table:number-rows-repeated", bookRows)
		if err != nil {
			return err
		}
		next := len(b)
		if i := indexTag(b[x.i:], mark); i >= 0 {
			next = x.i + i
		}
		row := &odsRowSeen{}
		if n > odsInline {
			if err := s.parse(bookPiece{bytes: b[at:next]}, row); err != nil {
				return err
			}
		}
		switch {
		case n <= odsInline:
			s.line += n
		case !row.any:
			give(at, bookPiece{line: first})
			s.line += n
			from, first = next, s.line+1
		default:
			give(at, bookPiece{line: first})
			for left := n; left > 0; left -= odsTimes {
				s.queue = append(s.queue, bookPiece{bytes: b[at:next], line: s.line + 1, times: min(left, odsTimes)})
				s.line += min(left, odsTimes)
			}
			from, first = next, s.line+1
		}
		if s.line > bookRows {
			return errRowNumber
		}
		at = next
		if next == len(b) {
			break
		}
	}
	give(len(b), bookPiece{line: first})
	return nil
}

// odsRowSeen hears whether a row has anything in its cells.
type odsRowSeen struct{ any bool }

func (f *odsRowSeen) row(int64) int { return bookColumns }

func (f *odsRowSeen) cell(_ int, kind cellKind, text []byte, lost bool) error {
	f.any = f.any || kind != cellAbsent && len(text) > 0 || lost
	return nil
}

func (f *odsRowSeen) end() {}

// repeated is how often an element comes, at most most: more is as good as that.
func repeated(x *bookScan, name string, most int64) (int64, error) {
	b, ok := x.attr(name)
	if !ok {
		return 1, nil
	}
	n, ok := wholeNumber(b)
	if !ok || n < 1 {
		return 0, bookWhy("a number of repetitions is none")
	}
	return min(n, most), nil
}

func (s *odsSheet) merges() ([]merge, error) {
	if err := s.rewind(); err != nil {
		return nil, err
	}
	f := &odsMerges{}
	for {
		p, err := s.next()
		if err == io.EOF {
			return f.all, nil
		}
		if err == nil && bytes.Contains(p.bytes, []byte("-spanned=")) {
			err = s.parse(p, f)
		}
		if err != nil {
			return nil, err
		}
		if len(f.all) > bookMerges {
			return nil, errMerged
		}
	}
}

// odsMerges collects merged cells, which their first cell tells.
type odsMerges struct {
	all  []merge
	line int64
}

func (f *odsMerges) row(line int64) int { f.line = line; return 1 }

func (f *odsMerges) cell(int, cellKind, []byte, bool) error { return nil }

func (f *odsMerges) end() {}

func (f *odsMerges) span(col int, cols, rows int64) {
	f.all = append(f.all, merge{col, col + int(cols) - 1, f.line, f.line + rows - 1})
}

func (s *odsSheet) free() {}

func (s *odsSheet) close() error {
	err := s.endPart()
	if e := s.zip.file.Close(); err == nil {
		err = e
	}
	return err
}
