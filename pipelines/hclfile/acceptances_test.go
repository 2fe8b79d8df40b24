package hclfile

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"aead.dev/minisign"
	"github.com/hashicorp/hcl/v2"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// What an approver accepted is read with the project; that it will end is warned of a
// month before, where the file lies.
func TestAcceptancesAreReadWithTheProject(t *testing.T) {
	pub, key, err := minisign.GenerateKey(bytes.NewReader(bytes.Repeat([]byte{1}, 64)))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name string, data []byte) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("lavoir.hcl", []byte("project {\n  approvers {\n    privacy = [\""+pub.String()+"\"]\n  }\n}\n"))
	name, text, signature, err := pipelines.Acceptance{Pipeline: "agents", Policies: []string{"x"}, Rule: "review", Column: "objet", Tenants: "*",
		Until: "2027-06-30", Reason: "relu"}.Sign(key, time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	write(filepath.Join(pipelines.AcceptancesFolder, name), text)
	write(filepath.Join(pipelines.AcceptancesFolder, name+".minisig"), signature)
	for day, want := range map[string]*messages.Message{"2027-05-30": nil, "2027-06-15": messages.AcceptanceExpires, "2027-07-01": messages.AcceptanceExpired} {
		now, err := time.Parse(time.DateOnly, day)
		if err != nil {
			t.Fatal(err)
		}
		p, diags := Load(dir, testRegistry(t), Options{Now: func() time.Time { return now }})
		if len(p.Acceptances) != 1 || p.Acceptances[0].Rule != "review" || len(p.Approvers.Privacy) != 1 {
			t.Fatalf("on %s %d acceptances are read", day, len(p.Acceptances))
		}
		switch {
		case want == nil && len(diags) == 0:
		case want == nil || len(diags) != 1:
			t.Errorf("on %s: %v", day, diags)
		case diags[0].Severity != hcl.DiagWarning || !messages.Has(diags[0].Extra.(*messages.Error), want) || filepath.Base(diags[0].Subject.Filename) != name:
			t.Errorf("on %s: %v", day, diags)
		}
	}
	write("lavoir.hcl", []byte("project {\n  approvers {\n    privacy = [\""+pub.String()+"\", \""+pub.String()+"\"]\n  }\n}\n"))
	if _, diags := Load(dir, testRegistry(t), Options{}); len(diags) == 0 || diags[0].Extra.(*messages.Error).Message != messages.BadApprover {
		t.Errorf("one key twice: %v", diags)
	}
}
