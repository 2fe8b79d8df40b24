package hclfile

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// FuzzLoad reads arbitrary text as a pipeline file, in both syntaxes: it never
// panics, and every mistake has a code and a place.
func FuzzLoad(f *testing.F) {
	for _, pattern := range []string{"testdata/*/*.hcl", "testdata/*/*.hcl.json"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, name := range files {
			text, err := os.ReadFile(name)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, name := range []string{"a.hcl", "a.hcl.json"} {
			p, diags := load("testdata/absent", []source{{name, text}}, testRegistry(t), Options{}, nil)
			n := 0
			diags = append(diags, p.Tasks(pipelines.Selection{}, func(pipelines.Task) bool { n++; return n < 50 })...)
			for _, d := range diags {
				if e, ok := d.Extra.(*messages.Error); !ok || e.Code == "" || d.Subject == nil {
					t.Fatalf("%v has no code or no place", d)
				}
			}
		}
	})
}

// FuzzFormat: formatted text means the same, and stays as it is when formatted again.
func FuzzFormat(f *testing.F) {
	f.Add([]byte("a=1\nb  =  2\r\n\r\n\r\n"))
	f.Add([]byte("\xef\xbb\xbfpipeline \"a\" {\nx=[1,\n2]\n}"))
	f.Add([]byte("a = <<-EOT\n  x\n  EOT\n"))
	f.Add([]byte("{"))
	f.Fuzz(func(t *testing.T, text []byte) {
		once := Format(text)
		if twice := Format(once); string(twice) != string(once) {
			t.Errorf("%q becomes %q", once, twice)
		}
	})
}

func TestFormat(t *testing.T) {
	for in, want := range map[string]string{
		"a=1\nlong =  2\n\n\n":     "a    = 1\nlong = 2\n",
		"\xef\xbb\xbfa = 1\r\n":    "a = 1\n",
		"x {\n# é\na=1\n    }":     "x {\n  # é\n  a = 1\n}\n",
		"broken {\n a=1":           "broken {\n a=1",
		"":                         "",
		"s = \"${ a }\" # comment": "s = \"${a}\" # comment\n",
	} {
		if got := string(Format([]byte(in))); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}
