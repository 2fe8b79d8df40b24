package expr

import (
	"sort"
	"strings"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// maxOperations bounds what one expression may hold of scratch memory.
const maxOperations = 1024

// compiler turns one expression into nodes. A method that finds a mistake
// reports it and returns nil; a nil operand was reported before.
type compiler struct {
	values *hcl.EvalContext
	schema *arrow.Schema
	diags  hcl.Diagnostics
	slots  int
	fails  []*messages.Error
	used   map[string]*node // the columns met, each loaded once
	twins  map[int]*node    // by slot, what small made of it
}

func (c *compiler) report(err error, at hcl.Range) {
	c.diags = append(c.diags, pipelines.Diagnose(err, at))
}

func (c *compiler) wrongTypes(at hcl.Range, op, write string, ts ...typ) {
	c.report(messages.WrongTypes.With("op", op, "types", typeList(ts...), "write", write), at)
}

func typeList(ts ...typ) string {
	s := make([]string, len(ts))
	for i, t := range ts {
		s[i] = t.String()
	}
	return strings.Join(s, ", ")
}

// fail is the state of rows that fail for that reason.
func (c *compiler) fail(why *messages.Error) uint8 {
	for i, f := range c.fails {
		if f.Message == why.Message && f.Error() == why.Error() {
			return failed + uint8(i)
		}
	}
	if len(c.fails) == 255-int(failed) {
		why = messages.RowExpression.With()
	}
	if len(c.fails) > 255-int(failed) {
		return 255
	}
	c.fails = append(c.fails, why)
	return failed + uint8(len(c.fails)-1)
}

func (c *compiler) overflow(t typ) uint8 { return c.fail(messages.Overflow.With("type", t)) }

// make is an operation on in, evaluated at once when all of in is constant.
func (c *compiler) make(t typ, at hcl.Range, run func(*frame, *node) *vec, in ...*node) *node {
	n := &node{t: t, at: at, in: in, slot: c.slots, run: run}
	for _, x := range in {
		if x.konst == nil {
			c.slots++
			return n
		}
	}
	once := *n
	once.slot = 0
	v := *run(&frame{n: 1, vecs: make([]vec, 1)}, &once)
	v.konst = true
	if v.state != nil && v.state[0] >= failed && !anyFailed(in) {
		c.report(messages.AlwaysFails.With("code", c.fails[v.state[0]-failed].Code), at)
	}
	n.konst, n.in = &v, nil
	return n
}

// anyFailed: a constant that fails was reported where it first did.
func anyFailed(in []*node) bool {
	for _, x := range in {
		if x.konst.stateAt(0) >= failed {
			return true
		}
	}
	return false
}

func (c *compiler) exprs(es []hclsyntax.Expression) ([]*node, bool) {
	ns, ok := make([]*node, len(es)), true
	for i, e := range es {
		ns[i] = c.expr(e)
		ok = ok && ns[i] != nil
	}
	return ns, ok
}

func (c *compiler) expr(e hclsyntax.Expression) *node {
	switch e := e.(type) {
	case *hclsyntax.ParenthesesExpr:
		return c.expr(e.Expression)
	case *hclsyntax.TemplateWrapExpr:
		return c.expr(e.Wrapped)
	case *hclsyntax.TemplateExpr:
		return c.template(e)
	case *hclsyntax.BinaryOpExpr:
		return c.binary(e)
	case *hclsyntax.UnaryOpExpr:
		return c.unary(e)
	case *hclsyntax.ConditionalExpr:
		return c.conditionalExpr(e)
	case *hclsyntax.FunctionCallExpr:
		return c.call(e)
	case *hclsyntax.ScopeTraversalExpr:
		if c.hyphened(e.Traversal) {
			return nil
		}
		if e.Traversal.RootName() == rowName {
			return c.column(e)
		}
	case *hclsyntax.IndexExpr:
		if mentionsRow(e) || callsOurs(e.Collection) {
			return c.index(e, nil, e.SrcRange)
		}
	case *hclsyntax.RelativeTraversalExpr:
		if mentionsRow(e) || callsOurs(e.Source) {
			return c.relative(e)
		}
	}
	if mentionsRow(e) {
		c.unsupported(e)
		return nil
	}
	return c.constant(e)
}

func (c *compiler) unsupported(e hclsyntax.Expression) {
	what, write := "row", "row.a"
	switch e.(type) {
	case *hclsyntax.TupleConsExpr:
		what, write = "[…]", `contains(["A", "B"], row.a), "${row.a} ${row.b}"`
	case *hclsyntax.ObjectConsExpr:
		what, write = "{…}", "local.map[row.a]"
	case *hclsyntax.ForExpr:
		what, write = "for", `join(", ", row.list), contains(row.list, "A")`
	case *hclsyntax.SplatExpr:
		what, write = "[*]", `row.list[0], split(",", row.a)[0]`
	case *hclsyntax.TemplateJoinExpr:
		what, write = "%{ for }", `join(", ", row.list)`
	}
	c.report(messages.UnsupportedExpression.With("what", what, "write", write), e.Range())
}

const rowName = "row"

func mentionsRow(e hcl.Expression) bool {
	for _, t := range e.Variables() {
		if t.RootName() == rowName {
			return true
		}
	}
	return false
}

func callsOurs(e hclsyntax.Expression) bool {
	call, ok := e.(*hclsyntax.FunctionCallExpr)
	return ok && functionNamed(call.Name) != nil
}

func (c *compiler) binary(e *hclsyntax.BinaryOpExpr) *node {
	a, b := c.expr(e.LHS), c.expr(e.RHS)
	if a == nil || b == nil {
		return nil
	}
	at := e.SrcRange
	switch e.Op {
	case hclsyntax.OpAdd:
		return c.arithmetic(opAdd, a, b, at)
	case hclsyntax.OpSubtract:
		return c.arithmetic(opSub, a, b, at)
	case hclsyntax.OpMultiply:
		return c.arithmetic(opMul, a, b, at)
	case hclsyntax.OpDivide:
		return c.arithmetic(opDiv, a, b, at)
	case hclsyntax.OpModulo:
		return c.arithmetic(opMod, a, b, at)
	case hclsyntax.OpEqual:
		return c.compare(opEq, a, b, at)
	case hclsyntax.OpNotEqual:
		return c.compare(opNe, a, b, at)
	case hclsyntax.OpLessThan:
		return c.compare(opLt, a, b, at)
	case hclsyntax.OpLessThanOrEqual:
		return c.compare(opLe, a, b, at)
	case hclsyntax.OpGreaterThan:
		return c.compare(opGt, a, b, at)
	case hclsyntax.OpGreaterThanOrEqual:
		return c.compare(opGe, a, b, at)
	case hclsyntax.OpLogicalAnd:
		return c.logic("&&", a, b, at)
	case hclsyntax.OpLogicalOr:
		return c.logic("||", a, b, at)
	}
	c.unsupported(e)
	return nil
}

func (c *compiler) unary(e *hclsyntax.UnaryOpExpr) *node {
	a := c.expr(e.Val)
	if a == nil {
		return nil
	}
	switch e.Op {
	case hclsyntax.OpNegate:
		return c.negate(a, e.SrcRange)
	case hclsyntax.OpLogicalNot:
		return c.not(a, e.SrcRange)
	}
	c.unsupported(e)
	return nil
}

// native is the native-syntax expression behind e; one written in JSON is a template
// in a text, or a constant.
func native(e hcl.Expression) (hclsyntax.Expression, hcl.Diagnostics) {
	if p, ok := e.(pipelines.Expression); ok {
		e = p.Expression
	}
	inner := hcl.UnwrapExpressionUntil(e, func(e hcl.Expression) bool {
		_, ok := e.(hclsyntax.Expression)
		return ok
	})
	if inner != nil {
		return inner.(hclsyntax.Expression), nil
	}
	if list := jsonList(e); list != nil {
		tuple := &hclsyntax.TupleConsExpr{SrcRange: e.Range(), OpenRange: e.StartRange()}
		var diags hcl.Diagnostics
		for _, x := range list {
			s, ds := native(x)
			diags = append(diags, ds...)
			tuple.Exprs = append(tuple.Exprs, s)
		}
		return tuple, diags
	}
	v, diags := e.Value(nil)
	if diags.HasErrors() {
		return nil, diags
	}
	if !v.IsNull() && v.Type() == textType {
		at := e.Range().Start
		at.Byte, at.Column = at.Byte+1, at.Column+1
		return hclsyntax.ParseTemplate([]byte(v.AsString()), e.Range().Filename, at)
	}
	return &hclsyntax.LiteralValueExpr{Val: v, SrcRange: e.Range()}, nil
}

func jsonList(e hcl.Expression) []hcl.Expression {
	list, diags := hcl.ExprList(e)
	if diags.HasErrors() {
		return nil
	}
	return list
}

func (c *compiler) columns() []string {
	names := make([]string, 0, len(c.used))
	for n := range c.used {
		names = append(names, n)
	}
	sort.Strings(names)
	return names
}
