package hclfile

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"os"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"golang.org/x/text/encoding/charmap"

	"github.com/lavoir-data/lavoir/internal/scalar"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// tenants is the value of a tenants block: an object of objects, by key.
func (l *loader) tenants(b *hclsyntax.Block, ctx *hcl.EvalContext) (cty.Value, bool) {
	var cfg tenantsConfig
	name := b.Labels[0]
	diags := pipelines.DecodeBody(l.reg, `tenants "`+name+`"`, only(b.Body, "file", "delimiter", "encoding", "key", "columns", "values", "when", "overrides"), ctx, &cfg)
	l.add(diags...)
	if diags.HasErrors() {
		return cty.NilVal, false
	}
	inline := b.Body.Attributes["values"] != nil
	if inline == (cfg.File != "") || !inline && cfg.Key == "" {
		l.say(messages.TenantTable.With("name", name), defRange(b))
		return cty.NilVal, false
	}
	t := &table{loader: l, cfg: cfg, at: defRange(b), rows: map[string]map[string]cty.Value{}}
	if inline {
		t.at = b.Body.Attributes["values"].Expr.Range()
		t.inline(name, cfg.Values)
	} else {
		t.at = b.Body.Attributes["file"].Expr.Range()
		t.read(l.path(cfg.File))
	}
	l.override(name, t)
	if a := b.Body.Attributes["when"]; a != nil && !t.failed {
		t.filter(a.Expr, ctx)
	}
	all := make(map[string]cty.Value, len(t.rows))
	for k, r := range t.rows {
		all[k] = cty.ObjectVal(r)
	}
	return cty.ObjectVal(all), !t.failed
}

// table is the rows of a tenants block while they are read.
type table struct {
	*loader
	cfg     tenantsConfig
	at      hcl.Range
	columns []string
	rows    map[string]map[string]cty.Value
	failed  bool
}

func (t *table) fail(e *messages.Error) {
	t.failed = true
	t.say(e, t.at)
}

func (t *table) inline(name string, v cty.Value) {
	if v.IsNull() || !v.IsWhollyKnown() || !v.Type().IsObjectType() && !v.Type().IsMapType() {
		t.failed = true
		if v.IsNull() || v.IsWhollyKnown() {
			t.fail(messages.TenantTable.With("name", name))
		}
		return
	}
	seen := map[string]bool{}
	for it := v.ElementIterator(); it.Next(); {
		k, row := it.Element()
		if c := messages.FirstUnseen(k.AsString()); c != "" {
			t.fail(messages.KeyUnseen.With("name", "tenants."+name+"["+strconv.Quote(k.AsString())+"]", "character", c))
			continue
		}
		if row.IsNull() || !row.Type().IsObjectType() && !row.Type().IsMapType() {
			t.fail(messages.TenantTable.With("name", name))
			return
		}
		r := row.AsValueMap()
		if r == nil {
			r = map[string]cty.Value{}
		}
		for c := range r {
			seen[c] = true
		}
		t.rows[k.AsString()] = r
	}
	for c := range seen {
		t.columns = append(t.columns, c)
	}
	sort.Strings(t.columns)
	t.typed(t.declared())
}

// read takes the rows from a CSV file.
func (t *table) read(path string) {
	text, err := os.ReadFile(path)
	if err != nil {
		t.fail(messages.FileUnreadable.With("file", t.cfg.File, "why", pipelines.Unreadable(err)))
		return
	}
	text = bytes.TrimPrefix(text, byteOrderMark)
	if t.cfg.Encoding == "cp1252" || t.cfg.Encoding == "" && !utf8.Valid(text) {
		if text, err = charmap.Windows1252.NewDecoder().Bytes(text); err != nil {
			t.fail(messages.FileUnreadable.With("file", t.cfg.File, "why", err))
			return
		}
	}
	if !utf8.Valid(text) {
		t.fail(messages.FileUnreadable.With("file", t.cfg.File, "why", "not UTF-8"))
		return
	}
	r := csv.NewReader(bytes.NewReader(text))
	r.FieldsPerRecord = -1
	r.Comma = delimiter(t.cfg.Delimiter, text)
	header, err := r.Read()
	if err != nil {
		t.fail(messages.FileUnreadable.With("file", t.cfg.File, "why", csvReason(err)))
		return
	}
	t.columns = append([]string(nil), header...)
	key := -1
	for i, c := range t.columns {
		if c == t.cfg.Key {
			key = i
		}
	}
	if key < 0 {
		t.fail(messages.TenantColumn.With("column", t.cfg.Key, "hint", pipelines.Hint(t.cfg.Key, t.columns)))
		return
	}
	t.readRows(r, key)
	t.typed(t.declared())
}

