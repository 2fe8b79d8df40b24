package format

import (
	"bytes"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// open reads up to and with the header. On success the result owns r.
func (c *csvCodec) open(in Input, r io.ReadCloser) (*csvChunks, error) {
	s := c.newChunks(in, r)
	if err := s.start(); err != nil {
		return nil, err
	}
	if err := s.detectLineEnd(); err != nil {
		return nil, err
	}
	var names []string
	if c.config.Header == 0 {
		for _, col := range c.config.Columns {
			names = append(names, col.Name)
		}
	} else {
		rows, err := s.headerRows()
		if err != nil {
			return nil, err
		}
		if c.dialect.own {
			names = rows[0]
		} else if names, err = c.config.columnNames(in, c.config.cellOptions, rows); err != nil {
			return nil, err
		}
		if err = c.looksLikeHeader(in, names); err != nil {
			return nil, err
		}
	}
	var err error
	if s.columns, err = c.config.columnsOf(in, names); err != nil {
		return nil, err
	}
	s.schema = schemaOf(s.columns)
	return s, nil
}

// start passes over the byte order mark and judges it.
func (s *csvChunks) start() error {
	var head [3]byte
	n, err := io.ReadFull(s.file, head[:])
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return err
	}
	b := head[:n]
	e := s.dialect.encoding
	little, big := bytes.HasPrefix(b, []byte{0xFF, 0xFE}), bytes.HasPrefix(b, []byte{0xFE, 0xFF})
	wrong := func(why, instead string) error {
		return messages.CSVWrongEncoding.With("file", s.in.Name, "encoding", s.dialect.encodingName, "why", why, "instead", strconv.Quote(instead))
	}
	switch {
	case !e.wide && (little || big):
		return wrong("it starts with the mark of UTF-16", "utf-16")
	case !e.wide && bytes.Equal(b, byteMark):
		b, s.offset = nil, 3
		s.dialect.marked = e.table != nil
	case e.wide && e.order == byMark && !little && !big && n > 0:
		return wrong("it has no mark that tells the byte order", "utf-16le")
	case e.wide && e.order == littleEndian && big:
		return wrong("its mark tells the other byte order", "utf-16be")
	case e.wide && e.order == bigEndian && little:
		return wrong("its mark tells the other byte order", "utf-16le")
	case e.wide && (little || big):
		b, s.offset = b[2:], 2
	}
	s.text = io.MultiReader(bytes.NewReader(bytes.Clone(b)), s.file)
	if e.wide {
		s.text = &wideReader{in: s.text, big: big || e.order == bigEndian}
	}
	return nil
}

// contradicts refuses rows that are UTF-8, as the mark of the file says, where the
// pipeline file declares another encoding: both can be, and one gives wrong letters.
func (s *csvChunks) contradicts(b []byte) error {
	if !s.dialect.marked || !linesAreUTF8(b, s.dialect.lineEnd) {
		return nil
	}
	return messages.CSVWrongEncoding.With("file", s.in.Name, "encoding", s.dialect.encodingName,
		"why", "it starts with the mark of UTF-8, and has rows with letters of UTF-8", "instead", strconv.Quote("utf-8"))
}

// linesAreUTF8 says whether there is a line of UTF-8 that is not ASCII alone.
func linesAreUTF8(b []byte, end byte) bool {
	for line := range bytes.SplitSeq(b, []byte{end}) {
		if !isASCII(line) && utf8.Valid(line) {
			return true
		}
	}
	return false
}

// detectLineEnd looks at how the first row ends: a CR without LF after it is
// the line end of the whole file, else LF is, with or without CR before it.
func (s *csvChunks) detectLineEnd() error {
	for size := s.size; ; size *= 2 {
		if err := s.fill(size); err != nil {
			return err
		}
		if i := s.firstLineEnd(); i >= 0 || s.ended || size >= csvRowBound {
			if i >= 0 && s.held[i] == '\r' {
				s.dialect.lineEnd = '\r'
			}
			return nil
		}
	}
}

// firstLineEnd is where the first LF or lone CR outside quotes is known to stand, or -1.
func (s *csvChunks) firstLineEnd() int {
	d, b := &s.dialect, s.held
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case c == '\n':
			return i
		case c == '\r' && i+1 < len(b):
			if b[i+1] != '\n' {
				return i
			}
		case c == '\r' && s.ended:
			return i
		case c == d.quote && c != 0 && (i == 0 || b[i-1] == d.delimiter):
			if i = d.closing(b, i+1) - 1; i < 0 {
				return -1
			}
		}
	}
	return -1
}

// row takes one row, its line end included.
func (s *csvChunks) row() ([]byte, error) {
	end, err := s.rows()
	if err != nil {
		return nil, err
	}
	if n := s.dialect.firstEnd(s.held[:end]); n > 0 {
		end = n
	}
	row := bytes.Clone(s.held[:end])
	s.line += s.lines(row)
	s.offset += s.dialect.encoding.rawLen(row)
	s.held = append(s.held[:0], s.held[end:]...)
	return row, nil
}

