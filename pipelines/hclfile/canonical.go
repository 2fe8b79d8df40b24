package hclfile

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"math/big"
	"os"
	"reflect"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/lavoir-data/lavoir/pipelines"
)

// config is the canonical text of a task: a JSON object of parts in the order
// they are added, each of them canonical.
type config struct {
	b    []byte
	list string // the array being written; "" is none
}

func newConfig() *config { return &config{b: append(make([]byte, 0, 1024), '{')} }

func (c *config) key(name string) {
	if c.list != "" {
		c.b, c.list = append(c.b, ']'), ""
	}
	if len(c.b) > 1 {
		c.b = append(c.b, ',')
	}
	c.b = append(appendText(c.b, name), ':')
}

func (c *config) text(name, s string) { c.key(name); c.b = appendText(c.b, s) }

func (c *config) field(name string, part []byte) {
	if part != nil {
		c.key(name)
		c.b = append(c.b, part...)
	}
}

func (c *config) item(list string, part []byte) {
	if part == nil {
		return
	}
	if c.list == list {
		c.b = append(c.b, ',')
	} else {
		c.key(list)
		c.b, c.list = append(c.b, '['), list
	}
	c.b = append(c.b, part...)
}

func (c *config) bytes() []byte {
	if c.list != "" {
		c.b, c.list = append(c.b, ']'), ""
	}
	return append(c.b, '}')
}

// canonical is a decoded config as JSON: the fields of the struct in their
// order, expressions by what they compute, secrets by their reference. It also
// gives the connections in it, and what of it is not for everybody.
func canonical(c pipelines.Component, label string, cfg any, k *pipelines.Contract, names fieldNames, dir string) ([]byte, []pipelines.Connection, []kept) {
	w := &canon{b: make([]byte, 0, 512), names: names, dir: dir}
	w.b = append(w.b, '{')
	w.key("type")
	w.b = appendText(w.b, c.Name)
	if label != "" {
		w.key("label")
		w.b = appendText(w.b, label)
	}
	w.key("config")
	w.value(reflect.ValueOf(cfg))
	if k != nil {
		w.key("contract")
		w.b = append(w.b, '{')
		w.key("columns")
		w.value(reflect.ValueOf(k.Columns))
		for _, s := range [][2]string{{"on_added", k.OnAdded}, {"on_removed", k.OnRemoved}, {"on_retyped", k.OnRetyped}} {
			w.key(s[0])
			w.b = appendText(w.b, s[1])
		}
		w.b = append(w.b, '}')
	}
	return append(w.b, '}'), w.uses, w.kept
}

// kept is a part of a canonical text that tells what a file with persons holds.
type kept struct {
	from, to int
	list     bool // of persons: it is no part of a policy
}

// cut is a canonical text without those of its parts.
func cut(text []byte, parts []kept, which func(kept) bool) []byte {
	var out []byte
	at := 0
	for _, p := range parts {
		if which(p) {
			out, at = append(out, text[at:p.from]...), p.to
		}
	}
	if at == 0 {
		return text
	}
	return append(out, text[at:]...)
}

type canon struct {
	b     []byte
	uses  []pipelines.Connection
	names fieldNames
	dir   string // the project's
	kept  []kept
}

// fieldNames remembers what a pipeline file calls the fields of a struct; a
// field it cannot set is "-".
type fieldNames map[reflect.Type][]string

// lent stands for the fields of an embedded struct, which belong to the struct it is in.
const lent = "+"

func (f fieldNames) of(t reflect.Type) []string {
	names, known := f[t]
	if known {
		return names
	}
	for i := range t.NumField() {
		name := "-"
		if tag, ok := t.Field(i).Tag.Lookup("hcl"); ok {
			name, _, _ = strings.Cut(tag, ",")
		} else if t.Field(i).Anonymous {
			name = lent
		}
		names = append(names, name)
	}
	f[t] = names
	return names
}

