package pipelines

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Auditor is the ability of a privacy stage to judge a file alone, by the stage's
// policy, whoever made it: nothing is known but its rows. Nothing that it gives holds a
// value of a row.
type Auditor interface {
	AuditFile(ctx context.Context, f SealedFile) (*Audit, error)
}

// CodedFile is the ability of a file that an Auditor gets to leave texts as it keeps them:
// batch by batch, each of the columns is of texts or an Arrow dictionary of texts. It is looked
// at as a Viewed file, unless begin is nil. All else is as of Open.
type CodedFile interface {
	OpenCoded(ctx context.Context, columns []string, begin func(*arrow.Schema) View) (Stream, error)
}

// Audit is what a file shows.
type Audit struct {
	Exposure
	Findings []Finding         `json:"-"`
	Unproved []*messages.Error `json:"-"` // what the file alone does not prove
}

// AuditTask judges the file that a planned task reads, by the task's policy. path is
// that file; where it is a Parquet file as lavoir writes them, its bytes are judged too.
// Rows that cannot be read are a finding; what is passed over as no row is not proved.
func AuditTask(ctx context.Context, reg *Registry, p *Project, t Task, path string, opt RunOptions) (*Audit, error) {
	r, err := newRun(ctx, p, opt, 1)
	if err != nil {
		return nil, err
	}
	defer r.close()
	env := r.env(t, r.dir)
	f, err := BuildFlow(t, env)
	if err != nil {
		return nil, err
	}
	a, ok := f.Privacy.(Auditor)
	if !ok {
		return nil, messages.NotAuditable.With()
	}
	file := &foreignFile{source: f.Source, workers: p.Bounds.Workers, path: path}
	if err := file.recognise(ctx, reg, env); err != nil {
		return nil, f.at(f.SourceName, err)
	}
	found, err := a.AuditFile(ctx, file)
	if file.damaged != nil && file.judge != nil { // the rows may be read for the figures
		file.judge = nil
		if found, err = a.AuditFile(ctx, file); err != nil && ctx.Err() == nil {
			found, err = &Audit{}, nil
		}
	}
	if err != nil {
		return nil, f.at("privacy", err)
	}
	switch {
	case file.damaged != nil:
		found.Findings = append(found.Findings, Finding{Check: "bytes of the file", Err: file.damaged})
	case file.judge != nil || file.audited:
		found.Findings = append(found.Findings, Finding{Check: "bytes of the file", OK: true})
	case file.parquet, !whole(f.Source):
		found.Unproved = append(found.Unproved, messages.UnprovedShape.With())
	}
	if file.rejected > 0 {
		found.Findings = append(found.Findings, Finding{Check: "rows that can be read", Err: messages.AuditRows.With("count", file.rejected)})
	}
	return found, nil
}

// whole says whether a source reads all that its file holds.
func whole(s Source) bool {
	w, ok := s.(interface{ Whole() bool })
	return ok && w.Whole()
}

// foreignFile is a source that is judged as a file.
type foreignFile struct {
	source   Source
	workers  int
	path     string
	parquet  bool
	judge    bytesJudge // nil: the bytes are not judged while they are read
	schema   *arrow.Schema
	audited  bool  // the bytes were judged before
	damaged  error // what is wrong with the bytes
	rejected int64 // rows that the last reading could not read
}

// bytesJudge is a format that judges the bytes of a file, as it writes them.
type bytesJudge interface {
	Audit(ctx context.Context, in io.ReaderAt, size int64) error
	OpenAudited(ctx context.Context, in io.ReaderAt, size int64, schema *arrow.Schema) (Chunks, error)
}

// coder is the ability of a bytesJudge to leave texts numbered: see CodedFile.
type coder interface {
	OpenCoded(ctx context.Context, in io.ReaderAt, size int64, schema *arrow.Schema, columns []string) (Chunks, error)
}

// What a Parquet file starts with, and what one of lavoir says in its footer.
var (
	parquetStart = []byte("PAR1")
	lavoirWrote  = []byte("lavoir version ")
)

