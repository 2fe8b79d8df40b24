package format

import (
	"bytes"
	"cmp"
	"context"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Fixed reads files whose columns stand at fixed bytes of each line, as those of
// the State and of old business software do.
var Fixed = pipelines.Define(pipelines.KindFormat, "fixed", "Lines whose columns stand at fixed positions, counted in bytes.",
	fixedConfig{Encoding: "utf-8", Short: "reject", NUL: "reject", cellOptions: cellOptions{Null: []string{""}, Decimal: ".", Trim: true}}, newFixed)

type fixedConfig struct {
	Fields       map[string]string `hcl:"fields" doc:"Where each column stands: its first and last byte, counted from 1, as in \"16-41\"; \"113-\" goes to the end of the line, however long it is. Columns come in the order of their positions; what no column names is passed over."`
	Encoding     string            `hcl:"encoding,optional" values:"utf-8|cp1252|iso-8859-15|iso-8859-1|cp850" doc:"How the file writes characters; positions are counted in bytes."`
	Only         map[string]string `hcl:"only,optional" doc:"Keep only the lines that have these texts at these positions, as in { \"1-2\" = \"10\" }. A text shorter than its positions is followed by spaces; \"\" is all spaces."`
	Except       map[string]string `hcl:"except,optional" doc:"Leave out the lines that have one of these texts at its positions, written as in only."`
	Short        string            `hcl:"short,optional" values:"reject|null" doc:"What becomes of a line that ends before its columns do. null: what is missing is null, where exports leave out spaces at the end."`
	NUL          string            `hcl:"nul,optional" values:"reject|space" doc:"What a NUL byte is. reject: no text, so that its line is rejected; space: a space."`
	RecordLength int64             `hcl:"record_length,optional" doc:"The bytes of a record, line ends included, where a file is not made of lines; 0: it is."`
	cellOptions
}

// Validate refuses positions that are none and columns without one.
func (c fixedConfig) Validate() error {
	if len(c.Fields) == 0 {
		return badOption("fields", "is empty")
	}
	fields, err := c.fields()
	if err != nil {
		return err
	}
	for _, col := range c.Columns {
		if _, ok := c.Fields[col.Name]; !ok {
			return pipelines.At("columns", messages.FixedNoField.With("column", col.Name, "hint", pipelines.Hint(col.Name, sortedNames(c.Fields))))
		}
	}
	for option, m := range map[string]map[string]string{"only": c.Only, "except": c.Except} {
		if _, err := marksOf(option, m); err != nil {
			return err
		}
	}
	switch {
	case c.RecordLength < 0 || c.RecordLength > fixedRowBound:
		return badOption("record_length", "is a number of bytes, at most 1 MiB")
	case c.RecordLength > 0 && int64(lengthOf(fields)) > c.RecordLength:
		return badOption("record_length", "is less than where fields end")
	}
	return c.cellOptions.Validate()
}

// span is a column's bytes in a line: from start, counted from 0, up to end.
type span struct {
	name       string
	start, end int // end math.MaxInt: that of the line
}

func parseSpan(option, text string) (span, error) {
	from, to, ranged := strings.Cut(text, "-")
	start, err := strconv.Atoi(strings.TrimSpace(from))
	s := span{start: start - 1, end: start}
	switch to = strings.TrimSpace(to); {
	case err != nil || start < 1:
	case ranged && to == "":
		s.end = math.MaxInt
		return s, nil
	case ranged:
		if s.end, err = strconv.Atoi(to); err == nil && s.end > s.start && s.end <= fixedRowBound {
			return s, nil
		}
	case start <= fixedRowBound:
		return s, nil
	}
	return s, badOption(option, "positions are written as in \"16-41\", \"7\" or \"113-\", counted from 1")
}

func sortedNames[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// fields are the columns in the order of their positions.
func (c fixedConfig) fields() ([]span, error) {
	fields := make([]span, 0, len(c.Fields))
	for _, name := range sortedNames(c.Fields) {
		s, err := parseSpan("fields", c.Fields[name])
		if err != nil {
			return nil, err
		}
		s.name = name
		fields = append(fields, s)
	}
	slices.SortStableFunc(fields, func(a, b span) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.end, b.end))
	})
	return fields, nil
}

// lengthOf is how long a line must be to hold all columns that have an end.
func lengthOf(fields []span) (n int) {
	for _, f := range fields {
		if f.end != math.MaxInt {
			n = max(n, f.end)
		}
	}
	return n
}

// fixedMark is a text that tells a kind of line.
type fixedMark struct {
	span
	text []byte
}

func marksOf(option string, m map[string]string) (marks []fixedMark, err error) {
	for _, positions := range sortedNames(m) {
		s, err := parseSpan(option, positions)
		if err != nil {
			return nil, err
		}
		text := []byte(m[positions])
		if !isASCII(text) || s.end != math.MaxInt && len(text) > s.end-s.start {
			return nil, badOption(option, "a text is ASCII and not longer than its positions")
		}
		marks = append(marks, fixedMark{s, text})
	}
	return marks, nil
}

// on says whether the line has the mark; what it lacks is spaces.
func (m *fixedMark) on(line []byte) bool {
	b := line[min(m.start, len(line)):min(m.end, len(line))]
	head := b[:min(len(b), len(m.text))]
	if !bytes.Equal(head, m.text[:len(head)]) || len(bytes.TrimLeft(m.text[len(head):], " ")) > 0 {
		return false
	}
	return len(bytes.TrimLeft(b[len(head):], " \x00")) == 0
}

type fixedCodec struct {
	env          pipelines.Env
	config       fixedConfig
	fields       []span
	only, except []fixedMark
	length       int // of a line that has all columns
	columns      []cellColumn
	schema       *arrow.Schema
	form         cellForm
	encoding     *csvEncoding
	chunk        int // bytes
}

var _ Reader = (*fixedCodec)(nil)

func newFixed(env pipelines.Env, config fixedConfig) (c *fixedCodec, err error) {
	c = &fixedCodec{env: env, config: config, form: config.form(), encoding: csvEncodings[config.Encoding], chunk: fixedChunkSize}
	c.form.trim = false // who takes lines apart has done it
	if c.fields, err = config.fields(); err != nil {
		return nil, err
	}
	if c.only, err = marksOf("only", config.Only); err != nil {
		return nil, err
	}
	if c.except, err = marksOf("except", config.Except); err != nil {
		return nil, err
	}
	c.length = lengthOf(c.fields)
	names := make([]string, len(c.fields))
	for i, f := range c.fields {
		names[i] = f.name
	}
	if c.columns, err = config.columnsOf(Input{}, names); err != nil {
		return nil, err
	}
	c.schema = schemaOf(c.columns)
	return c, nil
}

// Declared is all of them: the file itself says nothing of its columns.
func (c *fixedCodec) Declared() (*arrow.Schema, bool) { return c.schema, true }

// Chunks cuts the file at the ends of its lines or records.
func (c *fixedCodec) Chunks(ctx context.Context, in Input) (pipelines.Chunks, error) {
	r, err := in.Open(ctx)
	if err != nil {
		return nil, err
	}
	s := newFixedChunks(c, in, r)
	if err := s.start(); err != nil {
		r.Close()
		return nil, err
	}
	return s, nil
}
