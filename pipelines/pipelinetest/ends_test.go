package pipelinetest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/pipelines"
)

// pieces is a chunked source over the sample.
type pieces struct {
	env   pipelines.Env
	fault string
	opens int
}

func (p *pieces) Open(ctx context.Context) (pipelines.Stream, error) {
	p.opens++
	t := sample()
	switch {
	case p.fault == "is not the same when opened again" && p.opens == 2:
		t.Rows = t.Rows[1:]
	case p.fault == "has no rows":
		t.Rows = nil
	case p.fault == "logs the secret":
		s, _ := p.env.Secrets.Reveal(ctx, "x")
		p.env.Log.Error(s)
	}
	bs := every(7)(p.env.Allocator, t)
	if p.fault == "ignores cancel" {
		return deaf{Batches(t.Schema, bs...)}, nil
	}
	s := Batches(t.Schema, bs...)
	if p.fault == "leaks when stopped early" {
		return pipelines.NewStream(t.Schema, s.Next, nil), nil
	}
	return s, nil
}

type deaf struct{ pipelines.Stream }

func (d deaf) Next(context.Context) (pipelines.Batch, error) {
	return d.Stream.Next(context.Background())
}

func (p *pieces) Declared() (*arrow.Schema, bool) {
	if p.fault == "declares something else" {
		return arrow.NewSchema([]arrow.Field{column("id", arrow.PrimitiveTypes.Int32)}, nil), false
	}
	return sample().Schema, true
}

func (p *pieces) Marks() ([]string, map[string]string) {
	if p.fault == "marks what is not there" {
		return []string{"prenom"}, nil
	}
	return []string{"nom"}, nil
}

func (p *pieces) OpenChunks(context.Context) (pipelines.Chunks, error) {
	t := sample()
	size := 10
	if p.fault == "loses rows of the last chunk" {
		t.Rows = t.Rows[:len(t.Rows)-1]
	}
	return &pieceChunks{p: p, t: t, size: size}, nil
}

type pieceChunks struct {
	p        *pieces
	t        Table
	at, size int
	closed   bool
}

func (c *pieceChunks) Schema() *arrow.Schema { return c.t.Schema }
func (c *pieceChunks) Close() error          { c.closed = true; return nil }
func (c *pieceChunks) Next(ctx context.Context) (pipelines.Chunk, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if c.at >= len(c.t.Rows) {
		return nil, io.EOF
	}
	from := c.at
	c.at = min(c.at+c.size, len(c.t.Rows))
	return piece{c, from, c.at}, nil
}

type piece struct {
	c        *pieceChunks
	from, to int
}

func (p piece) Decode(context.Context) (pipelines.Batch, error) {
	if p.c.closed && p.c.p.fault == "chunks live off the cutter" {
		return pipelines.Batch{}, errors.New("it is closed")
	}
	part := Table{p.c.t.Schema, p.c.t.Rows[p.from:p.to]}
	return batch(part.Record(p.c.p.env.Allocator), p.from), nil
}
func (piece) Discard() {}

func TestSourceSuite(t *testing.T) {
	for fault, check := range map[string]string{
		"":                                  "",
		"has no rows":                       "every batch",
		"declares something else":           "what it declares",
		"is not the same when opened again": "opened again",
		"loses rows of the last chunk":      "chunked and serial",
		"chunks live off the cutter":        "chunked and serial",
		"leaks when stopped early":          "no memory",
		"ignores cancel":                    "cancelled context",
		"marks what is not there":           "columns it marks",
		"logs the secret":                   "every batch",
	} {
		for _, ch := range sourceChecks {
			err := ch.attempt(func(env pipelines.Env) (pipelines.Source, error) { return &pieces{env: env, fault: fault}, nil })
			caught(t, fault, check, ch.name, err)
		}
	}
}

// caught judges a check's verdict about something with that fault; "" is none.
func caught(t *testing.T, fault, wanted, check string, err error) {
	t.Helper()
	switch {
	case fault == "" && err != nil:
		t.Errorf("what is right fails %q: %v", check, err)
	case fault != "" && strings.Contains(check, wanted) && err == nil:
		t.Errorf("%q did not notice that it %s", check, fault)
	}
}

// lines is a codec that writes every row as a line of JSON texts.
type lines struct {
	env   pipelines.Env
	fault string
	began int
}

func (l *lines) Bind(s *arrow.Schema) error { return nil }

func (l *lines) Begin(out io.Writer, s *arrow.Schema) (FileWriter, error) {
	l.began++
	return &lineWriter{l: l, out: out, n: l.began}, nil
}

type lineWriter struct {
	l    *lines
	out  io.Writer
	n    int
	seen int
}

