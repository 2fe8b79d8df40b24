package expr

import (
	"strconv"
	"strings"

	"github.com/agext/levenshtein"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// call is a call of one of our functions while it is compiled.
type call struct {
	*compiler
	f    *function
	args []*node
	at   hcl.Range
}

// call compiles f(…). With constant arguments, a function that is not ours, or
// that takes more than ours does, is the one of the pipeline file.
func (c *compiler) call(e *hclsyntax.FunctionCallExpr) *node {
	f := functionNamed(e.Name)
	if f == nil || e.ExpandFinal {
		return c.foreign(e)
	}
	before := len(c.diags)
	n := c.ours(f, e)
	if n == nil && !mentionsRow(e) && c.hasFunction(e.Name) {
		c.diags = c.diags[:before]
		return c.constant(e)
	}
	return n
}

func (c *compiler) ours(f *function, e *hclsyntax.FunctionCallExpr) *node {
	if e.Name == "contains" && len(e.Args) == 2 {
		if list, ok := e.Args[0].(*hclsyntax.TupleConsExpr); ok && mentionsRow(list) {
			return c.anyOf(list, e.Args[1], e.Range())
		}
	}
	args, ok := c.exprs(e.Args)
	if !ok {
		return nil
	}
	cl := &call{c, f, args, e.Range()}
	if len(args) < f.least || f.most >= 0 && len(args) > f.most {
		cl.wrongArguments()
		return nil
	}
	return f.bind(cl)
}

func (c *compiler) foreign(e *hclsyntax.FunctionCallExpr) *node {
	if !mentionsRow(e) && c.hasFunction(e.Name) {
		return c.constant(e)
	}
	if e.ExpandFinal {
		c.report(messages.UnsupportedExpression.With("what", "...", "write", e.Name+"(row.a, row.b)"), e.Range())
		return nil
	}
	c.report(messages.UnknownFunction.With("name", e.Name, "names", likeliest(e.Name)), e.NameRange)
	return nil
}

// likeliest is the function that was probably meant, or all of them.
func likeliest(got string) string {
	best, distance := "", 3
	var names []string
	for _, f := range functions {
		if d := levenshtein.Distance(strings.ToLower(got), f.Name, nil); d < distance {
			best, distance = f.Name, d
		}
		names = append(names, f.Name)
	}
	if best != "" {
		return best
	}
	return strings.Join(names, ", ")
}

func (c *compiler) hasFunction(name string) bool {
	for ctx := c.values; ctx != nil; ctx = ctx.Parent() {
		if _, ok := ctx.Functions[name]; ok {
			return true
		}
	}
	return false
}

// anyOf is contains([row.a, row.b], x).
func (c *compiler) anyOf(list *hclsyntax.TupleConsExpr, x hclsyntax.Expression, at hcl.Range) *node {
	var any *node
	for _, e := range list.Exprs {
		m, x := c.expr(e), c.expr(x)
		if m == nil || x == nil {
			return nil
		}
		m.null, x.null = false, false
		same := c.compare(opEq, m, x, at)
		if same == nil {
			return nil
		}
		if any == nil {
			any = same
		} else if any = c.logic("||", any, same, at); any == nil {
			return nil
		}
	}
	return any
}

// make is a strict operation of the call.
func (c *call) make(t typ, k kernel, in ...*node) *node {
	return c.compiler.make(t, c.at, strict(k), in...)
}

func (c *call) wrongArguments() {
	got := "()"
	if len(c.args) > 0 {
		ts := make([]typ, len(c.args))
		for i, a := range c.args {
			ts[i] = a.t
		}
		got = typeList(ts...)
	}
	c.report(messages.WrongArguments.With("name", c.f.Name, "got", got, "signature", c.f.Signature), c.at)
}

// want says whether argument i is of one of the kinds; a null becomes the first.
func (c *call) want(i int, kinds ...kind) bool {
	if c.args[i].t.k == kNull {
		t := typ{k: kinds[0]}
		if t.k == kDec {
			t = dec(1, 0)
		}
		c.args[i] = c.null(t, c.args[i])
	}
	for _, k := range kinds {
		if c.args[i].t.k == k {
			return true
		}
	}
	c.wrongArguments()
	return false
}

func (c *call) texts(is ...int) bool { return c.all(kText, is) }
func (c *call) ints(is ...int) bool  { return c.all(kInt, is) }

func (c *call) all(k kind, is []int) bool {
	for _, i := range is {
		if !c.want(i, k) {
			return false
		}
	}
	return true
}

func (c *call) constantWanted(i int, what string) {
	c.report(messages.ConstantWanted.With("argument", strconv.Itoa(i+1), "name", c.f.Name, "wanted", what, "signature", c.f.Signature), c.args[i].at)
}

// constText is argument i, which must be a constant text.
func (c *call) constText(i int) (string, bool) {
	s, ok := constText(c.args[i])
	if !ok {
		c.constantWanted(i, `"…"`)
	}
	return s, ok
}

// constInt is argument i, which must be a constant from least to most.
func (c *call) constInt(i int, least, most int64) (int64, bool) {
	n, ok := constInt(c.args[i])
	if !ok || n < least || n > most {
		c.constantWanted(i, strconv.FormatInt(least, 10)+"…"+strconv.FormatInt(most, 10))
		return 0, false
	}
	return n, true
}
