package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"
)

const postgresProject = `
secret "pg" {
  env = "LAVOIR_TEST_PG_PASSWORD"
}
connection "postgres" "finances" {
  host             = "127.0.0.1"
  port             = PORT
  database         = "postgres"
  user             = "postgres"
  password         = secret.pg
  sslmode          = "disable"
  application_name = "SCHEMA"
}
connection "local" "depot" {
  path = "depot"
}
pipeline "subventions" {
  authorization {
    allowed   = true
    reference = "2024-12"
  }
  source "postgres" "subventions" {
    connection  = connection.postgres.finances
    table       = "SCHEMA.subventions"
    connections = CONNECTIONS
    columns     = { id = int64, objet = text, montant = decimal(12, 2) }
  }
  privacy {
    use = privacy.all
  }
  load "local" "depot" {
    connection = connection.local.depot
    prefix     = "subventions"
    file "parquet" {}
    file "csv" {}
  }
}
privacy "all" {
  public = ["id", "objet", "montant"]
}
`

// A whole table is published with the same bytes for any number of connections;
// a connection that is refused, or lost in the middle, is exit 3 with nothing
// visible (invariants 1 and 2).
func TestPostgresTable(t *testing.T) {
	u, password := postgresServer(t)
	schema := fmt.Sprintf("commande_%d", os.Getpid())
	postgresExec(t, u, "CREATE SCHEMA "+schema+"; CREATE TABLE "+schema+`.subventions AS SELECT i::int8 AS id, 'Objet n° ' || i || repeat(' x', i % 40) AS objet, (i * 7 % 100000 / 100.0)::numeric(12, 2) AS montant
		FROM generate_series(1, 40000) AS i; UPDATE `+schema+".subventions SET montant = 0 WHERE id % 100 = 0; ANALYZE "+schema+".subventions")
	t.Cleanup(func() { postgresExec(t, u, "DROP SCHEMA "+schema+" CASCADE") })
	run := func(port string, connections int, password string) (map[string]string, int, string) {
		dir := t.TempDir()
		text := strings.NewReplacer("PORT", port, "CONNECTIONS", fmt.Sprint(connections), "SCHEMA", schema).Replace(postgresProject)
		if err := os.WriteFile(filepath.Join(dir, "p.hcl"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("lavoir", "run", dir)
		cmd.Env = append(os.Environ(), "LAVOIR_TEST_PG_PASSWORD="+password)
		out, err := cmd.CombinedOutput()
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
		return tree(t, filepath.Join(dir, "depot")), cmd.ProcessState.ExitCode(), string(out)
	}
	want, code, out := run(u.Port(), 1, password)
	if code != 0 || len(want) < 4 {
		t.Fatalf("exit %d, %d files: %s", code, len(want), out)
	}
	for _, n := range []int{2, 4} {
		got, code, out := run(u.Port(), n, password)
		if diff := cmp.Diff(want, got); code != 0 || diff != "" {
			t.Errorf("%d connections: exit %d: %s\n%s", n, code, out, diff)
		}
	}
	for _, n := range []int{1, 2} {
		// Enough to look at the table, and to read a part of it.
		port := cutServer(t, u.Host, 1<<20)
		if got, code, out := run(port, n, password); code != 3 || len(got) > 0 || !strings.Contains(out, "LAV-7006") {
			t.Errorf("%d connections, lost: exit %d, %d files: %s", n, code, len(got), out)
		}
	}
	if got, code, out := run(u.Port(), 2, "kanari-secret"); code != 3 || len(got) > 0 || !strings.Contains(out, "LAV-7001") || strings.Contains(out, "kanari-secret") {
		t.Errorf("refused: exit %d, %d files: %s", code, len(got), out)
	}
}

func postgresServer(t *testing.T) (*url.URL, string) {
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
	return u, password
}

func postgresExec(t *testing.T, u *url.URL, script string) {
	t.Helper()
	c, err := pgconn.Connect(context.Background(), u.String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.Background())
	if _, err := c.Exec(context.Background(), script).ReadAll(); err != nil {
		t.Fatal(err)
	}
}

// cutServer is a port that leads to the server, until so many bytes came back
// over a connection.
func cutServer(t *testing.T, server string, after int64) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			running.Go(func() {
				defer client.Close()
				there, err := net.Dial("tcp", server)
				if err != nil {
					return
				}
				defer there.Close()
				running.Go(func() {
					_, _ = io.Copy(there, client)
					there.Close()
				})
				_, _ = io.CopyN(client, there, after)
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		running.Wait()
	})
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}
