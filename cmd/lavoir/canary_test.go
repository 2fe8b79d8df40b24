package main

import (
	"database/sql"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"
	_ "modernc.org/sqlite"
)

// What must never be seen outside the quarantine: a secret, what rows hold, the
// name of an input file.
const (
	canarySecret = "SerinSecret7f3a9c"
	canaryName   = "SERINPERSONNE"
	canaryCell   = "SerinCellule"
	canaryFile   = "SerinFichier"
)

const canaryPipeline = `
secret "cle" {
  env = "LAVOIR_TEST_CANARY"
}
project {
  fingerprint_key = secret.cle
  %s
}
connection "local" "depot" {
  path = "donnees"
}
connection "sqlite" "base" {
  path = "donnees/base.db"
}
%s
pipeline "agents" {
  partition "exercice" {
    values = ["2024"]
  }
  authorization {
    allowed   = true
    reference = "test"
  }
  %[6]s
  on_reject = %[3]q
  %[4]s
  privacy {
    identifier "nom" {
      clear_when = row.motif == "connu"
      otherwise  = "Personne physique"
    }
    public = ["id", "montant"]
  }
  load %[5]q "sortie" {
    connection = connection.%[5]s.sortie
    prefix     = "agents"
    file "parquet" {}
    file "csv" {}
  }
}
`

const canaryFileSource = `source "file" "export" {
    connection = connection.local.depot
    path       = "(?:[A-Za-z]+)_(?<exercice>\\d{4}).csv"
    format "csv" {
      delimiter = ";"
      columns = { id = int64, nom = text, montant = decimal(12, 2), jour = date, motif = text }
    }
  }`

const canaryTableSource = `source "sqlite" "export" {
    connection = connection.sqlite.base
    query      = "select id, nom, montant, jour, motif from agents where exercice = @exercice order by id"
    params     = { exercice = partition.key }
    order_by   = ["id"]
    columns    = { id = int64, nom = text, montant = decimal(12, 2), jour = date, motif = text }
  }`

type canaryCase struct {
	name   string
	rows   string // after a header
	reject string
	steps  string
	raw    string // instead of header and rows
	store  string // connection "…" "sortie"; a folder when empty
	table  string // rows of a database, in SQL, instead of a file
	split  string // the column that says to which partition a row of the file belongs
	code   int
}

const canaryHeader = "id;nom;montant;jour;motif\n"

var canaryCases = []canaryCase{
	{name: "published", code: 0},
	{name: "bad cell", rows: "2;" + canaryName + ";" + canaryCell + ";2024-01-01;x\n", code: 1},
	{name: "bad cell dropped", rows: "2;" + canaryName + ";" + canaryCell + ";2024-01-01;x\n", reject: "drop", code: 5},
	{name: "bad day", rows: "2;" + canaryName + ";1;" + canaryCell + ";x\n", code: 1},
	{name: "ragged", rows: "2;" + canaryName + ";" + canaryCell + "\n", code: 1},
	{name: "open quote", rows: "2;\"" + canaryName + ";1.00;2024-01-01;" + canaryCell + "\n", code: 1},
	{name: "stray quote", rows: "2;" + canaryName + ";1.00;2024-01-01;" + canaryCell + "\"x\n", code: 1},
	{name: "unreadable byte", rows: "2;" + canaryName + "\xe9;1.00;2024-01-01;" + canaryCell + "\n", code: 1},
	{name: "a byte that is no text", rows: "2;" + canaryName + "\x00;1.00;2024-01-01;" + canaryCell + "\n", code: 1},
	{name: "column gone", raw: "id;nom;montant;jour\n2;" + canaryName + ";1;2024-01-01\n", code: 4},
	{name: "rows for a header", raw: "2;" + canaryName + ";" + canaryCell + "\n", code: 4},
	{name: "row of an expression", steps: "transform \"derive\" \"d\" {\n columns = { q = 1 / (row.id - row.id) }\n }\n transform \"drop\" \"q\" {\n columns = [\"q\"]\n }", code: 1},
	{name: "cast", steps: "transform \"derive\" \"d\" {\n columns = { q = to_int(row.motif) }\n }\n transform \"drop\" \"q\" {\n columns = [\"q\"]\n }", code: 1},
	{name: "two rows for one", steps: "transform \"deduplicate\" \"d\" {\n by = [\"motif\"]\n }", rows: "2;" + canaryName + ";1;2024-01-01;" + canaryCell + "\n"},
	{name: "sorted", steps: "transform \"sort\" \"s\" {\n by = [\"nom\"]\n }", code: 0},
	{name: "nothing left", steps: "transform \"filter\" \"f\" {\n where = row.id > 99\n }", code: 4},
	{name: "rows of nobody", split: "motif", rows: "2;" + canaryName + ";1;2024-01-01;2024\n", code: 5},
	{name: "nobody's and a bad cell", split: "motif", rows: "2;" + canaryName + ";" + canaryCell + ";2024-01-01;2024\n", code: 1},
	{name: "store refuses", store: "s3", code: 3},
	{name: "database", table: "(1, '" + canaryName + "', '10.00', '2024-01-01', '" + canaryCell + "', '2024')", code: 0},
	{name: "database, bad number", table: "(1, '" + canaryName + "', '" + canaryCell + "', '2024-01-01', 'x', '2024')", code: 1},
	{name: "database, bad day", table: "(1, '" + canaryName + "', '1', '" + canaryCell + "', 'x', '2024')", code: 1},
	{name: "database, bad whole number", table: "('" + canaryCell + "', '" + canaryName + "', '1', '2024-01-01', 'x', '2024')", code: 1},
	{name: "quarantined", rows: "2;" + canaryName + ";" + canaryCell + ";2024-01-01;x\n", reject: "quarantine", code: 5},
}

