package pipelines

import (
	"context"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// WithFixture gives the task with all its sources, those that joins and unions
// read included, reading the files of a folder: a source that reads through a
// store finds them under its own path; one that reads a database is replaced by
// the file <label>.csv (comma, UTF-8, an empty cell is null) with the columns it
// declares and the marks it gives. Loads go to the folder out, which a test does
// not even publish to: nothing real is contacted. A load that is configured in a
// way of its own is left as it is.
func WithFixture(reg *Registry, t Task, dir, out string) (Task, error) {
	folder, err := localFolder(reg, dir)
	if err != nil {
		return t, err
	}
	t.Candidates = slices.Clone(t.Candidates)
	for i, c := range t.Candidates {
		if t.Candidates[i], err = WithFixture(reg, c, dir, out); err != nil {
			return t, err
		}
	}
	if len(t.Candidates) == 0 {
		if t.Chain.Source, err = fixtureSource(reg, t.Chain.Source, folder); err != nil {
			return t, err
		}
	}
	t.Chain.Transforms = slices.Clone(t.Chain.Transforms)
	for i, b := range t.Chain.Transforms {
		if t.Chain.Transforms[i].Config, err = withFeeds(reg, b.Config, folder); err != nil {
			return t, err
		}
	}
	place, err := localFolder(reg, out)
	if err != nil {
		return t, err
	}
	t.Chain.Loads = slices.Clone(t.Chain.Loads)
	toFolder, _ := reg.Find(KindLoad, "local")
	for i, b := range t.Chain.Loads {
		if reflect.TypeOf(b.Config) == reflect.TypeOf(toFolder.defaults) { // the same load, whatever the place
			t.Chain.Loads[i].Component, t.Chain.Loads[i].Config = toFolder, redirected(b.Config, place)
		}
	}
	return t, nil
}

func fixtureSource(reg *Registry, b Built, folder Connection) (Built, error) {
	if b.Component.Name == "file" {
		b.Config = redirected(b.Config, folder)
		return b, nil
	}
	return tableSource(reg, b, folder)
}

// withFeeds is a config whose references to sources are references to fixtures.
func withFeeds(reg *Registry, config any, folder Connection) (any, error) {
	v := copyOf(config)
	for i := range v.NumField() {
		f := v.Field(i)
		if !f.CanSet() {
			continue
		}
		switch x := f.Interface().(type) {
		case SourceRef:
			b, err := fixtureSource(reg, x.Built, folder)
			if err != nil {
				return nil, err
			}
			f.Set(reflect.ValueOf(SourceRef{b}))
		case []SourceRef:
			refs := make([]SourceRef, len(x))
			for j, r := range x {
				b, err := fixtureSource(reg, r.Built, folder)
				if err != nil {
					return nil, err
				}
				refs[j] = SourceRef{b}
			}
			f.Set(reflect.ValueOf(refs))
		}
	}
	return v.Interface(), nil
}

func copyOf(config any) reflect.Value {
	v := reflect.New(reflect.TypeOf(config)).Elem()
	v.Set(reflect.ValueOf(config))
	return v
}

func localFolder(reg *Registry, dir string) (Connection, error) {
	c, ok := reg.Find(KindConnection, "local")
	if !ok {
		return Connection{}, messages.NoSuchComponent.With("name", "connection.local", "hint", "")
	}
	cfg, err := decodeText(reg, c, "path = "+strconv.Quote(dir), nil)
	return Connection{Built: Built{Component: c, Label: "fixture", Config: cfg}}, err
}

// redirected is a config with every connection of it pointing to another.
func redirected(config any, to Connection) any {
	v := copyOf(config)
	for i := range v.NumField() {
		if f := v.Field(i); f.Type() == reflect.TypeOf(Connection{}) && f.CanSet() {
			f.Set(reflect.ValueOf(to))
		}
	}
	return v.Interface()
}

// connectionsIn names the connections of a config.
func connectionsIn(config any) (names string) {
	v := reflect.ValueOf(config)
	for i := 0; v.Kind() == reflect.Struct && i < v.NumField(); i++ {
		if f := v.Field(i); f.Type() == reflect.TypeOf(Connection{}) && f.CanInterface() {
			names += f.Interface().(Connection).String() + "\x00"
		}
	}
	return names
}

// tableSource is a file source with the columns and marks of another.
func tableSource(reg *Registry, old Built, folder Connection) (Built, error) {
	c, ok := reg.Find(KindSource, "file")
	if !ok {
		return Built{}, messages.NoSuchComponent.With("name", "source.file", "hint", "")
	}
	s, err := As[Source](old, offlineEnv(nil))
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
	r, err := newRun(ctx, p, opt, 1)
	if err != nil {
		return TaskResult{}, err
	}
	defer r.close()
	if t, err = WithFixture(reg, t, dir, filepath.Join(r.dir, "out")); err != nil {
		return TaskResult{}, err
	}
	r.opt.Unpublished, r.inspect = true, inspect
	return r.task(ctx, t, nil), nil
}
