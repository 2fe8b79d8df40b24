package hclfile

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

func tasksOf(t *testing.T, dir string, sel pipelines.Selection) (p *Project, all []pipelines.Task) {
	t.Helper()
	p, diags := Load(dir, testRegistry(t), Options{Now: today})
	diags = append(diags, p.Tasks(sel, func(t pipelines.Task) bool { all = append(all, t); return true })...)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return p, all
}

// TestSyntaxesAgree reads one project in native syntax and in JSON.
func TestSyntaxesAgree(t *testing.T) {
	a, native := tasksOf(t, "testdata/whole", pipelines.Selection{})
	b, fromJSON := tasksOf(t, "testdata/whole_json", pipelines.Selection{})
	if len(native) != len(fromJSON) || len(native) == 0 {
		t.Fatalf("%d and %d tasks", len(native), len(fromJSON))
	}
	for i := range native {
		x, y := native[i], fromJSON[i]
		var diffs bytes.Buffer
		for _, d := range []string{
			cmp.Diff(string(x.Config), string(y.Config)), cmp.Diff(string(x.Policy), string(y.Policy)), cmp.Diff(x.ID, y.ID),
			cmp.Diff(x.Variant, y.Variant), cmp.Diff(x.Keys, y.Keys), cmp.Diff(x.Authorization, y.Authorization),
			cmp.Diff(x.Limits, y.Limits), cmp.Diff(x.Chain.OnReject, y.Chain.OnReject), cmp.Diff(len(x.Connections), len(y.Connections)),
		} {
			diffs.WriteString(d)
		}
		if diffs.Len() > 0 {
			t.Errorf("%s:\n%s", x.ID, &diffs)
		}
	}
	if d := cmp.Diff(a.Exceptions(), b.Exceptions(), cmpopts.IgnoreFields(Exception{}, "Range")); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(a.Moves(), b.Moves(), cmpopts.IgnoreFields(Move{}, "Range")); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(a.Bounds, b.Bounds); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(a.SecretRefs(), b.SecretRefs()); d != "" {
		t.Error(d)
	}
}

// TestSchemaAcceptsAndRefuses compiles the JSON Schema and judges a project by it.
func TestSchemaAcceptsAndRefuses(t *testing.T) {
	schema := compileSchema(t)
	for _, f := range []string{"project", "subventions"} {
		if err := schema.Validate(document(t, "testdata/whole_json/"+f+".hcl.json")); err != nil {
			t.Errorf("%s: %v", f, err)
		}
	}
	for name, text := range map[string]string{
		"unknown block":     `{"pipelin": {"a": {}}}`,
		"unknown argument":  `{"limits": {"a": {"max": 1, "min": 2}}}`,
		"missing argument":  `{"limits": {"a": {}}}`,
		"unknown component": `{"connection": {"oracle": {"a": {"host": "x"}}}}`,
		"wrong type":        `{"secret": {"a": {"env": ["x"]}}}`,
		"wrong value":       `{"pipeline": {"a": {"on_reject": "perhaps"}}}`,
		"in a component":    `{"pipeline": {"a": {"transform": {"filter": {"x": {"wen": "y"}}}}}}`,
		"in a format":       `{"pipeline": {"a": {"source": {"file": {"x": {"connection": "c", "path": "p", "format": {"csv": {"delimeter": ";"}}}}}}}}`,
	} {
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader([]byte(text)))
		if err != nil {
			t.Fatal(err)
		}
		if schema.Validate(doc) == nil {
			t.Errorf("%s is accepted: %s", name, text)
		}
	}
}

func compileSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text := JSONSchema(testRegistry(t), messages.English)
	if !json.Valid(text) || !bytes.Equal(text, JSONSchema(testRegistry(t), messages.English)) {
		t.Fatal("not JSON, or not the same twice")
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("lavoir.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("lavoir.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func document(t *testing.T, path string) any {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}
