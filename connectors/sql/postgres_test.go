package sql

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/zclconf/go-cty/cty"
	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
)

// postgresSource is a source over the test server; change may alter the connection.
func (s *server) source(t testing.TB, schema string, c sourceConfig, change ...func(*postgresConfig)) pipelines.Source {
	t.Helper()
	env := pipelinetest.Env(t)
	env.Secrets = s.secrets()
	return s.sourceIn(t, env, schema, c, change...)
}

func (s *server) sourceIn(t testing.TB, env pipelines.Env, schema string, c sourceConfig, change ...func(*postgresConfig)) pipelines.Source {
	t.Helper()
	conn := s.config(schema)
	for _, f := range change {
		f(&conn)
	}
	c.dialect, c.Connections = &postgresDialect, max(1, c.Connections)
	c.Connection = pipelines.Connection{Built: pipelines.Built{Component: PostgresConnection, Label: "finances", Config: conn}}
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	src, err := PostgresSource.Build(env, c)
	if err != nil {
		t.Fatal(err)
	}
	return src.(pipelines.Source)
}

// Every type, its extremes and null, is read exactly; what cannot be, rejects its row.
func TestPostgresValues(t *testing.T) {
	pg := testPostgres(t)
	schema := pg.schema(t, `CREATE TYPE couleur AS ENUM ('bleu', 'blé'); CREATE DOMAIN siren AS char(9); CREATE DOMAIN euros AS numeric(8, 2)`)
	for _, c := range []struct {
		value, declared string
		typ, want       string // type and cell of a table; or the code of the reject
	}{
		{"true", "", "bool", "true"}, {"false", "", "bool", "false"},
		{"32767::int2", "", "int32", "32767"}, {"'-32768'::int2", "int64", "int64", "-32768"},
		{"2147483647", "", "int32", "2147483647"}, {"'-2147483648'::int4", "", "int32", "-2147483648"}, {"7", "int64", "int64", "7"},
		{"9223372036854775807", "", "int64", "9223372036854775807"}, {"'-9223372036854775808'::int8", "", "int64", "-9223372036854775808"},
		{"4294967295::oid", "", "int64", "4294967295"},
		{"0.1::float4", "", "float64", "0.10000000149011612"}, {"0.1::float8", "", "float64", "0.1"}, {"'NaN'::float8", "", "float64", "NaN"},
		{"1.5::numeric(5,2)", "", "decimal(5, 2)", "1.50"}, {"'-999.99'::numeric(5,2)", "", "decimal(5, 2)", "-999.99"},
		{"'99999999999999999999999999999999999999'::numeric(38)", "", "decimal(38, 0)", "99999999999999999999999999999999999999"},
		{"1.25", "decimal(5, 2)", "decimal(5, 2)", "1.25"}, {"1.255", "decimal(5, 2)", "", "LAV-2503"}, {"1000", "decimal(5, 2)", "", "LAV-2504"},
		{"1000.0", "decimal(5, 2)", "", "LAV-2504"}, {"-7", "decimal(5, 2)", "decimal(5, 2)", "-7.00"}, {"'-9223372036854775808'::int8", "decimal(38, 19)", "decimal(38, 19)", "-9223372036854775808.0000000000000000000"},
		{"'NaN'::numeric", "decimal(5, 2)", "", "LAV-7400"}, {"'-Infinity'::numeric", "decimal(5, 2)", "", "LAV-7400"}, {"'NaN'::numeric(5,2)", "", "", "LAV-7400"},
		{"1.50::euros", "", "decimal(8, 2)", "1.50"},
		{"'é œ ''x'''", "", "text", "é œ 'x'"}, {"''::text", "", "text", ""}, {"'0042'::varchar(8)", "", "text", "0042"}, {"'ab'::char(4)", "", "text", "ab  "},
		{"'123456789'::siren", "", "text", "123456789"}, {"'blé'::couleur", "", "text", "blé"}, {"'nom'::name", "", "text", "nom"},
		{"'{\"b\": 1, \"a\": [true, null]}'::json", "", "text", `{"b": 1, "a": [true, null]}`}, {"'{\"b\":1}'::jsonb", "", "text", `{"b": 1}`},
		{"'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'::uuid", "", "text", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"},
		{`'\x00ff0a'::bytea`, "", "binary", "00ff0a"}, {`''::bytea`, "", "binary", ""},
		{"'2024-02-29'::date", "", "date", "2024-02-29"}, {"'0001-01-01'::date", "", "date", "0001-01-01"}, {"'9999-12-31'::date", "", "date", "9999-12-31"},
		{"'1999-12-31'::date", "", "date", "1999-12-31"}, {"'infinity'::date", "", "", "LAV-7401"}, {"'-infinity'::date", "", "", "LAV-7401"},
		{"'0001-12-31 BC'::date", "", "", "LAV-7402"}, {"'10000-01-01'::date", "", "", "LAV-7402"}, {"'5874897-12-31'::date", "", "", "LAV-7402"},
		{"'2024-07-01 10:00:00.123456+02'::timestamptz", "", "timestamp", "2024-07-01T08:00:00.123456Z"}, {"'infinity'::timestamptz", "", "", "LAV-7401"},
		{"'1969-12-31 23:59:59.999999Z'::timestamptz", "", "timestamp", "1969-12-31T23:59:59.999999Z"}, {"'9999-12-31 23:59:59.999999Z'::timestamptz", "", "timestamp", "9999-12-31T23:59:59.999999Z"},
		{"'2024-07-01 10:00'::timestamp", `timestamp("", "Europe/Paris")`, "timestamp", "2024-07-01T08:00:00Z"},
		{"'2024-07-01 10:00'::timestamp", `timestamp("", "UTC")`, "timestamp", "2024-07-01T10:00:00Z"},
		{"'2024-03-31 02:30'::timestamp", `timestamp("", "Europe/Paris")`, "", "LAV-2508"}, {"'2024-10-27 02:30'::timestamp", `timestamp("", "Europe/Paris")`, "", "LAV-2508"},
		{"'infinity'::timestamp", `timestamp("", "Europe/Paris")`, "", "LAV-7401"},
		{`'{a,"é, œ",""}'::text[]`, "", "list(text)", `["a","é, œ",""]`}, {"'{a,NULL}'::text[]", "", "", "LAV-7407"}, {"'{}'::varchar[]", "", "list(text)", "[]"}, {"'{{a},{b}}'::text[]", "", "", "LAV-7406"},
		{"repeat('é', 524288)", "", "text", strings.Repeat("é", 524288)},
	} {
		name := c.value
		if c.declared != "" {
			name += " as " + c.declared
		}
		t.Run(name, func(t *testing.T) {
			// A join keeps the precision of a numeric, which a CASE or a UNION does not.
			config := sourceConfig{Query: "SELECT v FROM (VALUES (1), (2)) AS rows(n) LEFT JOIN (SELECT 1 AS n, " + c.value + " AS v) AS x USING (n) ORDER BY n"}
			if c.declared != "" {
				config.Columns = columnTypes(t, "v "+c.declared)
			}
			got, rejects, err := readAll(context.Background(), pg.source(t, schema, config))
			if err != nil {
				t.Fatal(err)
			}
			if c.typ == "" {
				if diff := cmp.Diff([]rejection{{1, "v", c.want}}, rejections(rejects)); diff != "" {
					t.Error(diff)
				}
				return
			}
			header := "v:" + c.typ
			want := pipelinetest.Table{Schema: got.Schema, Rows: got.Rows}
			lines := strings.SplitN(want.CSV(), "\n", 2)
			if strings.Trim(lines[0], `"`) != header {
				t.Errorf("want %s, got %s", header, lines[0])
			}
			value := strings.TrimSuffix(lines[1], "\n\\N\n")
			if quoted := `"` + strings.ReplaceAll(c.want, `"`, `""`) + `"`; value != c.want && value != quoted || got.Rows[1][0] != nil {
				t.Errorf("want %.80q, got %.80q", c.want, lines[1])
			}
		})
	}
}

// What is read in binary is what the server writes as text, for random tables.
func TestPostgresAgainstText(t *testing.T) {
	pg := testPostgres(t)
	schema := pg.schema(t, "CREATE TABLE t (n serial, i2 int2, i4 int4, i8 int8, f8 float8, d numeric(20, 5), u numeric, s text, b bytea, j date, z timestamptz, l text[])")
	ctx := context.Background()
	conn, err := pgconn.Connect(ctx, pg.url.String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, "SET search_path = "+schema+"; SET TimeZone = 'UTC'; SET extra_float_digits = 3").ReadAll(); err != nil {
		t.Fatal(err)
	}
	src := pg.source(t, schema, sourceConfig{Query: "SELECT * FROM t ORDER BY n", OrderBy: []string{"n"}, Columns: columnTypes(t, "u decimal(38, 12)")})
	rapid.Check(t, func(rt *rapid.T) {
		rows := rapid.SliceOfN(rapid.Custom(drawRow), 1, 20).Draw(rt, "rows")
		if _, err := conn.Exec(ctx, "TRUNCATE t RESTART IDENTITY").ReadAll(); err != nil {
			rt.Fatal(err)
		}
		const insert = "INSERT INTO t (i2, i4, i8, f8, d, u, s, b, j, z, l) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
		for _, r := range rows {
			if res := conn.ExecParams(ctx, insert, r, nil, nil, nil).Read(); res.Err != nil {
				rt.Fatal(res.Err)
			}
		}
		const text = `SELECT n, i2, i4, i8, f8, d, round(u, 12), s, encode(b, 'hex'), j,
			replace(rtrim(rtrim(to_char(z, 'YYYY-MM-DD"T"HH24:MI:SS.US'), '0'), '.'), ' ', 'T') || 'Z', array_to_json(l) FROM t ORDER BY n`
		res := conn.ExecParams(ctx, text, nil, nil, nil, nil).Read()
		if res.Err != nil {
			rt.Fatal(res.Err)
		}
		got, rejects, err := readAll(ctx, src)
		if err != nil || len(rejects) > 0 || len(got.Rows) != len(res.Rows) {
			rt.Fatal(err, rejections(rejects))
		}
		want := []string{}
		for _, r := range res.Rows {
			want = append(want, wantLine(r))
		}
		if diff := cmp.Diff(want, lines(got)); diff != "" {
			rt.Fatal(diff)
		}
	})
}

func drawRow(t *rapid.T) [][]byte {
	text := func(name string, g *rapid.Generator[string]) []byte {
		if rapid.IntRange(0, 5).Draw(t, name+" null") == 0 {
			return nil
		}
		return []byte(g.Draw(t, name))
	}
	number := func(low, high int64) *rapid.Generator[string] {
		return rapid.Map(rapid.Int64Range(low, high), func(n int64) string { return fmt.Sprint(n) })
	}
	word := rapid.StringOf(rapid.RuneFrom([]rune("abé œ'\"\\,;{}\n\t🎻Ÿ0")))
	return [][]byte{
		text("i2", number(-1<<15, 1<<15-1)), text("i4", number(-1<<31, 1<<31-1)), text("i8", number(-1<<63, 1<<63-1)),
		text("f8", rapid.Map(rapid.Float64(), func(f float64) string { return fmt.Sprint(f) })),
		text("d", rapid.StringMatching(`-?[0-9]{1,15}(\.[0-9]{1,5})?`)), text("u", rapid.StringMatching(`-?[0-9]{1,26}(\.[0-9]{1,12})?`)),
		text("s", word), text("b", rapid.StringMatching(`\\x([0-9a-f]{2}){0,9}`)),
		text("j", rapid.Map(rapid.IntRange(0, 3652058), func(d int) string {
			return time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, d).Format(time.DateOnly)
		})),
		text("z", rapid.Map(rapid.Int64Range(-62135596800000000, 253402300799999999), func(us int64) string {
			return time.UnixMicro(us).UTC().Format("2006-01-02 15:04:05.999999Z")
		})),
		text("l", rapid.Map(rapid.SliceOfN(word, 0, 4), func(ss []string) string {
			vs := []cty.Value{}
			for _, s := range ss {
				vs = append(vs, cty.StringVal(s))
			}
			return string(postgresText(cty.TupleVal(vs)))
		})),
	}
}

