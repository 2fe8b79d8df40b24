package main

import (
	"database/sql"
	"encoding/csv"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const oncePipeline = `
secret "racine" {
  env = "LAVOIR_TEST_ROOT"
}
project {
  fingerprint_key = secret.racine
}
connection "local" "depot" {
  path = "donnees"
}
%s
connection "local" "portail" {
  path = "public"
}
pipeline "agents" {
  authorization {
    allowed   = true
    reference = "essai"
  }
  source %q "agents" {
    %s
    columns = { ne = date, n = int64 }
    %s
  }
  privacy {
    identifier "nom" {
%s
    }
    %s
  }
  load "local" "portail" {
    connection = connection.local.portail
    file "csv" {}
    file "parquet" {}
  }
}
`

type oncePolicy struct{ names, rest string }

func oncePolicies() map[string]oncePolicy {
	const model = `
    quasi "ne" {
      period    = "year"
      min_level = 1
    }
    quasi "service" {}
    public = ["n"]
    model {
      k                 = 2
      suppression_limit = 1
    }`
	return map[string]oncePolicy{
		"dropped":    {"      action = \"drop\"", model},
		"persons":    {"      action = \"drop\"", "subject = \"nom\"" + model},
		"conditions": {"      clear_when = row.n == 7\n      otherwise  = \"une personne\"", model},
		"means":      {"      action = \"drop\"", "public = [\"service\"]\nmicroaggregate \"n\" {\ncolumns = [\"n\"]\nk = 3\n}"},
		"mondrian":   {"      action = \"drop\"", "public = [\"n\"]\nquasi \"ne\" {}\nquasi \"service\" {}\nmodel {\nk = 3\nsearch = \"mondrian\"\n}"},
	}
}

// onceRows are those of a table of agents, of whom each has two, some values missing.
func onceRows() (rows [][]string) {
	r := rand.New(rand.NewPCG(3, 9))
	for i := range 9000 {
		row := []string{fmt.Sprintf("Agent %d", i/2), fmt.Sprintf("%d rue du Lavoir", i), fmt.Sprintf("19%02d-0%d-11", 50+i/2%40, 1+i/2%9),
			[]string{"Voirie", "Crèche", "Mairie"}[i/2%3], fmt.Sprint(r.IntN(10))}
		if i%97 == 5 {
			row[[]int{0, 1, 3}[i%3]] = ""
		}
		rows = append(rows, row)
	}
	return rows
}

// onceSource is a source, with its connection unless it is the file, and what it says besides.
type onceSource struct{ kind, connection, where, rest string }

// checkOnce holds what is published of each source to what is of the file, for each policy.
func checkOnce(t *testing.T, sources map[string]onceSource, env []string, lay func(t *testing.T, dir string)) {
	var file strings.Builder
	w := csv.NewWriter(&file)
	if err := w.WriteAll(append([][]string{{"nom", "rue", "ne", "service", "n"}}, onceRows()...)); err != nil {
		t.Fatal(err)
	}
	for name, policy := range oncePolicies() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := project{dir: t.TempDir(), place: keysOf("racine")}
			p.place.env = append(p.place.env, env...)
			p.write(t, "donnees/agents.csv", file.String())
			lay(t, p.dir)
			published := func(s onceSource) map[string]string {
				p.write(t, "lavoir.hcl", fmt.Sprintf(oncePipeline, s.connection, s.kind, s.where, s.rest, policy.names, policy.rest))
				p.must(t, 0, []string{"run"})
				got := tree(t, filepath.Join(p.dir, "public"))
				return map[string]string{"csv": got["agents.csv"], "parquet": got["agents.parquet"]}
			}
			want := published(onceSource{"file", "", "connection = connection.local.depot\npath = \"agents.csv\"\nformat \"csv\" {", "}"})
			if strings.Count(want["csv"], "\n") < 1000 {
				t.Fatalf("%d lines were published", strings.Count(want["csv"], "\n"))
			}
			for from, s := range sources {
				if err := os.RemoveAll(filepath.Join(p.dir, "public")); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, published(s)); diff != "" {
					t.Errorf("%s: other files than of a file: %s", from, diff[:min(len(diff), 2000)])
				}
			}
		})
	}
}

// onceInserts are statements that make the table.
func onceInserts(table, types string) (statements []string) {
	statements = append(statements, "CREATE TABLE "+table+" ("+types+")")
	for some := range slices.Chunk(onceRows(), 500) {
		var values []string
		for _, row := range some {
			var cells []string
			for _, v := range row {
				if v == "" {
					cells = append(cells, "NULL")
				} else {
					cells = append(cells, "'"+v+"'")
				}
			}
			values = append(values, "("+strings.Join(cells, ", ")+")")
		}
		statements = append(statements, "INSERT INTO "+table+" VALUES "+strings.Join(values, ", "))
	}
	return statements
}

// The rows of a database, which is asked once, are the release that the same rows of a file
// are, which may be read twice (invariant 2): whether the first pass keeps them, or puts
// them aside. Pseudonyms are of the configuration too, which names the source.
func TestADatabaseIsTheReleaseOfAFile(t *testing.T) {
	checkOnce(t, map[string]onceSource{"sqlite": {"sqlite", "connection \"sqlite\" \"base\" {\n  path = \"base.db\"\n}",
		"connection = connection.sqlite.base\nquery = \"SELECT * FROM agents ORDER BY rowid\"", ""}}, nil,
		func(t *testing.T, dir string) {
			db, err := sql.Open("sqlite", filepath.Join(dir, "base.db"))
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range onceInserts("agents", "nom TEXT, rue TEXT, ne TEXT, service TEXT, n INTEGER") {
				if _, err := db.Exec(s); err != nil {
					t.Fatal(err)
				}
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
		})
}

// A server is asked once too, by one query or over several connections.
func TestPostgresIsTheReleaseOfAFile(t *testing.T) {
	u, password := postgresServer(t)
	schema := fmt.Sprintf("une_fois_%d", os.Getpid())
	postgresExec(t, u, "CREATE SCHEMA "+schema+"; "+strings.Join(onceInserts(schema+".agents", "nom text, rue text, ne date, service text, n int8"), "; "))
	t.Cleanup(func() { postgresExec(t, u, "DROP SCHEMA "+schema+" CASCADE") })
	connection := "secret \"pg\" {\n  env = \"LAVOIR_TEST_PG_PASSWORD\"\n}\nconnection \"postgres\" \"base\" {\n  host = \"127.0.0.1\"\n  port = " + u.Port() +
		"\n  database = \"postgres\"\n  user = \"postgres\"\n  password = secret.pg\n  sslmode = \"disable\"\n}"
	from := "connection = connection.postgres.base\n"
	checkOnce(t, map[string]onceSource{
		"query": {"postgres", connection, from + "query = \"SELECT * FROM " + schema + ".agents ORDER BY ctid\"", ""},
		"table": {"postgres", connection, from + "table = \"" + schema + ".agents\"\nconnections = 3", ""},
	}, []string{"LAVOIR_TEST_PG_PASSWORD=" + password}, func(*testing.T, string) {})
}
