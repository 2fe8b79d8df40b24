package sql

import (
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/zclconf/go-cty/cty"
	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// batches reads a source chunk by chunk and tells all of each batch: its rows,
// their places and the rejects.
func batches(ctx context.Context, src pipelines.Source) ([]string, error) {
	c, err := src.(pipelines.Chunked).OpenChunks(ctx)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	var out []string
	for {
		chunk, err := c.Next(ctx)
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return out, err
		}
		b, err := chunk.Decode(ctx)
		if err != nil {
			return out, err
		}
		out = append(out, told(b))
		b.Release()
	}
}

func told(b pipelines.Batch) string {
	var s strings.Builder
	fmt.Fprintln(&s, b.Places.Lines)
	for i, c := range b.Columns() {
		fmt.Fprintln(&s, b.ColumnName(i), c.DataType(), c.NullN(), c)
	}
	for _, r := range b.Rejects {
		fmt.Fprintln(&s, r.Line, r.Column, r.Why.Code, string(r.Raw))
	}
	return s.String()
}

// oddValues are values of every type, the extremes and those that reject their row.
var oddValues = []struct {
	name, sql, declared string
	values              []string
}{
	{"b", "bool", "", []string{"true", "false"}},
	{"i2", "int2", "", []string{"-32768", "32767", "0"}},
	{"i4", "int4", "", []string{"-2147483648", "2147483647", "0"}},
	{"i8", "int8", "", []string{"-9223372036854775808", "9223372036854775807", "0"}},
	{"i4d", "int4", "decimal(9, 2)", []string{"9999999", "-9999999", "0", "10000000"}},
	{"i8d", "int8", "decimal(38, 19)", []string{"-9223372036854775808", "9223372036854775807"}},
	{"o", "oid", "", []string{"0", "4294967295"}},
	{"f4", "float4", "", []string{"NaN", "Infinity", "-Infinity", "-0", "1e-45", "3.4e38", "0.1"}},
	{"f8", "float8", "", []string{"NaN", "Infinity", "-Infinity", "-0", "5e-324", "1.7976931348623157e308", "0.1"}},
	{"d", "numeric(20, 5)", "", []string{"999999999999999.99999", "-0.00001", "0", "10000", "20000000", "0.1", "123.45", "NaN"}},
	{"dd", "numeric", "decimal(12, 2)", []string{"9999999999.99", "10000000000", "0.001", "1500", "-850.50", "Infinity", "1e-20", "1e30"}},
	{"d38", "numeric(38)", "", []string{strings.Repeat("9", 38), "-" + strings.Repeat("9", 38), "1"}},
	{"s", "text", "", []string{"", "é œ '\"\\,\n\t", "🎻", "0042", strings.Repeat("ab", 5000)}},
	{"v", "varchar(8)", "", []string{"", "ab"}},
	{"c", "char(4)", "", []string{"", "ab", "abcd"}},
	{"nm", "name", "", []string{"nom"}},
	{"js", "json", "", []string{`{"b": 1, "a": [true, null]}`, "1"}},
	{"jb", "jsonb", "", []string{`{"b": 1, "a": [true, null]}`, "null"}},
	{"u", "uuid", "", []string{"A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "00000000-0000-0000-0000-000000000000"}},
	{"by", "bytea", "", []string{`\x`, `\x00ff0a`}},
	{"j", "date", "", []string{"0001-01-01", "9999-12-31", "1969-12-31", "2000-02-29", "infinity", "-infinity", "0001-12-31 BC", "10000-01-01"}},
	{"t", "timestamp", `timestamp("", "Europe/Paris")`, []string{"2024-07-01 10:00", "1700-01-01 00:00:00.000001", "2024-03-31 02:30", "2024-10-27 02:30",
		"2024-03-31 03:00", "2024-10-27 03:00", "0001-01-01 00:00", "9999-12-31 23:59:59.999999", "infinity"}},
	{"z", "timestamptz", "", []string{"1969-12-31 23:59:59.999999Z", "9999-12-31 23:59:59.999999Z", "0001-01-01 00:00Z", "infinity", "10000-01-01 00:00Z"}},
	{"l", "text[]", "", []string{"{}", `{a,"é, œ",""}`, "{{a},{b}}", "{a,NULL}", "{" + strings.Repeat("x,", 99) + "x}"}},
	{"e", "couleur", "", []string{"bleu", "blé"}},
}

// A query without parameters comes by COPY, one with parameters as a query: both
// give the same batches, cut alike, with the same rejects, to the last byte.
func TestPostgresCopyAndQueryAgree(t *testing.T) {
	pg := testPostgres(t)
	var columns, names, decls []string
	for _, c := range oddValues {
		columns, names = append(columns, c.name+" "+c.sql), append(names, c.name)
		if c.declared != "" {
			decls = append(decls, c.name+" "+c.declared)
		}
	}
	schema := pg.schema(t, "CREATE TYPE couleur AS ENUM ('bleu', 'blé'); CREATE TABLE t (n serial, "+strings.Join(columns, ", ")+")")
	ctx := context.Background()
	conn, err := pgconn.Connect(ctx, pg.url.String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, "SET search_path = "+schema).ReadAll(); err != nil {
		t.Fatal(err)
	}
	byCopy := pg.source(t, schema, sourceConfig{Query: "SELECT * FROM t ORDER BY n -- the end", Columns: columnTypes(t, decls...)})
	byQuery := pg.source(t, schema, sourceConfig{Query: "SELECT * FROM t WHERE n > @n ORDER BY n", Columns: columnTypes(t, decls...),
		Params: cty.ObjectVal(map[string]cty.Value{"n": cty.NumberIntVal(0)})})
	compare := func(t interface {
		Helper()
		Fatal(...any)
	}, rows [][]string) {
		t.Helper()
		var insert strings.Builder
		insert.WriteString("TRUNCATE t RESTART IDENTITY")
		for _, r := range rows {
			insert.WriteString("; INSERT INTO t (" + strings.Join(names, ", ") + ") VALUES (" + strings.Join(r, ", ") + ")")
		}
		if _, err := conn.Exec(ctx, insert.String()).ReadAll(); err != nil {
			t.Fatal(err)
		}
		want, err := batches(ctx, byCopy)
		if err != nil {
			t.Fatal(err)
		}
		got, err := batches(ctx, byQuery)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	}
	literal := func(v string) string { return "'" + strings.ReplaceAll(v, "'", "''") + "'" }
	// Each odd value alone in its row, so that it is the one that rejects it.
	var each [][]string
	for i, c := range oddValues {
		for _, v := range c.values {
			row := make([]string, len(names))
			for j := range row {
				row[j] = "NULL"
			}
			row[i] = literal(v)
			each = append(each, row)
		}
	}
	compare(t, each)
	rapid.Check(t, func(rt *rapid.T) {
		rows := make([][]string, rapid.IntRange(0, 30).Draw(rt, "rows"))
		for i := range rows {
			for _, c := range oddValues {
				v := "NULL"
				if rapid.IntRange(0, 3).Draw(rt, "null") > 0 {
					v = literal(rapid.SampledFrom(c.values).Draw(rt, c.name))
				}
				rows[i] = append(rows[i], v)
			}
		}
		compare(rt, rows)
	})
	// Many rows, of which some are wide and some are rejected: many cuts.
	if _, err := conn.Exec(ctx, `TRUNCATE t RESTART IDENTITY; INSERT INTO t (i8, s, dd, t)
		SELECT i, repeat('é', CASE WHEN i % 1000 = 0 THEN 100000 ELSE i % 50 END), CASE WHEN i % 777 = 0 THEN 0.001 ELSE i END, timestamp '2015-01-01' + i * interval '1 hour'
		FROM generate_series(1, 40000) AS i`).ReadAll(); err != nil {
		t.Fatal(err)
	}
	want, err := batches(ctx, byCopy)
	if err != nil || len(want) < 6 {
		t.Fatal(len(want), err)
	}
	got, err := batches(ctx, byQuery)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Fatal(err, diff)
	}
}

// Every form of statement that reads works as it is, whichever way it goes.
func TestPostgresStatements(t *testing.T) {
	pg := testPostgres(t)
	schema := pg.schema(t, "CREATE TABLE t (id int); INSERT INTO t VALUES (1), (2)")
	for query, rows := range map[string]int{
		"TABLE t":                         2,
		"(SELECT id FROM t)":              2,
		"VALUES (1), (2), (3)":            3,
		"SELECT id FROM t;":               2,
		"SELECT id FROM t -- and no more": 2,
		"SELECT id /* and ) */ FROM t":    2,
		"SELECT ')' AS a, $$)$$ AS b":     1,
		"SELECT id FROM t WHERE false":    0,
		"SELECT FROM t":                   2,
		"SELECT NULL AS a, 'x' AS b":      1,
		"WITH x AS (TABLE t) SELECT * FROM x UNION ALL TABLE t ORDER BY 1": 4,
		"SELECT a.id, b.id AS autre FROM t AS a, t AS b":                   4,
	} {
		got, _, err := readAll(context.Background(), pg.source(t, schema, sourceConfig{Query: query}))
		if err != nil || len(got.Rows) != rows {
			t.Errorf("%s: %d rows, %v", query, len(got.Rows), err)
		}
	}
}

// What fails in the last rows fails the query, after the rows before it.
func TestPostgresFailsAtTheEnd(t *testing.T) {
	pg := testPostgres(t)
	const rows = 100000
	const query = "SELECT i AS id, (CASE i WHEN 100000 THEN 'x' ELSE '1' END)::int AS n, CASE i WHEN 5 THEN 'infinity' ELSE '2024-01-01' END::date AS j FROM generate_series(1, "
	for name, c := range map[string]sourceConfig{
		"copy":  {Query: query + "100000) AS i"},
		"query": {Query: query + "@n::int) AS i", Params: cty.ObjectVal(map[string]cty.Value{"n": cty.NumberIntVal(rows)})},
	} {
		s, err := pg.source(t, "", c).Open(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		read, rejects := int64(0), 0
		err = pipelines.Each(context.Background(), s, func(b pipelines.Batch) error {
			read, rejects = read+b.NumRows(), rejects+len(b.Rejects)
			b.Release()
			return nil
		})
		if !messages.Has(err, messages.QueryValue) || read != rows-2 || rejects != 1 {
			t.Errorf("%s: %d rows, %d rejects, %v", name, read, rejects, err)
		}
		if _, again := s.Next(context.Background()); again != err {
			t.Errorf("%s: asked again it says %v", name, again)
		}
		if err := s.Close(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// cut passes on what goes to and from the server until so many bytes came back.
func (s *server) cut(t testing.TB, after int64) (port int) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	running.Add(1)
	go func() {
		defer running.Done()
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", s.url.Host)
			if err != nil {
				client.Close()
				continue
			}
			running.Add(2)
			go func() {
				defer running.Done()
				_, _ = io.Copy(server, client)
				server.Close()
			}()
			go func() {
				defer running.Done()
				_, _ = io.CopyN(client, server, after)
				client.Close()
				server.Close()
			}()
		}
	}()
	t.Cleanup(func() {
		l.Close()
		running.Wait()
	})
	return l.Addr().(*net.TCPAddr).Port
}

// A connection that is lost in the middle is the environment's fault, and no end.
func TestPostgresLostConnection(t *testing.T) {
	pg := testPostgres(t)
	schema := pg.schema(t, "CREATE TABLE t AS SELECT i AS id, repeat('x', 200) AS s FROM generate_series(1, 50000) AS i")
	check := func(t *testing.T, err error) {
		t.Helper()
		if !messages.Has(err, messages.DatabaseLost) || pipelines.ExitCode(err) != pipelines.ExitEnvironment {
			t.Errorf("exit %d, %v", pipelines.ExitCode(err), err)
		}
	}
	param := cty.ObjectVal(map[string]cty.Value{"n": cty.NumberIntVal(1)})
	for name, c := range map[string]sourceConfig{
		"copy":  {Query: "SELECT * FROM t"},
		"query": {Query: "SELECT * FROM t WHERE id >= @n", Params: param},
		"table": {Table: "t", Connections: 2},
	} {
		t.Run(name+", cut off", func(t *testing.T) {
			port := pg.cut(t, 3<<20)
			_, _, err := readAll(context.Background(), pg.source(t, schema, c, func(c *postgresConfig) { c.Port = port }))
			check(t, err)
		})
		t.Run(name+", ended by the server", func(t *testing.T) {
			app := "essai perdu " + name
			s, err := pg.source(t, schema, c, func(c *postgresConfig) { c.ApplicationName = app }).Open(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			b, err := s.Next(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			b.Release()
			pg.exec(t, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '"+app+"'")
			pg.gone(t, app)
			check(t, pipelines.Each(context.Background(), s, func(b pipelines.Batch) error { b.Release(); return nil }))
		})
	}
}

// A row over the bound is refused with its place, not read.
func TestPostgresRowOverBound(t *testing.T) {
	pg := testPostgres(t)
	src := pg.source(t, "", sourceConfig{Query: "SELECT i, repeat('x', CASE i WHEN 3 THEN " + strconv.Itoa(rowBound) + " ELSE 5 END) AS s FROM generate_series(1, 4) AS i"})
	_, _, err := readAll(context.Background(), src)
	if !messages.Has(err, messages.RowTooLong) || !strings.Contains(err.Error(), "row 3 ") {
		t.Errorf("got %v", err)
	}
}

// The order is checked across chunks, and from the row a chunk ends with.
func TestPostgresOrderAcrossChunks(t *testing.T) {
	pg := testPostgres(t)
	query := func(odd string) sourceConfig {
		return sourceConfig{OrderBy: []string{"id"}, Query: "SELECT CASE " + odd + " ELSE i END AS id, CASE i WHEN 16384 THEN 'infinity'::date END AS j FROM generate_series(1, 30000) AS i"}
	}
	for odd, want := range map[string]struct {
		message *messages.Message
		row     string
	}{
		"WHEN false THEN 0":       {},
		"WHEN i = 8193 THEN 8192": {messages.OrderNotUnique, "row 8193 "},
		"WHEN i = 8193 THEN 3":    {messages.OutOfOrder, "row 8193 "},
		"WHEN i = 8192 THEN 9000": {messages.OutOfOrder, "row 8193 "},
		"WHEN i = 8194 THEN 8193": {messages.OrderNotUnique, "row 8194 "},
		"WHEN i = 16384 THEN 3":   {}, // rejected, so that it has no place in the order
	} {
		_, _, err := readAll(context.Background(), pg.source(t, "", query(odd)))
		if want.message == nil && err != nil || want.message != nil && (!messages.Has(err, want.message) || !strings.Contains(err.Error(), want.row)) {
			t.Errorf("%s: %v", odd, err)
		}
	}
}