// headerRows passes over what is before the column names and gives the cells of
// their rows.
func (s *csvChunks) headerRows() (rows [][]string, err error) {
	for row := int64(1); row < s.config.Header+max(1, s.config.HeaderRows); row++ {
		b, err := s.row()
		if err == io.EOF {
			return nil, messages.CSVNoHeader.With("file", s.in.Name, "row", row)
		}
		if err != nil {
			return nil, err
		}
		if row < s.config.Header {
			continue
		}
		cells, err := s.names(b)
		if err != nil {
			return nil, err
		}
		rows = append(rows, cells)
		if s.config.SkipHeader {
			s.header = append(s.header, bytes.TrimRight(b, "\r\n"))
		}
	}
	return rows, nil
}

// names are the cells of a row of the header.
func (s *csvChunks) names(b []byte) ([]string, error) {
	if err := s.contradicts(b); err != nil {
		return nil, err
	}
	d := csvDecoder{dialect: &s.dialect, offset: s.offset - s.dialect.encoding.rawLen(b)}
	d.form, d.encoding, d.quote, d.b, d.input = &s.dialect.cellForm, s.dialect.encoding, s.dialect.quote, b, s.in.Name
	d.scan(s.line - s.lines(b))
	if len(d.grid.cells) > mostColumns {
		return nil, tooManyColumns(s.in)
	}
	if !d.encoding.clean(b) {
		d.grid.width = len(d.grid.cells)
		d.columns = make([]cellColumn, d.grid.width)
		d.findUnreadable()
		for _, b := range d.bad {
			d.grid.rejects = append(d.grid.rejects, b.reject)
		}
	}
	if len(d.grid.rejects) > 0 {
		return nil, s.badHeader(d.grid.rejects[0].Why)
	}
	if len(d.grid.cells) == 0 && s.config.HeaderRows <= 1 {
		return nil, messages.CSVNoHeader.With("file", s.in.Name, "row", s.config.Header)
	}
	names := make([]string, len(d.grid.cells))
	for i, c := range d.grid.cells {
		text := string(d.plain(d.b[c.start:c.end], c))
		switch {
		case s.dialect.own && s.dialect.guarded:
			text = strings.TrimPrefix(text, "'")
		case !s.dialect.own:
			text = strings.TrimFunc(text, isPadding)
		}
		names[i] = text
	}
	return names, nil
}

// looksLikeHeader refuses a row that is probably data. A declared column in it
// proves that it is not; else its cells could be values of a row, which nothing
// may show, and column names show in messages.
func (c *csvCodec) looksLikeHeader(in Input, names []string) error {
	if c.dialect.own {
		return nil
	}
	return c.config.looksLikeHeader(in, c.config.Header, names, func() string { return c.headerHint(names) })
}

func (o cellOptions) looksLikeHeader(in Input, row int64, names []string, hint func() string) error {
	for _, name := range names {
		if o.declares(name) {
			return nil
		}
	}
	for i, name := range names {
		if valueLike.MatchString(name) {
			return messages.CSVHeaderIsData.With("row", row, "file", in.Name, "cell", i+1)
		}
	}
	if len(o.Columns) == 0 || o.meant(names) {
		return nil
	}
	return messages.CSVNotTheHeader.With("row", row, "file", in.Name, "cells", len(names), "hint", hint())
}

// valueLike matches what is a value and hardly a name: five digits or more, an
// amount, a date, an address of mail.
var valueLike = regexp.MustCompile(`^(\d[\d\s\x{a0}\x{202f}]{3,}\d|-?[\d\s\x{a0}\x{202f}]+[.,]\d{2}|\d{1,2}[/.-]\d{1,2}[/.-]\d{4}|\d{4}[/-]\d{2}[/-]\d{2}.*|\S+@\S+\.\S+)$`)

// meant says whether one of several names is nearly that of a declared column,
// or has it in it. Short ones are near to everything.
func (o cellOptions) meant(names []string) bool {
	for _, col := range o.Columns {
		declared := col.Name
		for _, name := range names {
			if len(declared) < 5 || len(name) < 5 {
				continue
			}
			near := strings.HasPrefix(pipelines.Hint(declared, []string{name}), "did you mean")
			if len(names) > 1 && (near || strings.Contains(strings.ToLower(name), strings.ToLower(declared))) {
				return true
			}
		}
	}
	return false
}

// headerHint finds the delimiter that would have made names of the row.
func (c *csvCodec) headerHint(names []string) string {
	row := strings.Join(names, c.config.Delimiter)
	for _, delimiter := range []string{";", ",", "\t", "|"} {
		for _, cell := range strings.Split(row, delimiter) {
			if c.config.declares(strings.Trim(cell, " "+c.config.Quote)) {
				return "write delimiter = " + strconv.Quote(delimiter)
			}
		}
	}
	return "check header, delimiter and encoding against the file; if it has no column names, write header = 0 and columns"
}

func (s *csvChunks) badHeader(why *messages.Error) error {
	return messages.CSVBadHeader.Wrap(why, "file", s.in.Name, "row", s.config.Header, "do", messages.Do{Error: why})
}

func isPadding(r rune) bool {
	return r == ' ' || r == '\t' || r == '\n' || r == '\r' || r == '\u00a0' || r == '\u202f'
}
