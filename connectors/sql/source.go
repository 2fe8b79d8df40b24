package sql

import (
	"context"
	"sort"
	"strconv"
	"strings"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/zclconf/go-cty/cty"

	"github.com/lavoir-data/lavoir/internal/scalar"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

type sourceConfig struct {
	Connection  pipelines.Connection   `hcl:"connection" doc:"The database to read."`
	Query       string                 `hcl:"query,optional" doc:"One SELECT. Values stand in it as @name and are given in params."`
	Table       string                 `hcl:"table,optional" doc:"Instead of query: a table or view to read whole, as schema.name or as name, written as the database stores it."`
	Connections int                    `hcl:"connections,optional" doc:"How many connections read the table at once, 8 at most. They see one snapshot, and the rows come in the order in which the table stores them. Each takes a place of the connection's limits."`
	Params      cty.Value              `hcl:"params,optional" doc:"The values of @name in the query. They are bound by the database, never pasted into the text."`
	Columns     []pipelines.ColumnDecl `hcl:"columns,optional" doc:"Types of columns. One that the query does not give, or gives as something else, stops the run. Other columns have the type the database gives them."`
	OrderBy     []string               `hcl:"order_by,optional" doc:"Columns that name one row and by which the query orders: ascending, nulls last, texts by their bytes. It is checked while reading, and added to a table, not to a query."`
	Personal    []string               `hcl:"personal,optional" doc:"Columns that say something of a person."`
	NotPersonal map[string]string      `hcl:"not_personal,optional" doc:"Columns whose name looks personal and that are not, each with the reason."`

	dialect *dialect
}

// sqliteSourceConfig is a sourceConfig without what SQLite has no use for.
type sqliteSourceConfig struct {
	Connection  pipelines.Connection `hcl:"connection" doc:"The database to read."`
	Query       string               `hcl:"query" doc:"One SELECT. Values stand in it as @name and are given in params."`
	Table       string
	Connections int
	Params      cty.Value              `hcl:"params,optional" doc:"The values of @name in the query. They are bound by the database, never pasted into the text."`
	Columns     []pipelines.ColumnDecl `hcl:"columns,optional" doc:"Types of columns. One that the query does not give, or gives as something else, stops the run. Other columns have the type the database gives them."`
	OrderBy     []string               `hcl:"order_by,optional" doc:"Columns that name one row and by which the query orders: ascending, nulls last, texts by their bytes. It is checked while reading, not added to the query."`
	Personal    []string               `hcl:"personal,optional" doc:"Columns that say something of a person."`
	NotPersonal map[string]string      `hcl:"not_personal,optional" doc:"Columns whose name looks personal and that are not, each with the reason."`

	dialect *dialect
}

// Validate checks what can be told without the database.
func (c sqliteSourceConfig) Validate() error { return sourceConfig(c).Validate() }

// maxConnections is how many connections may read one table.
const maxConnections = 8

// Validate checks what can be told without the database.
func (c sourceConfig) Validate() error {
	if err := c.validateTable(); err != nil {
		return err
	}
	q, err := c.asked()
	if err != nil {
		return err
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

func (c sourceConfig) validateTable() error {
	wrong := func(name, wanted, why string) error {
		return pipelines.At(name, messages.WrongArgument.With("name", name, "wanted", wanted, "why", why))
	}
	switch {
	case (c.Query == "") == (c.Table == ""):
		return messages.QueryOrTable.With()
	case c.Connections < 1 || c.Connections > maxConnections:
		return wrong("connections", "1 to "+strconv.Itoa(maxConnections), "a table is read over so many connections at most")
	case c.Connections > 1 && c.Table == "":
		return wrong("connections", "absent", "only a table can be read over several connections")
	case c.Table != "" && c.Params != cty.NilVal && !c.Params.IsNull():
		return wrong("params", "absent", "a table is read whole")
	}
	return nil
}

// asked is what the database is asked.
func (c sourceConfig) asked() (statement, error) {
	if c.Table != "" {
		t := newTable(c.Table, c.Connections)
		return statement{text: t.query(), table: t}, nil
	}
	q, err := c.dialect.parse(c.Query)
	if err != nil {
		return q, pipelines.At("query", err)
	}
	return q, nil
}

// Connects is how many connections are open at once.
func (c sourceConfig) Connects() int { return c.Connections }

// checkFormat refuses a format or a zone that cannot be.
func checkFormat(t pipelines.ColumnType) (err error) {
	switch t.Type.ID() {
	case arrow.DATE32:
		_, err = scalar.NewDateFormat(t.Format)
	case arrow.TIMESTAMP:
		_, err = scalar.NewInstantFormat(t.Format, t.Zone)
	}
	if t.Code != "" {
		err = messages.WrongArgument.With("name", t.Code, "wanted", "text", "why", "codes are checked in files; a database says what its columns hold")
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

func newSource(env pipelines.Env, c sourceConfig) (*source, error) {
	q, err := c.asked()
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

func newSQLiteSource(env pipelines.Env, c sqliteSourceConfig) (pipelines.Source, error) {
	return newSource(env, sourceConfig(c))
}

func newPostgresSource(env pipelines.Env, c sourceConfig) (pipelines.Source, error) {
	s, err := newSource(env, c)
	return chunkedSource{s}, err
}

// chunkedSource is a source whose rows any worker can decode.
type chunkedSource struct{ *source }

// OpenChunks runs the query.
func (s chunkedSource) OpenChunks(ctx context.Context) (pipelines.Chunks, error) {
	in, r, err := s.prepare(ctx)
	if err != nil {
		return nil, err
	}
	c, err := in.(*postgresSession).chunks(ctx, r)
	if err != nil {
		in.close()
		return nil, failed(ctx, err)
	}
	return c, nil
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
	switch {
	case len(s.OrderBy) > 0 && s.Connections > 1:
		return []*messages.Error{messages.OrderedAlone.With("connections", s.Connections)}
	case len(s.OrderBy) > 0:
		return nil
	case s.Table != "":
		return []*messages.Error{messages.TableOrder.With()}
	}
	return []*messages.Error{messages.NoOrder.With()}
}

// Describe has the database look at the query; no row is read.
func (s *source) Describe(ctx context.Context) (*arrow.Schema, error) {
	in, r, err := s.prepare(ctx)
	if err != nil {
		return nil, err
	}
	return r.schema, in.close()
}

// Open runs the query. The places of rows are their ordinals in its result.
func (s *source) Open(ctx context.Context) (pipelines.Stream, error) {
	in, r, err := s.prepare(ctx)
	if err != nil {
		return nil, err
	}
	stream, err := in.open(ctx, r)
	if err != nil {
		in.close()
		return nil, failed(ctx, err)
	}
	return stream, nil
}

func (s *source) prepare(ctx context.Context) (session, reading, error) {
	db, err := s.dialect.connect(s.Connection, s.env)
	if err != nil {
		return nil, reading{}, err
	}
	in, err := db.prepare(ctx, s.statement)
	if err != nil {
		return nil, reading{}, failed(ctx, err)
	}
	types, schema, err := s.bind(in.columns())
	if err != nil {
		in.close()
		return nil, reading{}, err
	}
	return in, reading{s.env.Allocator, types, schema, s.OrderBy}, nil
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
