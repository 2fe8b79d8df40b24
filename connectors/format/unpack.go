package format

import (
	"archive/tar"
	"archive/zip"
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"io/fs"
	"path"
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/klauspost/compress/zstd"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Unpacking is one layer of what files come in: a compressed stream, which holds
// one file, or an archive, whose members are files.
type Unpacking struct {
	Kind     string                 // see Containers
	Takes    func(name string) bool // which members of an archive; nil: all
	MaxSize  int64                  // the most bytes that all it holds may be
	MaxRatio int64                  // and the most per byte of the file
}

// Containers are the kinds of Unpacking.
const Containers = "zip|tar|gzip|zstd"

const (
	// mostMembers bounds the list of an archive's members, and mostNames its bytes.
	mostMembers = 100_000
	mostNames   = 64 << 20
	// ratioFrom is what may come out before the ratio counts.
	ratioFrom = 64 << 20
)

// Unpacked are files that come out of others. They stay readable until Close.
type Unpacked struct {
	Files []Input
	open  []io.Closer
}

// Close lets go of the archives.
func (u *Unpacked) Close() (err error) {
	for i := len(u.open) - 1; i >= 0; i-- {
		if e := u.open[i].Close(); err == nil {
			err = e
		}
	}
	u.open = nil
	return err
}

// Unpack gives the files that in holds, through all layers, outermost first, in
// the order of their names. hide makes of the name of a file and a member's what
// messages may show. Nothing is written to disk but to the encrypted spool, and
// no member's name becomes a path.
func Unpack(ctx context.Context, env pipelines.Env, in Input, layers []Unpacking, hide func(string) string) (*Unpacked, error) {
	u := &Unpacked{Files: []Input{in}}
	for _, l := range layers {
		var inner []Input
		for _, f := range u.Files {
			files, err := u.layer(ctx, env, f, l, hide)
			if err != nil {
				u.Close()
				return nil, err
			}
			inner = append(inner, files...)
		}
		u.Files = inner
	}
	return u, nil
}

func (u *Unpacked) layer(ctx context.Context, env pipelines.Env, in Input, l Unpacking, hide func(string) string) ([]Input, error) {
	switch l.Kind {
	case "gzip":
		return []Input{l.stream(in, func(r io.Reader) (io.ReadCloser, error) { return gzip.NewReader(r) })}, nil
	case "zstd":
		return []Input{l.stream(in, openZstd)}, nil
	}
	f, err := openRandom(ctx, env, in)
	if err != nil {
		return nil, err
	}
	u.open = append(u.open, f)
	var members []member
	if l.Kind == "zip" {
		members, err = zipMembers(f, in)
	} else {
		members, err = tarMembers(ctx, f, in)
	}
	if err == nil {
		err = f.unchanged()
	}
	if err != nil {
		return nil, broken(in, err)
	}
	return l.take(in, f.size, members, hide)
}

// openZstd bounds what one window takes, as RFC 8878 (3.1.1.1.2) advises.
func openZstd(r io.Reader) (io.ReadCloser, error) {
	b := bufio.NewReader(r)
	if _, err := b.Peek(4); err != nil { // no frame at all is no file
		return nil, io.ErrUnexpectedEOF
	}
	d, err := zstd.NewReader(b, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(8<<20))
	if err != nil {
		return nil, err
	}
	return d.IOReadCloser(), nil
}

// stream is the file that the compressed file in holds.
func (l Unpacking) stream(in Input, open func(io.Reader) (io.ReadCloser, error)) Input {
	out := in
	out.Size, out.Beside = 0, nil
	out.Open = func(ctx context.Context) (io.ReadCloser, error) {
		raw, err := in.Open(ctx)
		if err != nil {
			return nil, err
		}
		packed := &counted{Reader: raw}
		r, err := open(packed)
		if err != nil {
			raw.Close()
			return nil, broken(in, err)
		}
		most := func() int64 { return l.most(in.Size) }
		if in.Size <= 0 { // nothing told how large it is, as web servers may not
			most = func() int64 { return l.most(packed.n) }
		}
		return &bounded{Reader: r, in: in, most: most, closers: []io.Closer{r, raw}, rest: raw}, nil
	}
	return out
}

// most is how many bytes a file of that size may hold.
func (l Unpacking) most(size int64) int64 {
	return min(l.MaxSize, max(ratioFrom, size*l.MaxRatio))
}

// counted counts what is read.
type counted struct {
	io.Reader
	n int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += int64(n)
	return n, err
}

// member is a file in an archive.
type member struct {
	name   string
	size   int64
	reason string // why it cannot be read
	open   func() (io.ReadCloser, error)
	end    func() error // once it is read: whether its archive is still what it was
}

// take gives the members that are wanted, by name.
func (l Unpacking) take(in Input, size int64, members []member, hide func(string) string) ([]Input, error) {
	sort.SliceStable(members, func(i, j int) bool { return members[i].name < members[j].name })
	byName := map[string]member{}
	var wanted []member
	total := int64(0)
	for _, m := range members {
		if l.Takes != nil && !l.Takes(m.name) {
			if m.reason == "" {
				byName[strings.ToLower(m.name)] = m
			}
			continue
		}
		reason := m.reason
		if _, twice := byName[strings.ToLower(m.name)]; twice && reason == "" {
			reason = "another member has the same name"
		}
		if !localName(m.name) {
			reason = "its name leads out of the archive"
		}
		if reason != "" {
			return nil, messages.UnpackMember.With("file", in.Name, "member", hide(m.name), "why", reason)
		}
		byName[strings.ToLower(m.name)] = m
		if total += m.size; total > l.most(size) || total < 0 {
			return nil, messages.UnpackBomb.With("file", in.Name, "bound", pipelines.Size(l.most(size)))
		}
		wanted = append(wanted, m)
	}
	var out []Input
	for _, m := range wanted {
		out = append(out, l.input(in, m, byName, hide))
	}
	return out, nil
}

func (l Unpacking) input(in Input, m member, byName map[string]member, hide func(string) string) Input {
	inner := Input{Name: hide(m.name), Size: m.size}
	inner.Open = func(context.Context) (io.ReadCloser, error) {
		r, err := m.open()
		if err != nil {
			return nil, broken(inner, err)
		}
		return &bounded{Reader: r, in: inner, most: func() int64 { return m.size }, exact: true, end: m.end, closers: []io.Closer{r}}, nil
	}
	inner.Beside = func(_ context.Context, extension string) (Input, bool, error) {
		other, ok := byName[strings.ToLower(strings.TrimSuffix(m.name, path.Ext(m.name))+extension)]
		if !ok || other.reason != "" {
			return Input{}, false, nil
		}
		return l.input(in, other, byName, hide), true, nil
	}
	return inner
}

// localName says whether a member's name stays in the archive.
func localName(name string) bool {
	return name != "" && !strings.ContainsAny(name, "\x00\\:") && fs.ValidPath(strings.TrimPrefix(name, "./"))
}

// zipMembers reads the directory of a zip archive.
func zipMembers(f *randomFile, in Input) ([]member, error) {
	switch err := checkZipDirectory(f, mostMembers, mostNames); err {
	case nil:
	case errManyMembers:
		return nil, messages.UnpackMany.With("file", in.Name, "bound", mostMembers)
	case errNoMembers:
		return nil, zip.ErrFormat
	default:
		return nil, err
	}
	z, err := zip.NewReader(f, f.size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return nil, err
	}
	z.RegisterDecompressor(zstdMethod, func(r io.Reader) io.ReadCloser {
		d, err := openZstd(r)
		if err != nil {
			return io.NopCloser(erring{err})
		}
		return d
	})
	var out []member
	for _, e := range z.File {
		if e.Mode().IsDir() {
			continue
		}
		m := member{name: e.Name, size: int64(e.UncompressedSize64), open: e.Open, end: f.unchanged}
		switch {
		case e.UncompressedSize64 > 1<<62:
			m.reason = "its size cannot be"
		case e.Flags&1 != 0:
			m.reason = "it is encrypted"
		case !e.Mode().IsRegular():
			m.reason = "it is a link or a device, not a file"
		case e.Method != zip.Store && e.Method != zip.Deflate && e.Method != zstdMethod:
			m.reason = "it is compressed in a way that is not read here; zip it again as Deflate"
		}
		// Without the flag for UTF-8, Windows writes names in the code page of the console.
		if !utf8.ValidString(m.name) {
			m.name = string(csvEncodings["cp850"].appendText(nil, []byte(m.name)))
		}
		out = append(out, m)
	}
	return out, nil
}

// zstdMethod is 93 (APPNOTE.TXT 6.3.8, 4.4.5).
const zstdMethod = 93

// erring is a reader of nothing but an error.
type erring struct{ err error }

func (f erring) Read([]byte) (int, error) { return 0, f.err }

// tarMembers finds the members of a tar archive. What is compressed is a layer
// of its own.
func tarMembers(ctx context.Context, f *randomFile, in Input) ([]member, error) {
	section := io.NewSectionReader(f, 0, f.size)
	t := tar.NewReader(section)
	var out []member
	end, names := int64(0), 0 // end is that of the last member
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		h, err := t.Next()
		if err == io.EOF {
			return out, endOfTar(ctx, f, end)
		}
		if err != nil && !errors.Is(err, tar.ErrInsecurePath) {
			return nil, err
		}
		if names += len(h.Name); len(out) >= mostMembers || names > mostNames {
			return nil, messages.UnpackMany.With("file", in.Name, "bound", mostMembers)
		}
		at, err := section.Seek(0, io.SeekCurrent)
		if err != nil {
			return nil, err
		}
		end = at
		if h.Typeflag == tar.TypeReg {
			end += (h.Size + tarBlock - 1) / tarBlock * tarBlock
		}
		if h.Typeflag == tar.TypeDir || h.Typeflag == tar.TypeXGlobalHeader { // what git archive begins with
			continue
		}
		size := h.Size // h may have much besides
		m := member{name: strings.TrimPrefix(h.Name, "./"), size: size,
			end:  f.unchanged,
			open: func() (io.ReadCloser, error) { return io.NopCloser(io.NewSectionReader(f, at, size)), nil }}
		switch {
		case h.Typeflag != tar.TypeReg:
			m.reason = "it is a link or a device, not a file"
		case at+h.Size > f.size:
			return nil, io.ErrUnexpectedEOF
		case h.PAXRecords["GNU.sparse.major"] != "" || h.PAXRecords["GNU.sparse.map"] != "":
			m.reason = "it is a sparse file"
		}
		out = append(out, m)
	}
}

