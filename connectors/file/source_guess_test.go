package file

import (
	"archive/zip"
	"bytes"
	"context"
	"io"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

func packed(t *testing.T, members ...[2]string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, m := range members {
		f, err := w.Create(m[0])
		if err == nil {
			_, err = io.WriteString(f, m[1])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Of an archive the largest member that some format reads is looked at, however
// large the others are.
func TestUnwrapTakesWhatIsRead(t *testing.T) {
	pdf := "%PDF" + strings.Repeat("x", 500)
	document := string(packed(t, [2]string{"mimetype", "application/vnd.oasis.opendocument.text"}, [2]string{"content.xml", strings.Repeat("<x/>", 300)}))
	inner := string(packed(t, [2]string{"export.csv", "a;b\n1;2\n"}))
	unwrap := func(data []byte) (string, []pipelines.GuessBlock, error) {
		in := pipelines.GuessFile{Name: "x", Extension: ".zip", Size: int64(len(data)),
			Open: func(context.Context) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil },
			Likely: func(head []byte, _ pipelines.GuessFile) int {
				if bytes.HasPrefix(head, []byte("a;b")) {
					return 50
				}
				return 0
			}}
		mem := memory.NewGoAllocator()
		env := pipelines.Env{Allocator: mem, Spool: pipelines.NewSpool(t.TempDir(), mem, 1<<20), Hide: func(string) string { return "x" }}
		out, blocks, closed, err := sourceConfig{}.Unwrap(context.Background(), env, in)
		defer func() {
			if err := closed(); err != nil {
				t.Error(err)
			}
		}()
		if err != nil {
			return "", blocks, err
		}
		r, err := out.Open(context.Background())
		if err != nil {
			return "", blocks, err
		}
		defer r.Close()
		b, err := io.ReadAll(r)
		return string(b), blocks, err
	}
	for what, c := range map[string]struct {
		data   []byte
		layers int
	}{
		"beside documents":     {packed(t, [2]string{"acte.pdf", pdf}, [2]string{"annexe.odt", document}, [2]string{"export.csv", "a;b\n1;2\n"}), 1},
		"in another archive":   {packed(t, [2]string{"acte.pdf", pdf}, [2]string{"export.zip", inner}), 2},
		"and a smaller export": {packed(t, [2]string{"petit.csv", "a;b\n"}, [2]string{"export.csv", "a;b\n1;2\n"}), 1},
	} {
		got, blocks, err := unwrap(c.data)
		if err != nil || got != "a;b\n1;2\n" || len(blocks) != c.layers {
			t.Errorf("%s: %q in %d layers, %v", what, got, len(blocks), err)
		}
	}
	_, _, err := unwrap(packed(t, [2]string{"acte.pdf", pdf}, [2]string{"annexe.odt", document}))
	if m := messages.Find(err); m == nil || m.Code != messages.GuessMembers.Code || strings.Contains(err.Error(), "acte") {
		t.Errorf("only documents: %v", err)
	}
}
