package sql

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
)

// everyType is each type a column may be declared as.
func everyType() []pipelines.ColumnType {
	var ts []pipelines.ColumnType
	for _, s := range []string{"text", "bool", "int32", "int64", "float64", "decimal(5, 2)", "decimal(38, 10)", "date", "timestamp",
		`timestamp("", "Europe/Paris")`, "binary", "list(text)"} {
		ct, err := pipelines.ParseTypeText(s)
		if err != nil {
			panic(err)
		}
		ts = append(ts, ct)
	}
	return ts
}

func columnTypes(t testing.TB, decls ...string) []pipelines.ColumnDecl {
	t.Helper()
	var cols []pipelines.ColumnDecl
	for _, d := range decls {
		name, typ, _ := strings.Cut(d, " ")
		ct, err := pipelines.ParseTypeText(typ)
		if err != nil {
			t.Fatal(err)
		}
		cols = append(cols, pipelines.ColumnDecl{Name: name, ColumnType: ct})
	}
	return cols
}

// fixture is a source over a database made by script.
func fixture(t testing.TB, script string, c sourceConfig) (pipelines.Source, string) {
	t.Helper()
	env := pipelinetest.Env(t)
	path := filepath.Join(env.Dir, "mairie.db")
	if script != "" {
		sqliteFrom(t, path, script)
	}
	return sqliteSource(t, env, path, c), path
}

func sqliteSource(t testing.TB, env pipelines.Env, path string, c sourceConfig) pipelines.Source {
	t.Helper()
	c.dialect, c.Connections = &sqliteDialect, 1
	c.Connection = pipelines.Connection{Built: pipelines.Built{Component: SQLiteConnection, Label: "mairie", Config: sqliteConfig{path}}}
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	src, err := SQLiteSource.Build(env, sqliteSourceConfig(c))
	if err != nil {
		t.Fatal(err)
	}
	return src.(pipelines.Source)
}

// rejection is a reject without its text.
type rejection struct {
	Line   int64
	Column string
	Code   string
}

func rejections(rs []pipelines.Reject) (out []rejection) {
	for _, r := range rs {
		out = append(out, rejection{r.Line, r.Column, r.Why.Code})
	}
	return out
}

