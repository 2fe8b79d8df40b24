package sql

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// tableSource reads a table in ranges of so many pages, and so many bytes ahead.
func (s *server) tableSource(t testing.TB, schema string, c sourceConfig, pages int64, ahead int, change ...func(*postgresConfig)) pipelines.Source {
	t.Helper()
	src := s.source(t, schema, c, change...)
	src.(chunkedSource).statement.table.pages, src.(chunkedSource).statement.table.ahead = pages, ahead
	return src
}

// However many connections read it, in ranges however large, a table gives the
// same batches: its rows in the order in which it stores them.
func TestPostgresTableOrder(t *testing.T) {
	pg := testPostgres(t)
	schema := pg.schema(t, `CREATE TABLE t (id int, nom text, montant numeric, gros text); ALTER TABLE t ALTER gros SET STORAGE EXTERNAL;
		INSERT INTO t SELECT i, CASE WHEN i % 7 > 0 THEN 'é' || repeat('x', i % 300) END, CASE WHEN i % 5000 = 0 THEN 0.001 ELSE i END,
			CASE WHEN i % 1000 = 0 THEN repeat('y', 50000) END FROM generate_series(1, 30000) AS i;
		UPDATE t SET nom = 'moved' WHERE id % 11 = 0; DELETE FROM t WHERE id BETWEEN 10000 AND 14000; ANALYZE t`)
	config := sourceConfig{Table: "t", Columns: columnTypes(t, "montant decimal(12, 2)")}
	want, err := batches(context.Background(), pg.source(t, schema, config))
	if err != nil || len(want) < 3 {
		t.Fatal(len(want), err)
	}
	for _, n := range []int{1, 2, 3, 8} {
		for _, r := range []struct {
			pages int64
			ahead int
		}{{8, 1}, {8, 1 << 30}, {33, 50000}, {200, 1 << 20}} {
			config.Connections = n
			got, err := batches(context.Background(), pg.tableSource(t, schema, config, r.pages, r.ahead))
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Fatalf("%d connections, ranges of %d pages, %d bytes ahead: %v, %s", n, r.pages, r.ahead, err, diff)
			}
		}
	}
	if pg.ca == "" {
		t.Log("not read through TLS: LAVOIR_TEST_POSTGRES_CA is not set")
		return
	}
	config.Connections = 2
	got, err := batches(context.Background(), pg.tableSource(t, schema, config, 64, 1<<20, func(c *postgresConfig) { c.SSLMode, c.CA = "verify-full", pg.ca }))
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Error("through TLS:", err, diff)
	}
}

