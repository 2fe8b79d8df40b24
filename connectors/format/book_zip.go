package format

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"strings"

	"github.com/klauspost/compress/flate"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

const (
	bookDirectory = 4 << 20   // bytes of the list of parts, at most
	bookSmall     = 16 << 20  // bytes of a part that is held as a whole, at most
	bookFree      = 64 << 20  // bytes that a part may have however well it is packed
	bookRatio     = 500       // how much it may be packed beyond that
	bookLargest   = 256 << 30 // bytes of a part, at most
)

// bookZip is a workbook that is a zip archive of parts. Parts are found by their
// names and never written anywhere.
type bookZip struct {
	in    Input
	file  *randomFile
	parts map[string]*zip.File
}

var zipMark, oleMark = []byte("PK\x03\x04"), []byte{0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1}

// openZip opens the archive; wanted is what it should be, for messages.
func openZip(ctx context.Context, env pipelines.Env, in Input, wanted string) (*bookZip, error) {
	file, err := openRandom(ctx, env, in)
	if err != nil {
		return nil, err
	}
	z := &bookZip{in: in, file: file, parts: map[string]*zip.File{}}
	if err := z.open(wanted); err != nil {
		file.Close()
		return nil, explainBook(in, err)
	}
	return z, nil
}

func (z *bookZip) open(wanted string) error {
	head := make([]byte, 8)
	n, err := z.file.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return err
	}
	other := func(why string) error {
		return messages.BookOther.With("file", z.in.Name, "wanted", wanted, "why", why)
	}
	switch head = head[:n]; {
	case bytes.HasPrefix(head, oleMark):
		if encryptedOLE(z.file) {
			return messages.BookEncrypted.With("file", z.in.Name)
		}
		return other("it is a workbook of the older kind, xls")
	case !bytes.HasPrefix(head, zipMark):
		return other("it does not begin as one")
	}
	switch err := checkZipDirectory(z.file, mostMembers, bookDirectory); err {
	case nil:
	case errManyMembers:
		return messages.BookBomb.With("file", z.in.Name, "why", "it has too many parts")
	case errNoMembers:
		return bookWhy("the list of its parts is missing")
	default:
		return err
	}
	r, err := zip.NewReader(z.file, z.file.size)
	if err != nil {
		return zipError(err)
	}
	r.RegisterDecompressor(zip.Deflate, func(r io.Reader) io.ReadCloser { return flate.NewReader(r) })
	for _, f := range r.File {
		if f.Flags&1 != 0 {
			return messages.BookEncrypted.With("file", z.in.Name)
		}
		if z.parts[f.Name] != nil {
			return bookWhy("two of its parts have one name")
		}
		z.parts[f.Name] = f
	}
	return nil
}

// zipError makes a reason of what is wrong with an archive; errors of reading
// stay what they are.
func zipError(err error) error {
	var corrupt flate.CorruptInputError
	var internal flate.InternalError
	switch {
	case errors.Is(err, zip.ErrChecksum):
		return bookWhy("a part is not what its checksum says")
	case errors.Is(err, zip.ErrAlgorithm):
		return bookWhy("a part is packed in an unknown way")
	case errors.Is(err, zip.ErrFormat), errors.As(err, &corrupt), errors.As(err, &internal), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return bookWhy("a part cannot be unpacked")
	}
	return err
}

// part opens a part to read it from its start.
func (z *bookZip) part(name string) (*bookPart, error) {
	f := z.parts[name]
	if f == nil {
		return nil, bookWhy("a part is missing")
	}
	if f.UncompressedSize64 > bookLargest {
		return nil, messages.BookBomb.With("file", z.in.Name, "why", "a part is too large")
	}
	r, err := f.Open()
	if err != nil {
		return nil, zipError(err)
	}
	return &bookPart{ReadCloser: r, zip: z, packed: int64(f.CompressedSize64)}, nil
}

// bookPart is a part being read; its end comes only if its checksum is right.
type bookPart struct {
	io.ReadCloser
	zip          *bookZip
	packed, read int64
}

func (p *bookPart) Read(b []byte) (int, error) {
	n, err := p.ReadCloser.Read(b)
	p.read += int64(n)
	if p.read > bookFree && p.read/bookRatio > p.packed {
		return 0, messages.BookBomb.With("file", p.zip.in.Name, "why", "a part is packed too well")
	}
	if err != nil && err != io.EOF {
		err = zipError(err)
	}
	return n, err
}

// whole reads a small part.
func (z *bookZip) whole(name string) ([]byte, error) {
	p, err := z.part(name)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	b, err := io.ReadAll(io.LimitReader(p, bookSmall+1))
	if err != nil {
		return nil, err
	}
	if len(b) > bookSmall {
		return nil, messages.BookBomb.With("file", z.in.Name, "why", "a part is too large")
	}
	return b, z.declares(b)
}

