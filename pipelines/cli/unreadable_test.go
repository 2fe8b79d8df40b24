package cli

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/lavoir-data/lavoir/pipelines"
)

// A file that the account may not read is said to be so before anything looks into it.
func TestOpenGuessedUnreadable(t *testing.T) {
	file := filepath.Join(t.TempDir(), "agents.csv")
	if err := os.WriteFile(file, []byte("nom\nFICTIF\n"), 0o000); err != nil {
		t.Fatal(err)
	}
	if f, err := os.Open(file); err == nil {
		f.Close()
		t.Skip("this account may read everything, or files have no such rights here")
	}
	_, err := openGuessed(file)
	if got := pipelines.Unreadable(err); got != "the account may not use it" {
		t.Errorf("got %q (%v)", got, err)
	}
}
