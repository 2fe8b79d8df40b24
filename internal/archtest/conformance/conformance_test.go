package conformance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/connectors"
	"github.com/lavoir-data/lavoir/connectors/file"
	"github.com/lavoir-data/lavoir/connectors/format"
	"github.com/lavoir-data/lavoir/connectors/store"
	"github.com/lavoir-data/lavoir/connectors/store/storetest"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
)

// TestConnectorsConform holds every connector to what holds for any component.
// The catalogue of transforms has its test beside it; connectors have theirs
// here, because the packages of connectors do not know each other.
func TestConnectorsConform(t *testing.T) {
	var dirs []fs.FS
	names, err := filepath.Glob(filepath.Join("..", "..", "..", "connectors", "*", "examples"))
	if err != nil || len(names) == 0 {
		t.Fatalf("there are no examples: %v", err)
	}
	for _, name := range names {
		dirs = append(dirs, os.DirFS(name))
	}
	reg, err := pipelines.NewRegistry(connectors.All)
	if err != nil {
		t.Fatal(err)
	}
	pipelinetest.Catalogue(t, reg, dirs...)
}

// TestFormatsConform holds every format that writes to the suite.
func TestFormatsConform(t *testing.T) {
	reg, err := pipelines.NewRegistry(connectors.All)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range reg.All(pipelines.KindFormat) {
		t.Run(c.Name, func(t *testing.T) {
			if _, err := pipelines.As[format.Writer](pipelines.Built{Component: c, Config: c.New()}, pipelinetest.Env(t)); err != nil {
				t.Skipf("%s does not write: %v", c.Name, err)
			}
			pipelinetest.Format(t, func(env pipelines.Env) (pipelinetest.Codec, error) {
				w, err := pipelines.As[format.Writer](pipelines.Built{Component: c, Config: c.New()}, env)
				return codec{w}, err
			})
		})
	}
}

// codec is a format as the suite sees it.
type codec struct{ format.Writer }

func (c codec) Begin(out io.Writer, s *arrow.Schema) (pipelinetest.FileWriter, error) {
	return c.Writer.Begin(out, s, format.About{Software: "lavoir"})
}

// TestLoadConforms publishes into a folder whose writes can be made to fail.
func TestLoadConforms(t *testing.T) {
	pipelinetest.Sink(t, func(t testing.TB) pipelinetest.Place {
		dir := t.TempDir()
		faults := &faults{}
		cfg, diags := storetest.Decode(store.Local, fmt.Sprintf("path = %q\n", filepath.ToSlash(dir)))
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		faulty := pipelines.DefineConnection("local", "A folder whose writes can fail.", struct{}{}, func(env pipelines.Env, _ struct{}) (store.Store, error) {
			s, err := pipelines.As[store.Store](pipelines.Built{Component: store.Local, Config: cfg}, env)
			return faultyStore{s, faults}, err
		})
		return pipelinetest.Place{
			Sink: func(env pipelines.Env) (pipelines.Sink, error) {
				reg, err := pipelines.NewRegistry([]pipelines.Component{faulty, format.CSV, format.Parquet, file.LoadLocal})
				if err != nil {
					return nil, err
				}
				load, err := loadConfig(reg, faulty)
				if err != nil {
					return nil, err
				}
				return pipelines.As[pipelines.Sink](load, env)
			},
			FailAt:  func(k int) { *faults = fault(k) },
			Failed:  func() bool { return faults.failed },
			Visible: func() (map[string]string, error) { return current(dir) },
		}
	})
}

func loadConfig(reg *pipelines.Registry, connection pipelines.Component) (pipelines.Built, error) {
	text := "connection = place\nname = \"essai\"\nfile \"csv\" {}\nfile \"parquet\" {}\n"
	body, ctx, err := bodyWith(text, pipelines.Connection{Built: pipelines.Built{Component: connection, Label: "essai", Config: struct{}{}}})
	if err != nil {
		return pipelines.Built{}, err
	}
	cfg, diags := file.LoadLocal.Decode(reg, body, ctx)
	if diags.HasErrors() {
		return pipelines.Built{}, diags
	}
	return pipelines.Built{Component: file.LoadLocal, Label: "essai", Config: cfg}, nil
}

// current is what a reader of the folder sees: the files of the release that
// the pointer names.
func current(dir string) (map[string]string, error) {
	data, err := os.ReadFile(filepath.Join(dir, "current.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var pointer struct{ Release string }
	if err := json.Unmarshal(data, &pointer); err != nil {
		return nil, err
	}
	seen := map[string]string{"release": pointer.Release}
	folder := filepath.Join(dir, "releases", strings.TrimPrefix(pointer.Release, "sha256:"))
	files, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		data, err := os.ReadFile(filepath.Join(folder, f.Name()))
		if err != nil {
			return nil, err
		}
		seen[f.Name()] = string(data)
	}
	if len(seen) < 4 { // two files, a manifest and the name
		return nil, fmt.Errorf("the current release has only %d files", len(seen)-1)
	}
	return seen, nil
}

type faults struct {
	at, n  int
	failed bool
}

func fault(k int) faults { return faults{at: k} }

func (f *faults) next() error {
	f.n++
	if f.at > 0 && f.n >= f.at {
		f.failed = true
		return messages.Internal.With("what", "the test made a write fail")
	}
	return nil
}

type faultyStore struct {
	store.Store
	*faults
}

func (f faultyStore) Put(ctx context.Context, key string, c store.Content) (store.Info, error) {
	if err := f.next(); err != nil {
		return store.Info{}, err
	}
	return f.Store.Put(ctx, key, c)
}

func (f faultyStore) Swap(ctx context.Context, key string, data []byte, old string) (store.Info, error) {
	if err := f.next(); err != nil {
		return store.Info{}, err
	}
	return f.Store.Swap(ctx, key, data, old)
}

func (f faultyStore) Delete(ctx context.Context, key string) error {
	if err := f.next(); err != nil {
		return err
	}
	return f.Store.Delete(ctx, key)
}
