package hclfile

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// JSONSchema is a JSON Schema (draft 2020-12) of .hcl.json files made of the
// blocks of the language and the components of reg, for editors and for programs
// that write such files, with its descriptions in a language. A pipeline, a variant or steps may be a list of objects
// that together are the block; such a list is not checked for what it lacks.
func JSONSchema(reg *pipelines.Registry, lang messages.Lang) []byte {
	g := &schemaWriter{reg: reg, lang: lang, defs: map[string]any{}}
	s := g.object(Blocks(reg))
	s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	s["title"] = "lavoir: " + messages.Phrase(lang, "a pipeline file")
	for _, c := range reg.All("") {
		g.component(c)
	}
	s["$defs"] = g.defs
	out, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		panic(fmt.Sprintf("hclfile: encode schema: %v", err)) // maps of plain values always can be
	}
	return append(out, '\n')
}

type schemaWriter struct {
	reg  *pipelines.Registry
	lang messages.Lang
	defs map[string]any
}

type object = map[string]any

func (g *schemaWriter) component(c pipelines.Component) {
	body := g.object(append(metaOf(c.Kind), c.Fields()...))
	body["description"] = messages.Phrase(g.lang, c.Doc)
	g.defs[defName(c)] = body
}

func defName(c pipelines.Component) string { return string(c.Kind) + "-" + c.Name }

func (g *schemaWriter) object(fields []pipelines.Field) object {
	props := object{"//": true}
	s := object{"type": "object", "properties": props, "additionalProperties": false}
	var required []string
	for _, f := range fields {
		if f.Rest {
			s["additionalProperties"] = object{"description": messages.Phrase(g.lang, f.Doc)}
			continue
		}
		var p object
		if f.Block {
			p = g.block(f)
		} else {
			p = argument(f)
		}
		p["description"] = messages.Phrase(g.lang, f.Doc)
		props[f.Name] = p
		if f.Required {
			required = append(required, f.Name)
		}
	}
	if len(required) > 0 {
		s["required"] = required
	}
	return s
}

// block nests an object for each label, or a list of them.
func (g *schemaWriter) block(f pipelines.Field) object {
	if f.Nested == "" {
		whole := g.object(f.Fields)
		piece := whole
		if contains(inPieces, f.Name) {
			piece = maps.Clone(whole)
			delete(piece, "required")
		}
		return labelled(len(f.Labels), whole, piece)
	}
	byName := object{"//": true}
	for _, c := range g.reg.All(f.Nested) {
		ref := object{"$ref": "#/$defs/" + defName(c)}
		byName[c.Name] = labelled(len(f.Labels)-1, ref, ref)
	}
	return oneOrMore(object{"type": "object", "properties": byName, "additionalProperties": false})
}

// labelled is a block, or a list of blocks or of their pieces, below its labels.
func labelled(labels int, whole, piece object) object {
	s := object{"if": object{"type": "array"}, "then": object{"items": piece}, "else": whole}
	for ; labels > 0; labels-- {
		s = oneOrMore(object{"type": "object", "additionalProperties": s})
	}
	return s
}

func oneOrMore(s object) object {
	return object{"if": object{"type": "array"}, "then": object{"items": s}, "else": s}
}

// argument is the type of an argument. A text may always stand for it, because
// any expression is written "${…}"; one that is no expression must be a value allowed.
func argument(f pipelines.Field) object {
	expression := object{"type": "string", "pattern": `\$\{`}
	either := func(t object) object { return object{"anyOf": []any{t, expression, object{"type": "null"}}} }
	switch {
	case len(f.Values) > 0 && f.Type == "text":
		return either(object{"enum": f.Values})
	case f.Type == "text" || f.Type == "duration" || f.Type == "type":
		return object{"type": []string{"string", "null"}}
	case f.Type == "size":
		return object{"type": []string{"string", "integer", "null"}}
	case f.Type == "bool":
		return either(object{"type": "boolean"})
	case f.Type == "number":
		return either(object{"type": "number"})
	case f.Type == "secret" || f.Type == "connection" || f.Type == "source":
		return object{"type": "string"}
	case strings.HasPrefix(f.Type, "list of "):
		return either(object{"type": "array"})
	case strings.HasPrefix(f.Type, "object of "):
		return either(object{"type": "object"})
	}
	return object{}
}
