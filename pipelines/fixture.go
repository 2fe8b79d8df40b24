package pipelines

import (
	"context"
	"reflect"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// WithFixture gives the task with its sources reading the files of a folder: a
// source that reads through a store finds them under its own path; one that
// reads a database is replaced by the file <label>.csv (comma, UTF-8, an empty
// cell is null) with the columns it declares and the marks it gives. Loads are
// left as they are.
func WithFixture(reg *Registry, t Task, dir string) (Task, error) {
	folder, err := localFolder(reg, dir)
	if err != nil {
		return t, err
	}
	src := reflect.New(reflect.TypeOf(t.Chain.Source.Config)).Elem()
	src.Set(reflect.ValueOf(t.Chain.Source.Config))
	if t.Chain.Source.Component.Name == "file" {
		if err := redirect(src, folder); err != nil {
			return t, err
		}
		t.Chain.Source.Config = src.Interface()
		return t, nil
	}
	t.Chain.Source, err = tableSource(reg, t, folder)
	return t, err
}

func localFolder(reg *Registry, dir string) (Connection, error) {
	c, ok := reg.Find(KindConnection, "local")
	if !ok {
		return Connection{}, messages.NoSuchComponent.With("name", "connection.local", "hint", "")
	}
	cfg, err := decodeText(reg, c, "path = "+strconv.Quote(dir), nil)
	return Connection{Built: Built{Component: c, Label: "fixture", Config: cfg}}, err
}

// redirect points every connection of a config to another.
func redirect(config reflect.Value, to Connection) error {
	for i := range config.NumField() {
		f := config.Field(i)
		if f.Type() == reflect.TypeOf(Connection{}) && f.CanSet() {
			f.Set(reflect.ValueOf(to))
		}
	}
	return nil
}

// tableSource is a file source with the columns and marks of the task's own.
func tableSource(reg *Registry, t Task, folder Connection) (Built, error) {
	old := t.Chain.Source
	c, ok := reg.Find(KindSource, "file")
	if !ok {
		return Built{}, messages.NoSuchComponent.With("name", "source.file", "hint", "")
	}
	s, err := As[Source](old, offline(nil))
	if err != nil {
		return Built{}, err
	}
	var b strings.Builder
	b.WriteString("connection = connection\npath = " + strconv.Quote(old.Label+".csv") + "\n")
	if m, ok := s.(Marker); ok {
		personal, cleared := m.Marks()
		b.WriteString("personal = [")
		for _, p := range personal {
			b.WriteString(strconv.Quote(p) + ", ")
		}
		b.WriteString("]\nnot_personal = {\n")
		for name, why := range sorted(cleared) {
			b.WriteString(strconv.Quote(name) + " = " + strconv.Quote(why) + "\n")
		}
		b.WriteString("}\n")
	}
	b.WriteString("format \"csv\" {\n")
	if d, ok := s.(Declarer); ok {
		if schema, _ := d.Declared(); schema != nil {
			b.WriteString("columns = {\n")
			for _, f := range schema.Fields() {
				b.WriteString(strconv.Quote(f.Name) + " = " + TypeName(f.Type) + "\n")
			}
			b.WriteString("}\n")
		}
	}
	b.WriteString("}\n")
	ctx := &hcl.EvalContext{Variables: map[string]cty.Value{"connection": cty.CapsuleVal(ConnectionValue, &folder)}}
	cfg, err := decodeText(reg, c, b.String(), ctx)
	return Built{Component: c, Label: old.Label, Config: cfg, Range: old.Range}, err
}

func decodeText(reg *Registry, c Component, text string, ctx *hcl.EvalContext) (any, error) {
	f, diags := hclsyntax.ParseConfig([]byte(text), "fixture", hcl.InitialPos)
	if diags.HasErrors() {
		return nil, diags
	}
	cfg, diags := c.Decode(reg, f.Body, ctx)
	if diags.HasErrors() {
		return nil, diags
	}
	return cfg, nil
}

// RunFixture runs a task on the files of a folder as far as sealing and
// verifying, and publishes nothing. inspect sees every sealed file.
func RunFixture(ctx context.Context, reg *Registry, p *Project, t Task, dir string, opt RunOptions, inspect func(SealedFile) error) (TaskResult, error) {
	t, err := WithFixture(reg, t, dir)
	if err != nil {
		return TaskResult{}, err
	}
	r, err := newRun(ctx, p, opt)
	if err != nil {
		return TaskResult{}, err
	}
	defer r.close()
	r.opt.Unpublished, r.inspect = true, inspect
	return r.task(ctx, t), nil
}