// All connections see the table as it was at one moment, whatever is done to it
// meanwhile.
func TestPostgresTableSnapshot(t *testing.T) {
	pg := testPostgres(t)
	schema := pg.schema(t, "CREATE TABLE t AS SELECT i AS id, 100::int8 AS solde, repeat('x', 100) AS s FROM generate_series(1, 20000) AS i; ANALYZE t")
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	conn, err := pgconn.Connect(ctx, pg.url.String())
	if err != nil {
		t.Fatal(err)
	}
	written := make(chan int)
	go func() { // moves what one has to another, makes rows and takes others away, in transactions that keep the sum
		n := 0
		for ; ctx.Err() == nil; n++ {
			a, b := 1+n*7919%20000, 1+n*104729%20000
			_, err := conn.Exec(context.Background(), fmt.Sprintf(`BEGIN; UPDATE %[1]s.t SET solde = solde - 1 WHERE id = %[2]d; UPDATE %[1]s.t SET solde = solde + 1 WHERE id = %[3]d;
				WITH d AS (DELETE FROM %[1]s.t WHERE id = %[4]d RETURNING *) INSERT INTO %[1]s.t SELECT * FROM d; COMMIT`, schema, a, b, 1+n*31%20000)).ReadAll()
			if err != nil {
				t.Error(err)
				break
			}
		}
		conn.Close(context.Background())
		written <- n
	}()
	pg.exec(t, "CREATE INDEX ON "+schema+".t (id)")
	for range 10 {
		c, err := pg.tableSource(t, schema, sourceConfig{Table: "t", Connections: 4}, 8, 1<<20).Open(ctx)
		if err != nil {
			t.Fatal(err)
		}
		rows, sum := int64(0), int64(0)
		ids := map[int32]bool{}
		err = pipelines.Each(ctx, c, func(b pipelines.Batch) error {
			rows += b.NumRows()
			for i, v := range int64s(b, 1) {
				sum += v
				ids[int32s(b, 0)[i]] = true
			}
			b.Release()
			return nil
		})
		if err != nil || rows != 20000 || len(ids) != 20000 || sum != 2000000 {
			t.Errorf("%d rows of %d, sum %d, %v", rows, len(ids), sum, err)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	stop()
	if n := <-written; n == 0 {
		t.Error("nothing was written meanwhile")
	}
}

// What was opened sees nothing of what happens after, on no connection.
func TestPostgresTableSeesNothingLater(t *testing.T) {
	pg := testPostgres(t)
	schema := pg.schema(t, "CREATE TABLE t AS SELECT i AS id, repeat('x', 100) AS s FROM generate_series(1, 20000) AS i; ANALYZE t")
	ctx := context.Background()
	c, err := pg.tableSource(t, schema, sourceConfig{Table: "t", Connections: 3}, 8, 1<<20).Open(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	pg.exec(t, "UPDATE "+schema+".t SET id = -id; INSERT INTO "+schema+".t SELECT i, 'later' FROM generate_series(1, 20000) AS i; DELETE FROM "+schema+".t WHERE id < -19000")
	next := int32(1)
	err = pipelines.Each(ctx, c, func(b pipelines.Batch) error {
		for _, id := range int32s(b, 0) {
			if id != next {
				return fmt.Errorf("want %d, got %d", next, id)
			}
			next++
		}
		b.Release()
		return nil
	})
	if err != nil || next != 20001 {
		t.Errorf("after row %d: %v", next-1, err)
	}
}

// What has no pages of its own, or no ranges that the server goes straight to,
// is read by one connection; a name is what the database stores.
func TestPostgresTableKinds(t *testing.T) {
	pg := testPostgres(t)
	schema := pg.schema(t, tableKinds)
	pg.exec(t, "VACUUM "+schema+".t") // an index with all of it could be read in its place
	for name, c := range map[string]struct {
		rows, connections int
	}{
		"t": {20000, 3}, schema + ".t": {20000, 3}, "copie": {20000, 3}, `Droits "é"`: {20000, 3},
		"vue": {20000, 1}, "parent": {20000, 1}, "parts": {20000, 1}, "vide": {0, 1}, "petite": {9, 1},
	} {
		t.Run(name, func(t *testing.T) {
			const app = "essai genre"
			src := pg.tableSource(t, schema, sourceConfig{Table: name, Connections: 3}, 8, 1<<20, func(c *postgresConfig) { c.ApplicationName = app })
			s, err := src.Open(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			pg.exec(t, fmt.Sprintf("DO $$ BEGIN IF (SELECT count(*) FROM pg_stat_activity WHERE application_name = '%s') <> %d THEN RAISE 'not so many connections'; END IF; END $$", app, c.connections))
			rows, last, inOrder := 0, int32(0), true
			err = pipelines.Each(context.Background(), s, func(b pipelines.Batch) error {
				for _, id := range int32s(b, 0) {
					inOrder, last = inOrder && id == last+1, id
				}
				rows += int(b.NumRows())
				b.Release()
				return nil
			})
			if err != nil || rows != c.rows || !inOrder {
				t.Errorf("%d rows, in order %t, %v", rows, inOrder, err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			pg.gone(t, app)
		})
	}
	for name, want := range map[string]*messages.Message{
		"absente": messages.TableUnknown, "absent.t": messages.TableUnknown, "T": messages.TableUnknown, "": messages.QueryOrTable,
	} {
		c := sourceConfig{Table: name, Connections: 2, dialect: &postgresDialect}
		err := c.Validate()
		if err == nil {
			_, _, err = readAll(context.Background(), pg.source(t, schema, c))
		}
		if !messages.Has(err, want) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

const tableKinds = `CREATE TABLE t AS SELECT i AS id, repeat('x', 100) AS s FROM generate_series(1, 20000) AS i; ANALYZE t; CREATE INDEX ON t (id, s);
	CREATE VIEW vue AS SELECT * FROM t;
	CREATE MATERIALIZED VIEW copie AS SELECT * FROM t;
	CREATE TABLE parent (id int, s text); CREATE TABLE enfant () INHERITS (parent);
	INSERT INTO parent SELECT id, s FROM t WHERE id <= 10000; INSERT INTO enfant SELECT id, s FROM t WHERE id > 10000;
	CREATE TABLE parts (id int, s text) PARTITION BY RANGE (id);
	CREATE TABLE p1 PARTITION OF parts FOR VALUES FROM (0) TO (5000); CREATE TABLE p2 PARTITION OF parts FOR VALUES FROM (5000) TO (30000);
	INSERT INTO parts SELECT id, s FROM t;
	CREATE TABLE "Droits ""é""" AS SELECT * FROM t;
	CREATE TABLE vide (id int, s text); CREATE TABLE petite AS SELECT * FROM t WHERE id < 10`

// A table that row security guards, or where the server was told not to, is not
// read once for each range.
func TestPostgresTableWithoutRanges(t *testing.T) {
	pg := testPostgres(t)
	schema := pg.schema(t, "CREATE TABLE t AS SELECT i AS id, repeat('x', 100) AS s FROM generate_series(1, 20000) AS i; ANALYZE t; CREATE ROLE "+role+" LOGIN PASSWORD '"+pg.password+"'")
	t.Cleanup(func() { pg.exec(t, "DROP OWNED BY "+role+"; DROP ROLE "+role) })
	pg.exec(t, "GRANT USAGE ON SCHEMA "+schema+" TO "+role+"; GRANT SELECT ON "+schema+".t TO "+role+"; ALTER ROLE "+role+" SET enable_tidscan = off")
	src := pg.tableSource(t, schema, sourceConfig{Table: "t", Connections: 3}, 8, 1<<20, func(c *postgresConfig) { c.User, c.ApplicationName = role, "essai seul" })
	s, err := src.Open(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	pg.exec(t, "DO $$ BEGIN IF (SELECT count(*) FROM pg_stat_activity WHERE application_name = 'essai seul') <> 1 THEN RAISE 'several connections'; END IF; END $$")
}

// order_by asks the server for the order that is then checked, whatever the type.
func TestPostgresTableOrderBy(t *testing.T) {
	pg := testPostgres(t)
	schema := pg.schema(t, `CREATE TYPE couleur AS ENUM ('rouge', 'bleu'); CREATE TABLE t (id int, s text COLLATE "fr-x-icu", e couleur, u uuid, j jsonb, b bytea, k bool, f float8, d numeric(9, 2), z timestamp, c char(3));
		INSERT INTO t SELECT i, (ARRAY['é', 'Z', 'a', 'œ', 'f', NULL])[1 + i % 6], (ARRAY['rouge', 'bleu'])[1 + i % 2]::couleur, md5(i::text)::uuid, ('{"b": ' || i % 5 || '}')::jsonb, decode(md5(i::text), 'hex'),
		i % 2 = 0, (ARRAY['NaN', '-0', '1', '-Infinity'])[1 + i % 4]::float8, -i, timestamp '2024-01-01' + i * interval '1 day', i % 9 FROM generate_series(1, 500) AS i`)
	for _, key := range []string{"s", "e", "u", "j", "b", "k", "f", "d", "z", "c"} {
		c := sourceConfig{Table: "t", OrderBy: []string{key, "id"}, Connections: 2, Columns: columnTypes(t, `z timestamp("", "Europe/Paris")`)}
		got, rejects, err := readAll(context.Background(), pg.source(t, schema, c))
		if err != nil || len(rejects) > 0 || len(got.Rows) != 500 {
			t.Errorf("%s: %d rows, %d rejects, %v", key, len(got.Rows), len(rejects), err)
		}
	}
	if _, _, err := readAll(context.Background(), pg.source(t, schema, sourceConfig{Table: "t", OrderBy: []string{"s"}, Columns: columnTypes(t, `z timestamp("", "Europe/Paris")`)})); !messages.Has(err, messages.OrderNotUnique) {
		t.Errorf("not unique: %v", err)
	}
}

func TestTableWarnings(t *testing.T) {
	for _, c := range []struct {
		sourceConfig
		want *messages.Message
	}{
		{sourceConfig{Query: "SELECT 1", Connections: 1}, messages.NoOrder},
		{sourceConfig{Query: "SELECT 1", OrderBy: []string{"a"}, Connections: 1}, nil},
		{sourceConfig{Table: "t", Connections: 1}, messages.TableOrder},
		{sourceConfig{Table: "t", Connections: 2}, messages.TableOrder},
		{sourceConfig{Table: "t", OrderBy: []string{"a"}, Connections: 1}, nil},
		{sourceConfig{Table: "t", OrderBy: []string{"a"}, Connections: 2}, messages.OrderedAlone},
	} {
		w := (&source{sourceConfig: c.sourceConfig}).Warnings()
		if c.want == nil && len(w) > 0 || c.want != nil && (len(w) != 1 || w[0].Message != c.want) {
			t.Errorf("%+v: %v", c.sourceConfig, w)
		}
	}
}

// Stopped anywhere, nothing is left of any connection, here or on the server.
func TestPostgresTableEnds(t *testing.T) {
	pg := testPostgres(t)
	schema := pg.schema(t, "CREATE TABLE t AS SELECT i AS id, repeat('x', 1000) AS s FROM generate_series(1, 60000) AS i; ANALYZE t")
	for name, stop := range map[string]func(context.Context, context.CancelFunc, pipelines.Stream) error{
		"never started": func(context.Context, context.CancelFunc, pipelines.Stream) error { return nil },
		"stopped early": func(ctx context.Context, _ context.CancelFunc, s pipelines.Stream) error {
			b, err := s.Next(ctx)
			if err == nil {
				b.Release()
			}
			return err
		},
		"cancelled": func(ctx context.Context, cancel context.CancelFunc, s pipelines.Stream) error {
			err := pipelines.Each(ctx, s, func(b pipelines.Batch) error { b.Release(); cancel(); return nil })
			if !errors.Is(err, context.Canceled) {
				return fmt.Errorf("want a cancellation, got %w", err)
			}
			return nil
		},
		"at its end": func(ctx context.Context, _ context.CancelFunc, s pipelines.Stream) error {
			return pipelines.Each(ctx, s, func(b pipelines.Batch) error { b.Release(); return nil })
		},
	} {
		for _, ahead := range []int{1, 1 << 20} {
			app := "essai " + name
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			s, err := pg.tableSource(t, schema, sourceConfig{Table: "t", Connections: 3}, 64, ahead, func(c *postgresConfig) { c.ApplicationName = app }).Open(ctx)
			if err == nil {
				err = errors.Join(stop(ctx, cancel, s), s.Close(), s.Close())
			}
			cancel()
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			pg.gone(t, app)
		}
	}
}

// Who waits to change the table waits for the first connection; no other may then
// wait for them.
func TestPostgresTableSomebodyWaitsToChange(t *testing.T) {
	pg := testPostgres(t)
	schema := pg.schema(t, "CREATE TABLE t AS SELECT i AS id, repeat('x', 100) AS s FROM generate_series(1, 20000) AS i; ANALYZE t")
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	src := pg.tableSource(t, schema, sourceConfig{Table: "t", Connections: 3}, 8, 1<<20).(chunkedSource)
	in, r, err := src.prepare(ctx)
	if err != nil {
		t.Fatal(err)
	}
	changed := make(chan struct{})
	go func() {
		defer close(changed)
		pg.exec(t, "ALTER TABLE "+schema+".t ADD later int")
	}()
	defer func() { <-changed }()
	defer in.close()
	pg.waitUntil(t, `EXISTS (SELECT FROM pg_locks WHERE relation = '`+schema+`.t'::regclass AND NOT granted)`)
	s, err := in.open(ctx, r)
	if err != nil {
		t.Fatal(err)
	}
	rows := int64(0)
	err = pipelines.Each(ctx, s, func(b pipelines.Batch) error { rows += b.NumRows(); b.Release(); return nil })
	if err != nil || rows != 20000 {
		t.Errorf("%d rows, %v", rows, err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestServerVersion(t *testing.T) {
	for s, want := range map[string]int{"15.20 (Debian 15.20-0+deb12u1)": 150000, "14beta1": 140000, "9.6.24": 90600, "9.2.4": 90200, "18devel": 180000, "": 0, "?": 0} {
		if got := serverVersion(s); got != want {
			t.Errorf("%q: %d", s, got)
		}
	}
}

func int32s(b pipelines.Batch, column int) []int32 {
	return b.Column(column).(interface{ Int32Values() []int32 }).Int32Values()
}

func int64s(b pipelines.Batch, column int) []int64 {
	return b.Column(column).(interface{ Int64Values() []int64 }).Int64Values()
}
