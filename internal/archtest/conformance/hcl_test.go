package conformance

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/lavoir-data/lavoir/pipelines"
)

// bodyWith parses a block's body in which the name place is the connection.
func bodyWith(text string, place pipelines.Connection) (hcl.Body, *hcl.EvalContext, error) {
	f, diags := hclsyntax.ParseConfig([]byte(text), "pipeline.hcl", hcl.InitialPos)
	if diags.HasErrors() {
		return nil, nil, diags
	}
	return f.Body, &hcl.EvalContext{Variables: map[string]cty.Value{
		"place": cty.CapsuleVal(pipelines.ConnectionValue, &place),
	}}, nil
}
