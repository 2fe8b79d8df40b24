package pipelines

import (
	"errors"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// At says that err is about the named argument, or about a block within, as blocks are
// headed: quasi "age". What err in turn says At of is within that block.
func At(argument string, err error) error { return &atError{argument, err} }

type atError struct {
	argument string
	err      error
}

func (e *atError) Error() string { return e.argument + ": " + e.err.Error() }
func (e *atError) Unwrap() error { return e.err }

// standing is where in a block what err is about stands: the block itself, as far as err
// does not say At.
func standing(err error, b Built) hcl.Range {
	at, body := b.Range, b.Body
	var e *atError
	for body != nil && errors.As(err, &e) {
		err = e.err
		if a := body.Attributes[e.argument]; a != nil {
			return a.SrcRange
		}
		var within *hclsyntax.Body
		for _, x := range body.Blocks {
			if x.AsHCLBlock() != nil && (x.Type == e.argument || blockName(x.AsHCLBlock()) == e.argument) {
				at, within = x.DefRange(), x.Body
				break
			}
		}
		body = within
	}
	return at
}

// Diagnose makes a diagnostic of err at a place in a pipeline file. What is no
// message of ours becomes one, its text as it is.
func Diagnose(err error, at hcl.Range) *hcl.Diagnostic {
	m := messages.Find(err)
	if m == nil {
		m = messages.Syntax.With("what", err.Error())
	}
	severity := hcl.DiagError
	if m.Class == messages.Warning {
		severity = hcl.DiagWarning
	}
	return &hcl.Diagnostic{Severity: severity, Summary: m.Code + ": " + m.What(messages.English),
		Detail: m.Remedy(messages.English), Subject: &at, Extra: m}
}

// Coded gives every diagnostic of a library a code, so that all can be looked up.
func Coded(diags hcl.Diagnostics) hcl.Diagnostics {
	for _, d := range diags {
		if _, ours := d.Extra.(*messages.Error); ours {
			continue
		}
		m := translate(d)
		d.Extra, d.Summary, d.Detail = m, m.Code+": "+m.What(messages.English), m.Remedy(messages.English)
	}
	return diags
}

// translate is our message for what a library says, its own words when we have none.
func translate(d *hcl.Diagnostic) *messages.Error {
	if d.Expression != nil && d.EvalContext != nil {
		for _, t := range d.Expression.Variables() {
			if v, ds := t.TraverseAbs(d.EvalContext); !ds.HasErrors() && v.Type() == SecretValue {
				return messages.SecretInText.With()
			}
		}
		switch d.Summary {
		case "Unknown variable":
			if e, ok := d.Expression.(*hclsyntax.ScopeTraversalExpr); ok {
				return messages.UnknownName.With("name", e.Traversal.RootName(), "hint", Hint(e.Traversal.RootName(), namesIn(d.EvalContext)))
			}
		case "Unsupported attribute", "Invalid index":
			if key := missedKey(d); key != "" {
				return messages.NoElement.With("key", key)
			}
		}
	}
	if e, ok := d.Expression.(*hclsyntax.FunctionCallExpr); ok && d.Summary == "Call to unknown function" {
		return messages.NoFunction.With("name", e.Name, "hint", Hint(e.Name, functionsIn(d.EvalContext)))
	}
	what := d.Summary
	if d.Detail != "" {
		what += ": " + strings.TrimSuffix(d.Detail, ".")
	}
	function := ""
	if call, ok := hcl.DiagnosticExtra[hclsyntax.FunctionCallDiagExtra](d); ok {
		function = call.CalledFunctionName()
	}
	if e := messages.Library(what, function); e != nil {
		return e
	}
	return messages.Syntax.With("what", what)
}

func namesIn(ctx *hcl.EvalContext) (names []string) {
	for ; ctx != nil; ctx = ctx.Parent() {
		for n := range ctx.Variables {
			names = append(names, n)
		}
	}
	return names
}

func functionsIn(ctx *hcl.EvalContext) (names []string) {
	for ; ctx != nil; ctx = ctx.Parent() {
		for n := range ctx.Functions {
			names = append(names, n)
		}
	}
	return names
}

// missedKey is the name or key that d says is not there, or "".
func missedKey(d *hcl.Diagnostic) string {
	var steps hcl.Traversal
	switch e := d.Expression.(type) {
	case *hclsyntax.IndexExpr:
		v, diags := e.Key.Value(d.EvalContext)
		if diags.HasErrors() {
			return ""
		}
		return keyOf(v)
	case *hclsyntax.ScopeTraversalExpr:
		steps = e.Traversal
	case *hclsyntax.RelativeTraversalExpr:
		steps = e.Traversal
	}
	for _, s := range steps {
		if d.Subject == nil || s.SourceRange() != *d.Subject {
			continue
		}
		switch s := s.(type) {
		case hcl.TraverseAttr:
			return s.Name
		case hcl.TraverseIndex:
			return keyOf(s.Key)
		}
	}
	return ""
}

func keyOf(v cty.Value) string {
	s, err := convert.Convert(v, cty.String)
	if err != nil || s.IsNull() || !s.IsKnown() {
		return ""
	}
	return strconv.Quote(s.AsString())
}

// messagesOf are the messages an error stands for: those of its diagnostics, or
// the outermost one.
func messagesOf(err error) []*messages.Error {
	var diags hcl.Diagnostics
	if errors.As(err, &diags) {
		var ms []*messages.Error
		for _, d := range diags {
			if m, ok := d.Extra.(*messages.Error); ok && d.Severity == hcl.DiagError {
				ms = append(ms, m)
			}
		}
		return ms
	}
	if m := messages.Find(err); m != nil {
		return []*messages.Error{m}
	}
	return nil
}

// Diagnostics are err as diagnostics: its own, or one at the given place.
func Diagnostics(err error, at hcl.Range) hcl.Diagnostics {
	var diags hcl.Diagnostics
	if errors.As(err, &diags) {
		return diags
	}
	return hcl.Diagnostics{Diagnose(err, at)}
}
