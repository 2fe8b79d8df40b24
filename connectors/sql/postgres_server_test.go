package sql

import (
	"context"
	"database/sql/driver"
	"encoding/csv"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
)

// server is the PostgreSQL that dev/services started.
type server struct {
	url      *url.URL
	password string
	ca       string
}

// testPostgres is the server to test with. Without one the test is skipped, or
// fails where LAVOIR_REQUIRE_SERVICES=1.
func testPostgres(t testing.TB) *server {
	t.Helper()
	s := os.Getenv("LAVOIR_TEST_POSTGRES")
	if s == "" {
		if os.Getenv("LAVOIR_REQUIRE_SERVICES") == "1" {
			t.Fatal("LAVOIR_TEST_POSTGRES is not set, and LAVOIR_REQUIRE_SERVICES=1")
		}
		t.Skip("no PostgreSQL: LAVOIR_TEST_POSTGRES is not set; run with dev/services run")
	}
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal("LAVOIR_TEST_POSTGRES is no URL")
	}
	password, _ := u.User.Password()
	return &server{u, password, os.Getenv("LAVOIR_TEST_POSTGRES_CA")}
}

type fixedSecret string

func (s fixedSecret) Reveal(context.Context, string) (string, error) { return string(s), nil }

func (s *server) secrets() pipelines.Secrets { return fixedSecret(s.password) }

// config is a connection to the server as its administrator.
func (s *server) config(schema string) postgresConfig {
	c := postgresDefaults
	c.Host, c.User, c.Database = s.url.Hostname(), s.url.User.Username(), s.url.Path[1:]
	c.Port, _ = strconv.Atoi(s.url.Port())
	c.Password = pipelines.Secret{Ref: "secret.finances"}
	c.SSLMode = "disable"
	if schema != "" {
		c.SearchPath = []string{schema}
	}
	return c
}

func (s *server) exec(t testing.TB, script string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute) // it may wait until the test's own bounds are met
	defer cancel()
	c, err := pgconn.Connect(ctx, s.url.String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(ctx)
	if _, err := c.Exec(ctx, script).ReadAll(); err != nil {
		t.Fatal(err)
	}
}

// waitUntil waits until a condition on the server holds, a minute and more.
func (s *server) waitUntil(t testing.TB, condition string) {
	t.Helper()
	s.exec(t, `DO $$ BEGIN
		FOR i IN 1..600 LOOP
			PERFORM pg_stat_clear_snapshot();
			IF `+condition+` THEN RETURN; END IF;
			PERFORM pg_sleep(0.1);
		END LOOP;
		RAISE EXCEPTION '%', 'in vain: '||$c$`+condition+`$c$;
	END $$`)
}

var schemas atomic.Int64

// schema makes a schema of its own, with what script creates in it.
func (s *server) schema(t testing.TB, script string) string {
	t.Helper()
	name := fmt.Sprintf("essai_%d_%d", os.Getpid(), schemas.Add(1))
	s.exec(t, "CREATE SCHEMA "+name+"; SET search_path = "+name+"; "+script)
	t.Cleanup(func() { s.exec(t, "DROP SCHEMA "+name+" CASCADE") })
	return name
}

func exec(c driver.Conn, script string) error {
	_, err := c.(driver.ExecerContext).ExecContext(context.Background(), script, nil)
	return err
}

// cellOf is one cell of a one-row table as text.
func cellOf(t pipelinetest.Table, i int) string {
	cell := pipelinetest.Table{Schema: arrow.NewSchema([]arrow.Field{t.Schema.Field(i)}, nil), Rows: [][]any{{t.Rows[0][i]}}}
	r := csv.NewReader(strings.NewReader(cell.CSV()))
	records, err := r.ReadAll()
	if err != nil || len(records) < 2 {
		return "" // a line with one empty cell is no record
	}
	return records[1][0]
}
