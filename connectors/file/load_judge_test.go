package file

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/lavoir-data/lavoir/connectors/store"
	"github.com/lavoir-data/lavoir/connectors/store/storetest"
	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// inOnePass reads a file back as the runner does.
func inOnePass(f pipelines.Audited) error {
	ctx := context.Background()
	c, err := f.OpenAudited(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	for {
		chunk, err := c.Next(ctx)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		b, err := chunk.Decode(ctx)
		if err != nil {
			return err
		}
		b.Release()
	}
}

// A sealed file that the disk gives back with a bit turned over, longer or
// shorter passes no audit, whatever the bit says (invariant 5).
func TestEveryByteOfASealedFileCounts(t *testing.T) {
	mem := memory.NewCheckedAllocator(arrowx.Poison{})
	defer mem.AssertSize(t, 0)
	config, diags := storetest.Decode(store.Local, "path = \""+filepath.ToSlash(t.TempDir())+"\"")
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	env := storetest.Env(t.TempDir())
	env.Allocator = mem
	env.Task.Pipeline = "associations"
	cfg, diags := decodeLoad(t, LoadLocal, store.Local, config, "file \"csv\" {}\nfile \"parquet\" {\n  metadata = { licence = \"ouverte\" }\n}")
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	sink, err := pipelines.As[pipelines.Sink](pipelines.Built{Component: LoadLocal, Config: cfg}, env)
	if err != nil {
		t.Fatal(err)
	}
	in := func() pipelines.Stream {
		return pipelines.Records(testSchema, record(mem, []string{"Les Amis du lavoir", "œuvre", "29019", "a;b,c\"d", ""}))
	}
	s, err := sink.Seal(context.Background(), in())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Discard()
	plain, err := testLoad(t, localStore(t, t.TempDir())).Seal(context.Background(), in()) // of a format without the ability
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Discard()
	judge := func(f pipelines.SealedFile) []error {
		errs := []error{f.Audit(context.Background())}
		if a, ok := f.(pipelines.Audited); ok {
			errs = append(errs, inOnePass(a))
		}
		return errs
	}
	abilities := 0
	for _, seal := range []pipelines.Sealed{s, plain} {
		for i, f := range seal.Files() {
			path := seal.(*sealed).files[i].path
			good, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			refused := func(what string, at int, data []byte) {
				if err := os.WriteFile(path, data, 0o600); err != nil {
					t.Fatal(err)
				}
				for _, err := range judge(f) {
					if err == nil {
						t.Errorf("%s, %s byte %d of %d: nobody notices", f.Info().Name, what, at, len(good))
					} else if len(data) != len(good) && !messages.Has(err, messages.SealDiffers) {
						t.Errorf("%s, %s byte %d of %d: %v", f.Info().Name, what, at, len(good), err)
					}
				}
			}
			for at := range good {
				bad := bytes.Clone(good)
				bad[at] ^= 1 << (at % 8)
				refused("a bit of", at, bad)
			}
			refused("without", len(good)-1, good[:len(good)-1])
			refused("after", len(good), append(bytes.Clone(good), '\n'))
			if err := os.WriteFile(path, good, 0o600); err != nil {
				t.Fatal(err)
			}
			for _, err := range judge(f) {
				if err != nil {
					t.Errorf("%s as it was written: %v", f.Info().Name, err)
				}
			}
			abilities += len(judge(f)) - 1
		}
	}
	if abilities != 2 {
		t.Errorf("%d files can be read back in one pass", abilities)
	}
}
