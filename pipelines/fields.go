package pipelines

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"
)

// Field describes an argument or a block of a configuration, for reference
// pages, JSON Schema and completion.
type Field struct {
	Name     string
	Doc      string
	Type     string // for a person: text, list of text, expression over row …
	Values   []string
	Required bool
	Default  string // as one would write it; "" when there is none
	Block    bool
	Repeated bool
	Rest     bool     // any further argument; Name is then a placeholder
	Labels   []string // of a block
	Fields   []Field  // of a block
	Nested   Kind     // of a block whose label names a component; Fields are then those besides the component's
}

// tag is the parsed struct tag of a config field:
//
//	hcl:"name"           a required argument
//	hcl:"name,optional"  an argument; the default is what the prefilled struct holds
//	hcl:"name,block"     a block: T is required, *T optional, []T any number;
//	                     Built and []Built are blocks whose label names a component of kind:"…"
//	hcl:"name,label"     the label of the block the struct stands for
//	hcl:",rest"          all other arguments, as []NamedExpression
//	doc:"…"              one sentence, required
//	values:"a|b"         the texts allowed
//
// An argument may be: string, bool, int, int64, float64, Size, time.Duration,
// []string, []int64, map[string]string, cty.Value (a constant), Secret,
// Connection, SourceRef, []SourceRef, Expression, []NamedExpression (an object
// whose values are expressions), []NamedText (an object of texts
// whose order counts), ColumnType, []ColumnDecl (an object whose values are
// types). A config may have a method Validate() error; an error made with At
// points at that argument. An embedded struct without a tag lends its arguments,
// as if they stood where it does.
type tag struct {
	name   string
	mode   string
	doc    string
	kind   Kind
	values []string
}

func tagOf(f reflect.StructField) (tag, bool) {
	h, ok := f.Tag.Lookup("hcl")
	if !ok {
		return tag{}, false
	}
	name, mode, _ := strings.Cut(h, ",")
	t := tag{name: name, mode: mode, doc: f.Tag.Get("doc"), kind: Kind(f.Tag.Get("kind"))}
	if v := f.Tag.Get("values"); v != "" {
		t.values = strings.Split(v, "|")
	}
	return t, true
}

// field is a field of a config struct that a pipeline file can set.
type field struct {
	tag
	at     []int    // in the struct
	labels []string // of a block
}

// layout is the fields of a config struct. Every task decodes the same few
// structs, and reading tags costs more than all the rest of it.
func (d decoder) layout(t reflect.Type) []field {
	if d.registry == nil {
		return layoutOf(t)
	}
	known, ok := d.registry.layouts.Load(t)
	if !ok {
		known, _ = d.registry.layouts.LoadOrStore(t, layoutOf(t))
	}
	return known.([]field)
}

func layoutOf(t reflect.Type) []field {
	var fs []field
	for _, sf := range reflect.VisibleFields(t) {
		tg, ok := tagOf(sf)
		if !ok {
			continue
		}
		f := field{tag: tg, at: sf.Index}
		if tg.mode == "block" {
			el := sf.Type
			if el.Kind() == reflect.Slice || el.Kind() == reflect.Pointer {
				el = el.Elem()
			}
			if el == builtType {
				f.labels = []string{string(tg.kind)}
			} else {
				f.labels = labelsOf(el)
			}
		}
		fs = append(fs, f)
	}
	return fs
}

var builtType = reflect.TypeOf(Built{})

func fieldsOf(t reflect.Type, def reflect.Value) []Field {
	var fs []Field
	for i := 0; i < t.NumField(); i++ {
		sf := t.Field(i)
		tg, ok := tagOf(sf)
		if !ok && sf.Anonymous {
			fs = append(fs, fieldsOf(sf.Type, def.Field(i))...)
		}
		if !ok || tg.mode == "label" {
			continue
		}
		f := Field{Name: tg.name, Doc: tg.doc, Values: tg.values, Nested: tg.kind}
		switch tg.mode {
		case "block":
			f.Block = true
			el := sf.Type
			switch el.Kind() {
			case reflect.Slice:
				f.Repeated, el = true, el.Elem()
			case reflect.Pointer:
				el = el.Elem()
			default:
				f.Required = true
			}
			if el == builtType {
				f.Labels = []string{string(tg.kind)}
			} else {
				f.Labels = labelsOf(el)
				fresh := reflect.New(el)
				if d, ok := fresh.Interface().(interface{ Defaults() }); ok {
					d.Defaults()
				}
				f.Fields = fieldsOf(el, fresh.Elem())
			}
		case "rest":
			f.Rest, f.Name, f.Type = true, "<name>", describeType(reflect.TypeOf(Expression{}))
		default:
			f.Type = describeType(sf.Type)
			f.Required = tg.mode == ""
			if !f.Required && def.IsValid() {
				f.Default = describeValue(def.Field(i))
			}
		}
		fs = append(fs, f)
	}
	return fs
}

func labelsOf(t reflect.Type) (labels []string) {
	for i := 0; i < t.NumField(); i++ {
		if tg, ok := tagOf(t.Field(i)); ok && tg.mode == "label" {
			labels = append(labels, tg.name)
		}
	}
	return labels
}

func describeType(t reflect.Type) string {
	switch t {
	case reflect.TypeOf(Size(0)):
		return "size"
	case reflect.TypeOf(time.Duration(0)):
		return "duration"
	case reflect.TypeOf(cty.Value{}):
		return "constant"
	case reflect.TypeOf(Secret{}):
		return "secret"
	case reflect.TypeOf(Connection{}):
		return "connection"
	case reflect.TypeOf(SourceRef{}):
		return "source"
	case reflect.TypeOf([]SourceRef{}):
		return "list of sources"
	case reflect.TypeOf(Expression{}):
		return "expression over row"
	case reflect.TypeOf([]NamedExpression{}):
		return "object of expressions over row"
	case reflect.TypeOf(ColumnType{}):
		return "type"
	case reflect.TypeOf([]NamedText{}):
		return "object of text"
	case reflect.TypeOf([]ColumnDecl{}):
		return "object of types"
	}
	switch t.Kind() {
	case reflect.String:
		return "text"
	case reflect.Bool:
		return "bool"
	case reflect.Int, reflect.Int64, reflect.Float64:
		return "number"
	case reflect.Slice:
		return "list of " + describeType(t.Elem())
	case reflect.Map:
		return "object of " + describeType(t.Elem())
	}
	panic("pipelines: a config field cannot be a " + t.String())
}

func describeValue(v reflect.Value) string {
	if v.IsZero() && v.Kind() != reflect.Bool && v.Kind() != reflect.Int && v.Kind() != reflect.Int64 {
		return ""
	}
	switch x := v.Interface().(type) {
	case Size:
		return strconv.Quote(x.String())
	case time.Duration:
		return strconv.Quote(durationText(x))
	case string:
		return strconv.Quote(x)
	case bool, int, int64, float64:
		return fmt.Sprint(x)
	case []string:
		qs := make([]string, len(x))
		for i, s := range x {
			qs[i] = strconv.Quote(s)
		}
		return "[" + strings.Join(qs, ", ") + "]"
	case []int64:
		return strings.ReplaceAll(fmt.Sprint(x), " ", ", ")
	case ColumnType:
		return TypeName(x.Type)
	}
	return ""
}

func durationText(d time.Duration) string {
	if d != 0 && d%(24*time.Hour) == 0 {
		return strconv.Itoa(int(d/(24*time.Hour))) + "d"
	}
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
