package format

import (
	"context"
	"slices"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// XML reads documents in which an element repeats, one row each. It is stricter
// than XML 1.0 asks of a reader that does not validate: a document type
// declaration is refused, an attribute that comes twice too, and so is what goes
// beyond the bounds (256 elements in one another, 256 attributes, names of 1000
// bytes, records of 16 MiB).
var XML = pipelines.Define(pipelines.KindFormat, "xml", "XML, one row for each element that repeats.",
	xmlConfig{cellOptions: defaultCells}, newXML)

type xmlConfig struct {
	Record     []string              `hcl:"record" doc:"The elements that are rows, each by its path from the root, as in \"/marches/marche\", or by its name alone wherever it stands, as in \"//marche\"."`
	Fields     []pipelines.NamedText `hcl:"fields" doc:"The columns, each with the path of its value from the record: \"acheteur/id\", an attribute \"Nature/@V\", \".\" for the record's own text, \"../@id\" for what stands before it around it; or from the root, \"/marches/entete/date\"."`
	RecordType string                `hcl:"record_type,optional" doc:"Name of a column to add at the end that says which record a row is: the name of its element, or its path where two have the same name."`
	Join       map[string]string     `hcl:"join,optional" doc:"Columns whose element may come several times in a record, each with what to put between the texts."`
	Namespaces map[string]string     `hcl:"namespaces,optional" doc:"Prefixes for use in record and fields, each with the namespace it stands for. A name without a prefix is that name in any namespace."`
	cellOptions
}

// Validate refuses paths that are none and options that contradict each other.
func (c xmlConfig) Validate() error {
	if len(c.Record) == 0 {
		return badTree("record", "must name an element")
	}
	if len(c.Fields) == 0 {
		return badTree("fields", "must name a column")
	}
	if c.RecordType != "" && slices.ContainsFunc(c.Fields, func(f pipelines.NamedText) bool { return f.Name == c.RecordType }) {
		return badTree("record_type", "is the name of a column in fields")
	}
	if err := c.cellOptions.Validate(); err != nil {
		return err
	}
	_, err := c.plan(utf8Cells)
	return err
}

// xmlCodec is a Reader.
type xmlCodec struct {
	env    pipelines.Env
	config xmlConfig
	form   cellForm
	chunk  int // bytes
}

var _ Reader = (*xmlCodec)(nil)

func newXML(env pipelines.Env, c xmlConfig) (*xmlCodec, error) {
	return &xmlCodec{env: env, config: c, form: c.form(), chunk: treeChunkSize}, nil
}

// Declared is all columns: fields names them.
func (c *xmlCodec) Declared() (*arrow.Schema, bool) {
	plan, err := c.config.plan(utf8Cells)
	if err != nil {
		return nil, false
	}
	return schemaOf(cellColumnsOf(plan.columns)), true
}

// Chunks cuts the file into pieces of whole records. What makes the file as a
// whole unreadable is an error; what concerns one record rejects it.
func (c *xmlCodec) Chunks(ctx context.Context, in Input) (pipelines.Chunks, error) {
	r, err := in.Open(ctx)
	if err != nil {
		return nil, err
	}
	s, err := c.open(ctx, in, r)
	if err != nil {
		r.Close()
		return nil, err
	}
	return s, nil
}

// columns gives every field its type and what becomes of several values.
func (c xmlConfig) columns() ([]treeColumn, error) {
	fields := c.Fields
	if c.RecordType != "" {
		fields = append(slices.Clone(fields), pipelines.NamedText{Name: c.RecordType})
	}
	cols, err := treeColumns(c.cellOptions, fields)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(cols))
	for i, col := range cols {
		names[i] = col.Name
	}
	for _, name := range sortedNames(c.Join) {
		i := slices.Index(names, name)
		switch {
		case i < 0 || name == c.RecordType:
			return nil, pipelines.At("join", messages.TreeNoColumn.With("option", "join", "column", name, "hint", pipelines.Hint(name, names)))
		case cols[i].take == takeList:
			return nil, badTree("join", "names a column that is declared as a list")
		}
		cols[i].take, cols[i].join = takeJoin, c.Join[name]
	}
	return cols, nil
}
