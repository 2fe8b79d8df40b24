package file

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"os"
	"path/filepath"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/zeebo/xxh3"

	"github.com/lavoir-data/lavoir/connectors/format"
	"github.com/lavoir-data/lavoir/connectors/store"
	"github.com/lavoir-data/lavoir/pipelines"
)

// software is what files say wrote them. It names the format version and not
// the release of lavoir, since a new release alone must not change a byte.
var software = fmt.Sprintf("lavoir version %d", pipelines.FormatVersion)

// Begin starts one local file per format; one stream of groups feeds all.
func (l *load) Begin(ctx context.Context, schema *arrow.Schema) (pipelines.Sealing, error) {
	if err := l.Bind(schema); err != nil {
		return nil, err
	}
	_, _ = l.Start(ctx) // publishing will say it
	dir, err := os.MkdirTemp(l.env.Dir, "seal-")
	if err != nil {
		return nil, store.Temporary(err)
	}
	s := &sealing{load: l, schema: schema, dir: dir}
	for i, w := range l.writers {
		f, err := beginFile(filepath.Join(dir, l.names[i]), w, schema)
		if err != nil {
			s.Discard()
			return nil, err
		}
		s.files = append(s.files, f)
	}
	return s, nil
}

type sealing struct {
	load   *load
	schema *arrow.Schema
	dir    string
	files  []*openFile
	rows   int64
}

// openFile is a file being written. Its hashes are of what the codec gave out: back is
// compared with what the disk gives back when the file is judged, sum with what a store
// holds when it is published.
type openFile struct {
	path string
	f    *os.File
	buf  *bufio.Writer
	sum  hash.Hash
	back *xxh3.Hasher128
	size int64
	out  format.FileWriter
}

func beginFile(path string, w format.Writer, schema *arrow.Schema) (*openFile, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, store.Temporary(err)
	}
	o := &openFile{path: path, f: f, buf: bufio.NewWriterSize(f, 1<<16), sum: sha256.New(), back: xxh3.New128()}
	if o.out, err = w.Begin(o, schema, format.About{Software: software}); err != nil {
		f.Close()
		return nil, err
	}
	return o, nil
}

func (o *openFile) Write(p []byte) (int, error) {
	n, err := o.buf.Write(p)
	o.sum.Write(p[:n])
	_, _ = o.back.Write(p[:n])
	o.size += int64(n)
	if err != nil {
		err = store.Temporary(err)
	}
	return n, err
}

// finish closes the file and gives the SHA-256 that it must have. A crash throws away all
// that is not published, so nothing here waits for the disk: what is published is a copy.
func (o *openFile) finish() (string, error) {
	err := o.out.Close()
	if err == nil {
		err = o.buf.Flush()
	}
	if e := o.f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return "", store.Temporary(err)
	}
	return hex.EncodeToString(o.sum.Sum(nil)), nil
}

type encoded struct {
	parts []pipelines.Encoded // one per file
	rows  int64
}

func (s *sealing) Encode(ctx context.Context, group []pipelines.Batch) (pipelines.Encoded, error) {
	e := encoded{parts: make([]pipelines.Encoded, len(s.files))}
	for _, b := range group {
		e.rows += b.NumRows()
	}
	for i, f := range s.files {
		var err error
		if e.parts[i], err = f.out.Encode(ctx, group); err != nil {
			return nil, err
		}
	}
	return e, nil
}

func (s *sealing) Append(ctx context.Context, e pipelines.Encoded) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	enc := e.(encoded)
	for i, f := range s.files {
		if err := f.out.Append(enc.parts[i]); err != nil {
			return err
		}
	}
	s.rows += enc.rows
	return nil
}

func (s *sealing) Finish(ctx context.Context) (pipelines.Sealed, error) {
	out := &sealed{load: s.load, dir: s.dir}
	for i, f := range s.files {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		sum, err := f.finish()
		if err != nil {
			return nil, err
		}
		out.files = append(out.files, &sealedFile{
			writer: s.load.writers[i], path: f.path, schema: s.schema, back: f.back.Sum128(),
			info: pipelines.FileInfo{
				Name: s.load.names[i], Format: s.load.writers[i].Name(), Rows: s.rows, Bytes: f.size, SHA256: sum,
				Schema: columnInfos(s.schema),
			},
		})
	}
	return out, nil
}

func columnInfos(schema *arrow.Schema) []pipelines.ColumnInfo {
	infos := make([]pipelines.ColumnInfo, schema.NumFields())
	for i, f := range schema.Fields() {
		infos[i] = pipelines.ColumnInfo{Name: f.Name, Type: pipelines.TypeName(f.Type), Nullable: f.Nullable}
	}
	return infos
}

func (s *sealing) Discard() error {
	for _, f := range s.files {
		f.f.Close()
	}
	return removeDir(s.dir)
}

func removeDir(dir string) error {
	if err := os.RemoveAll(dir); err != nil {
		return store.Temporary(err)
	}
	return nil
}

// sealed is the files of a load, complete and local.
type sealed struct {
	load  *load
	dir   string
	files []*sealedFile
}

func (s *sealed) Files() []pipelines.SealedFile {
	fs := make([]pipelines.SealedFile, len(s.files))
	for i, f := range s.files {
		fs[i] = f
		if a, ok := f.writer.(format.Audited); ok {
			fs[i] = &auditedFile{f, a}
		}
	}
	return fs
}

func (s *sealed) Discard() error { return removeDir(s.dir) }

// mediaTypes are those of the files published, by extension.
var mediaTypes = map[string]string{
	".csv": "text/csv; charset=utf-8", ".json": "application/json", ".parquet": "application/vnd.apache.parquet",
}

func mediaType(name string) string {
	if t, ok := mediaTypes[filepath.Ext(name)]; ok {
		return t
	}
	return "application/octet-stream"
}
