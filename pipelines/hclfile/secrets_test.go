package hclfile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"filippo.io/age"
	"filippo.io/age/armor"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// canary must never be in an error, a task or a diagnostic (invariant 6).
const canary = "c4n4ry-S3cret"

// project writes files into a folder and loads it, with no error allowed.
func project(t *testing.T, files map[string]string, environ ...string) *Project {
	t.Helper()
	p, diags := Load(folder(t, files), testRegistry(t), Options{Environ: environ, Now: today})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return p
}

func folder(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// refused demands a message, and that nothing of a secret is in it.
func refused(t *testing.T, err error, want *messages.Message) {
	t.Helper()
	if !messages.Has(err, want) {
		t.Errorf("got %v, want %s", err, want.Code)
	}
	if err == nil {
		return
	}
	for _, s := range []string{err.Error(), fmt.Sprintf("%+v", err)} {
		if strings.Contains(s, canary) {
			t.Errorf("the secret is in %q", s)
		}
	}
}

func TestReveal(t *testing.T) {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	creds := folder(t, map[string]string{"finances": canary + "\n", "empty": "\n"})
	p := project(t, map[string]string{
		"a.hcl": `
project { identity = "key.txt" }
secret "env" { env = "FINANCES" }
secret "unset" { env = "ABSENT" }
secret "file" { file = "finances.txt" }
secret "crlf" { file = "crlf.txt" }
secret "spaces" { file = "spaces.txt" }
secret "nofile" { file = "absent.txt" }
secret "empty" { file = "empty.txt" }
secret "folder" { file = "." }
secret "credential" { systemd_credential = "finances" }
secret "nocredential" { systemd_credential = "autre" }
secret "outside" { systemd_credential = "../finances" }
secret "agefile" { file = "finances.age" }
secret "each" {
  for_each = ["00101", "00102"]
  file     = "communes/${each.key}"
}
secret "armoured" {
  age {
    file     = "finances.asc"
    identity = "key.txt"
  }
}
secret "stranger" {
  age {
    file     = "finances.age"
    identity = "other.txt"
  }
}
secret "noidentity" {
  age {
    file     = "finances.age"
    identity = "absent.txt"
  }
}
secret "notidentity" {
  age {
    file     = "finances.age"
    identity = "finances.txt"
  }
}
secret "notage" {
  age {
    file     = "finances.txt"
    identity = "key.txt"
  }
}
`,
		"key.txt": id.String() + "\n", "other.txt": another(t),
		"finances.txt": canary, "crlf.txt": canary + "\r\n", "spaces.txt": " " + canary + " \n\n", "empty.txt": "\n",
		"finances.age": encrypted(t, id.Recipient(), false), "finances.asc": encrypted(t, id.Recipient(), true),
		"communes/00101": "un", "communes/00102": "deux",
	}, "FINANCES=old", "FINANCES="+canary, "CREDENTIALS_DIRECTORY="+creds)
	for ref, want := range map[string]string{
		"secret.env": canary, "secret.file": canary, "secret.crlf": canary, "secret.spaces": " " + canary + " \n",
		"secret.credential": canary, "secret.agefile": canary, "secret.armoured": canary,
		`secret.each["00101"]`: "un", `secret.each["00102"]`: "deux",
	} {
		got, err := p.Secrets.Reveal(context.Background(), ref)
		if err != nil || got != want {
			t.Errorf("%s is %q, %v", ref, got, err)
		}
	}
	for ref, want := range map[string]*messages.Message{
		"secret.unset": messages.SecretNotSet, "secret.nofile": messages.SecretNotSet, "secret.empty": messages.SecretNotSet,
		"secret.folder": messages.SecretUnreadable, "secret.nocredential": messages.SecretNotSet, "secret.outside": messages.SecretNotSet,
		"secret.stranger": messages.SecretUnreadable, "secret.noidentity": messages.SecretUnreadable,
		"secret.notidentity": messages.SecretUnreadable, "secret.notage": messages.SecretUnreadable,
		`secret.each["00103"]`: messages.SecretNotSet,
	} {
		_, err := p.Secrets.Reveal(context.Background(), ref)
		refused(t, err, want)
		if e := messages.Find(err); e != nil && (e.Class != messages.Environment || !strings.Contains(e.Error(), ref)) {
			t.Errorf("%s: %v does not name the secret, or is of another class", ref, err)
		}
	}
}

func another(t *testing.T) string {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return id.String()
}

func encrypted(t *testing.T, to age.Recipient, armoured bool) string {
	t.Helper()
	var b bytes.Buffer
	var out interface {
		Write([]byte) (int, error)
	} = &b
	closeArmour := func() error { return nil }
	if armoured {
		a := armor.NewWriter(&b)
		out, closeArmour = a, a.Close
	}
	w, err := age.Encrypt(out, to)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(canary + "\n")); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Close(), closeArmour()); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestRevealWithoutIdentity(t *testing.T) {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	p := project(t, map[string]string{"a.hcl": `secret "x" { file = "x.age" }`, "x.age": encrypted(t, id.Recipient(), false)})
	_, err = p.Secrets.Reveal(context.Background(), "secret.x")
	refused(t, err, messages.SecretEncrypted)
}