const tarBlock = 512

// endOfTar refuses an archive without the two blocks of zeros that end it (POSIX
// pax, "ustar Interchange Format"): it may be cut short between two members. What
// comes after is zeros too: archives that are put together have members there.
func endOfTar(ctx context.Context, f *randomFile, end int64) error {
	var b [2 * tarBlock]byte
	if n, err := f.ReadAt(b[:], end); n < len(b) {
		if err == nil || err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return err
	}
	if b != [2 * tarBlock]byte{} {
		return io.ErrUnexpectedEOF
	}
	for chunk := make([]byte, 1<<16); end < f.size; {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := f.ReadAt(chunk[:min(int64(len(chunk)), f.size-end)], end)
		if len(bytes.TrimLeft(chunk[:n], "\x00")) > 0 {
			return tar.ErrHeader
		}
		if end += int64(n); n == 0 {
			return err
		}
	}
	return nil
}

// bounded reads no more than most bytes, and maps what goes wrong to a message.
type bounded struct {
	io.Reader
	in      Input
	read    int64
	most    func() int64
	exact   bool         // all of most has to come
	end     func() error // asked when all is read
	closers []io.Closer
	rest    io.Reader // of the compressed file, read to its end so that it is found unchanged
	err     error
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	n, err := b.Reader.Read(p)
	b.read += int64(n)
	switch {
	case b.read > b.most():
		n, err = 0, messages.UnpackBomb.With("file", b.in.Name, "bound", "what its archive or the pipeline file allows")
	case err == io.EOF && b.exact && b.read < b.most():
		err = broken(b.in, io.ErrUnexpectedEOF)
	case err == io.EOF && b.rest != nil:
		if _, e := io.Copy(io.Discard, b.rest); e != nil {
			err = broken(b.in, e)
		}
	case err == io.EOF && b.end != nil:
		if e := b.end(); e != nil {
			err = e
		}
	case err != nil && err != io.EOF:
		err = broken(b.in, err)
	}
	b.err = err
	return n, err
}

func (b *bounded) Close() (err error) {
	for _, c := range b.closers {
		if e := c.Close(); err == nil {
			err = e
		}
	}
	return err
}

// broken says that what in holds cannot be had; messages stay what they are.
func broken(in Input, err error) error {
	if messages.Find(err) != nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	why := "its bytes are damaged"
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		why = "it ends too early"
	case errors.Is(err, zip.ErrChecksum), errors.Is(err, gzip.ErrChecksum), errors.Is(err, zstd.ErrCRCMismatch):
		why = "its checksum does not match"
	case errors.Is(err, zip.ErrFormat), errors.Is(err, gzip.ErrHeader), errors.Is(err, zstd.ErrMagicMismatch), errors.Is(err, tar.ErrHeader):
		why = "it is not of that kind, or damaged"
	case errors.Is(err, zstd.ErrWindowSizeExceeded):
		why = "it needs more than 8 MiB to be decompressed"
	}
	return messages.UnpackBroken.With("file", in.Name, "why", why)
}