// TestCanaries: whatever happens, at the most talkative, none of the verbs says
// or keeps a secret, a value of a row or the name of an input (invariants 3, 6
// and 11).
func TestCanaries(t *testing.T) {
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	// A store that repeats in its refusal all it was sent.
	echo := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprintf(w, "<Error><Code>AccessDenied</Code><Message>%s</Message></Error>", html.EscapeString(fmt.Sprint(r.URL, r.Header, string(body))))
	}))
	t.Cleanup(echo.Close)
	for _, c := range canaryCases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := c.project(t, identity.Recipient().String(), echo.URL)
			said := map[string]result{}
			for _, args := range [][]string{
				{"validate"}, {"plan", "--details", "--connect"}, {"plan", "--connect", "--output", "json"}, {"preview"},
				{"run", "--no-publish"}, {"run", "--report", "report.json"}, {"run", "--lang", "fr"}, {"run", "--output", "json"},
				{"verify"}, {"doctor"}, {"doctor", "--output", "json"}, {"test"}, {"purge"}, {"fmt", "-check", "-diff"},
			} {
				r := p.lavoir(t, append(args, "--log-level", "trace")...)
				said[strings.Join(args, " ")] = r
				if args[0] == "run" && len(args) > 1 && args[1] != "--no-publish" && r.code != c.code {
					t.Errorf("%v: want exit code %d, got %v", args, c.code, r)
				}
				if strings.Contains(r.err, "goroutine ") {
					t.Errorf("%v crashed: %v", args, r)
				}
			}
			for what, r := range said {
				sings(t, what+": standard output", r.out)
				sings(t, what+": standard error", r.err)
			}
			for name, data := range tree(t, p.dir) {
				if !strings.HasPrefix(name, "donnees/") && !strings.HasPrefix(name, "tests/") {
					sings(t, name, name+"\n"+data)
				}
			}
			if state := tree(t, filepath.Join(p.dir, ".lavoir")); len(state) == 0 {
				t.Error("there is no state folder to look into")
			} else {
				for name, data := range state {
					sings(t, ".lavoir/"+name, name+"\n"+data)
				}
			}
			if c.reject == "quarantine" {
				opens(t, filepath.Join(p.dir, ".lavoir", "quarantine"), identity)
			}
		})
	}
}

func (c canaryCase) project(t *testing.T, recipient, echo string) project {
	t.Helper()
	p := project{dir: t.TempDir(), place: place{env: []string{"LAVOIR_TEST_CANARY=" + canarySecret}}}
	kind, connection := "local", "connection \"local\" \"sortie\" {\n  path = \"public\"\n}\n"
	if c.store == "s3" {
		kind, connection = "s3", fmt.Sprintf("connection \"s3\" \"sortie\" {\n  endpoint = %q\n  bucket = \"opendata\"\n  path_style = true\n  insecure = true\n  access_key = secret.cle\n  secret_key = secret.cle\n}\n", echo)
	}
	reject, people, source := c.reject, "", canaryFileSource
	if c.table != "" {
		source = canaryTableSource
		p.write(t, "donnees/base.db", "")
		fill(t, filepath.Join(p.dir, "donnees", "base.db"), "create table agents (id, nom, montant, jour, motif, exercice)", "insert into agents values "+c.table)
	}
	if c.split != "" {
		source = strings.Replace(source, "format", fmt.Sprintf("partition_by = %q\n    format", c.split), 1)
	}
	if reject == "" {
		reject = "fail"
	}
	if reject == "quarantine" {
		people = fmt.Sprintf("quarantine = [%q]", recipient)
	}
	p.write(t, "lavoir.hcl", fmt.Sprintf(canaryPipeline, people, connection, reject, c.steps, kind, source))
	rows := c.raw
	if rows == "" {
		rows = canaryHeader + "1;" + canaryName + ";10.00;2024-01-01;" + canaryCell + "\n" + c.rows
	}
	p.write(t, "donnees/"+canaryFile+"_2024.csv", rows)
	return p
}

func fill(t *testing.T, path string, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			t.Fatal(err)
		}
	}
}

func sings(t *testing.T, where, text string) {
	t.Helper()
	for _, canary := range []string{canarySecret, canaryName, canaryCell, canaryFile} {
		if i := strings.Index(text, canary); i >= 0 {
			t.Errorf("%s holds %s: …%s…", where, canary, text[max(0, i-200):min(len(text), i+60)])
		}
	}
}

// opens says that who has the key, and only who has it, reads what was rejected.
func opens(t *testing.T, dir string, identity age.Identity) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.age"))
	if err != nil || len(files) == 0 {
		t.Fatalf("nothing is in quarantine (%v)", err)
	}
	stranger, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if _, err := decrypt(file, stranger); err == nil {
			t.Errorf("a stranger opens the quarantine")
		}
		text, err := decrypt(file, identity)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{`"line":3`, `"column":"montant"`, `"code":"LAV-2502"`, `"raw":`} {
			if !strings.Contains(text, want) {
				t.Errorf("the quarantine does not hold %s: %s", want, text)
			}
		}
	}
}

func decrypt(path string, identity age.Identity) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	r, err := age.Decrypt(f, identity)
	if err != nil {
		return "", err
	}
	data, err := io.ReadAll(r)
	return string(data), err
}
