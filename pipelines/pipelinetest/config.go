package pipelinetest

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Config checks what holds for the configuration of any component: it has
// examples with prose, every field is documented and used in one, and an
// unknown argument is a diagnostic with its place and the name that was meant.
func Config(t *testing.T, reg *pipelines.Registry, c pipelines.Component, fsys fs.FS) {
	t.Helper()
	config(t, reg, c, examplesOf(t, reg, c, fsys))
}

func examplesOf(t *testing.T, reg *pipelines.Registry, c pipelines.Component, fsys fs.FS) []Example {
	t.Helper()
	if _, ok := reg.Find(c.Kind, c.Name); !ok {
		t.Fatalf("%s %q is not in the registry", c.Kind, c.Name)
	}
	examples, err := Examples(reg, c, fsys)
	if err != nil {
		t.Fatal(err)
	}
	return examples
}

func config(t *testing.T, reg *pipelines.Registry, c pipelines.Component, examples []Example) {
	t.Helper()
	t.Run("every field is documented", func(t *testing.T) { report(t, checkDocumented(c)) })
	t.Run("every field is used in an example", func(t *testing.T) { report(t, checkUsed(c, examples)) })
	t.Run("an unknown argument is a diagnostic with place and hint", func(t *testing.T) { report(t, checkUnknown(reg, c, examples)) })
}

func checkDocumented(c pipelines.Component) error {
	var errs []error
	if !sentence(c.Doc) {
		errs = append(errs, fmt.Errorf("%s %q has no sentence that says what it does", c.Kind, c.Name))
	}
	var walk func(path string, fs []pipelines.Field)
	walk = func(path string, fs []pipelines.Field) {
		for _, f := range fs {
			if !sentence(f.Doc) {
				errs = append(errs, fmt.Errorf("%s%s is not documented by a sentence (tag doc)", path, f.Name))
			}
			walk(path+f.Name+".", f.Fields)
		}
	}
	walk("", c.Fields())
	return errors.Join(errs...)
}

func sentence(s string) bool { return len(s) > 3 && strings.HasSuffix(s, ".") }

func checkUsed(c pipelines.Component, examples []Example) error {
	if len(examples) == 0 {
		return fmt.Errorf("there is no example %s.txtar", c.Name)
	}
	var errs []error
	used := map[string]bool{}
	for _, e := range examples {
		if e.Doc == "" {
			errs = append(errs, fmt.Errorf("%s.txtar does not start with some prose", e.Name))
		}
		bs, err := e.blocks()
		if err != nil {
			errs = append(errs, fmt.Errorf("%s.txtar: %w", e.Name, err))
			continue
		}
		found := find(bs, c)
		if len(found) == 0 {
			errs = append(errs, fmt.Errorf("%s.txtar has no block %s %q", e.Name, c.Kind, c.Name))
		}
		for _, b := range found {
			uses("", b.Body, c.Fields(), used)
		}
	}
	var walk func(path string, fs []pipelines.Field)
	walk = func(path string, fs []pipelines.Field) {
		for _, f := range fs {
			if !used[path+f.Name] {
				errs = append(errs, fmt.Errorf("no example uses %s%s", path, f.Name))
				continue
			}
			walk(path+f.Name+".", f.Fields)
		}
	}
	walk("", c.Fields())
	return errors.Join(errs...)
}

func uses(path string, body *hclsyntax.Body, fields []pipelines.Field, used map[string]bool) {
	known := map[string]bool{}
	for _, f := range fields {
		if f.Rest {
			continue
		}
		known[f.Name] = true
		if body.Attributes[f.Name] != nil {
			used[path+f.Name] = true
		}
		for _, b := range body.Blocks {
			if f.Block && b.Type == f.Name {
				used[path+f.Name] = true
				uses(path+f.Name+".", b.Body, f.Fields, used)
			}
		}
	}
	for _, f := range fields {
		for name := range body.Attributes {
			if f.Rest && !known[name] {
				used[path+f.Name] = true
			}
		}
	}
}

// checkUnknown misspells an argument, or makes one up, on a line of its own.
func checkUnknown(reg *pipelines.Registry, c pipelines.Component, examples []Example) error {
	var names []string
	for _, f := range c.Fields() {
		if f.Rest {
			return nil // any argument is one
		}
		if !f.Block {
			names = append(names, f.Name)
		}
	}
	made, meant := "zz_unknown", ""
	if len(names) > 0 {
		meant = slices.MaxFunc(names, func(a, b string) int { return len(a) - len(b) })
		made = meant + "z"
	}
	for _, e := range examples {
		bs, err := e.blocks()
		if err != nil {
			return err
		}
		found := find(bs, c)
		if len(found) == 0 {
			continue
		}
		at := found[0].OpenBraceRange.End.Byte
		text := e.Files[pipelineFile]
		changed := Example{Files: map[string]string{pipelineFile: text[:at] + "\n" + made + " = 1\n" + text[at:]}}
		if bs, err = changed.blocks(); err != nil {
			return err
		}
		return unknownFound(reg, c, find(bs, c)[0], e, made, meant)
	}
	return errors.New("no example has a block to misspell an argument in")
}

func unknownFound(reg *pipelines.Registry, c pipelines.Component, b *hclsyntax.Block, e Example, made, meant string) error {
	sc, err := e.scope()
	if err != nil {
		return err
	}
	_, diags := c.Decode(reg, b.Body, sc.context(b.Body))
	for _, d := range diags {
		m, ok := d.Extra.(*messages.Error)
		if !ok || m.Code != messages.UnknownArgument.Code || m.Param("name") != made {
			continue
		}
		if d.Subject == nil || d.Subject.Start.Line != b.OpenBraceRange.Start.Line+1 {
			return fmt.Errorf("the diagnostic for %s points at %v", made, d.Subject)
		}
		for _, lang := range []messages.Lang{messages.English, messages.French} {
			if !strings.Contains(m.Remedy(lang), meant) {
				return fmt.Errorf("the diagnostic for %s does not propose %s but says %q", made, meant, m.Remedy(lang))
			}
		}
		return nil
	}
	return fmt.Errorf("the unknown argument %s is no diagnostic: %v", made, diags)
}