// wantLine puts the server's text in the form of lines.
func wantLine(r [][]byte) string {
	cells := make([]string, len(r))
	for i, b := range r {
		switch {
		case b == nil:
			cells[i] = "null"
		case i == 4: // float8: the server and Go write the same number differently
			var f float64
			fmt.Sscan(string(b), &f)
			cells[i] = fmt.Sprintf("%x", f)
		default:
			cells[i] = string(b)
		}
	}
	return strings.Join(cells, "|")
}

func lines(t pipelinetest.Table) []string {
	out := []string{}
	for _, row := range t.Rows {
		one := pipelinetest.Table{Schema: t.Schema, Rows: [][]any{row}}
		cells := make([]string, len(row))
		for i, v := range row {
			f, ok := v.(float64)
			switch {
			case v == nil:
				cells[i] = "null"
			case ok:
				cells[i] = fmt.Sprintf("%x", f)
			default:
				cells[i] = cellOf(one, i)
			}
		}
		out = append(out, strings.Join(cells, "|"))
	}
	return out
}

func TestPostgresRefusals(t *testing.T) {
	pg := testPostgres(t)
	schema := pg.schema(t, `CREATE TABLE t (id int PRIMARY KEY, nom text, z timestamp, m money, n numeric, big numeric(50, 2), c point);
		INSERT INTO t VALUES (1, 'Zoé Kanari-Vermeille'), (2, 'a'), (3, 'a')`)
	for name, c := range map[string]struct {
		config sourceConfig
		want   *messages.Message
		shows  string
	}{
		"no table":         {sourceConfig{Query: "SELECT id\nFROM absente"}, messages.QueryWrongAt, "line 2"},
		"no column":        {sourceConfig{Query: "SELECT absente FROM t"}, messages.QueryWrong, "absente"},
		"syntax":           {sourceConfig{Query: "SELECT id FRM t"}, messages.QueryWrong, "42601"},
		"undetermined":     {sourceConfig{Query: "SELECT @a AS a WHERE @b IS NULL", Params: cty.ObjectVal(map[string]cty.Value{"a": cty.True, "b": cty.True})}, messages.QueryWrong, "42P18"},
		"writes":           {sourceConfig{Query: "WITH x AS (DELETE FROM t RETURNING id) SELECT id FROM x"}, messages.QueryFailed, "25006"},
		"missing":          {sourceConfig{Query: "SELECT id FROM t", Columns: columnTypes(t, "autre text")}, messages.ColumnNotGiven, "autre"},
		"retyped":          {sourceConfig{Query: "SELECT id FROM t", Columns: columnTypes(t, "id text")}, messages.ColumnNotAsDeclared, "int32"},
		"numeric":          {sourceConfig{Query: "SELECT n FROM t"}, messages.NumericUnbounded, "n is numeric"},
		"wide numeric":     {sourceConfig{Query: "SELECT big FROM t"}, messages.NumericUnbounded, "numeric(50, 2)"},
		"clock":            {sourceConfig{Query: "SELECT z FROM t"}, messages.ZoneMissing, "Europe/Paris"},
		"clock as instant": {sourceConfig{Query: "SELECT z FROM t", Columns: columnTypes(t, "z timestamp")}, messages.ZoneMissing, "Europe/Paris"},
		"money":            {sourceConfig{Query: "SELECT m FROM t"}, messages.ColumnUnsupported, "m::numeric(14, 2)"},
		"point":            {sourceConfig{Query: "SELECT c FROM t"}, messages.ColumnUnsupported, "c::text"},
		"interval":         {sourceConfig{Query: "SELECT '1 day'::interval AS i"}, messages.ColumnUnsupported, "interval"},
		"twice":            {sourceConfig{Query: "SELECT id, id FROM t"}, messages.DuplicateColumn, "id"},
		"conversion":       {sourceConfig{Query: "SELECT nom::int AS n FROM t"}, messages.QueryValue, "22P02"},
		"parameter":        {sourceConfig{Query: "SELECT id FROM t WHERE id = @id", Params: cty.ObjectVal(map[string]cty.Value{"id": cty.StringVal("Zoé Kanari-Vermeille")})}, messages.QueryValue, "22P02"},
		"division":         {sourceConfig{Query: "SELECT 1/(id-2) AS n FROM t ORDER BY id"}, messages.QueryValue, "22012"},
		"out of order":     {sourceConfig{Query: "SELECT id FROM t ORDER BY id DESC", OrderBy: []string{"id"}}, messages.OutOfOrder, "row 2"},
		"not unique":       {sourceConfig{Query: `SELECT nom FROM t WHERE id > 1 ORDER BY nom`, OrderBy: []string{"nom"}}, messages.OrderNotUnique, "row 2"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := readAll(context.Background(), pg.source(t, schema, c.config))
			if !messages.Has(err, c.want) {
				t.Fatalf("want %s, got %v", c.want.Code, err)
			}
			m := messages.Find(err)
			said := err.Error() + " " + m.Remedy(messages.English)
			if !strings.Contains(said, c.shows) {
				t.Errorf("%q is not in %q", c.shows, said)
			}
			for _, canary := range []string{pipelinetest.CanaryName, "Kanari", pg.password} {
				if strings.Contains(said, canary) {
					t.Errorf("%q shows %q (invariant 6)", said, canary)
				}
			}
		})
	}
}

