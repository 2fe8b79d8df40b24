package hclfile

import (
	"bytes"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"

	"github.com/lavoir-data/lavoir/pipelines"
)

// Candidates are evaluated each with its own sources, steps that the pipeline has in
// common included; what they have in common is the task's.
func TestCandidatesHaveTheirOwnSources(t *testing.T) {
	text := `
connection "local" "depot" {
  path = "depot"
}
pipeline "p" {
  for_each = ["a", "b"]
  choose   = "by_contract"
  authorization {
    allowed   = each.key == "a"
    reference = "r"
  }
  variant "un" {
    source "file" "rows" {
      connection = connection.local.depot
      path       = "un"
      format "csv" {}
    }
    source "file" "ref" {
      connection = connection.local.depot
      path       = "ref_un"
      format "csv" {}
    }
  }
  variant "deux" {
    source "file" "rows" {
      connection = connection.local.depot
      path       = "deux"
      format "csv" {}
    }
    source "file" "ref" {
      connection = connection.local.depot
      path       = "ref_deux"
      format "csv" {}
    }
  }
  variant "trois" {
    when = each.key == "b"
    source "file" "rows" {
      connection = connection.local.depot
      path       = "trois"
      format "csv" {}
    }
    source "file" "ref" {
      connection = connection.local.depot
      path       = "ref_trois"
      format "csv" {}
    }
  }
  transform "join" "j" {
    with = source.file.ref
    on   = ["id"]
  }
}
`
	p, diags := load(".", []source{{"p.hcl", []byte(text)}}, testRegistry(t), Options{}, nil)
	var tasks []pipelines.Task
	diags = append(diags, p.Tasks(pipelines.Selection{}, func(t pipelines.Task) bool { tasks = append(tasks, t); return true })...)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	want := map[string]string{"a": "un deux", "b": "un deux trois"}
	if len(tasks) != 2 {
		t.Fatalf("%d tasks", len(tasks))
	}
	for _, task := range tasks {
		var names []string
		for _, c := range task.Candidates {
			names = append(names, c.Variant)
			main := c.Chain.Source.Config.(fileSource).Path
			with := c.Chain.Transforms[0].Config.(joinConfig).With.Config.(fileSource).Path
			if main != c.Variant || with != "ref_"+c.Variant {
				t.Errorf("%s %s: %s joined with %s", task.ID, c.Variant, main, with)
			}
			if c.ID != task.ID || c.Authorization == nil || *c.Authorization != *task.Authorization || !bytes.Contains(task.Config, c.Config) {
				t.Errorf("%s %s differs from its task", task.ID, c.Variant)
			}
		}
		if got := strings.Join(names, " "); got != want[task.ID.Tenant] {
			t.Errorf("%s may be %s", task.ID, got)
		}
		if task.Variant != "" || task.Chain.Source.IsSet() || len(task.Chain.Transforms) > 0 || len(task.Connections) != 1 {
			t.Errorf("%s has what only its candidates have: %+v", task.ID, task)
		}
	}
}

// A project in JSON has choose too.
func TestChooseInJSON(t *testing.T) {
	text := `{"connection":{"local":{"depot":{"path":"depot"}}},"pipeline":{"p":{"choose":"by_contract","variant":{
		"un":{"source":{"file":{"rows":{"connection":"${connection.local.depot}","path":"un","format":{"csv":{}}}}}},
		"deux":{"source":{"file":{"rows":{"connection":"${connection.local.depot}","path":"deux","format":{"csv":{}}}}}}}}}}`
	p, diags := load(".", []source{{"p.hcl.json", []byte(text)}}, testRegistry(t), Options{}, hcl.Diagnostics{})
	n := 0
	diags = append(diags, p.Tasks(pipelines.Selection{}, func(t pipelines.Task) bool { n = len(t.Candidates); return true })...)
	if diags.HasErrors() || n != 2 {
		t.Error(diags, n)
	}
}
