package hclfile

import (
	"path/filepath"
	"sort"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Exception is one value of one tenant that differs from the table it stands in.
type Exception struct {
	Tenants  string // the tenants block
	Key      string
	Column   string
	From, To string
	Reason   string
	Until    string // a day, or ""
	Range    hcl.Range
}

// override applies the override blocks of the files a tenants block names.
func (l *loader) override(name string, t *table) {
	if t.failed {
		return
	}
	for _, pattern := range t.cfg.Overrides {
		paths, err := filepath.Glob(l.path(pattern))
		if err != nil {
			t.fail(messages.BadGlob.With("pattern", pattern))
			continue
		}
		if len(paths) == 0 {
			t.fail(messages.FileUnreadable.With("file", pattern, "why", "there is no such file"))
		}
		sort.Strings(paths)
		for _, p := range paths {
			for _, b := range l.overrideBlocks(filepath.ToSlash(p), t) {
				l.applyOverride(name, t, b)
			}
		}
	}
}

// overrideBlocks are the override blocks of a file: one of the project's own, or
// one read now.
func (l *loader) overrideBlocks(path string, t *table) (out []*hclsyntax.Block) {
	if l.project.files[path] == nil {
		_, sources, diags := read(path)
		l.add(diags...)
		t.failed = t.failed || diags.HasErrors()
		for _, s := range sources {
			if body := l.parse(s); body != nil {
				f, _ := find(l.fields, "override")
				l.shape("an override file", body, []pipelines.Field{f}, nil)
				for _, b := range body.Blocks {
					if b.Type == "override" && len(b.Labels) == 2 {
						out = append(out, b)
					}
				}
			}
		}
		return out
	}
	left := l.blocks["override"][:0:0]
	for _, b := range l.blocks["override"] {
		if b.TypeRange.Filename == path {
			out = append(out, b)
		} else {
			left = append(left, b)
		}
	}
	l.blocks["override"] = left
	return out
}

func (l *loader) applyOverride(name string, t *table, b *hclsyntax.Block) {
	var cfg overrideConfig
	diags := pipelines.DecodeBody(l.reg, "override", b.Body, l.root, &cfg)
	l.add(diags...)
	if diags.HasErrors() {
		t.failed = true
		return
	}
	key, column := b.Labels[0], b.Labels[1]
	row := t.rows[key]
	if row == nil {
		t.failed = true
		l.say(messages.OverrideTarget.With("what", "tenant "+key, "hint", pipelines.Hint(key, t.keys())), b.LabelRanges[0])
		return
	}
	was, ok := row[column]
	if !ok {
		t.failed = true
		l.say(messages.OverrideTarget.With("what", "column "+column, "hint", pipelines.Hint(column, t.columns)), b.LabelRanges[1])
		return
	}
	to, err := convert.Convert(cfg.To, was.Type())
	if err != nil {
		t.failed = true
		l.say(messages.WrongArgument.With("name", "to", "wanted", "a "+was.Type().FriendlyName(), "why", "the column is"), b.Body.Attributes["to"].Expr.Range())
		return
	}
	if from, err := convert.Convert(cfg.From, was.Type()); err != nil || !from.RawEquals(was) {
		t.failed = true
		l.say(messages.OverrideStale.With("key", key, "column", column), b.Body.Attributes["from"].SrcRange)
		return
	}
	if l.opt.Now != nil && cfg.Until != "" && l.opt.Now().UTC().Format("2006-01-02") > cfg.Until {
		l.say(messages.OverrideExpired.With("key", key, "column", column, "until", cfg.Until), defRange(b))
	}
	row[column] = to
	l.project.exceptions = append(l.project.exceptions, Exception{Tenants: name, Key: key, Column: column,
		From: text(was), To: text(to), Reason: cfg.Reason, Until: cfg.Until, Range: defRange(b)})
}

// overridesLeft reports override blocks in the project that no tenants block claims.
func (l *loader) overridesLeft() {
	for _, b := range l.blocks["override"] {
		l.say(messages.OverrideUnclaimed.With("file", filepath.Base(b.TypeRange.Filename)), b.TypeRange)
	}
}

// text is a value for a person to read.
func text(v cty.Value) string {
	s, err := convert.Convert(v, cty.String)
	if err != nil || s.IsNull() || !s.IsKnown() {
		return "null"
	}
	return s.AsString()
}