func (w *lineWriter) Encode(_ context.Context, group []pipelines.Batch) (pipelines.Encoded, error) {
	var buf bytes.Buffer
	for _, b := range group {
		t := Table{Schema: b.Schema()}
		t.Append(b.Record)
		for _, row := range t.Rows {
			var cells []*string
			for i, v := range row {
				text := cellText(v, t.Schema.Field(i).Type)
				cell := &text
				if v == nil {
					cell = nil
				}
				cells = append(cells, cell)
			}
			// JSON has no text that is not UTF-8; the table has none.
			if err := json.NewEncoder(&buf).Encode(cells); err != nil {
				return nil, err
			}
		}
		if w.l.fault == "shows the cut" {
			buf.WriteByte('\n')
		}
	}
	w.seen++
	if w.l.fault == "numbers groups as they are encoded" {
		fmt.Fprintf(&buf, "\n%*s", w.seen, "")
	}
	if w.l.fault == "keeps batches" {
		for _, b := range group {
			b.Retain()
		}
	}
	return buf.Bytes(), nil
}

func (w *lineWriter) Append(e pipelines.Encoded) error {
	_, err := w.out.Write(e.([]byte))
	if w.l.fault == "ignores failing writes" {
		return nil
	}
	return err
}

func (w *lineWriter) Close() error { return nil }

func (l *lines) Open(_ context.Context, in io.ReaderAt, size int64, s *arrow.Schema) (pipelines.Stream, error) {
	dec := json.NewDecoder(io.NewSectionReader(in, 0, size))
	t := Table{Schema: s}
	for {
		var cells []*string
		if err := dec.Decode(&cells); err == io.EOF {
			break
		} else if err != nil && l.fault != "crashes on damage" {
			return nil, err
		} else if err != nil {
			panic(err)
		}
		if len(cells) != s.NumFields() {
			return nil, errors.New("a line has another number of cells")
		}
		row := make([]any, len(cells))
		for i, c := range cells {
			if c == nil {
				continue
			}
			var err error
			if row[i], err = parseCell(*c, s.Field(i).Type); err != nil {
				return nil, err
			}
			if *c == null && s.Field(i).Type.ID() == arrow.STRING {
				row[i] = *c
			}
		}
		t.Rows = append(t.Rows, row)
	}
	if l.fault == "makes empty texts null" {
		for _, row := range t.Rows {
			for i := range row {
				if row[i] == "" {
					row[i] = nil
				}
			}
		}
	}
	if l.fault == "adds a row to an empty file" && len(t.Rows) == 0 {
		t.Rows = append(t.Rows, make([]any, s.NumFields()))
	}
	s2 := Batches(s, every(7)(l.env.Allocator, t)...)
	if l.fault == "leaks when it is read" {
		return pipelines.NewStream(s, s2.Next, nil), nil
	}
	return s2, nil
}

// Audit refuses what does not end with a line.
func (l *lines) Audit(_ context.Context, in io.ReaderAt, size int64) error {
	last := []byte{'\n'}
	if size > 0 {
		if _, err := in.ReadAt(last, size-1); err != nil {
			return err
		}
	}
	if last[0] != '\n' {
		return errors.New("the last line has no end")
	}
	return nil
}

// auditedLines gives one chunk a batch.
type auditedLines struct{ *lines }

func (l auditedLines) OpenAudited(ctx context.Context, in io.ReaderAt, size int64, s *arrow.Schema) (pipelines.Chunks, error) {
	err := l.Audit(ctx, in, size)
	if err != nil && l.fault == "takes damage for the end in one pass" {
		size, err = 0, nil
	}
	if err != nil {
		return nil, err
	}
	rows, err := l.Open(ctx, in, size, s)
	if err != nil {
		return nil, err
	}
	if l.fault == "loses rows in one pass" {
		if b, err := rows.Next(ctx); err == nil {
			b.Release()
		}
	}
	return &batchChunks{rows, l.fault == "leaks what is discarded"}, nil
}

type batchChunks struct {
	pipelines.Stream
	leaks bool
}

func (c *batchChunks) Next(ctx context.Context) (pipelines.Chunk, error) {
	b, err := c.Stream.Next(ctx)
	return batchChunk{b, c.leaks}, err
}

type batchChunk struct {
	pipelines.Batch
	leaks bool
}

func (c batchChunk) Decode(context.Context) (pipelines.Batch, error) { return c.Batch, nil }
func (c batchChunk) Discard() {
	if !c.leaks {
		c.Release()
	}
}