// A function that quotes rows in its errors still shows none.
func TestPostgresErrorsQuoteNoRow(t *testing.T) {
	pg := testPostgres(t)
	schema := pg.schema(t, `CREATE TABLE t (nom text); INSERT INTO t VALUES ('Zoé Kanari-Vermeille');
		CREATE FUNCTION bavarde(nom text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'nom %', nom USING DETAIL = nom, HINT = nom, ERRCODE = '42501'; END $$`)
	_, _, err := readAll(context.Background(), pg.source(t, schema, sourceConfig{Query: "SELECT bavarde(nom) AS b FROM t"}))
	if !messages.Has(err, messages.DatabaseForbids) || strings.Contains(err.Error(), "Kanari") {
		t.Errorf("got %v", err)
	}
}

func TestPostgresConnecting(t *testing.T) {
	pg := testPostgres(t)
	schema := pg.schema(t, "CREATE TABLE t (id int); CREATE ROLE "+role+" LOGIN PASSWORD '"+pg.password+"'")
	t.Cleanup(func() { pg.exec(t, "DROP OWNED BY "+role+"; DROP ROLE "+role) })
	pg.exec(t, "GRANT USAGE ON SCHEMA "+schema+" TO "+role)
	query := sourceConfig{Query: "SELECT id FROM t"}
	for name, c := range map[string]struct {
		change func(*postgresConfig)
		secret string
		want   *messages.Message
	}{
		"good":           {func(*postgresConfig) {}, pg.password, nil},
		"no port":        {func(c *postgresConfig) { c.Port = 1 }, pg.password, messages.DatabaseUnreachable},
		"no host":        {func(c *postgresConfig) { c.Host = "bdd.invalid" }, pg.password, messages.DatabaseUnreachable},
		"wrong password": {func(*postgresConfig) {}, "kanari-secret", messages.DatabaseLogin},
		"no account":     {func(c *postgresConfig) { c.User = "absent" }, pg.password, messages.DatabaseLogin},
		"no database":    {func(c *postgresConfig) { c.Database = "absente" }, pg.password, messages.DatabaseUnknown},
		"forbidden":      {func(c *postgresConfig) { c.User = role }, pg.password, messages.DatabaseForbids},
		"too long":       {func(c *postgresConfig) { c.StatementTimeout = time.Millisecond }, pg.password, messages.QueryTooLong},
		"unknown TLS":    {func(c *postgresConfig) { c.SSLMode = "verify-full" }, pg.password, messages.DatabaseTLS},
		"encrypted":      {func(c *postgresConfig) { c.SSLMode = "require" }, pg.password, nil},
		"verified":       {func(c *postgresConfig) { c.SSLMode, c.CA = "verify-full", pg.ca }, pg.password, nil},
		"chain only":     {func(c *postgresConfig) { c.SSLMode, c.CA = "verify-ca", pg.ca }, pg.password, nil},
		"no authority":   {func(c *postgresConfig) { c.SSLMode, c.CA = "verify-full", "absent.pem" }, pg.password, messages.DatabaseCA},
	} {
		t.Run(name, func(t *testing.T) {
			q := query
			if name == "too long" {
				q.Query = "SELECT 1 AS a FROM pg_sleep(30)"
			}
			src := pg.source(t, schema, q, c.change).(chunkedSource)
			if pg.ca == "" && src.Connection.Config.(postgresConfig).SSLMode != "disable" {
				t.Skip("the server has no TLS: LAVOIR_TEST_POSTGRES_CA is not set")
			}
			src.env.Secrets = fixedSecret(c.secret)
			_, _, err := readAll(context.Background(), src)
			if c.want == nil && err != nil || c.want != nil && !messages.Has(err, c.want) {
				t.Errorf("got %v", err)
			}
			if err != nil && (strings.Contains(err.Error(), c.secret) || strings.Contains(fmt.Sprintf("%+v", errors.Unwrap(err)), c.secret)) {
				t.Errorf("shows the password: %v", err)
			}
		})
	}
}