// recognise finds what judges the bytes of the file.
func (f *foreignFile) recognise(ctx context.Context, reg *Registry, env Env) error {
	in, size, err := f.bytes()
	if err != nil {
		return err
	}
	defer in.Close()
	ends := make([]byte, min(size, 1<<20))
	if _, err := in.ReadAt(ends, size-int64(len(ends))); err != nil && err != io.EOF {
		return messages.GuessNoFile.With("file", filepath.Base(f.path), "why", Unreadable(err))
	}
	f.parquet = bytes.HasSuffix(ends, parquetStart)
	c, known := reg.Find(KindFormat, "parquet")
	if !f.parquet || !known || !bytes.Contains(ends, lavoirWrote) {
		return nil
	}
	built, err := c.Build(env, c.New())
	judge, ok := built.(bytesJudge)
	if err != nil || !ok {
		return err
	}
	chunks, err := chunksOf(ctx, f.source)
	if err != nil {
		return err
	}
	f.schema = chunks.Schema()
	if err := chunks.Close(); err != nil {
		return err
	}
	if c, err := judge.OpenAudited(ctx, in, size, f.schema); err == nil {
		f.judge = judge
		return c.Close()
	}
	// The source block reads other columns than the file has, or the bytes are not such.
	f.damaged, f.audited = judge.Audit(ctx, in, size), true
	return ctx.Err()
}

func (f *foreignFile) bytes() (*os.File, int64, error) {
	in, err := os.Open(f.path)
	if err != nil {
		return nil, 0, messages.GuessNoFile.With("file", filepath.Base(f.path), "why", Unreadable(err))
	}
	st, err := in.Stat()
	if err != nil {
		in.Close()
		return nil, 0, messages.GuessNoFile.With("file", filepath.Base(f.path), "why", Unreadable(err))
	}
	return in, st.Size(), nil
}

func (f *foreignFile) Info() FileInfo { return FileInfo{Name: filepath.Base(f.path)} }

func (f *foreignFile) Audit(context.Context) error { return f.damaged }

func (f *foreignFile) Open(ctx context.Context) (Stream, error) {
	return f.OpenCoded(ctx, nil, nil)
}

// OpenCoded decodes on workers.
func (f *foreignFile) OpenCoded(ctx context.Context, columns []string, begin func(*arrow.Schema) View) (Stream, error) {
	chunks, done, err := f.chunks(ctx, columns)
	if err != nil {
		return nil, err
	}
	v := &viewed{views: make([]View, max(f.workers, 1))}
	o := &ordered[Chunk, Batch]{
		workers: len(v.views),
		next:    chunks.Next,
		work:    v.decode,
		free:    func(b Batch) { b.Release() },
	}
	f.rejected = 0
	v.Stream = NewStream(chunks.Schema(), func(ctx context.Context) (Batch, error) {
		b, err := o.take(ctx)
		if err != nil && err != io.EOF && f.judge != nil && ctx.Err() == nil {
			f.damaged = err
		}
		f.rejected += int64(len(b.Rejects))
		return b, err
	}, func() error {
		o.close()
		return errors.Join(chunks.Close(), done())
	})
	if begin != nil {
		v.begin(begin)
	}
	return v, nil
}

func (f *foreignFile) chunks(ctx context.Context, columns []string) (Chunks, func() error, error) {
	if f.judge == nil {
		c, err := chunksOf(ctx, f.source)
		return c, func() error { return nil }, err
	}
	in, size, err := f.bytes()
	if err != nil {
		return nil, nil, err
	}
	var c Chunks
	if coder, ok := f.judge.(coder); ok && len(columns) > 0 {
		c, err = coder.OpenCoded(ctx, in, size, f.schema, columns)
	} else {
		c, err = f.judge.OpenAudited(ctx, in, size, f.schema)
	}
	if err != nil {
		in.Close()
		f.damaged = err
	}
	return c, in.Close, err
}
