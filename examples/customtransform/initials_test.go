package main

import (
	"os"
	"testing"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
)

// TestConformance holds the transform to the whole contract by its examples.
func TestConformance(t *testing.T) {
	reg, err := pipelines.NewRegistry([]pipelines.Component{Initials})
	if err != nil {
		t.Fatal(err)
	}
	pipelinetest.Catalogue(t, reg, os.DirFS("examples"))
}
