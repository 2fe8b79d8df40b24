package pipelinetest

import (
	"context"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// veil lets nom out where type is ASSO, and type; it counts rows. Columns are
// those of veiled, and any other stays.
type veil struct {
	env   pipelines.Env
	fault string
}

func veiled(t testing.TB) Table {
	table, err := ParseTable("nom:text,type:text,interne:text\nAmicale,ASSO,a\nJeanne Martin,PART,b\nInconnu,\\N,c\nMartin Jean,AUTRE,d\nClub,ASSO,e\n")
	if err != nil {
		t.Fatal(err)
	}
	return table
}

type counted struct {
	rows  int
	first any
}

func (v veil) Bind(in *arrow.Schema) (*arrow.Schema, error) {
	names := []string{"nom", "type"}
	if v.fault == "lets a new column out" && in.HasField(newColumn) {
		names = append(names, newColumn)
	}
	if v.fault == "promises another schema" {
		names = names[:1]
	}
	return v.schema(in, names), nil
}

func (v veil) schema(in *arrow.Schema, names []string) *arrow.Schema {
	var fields []arrow.Field
	for _, n := range names {
		fields = append(fields, in.Field(columnOf(in, n)))
	}
	return arrow.NewSchema(fields, nil)
}

func (v veil) Observe(ctx context.Context, in pipelines.Stream) (pipelines.Decision, error) {
	d := &counted{}
	err := pipelines.Each(ctx, in, func(b pipelines.Batch) error {
		if v.fault != "leaks what it observes" {
			defer b.Release()
		}
		if v.fault == "decides by the first row" && d.rows == 0 && b.NumRows() > 0 {
			d.first = cellOf(b.Column(0), 0)
		}
		d.rows += int(b.NumRows())
		return nil
	})
	if v.fault == "swallows an error" {
		err = nil
	}
	return d, err
}

func (v veil) Spare(in *arrow.Schema) ([]int, pipelines.Kernel, error) {
	needed := []int{columnOf(in, "nom"), columnOf(in, "type")}
	mask := func(_ context.Context, b pipelines.Batch) (pipelines.Batch, error) { return v.mask(b, in, ""), nil }
	switch v.fault {
	case "forgets what it looks at":
		needed = needed[:1]
	case "looks at no such column":
		needed = append(needed, in.NumFields())
	case "masks rows away":
		mask = func(_ context.Context, b pipelines.Batch) (pipelines.Batch, error) {
			return b.With(b.NewSlice(0, b.NumRows()/2)), nil
		}
	}
	return needed, mask, nil
}

func (v veil) Emit(_ context.Context, _ pipelines.Decision, in pipelines.Stream) (pipelines.Stream, error) {
	names := []string{"nom", "type"}
	if v.fault == "lets a new column out" && in.Schema().HasField(newColumn) {
		names = append(names, newColumn)
	}
	out := v.schema(in.Schema(), names)
	return pipelines.NewStream(out, func(ctx context.Context) (pipelines.Batch, error) {
		b, err := in.Next(ctx)
		if err != nil {
			return b, err
		}
		return v.mask(b, out, v.fault), nil
	}, in.Close), nil
}

func (v veil) mask(b pipelines.Batch, out *arrow.Schema, fault string) pipelines.Batch {
	all := Table{Schema: b.Schema()}
	all.Append(b.Record)
	t := Table{Schema: out}
	for i, row := range all.Rows {
		typ := row[columnOf(all.Schema, "type")]
		clear := typ == "ASSO" || fault == "null is clear" && typ == nil || fault == "the unknown is clear" && typ == "zz inconnu" ||
			fault == "depends on the cut" && i == 2
		kept := make([]any, out.NumFields())
		for c, f := range out.Fields() {
			if kept[c] = row[columnOf(all.Schema, f.Name)]; f.Name == "nom" && !clear {
				kept[c] = "masqué"
			}
		}
		t.Rows = append(t.Rows, kept)
	}
	places := b.Places
	if fault == "moves rows" && len(t.Rows) > 1 {
		t.Rows[0], t.Rows[1] = t.Rows[1], t.Rows[0]
		places = places.Take([]int32{1, 0})
		for i := 2; i < len(t.Rows); i++ {
			places.Lines = append(places.Lines, b.Places.Lines[i])
		}
	}
	b.Places = places
	return b.With(t.Record(v.env.Allocator))
}

func (v veil) Kernel(in *arrow.Schema) (pipelines.Kernel, error) {
	out, err := v.Bind(in)
	fault := v.fault
	if fault == "has another kernel" {
		fault = "null is clear"
	}
	return func(_ context.Context, b pipelines.Batch) (pipelines.Batch, error) { return v.mask(b, out, fault), nil }, err
}

func (v veil) Roles(in []pipelines.MarkedColumn) (out []pipelines.MarkedColumn, err error) {
	for _, m := range in {
		if m.Name == "nom" || m.Name == "type" || v.fault == "clears what does not leave" {
			out = append(out, pipelines.MarkedColumn{Name: m.Name})
		}
	}
	return out, nil
}

func (v veil) Paragraph(pipelines.Decision) []string {
	switch v.fault {
	case "speaks English":
		return []string{"Names were masked."}
	case "quotes a value":
		return []string{"Le nom de Jeanne Martin a été masqué."}
	case "says nothing":
		return nil
	}
	return []string{"Les noms des personnes ont été masqués."}
}

func (v veil) Judge(ctx context.Context, d pipelines.Decision, f pipelines.SealedFile) error {
	in, err := f.Open(ctx)
	if err != nil {
		return err
	}
	defer in.Close()
	no := messages.GateColumns.With("file", f.Info().Name, "column", "nom")
	switch v.fault {
	case "has a gate that is open":
		return nil
	case "has a gate that is shut":
		return no
	}
	if in.Schema().NumFields() != 2 && v.fault != "does not count columns" {
		return no
	}
	rows := 0
	err = pipelines.Each(ctx, in, func(b pipelines.Batch) error {
		defer b.Release()
		for i := range int(b.NumRows()) {
			rows++
			if cellOf(b.Column(0), i) != "masqué" && cellOf(b.Column(1), i) != "ASSO" && v.fault != "does not look at values" {
				return no
			}
		}
		return nil
	})
	if c, ok := d.(*counted); ok && err == nil && rows != c.rows && v.fault != "does not count rows" {
		return no
	}
	return err
}

func TestPrivacySuite(t *testing.T) {
	for fault, check := range map[string]string{
		"":                           "",
		"promises another schema":    "Bind touches",
		"depends on the cut":         "the cut does",
		"has another kernel":         "the cut does",
		"decides by the first row":   "the decision",
		"forgets what it looks at":   "what is put aside",
		"looks at no such column":    "what is put aside",
		"masks rows away":            "what is put aside",
		"moves rows":                 "no row is",
		"lets a new column out":      "a column without",
		"clears what does not leave": "a column without",
		"null is clear":              "null and unknown",
		"the unknown is clear":       "null and unknown",
		"has a gate that is open":    "the gate",
		"has a gate that is shut":    "the gate",
		"does not count columns":     "the gate",
		"does not count rows":        "the gate",
		"does not look at values":    "the gate",
		"leaks what it observes":     "no memory",
		"swallows an error":          "no memory",
		"speaks English":             "the paragraph",
		"quotes a value":             "the paragraph",
		"says nothing":               "the paragraph",
	} {
		pc := &privacyCase{input: veiled(t), build: func(env pipelines.Env) (pipelines.Privacy, error) {
			return veil{env, fault}, nil
		}}
		for _, ch := range privacyChecks {
			caught(t, fault, check, ch.name, ch.attempt(pc))
		}
	}
}

// A stage is held to its examples, alone and as a part of a catalogue.
func TestPrivacyExamples(t *testing.T) {
	c := pipelines.Define(pipelines.KindPrivacy, "veil", "Mask names.", struct{}{},
		func(env pipelines.Env, _ struct{}) (pipelines.Privacy, error) { return veil{env: env}, nil })
	in := veiled(t).CSV()
	fs := archive("veil.txtar", "Names are masked.\n-- pipeline.hcl --\nprivacy \"veil\" {}\n-- in.csv --\n"+in+
		"-- want.csv --\nnom:text,type:text\nAmicale,ASSO\nmasqué,PART\nmasqué,\\N\nmasqué,AUTRE\nClub,ASSO\n")
	Privacy(t, registry(t, c), c, fs)
	Catalogue(t, registry(t, c), fs)
	pc := &privacyCase{input: veiled(t), build: func(env pipelines.Env) (pipelines.Privacy, error) { return veil{env: env}, nil }}
	wrong := Example{Files: map[string]string{"want.csv": "nom:text,type:text\nAmicale,ASSO\n"}}
	if pc.wanted(wrong) == nil {
		t.Error("an example that wants other rows was not noticed")
	}
}