// Each stored value is read as the declared type exactly, or rejects its row.
func TestSQLiteValues(t *testing.T) {
	for _, c := range []struct {
		typ, value string
		want       string // as a cell of a table; or the code of the reject
	}{
		{"text", "'é œ'", "é œ"}, {"text", "''", ""}, {"text", "0042", "42"}, {"text", "'0042'", "0042"}, {"text", "1.5", "LAV-7404"},
		{"text", "x'c3a9'", "LAV-7404"}, {"text", "cast(x'ff' as text)", "LAV-7403"}, {"text", "'a' || char(0) || 'b'", "a\x00b"},
		{"int64", "9223372036854775807", "9223372036854775807"}, {"int64", "-9223372036854775808", "-9223372036854775808"},
		{"int64", "'12'", "12"}, {"int64", "'12,5'", "LAV-2500"}, {"int64", "'1O'", "LAV-2511"}, {"int64", "12.0", "12"}, {"int64", "12.5", "LAV-7405"},
		{"int64", "1e17", "LAV-7405"}, {"int64", "x'00'", "LAV-7404"}, {"int64", "''", "LAV-2500"},
		{"int32", "2147483647", "2147483647"}, {"int32", "2147483648", "LAV-2504"}, {"int32", "'-2147483649'", "LAV-2504"},
		{"float64", "0.1", "0.1"}, {"float64", "3", "3"}, {"float64", "9007199254740993", "LAV-7405"}, {"float64", "'1e3'", "1000"},
		{"float64", "9e999", "+Inf"}, {"float64", "'douze'", "LAV-2501"},
		{"decimal(5, 2)", "12", "12.00"}, {"decimal(5, 2)", "12.5", "12.50"}, {"decimal(5, 2)", "0.1", "0.10"}, {"decimal(5, 2)", "-999.99", "-999.99"},
		{"decimal(5, 2)", "1000", "LAV-2504"}, {"decimal(5, 2)", "0.1 + 0.2", "LAV-7405"}, {"decimal(5, 2)", "0.125", "LAV-2503"},
		{"decimal(5, 2)", "'12.50'", "12.50"}, {"decimal(5, 2)", "'12,5'", "LAV-2502"}, {"decimal(5, 2)", "9e999", "LAV-7400"},
		{"decimal(38, 0)", "1e15", "LAV-7405"}, {"decimal(38, 0)", "'12345678901234567890123456789012345678'", "12345678901234567890123456789012345678"},
		{"decimal(38, 0)", "9223372036854775807", "9223372036854775807"}, {"decimal(20, 10)", "123456789.123456", "123456789.1234560000"},
		{"bool", "1", "true"}, {"bool", "0", "false"}, {"bool", "2", "LAV-2509"}, {"bool", "'vrai'", "true"}, {"bool", "1.0", "LAV-7404"},
		{"binary", "x'00ff'", "00ff"}, {"binary", "x''", ""}, {"binary", "'texte'", "LAV-7404"},
		{"date", "'2024-02-29'", "2024-02-29"}, {"date", "'2023-02-29'", "LAV-2506"}, {"date", "'29/02/2024'", "LAV-2505"}, {"date", "20240229", "LAV-7404"},
		{"date", "'2024-02-29 10:00:00'", "LAV-2505"}, {`date("DD/MM/YYYY")`, "'29/02/2024'", "2024-02-29"},
		{"timestamp", "'2024-02-29T10:00:00Z'", "2024-02-29T10:00:00Z"}, {"timestamp", "'2024-02-29 10:00:00'", "LAV-2507"},
		{`timestamp("", "Europe/Paris")`, "'2024-07-01 10:00:00'", "2024-07-01T08:00:00Z"},
		{`timestamp("", "Europe/Paris")`, "'2024-03-31 02:30:00'", "LAV-2508"}, {`timestamp("", "Europe/Paris")`, "1719820800", "LAV-7404"},
	} {
		t.Run(c.typ+"/"+c.value, func(t *testing.T) {
			// A typeless column keeps what is put in; the second row is always null.
			src, _ := fixture(t, "CREATE TABLE t (n INTEGER PRIMARY KEY, v); INSERT INTO t (v) VALUES ("+c.value+"), (NULL)", sourceConfig{
				Query: "SELECT v FROM t ORDER BY n", Columns: columnTypes(t, "v "+c.typ)})
			got, rejects, err := readAll(context.Background(), src)
			if err != nil {
				t.Fatal(err)
			}
			if code, wrong := strings.CutPrefix(c.want, "LAV-"); wrong {
				if diff := cmp.Diff([]rejection{{1, "v", "LAV-" + code}}, rejections(rejects)); diff != "" {
					t.Error(diff)
				}
				if strings.Contains(rejects[0].Why.Error(), strings.Trim(c.value, "'")) && len(c.value) > 4 {
					t.Errorf("the reason shows the value: %v", rejects[0].Why)
				}
				return
			}
			if len(got.Rows) != 2 || got.Rows[1][0] != nil {
				t.Fatalf("want a value and a null, got %v, rejects %v", got.Rows, rejections(rejects))
			}
			lines := strings.SplitN(got.CSV(), "\n", 2)
			if value := strings.TrimSuffix(lines[1], "\n\\N\n"); value != c.want && value != `"`+c.want+`"` {
				t.Errorf("want %q, got %q", c.want, value)
			}
		})
	}
}

// A rejected row goes to the quarantine as it stood.
func TestSQLiteRaw(t *testing.T) {
	src, _ := fixture(t, "CREATE TABLE t (id INTEGER, nom TEXT, b BLOB, r REAL, n TEXT); INSERT INTO t VALUES (1, 'é \"x\"', x'00ff', 0.5, NULL)",
		sourceConfig{Query: "SELECT * FROM t", Columns: columnTypes(t, "nom int64")})
	_, rejects, err := readAll(context.Background(), src)
	if err != nil || len(rejects) != 1 {
		t.Fatal(err, rejects)
	}
	if want := `{"id":"1","nom":"é \"x\"","b":"\\x00ff","r":"0.5","n":null}`; string(rejects[0].Raw) != want {
		t.Errorf("want %s, got %s", want, rejects[0].Raw)
	}
}

