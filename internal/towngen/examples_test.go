package towngen

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestExamplesAreWhatIsGenerated fails when somebody edits an export of an example by hand.
func TestExamplesAreWhatIsGenerated(t *testing.T) {
	for name, want := range Examples() {
		path := filepath.Join("..", "..", "examples", filepath.FromSlash(name))
		if *update {
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := os.ReadFile(path); err != nil {
			t.Error(err)
		} else if !bytes.Equal(want, got) {
			t.Errorf("%s is not what is generated; run go test ./internal/towngen -update", name)
		}
	}
}
