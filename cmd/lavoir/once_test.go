package main

import (
	"database/sql"
	"encoding/csv"
	"fmt"
	"math/rand/v2"
	"path/filepath"
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
connection "sqlite" "base" {
  path = "base.db"
}
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

// The rows of a database, which is asked once, are the release that the same rows of a file
// are, which may be read twice (invariant 2): whether the first pass keeps them, or puts
// them aside. Pseudonyms are of the configuration too, which names the source.
func TestADatabaseIsTheReleaseOfAFile(t *testing.T) {
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
	for name, policy := range map[string]struct{ names, rest string }{
		"dropped":    {"      action = \"drop\"", model},
		"persons":    {"      action = \"drop\"", "subject = \"nom\"" + model},
		"conditions": {"      clear_when = row.n == 7\n      otherwise  = \"une personne\"", model},
		"means":      {"      action = \"drop\"", "public = [\"service\"]\nmicroaggregate \"n\" {\ncolumns = [\"n\"]\nk = 3\n}"},
		"mondrian":   {"      action = \"drop\"", "public = [\"n\"]\nquasi \"ne\" {}\nquasi \"service\" {}\nmodel {\nk = 3\nsearch = \"mondrian\"\n}"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(3, 9))
			p := project{dir: t.TempDir(), place: keysOf("racine")}
			db, err := sql.Open("sqlite", filepath.Join(p.dir, "base.db"))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := db.Exec("CREATE TABLE agents (nom TEXT, rue TEXT, ne TEXT, service TEXT, n INTEGER)"); err != nil {
				t.Fatal(err)
			}
			tx, err := db.Begin()
			if err != nil {
				t.Fatal(err)
			}
			var file strings.Builder
			w := csv.NewWriter(&file)
			if err := w.Write([]string{"nom", "rue", "ne", "service", "n"}); err != nil {
				t.Fatal(err)
			}
			for i := range 9000 {
				row := []string{fmt.Sprintf("Agent %d", i/2), fmt.Sprintf("%d rue du Lavoir", i), fmt.Sprintf("19%02d-0%d-11", 50+i/2%40, 1+i/2%9),
					[]string{"Voirie", "Crèche", "Mairie"}[i/2%3], fmt.Sprint(r.IntN(10))}
				if err := w.Write(row); err != nil {
					t.Fatal(err)
				}
				if _, err := tx.Exec("INSERT INTO agents VALUES (?, ?, ?, ?, ?)", row[0], row[1], row[2], row[3], row[4]); err != nil {
					t.Fatal(err)
				}
			}
			w.Flush()
			if err := tx.Commit(); err != nil {
				t.Fatal(err)
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			p.write(t, "donnees/agents.csv", file.String())
			published := func(kind, where, format string) map[string]string {
				p.write(t, "lavoir.hcl", fmt.Sprintf(oncePipeline, kind, where, format, policy.names, policy.rest))
				p.must(t, 0, []string{"run"})
				got := tree(t, filepath.Join(p.dir, "public"))
				return map[string]string{"csv": got["agents.csv"], "parquet": got["agents.parquet"]}
			}
			got := published("sqlite", "connection = connection.sqlite.base\nquery = \"SELECT * FROM agents ORDER BY rowid\"", "")
			want := published("file", "connection = connection.local.depot\npath = \"agents.csv\"\nformat \"csv\" {", "}")
			if strings.Count(got["csv"], "\n") < 1000 {
				t.Fatalf("%d lines were published", strings.Count(got["csv"], "\n"))
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("other files than of a file: %s", diff[:min(len(diff), 2000)])
			}
		})
	}
}