const role = "lecteur_essai"

// Stopped early or cancelled, nothing of the query is left on the server.
func TestPostgresEndsOnServer(t *testing.T) {
	pg := testPostgres(t)
	ctx := context.Background()
	endless := sourceConfig{Query: "SELECT generate_series(1, 1000000000000) AS i"}
	for name, run := range map[string]func(context.Context, context.CancelFunc, pipelines.Source) error{
		"never started": func(ctx context.Context, _ context.CancelFunc, src pipelines.Source) error {
			s, err := src.Open(ctx)
			if err == nil {
				err = s.Close()
			}
			return err
		},
		"stopped early": func(ctx context.Context, _ context.CancelFunc, src pipelines.Source) error {
			s, err := src.Open(ctx)
			if err != nil {
				return err
			}
			b, err := s.Next(ctx)
			if err == nil {
				b.Release()
			}
			return errors.Join(err, s.Close(), s.Close())
		},
		"cancelled": func(ctx context.Context, cancel context.CancelFunc, src pipelines.Source) error {
			s, err := src.Open(ctx)
			if err != nil {
				return err
			}
			defer s.Close()
			err = pipelines.Each(ctx, s, func(b pipelines.Batch) error { b.Release(); cancel(); return nil })
			if !errors.Is(err, context.Canceled) {
				return fmt.Errorf("want a cancellation, got %w", err)
			}
			return nil
		},
		"described": func(ctx context.Context, _ context.CancelFunc, src pipelines.Source) error {
			_, err := src.(pipelines.Describer).Describe(ctx)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			app := "essai " + name
			src := pg.source(t, "", endless, func(c *postgresConfig) { c.ApplicationName = app })
			ctx, cancel := context.WithTimeout(ctx, time.Minute)
			defer cancel()
			if err := run(ctx, cancel, src); err != nil {
				t.Fatal(err)
			}
			pg.gone(t, app)
		})
	}
}

