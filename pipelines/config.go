package pipelines

import (
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/agext/levenshtein"
	"github.com/apache/arrow/go/v15/arrow"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/gocty"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Size is a number of bytes, written "16MiB", "95MB" or as a plain number.
type Size int64

func (s Size) String() string {
	for _, u := range sizeUnits {
		if s >= Size(u.bytes) && int64(s)%u.bytes == 0 {
			return strconv.FormatInt(int64(s)/u.bytes, 10) + u.name
		}
	}
	return strconv.FormatInt(int64(s), 10)
}

var sizeUnits = []struct {
	name  string
	bytes int64
}{{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"TB", 1e12}, {"GB", 1e9}, {"MB", 1e6}, {"kB", 1e3}, {"B", 1}}

// ParseSize reads a Size.
func ParseSize(s string) (Size, error) {
	s = strings.TrimSpace(s)
	unit := int64(1)
	for _, u := range sizeUnits {
		if n, ok := strings.CutSuffix(s, u.name); ok {
			s, unit = strings.TrimSpace(n), u.bytes
			break
		}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || n > (1<<62)/unit {
		return 0, fmt.Errorf("a size is written 64MiB, 95MB or as a number of bytes")
	}
	return Size(n * unit), nil
}

// ParseDuration reads a duration: Go's form, or a number of days as "90d".
func ParseDuration(s string) (time.Duration, error) {
	if d, ok := strings.CutSuffix(s, "d"); ok {
		if n, err := strconv.ParseUint(d, 10, 20); err == nil {
			return time.Duration(n) * 24 * time.Hour, nil
		}
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("a duration is written 90s, 15m, 24h or 90d")
	}
	return d, nil
}

// Expression is an expression over row, kept as it was written, with the
// values (locals, each, partition) it may also name. pipelines/expr compiles it.
type Expression struct {
	hcl.Expression
	Values *hcl.EvalContext
}

// IsSet says whether the pipeline file gave an expression.
func (e Expression) IsSet() bool { return e.Expression != nil }

// NamedExpression is an expression under a name the user chose.
type NamedExpression struct {
	Name  string
	Range hcl.Range // of the name
	Expression
}

// ColumnDecl is one declared column.
type ColumnDecl struct {
	Name string
	ColumnType
	Range hcl.Range
}

// Schema is the Arrow schema of declared columns, all nullable, in their order.
func Schema(cols []ColumnDecl) *arrow.Schema {
	fs := make([]arrow.Field, len(cols))
	for i, c := range cols {
		fs[i] = arrow.Field{Name: c.Name, Type: c.Type, Nullable: true}
	}
	return arrow.NewSchema(fs, nil)
}

// Connection is what `connection.<type>.<name>` refers to.
type Connection struct {
	Built
	Key string // the tenant, when the connection has for_each
	Max int    // how many tasks may use it at once; 0 is no limit
	// Group is the `limits` block it shares with others; "" is none.
	Group string
}

// OpenConnection builds what c refers to and gives it as a T.
func OpenConnection[T any](c Connection, env Env) (T, error) {
	t, err := As[T](c.Built, env)
	if err != nil && messages.Find(err) == nil {
		return t, messages.WrongConnection.With("connection", c.String())
	}
	return t, err
}

func (c Connection) String() string {
	s := "connection." + c.Component.Name + "." + c.Label
	if c.Key != "" {
		s += "[" + strconv.Quote(c.Key) + "]"
	}
	return s
}

// SourceRef is what `source.<type>.<name>` refers to.
type SourceRef struct{ Built }

// Values of these types stand for what an expression may refer to but not look
// into. A secret is one of them, so that no text can be made of it.
var (
	SecretValue     = cty.Capsule("secret", reflect.TypeOf(Secret{}))
	ConnectionValue = cty.Capsule("connection", reflect.TypeOf(Connection{}))
	SourceValue     = cty.Capsule("source", reflect.TypeOf(SourceRef{}))
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
	Nested   Kind     // of a block whose label names a component
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
// whose values are expressions), ColumnType, []ColumnDecl (an object whose
// values are types). A config may have a method Validate() error; an error made
// with At points at that argument.
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
	at     int      // in the struct
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
	for i := range t.NumField() {
		tg, ok := tagOf(t.Field(i))
		if !ok {
			continue
		}
		f := field{tag: tg, at: i}
		if tg.mode == "block" {
			el := t.Field(i).Type
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
				f.Fields = fieldsOf(el, reflect.Zero(el))
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
	s = strings.TrimSuffix(s, "0s")
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	if s == "" {
		return "0s"
	}
	return s
}

// At says that err is about the named argument.
func At(argument string, err error) error { return &atError{argument, err} }

type atError struct {
	argument string
	err      error
}

func (e *atError) Error() string { return e.argument + ": " + e.err.Error() }
func (e *atError) Unwrap() error { return e.err }

// Diagnose makes a diagnostic of err at a place in a pipeline file. What is no
// message of ours becomes one, its text as it is.
func Diagnose(err error, at hcl.Range) *hcl.Diagnostic {
	m := messages.Find(err)
	if m == nil {
		m = messages.Syntax.With("what", err.Error())
	}
	severity := hcl.DiagError
	if m.Class == messages.Warning {
		severity = hcl.DiagWarning
	}
	return &hcl.Diagnostic{Severity: severity, Summary: m.Code + ": " + m.What(messages.English),
		Detail: m.Remedy(messages.English), Subject: &at, Extra: m}
}

// Coded gives every diagnostic of a library a code, so that all can be looked up.
func Coded(diags hcl.Diagnostics) hcl.Diagnostics {
	for _, d := range diags {
		if _, ours := d.Extra.(*messages.Error); ours {
			continue
		}
		m := translate(d)
		d.Extra, d.Summary, d.Detail = m, m.Code+": "+m.What(messages.English), m.Remedy(messages.English)
	}
	return diags
}

// translate is our message for what a library says, its own words when we have none.
func translate(d *hcl.Diagnostic) *messages.Error {
	if d.Expression != nil && d.EvalContext != nil {
		for _, t := range d.Expression.Variables() {
			if v, ds := t.TraverseAbs(d.EvalContext); !ds.HasErrors() && v.Type() == SecretValue {
				return messages.SecretInText.With()
			}
		}
		switch d.Summary {
		case "Unknown variable":
			if e, ok := d.Expression.(*hclsyntax.ScopeTraversalExpr); ok {
				return messages.UnknownName.With("name", e.Traversal.RootName(), "hint", Hint(e.Traversal.RootName(), namesIn(d.EvalContext)))
			}
		case "Unsupported attribute", "Invalid index":
			if key := missedKey(d); key != "" {
				return messages.NoElement.With("key", key)
			}
		}
	}
	if e, ok := d.Expression.(*hclsyntax.FunctionCallExpr); ok && d.Summary == "Call to unknown function" {
		return messages.NoFunction.With("name", e.Name, "hint", Hint(e.Name, functionsIn(d.EvalContext)))
	}
	what := d.Summary
	if d.Detail != "" {
		what += ": " + strings.TrimSuffix(d.Detail, ".")
	}
	return messages.Syntax.With("what", what)
}

func namesIn(ctx *hcl.EvalContext) (names []string) {
	for ; ctx != nil; ctx = ctx.Parent() {
		for n := range ctx.Variables {
			names = append(names, n)
		}
	}
	return names
}

func functionsIn(ctx *hcl.EvalContext) (names []string) {
	for ; ctx != nil; ctx = ctx.Parent() {
		for n := range ctx.Functions {
			names = append(names, n)
		}
	}
	return names
}

// missedKey is the name or key that d says is not there, or "".
func missedKey(d *hcl.Diagnostic) string {
	var steps hcl.Traversal
	switch e := d.Expression.(type) {
	case *hclsyntax.IndexExpr:
		v, diags := e.Key.Value(d.EvalContext)
		if diags.HasErrors() {
			return ""
		}
		return keyOf(v)
	case *hclsyntax.ScopeTraversalExpr:
		steps = e.Traversal
	case *hclsyntax.RelativeTraversalExpr:
		steps = e.Traversal
	}
	for _, s := range steps {
		if d.Subject == nil || s.SourceRange() != *d.Subject {
			continue
		}
		switch s := s.(type) {
		case hcl.TraverseAttr:
			return s.Name
		case hcl.TraverseIndex:
			return keyOf(s.Key)
		}
	}
	return ""
}

func keyOf(v cty.Value) string {
	s, err := convert.Convert(v, cty.String)
	if err != nil || s.IsNull() || !s.IsKnown() {
		return ""
	}
	return strconv.Quote(s.AsString())
}

// Decode reads a block's body into a config for the component. ctx holds the
// values its arguments may name. All mistakes are reported at once, each with
// its place.
func (c Component) Decode(r *Registry, body hcl.Body, ctx *hcl.EvalContext) (any, hcl.Diagnostics) {
	v := reflect.New(reflect.TypeOf(c.defaults)).Elem()
	v.Set(reflect.ValueOf(c.defaults))
	diags := DecodeBody(r, string(c.Kind)+" "+strconv.Quote(c.Name), body, ctx, v.Addr().Interface())
	return v.Interface(), diags
}

// Renew is a config that Decode gave for body, with the named arguments read
// again in another context. It spares what a task shares with the one before it:
// nothing else of body may depend on what differs between the contexts.
func (c Component) Renew(r *Registry, config any, body *hclsyntax.Body, names map[string]bool, ctx *hcl.EvalContext) (any, hcl.Diagnostics) {
	v := reflect.New(reflect.TypeOf(config)).Elem()
	v.Set(reflect.ValueOf(config))
	d := decoder{r, ctx}
	var diags hcl.Diagnostics
	rest := -1
	fs := d.layout(v.Type())
	for _, f := range fs {
		switch f.mode {
		case "rest":
			rest = f.at
		case "", "optional":
			if names[f.name] {
				diags = append(diags, d.attribute(f.tag, body.Attributes[f.name].AsHCLAttribute(), v.Field(f.at))...)
			}
		}
	}
	if rest >= 0 {
		attrs := hcl.Attributes{}
		for n, a := range body.Attributes {
			if !slices.ContainsFunc(fs, func(f field) bool { return f.name == n }) {
				attrs[n] = a.AsHCLAttribute()
			}
		}
		v.Field(rest).Set(reflect.ValueOf(d.named(attrs)))
	}
	if diags.HasErrors() {
		return v.Interface(), diags
	}
	return v.Interface(), append(diags, validate(v, body.MissingItemRange(), func(name string) (hcl.Range, bool) {
		a := body.Attributes[name]
		if a == nil {
			return hcl.Range{}, false
		}
		return a.SrcRange, true
	})...)
}

// DecodeBody reads a body into the struct target points at, which holds the
// defaults. what names the block in messages.
func DecodeBody(r *Registry, what string, body hcl.Body, ctx *hcl.EvalContext, target any) hcl.Diagnostics {
	d := decoder{r, ctx}
	return d.body(what, body, reflect.ValueOf(target).Elem())
}

type decoder struct {
	registry *Registry
	ctx      *hcl.EvalContext
}

func (d decoder) body(what string, body hcl.Body, v reflect.Value) hcl.Diagnostics {
	var schema hcl.BodySchema
	rest := -1
	fs := d.layout(v.Type())
	for _, f := range fs {
		switch f.mode {
		case "block":
			schema.Blocks = append(schema.Blocks, hcl.BlockHeaderSchema{Type: f.name, LabelNames: f.labels})
		case "label":
		case "rest":
			rest = f.at
		default:
			schema.Attributes = append(schema.Attributes, hcl.AttributeSchema{Name: f.name})
		}
	}
	content, remain, diags := body.PartialContent(&schema)
	diags = Coded(diags)
	diags = append(diags, d.unknown(what, remain, schema, rest >= 0)...)
	if rest >= 0 {
		attrs, _ := remain.JustAttributes()
		v.Field(rest).Set(reflect.ValueOf(d.named(attrs)))
	}
	for _, f := range fs {
		if f.mode == "label" || f.mode == "rest" {
			continue
		}
		if f.mode == "block" {
			diags = append(diags, d.blocks(what, f.tag, content, v.Field(f.at))...)
			continue
		}
		attr, given := content.Attributes[f.name]
		if !given {
			if f.mode == "" {
				diags = append(diags, Diagnose(messages.MissingArgument.With("block", what, "name", f.name, "doc", f.doc), body.MissingItemRange()))
			}
			continue
		}
		diags = append(diags, d.attribute(f.tag, attr, v.Field(f.at))...)
	}
	if diags.HasErrors() {
		return diags
	}
	return append(diags, validate(v, body.MissingItemRange(), func(name string) (hcl.Range, bool) {
		if a := content.Attributes[name]; a != nil {
			return a.Range, true
		}
		for _, b := range content.Blocks {
			if b.Type == name {
				return b.DefRange, true
			}
		}
		return hcl.Range{}, false
	})...)
}

// validate calls a config's own check. An error made with At is placed by where,
// any other at whole.
func validate(v reflect.Value, whole hcl.Range, where func(argument string) (hcl.Range, bool)) hcl.Diagnostics {
	val, ok := v.Addr().Interface().(interface{ Validate() error })
	if !ok {
		return nil
	}
	err := val.Validate()
	if err == nil {
		return nil
	}
	var e *atError
	if errors.As(err, &e) {
		if at, ok := where(e.argument); ok {
			whole = at
		}
	}
	return hcl.Diagnostics{Diagnose(err, whole)}
}

func (d decoder) unknown(what string, remain hcl.Body, schema hcl.BodySchema, anyName bool) (diags hcl.Diagnostics) {
	var args, blocks []string
	for _, a := range schema.Attributes {
		args = append(args, a.Name)
	}
	for _, b := range schema.Blocks {
		blocks = append(blocks, b.Type)
	}
	attrs, _ := remain.JustAttributes()
	for _, a := range inOrder(attrs) {
		if !anyName {
			diags = append(diags, Diagnose(messages.UnknownArgument.With("block", what, "name", a.Name, "hint", Hint(a.Name, args)), a.NameRange))
		}
	}
	if b, ok := remain.(*hclsyntax.Body); ok {
		for _, bl := range b.Blocks {
			known := false
			for _, k := range blocks {
				known = known || k == bl.Type
			}
			if !known {
				diags = append(diags, Diagnose(messages.UnknownBlock.With("block", what, "name", bl.Type, "hint", Hint(bl.Type, blocks)), bl.TypeRange))
			}
		}
	}
	return diags
}

// Hint says which of the names was probably meant, or lists them.
func Hint(got string, names []string) string {
	sorted := append([]string(nil), names...)
	sort.Strings(sorted)
	best, dist := "", min(3, len(got)) // a word of which nothing is left was not meant
	for _, n := range sorted {
		if strings.EqualFold(n, got) {
			return "did you mean " + n + "?"
		}
		if x := levenshtein.Distance(got, n, nil); x < dist {
			best, dist = n, x
		}
	}
	if best != "" {
		return "did you mean " + best + "?"
	}
	if len(names) == 0 {
		return "remove it"
	}
	return "it can be: " + strings.Join(sorted, ", ")
}

func inOrder(attrs hcl.Attributes) []*hcl.Attribute {
	as := make([]*hcl.Attribute, 0, len(attrs))
	for _, a := range attrs {
		as = append(as, a)
	}
	sort.Slice(as, func(i, j int) bool {
		if as[i].Range.Filename != as[j].Range.Filename {
			return as[i].Range.Filename < as[j].Range.Filename
		}
		return as[i].Range.Start.Byte < as[j].Range.Start.Byte
	})
	return as
}

func (d decoder) named(attrs hcl.Attributes) []NamedExpression {
	var out []NamedExpression
	for _, a := range inOrder(attrs) {
		out = append(out, NamedExpression{a.Name, a.NameRange, Expression{a.Expr, d.ctx}})
	}
	return out
}

func (d decoder) blocks(what string, tg tag, content *hcl.BodyContent, v reflect.Value) (diags hcl.Diagnostics) {
	var found []*hcl.Block
	for _, b := range content.Blocks {
		if b.Type == tg.name {
			found = append(found, b)
		}
	}
	optional, repeated, el := false, false, v.Type()
	switch el.Kind() {
	case reflect.Slice:
		optional, repeated, el = true, true, el.Elem()
	case reflect.Pointer:
		optional, el = true, el.Elem()
	}
	if len(found) == 0 && !optional {
		return hcl.Diagnostics{Diagnose(messages.MissingBlock.With("block", what, "name", tg.name, "doc", tg.doc), content.MissingItemRange)}
	}
	if len(found) > 1 && !repeated {
		return hcl.Diagnostics{Diagnose(messages.DuplicateBlock.With("name", tg.name, "where", found[0].DefRange.String()), found[1].DefRange)}
	}
	for _, b := range found {
		item := reflect.New(el).Elem()
		if el == builtType {
			built, ds := d.component(tg, b)
			diags = append(diags, ds...)
			item.Set(reflect.ValueOf(built))
		} else {
			if dv, ok := item.Addr().Interface().(interface{ Defaults() }); ok {
				dv.Defaults()
			}
			label := 0
			for _, f := range d.layout(el) {
				if f.mode == "label" && label < len(b.Labels) {
					item.Field(f.at).SetString(b.Labels[label])
					label++
				}
			}
			diags = append(diags, d.body(blockName(b), b.Body, item)...)
		}
		switch {
		case repeated:
			v.Set(reflect.Append(v, item))
		case v.Kind() == reflect.Pointer:
			v.Set(item.Addr())
		default:
			v.Set(item)
		}
	}
	return diags
}

func blockName(b *hcl.Block) string {
	s := b.Type
	for _, l := range b.Labels {
		s += " " + strconv.Quote(l)
	}
	return s
}

func (d decoder) component(tg tag, b *hcl.Block) (Built, hcl.Diagnostics) {
	c, ok := d.registry.Find(tg.kind, b.Labels[0])
	if !ok {
		var names []string
		for _, c := range d.registry.All(tg.kind) {
			names = append(names, c.Name)
		}
		return Built{}, hcl.Diagnostics{Diagnose(messages.UnknownComponent.With("kind", tg.kind, "name", strconv.Quote(b.Labels[0]),
			"hint", Hint(b.Labels[0], names)), b.LabelRanges[0])}
	}
	cfg, diags := c.Decode(d.registry, b.Body, d.ctx)
	return Built{Component: c, Label: b.Labels[0], Config: cfg, Range: b.DefRange}, diags
}

func (d decoder) attribute(tg tag, attr *hcl.Attribute, v reflect.Value) hcl.Diagnostics {
	switch v.Interface().(type) {
	case Expression:
		v.Set(reflect.ValueOf(Expression{attr.Expr, d.ctx}))
		return nil
	case []NamedExpression:
		pairs, diags := hcl.ExprMap(attr.Expr)
		if diags.HasErrors() {
			return Coded(diags)
		}
		var out []NamedExpression
		for _, p := range pairs {
			name, ds := keyText(p.Key, d.ctx)
			diags = append(diags, ds...)
			out = append(out, NamedExpression{name, p.Key.Range(), Expression{p.Value, d.ctx}})
		}
		v.Set(reflect.ValueOf(out))
		return diags
	case ColumnType:
		ct, diags := ParseType(attr.Expr)
		v.Set(reflect.ValueOf(ct))
		return diags
	case []ColumnDecl:
		pairs, diags := hcl.ExprMap(attr.Expr)
		if diags.HasErrors() {
			return Coded(diags)
		}
		var out []ColumnDecl
		for _, p := range pairs {
			name, ds := keyText(p.Key, d.ctx)
			diags = append(diags, ds...)
			ct, ds := ParseType(p.Value)
			diags = append(diags, ds...)
			for _, c := range out {
				if c.Name == name {
					diags = append(diags, Diagnose(messages.DuplicateColumn.With("column", name), p.Key.Range()))
				}
			}
			out = append(out, ColumnDecl{name, ct, p.Key.Range()})
		}
		v.Set(reflect.ValueOf(out))
		return diags
	}
	val, diags := attr.Expr.Value(d.ctx)
	if diags.HasErrors() {
		return Coded(diags)
	}
	if err := assign(tg, val, v); err != nil {
		return hcl.Diagnostics{Diagnose(err, attr.Expr.Range())}
	}
	return nil
}

func keyText(e hcl.Expression, ctx *hcl.EvalContext) (string, hcl.Diagnostics) {
	if name := hcl.ExprAsKeyword(e); name != "" {
		return name, nil
	}
	v, diags := e.Value(ctx)
	if diags.HasErrors() {
		return "", Coded(diags)
	}
	s, err := convert.Convert(v, cty.String)
	if err != nil || s.IsNull() || !s.IsKnown() {
		return "", hcl.Diagnostics{Diagnose(messages.WrongArgument.With("name", "the name", "wanted", "a text", "why", "it is not"), e.Range())}
	}
	return s.AsString(), nil
}

func assign(tg tag, val cty.Value, v reflect.Value) error {
	wrong := func(wanted, why string) error {
		return messages.WrongArgument.With("name", tg.name, "wanted", wanted, "why", why)
	}
	switch v.Interface().(type) {
	case Secret:
		if val.Type() != SecretValue || val.IsNull() || !val.IsKnown() {
			return messages.NotASecret.With("name", tg.name)
		}
		v.Set(reflect.ValueOf(*val.EncapsulatedValue().(*Secret)))
		return nil
	case Connection:
		if val.Type() != ConnectionValue || val.IsNull() || !val.IsKnown() {
			return messages.NotAConnection.With("name", tg.name)
		}
		v.Set(reflect.ValueOf(*val.EncapsulatedValue().(*Connection)))
		return nil
	case SourceRef:
		if val.Type() != SourceValue || val.IsNull() || !val.IsKnown() {
			return messages.NotASource.With("name", tg.name)
		}
		v.Set(reflect.ValueOf(*val.EncapsulatedValue().(*SourceRef)))
		return nil
	case []SourceRef:
		if !val.CanIterateElements() {
			return messages.NotASource.With("name", tg.name)
		}
		var refs []SourceRef
		for it := val.ElementIterator(); it.Next(); {
			_, e := it.Element()
			if e.Type() != SourceValue {
				return messages.NotASource.With("name", tg.name)
			}
			refs = append(refs, *e.EncapsulatedValue().(*SourceRef))
		}
		v.Set(reflect.ValueOf(refs))
		return nil
	}
	if holdsSecret(val.Type()) {
		return messages.SecretInText.With()
	}
	if _, constant := v.Interface().(cty.Value); constant {
		v.Set(reflect.ValueOf(val))
		return nil
	}
	if val.IsNull() {
		if tg.mode == "" {
			return wrong("given a value", "it is null")
		}
		return nil // as if the argument were absent
	}
	if !val.IsWhollyKnown() {
		return wrong("known by now", "its value is not known yet")
	}
	switch v.Interface().(type) {
	case Size:
		if val.Type() == cty.Number {
			if n, acc := val.AsBigFloat().Int64(); acc == big.Exact && n >= 0 {
				v.SetInt(n)
				return nil
			}
		} else if val.Type() == cty.String {
			if n, err := ParseSize(val.AsString()); err == nil {
				v.SetInt(int64(n))
				return nil
			}
		}
		return wrong("a size", "a size is written \"64MiB\", \"95MB\" or as a number of bytes")
	case time.Duration:
		if val.Type() == cty.String {
			if n, err := ParseDuration(val.AsString()); err == nil {
				v.SetInt(int64(n))
				return nil
			}
		}
		return wrong("a duration", "a duration is written \"90s\", \"15m\", \"24h\" or \"90d\"")
	}
	if t := val.Type(); t.IsCapsuleType() {
		return wrong("a "+describeType(v.Type()), "it is a "+t.FriendlyName())
	}
	want, err := gocty.ImpliedType(v.Interface())
	if err != nil {
		panic("pipelines: a config field cannot be a " + v.Type().String())
	}
	conv, err := convert.Convert(val, want)
	if err != nil {
		return wrong("a "+describeType(v.Type()), err.Error())
	}
	if err := gocty.FromCtyValue(conv, v.Addr().Interface()); err != nil {
		return wrong("a "+describeType(v.Type()), err.Error())
	}
	if len(tg.values) > 0 {
		var given []string
		switch x := v.Interface().(type) {
		case string:
			given = []string{x}
		case []string:
			given = x
		}
		for _, g := range given {
			found := false
			for _, allowed := range tg.values {
				found = found || g == allowed
			}
			if !found {
				return wrong("one of "+strings.Join(tg.values, ", "), strconv.Quote(g)+" is none of them")
			}
		}
	}
	return nil
}

// holdsSecret says whether a value of type t is or contains a secret.
func holdsSecret(t cty.Type) bool {
	switch {
	case t == SecretValue:
		return true
	case t.IsCollectionType():
		return holdsSecret(t.ElementType())
	case t.IsTupleType():
		for _, e := range t.TupleElementTypes() {
			if holdsSecret(e) {
				return true
			}
		}
	case t.IsObjectType():
		for _, e := range t.AttributeTypes() {
			if holdsSecret(e) {
				return true
			}
		}
	}
	return false
}
