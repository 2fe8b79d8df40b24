package transforms_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
	"github.com/lavoir-data/lavoir/transforms"
)

func registry(t *testing.T) *pipelines.Registry {
	t.Helper()
	reg, err := pipelines.NewRegistry(transforms.All)
	if err != nil {
		t.Fatal(err)
	}
	return reg
}

func exampleDirs(t *testing.T) (dirs []fs.FS) {
	t.Helper()
	names, err := filepath.Glob("*/examples")
	if err != nil || len(names) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	for _, name := range names {
		dirs = append(dirs, os.DirFS(name))
	}
	return dirs
}

func TestEveryTransformKeepsTheContract(t *testing.T) {
	pipelinetest.Catalogue(t, registry(t), exampleDirs(t)...)
}

// Every file with a component is in the catalogue: a package's components are
// as many as its examples name.
func TestEveryExampleBelongsToAComponent(t *testing.T) {
	reg := registry(t)
	owned := map[string]bool{}
	for _, dir := range exampleDirs(t) {
		for _, c := range reg.All("") {
			examples, err := pipelinetest.Examples(reg, c, dir)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range examples {
				owned[e.Name+".txtar"] = true
			}
		}
		names, err := fs.Glob(dir, "*")
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if !owned[name] {
				t.Errorf("%s is the example of no component in the catalogue", name)
			}
		}
	}
}
