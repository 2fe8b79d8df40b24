package format

import (
	"bytes"
	"context"
	"io"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// JSON reads a document (RFC 8259) that has an array of objects somewhere, one
// row each. Numbers are taken as they are written, never through a float. It is
// stricter than the RFC asks: a key that comes twice in an object, half of a
// surrogate pair and \u0000 reject the record.
var JSON = pipelines.Define(pipelines.KindFormat, "json", "A JSON document with an array of objects, one row each.",
	jsonConfig{jsonFields: jsonFields{cellOptions: defaultCells}}, newJSON)

// JSONLines reads one object a line.
var JSONLines = pipelines.Define(pipelines.KindFormat, "jsonl", "JSON Lines: one JSON object a line, one row each. Empty lines are skipped.",
	jsonLinesConfig{jsonFields{cellOptions: defaultCells}}, newJSONLines)

type jsonConfig struct {
	Record string `hcl:"record,optional" doc:"Path of the array whose elements are rows, or of the one object that is: keys with dots between, as in \"marches.marche\"; [] goes through the elements of an array on the way, as in \"acheteurs[].marches\". By default the document itself."`
	jsonFields
}

type jsonLinesConfig struct{ jsonFields }

// jsonFields are the arguments that both formats have.
type jsonFields struct {
	Fields []pipelines.NamedText `hcl:"fields,optional" doc:"The columns, each with the path of its value in the record: \"acheteur.id\"; \"lots[0].objet\" for one element of an array; \"titulaires[].titulaire.id\" for a row of its own for each, and one where there is none; 'a.b' in single quotes for a key with dots; \"$.entete.date\" for what stands in the document before the records. By default the columns that columns declares, by their name."`
	cellOptions
}

// Validate refuses paths that are none and options that contradict each other.
func (c jsonConfig) Validate() error {
	if err := c.cellOptions.Validate(); err != nil {
		return err
	}
	_, err := c.plan(c.Record)
	return err
}

// Validate refuses paths that are none and options that contradict each other.
func (c jsonLinesConfig) Validate() error {
	if err := c.cellOptions.Validate(); err != nil {
		return err
	}
	_, err := c.plan(jsonNoOuter)
	return err
}

// jsonCodec is a Reader.
type jsonCodec struct {
	env    pipelines.Env
	fields jsonFields
	record string
	lines  bool
	form   cellForm
	chunk  int // bytes
}

var _ Reader = (*jsonCodec)(nil)

func newJSON(env pipelines.Env, c jsonConfig) (*jsonCodec, error) {
	return &jsonCodec{env: env, fields: c.jsonFields, record: c.Record, form: c.form(), chunk: treeChunkSize}, nil
}

func newJSONLines(env pipelines.Env, c jsonLinesConfig) (*jsonCodec, error) {
	return &jsonCodec{env: env, fields: c.jsonFields, record: jsonNoOuter, lines: true, form: c.form(), chunk: treeChunkSize}, nil
}

// Declared is all columns: fields names them, or columns does.
func (c *jsonCodec) Declared() (*arrow.Schema, bool) {
	plan, err := c.fields.plan(c.record)
	if err != nil {
		return nil, false
	}
	return schemaOf(cellColumnsOf(plan.columns)), true
}

// Chunks cuts the file into pieces of whole records. What makes the file as a
// whole unreadable is an error; what concerns one record rejects it.
func (c *jsonCodec) Chunks(ctx context.Context, in Input) (pipelines.Chunks, error) {
	r, err := in.Open(ctx)
	if err != nil {
		return nil, err
	}
	s, err := c.open(in, r)
	if err != nil {
		r.Close()
		return nil, err
	}
	return s, nil
}

func (c *jsonCodec) open(in Input, r io.ReadCloser) (*treeChunks, error) {
	plan, err := c.fields.plan(c.record)
	if err != nil {
		return nil, err
	}
	return c.start(in, r, plan)
}

// start begins to read what plan looks for.
func (c *jsonCodec) start(in Input, r io.ReadCloser, plan *jsonPlan) (*treeChunks, error) {
	s := &treeChunks{env: c.env, in: in, readAhead: readAhead{file: r, text: r}, size: c.chunk, line: 1, slots: plan.slots,
		schema: schemaOf(cellColumnsOf(plan.columns))}
	s.chunks.New = newTreeChunk
	if err := s.fill(4); err != nil {
		return nil, err
	}
	b := s.held
	switch {
	case bytes.HasPrefix(b, byteMark):
		s.pos = len(byteMark)
	case len(b) >= 2 && (b[0] == 0 || b[1] == 0 || b[0] == 0xFE && b[1] == 0xFF || b[0] == 0xFF && b[1] == 0xFE):
		return nil, messages.JSONMark.With("file", in.Name)
	}
	if c.lines {
		s.scanner = jsonLines{}
	} else {
		s.scanner = &jsonScanner{plan: plan, written: c.record}
	}
	s.decoders.New = func() treeRecords { return newJSONDecoder(c, plan) }
	return s, nil
}
