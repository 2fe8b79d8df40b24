package hclfile

import (
	"sort"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// shape reports the arguments and blocks of a body that fields do not have, the
// blocks with the wrong number of labels, and single blocks that come twice. It
// does not look into blocks.
func (l *loader) shape(what string, body *hclsyntax.Body, fields []pipelines.Field, coming []string) {
	var args, blocks []string
	meant := map[string]bool{} // a misspelt argument is not a missing one as well
	anyName := false
	for _, f := range fields {
		switch {
		case f.Rest:
			anyName = true
		case f.Block:
			blocks = append(blocks, f.Name)
		default:
			args = append(args, f.Name)
		}
	}
	for _, a := range sorted(body.Attributes) {
		if f, ok := find(fields, a.Name); !anyName && (!ok || f.Block) {
			hint := pipelines.Hint(a.Name, args)
			meant[hint] = true
			l.say(messages.UnknownArgument.With("block", what, "name", a.Name, "hint", hint), a.NameRange)
		}
	}
	first := map[string]*hclsyntax.Block{}
	for _, b := range body.Blocks {
		f, ok := find(fields, b.Type)
		switch {
		case contains(coming, b.Type):
			l.say(messages.NotYet.With("name", b.Type), b.TypeRange)
		case !ok || !f.Block:
			l.say(messages.UnknownBlock.With("block", what, "name", b.Type, "hint", pipelines.Hint(b.Type, blocks)), b.TypeRange)
		case len(b.Labels) != len(f.Labels):
			l.say(messages.WrongLabels.With("block", b.Type, "wanted", labelsText(f.Labels), "example", exampleOf(f)), b.TypeRange)
		case !f.Repeated && first[b.Type] != nil:
			l.say(messages.DuplicateBlock.With("name", b.Type, "where", first[b.Type].TypeRange.String()), b.TypeRange)
		default:
			first[b.Type] = b
		}
	}
	for _, f := range fields {
		switch {
		case !f.Required:
		case f.Block && first[f.Name] == nil:
			l.say(messages.MissingBlock.With("block", what, "name", f.Name, "doc", f.Doc), body.MissingItemRange())
		case !f.Block && body.Attributes[f.Name] == nil && !meant[pipelines.Hint(f.Name, []string{f.Name})]:
			l.say(messages.MissingArgument.With("block", what, "name", f.Name, "doc", f.Doc), body.MissingItemRange())
		}
	}
}

// deepShape is shape of a body and of all blocks in it.
func (l *loader) deepShape(what string, body *hclsyntax.Body, fields []pipelines.Field) {
	l.shape(what, body, fields, nil)
	for _, b := range body.Blocks {
		f, ok := find(fields, b.Type)
		if !ok || !f.Block || len(b.Labels) != len(f.Labels) {
			continue
		}
		inner := f.Fields
		if f.Nested != "" {
			c, ok := l.component(f.Nested, b)
			if !ok {
				continue
			}
			inner = c.Fields()
		}
		l.deepShape(blockName(b), b.Body, inner)
	}
}

func blockName(b *hclsyntax.Block) string {
	s := b.Type
	for _, n := range b.Labels {
		s += " " + strconv.Quote(n)
	}
	return s
}

func labelsText(labels []string) string {
	if len(labels) == 0 {
		return "no label"
	}
	return strconv.Itoa(len(labels)) + " label(s): " + strings.Join(labels, ", ")
}

func exampleOf(f pipelines.Field) string {
	s := f.Name
	for _, n := range f.Labels {
		s += ` "<` + n + `>"`
	}
	return s + " { … }"
}

func find(fields []pipelines.Field, name string) (pipelines.Field, bool) {
	for _, f := range fields {
		if f.Name == name && !f.Rest {
			return f, true
		}
	}
	return pipelines.Field{}, false
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// sorted are attributes in the order they were written.
func sorted(attrs hclsyntax.Attributes) []*hclsyntax.Attribute {
	as := make([]*hclsyntax.Attribute, 0, len(attrs))
	for _, a := range attrs {
		as = append(as, a)
	}
	sort.Slice(as, func(i, j int) bool {
		if as[i].SrcRange.Start.Byte != as[j].SrcRange.Start.Byte {
			return as[i].SrcRange.Start.Byte < as[j].SrcRange.Start.Byte
		}
		return as[i].Name < as[j].Name
	})
	return as
}

// without is a body less some of its arguments.
func without(b *hclsyntax.Body, names ...string) *hclsyntax.Body {
	c := *b
	c.Attributes = make(hclsyntax.Attributes, len(b.Attributes))
	for n, a := range b.Attributes {
		if !contains(names, n) {
			c.Attributes[n] = a
		}
	}
	return &c
}

// only is a body with just some of its arguments, and no block.
func only(b *hclsyntax.Body, names ...string) *hclsyntax.Body {
	c := *b
	c.Blocks, c.Attributes = nil, hclsyntax.Attributes{}
	for _, n := range names {
		if a := b.Attributes[n]; a != nil {
			c.Attributes[n] = a
		}
	}
	return &c
}

// defRange is where a block is introduced.
func defRange(b *hclsyntax.Block) hcl.Range { return hcl.RangeBetween(b.TypeRange, b.OpenBraceRange) }