func TestFormatSuite(t *testing.T) {
	for fault, check := range map[string]string{
		"":                                     "",
		"makes empty texts null":               "come back exactly",
		"adds a row to an empty file":          "no rows",
		"shows the cut":                        "bytes depend",
		"numbers groups as they are encoded":   "bytes depend",
		"ignores failing writes":               "failing writer",
		"loses rows in one pass":               "one pass",
		"takes damage for the end in one pass": "one pass",
		"leaks what is discarded":              "one pass",
		"crashes on damage":                    "damaged",
		"leaks when it is read":                "any exit",
		"keeps batches":                        "any exit",
	} {
		for _, ch := range formatChecks {
			err := ch.attempt(func(env pipelines.Env) (Codec, error) { return auditedLines{&lines{env: env, fault: fault}}, nil })
			caught(t, fault, check, ch.name, err)
		}
	}
}

// board is a place in memory: files, and the name of the current release.
type board struct {
	fault   string
	files   map[string]string
	current string
	seals   int
	k, n    int
	failed  bool
}

func (b *board) write(do func()) error {
	b.n++
	if b.k > 0 && b.n >= b.k {
		b.failed = true
		return errWrite
	}
	do()
	return nil
}

func (b *board) place() Place {
	return Place{
		Sink:   func(env pipelines.Env) (pipelines.Sink, error) { return &boardSink{b, env}, nil },
		FailAt: func(k int) { b.k, b.n, b.failed = k, 0, false },
		Failed: func() bool { return b.failed },
		Visible: func() (map[string]string, error) {
			if b.current == "" {
				return nil, nil
			}
			return map[string]string{"current": b.current, "rows": b.files[b.current]}, nil
		},
	}
}

type boardSink struct {
	b   *board
	env pipelines.Env
}

func (s *boardSink) Seal(ctx context.Context, in pipelines.Stream) (pipelines.Sealed, error) {
	if s.b.fault == "seals what failed" {
		ctx = context.Background()
	}
	if s.b.fault == "leaves a file of its own" {
		f, err := os.CreateTemp(s.env.Dir, "x")
		if err != nil {
			return nil, err
		}
		f.Close()
	}
	o := drain(ctx, in)
	if o.err != nil && s.b.fault != "seals what failed" {
		return nil, o.err
	}
	if s.b.fault == "loses a row" {
		o.table.Rows = o.table.Rows[1:]
	}
	s.b.seals++
	text := o.table.CSV()
	if s.b.fault == "seals other bytes every time" {
		text += strings.Repeat(" ", s.b.seals)
	}
	if s.b.fault == "shows before it publishes" {
		s.b.files, s.b.current = map[string]string{"early": text}, "early"
	}
	return &boardSealed{s, o.table, text, fmt.Sprintf("%x", sha256.Sum256([]byte(text)))}, nil
}

type boardSealed struct {
	s    *boardSink
	t    Table
	text string
	id   string
}

func (b *boardSealed) Files() []pipelines.SealedFile { return []pipelines.SealedFile{boardFile{b}} }
func (b *boardSealed) Discard() error                { return nil }

func (b *boardSealed) Publish(context.Context, pipelines.Manifest) (pipelines.Receipt, error) {
	board := b.s.b
	r := pipelines.Receipt{Release: b.id, Where: "board", Changed: board.current != b.id}
	if board.fault == "always says it changed" {
		r.Changed = true
	}
	if !r.Changed {
		return r, nil
	}
	if board.files == nil {
		board.files = map[string]string{}
	}
	point := func() error { return board.write(func() { board.current = b.id }) }
	file := func() error { return board.write(func() { board.files[b.id] = b.text }) }
	order := []func() error{file, point}
	if board.fault == "points before it writes" {
		order = []func() error{point, file}
	}
	for _, step := range order {
		if err := step(); err != nil && board.fault != "hides failing writes" {
			return r, err
		}
	}
	return r, nil
}

type boardFile struct{ b *boardSealed }

func (f boardFile) Info() pipelines.FileInfo {
	return pipelines.FileInfo{Name: "essai.csv", Rows: int64(len(f.b.t.Rows)), SHA256: f.b.id}
}
func (f boardFile) Audit(context.Context) error { return nil }
func (f boardFile) Open(context.Context) (pipelines.Stream, error) {
	return Batches(f.b.t.Schema, every(9)(f.b.s.env.Allocator, f.b.t)...), nil
}

func TestSinkSuite(t *testing.T) {
	for fault, check := range map[string]string{
		"":                             "",
		"loses a row":                  "sealed files",
		"shows before it publishes":    "sealed files",
		"leaves a file of its own":     "sealed files",
		"always says it changed":       "published twice",
		"seals other bytes every time": "seal to the same bytes",
		"seals what failed":            "leaves nothing",
		"points before it writes":      "whichever",
		"hides failing writes":         "whichever",
	} {
		for _, ch := range sinkChecks {
			caught(t, fault, check, ch.name, ch.attempt((&board{fault: fault}).place()))
		}
	}
}
