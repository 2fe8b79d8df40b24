package hclfile

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

var update = flag.Bool("update", false, "write the wanted output of every case")

var today = func() time.Time { return time.Date(2026, 1, 15, 0, 0, 0, 0, time.UTC) }

// TestCases reads every folder of testdata and compares what it comes to with
// its want.txt: diagnostics and tasks.
func TestCases(t *testing.T) {
	dirs, err := filepath.Glob("testdata/*/want.txt")
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if dirs, err = filepath.Glob("testdata/*/*.hcl*"); err != nil {
			t.Fatal(err)
		}
	}
	seen := map[string]bool{}
	for _, d := range dirs {
		dir := filepath.ToSlash(filepath.Dir(d))
		if seen[dir] || strings.HasSuffix(dir, "/fuzz") {
			continue
		}
		seen[dir] = true
		t.Run(filepath.Base(dir), func(t *testing.T) {
			got := describe(Load(dir, testRegistry(t), Options{Now: today}))
			file := dir + "/want.txt"
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.ReplaceAll(string(want), "\r\n", "\n"), got); diff != "" {
				t.Error(diff)
			}
		})
	}
	if len(seen) < 10 {
		t.Fatalf("only %d cases", len(seen))
	}
}

// describe is a project as text: what is wrong in both languages, then its tasks.
func describe(p *Project, diags hcl.Diagnostics) string {
	var b, tasks bytes.Buffer
	diags = append(diags, p.Tasks(pipelines.Selection{}, func(t pipelines.Task) bool {
		describeTask(&tasks, t)
		return true
	})...)
	for _, d := range diags {
		m := d.Extra.(*messages.Error)
		fmt.Fprintf(&b, "%s: %s %s\n  en: %s; %s\n  fr: %s ; %s\n", d.Subject, severity(d), m.Code,
			m.What(messages.English), m.Remedy(messages.English), m.What(messages.French), m.Remedy(messages.French))
	}
	for _, e := range p.Exceptions() {
		fmt.Fprintf(&b, "exception %s %s.%s: %s -> %s (%s)\n", e.Tenants, e.Key, e.Column, e.From, e.To, e.Reason)
	}
	for _, m := range p.Moves() {
		fmt.Fprintf(&b, "moved %s -> %s\n", m.From, m.To)
	}
	return b.String() + tasks.String()
}

func severity(d *hcl.Diagnostic) string {
	if d.Severity == hcl.DiagWarning {
		return "warning"
	}
	return "error"
}

func describeTask(b *bytes.Buffer, t pipelines.Task) {
	fmt.Fprintf(b, "task %s variant=%q keys=%v", t.ID, t.Variant, t.Keys)
	if t.Authorization != nil {
		fmt.Fprintf(b, " authorization=%+v", *t.Authorization)
	}
	fmt.Fprintf(b, " limits=%v on_reject=%+v allow_empty=%v\n", t.Limits, t.Chain.OnReject, t.Chain.AllowEmpty)
	for _, c := range t.Connections {
		fmt.Fprintf(b, "  uses %s max=%d group=%q\n", c, c.Max, c.Group)
	}
	for _, x := range t.Chain.Transforms {
		fmt.Fprintf(b, "  transform %s %s\n", x.Component.Name, x.Label)
	}
	var out bytes.Buffer
	if err := json.Indent(&out, t.Config, "  ", " "); err != nil {
		fmt.Fprintf(b, "not JSON: %v: %s\n", err, t.Config)
		return
	}
	fmt.Fprintf(b, "  %s\n", &out)
}
