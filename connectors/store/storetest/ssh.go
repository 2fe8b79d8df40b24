package storetest

import (
	"fmt"
	"net/url"
	"os"
	"testing"

	"github.com/lavoir-data/lavoir/pipelines"
)

// SSH is a new folder of the OpenSSH server that `dev/services env` tells of.
type SSH struct {
	Folder           string // on this machine, and for the server
	host, port, user string
	hostKey, key     string
}

// NewSSH makes a folder on the server, and removes it after the test.
func NewSSH(t testing.TB) SSH {
	t.Helper()
	u, err := url.Parse(Variable(t, "LAVOIR_TEST_SFTP"))
	if err != nil {
		t.Fatal(err)
	}
	key, err := os.ReadFile(Variable(t, "LAVOIR_TEST_SFTP_KEY"))
	if err != nil {
		t.Fatal(err)
	}
	return SSH{Folder: served(t, u.Path), host: u.Hostname(), port: u.Port(), user: u.User.Username(),
		hostKey: Variable(t, "LAVOIR_TEST_SFTP_HOST_KEY"), key: string(key)}
}

// served makes a folder in which a server of another account may write.
func served(t testing.TB, root string) string {
	t.Helper()
	dir, err := os.MkdirTemp(root, "test-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// HCL is the body of a connection to the folder, with more arguments.
func (s SSH) HCL(more string) string {
	return fmt.Sprintf("host = %q\nport = %s\nuser = %q\nprivate_key = secret.secret\nhost_key = %q\npath = %q\n%s\n",
		s.host, s.port, s.user, s.hostKey, s.Folder, more)
}

// Env is an Env whose secret is the key.
func (s SSH) Env(dir string) pipelines.Env {
	return WithSecrets(Env(dir), map[string]string{"secret": s.key})
}
