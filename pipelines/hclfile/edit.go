package hclfile

import (
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclwrite"

	"github.com/lavoir-data/lavoir/pipelines"
)

// EditedSource is the block of a task's source as its file has it, but for what edit
// does to its format's block; "" where that is not in native syntax.
func (p *Project) EditedSource(t pipelines.Task, edit func(format *hclwrite.Body)) string {
	at := t.Chain.Source.Range
	file := p.files[at.Filename]
	if file == nil {
		return ""
	}
	f, diags := hclwrite.ParseConfig(file.Bytes, at.Filename, hcl.InitialPos)
	if diags.HasErrors() {
		return ""
	}
	bodies := []*hclwrite.Body{f.Body()}
	for _, step := range [][]string{{"pipeline", t.ID.Pipeline}, {"variant", t.Variant}} {
		if step[1] != "" {
			bodies = append(bodies, inside(bodies[len(bodies)-1], step[0], step[1:])...)
		}
	}
	slices.Reverse(bodies) // a variant's own source before the pipeline's
	for _, b := range bodies {
		for _, block := range b.Blocks() {
			if block.Type() == "source" && slices.Equal(block.Labels(), []string{t.Chain.Source.Component.Name, t.Chain.Source.Label}) {
				for _, format := range block.Body().Blocks() {
					if format.Type() == "format" {
						edit(format.Body())
					}
				}
				return string(block.BuildTokens(nil).Bytes())
			}
		}
	}
	return ""
}

// inside is the body of the first block of that type and labels.
func inside(b *hclwrite.Body, typ string, labels []string) []*hclwrite.Body {
	for _, block := range b.Blocks() {
		if block.Type() == typ && slices.Equal(block.Labels(), labels) {
			return []*hclwrite.Body{block.Body()}
		}
	}
	return nil
}