// A query that has given no row yet is cancelled too.
func TestPostgresCancelledWhileWaiting(t *testing.T) {
	pg := testPostgres(t)
	src := pg.source(t, "", sourceConfig{Query: "SELECT 1 AS a FROM pg_sleep(600)"}, func(c *postgresConfig) { c.ApplicationName = "essai attente" })
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		_, _, err := readAll(ctx, src)
		ended <- err
	}()
	pg.waitUntil(t, `EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'essai attente' AND wait_event = 'PgSleep')`)
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	pg.gone(t, "essai attente")
}

// gone waits until no connection of that name is left.
func (s *server) gone(t testing.TB, app string) {
	t.Helper()
	s.waitUntil(t, `NOT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = '`+app+`')`)
}

// One snapshot: what is committed after the query began is not seen, and the
// order of a table does not depend on who else reads it.
func TestPostgresSnapshot(t *testing.T) {
	pg := testPostgres(t)
	schema := pg.schema(t, "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 50000)")
	ctx := context.Background()
	s, err := pg.source(t, schema, sourceConfig{Query: "SELECT id FROM t ORDER BY id", OrderBy: []string{"id"}}).Open(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	pg.exec(t, "DELETE FROM "+schema+".t WHERE id > 100; INSERT INTO "+schema+".t SELECT generate_series(60000, 60100)")
	rows := int64(0)
	err = pipelines.Each(ctx, s, func(b pipelines.Batch) error { rows += b.NumRows(); b.Release(); return nil })
	if err != nil || rows != 50000 {
		t.Errorf("%d rows, %v", rows, err)
	}
}

func TestPostgresParams(t *testing.T) {
	pg := testPostgres(t)
	obj := cty.ObjectVal(map[string]cty.Value{
		"i": cty.NumberIntVal(7), "d": cty.MustParseNumberVal("12345678901234567890.125"), "t": cty.StringVal(`l'"eau\`), "b": cty.False, "n": cty.NullVal(cty.String),
		"l": cty.TupleVal([]cty.Value{cty.StringVal(`a"b\c,{}`), cty.StringVal("")}), "e": cty.EmptyTupleVal,
	})
	src := pg.source(t, "", sourceConfig{Query: "SELECT @i::int AS i, @d::numeric(38, 3) AS d, @t::text AS t, @b::bool AS b, @n::text AS n, @l::text[] AS l, @e::text[] AS e, @i::int AS j", Params: obj})
	got, _, err := readAll(context.Background(), src)
	if err != nil {
		t.Fatal(err)
	}
	want, err := pipelinetest.ParseTable("i:int32,\"d:decimal(38, 3)\",t:text,b:bool,n:text,l:list(text),e:list(text),j:int32\n" +
		`7,12345678901234567890.125,"l'""eau\",false,\N,"[""a\""b\\c,{}"",""""]",[],7` + "\n")
	if err != nil {
		t.Fatal(err)
	}
	if d := pipelinetest.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// A rejected row goes to the quarantine as the server writes it.
func TestPostgresRaw(t *testing.T) {
	pg := testPostgres(t)
	src := pg.source(t, "", sourceConfig{Columns: columnTypes(t, "bad date"), Query: `SELECT 'infinity'::date AS bad, 7::int2 AS i, true AS b, 1.5::float8 AS f,
		(-12345678901234567890.00120)::numeric(30, 5) AS d, '0.000012345'::numeric(30, 9) AS e, 'é'::text AS t, '{"a":1}'::jsonb AS j,
		'2024-07-01 10:00:00.5Z'::timestamptz AS z, '1999-02-28'::date AS v, '\x00ff'::bytea AS o, NULL::text AS n`})
	_, rejects, err := readAll(context.Background(), src)
	if err != nil || len(rejects) != 1 {
		t.Fatal(err, rejects)
	}
	want := `{"bad":"infinity","i":"7","b":"true","f":"1.5","d":"-12345678901234567890.00120","e":"0.000012345","t":"é","j":"{\"a\": 1}",` +
		`"z":"2024-07-01 10:00:00.5","v":"1999-02-28","o":"\\x00ff","n":null}`
	if got := string(rejects[0].Raw); got != want {
		t.Errorf("want %s, got %s", want, got)
	}
}

// Text that the server hands over as it is, whatever its bytes.
func TestPostgresSQLASCII(t *testing.T) {
	pg := testPostgres(t)
	pg.exec(t, "DROP DATABASE IF EXISTS essai_ascii")
	pg.exec(t, "CREATE DATABASE essai_ascii ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
	t.Cleanup(func() { pg.exec(t, "DROP DATABASE essai_ascii") })
	there := func(c *postgresConfig) { c.Database = "essai_ascii" }
	src := pg.source(t, "", sourceConfig{Query: `SELECT E'cr\xe8che' AS s UNION ALL SELECT 'lavoir' ORDER BY s`}, there)
	got, rejects, err := readAll(context.Background(), src)
	if err != nil || len(got.Rows) != 1 || !cmp.Equal(rejections(rejects), []rejection{{1, "s", "LAV-7403"}}) {
		t.Errorf("%v, %v, %v", got.Rows, rejections(rejects), err)
	}
	if f := pg.examine(t, there); f["encoding"].OK {
		t.Errorf("encoding: %+v", f["encoding"])
	}
}

func TestPostgresDoctor(t *testing.T) {
	pg := testPostgres(t)
	all := pg.examine(t, func(*postgresConfig) {})
	for check, want := range map[string]*messages.Message{"reach": nil, "rights": messages.DatabaseWritable, "TLS": messages.DatabasePlain, "clock": messages.DatabaseClock, "encoding": nil} {
		if f, ok := all[check]; !ok || want == nil && !f.OK || want != nil && !messages.Has(f.Err, want) {
			t.Errorf("%s: %+v", check, f)
		}
	}
	pg.exec(t, "CREATE ROLE "+role+" LOGIN PASSWORD '"+pg.password+"'")
	t.Cleanup(func() { pg.exec(t, "DROP ROLE "+role) })
	if f := pg.examine(t, func(c *postgresConfig) { c.User = role })["rights"]; !f.OK {
		t.Errorf("rights of an account that can only read: %+v", f)
	}
	if pg.ca != "" {
		if f := pg.examine(t, func(c *postgresConfig) { c.SSLMode, c.CA = "verify-full", pg.ca })["TLS"]; !f.OK || !strings.Contains(f.Note, "TLS 1.3") {
			t.Errorf("TLS: %+v", f)
		}
	}
	if f := pg.examine(t, func(c *postgresConfig) { c.Port = 1 }); len(f) != 1 || f["reach"].OK {
		t.Errorf("unreachable: %+v", f)
	}
}

func (s *server) examine(t *testing.T, change func(*postgresConfig)) map[string]pipelines.Finding {
	env := pipelinetest.Env(t)
	env.Secrets = s.secrets()
	c := s.config("")
	change(&c)
	db, err := newPostgres(env, c)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]pipelines.Finding{}
	for _, f := range db.Examine(context.Background()) {
		found[f.Check] = f
	}
	return found
}