func (t *table) readRows(r *csv.Reader, key int) {
	first := map[string]int{}
	for {
		cells, err := r.Read()
		if err == io.EOF {
			return
		}
		if err != nil {
			t.fail(messages.FileUnreadable.With("file", t.cfg.File, "why", csvReason(err)))
			return
		}
		line, _ := r.FieldPos(0)
		switch was, twice := first[cell(cells, key)]; {
		case len(cells) != len(t.columns):
			t.fail(messages.TenantRow.With("file", t.cfg.File, "line", line, "got", len(cells), "wanted", len(t.columns)))
		case strings.TrimSpace(cells[key]) == "":
			t.fail(messages.TenantKey.With("file", t.cfg.File, "line", line, "column", t.cfg.Key))
		case messages.FirstUnseen(cells[key]) != "":
			t.fail(messages.TenantKeyUnseen.With("file", t.cfg.File, "line", line, "column", t.cfg.Key, "character", messages.FirstUnseen(cells[key])))
		case twice:
			t.fail(messages.TenantTwice.With("file", t.cfg.File, "line", line, "key", cells[key], "first", was))
		default:
			first[cells[key]] = line
			row := make(map[string]cty.Value, len(cells))
			for i, c := range cells {
				row[t.columns[i]] = cty.StringVal(c)
			}
			t.rows[cells[key]] = row
		}
	}
}

func cell(cells []string, i int) string {
	if i < len(cells) {
		return cells[i]
	}
	return ""
}

// csvReason is what is wrong with a CSV file, without its text.
func csvReason(err error) string {
	if err == io.EOF {
		return "it is empty"
	}
	var p *csv.ParseError
	if errors.As(err, &p) {
		return p.Error()
	}
	return "it is not CSV"
}

// delimiter is the one given, else whichever of ; and , the header has more of.
func delimiter(given string, text []byte) rune {
	if given != "" {
		return rune(given[0])
	}
	head, _, _ := bytes.Cut(text, []byte("\n"))
	if bytes.Count(head, []byte(";")) >= bytes.Count(head, []byte(",")) {
		return ';'
	}
	return ','
}

// declared are the types of columns; a name the table does not have is reported.
func (t *table) declared() map[string]arrow.DataType {
	types := map[string]arrow.DataType{}
	for _, c := range t.cfg.Columns {
		if !contains(t.columns, c.Name) {
			t.failed = true
			t.say(messages.TenantColumn.With("column", c.Name, "hint", pipelines.Hint(c.Name, t.columns)), c.Range)
			continue
		}
		types[c.Name] = c.Type
	}
	return types
}

// typed turns cells into the types declared for their columns.
func (t *table) typed(types map[string]arrow.DataType) {
	for _, k := range t.keys() {
		for _, c := range t.columns {
			typ, v := types[c], t.rows[k][c]
			if typ == nil || v == cty.NilVal {
				continue
			}
			conv, ok := cellValue(v, typ)
			if !ok {
				t.fail(messages.TenantCell.With("key", k, "column", c, "type", pipelines.TypeName(typ)))
				continue
			}
			t.rows[k][c] = conv
		}
	}
}

// cellValue reads a cell as a type. An empty one is null, unless it is text.
func cellValue(v cty.Value, typ arrow.DataType) (cty.Value, bool) {
	want := cty.String
	switch typ.ID() {
	case arrow.BOOL:
		want = cty.Bool
	case arrow.INT32, arrow.INT64, arrow.FLOAT64, arrow.DECIMAL128:
		want = cty.Number
	case arrow.STRING, arrow.DATE32, arrow.TIMESTAMP:
	default:
		return v, false
	}
	if v.IsNull() {
		return cty.NullVal(want), true
	}
	if v.Type() == cty.String && typ.ID() != arrow.STRING {
		s := strings.TrimSpace(v.AsString())
		if s == "" {
			return cty.NullVal(want), true
		}
		switch typ.ID() {
		case arrow.BOOL:
			b, why := scalar.ParseBool([]byte(s))
			return cty.BoolVal(b), why == nil
		case arrow.DATE32:
			f, err := scalar.NewDateFormat("")
			if err != nil {
				return v, false
			}
			_, why := f.Parse([]byte(s))
			return cty.StringVal(s), why == nil
		}
		v = cty.StringVal(s)
	}
	conv, err := convert.Convert(v, want)
	if err != nil {
		return v, false
	}
	if typ.ID() == arrow.INT32 || typ.ID() == arrow.INT64 {
		return conv, conv.AsBigFloat().IsInt()
	}
	return conv, true
}

func (t *table) keys() []string {
	ks := make([]string, 0, len(t.rows))
	for k := range t.rows {
		ks = append(ks, k)
	}
	sort.Strings(ks)
	return ks
}

// filter keeps the tenants that meet a condition.
func (t *table) filter(when hclsyntax.Expression, ctx *hcl.EvalContext) {
	for _, k := range t.keys() {
		c := ctx.NewChild()
		c.Variables = map[string]cty.Value{"tenant": cty.ObjectVal(t.rows[k])}
		v, diags := when.Value(c)
		if diags.HasErrors() {
			t.failed = true
			t.add(pipelines.Coded(diags)...)
			return
		}
		yes, ok := isTrue(v)
		if !ok {
			t.failed = true
			t.say(messages.WrongArgument.With("name", "when", "wanted", "true or false", "why", "it is a "+v.Type().FriendlyName()), when.Range())
			return
		}
		if !yes {
			delete(t.rows, k)
		}
	}
}

// isTrue says whether a condition holds; no answer is no. ok is false when v is
// no condition at all.
func isTrue(v cty.Value) (yes, ok bool) {
	if v.IsNull() || !v.IsKnown() {
		return false, true
	}
	b, err := convert.Convert(v, cty.Bool)
	if err != nil {
		return false, false
	}
	return b.True(), true
}