// declares refuses a part that declares a document type.
func (z *bookZip) declares(b []byte) error {
	if bytes.Contains(b, []byte("<!DOCTYPE")) || bytes.Contains(b, []byte("<!ENTITY")) {
		return messages.BookDoctype.With("file", z.in.Name)
	}
	if len(b) >= 2 && (b[0] == 0xFF && b[1] == 0xFE || b[0] == 0xFE && b[1] == 0xFF) {
		return bookWhy("a part is not UTF-8")
	}
	return nil
}

// pieces cuts a part before the last start of an element, so that every piece has
// whole elements; a piece begins with one.
type pieces struct {
	part  io.ReadCloser
	zip   *bookZip
	start []byte // "<row"
	end   []byte // "</sheetData"
	held  []byte
	ended bool // the end was seen
}

// piecesSize is how many bytes a piece has at most, but for one that holds a longer
// element. It is part of the format version.
const piecesSize = 1 << 20

// pieceBound is the longest element accepted.
const pieceBound = 32 << 20

// fill reads until size bytes are held, or the part ends.
func (p *pieces) fill(size int) (end bool, err error) {
	if cap(p.held) < size {
		p.held = append(make([]byte, 0, size), p.held...)
	}
	for len(p.held) < size {
		n, err := p.part.Read(p.held[len(p.held):size])
		p.held = p.held[:len(p.held)+n]
		if err == io.EOF {
			return true, nil
		}
		if err != nil {
			return false, err
		}
	}
	return false, nil
}

// skipTo drops what is before the element called name, and that element's tag, and
// makes pieces of the elements called part in it, under the same prefix. It says
// whether the element is empty.
func (p *pieces) skipTo(name, part string) (empty bool, err error) {
	for size := 1 << 16; ; size *= 2 {
		ended, err := p.fill(size)
		if err != nil {
			return false, err
		}
		if i, prefix := prefixedTag(p.held, name); i >= 0 {
			p.start, p.end = []byte("<"+prefix+part), []byte("</"+prefix+name)
			if j := bytes.IndexByte(p.held[i:], '>'); j >= 0 {
				if err := p.zip.declares(p.held[:i]); err != nil {
					return false, err
				}
				empty = p.held[i+j-1] == '/'
				p.held = append([]byte(nil), p.held[i+j+1:]...)
				return empty, nil
			}
		}
		if ended {
			return false, bookWhy("a part has nothing of what it should have")
		}
		if size > bookSmall {
			return false, bookWhy("a part has too much before what it should have")
		}
	}
}

// prefixedTag is where the tag of an element begins that is called name, with a
// prefix or without, as some programs write.
func prefixedTag(b []byte, name string) (at int, prefix string) {
	for from := 0; ; from++ {
		i := bytes.Index(b[from:], []byte(name))
		if i < 0 {
			return -1, ""
		}
		from += i
		at := bytes.LastIndexByte(b[max(0, from-64):from], '<') + max(0, from-64)
		if at < 0 || at >= from || b[at] != '<' || !endsName(b, from+len(name)) {
			continue
		}
		prefix := string(b[at+1 : from])
		if i := strings.IndexByte(prefix, ':'); prefix == "" || i == len(prefix)-1 && !strings.ContainsAny(prefix, " /\"'=!?>") {
			return at, prefix
		}
	}
}

// indexTag is where a tag begins that starts with mark and is no longer name.
func indexTag(b, mark []byte) int {
	for from := 0; ; {
		i := bytes.Index(b[from:], mark)
		if i < 0 {
			return -1
		}
		if from += i; endsName(b, from+len(mark)) {
			return from
		}
		from += len(mark)
	}
}

func lastTag(b, mark []byte) int {
	for to := len(b); ; {
		i := bytes.LastIndex(b[:to], mark)
		if i < 0 || endsName(b, i+len(mark)) {
			return i
		}
		to = i
	}
}

func endsName(b []byte, i int) bool {
	return i < len(b) && (b[i] == '>' || b[i] == '/' || b[i] <= ' ')
}

// next gives the next piece, as the caller's own; io.EOF once the end was seen.
func (p *pieces) next() ([]byte, error) {
	if p.ended {
		return nil, io.EOF
	}
	for size := max(piecesSize, len(p.held)); ; size *= 2 {
		ended, err := p.fill(size)
		if err != nil {
			return nil, err
		}
		if i := bytes.Index(p.held, p.end); i >= 0 {
			p.ended = true
			piece := p.held[:i]
			p.held = append([]byte(nil), p.held[i:]...)
			if len(bytes.TrimSpace(piece)) == 0 {
				return nil, io.EOF
			}
			return piece, nil
		}
		if ended {
			return nil, bookWhy("a part ends too early")
		}
		if i := lastTag(p.held, p.start); i > 0 {
			piece := p.held[:i]
			p.held = append(make([]byte, 0, piecesSize), p.held[i:]...)
			return piece, nil
		}
		if size > pieceBound {
			return nil, messages.BookBomb.With("file", p.zip.in.Name, "why", "a row is too large")
		}
	}
}

// rest reads to the end of the part, where its checksum is looked at, and gives
// what stands there, up to a bound.
func (p *pieces) rest() ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(p.part, bookSmall))
	if err == nil {
		_, err = io.Copy(io.Discard, p.part)
	}
	return append(p.held, b...), err
}
