package sql

import (
	"context"
	"sort"
	"strings"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/zclconf/go-cty/cty"

	"github.com/lavoir-data/lavoir/internal/scalar"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

type sourceConfig struct {
	Connection  pipelines.Connection   `hcl:"connection" doc:"The database to read."`
	Query       string                 `hcl:"query" doc:"One SELECT. Values stand in it as @name and are given in params."`
	Params      cty.Value              `hcl:"params,optional" doc:"The values of @name in the query. They are bound by the database, never pasted into the text."`
	Columns     []pipelines.ColumnDecl `hcl:"columns,optional" doc:"Types of columns. One that the query does not give, or gives as something else, stops the run. Other columns have the type the database gives them."`
	OrderBy     []string               `hcl:"order_by,optional" doc:"Columns that name one row and by which the query orders: ascending, nulls last, texts by their bytes. It is checked while reading, not added to the query."`
	Personal    []string               `hcl:"personal,optional" doc:"Columns that say something of a person."`
	NotPersonal map[string]string      `hcl:"not_personal,optional" doc:"Columns whose name looks personal and that are not, each with the reason."`

	dialect *dialect
}

// Validate checks what can be told without the database.
func (c sourceConfig) Validate() error {
	q, err := c.dialect.parse(c.Query)
	if err != nil {
		return pipelines.At("query", err)
	}
	values, err := c.params()
	if err != nil {
		return pipelines.At("params", err)
	}
	named := map[string]bool{}
	for _, n := range q.names {
		named[n] = true
		if _, ok := values[n]; !ok {
			return pipelines.At("query", messages.ParamMissing.With("name", n))
		}
	}
	for _, n := range sortedKeys(values) {
		if !named[n] {
			return pipelines.At("params", messages.ParamUnused.With("name", n))
		}
	}
	for _, col := range c.Columns {
		if err := checkFormat(col.ColumnType); err != nil {
			return pipelines.At("columns", err)
		}
	}
	for _, p := range c.Personal {
		if _, ok := c.NotPersonal[p]; ok {
			return pipelines.At("not_personal", messages.PersonalTwice.With("column", p))
		}
	}
	return nil
}

// checkFormat refuses a format or a zone that cannot be.
func checkFormat(t pipelines.ColumnType) (err error) {
	switch t.Type.ID() {
	case arrow.DATE32:
		_, err = scalar.NewDateFormat(t.Format)
	case arrow.TIMESTAMP:
		_, err = scalar.NewInstantFormat(t.Format, t.Zone)
	}
	return err
}

// params are the parameters by name, each of a type that can be bound.
func (c sourceConfig) params() (map[string]cty.Value, error) {
	if c.Params == cty.NilVal || c.Params.IsNull() {
		return nil, nil
	}
	if t := c.Params.Type(); !t.IsObjectType() && !t.IsMapType() || !c.Params.IsKnown() {
		return nil, messages.WrongArgument.With("name", "params", "wanted", "an object", "why", "it is not")
	}
	values := c.Params.AsValueMap()
	for _, n := range sortedKeys(values) {
		if v := values[n]; !bindable(v) && !(c.dialect.lists && bindableList(v)) {
			if v.Type() == pipelines.SecretValue {
				return nil, messages.SecretInText.With()
			}
			return nil, messages.ParamType.With("name", n, "got", messages.TypeWord(v.Type().FriendlyName()))
		}
	}
	return values, nil
}

func bindable(v cty.Value) bool {
	return v.IsKnown() && (v.IsNull() || v.Type() == cty.String || v.Type() == cty.Number || v.Type() == cty.Bool)
}

func bindableList(v cty.Value) bool {
	if t := v.Type(); !v.IsWhollyKnown() || v.IsNull() || !t.IsTupleType() && !t.IsListType() && !t.IsSetType() {
		return false
	}
	for _, e := range v.AsValueSlice() {
		if !bindable(e) {
			return false
		}
	}
	return true
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// source is a query to be read.
type source struct {
	sourceConfig
	env       pipelines.Env
	statement statement
}

func newSource(env pipelines.Env, c sourceConfig) (pipelines.Source, error) {
	q, err := c.dialect.parse(c.Query)
	if err != nil {
		return nil, err
	}
	values, err := c.params()
	if err != nil {
		return nil, err
	}
	for _, n := range q.names {
		q.values = append(q.values, values[n])
	}
	return &source{c, env, q}, nil
}

// Declared is the schema of columns, in their order; others may come.
func (s *source) Declared() (*arrow.Schema, bool) {
	if len(s.Columns) == 0 {
		return nil, false
	}
	return pipelines.Schema(s.Columns), false
}

// Marks are personal and not_personal.
func (s *source) Marks() ([]string, map[string]string) { return s.Personal, s.NotPersonal }

// Warnings says what is allowed and better not done.
func (s *source) Warnings() []*messages.Error {
	if len(s.OrderBy) == 0 {
		return []*messages.Error{messages.NoOrder.With()}
	}
	return nil
}

// Describe has the database look at the query; no row is read.
func (s *source) Describe(ctx context.Context) (*arrow.Schema, error) {
	in, _, schema, err := s.prepare(ctx)
	if err != nil {
		return nil, err
	}
	return schema, in.close()
}

// Open runs the query. Batches have at most batchRows rows, and their places
// are the ordinals of the rows in the query's result.
func (s *source) Open(ctx context.Context) (pipelines.Stream, error) {
	in, types, schema, err := s.prepare(ctx)
	if err != nil {
		return nil, err
	}
	if err := in.start(ctx, types); err != nil {
		in.close()
		return nil, failed(ctx, err)
	}
	r := newReader(s.env.Allocator, in, schema, s.OrderBy)
	return pipelines.NewStream(schema, r.next, r.close), nil
}

func (s *source) prepare(ctx context.Context) (session, []pipelines.ColumnType, *arrow.Schema, error) {
	db, err := s.dialect.connect(s.Connection, s.env)
	if err != nil {
		return nil, nil, nil, err
	}
	in, err := db.prepare(ctx, s.statement)
	if err != nil {
		return nil, nil, nil, failed(ctx, err)
	}
	types, schema, err := s.bind(in.columns())
	if err != nil {
		in.close()
		return nil, nil, nil, err
	}
	return in, types, schema, nil
}

// bind settles what each column of the result is read as.
func (s *source) bind(found []resultColumn) ([]pipelines.ColumnType, *arrow.Schema, error) {
	declared := map[string]pipelines.ColumnType{}
	for _, c := range s.Columns {
		declared[c.Name] = c.ColumnType
	}
	types := make([]pipelines.ColumnType, len(found))
	fields := make([]arrow.Field, len(found))
	names := make([]string, len(found))
	seen := map[string]bool{}
	var undeclared []string
	for i, f := range found {
		if seen[f.name] {
			return nil, nil, messages.DuplicateColumn.With("column", f.name)
		}
		seen[f.name], names[i] = true, f.name
		want, ok := declared[f.name]
		natural, err := s.dialect.natural(f)
		switch {
		case !ok && err != nil:
			return nil, nil, err
		case !ok:
			undeclared = append(undeclared, f.name)
			want = natural
		case !s.dialect.accepts(f, want):
			if err != nil {
				return nil, nil, err
			}
			return nil, nil, messages.ColumnNotAsDeclared.With("column", f.name,
				"declared", pipelines.TypeName(want.Type), "got", f.typeName, "fit", pipelines.TypeName(natural.Type))
		}
		types[i] = want
		fields[i] = arrow.Field{Name: f.name, Type: want.Type, Nullable: true}
	}
	for _, c := range s.Columns {
		if !seen[c.Name] {
			return nil, nil, messages.ColumnNotGiven.With("column", c.Name, "columns", strings.Join(names, ", "))
		}
	}
	schema := arrow.NewSchema(fields, nil)
	for _, group := range [][]string{s.OrderBy, s.Personal, sortedKeys(s.NotPersonal)} {
		for _, name := range group {
			if _, err := pipelines.ColumnIndex(schema, name); err != nil {
				return nil, nil, err
			}
		}
	}
	if len(s.Columns) > 0 && len(undeclared) > 0 && s.env.Log != nil {
		s.env.Log.Info("columns that are not declared", "columns", undeclared)
	}
	return types, schema, nil
}
