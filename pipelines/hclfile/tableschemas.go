package hclfile

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"regexp"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

type schemaConfig struct {
	File   string `hcl:"file" doc:"The table schema (JSON), relative to the project."`
	SHA256 string `hcl:"sha256,optional" doc:"Its SHA-256, so that a column that comes into the schema is not published before somebody has seen it; without it nothing can be said of its columns."`
}

// schemaBlocks reads the table schemas. What schema.<name>.columns gives may be made
// public as it is: the schema must be the very one that was read by whoever wrote
// so, and a column of free text, of which it says nothing, is not among them.
func (l *loader) schemaBlocks() {
	values := map[string]cty.Value{}
	f, _ := find(l.fields, "schema")
	for _, b := range l.blocks["schema"] {
		name := b.Labels[0]
		values[name] = cty.DynamicVal
		l.shape(`schema "`+name+`"`, b.Body, f.Fields, nil)
		var cfg schemaConfig
		if !l.check(b.Body, scope{}) {
			l.broken = true
			continue
		}
		diags := pipelines.DecodeBody(l.reg, `schema "`+name+`"`, b.Body, l.root, &cfg)
		l.add(diags...)
		if diags.HasErrors() {
			l.broken = true
			continue
		}
		columns, err := l.schemaColumns(name, cfg)
		if err != nil {
			at := defRange(b)
			if a := b.Body.Attributes[wrongIn(err)]; a != nil {
				at = a.SrcRange
			}
			l.say(err, at)
			l.broken = true
			continue
		}
		values[name] = cty.ObjectVal(map[string]cty.Value{"columns": columns})
	}
	if len(values) > 0 {
		l.root.Variables["schema"] = cty.ObjectVal(values)
	}
}

// wrongIn is the argument that a mistake in a schema is in.
func wrongIn(err *messages.Error) string {
	if err.Message == messages.SchemaChanged {
		return "sha256"
	}
	return "file"
}

// schemaColumns are the columns of a pinned schema that are no free text.
func (l *loader) schemaColumns(name string, cfg schemaConfig) (cty.Value, *messages.Error) {
	data, err := os.ReadFile(l.path(cfg.File))
	if err != nil {
		return cty.NilVal, messages.SchemaUnreadable.With("name", name, "why", pipelines.Unreadable(err))
	}
	var schema tableSchema
	if json.Unmarshal(data, &schema) != nil {
		return cty.NilVal, messages.SchemaUnreadable.With("name", name, "why", "what it holds is no JSON object of that form")
	}
	sum := sha256.Sum256(data)
	switch is := hex.EncodeToString(sum[:]); {
	case cfg.SHA256 == "":
		return cty.NilVal, messages.SchemaUnpinned.With("name", name, "sum", is)
	case !strings.EqualFold(cfg.SHA256, is):
		return cty.NilVal, messages.SchemaChanged.With("name", name, "sum", is)
	}
	columns := []cty.Value{}
	seen := map[string]bool{"": true}
	for _, f := range schema.Fields {
		if seen[f.Name] {
			return cty.NilVal, messages.SchemaFields.With("name", name)
		}
		seen[f.Name] = true
		if f.closed() {
			columns = append(columns, cty.StringVal(f.Name))
		}
	}
	if len(schema.Fields) == 0 {
		return cty.NilVal, messages.SchemaFields.With("name", name)
	}
	return cty.TupleVal(columns), nil
}

type tableSchema struct {
	Fields []schemaField `json:"fields"`
}

// schemaField is what a table schema says of a column, as far as it tells whether
// anything may stand in it.
type schemaField struct {
	Name        string `json:"name"`
	Type        string `json:"type"`
	Format      any    `json:"format"` // a text, in some schemas null
	Constraints struct {
		Pattern string `json:"pattern"`
		Enum    []any  `json:"enum"`
	} `json:"constraints"`
}

// closed says whether only values of a form can stand in the column. A text is
// closed by a list of values, a pattern that takes no name, or a format that is none
// of a person; an object may hold anything.
func (f schemaField) closed() bool {
	if len(f.Constraints.Enum) > 0 {
		return true
	}
	switch f.Type {
	case "integer", "number", "boolean", "date", "time", "datetime", "year", "yearmonth", "duration", "geopoint":
		return true
	case "string", "":
		return f.Format == "uri" || f.Format == "uuid" || f.Constraints.Pattern != "" && !takesNames(f.Constraints.Pattern)
	}
	return false
}

// takesNames says whether a pattern lets through what names somebody. One that
// cannot be tried may.
func takesNames(pattern string) bool {
	r, err := regexp.Compile(`^(?:` + pattern + `)$`)
	if err != nil {
		return true
	}
	for _, who := range []string{"Vermeillac", "VERMEILLAC", "vermeillac", "Jeanne Vermeillac", "JEANNE VERMEILLAC", "Vermeillac, Jeanne", "Mme J. Vermeillac",
		"Mme Jeanne Vermeillac, 12 rue du Lavoir, 35999 Val-Fleuri", "12 rue du Lavoir", "jeanne.vermeillac@val-fleuri.example", "0612345678", "06 12 34 56 78", "+33612345678"} {
		if r.MatchString(who) {
			return true
		}
	}
	return false
}
