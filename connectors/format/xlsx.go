package format

import (
	"bytes"
	"context"
	"io"
	"path"
	"strconv"
	"strings"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// XLSX reads workbooks of Excel 2007 and later (ECMA-376, ISO/IEC 29500), with a
// reader of its own: docs/adr/0015 says why.
var XLSX = pipelines.Define(pipelines.KindFormat, "xlsx", "Workbooks of Excel 2007 and later: one sheet as a table.",
	xlsxConfig{defaultBook}, newXLSX)

type xlsxConfig struct{ bookOptions }

type xlsxCodec struct {
	env pipelines.Env
	xlsxConfig
	texts int64 // bytes of shared texts in memory; 0: textBound
}

var _ Reader = (*xlsxCodec)(nil)

func newXLSX(env pipelines.Env, config xlsxConfig) (*xlsxCodec, error) {
	return &xlsxCodec{env: env, xlsxConfig: config}, nil
}

// Chunks finds the sheet, reads the texts that cells share, and the header.
func (c *xlsxCodec) Chunks(ctx context.Context, in Input) (pipelines.Chunks, error) {
	z, err := openZip(ctx, c.env, in, "a workbook (xlsx)")
	if err != nil {
		return nil, err
	}
	s := newXLSXSheet(c.env, z)
	if c.texts > 0 {
		s.texts.bound = c.texts
	}
	form := c.form()
	if form.date1904, err = s.find(c.Sheet); err != nil {
		z.file.Close()
		s.free()
		return nil, explainBook(in, err)
	}
	return c.openBook(c.env, in, s, form)
}

// xlsxSheet is a sheet of an open workbook.
type xlsxSheet struct {
	zip     *bookZip
	name    string // of its part
	texts   *sharedTexts
	stale   bool // the results of formulas are to be calculated when it is opened
	pieces  *pieces
	begun   bool
	counted bool  // rows do not say which they are
	line    int64 // of the last row given, where they do not
}

func newXLSXSheet(env pipelines.Env, z *bookZip) *xlsxSheet {
	return &xlsxSheet{zip: z, texts: newSharedTexts(env.Spool)}
}

// relations are the parts that a part names, by identifier or, of the root, by type.
func (s *xlsxSheet) relations(name string, each func(id, kind, target string)) error {
	b, err := s.zip.whole(name)
	if err != nil {
		return err
	}
	x := bookScan{b: b}
	for {
		ok, err := x.next()
		if err != nil || !ok {
			return err
		}
		if x.kind == tokenStart && string(x.name) == "Relationship" && x.attrText("TargetMode") != "External" {
			kind := x.attrText("Type")
			each(x.attrText("Id"), kind[strings.LastIndexByte(kind, '/')+1:], x.attrText("Target"))
		}
	}
}

// inside is the name of the part that target names, seen from the part called from.
func inside(from, target string) string {
	if strings.HasPrefix(target, "/") {
		return path.Clean(target)[1:]
	}
	return path.Join(path.Dir(from), target)
}

// find finds the sheet's part, and reads the shared texts.
func (s *xlsxSheet) find(wanted string) (date1904 bool, err error) {
	book := ""
	if err := s.relations("_rels/.rels", func(_, kind, target string) {
		if kind == "officeDocument" {
			book = inside("", target)
		}
	}); err != nil {
		return false, err
	}
	if strings.HasSuffix(book, ".bin") {
		return false, messages.BookOther.With("file", s.zip.in.Name, "wanted", "a workbook (xlsx)", "why", "it is a binary workbook, xlsb")
	}
	b, err := s.zip.whole(book)
	if err != nil {
		return false, err
	}
	parts, kinds, texts := map[string]string{}, map[string]string{}, ""
	if err := s.relations(path.Join(path.Dir(book), "_rels", path.Base(book)+".rels"), func(id, kind, target string) {
		parts[id], kinds[id] = inside(book, target), kind
		if kind == "sharedStrings" {
			texts = parts[id]
		}
	}); err != nil {
		return false, err
	}
	var names, ids []string
	for x := (bookScan{b: b}); ; {
		ok, err := x.next()
		if err != nil {
			return false, err
		}
		if !ok {
			break
		}
		if x.kind != tokenStart {
			continue
		}
		switch string(x.name) {
		case "workbookPr":
			v, _ := x.attr("date1904")
			date1904 = isTrue(v)
		case "calcPr":
			v, _ := x.attr("fullCalcOnLoad")
			s.stale = isTrue(v)
		case "sheet":
			id := x.prefixed("id")
			if kinds[id] == "worksheet" {
				names, ids = append(names, x.attrText("name")), append(ids, id)
			}
		}
	}
	i, err := chosen(s.zip.in, wanted, names)
	if err != nil {
		return false, err
	}
	s.name = parts[ids[i]]
	if texts != "" && s.zip.parts[texts] != nil {
		err = s.zip.readTexts(texts, s.texts)
	}
	return date1904, err
}

// isTrue reads an attribute (W3C XML Schema part 2, 3.2.2).
func isTrue(v []byte) bool { return string(v) == "1" || string(v) == "true" }

// chosen is the index of the sheet that an argument names.
func chosen(in Input, wanted string, names []string) (int, error) {
	if wanted == "" && len(names) > 0 {
		return 0, nil
	}
	for i, name := range names {
		if name == wanted {
			return i, nil
		}
	}
	if n, err := strconv.Atoi(wanted); err == nil && n >= 1 && n <= len(names) {
		return n - 1, nil
	}
	return 0, messages.BookSheet.With("file", in.Name, "sheet", strconv.Quote(wanted), "count", len(names), "hint", pipelines.Hint(wanted, names))
}

func (s *xlsxSheet) rewind() error {
	if err := s.endPart(); err != nil {
		return err
	}
	part, err := s.zip.part(s.name)
	if err != nil {
		return err
	}
	s.pieces = &pieces{part: part, zip: s.zip}
	s.line, s.begun, s.counted = 0, false, false
	empty, err := s.pieces.skipTo("sheetData", "row")
	if empty {
		s.pieces.ended = true
	}
	return err
}

func (s *xlsxSheet) endPart() error {
	if s.pieces == nil {
		return nil
	}
	err := s.pieces.part.Close()
	s.pieces = nil
	return err
}

func (s *xlsxSheet) next() (bookPiece, error) {
	b, err := s.pieces.next()
	if err != nil {
		if err == io.EOF {
			if _, e := s.pieces.rest(); e != nil {
				return bookPiece{}, e
			}
			if e := s.zip.file.unchanged(); e != nil {
				return bookPiece{}, e
			}
		}
		return bookPiece{}, err
	}
	p := bookPiece{bytes: b}
	if !s.begun {
		s.begun = true
		i := max(0, indexTag(b, s.pieces.start))
		x := bookScan{b: b, i: i}
		if ok, err := x.next(); ok && err == nil && x.kind == tokenStart {
			_, numbered := x.attr("r")
			s.counted = !numbered
		}
	}
	if s.counted {
		p.line = s.line + 1
		for rest := b; ; s.line++ {
			i := indexTag(rest, s.pieces.start)
			if i < 0 {
				break
			}
			rest = rest[i+len(s.pieces.start):]
		}
	}
	return p, nil
}

func (s *xlsxSheet) merges() ([]merge, error) {
	if err := s.rewind(); err != nil {
		return nil, err
	}
	for {
		if _, err := s.pieces.next(); err != nil {
			if err == io.EOF {
				break
			}
			return nil, err
		}
	}
	tail, err := s.pieces.rest()
	if err != nil {
		return nil, err
	}
	var all []merge
	mark := bytes.Replace(s.pieces.start, []byte("row"), []byte("mergeCell"), 1)
	for from := 0; ; {
		i := indexTag(tail[from:], mark)
		if i < 0 {
			return all, nil
		}
		end := bytes.IndexByte(tail[from+i:], '>')
		if end < 0 {
			return nil, errBookXML
		}
		x := bookScan{attrs: bytes.TrimSuffix(tail[from+i+len(mark):from+i+end], []byte("/"))}
		from += i + end
		a, b, _ := strings.Cut(x.attrText("ref"), ":")
		left, top, ok1 := cellName([]byte(a))
		right, bottom, ok2 := cellName([]byte(b))
		if !ok1 || !ok2 || top == 0 || bottom < top || right < left || len(all) >= bookMerges {
			return nil, errMerged
		}
		all = append(all, merge{left, right, top, bottom})
	}
}

// bookMerges is how many merged cells are filled, at most.
const bookMerges = 10_000

func (s *xlsxSheet) free() { s.texts.close() }

func (s *xlsxSheet) close() error {
	err := s.endPart()
	if e := s.zip.file.Close(); err == nil {
		err = e
	}
	return err
}