func TestRevealDPAPIElsewhere(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has DPAPI: TestRevealDPAPI")
	}
	p := project(t, map[string]string{"a.hcl": `secret "x" { dpapi = "x.bin" }`, "x.bin": "x"})
	_, err := p.Secrets.Reveal(context.Background(), "secret.x")
	refused(t, err, messages.SecretPlatform)
}

// The test's own binary is the program that prints a secret.
func TestMain(m *testing.M) {
	switch os.Getenv("HCLFILE_TEST_COMMAND") {
	case "print":
		fmt.Println(canary)
		os.Exit(0)
	case "args":
		fmt.Println(strings.Join(os.Args[1:], "|"))
		os.Exit(0)
	case "fail":
		fmt.Fprintln(os.Stderr, canary)
		os.Exit(3)
	}
	os.Exit(m.Run())
}

func TestRevealCommand(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{"a.hcl": fmt.Sprintf(`
secret "x" { command = [%q, "$HOME; echo", "a b"] }
secret "absent" { command = ["/absent/program"] }
`, filepath.ToSlash(self))}
	got, err := project(t, files, "HCLFILE_TEST_COMMAND=print").Secrets.Reveal(context.Background(), "secret.x")
	if err != nil || got != canary {
		t.Errorf("%q, %v", got, err)
	}
	got, err = project(t, files, "HCLFILE_TEST_COMMAND=args").Secrets.Reveal(context.Background(), "secret.x")
	if err != nil || got != "$HOME; echo|a b" {
		t.Errorf("a shell was involved: %q, %v", got, err)
	}
	_, err = project(t, files, "HCLFILE_TEST_COMMAND=fail").Secrets.Reveal(context.Background(), "secret.x")
	refused(t, err, messages.SecretUnreadable)
	_, err = project(t, files).Secrets.Reveal(context.Background(), "secret.absent")
	if !messages.Has(err, messages.SecretNotSet) && !messages.Has(err, messages.SecretUnreadable) {
		t.Error(err)
	}
}

// vaultServer answers as a Vault does and counts what it is asked.
func vaultServer(t *testing.T) (*httptest.Server, *atomic.Int32) {
	t.Helper()
	var asked atomic.Int32
	mux := http.NewServeMux()
	mux.HandleFunc("/v1/kv/data/villes/val-fleuri", func(w http.ResponseWriter, r *http.Request) {
		n := asked.Add(1)
		switch {
		case r.Header.Get("X-Vault-Token") != "jeton" || r.Header.Get("X-Vault-Namespace") != "oD":
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprintf(w, `{"errors": ["%s"]}`, canary)
		case n == 1:
			w.WriteHeader(http.StatusBadGateway) // asked again
		default:
			fmt.Fprintf(w, `{"data": {"data": {"mot": "%s", "nombre": 12}, "metadata": {"version": 3}}}`, canary)
		}
	})
	mux.HandleFunc("/v1/kv/data/version1", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, `{"data": {"mot": "x"}}`) })
	mux.HandleFunc("/v1/kv/data/page", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, canary) })
	mux.HandleFunc("/v1/kv/data/elsewhere", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/v1/kv/data/villes/val-fleuri", http.StatusTemporaryRedirect)
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s, &asked
}

