package format

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"strconv"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// dbfMemoBound is the longest text accepted, dbfMemosBound the most that those of a
// record are together: many columns may name one place.
const (
	dbfMemoBound  = 16 << 20
	dbfMemosBound = 4 * dbfMemoBound
)

// dbfMemo is the second file of a table, which has its long texts in blocks.
type dbfMemo struct {
	*randomFile
	kind  string // dbt3, dbt4, fpt
	block int64
}

// openMemo opens the file beside the table.
func (c *dbfCodec) openMemo(ctx context.Context, in Input, t *dbfTable) (*dbfMemo, error) {
	m := &dbfMemo{kind: dbfVersions[t.version], block: 512}
	extension := ".dbt"
	if m.kind == "fpt" {
		extension = ".fpt"
	}
	missing := func() error {
		var names []string
		for _, f := range t.fields {
			if f.memo >= 0 {
				names = append(names, f.name)
			}
		}
		return messages.DBFNoMemo.With("file", in.Name, "columns", quoteAll(names), "extension", extension)
	}
	if m.kind == "" {
		return nil, missing()
	}
	beside, found, err := in.beside(ctx, extension)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, missing()
	}
	if m.randomFile, err = openRandom(ctx, c.env, beside); err != nil {
		return nil, err
	}
	var head [24]byte
	if _, err := m.ReadAt(head[:], 0); err != nil {
		m.Close()
		return nil, messages.BookDamaged.With("file", beside.Name, "why", "it ends too early")
	}
	switch m.kind {
	case "dbt4":
		m.block = int64(binary.LittleEndian.Uint16(head[20:]))
	case "fpt":
		m.block = int64(binary.BigEndian.Uint16(head[6:]))
	}
	if m.block == 0 {
		m.Close()
		return nil, messages.BookDamaged.With("file", beside.Name, "why", "its blocks have no size")
	}
	return m, nil
}

// errMemoLost is a pointer to where no text is.
var errMemoLost = errors.New("no text there")

// pointer is the block that a record's field names; 0: none.
func (m *dbfMemo) pointer(field []byte) (int64, error) {
	if len(field) == 4 {
		return int64(binary.LittleEndian.Uint32(field)), nil
	}
	text := bytes.Trim(field, " \x00")
	if len(text) == 0 {
		return 0, nil
	}
	n, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil || n < 0 {
		return 0, errMemoLost
	}
	return n, nil
}

// text appends the text of a record's field; nil where there is none.
func (m *dbfMemo) text(field []byte) ([]byte, error) {
	n, err := m.pointer(field)
	if n == 0 || err != nil {
		return nil, err
	}
	at := n * m.block
	if at < m.block || at >= m.size {
		return nil, errMemoLost
	}
	if m.kind == "dbt3" {
		return m.upToMark(at)
	}
	var head [8]byte
	if _, err := m.ReadAt(head[:], at); err != nil {
		return nil, lost(err)
	}
	size := int64(binary.BigEndian.Uint32(head[4:]))
	if m.kind == "dbt4" {
		if binary.LittleEndian.Uint32(head[:]) != 0x0008ffff {
			return nil, errMemoLost
		}
		size = int64(binary.LittleEndian.Uint32(head[4:])) - 8
	} else if binary.BigEndian.Uint32(head[:]) > 2 {
		return nil, errMemoLost
	}
	if size < 0 || size > dbfMemoBound || at+8+size > m.size {
		return nil, errMemoLost
	}
	b := make([]byte, size)
	if _, err := m.ReadAt(b, at+8); err != nil {
		return nil, lost(err)
	}
	return bytes.TrimRight(b, "\x00"), nil
}

// upToMark reads a text of dBase III, which ends with a mark.
func (m *dbfMemo) upToMark(at int64) ([]byte, error) {
	var text []byte
	for len(text) < dbfMemoBound {
		from := len(text)
		text = append(text, make([]byte, m.block)...)
		n, err := m.ReadAt(text[from:], at)
		if i := bytes.IndexByte(text[from:from+n], 0x1a); i >= 0 {
			return bytes.TrimRight(text[:from+i], "\x00"), nil
		}
		if err != nil {
			return nil, lost(err)
		}
		at += m.block
	}
	return nil, errMemoLost
}

func lost(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return errMemoLost
	}
	return err
}
