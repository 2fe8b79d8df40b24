// Package main is lavoir with a transform of one's own: a file, an example, and
// a line in the list of components. See main.go.
package main

import (
	"context"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Initials is what a pipeline file calls transform "initials".
var Initials = pipelines.DefineTransform("initials", "Adds the initials of a text.", initialsConfig{Separator: "."}, newInitials)

// initialsConfig is schema, defaults and documentation at once.
type initialsConfig struct {
	Column    string `hcl:"column" doc:"The text to take the initials of."`
	Into      string `hcl:"into" doc:"The column to add."`
	Separator string `hcl:"separator,optional" doc:"What follows each initial."`
}

type initials struct {
	env pipelines.Env
	initialsConfig
}

func newInitials(env pipelines.Env, cfg initialsConfig) (pipelines.Transform, error) {
	return &initials{env, cfg}, nil
}

// Bind adds the column. It sees no row: what it refuses is found before any run.
func (t *initials) Bind(in *arrow.Schema) (*arrow.Schema, error) {
	i, err := pipelines.ColumnIndex(in, t.Column)
	if err != nil {
		return nil, err
	}
	if dt := in.Field(i).Type; dt.ID() != arrow.STRING {
		return nil, messages.ColumnTypeWanted.With("column", t.Column, "got", pipelines.TypeName(dt), "wanted", "text")
	}
	if in.HasField(t.Into) {
		return nil, messages.DuplicateColumn.With("column", t.Into)
	}
	added := arrow.Field{Name: t.Into, Type: arrow.BinaryTypes.String, Nullable: true}
	return arrow.NewSchema(append(append([]arrow.Field(nil), in.Fields()...), added), nil), nil
}

// Run works on each batch alone, so that Kernel is all there is to write.
func (t *initials) Run(_ context.Context, in pipelines.Stream) (pipelines.Stream, error) {
	return pipelines.RunKernel(t, in)
}

// Kernel gives each worker a function of its own.
func (t *initials) Kernel(in *arrow.Schema) (pipelines.Kernel, error) {
	out, err := t.Bind(in)
	if err != nil {
		return nil, err
	}
	from := in.FieldIndices(t.Column)[0]
	return func(_ context.Context, b pipelines.Batch) (pipelines.Batch, error) {
		added := t.of(b.Column(from).(*array.String))
		defer added.Release()
		columns := append(append([]arrow.Array(nil), b.Columns()...), added)
		return b.With(array.NewRecord(out, columns, b.NumRows())), nil
	}, nil
}

// Lineage keeps the mark: the initials of a person's name still say something
// about that person. Without it every output would be marked.
func (t *initials) Lineage(in *arrow.Schema) (map[string][]pipelines.Origin, error) {
	lineage := map[string][]pipelines.Origin{t.Into: {{Column: t.Column}}}
	for _, name := range pipelines.Columns(in) {
		lineage[name] = []pipelines.Origin{{Column: name}}
	}
	return lineage, nil
}

func (t *initials) of(texts *array.String) arrow.Array {
	b := array.NewStringBuilder(t.env.Allocator)
	defer b.Release()
	for i := range texts.Len() {
		if texts.IsNull(i) {
			b.AppendNull()
			continue
		}
		b.Append(t.initials(texts.Value(i)))
	}
	return b.NewArray()
}

func (t *initials) initials(s string) string {
	var out strings.Builder
	for _, word := range strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || r == '-' }) {
		first, _ := utf8.DecodeRuneInString(word)
		out.WriteRune(unicode.ToUpper(first))
		out.WriteString(t.Separator)
	}
	return out.String()
}
