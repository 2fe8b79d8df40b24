package hclfile

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

	"filippo.io/age"
	"filippo.io/age/armor"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// keyring reveals secrets from where their blocks say they are kept, each once.
// It is for concurrent use.
type keyring struct {
	dir      string
	environ  []string
	identity string // of the project; "" is none
	entries  map[string]*entry
}

type entry struct {
	ref string
	cfg secretConfig

	lock  sync.Mutex
	known bool
	value string
}

func newKeyring(dir string, environ []string) *keyring {
	return &keyring{dir: dir, environ: environ, entries: map[string]*entry{}}
}

// Reveal implements pipelines.Secrets. A line end that ends the value is no part of it.
func (k *keyring) Reveal(ctx context.Context, ref string) (string, error) {
	e := k.entries[ref]
	if e == nil {
		return "", messages.SecretNotSet.With("name", ref, "place", "secret")
	}
	e.lock.Lock()
	defer e.lock.Unlock()
	if e.known {
		return e.value, nil
	}
	v, where, err := k.fetch(ctx, e)
	if err != nil {
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		if messages.Find(err) != nil {
			return "", err
		}
		if errors.Is(err, errAbsent) || errors.Is(err, os.ErrNotExist) {
			return "", messages.SecretNotSet.With("name", ref, "place", where)
		}
		return "", messages.SecretUnreadable.With("name", ref, "place", where, "why", pipelines.Unreadable(err))
	}
	v = bytes.TrimSuffix(bytes.TrimSuffix(v, []byte("\n")), []byte("\r"))
	if len(v) == 0 {
		return "", messages.SecretNotSet.With("name", ref, "place", where)
	}
	e.value, e.known = string(v), true
	return e.value, nil
}

// errAbsent says that a back-end answered and does not have the secret.
var errAbsent = errors.New("absent")

// fetch reads a secret. where names the place in words that need no translation.
// The errors hold nothing of the value, nor of what a back-end said beside it.
func (k *keyring) fetch(ctx context.Context, e *entry) (v []byte, where string, err error) {
	switch c := e.cfg; {
	case c.Env != "":
		s, ok := k.getenv(c.Env)
		if !ok {
			err = errAbsent
		}
		return []byte(s), "env " + c.Env, err
	case c.File != "":
		where = "file " + c.File
		if v, err = os.ReadFile(k.path(c.File)); err == nil && isAge(v) {
			v, err = k.decrypt(e.ref, where, v, "")
		}
		return v, where, err
	case c.Credential != "":
		where = "systemd_credential " + c.Credential
		dir, _ := k.getenv("CREDENTIALS_DIRECTORY")
		if dir == "" || c.Credential != filepath.Base(c.Credential) {
			return nil, where, errAbsent
		}
		v, err = os.ReadFile(filepath.Join(dir, c.Credential))
		return v, where, err
	case len(c.Command) > 0:
		v, err = k.run(ctx, c.Command)
		return v, "command " + c.Command[0], err
	case c.Age != nil:
		where = "age " + c.Age.File
		if v, err = os.ReadFile(k.path(c.Age.File)); err == nil {
			v, err = k.decrypt(e.ref, where, v, c.Age.Identity)
		}
		return v, where, err
	case c.DPAPI != "":
		where = "dpapi " + c.DPAPI
		if v, err = os.ReadFile(k.path(c.DPAPI)); err == nil {
			v, err = unprotect(e.ref, v)
		}
		return v, where, err
	}
	v, err = k.askVault(ctx, e.cfg.Vault)
	return v, "vault " + e.cfg.Vault.Mount + "/" + e.cfg.Vault.Path, err
}

func (k *keyring) getenv(name string) (string, bool) {
	for i := len(k.environ) - 1; i >= 0; i-- {
		if n, v, ok := strings.Cut(k.environ[i], "="); ok && n == name {
			return v, true
		}
	}
	return "", false
}

func (k *keyring) path(p string) string {
	if filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(k.dir, filepath.FromSlash(p))
}

// run gives what a program prints. What it complains about is not shown: it may
// hold the secret.
func (k *keyring) run(ctx context.Context, command []string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Env = append([]string{}, k.environ...)
	cmd.Dir = k.dir
	out, err := cmd.Output()
	var exit *exec.ExitError
	var missing *exec.Error
	switch {
	case errors.As(err, &exit):
		return nil, errors.New(exit.ProcessState.String())
	case errors.As(err, &missing):
		return nil, missing.Err
	}
	return out, err
}

const ageHeader = "age-encryption.org/v1"

func isAge(b []byte) bool {
	return bytes.HasPrefix(b, []byte(ageHeader)) || bytes.HasPrefix(bytes.TrimSpace(b), []byte(armor.Header))
}

// decrypt opens an age file with an identity file, the project's when none is given.
func (k *keyring) decrypt(ref, where string, b []byte, identity string) ([]byte, error) {
	if identity == "" {
		identity = k.identity
	}
	if identity == "" {
		return nil, messages.SecretEncrypted.With("name", ref, "place", where)
	}
	f, err := os.Open(k.path(identity))
	if err != nil {
		return nil, messages.SecretUnreadable.With("name", ref, "place", "identity "+identity, "why", pipelines.Unreadable(err))
	}
	defer f.Close()
	ids, err := age.ParseIdentities(f)
	if err != nil {
		return nil, messages.SecretUnreadable.With("name", ref, "place", "identity "+identity, "why", "not a file of age identities")
	}
	var in io.Reader = bytes.NewReader(b)
	if !bytes.HasPrefix(b, []byte(ageHeader)) {
		in = armor.NewReader(bytes.NewReader(bytes.TrimSpace(b)))
	}
	r, err := age.Decrypt(in, ids...)
	if err != nil {
		var no *age.NoIdentityMatchError
		if errors.As(err, &no) {
			return nil, errors.New("encrypted to somebody else")
		}
		return nil, errors.New("not a sound age file")
	}
	v, err := io.ReadAll(r)
	if err != nil {
		return nil, errors.New("not a sound age file")
	}
	return v, nil
}

// circle is how revealing a secret would need that secret itself; nil when it does not.
func (k *keyring) circle(ref string) []string {
	trail := []string{ref}
	for at := k.entries[ref]; at != nil && at.cfg.Vault != nil && len(trail) <= len(k.entries); {
		next := at.cfg.Vault.Token.Ref
		trail = append(trail, next)
		if next == ref {
			return trail
		}
		at = k.entries[next]
	}
	return nil
}
