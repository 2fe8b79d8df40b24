package pipelinetest

import (
	"fmt"
	"io/fs"
	"testing"

	"github.com/lavoir-data/lavoir/pipelines"
)

// Catalogue holds every component of the registry to the suite, so that none
// can be forgotten: one without an example in dirs fails. Transforms and privacy
// stages run the whole suite; what other kinds do depends on files, servers and stores, so
// that their packages call Source, Format and Sink beside this.
func Catalogue(t *testing.T, reg *pipelines.Registry, dirs ...fs.FS) {
	t.Helper()
	for _, c := range reg.All("") {
		t.Run(fmt.Sprintf("%s %s", c.Kind, c.Name), func(t *testing.T) {
			examples, err := examplesIn(reg, c, dirs)
			if err != nil {
				t.Fatal(err)
			}
			config(t, reg, c, examples)
			switch c.Kind {
			case pipelines.KindTransform:
				transform(t, reg, c, examples)
			case pipelines.KindPrivacy:
				privacy(t, reg, c, examples)
			}
		})
	}
}

// examplesIn are the archives that bear c's name and have its block: a
// connection and a load of one name may each have theirs.
func examplesIn(reg *pipelines.Registry, c pipelines.Component, dirs []fs.FS) ([]Example, error) {
	var found []Example
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
				found = append(found, e)
			}
		}
	}
	return found, nil
}
