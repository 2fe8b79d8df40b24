package main

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

var updatePages = flag.Bool("pages", false, "write the pages of the examples on persons")

// TestExamplesOnPersons runs the commands of the READMEs of the examples whose data
// are on persons, in a folder of their own. The pages are the committed ones to the
// byte; nothing of them, of what is published or of the private report is a name.
func TestExamplesOnPersons(t *testing.T) {
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("there is no shell to run the commands of a README")
	}
	for _, example := range []struct {
		name      string
		anonymous bool
		source    string
		hidden    []int // columns of the source of which nothing may be seen
	}{
		{"agents", true, "donnees/agents.csv", []int{0, 1, 2, 3}},
		{"petite-enfance", false, "donnees/familles.csv", []int{0, 1}},
	} {
		t.Run(example.name, func(t *testing.T) {
			t.Parallel()
			from := filepath.Join("..", "..", "examples", example.name)
			p := project{dir: t.TempDir()}
			for name, text := range tree(t, from) {
				if !strings.HasPrefix(name, "published/") && !strings.HasPrefix(name, "confidentialite.") {
					p.write(t, name, text)
				}
			}
			var said strings.Builder
			for _, block := range shellBlocks(string(mustRead(t, filepath.Join(from, "README.md")))) {
				cmd, out, errOut := p.command(shell, "-eu", "-c", block)
				if r := ended(t, cmd.Run(), out, errOut); r.code != 0 {
					t.Fatalf("%s: %v", block, r)
				}
				said.WriteString(out.String() + errOut.String())
			}
			for _, page := range []string{"confidentialite.html", "confidentialite.md"} {
				got, want := mustRead(t, filepath.Join(p.dir, page)), filepath.Join(from, page)
				if *updatePages {
					if err := os.WriteFile(want, got, 0o644); err != nil {
						t.Fatal(err)
					}
				}
				if !bytes.Equal(got, mustRead(t, want)) {
					t.Errorf("%s is another one; look at it, and take it with go test ./cmd/lavoir -run TestExamplesOnPersons -pages:\n%s", page, got)
				}
				if strings.Contains(strings.ToLower(string(got)), "anonymis") != example.anonymous {
					t.Errorf("%s: whether the data are called anonymised is not %v", page, example.anonymous)
				}
				said.Write(got)
			}
			for name, text := range tree(t, filepath.Join(p.dir, "published")) {
				if !strings.HasSuffix(name, ".parquet") { // its bytes are looked into by the attack
					said.WriteString(text)
				}
			}
			all := said.String()
			for i, line := range strings.Split(strings.TrimSpace(string(mustRead(t, filepath.Join(from, filepath.FromSlash(example.source))))), "\n") {
				for _, c := range example.hidden {
					if cell := strings.Split(line, ";")[c]; i > 0 && strings.Contains(all, cell) {
						t.Errorf("line %d: column %d can be read", i+1, c+1)
					}
				}
			}
			if !strings.Contains(all, "Les trois questions du G29") {
				t.Error("the report does not answer the questions of WP29")
			}
		})
	}
}

// shellBlocks are the blocks of a document that are commands.
func shellBlocks(text string) (blocks []string) {
	parts := strings.Split(text, "```")
	for i := 1; i < len(parts); i += 2 {
		if block, ok := strings.CutPrefix(parts[i], "sh\n"); ok {
			blocks = append(blocks, block)
		}
	}
	return blocks
}

func mustRead(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