func (w *canon) comma() {
	if last := w.b[len(w.b)-1]; last != '{' && last != '[' && last != '(' {
		w.b = append(w.b, ',')
	}
}

func (w *canon) key(name string) {
	w.comma()
	w.b = append(appendText(w.b, name), ':')
}

func (w *canon) value(v reflect.Value) {
	switch x := v.Interface().(type) {
	case cty.Value:
		w.constant(x)
		return
	case pipelines.Secret:
		w.b = appendText(w.b, x.Ref)
		return
	case pipelines.Connection:
		w.connection(x)
		return
	case pipelines.SourceRef:
		w.b = appendText(w.b, "source."+x.Component.Name+"."+x.Label)
		return
	case pipelines.Built:
		w.built(x)
		return
	case pipelines.Expression:
		w.expression(x)
		return
	case pipelines.NamedExpression:
		w.b = append(w.b, '[')
		w.b = append(appendText(w.b, x.Name), ',')
		w.expression(x.Expression)
		w.b = append(w.b, ']')
		return
	case pipelines.NamedText:
		w.b = append(w.b, '[')
		w.b = append(appendText(w.b, x.Name), ',')
		w.b = append(appendText(w.b, x.Text), ']')
		return
	case pipelines.ColumnType:
		w.columnType(x)
		return
	case pipelines.ColumnDecl:
		w.b = append(w.b, '[')
		w.b = append(appendText(w.b, x.Name), ',')
		w.columnType(x.ColumnType)
		w.b = append(w.b, ']')
		return
	case pipelines.ProjectFile:
		w.file(string(x))
		return
	case pipelines.PrivateFile:
		w.private(string(x), false)
		return
	case pipelines.PersonsFile:
		w.private(string(x), true)
		return
	case time.Duration:
		w.b = strconv.AppendInt(w.b, int64(x), 10)
		return
	}
	w.kind(v)
}

func (w *canon) kind(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		w.b = appendText(w.b, v.String())
	case reflect.Bool:
		w.b = strconv.AppendBool(w.b, v.Bool())
	case reflect.Int, reflect.Int64:
		w.b = strconv.AppendInt(w.b, v.Int(), 10)
	case reflect.Float64:
		w.b = strconv.AppendFloat(w.b, v.Float(), 'g', -1, 64)
	case reflect.Pointer:
		if v.IsNil() {
			w.b = append(w.b, "null"...)
		} else {
			w.value(v.Elem())
		}
	case reflect.Slice:
		w.b = append(w.b, '[')
		for i := 0; i < v.Len(); i++ {
			w.comma()
			w.value(v.Index(i))
		}
		w.b = append(w.b, ']')
	case reflect.Map:
		keys := v.MapKeys()
		sort.Slice(keys, func(i, j int) bool { return keys[i].String() < keys[j].String() })
		w.b = append(w.b, '{')
		for _, k := range keys {
			w.key(k.String())
			w.value(v.MapIndex(k))
		}
		w.b = append(w.b, '}')
	case reflect.Struct:
		w.structure(v)
	default:
		panic("hclfile: a config field cannot be a " + v.Type().String())
	}
}

// structure writes the fields a pipeline file can set, by the name it uses.
func (w *canon) structure(v reflect.Value) {
	w.b = append(w.b, '{')
	w.fields(v)
	w.b = append(w.b, '}')
}

func (w *canon) fields(v reflect.Value) {
	for i, name := range w.names.of(v.Type()) {
		switch name {
		case "-":
		case lent:
			w.fields(v.Field(i))
		default:
			w.key(name)
			w.value(v.Field(i))
		}
	}
}

func (w *canon) built(x pipelines.Built) {
	if !x.IsSet() {
		w.b = append(w.b, "null"...)
		return
	}
	w.b = append(w.b, '{')
	w.key(x.Component.Name)
	w.value(reflect.ValueOf(x.Config))
	w.b = append(w.b, '}')
}

