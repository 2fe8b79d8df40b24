package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/lavoir-data/lavoir/connectors"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/hclfile"
	"github.com/lavoir-data/lavoir/transforms"
)

// The tour shows every kind of block that a pipeline file may have, and those that a
// project and a pipeline are made of.
func TestTheTourHasEveryBlock(t *testing.T) {
	const tour = "pipelines.example.hcl"
	text, err := os.ReadFile(filepath.Join("..", "..", tour))
	if err != nil {
		t.Fatal(err)
	}
	f, diags := hclsyntax.ParseConfig(text, tour, hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	shown := map[string]bool{}
	for _, b := range f.Body.(*hclsyntax.Body).Blocks {
		shown[b.Type] = true
		for _, inner := range b.Body.Blocks {
			shown[b.Type+"."+inner.Type] = true
		}
	}
	kinds := 0
	wanted := func(name string) {
		kinds++
		if !shown[name] {
			t.Errorf("%s has no block %s", tour, name)
		}
	}
	for _, b := range hclfile.Blocks(pipelines.MustRegistry(connectors.All, transforms.All)) {
		wanted(b.Name)
		if b.Name != "project" && b.Name != "pipeline" {
			continue
		}
		for _, inner := range b.Fields {
			if inner.Block {
				wanted(b.Name + "." + inner.Name)
			}
		}
	}
	if kinds < 20 {
		t.Errorf("only %d kinds of blocks are known", kinds)
	}
}
