package pipelinetest

import (
	"fmt"
	"io/fs"
	"testing"

	"github.com/lavoir-data/lavoir/pipelines"
)

// Catalogue holds every component of the registry to the suite, so that none
// can be forgotten. Each has its examples in exactly one of dirs; one without
// any fails. Transforms run the whole suite; what other kinds do depends on
// files, servers and stores, so that their packages call Source, Format and
// Sink beside this.
func Catalogue(t *testing.T, reg *pipelines.Registry, dirs ...fs.FS) {
	t.Helper()
	for _, c := range reg.All("") {
		t.Run(fmt.Sprintf("%s %s", c.Kind, c.Name), func(t *testing.T) {
			dir, err := home(reg, c, dirs)
			if err != nil {
				t.Fatal(err)
			}
			if c.Kind == pipelines.KindTransform {
				Transform(t, reg, c, dir)
			} else {
				Config(t, reg, c, dir)
			}
		})
	}
}

func home(reg *pipelines.Registry, c pipelines.Component, dirs []fs.FS) (fs.FS, error) {
	var found []fs.FS
	for _, dir := range dirs {
		examples, err := Examples(reg, c, dir)
		if err != nil {
			return nil, err
		}
		for _, e := range examples {
			bs, err := e.blocks()
			if err != nil {
				return nil, fmt.Errorf("%s.txtar: %w", e.Name, err)
			}
			if len(find(bs, c)) > 0 {
				found = append(found, dir)
				break
			}
		}
	}
	if len(found) != 1 {
		return nil, fmt.Errorf("%s %q has examples in %d folders instead of one", c.Kind, c.Name, len(found))
	}
	return found[0], nil
}
