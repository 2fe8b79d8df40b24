package hclfile

import (
	"reflect"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// chain is a steps block, contract a contract block, policy a privacy block of
// the top level: what steps.<name>, contract.<name> and privacy.<name> refer to.
type chain struct {
	name  string
	parts []*part
	ok    bool
}

type contract struct {
	pipelines.Contract
	columns hclsyntax.Expression // as an object of types
}

type policy struct {
	name string
	part *part
}

var (
	chainValue    = cty.Capsule("steps", reflect.TypeOf(chain{}))
	contractValue = cty.Capsule("contract", reflect.TypeOf(contract{}))
	policyValue   = cty.Capsule("privacy policy", reflect.TypeOf(policy{}))
)

func (l *loader) contractBlocks() {
	values := map[string]cty.Value{}
	for _, b := range l.blocks["contract"] {
		cfg := contractDefaults
		values[b.Labels[0]] = cty.DynamicVal
		diags := pipelines.DecodeBody(l.reg, `contract "`+b.Labels[0]+`"`, b.Body, l.root, &cfg)
		l.add(diags...)
		if diags.HasErrors() {
			l.broken = true
			continue
		}
		c := &contract{Contract: pipelines.Contract{OnAdded: cfg.OnAdded, OnRemoved: cfg.OnRemoved, OnRetyped: cfg.OnRetyped}}
		columns := &hclsyntax.ObjectConsExpr{SrcRange: defRange(b), OpenRange: defRange(b)}
		i := 0
		for _, cb := range b.Body.Blocks {
			if cb.Type != "column" {
				continue
			}
			at := cb.LabelRanges[0]
			c.Columns = append(c.Columns, pipelines.ColumnDecl{Name: cb.Labels[0], ColumnType: cfg.Columns[i].Type, Range: at})
			columns.Items = append(columns.Items, hclsyntax.ObjectConsItem{
				KeyExpr:   &hclsyntax.LiteralValueExpr{Val: cty.StringVal(cb.Labels[0]), SrcRange: at},
				ValueExpr: cb.Body.Attributes["type"].Expr})
			i++
		}
		c.columns = columns
		l.contracts[b.Labels[0]] = c
		values[b.Labels[0]] = cty.CapsuleVal(contractValue, c)
	}
	l.root.Variables["contract"] = cty.ObjectVal(values)
}

func (l *loader) chainBlocks() {
	values := map[string]cty.Value{}
	f, _ := find(l.fields, "steps")
	for _, b := range l.blocks["steps"] {
		l.shape(`steps "`+b.Labels[0]+`"`, b.Body, f.Fields, nil)
		c := &chain{name: b.Labels[0], ok: l.check(b.Body, anywhere)}
		labels := map[string]hcl.Range{}
		for _, tb := range b.Body.Blocks {
			if p := l.part(pipelines.KindTransform, tb, labels); p != nil {
				c.parts = append(c.parts, p)
			} else {
				c.ok = false
			}
		}
		l.chains[c.name] = c
		values[c.name] = cty.CapsuleVal(chainValue, c)
	}
	l.root.Variables["steps"] = cty.ObjectVal(values)
}

func (l *loader) policyBlocks() {
	values := map[string]cty.Value{}
	for _, b := range l.blocks["privacy"] {
		ok := l.check(b.Body, anywhere)
		values[b.Labels[0]] = cty.DynamicVal
		comp, found := l.policyComponent(b.TypeRange)
		if !ok || !found {
			l.broken = true
			continue
		}
		l.partShape(comp, b.Body)
		p := newPart(comp, b.Labels[0], b.Body, defRange(b))
		l.policies[b.Labels[0]] = &policy{b.Labels[0], p}
		values[b.Labels[0]] = cty.CapsuleVal(policyValue, l.policies[b.Labels[0]])
	}
	l.root.Variables["privacy"] = cty.ObjectVal(values)
}

func (l *loader) policyComponent(at hcl.Range) (pipelines.Component, bool) {
	c, ok := l.reg.Find(pipelines.KindPrivacy, policyName)
	if !ok {
		l.say(messages.UnknownComponent.With("kind", pipelines.KindPrivacy, "name", policyName, "hint", pipelines.Hint(policyName, nil)), at)
	}
	return c, ok
}
