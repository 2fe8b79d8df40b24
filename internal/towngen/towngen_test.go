package towngen

import (
	"bytes"
	"context"
	"database/sql"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write testdata/town")

var town = filepath.Join("..", "..", "testdata", "town")

// TestTownIsWhatIsGenerated fails when somebody edits the town by hand.
func TestTownIsWhatIsGenerated(t *testing.T) {
	files, err := Files()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		write(t, files)
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(town, name))
		if err != nil {
			t.Error(err)
		} else if !bytes.Equal(want, got) {
			t.Errorf("%s is not what is generated; run go test ./internal/towngen -update", name)
		}
	}
	fresh := filepath.Join(t.TempDir(), "fresh.db")
	if err := database(context.Background(), fresh, string(files["backoffice.sql"])); err != nil {
		t.Fatal(err)
	}
	if want, got := dump(t, fresh), dump(t, filepath.Join(town, "backoffice.db")); want != got {
		t.Error("backoffice.db is not what backoffice.sql says; run go test ./internal/towngen -update")
	}
}

func write(t *testing.T, files map[string][]byte) {
	for name, data := range files {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(town, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(town, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	db := filepath.Join(town, "backoffice.db")
	if err := os.Remove(db); err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	if err := database(context.Background(), db, string(files["backoffice.sql"])); err != nil {
		t.Fatal(err)
	}
}

// dump gives all rows of all tables; the file's own bytes depend on the version of SQLite.
func dump(t *testing.T, file string) string {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.ToSlash(file)+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var b strings.Builder
	for _, table := range []string{"services", "tiers", "conventions", "agents", "conges"} {
		rows, err := db.Query("SELECT * FROM " + table + " ORDER BY 1")
		if err != nil {
			t.Fatal(err)
		}
		cols, err := rows.Columns()
		if err != nil {
			t.Fatal(err)
		}
		cells := make([]any, len(cols))
		into := make([]any, len(cols))
		for i := range cells {
			into[i] = &cells[i]
		}
		for rows.Next() {
			if err := rows.Scan(into...); err != nil {
				t.Fatal(err)
			}
			fmt.Fprintln(&b, table, cells)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		rows.Close()
	}
	return b.String()
}

func TestCheckDigits(t *testing.T) {
	for _, known := range []string{"73282932000074", "732829320"} {
		if got := checkDigit(known[:len(known)-1]); got != known[len(known)-1:] {
			t.Errorf("%s should end with %s, not with %s", known, known[len(known)-1:], got)
		}
	}
}

func TestAmounts(t *testing.T) {
	for cents, want := range map[int]string{5: "0,05", 99999: "999,99", 100000: "1 000,00", 123456789: "1 234 567,89", -15000: "-150,00"} {
		if got := amount(cents, " "); got != want {
			t.Errorf("%d cents are %q, not %q", cents, got, want)
		}
	}
}