// connection writes what a connection reaches. Caps decide when a task runs, not
// what comes out of it, and are left out.
func (w *canon) connection(x pipelines.Connection) {
	if !x.IsSet() {
		w.b = append(w.b, "null"...)
		return
	}
	w.uses = append(w.uses, x)
	w.b = append(w.b, '{')
	w.key(x.String())
	w.value(reflect.ValueOf(x.Config))
	w.b = append(w.b, '}')
}

// file writes what a file of the project holds beside its path. Of one that cannot
// be read only the path: whoever needs it will say so.
func (w *canon) file(path string) {
	if path == "" {
		w.b = append(w.b, `""`...)
		return
	}
	w.b = append(appendText(append(w.b, '['), path), ']')
	f, err := os.Open(pipelines.Env{Root: w.dir}.Path(path))
	if err != nil {
		return
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err == nil { // it may be larger than memory
		w.b = append(appendText(append(w.b[:len(w.b)-1], ','), hex.EncodeToString(sum.Sum(nil))), ']')
	}
}

// private is file of one that may name persons: all but its path is kept apart.
func (w *canon) private(path string, list bool) {
	from := len(appendText([]byte{'['}, path)) + len(w.b)
	w.file(path)
	if to := len(w.b) - 1; to > from {
		w.kept = append(w.kept, kept{from, to, list})
	}
}

func (w *canon) columnType(x pipelines.ColumnType) {
	if x.Type == nil {
		w.b = append(w.b, "null"...)
		return
	}
	w.b = append(w.b, '[')
	w.b = append(appendText(w.b, pipelines.TypeName(x.Type)), ',')
	w.b = append(appendText(w.b, x.Format), ',')
	w.b = appendText(w.b, x.Zone)
	if x.Code != "" {
		w.b = appendText(append(w.b, ','), x.Code)
	}
	w.b = append(w.b, ']')
}

// constant writes a value; what cannot be looked into is written by its reference.
func (w *canon) constant(v cty.Value) {
	t := v.Type()
	switch {
	case v == cty.NilVal || v.IsNull():
		w.b = append(w.b, "null"...)
	case !v.IsKnown():
		w.b = append(w.b, `"?"`...)
	case t == cty.String:
		w.b = appendText(w.b, v.AsString())
	case t == cty.Number:
		w.b = appendNumber(w.b, v.AsBigFloat())
	case t == cty.Bool:
		w.b = strconv.AppendBool(w.b, v.True())
	case t.IsCapsuleType():
		w.reference(v)
	case t.IsObjectType() || t.IsMapType():
		w.b = append(w.b, '{')
		for it := v.ElementIterator(); it.Next(); {
			k, el := it.Element()
			w.key(k.AsString())
			w.constant(el)
		}
		w.b = append(w.b, '}')
	default:
		w.b = append(w.b, '[')
		for it := v.ElementIterator(); it.Next(); {
			_, el := it.Element()
			w.comma()
			w.constant(el)
		}
		w.b = append(w.b, ']')
	}
}

func (w *canon) reference(v cty.Value) {
	switch x := v.EncapsulatedValue().(type) {
	case *pipelines.Secret:
		w.b = appendText(w.b, x.Ref)
	case *pipelines.Connection:
		w.b = appendText(w.b, x.String())
	case *pipelines.SourceRef:
		w.b = appendText(w.b, "source."+x.Component.Name+"."+x.Label)
	default:
		w.b = appendText(w.b, v.Type().FriendlyName())
	}
}

// appendNumber writes whole numbers by the short way, which is most of them.
func appendNumber(b []byte, f *big.Float) []byte {
	if n, acc := f.Int64(); acc == big.Exact {
		return strconv.AppendInt(b, n, 10)
	}
	return f.Append(b, 'g', -1)
}

func appendText(b []byte, s string) []byte {
	plain := true
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			plain = false
			break
		}
	}
	if plain {
		return append(append(append(b, '"'), s...), '"')
	}
	q, _ := json.Marshal(s) // a string always can be
	return append(b, q...)
}
