package text

import (
	"context"
	"regexp"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Replace replaces whole values by a table, or the parts that match a regular
// expression.
var Replace = pipelines.DefineTransform("replace", "Replace values by a table, or what matches a regular expression.",
	replaceConfig{Others: "keep"}, newReplace)

type replaceConfig struct {
	Columns []string          `hcl:"columns" doc:"Text columns in which to replace."`
	Values  map[string]string `hcl:"values,optional" doc:"What each value becomes; values are compared exactly."`
	Others  string            `hcl:"others,optional" doc:"With values: what becomes of a value that is not in the table." values:"keep|null|reject"`
	Pattern string            `hcl:"pattern,optional" doc:"A regular expression (RE2); every part of the text that it matches is replaced."`
	With    string            `hcl:"with,optional" doc:"With pattern: what to put there; $1 stands for the first group."`
}

func (c replaceConfig) Validate() error {
	if err := noneTwice("columns", c.Columns); err != nil {
		return err
	}
	if (len(c.Values) > 0) == (c.Pattern != "") {
		return messages.OneOfTwo.With("arguments", "values, pattern")
	}
	if c.Pattern == "" && c.With != "" {
		return pipelines.At("with", messages.OneOfTwo.With("arguments", "with (needs pattern), values"))
	}
	if c.Pattern != "" && c.Others != "keep" {
		return pipelines.At("others", messages.OneOfTwo.With("arguments", "others (needs values), pattern"))
	}
	if _, err := regexp.Compile(c.Pattern); err != nil {
		return pipelines.At("pattern", messages.BadRegexp.With("name", "pattern", "why", err))
	}
	return nil
}

type replace struct {
	env pipelines.Env
	replaceConfig
	pattern *regexp.Regexp // nil with values
}

func newReplace(env pipelines.Env, c replaceConfig) (pipelines.Transform, error) {
	t := replace{env: env, replaceConfig: c}
	if c.Pattern == "" {
		return t, nil
	}
	var err error
	t.pattern, err = regexp.Compile(c.Pattern)
	return t, err
}

func (t replace) Bind(in *arrow.Schema) (*arrow.Schema, error) {
	_, err := textColumns(in, t.Columns)
	return in, err
}

func (t replace) Run(_ context.Context, in pipelines.Stream) (pipelines.Stream, error) {
	return pipelines.RunKernel(t, in)
}

func (t replace) Kernel(in *arrow.Schema) (pipelines.Kernel, error) {
	return each(t.env, in, t.Columns, t.apply)
}

func (t replace) apply(s string) outcome {
	if t.pattern != nil {
		return outcome{text: t.pattern.ReplaceAllString(s, t.With)}
	}
	if to, ok := t.Values[s]; ok {
		return outcome{text: to}
	}
	switch t.Others {
	case "null":
		return outcome{null: true}
	case "reject":
		return outcome{why: messages.NoValueMatch.With()}
	}
	return outcome{text: s}
}

func (t replace) Lineage(in *arrow.Schema) (map[string][]pipelines.Origin, error) {
	return unchanged(in), nil
}