// What is not declared goes by the table's own words.
func TestSQLiteNaturalTypes(t *testing.T) {
	src, _ := fixture(t, `CREATE TABLE t (a INTEGER, b VARCHAR(20), c BLOB, d DOUBLE PRECISION, e DECIMAL(12, 2), f BOOLEAN, g DATE, h DATETIME, i BIGINT, j NUMBER(9), k);
		INSERT INTO t VALUES (1, 'x', x'01', 1.5, 2.25, 1, '2024-01-02', '2024-01-02 03:04:05', 5, 6, 'z')`,
		sourceConfig{Query: "SELECT *, count(*) OVER () AS l FROM t"})
	want, err := pipelinetest.ParseTable(`a:int64,b:text,c:binary,d:float64,"e:decimal(12, 2)",f:bool,g:text,h:text,i:int64,"j:decimal(9, 0)",k:text,l:text
1,x,01,1.5,2.25,true,2024-01-02,2024-01-02 03:04:05,5,6,z,1
`)
	if err != nil {
		t.Fatal(err)
	}
	schema, err := src.(pipelines.Describer).Describe(context.Background())
	if err != nil || !schema.Equal(want.Schema) {
		t.Fatalf("%v, %v", schema, err)
	}
	got, rejects, err := readAll(context.Background(), src)
	if err != nil || len(rejects) > 0 {
		t.Fatal(err, rejections(rejects))
	}
	if d := pipelinetest.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestSQLiteRefusals(t *testing.T) {
	const table = "CREATE TABLE t (id INTEGER PRIMARY KEY, nom TEXT, montant NUMERIC); INSERT INTO t VALUES (1, 'b', 1), (2, 'a', 2), (3, 'a', 3);"
	for name, c := range map[string]struct {
		script string
		config sourceConfig
		want   *messages.Message
	}{
		"no file":            {"", sourceConfig{Query: "SELECT 1"}, messages.DatabaseFile},
		"no table":           {table, sourceConfig{Query: "SELECT id FROM absente"}, messages.QueryWrong},
		"no column":          {table, sourceConfig{Query: `SELECT "absente" FROM t`}, messages.QueryWrong},
		"syntax":             {table, sourceConfig{Query: "SELECT id FRM t"}, messages.QueryWrong},
		"missing column":     {table, sourceConfig{Query: "SELECT id FROM t", Columns: columnTypes(t, "autre text")}, messages.ColumnNotGiven},
		"list":               {table, sourceConfig{Query: "SELECT nom FROM t", Columns: columnTypes(t, "nom list(text)")}, messages.ColumnNotAsDeclared},
		"unbounded numeric":  {table, sourceConfig{Query: "SELECT montant FROM t"}, messages.NumericUnbounded},
		"same name twice":    {table, sourceConfig{Query: "SELECT id, nom AS id FROM t"}, messages.DuplicateColumn},
		"personal, not here": {table, sourceConfig{Query: "SELECT id FROM t", Personal: []string{"nom"}}, messages.UnknownColumn},
		"order, not here":    {table, sourceConfig{Query: "SELECT id FROM t", OrderBy: []string{"nom"}}, messages.UnknownColumn},
		"out of order":       {table, sourceConfig{Query: "SELECT id, nom FROM t ORDER BY id", OrderBy: []string{"nom"}}, messages.OutOfOrder},
		"order not unique":   {table, sourceConfig{Query: "SELECT id, nom FROM t ORDER BY nom", OrderBy: []string{"nom"}}, messages.OrderNotUnique},
	} {
		t.Run(name, func(t *testing.T) {
			src, _ := fixture(t, c.script, c.config)
			if _, _, err := readAll(context.Background(), src); !messages.Has(err, c.want) {
				t.Errorf("want %s, got %v", c.want.Code, err)
			}
		})
	}
}

func TestSQLiteFileStates(t *testing.T) {
	env := pipelinetest.Env(t)
	path := filepath.Join(env.Dir, "a.db")
	read := func() error {
		_, _, err := readAll(context.Background(), sqliteSource(t, env, path, sourceConfig{Query: "SELECT 1 AS a"}))
		return err
	}
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(path, strings.Repeat("this is not a database ", 100))
	if err := read(); !messages.Has(err, messages.NotADatabase) {
		t.Errorf("text: %v", err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	sqliteFrom(t, path, "CREATE TABLE t (a)")
	write(path+"-wal", "")
	if err := read(); err != nil {
		t.Errorf("empty log: %v", err)
	}
	for _, suffix := range []string{"-wal", "-journal"} {
		write(path+suffix, "pending")
		if err := read(); !messages.Has(err, messages.DatabaseInUse) {
			t.Errorf("%s: %v", suffix, err)
		}
		if err := os.Remove(path + suffix); err != nil {
			t.Fatal(err)
		}
	}
	path = env.Dir
	if err := read(); !messages.Has(err, messages.DatabaseFile) {
		t.Errorf("folder: %v", err)
	}
	path = filepath.Join(env.Dir, "mairie #1 100% ?é.db")
	sqliteFrom(t, filepath.Join(env.Dir, "plain.db"), "CREATE TABLE t (a)")
	if err := os.Rename(filepath.Join(env.Dir, "plain.db"), path); err != nil {
		t.Fatal(err)
	}
	if err := read(); err != nil {
		t.Errorf("odd name: %v", err)
	}
}

// A file that is written to while it is read is noticed at the end.
func TestSQLiteChangedMeanwhile(t *testing.T) {
	src, path := fixture(t, "CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (1)", sourceConfig{Query: "SELECT a FROM t"})
	s, err := src.Open(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	later := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	if err := os.Chtimes(path, later, later); err != nil {
		t.Fatal(err)
	}
	b, err := s.Next(context.Background())
	if err == nil {
		b.Release()
		_, err = s.Next(context.Background())
	}
	if !messages.Has(err, messages.SourceChanged) {
		t.Errorf("got %v", err)
	}
}

// Bound values never become part of the query.
func TestSQLiteParams(t *testing.T) {
	src, _ := fixture(t, "CREATE TABLE t (a TEXT, n REAL, b BOOLEAN); INSERT INTO t VALUES ('x'' OR 1=1 --', 0.1, 1), ('y', 2, 0)", sourceConfig{
		Query: "SELECT a FROM t WHERE a = @a AND n = @n AND b = @b AND @vide IS NULL AND @grand > 9223372036854775807",
		Params: cty.ObjectVal(map[string]cty.Value{"a": cty.StringVal("x' OR 1=1 --"), "n": cty.MustParseNumberVal("0.1"), "b": cty.True,
			"vide": cty.NullVal(cty.String), "grand": cty.MustParseNumberVal("1e300")})})
	got, _, err := readAll(context.Background(), src)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Rows) != 1 {
		t.Errorf("want one row, got %v", got.Rows)
	}
}

func TestValidate(t *testing.T) {
	obj := func(kv ...any) cty.Value {
		m := map[string]cty.Value{}
		for i := 0; i < len(kv); i += 2 {
			m[kv[i].(string)] = kv[i+1].(cty.Value)
		}
		return cty.ObjectVal(m)
	}
	list := cty.TupleVal([]cty.Value{cty.StringVal("a")})
	for name, c := range map[string]struct {
		d      *dialect
		config sourceConfig
		want   *messages.Message
	}{
		"missing":        {&sqliteDialect, sourceConfig{Query: "select @a"}, messages.ParamMissing},
		"unused":         {&sqliteDialect, sourceConfig{Query: "select 1", Params: obj("a", cty.True)}, messages.ParamUnused},
		"object":         {&sqliteDialect, sourceConfig{Query: "select @a", Params: obj("a", obj("b", cty.True))}, messages.ParamType},
		"list in sqlite": {&sqliteDialect, sourceConfig{Query: "select @a", Params: obj("a", list)}, messages.ParamType},
		"list":           {&postgresDialect, sourceConfig{Query: "select @a", Params: obj("a", list)}, nil},
		"secret":         {&postgresDialect, sourceConfig{Query: "select @a", Params: obj("a", cty.CapsuleVal(pipelines.SecretValue, &pipelines.Secret{Ref: "x"}))}, messages.SecretInText},
		"no object":      {&postgresDialect, sourceConfig{Query: "select @a", Params: list}, messages.WrongArgument},
		"two marks":      {&postgresDialect, sourceConfig{Query: "select 1", Personal: []string{"a"}, NotPersonal: map[string]string{"a": "b"}}, messages.PersonalTwice},
		"zone":           {&postgresDialect, sourceConfig{Query: "select 1", Columns: columnTypes(t, `a timestamp("", "Europe/Val-Fleuri")`)}, messages.UnknownZone},
		"good":           {&postgresDialect, sourceConfig{Query: "select @a", Params: obj("a", cty.NumberIntVal(1))}, nil},
		"neither":        {&postgresDialect, sourceConfig{}, messages.QueryOrTable},
		"both":           {&postgresDialect, sourceConfig{Query: "select 1", Table: "t"}, messages.QueryOrTable},
		"table":          {&postgresDialect, sourceConfig{Table: "s.t", Connections: 4}, nil},
		"table, params":  {&postgresDialect, sourceConfig{Table: "t", Params: obj("a", cty.True)}, messages.WrongArgument},
		"many":           {&postgresDialect, sourceConfig{Query: "select 1", Connections: 2}, messages.WrongArgument},
		"too many":       {&postgresDialect, sourceConfig{Table: "t", Connections: 9}, messages.WrongArgument},
		"none":           {&postgresDialect, sourceConfig{Table: "t", Connections: -1}, messages.WrongArgument},
	} {
		if c.config.dialect = c.d; c.config.Connections == 0 {
			c.config.Connections = 1
		}
		err := c.config.Validate()
		if c.want == nil && err != nil || c.want != nil && !messages.Has(err, c.want) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

const manyRows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < @n) SELECT i AS id, 'texte ' || i AS texte FROM n"

func manyConfig(t testing.TB, n int64) sourceConfig {
	return sourceConfig{Query: manyRows, OrderBy: []string{"id"}, Columns: columnTypes(t, "id int64"),
		Params: cty.ObjectVal(map[string]cty.Value{"n": cty.NumberIntVal(n)})}
}

// Batches keep to their bounds, places count the rows, and whatever the exit,
// no memory is left (Env checks).
func TestSQLiteBatchesAndExits(t *testing.T) {
	ctx := context.Background()
	src, _ := fixture(t, "CREATE TABLE t (a)", manyConfig(t, 20000))
	s, err := src.Open(ctx)
	if err != nil {
		t.Fatal(err)
	}
	var rows int64
	err = pipelines.Each(ctx, s, func(b pipelines.Batch) error {
		defer b.Release()
		if b.NumRows() > batchRows || int(b.NumRows()) != len(b.Places.Lines) {
			t.Errorf("batch of %d rows, %d places", b.NumRows(), len(b.Places.Lines))
		}
		for i, line := range b.Places.Lines {
			if line != rows+int64(i)+1 {
				t.Fatalf("row %d has place %d", rows+int64(i)+1, line)
			}
		}
		rows += b.NumRows()
		return nil
	})
	if err != nil || rows != 20000 {
		t.Errorf("%d rows, %v", rows, err)
	}
	if _, err := s.Next(ctx); err != io.EOF {
		t.Errorf("after the end: %v", err)
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	for name, exit := range map[string]func(pipelines.Stream){
		"never started": func(pipelines.Stream) {},
		"early":         func(s pipelines.Stream) { b, _ := s.Next(ctx); b.Release() },
		"cancelled": func(s pipelines.Stream) {
			gone, cancel := context.WithCancel(ctx)
			cancel()
			if _, err := s.Next(gone); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
		},
	} {
		s, err := src.Open(ctx)
		if err != nil {
			t.Fatal(name, err)
		}
		exit(s)
		if err := s.Close(); err != nil {
			t.Error(name, err)
		}
	}
}

// A query that takes for ever is left when the context is, whether it has given a
// row before or not. One that is not left takes longer than a test may.
func TestSQLiteCancelledQuery(t *testing.T) {
	const endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) AS m FROM n"
	for name, query := range map[string]string{
		"before its first row": endless,
		"after its first row":  "SELECT 0 AS m UNION ALL SELECT * FROM (" + endless + ")",
	} {
		t.Run(name, func(t *testing.T) {
			src, _ := fixture(t, "CREATE TABLE t (a)", sourceConfig{Query: query})
			ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
			defer cancel()
			s, err := src.Open(ctx)
			if err == nil {
				defer s.Close()
				_, err = s.Next(ctx)
			}
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// What is closed is not interrupted, however late the context ends.
func TestSQLiteInterruptAfterClose(t *testing.T) {
	_, path := fixture(t, "CREATE TABLE t (a)", sourceConfig{Query: "SELECT a FROM t"})
	in, err := (&sqliteFile{path: path}).prepare(context.Background(), statement{text: "SELECT a FROM t"})
	if err != nil {
		t.Fatal(err)
	}
	s := in.(*sqliteSession)
	if s.stop.db == 0 {
		t.Error("the driver keeps its handle elsewhere: a query that has given a row can no longer be stopped")
	}
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
	if s.stop.interrupt(); s.stop.db != 0 {
		t.Error("the handle of a closed connection is kept")
	}
}

func TestSQLiteLargeText(t *testing.T) {
	src, _ := fixture(t, "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT); INSERT INTO t (v) SELECT replace(hex(zeroblob(524288)), '0', 'é') FROM (VALUES (1), (2), (3), (4), (5), (6))",
		sourceConfig{Query: "SELECT id, v FROM t ORDER BY id", OrderBy: []string{"id"}})
	s, err := src.Open(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	batches := 0
	err = pipelines.Each(context.Background(), s, func(b pipelines.Batch) error {
		defer b.Release()
		batches++
		if b.NumRows() > 2+batchBytes>>21 {
			t.Errorf("%d rows of 2 MiB in one batch", b.NumRows())
		}
		return nil
	})
	if err != nil || batches != 3 {
		t.Errorf("%d batches, %v", batches, err)
	}
}

func TestAbilities(t *testing.T) {
	src, path := fixture(t, "CREATE TABLE t (a INTEGER)", sourceConfig{Query: "SELECT a FROM t", Personal: []string{"a"}, Columns: columnTypes(t, "a int64")})
	schema, complete := src.(pipelines.Declarer).Declared()
	if complete || !schema.Equal(arrow.NewSchema([]arrow.Field{{Name: "a", Type: arrow.PrimitiveTypes.Int64, Nullable: true}}, nil)) {
		t.Errorf("declared %v, %v", schema, complete)
	}
	if p, _ := src.(pipelines.Marker).Marks(); !cmp.Equal(p, []string{"a"}) {
		t.Errorf("marks %v", p)
	}
	if _, ok := src.(pipelines.Rereadable); ok {
		t.Error("a database cannot be read again")
	}
	if w := src.(interface{ Warnings() []*messages.Error }).Warnings(); len(w) != 1 || w[0].Message != messages.NoOrder {
		t.Errorf("warnings %v", w)
	}
	db, err := newSQLite(pipelinetest.Env(t), sqliteConfig{path})
	if err != nil {
		t.Fatal(err)
	}
	checks := map[string]bool{}
	for _, f := range db.Examine(context.Background()) {
		checks[f.Check] = f.OK
	}
	if diff := cmp.Diff(map[string]bool{"reach": true, "rights": false}, checks); diff != "" {
		t.Error(diff)
	}
	if f := (&sqliteFile{path: path + "x"}).Examine(context.Background()); len(f) != 1 || !messages.Has(f[0].Err, messages.DatabaseFile) {
		t.Errorf("absent: %v", f)
	}
}