func TestRevealVault(t *testing.T) {
	s, asked := vaultServer(t)
	block := func(name, path, field, token string) string {
		return fmt.Sprintf(`
secret %q {
  vault {
    address   = %q
    mount     = "kv"
    path      = %q
    field     = %q
    token     = secret.%s
    namespace = "oD"
  }
}`, name, s.URL, path, field, token)
	}
	p := project(t, map[string]string{"a.hcl": `
secret "jeton" { env = "JETON" }
secret "faux" { env = "FAUX" }
secret "vide" { env = "VIDE" }
` + block("ok", "villes/val-fleuri", "mot", "jeton") + block("field", "villes/val-fleuri", "autre", "jeton") +
		block("number", "villes/val-fleuri", "nombre", "jeton") + block("path", "villes/absente", "mot", "jeton") +
		block("denied", "villes/val-fleuri", "mot", "faux") + block("notoken", "villes/val-fleuri", "mot", "vide") +
		block("v1", "version1", "mot", "jeton") + block("page", "page", "mot", "jeton") + block("redirect", "elsewhere", "mot", "jeton")},
		"JETON=jeton", "FAUX="+canary)
	var wg sync.WaitGroup
	for range 8 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			if got, err := p.Secrets.Reveal(context.Background(), "secret.ok"); err != nil || got != canary {
				t.Errorf("%q, %v", got, err)
			}
		}()
	}
	wg.Wait()
	if n := asked.Load(); n != 2 {
		t.Errorf("asked %d times: one refused, one answered, then remembered", n)
	}
	for ref, want := range map[string]*messages.Message{
		"secret.field": messages.SecretNotSet, "secret.number": messages.SecretUnreadable, "secret.path": messages.SecretNotSet,
		"secret.denied": messages.SecretUnreadable, "secret.notoken": messages.SecretNotSet, "secret.v1": messages.SecretNotSet,
		"secret.page": messages.SecretUnreadable, "secret.redirect": messages.SecretUnreadable,
	} {
		_, err := p.Secrets.Reveal(context.Background(), ref)
		refused(t, err, want)
	}
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := p.Secrets.Reveal(gone, "secret.denied"); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestSecretsStayOut looks for values of secrets in everything a project shows.
func TestSecretsStayOut(t *testing.T) {
	p := project(t, map[string]string{"a.hcl": `
secret "x" { env = "X" }
connection "postgres" "p" {
  host     = "h"
  password = secret.x
}
connection "local" "d" { path = "d" }
pipeline "a" {
  source "postgres" "s" {
    connection = connection.postgres.p
    query      = "q"
  }
  privacy { key = secret.x }
  load "local" "l" {
    connection = connection.local.d
    prefix     = "p"
  }
}`}, "X="+canary)
	if v, err := p.Secrets.Reveal(context.Background(), "secret.x"); err != nil || v != canary {
		t.Fatal(v, err)
	}
	n := 0
	diags := p.Tasks(pipelines.Selection{}, func(task pipelines.Task) bool {
		n++
		shown := string(task.Config) + fmt.Sprintf("%+v %#v", task.Chain.Source.Config, task.Chain.Privacy.Config)
		if strings.Contains(shown, canary) {
			t.Error("a secret is shown")
		}
		if !strings.Contains(string(task.Config), `"secret.x"`) {
			t.Error("the configuration does not say which secret it uses")
		}
		return true
	})
	if diags.HasErrors() || n != 1 {
		t.Fatal(n, diags)
	}
}
