package store_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/lavoir-data/lavoir/connectors/store"
	"github.com/lavoir-data/lavoir/connectors/store/storetest"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

func TestSFTP(t *testing.T) {
	o := storetest.NewSSH(t)
	storetest.Run(t, storetest.Open(t, store.SFTP, o.HCL("single_writer = true"), o.Env(t.TempDir())))
	for _, f := range files(t, o.Folder) {
		if strings.HasSuffix(f, ".tmp") {
			t.Errorf("%s stayed", f)
		}
	}
}

func TestSFTPReads(t *testing.T) {
	o := storetest.NewSSH(t)
	storetest.Fill(t, o.Folder)
	r := storetest.OpenReader(t, store.SFTP, o.HCL(""), o.Env(t.TempDir()))
	storetest.Read(t, r, true)
	if _, ok := r.(store.Store); ok {
		t.Error("without single_writer it can be published into")
	}
	for _, x := range r.(pipelines.Doctor).Examine(context.Background()) {
		if !x.OK {
			t.Errorf("%s: %v", x.Check, x.Err)
		}
	}
	for _, x := range storetest.Open(t, store.SFTP, o.HCL("single_writer = true"), o.Env(t.TempDir())).(pipelines.Doctor).Examine(context.Background()) {
		if !x.OK {
			t.Errorf("%s: %v", x.Check, x.Err)
		}
	}
}

func TestSFTPLinks(t *testing.T) {
	o := storetest.NewSSH(t)
	storetest.Fill(t, o.Folder)
	for link, target := range map[string]string{"link.csv": "plain.csv", "folder": "exports", "lost": "nowhere"} {
		if err := os.Symlink(target, filepath.Join(o.Folder, link)); err != nil {
			t.Fatal(err)
		}
	}
	r := storetest.OpenReader(t, store.SFTP, o.HCL(""), o.Env(t.TempDir()))
	ctx := context.Background()
	for prefix, want := range map[string]int{"link.csv": 1, "folder": 0, "lost": 1} {
		if infos, err := r.List(ctx, prefix); err != nil || len(infos) != want {
			t.Errorf("%s: %v, %v", prefix, infos, err)
		}
	}
	if _, _, err := r.Open(ctx, "lost"); !messages.Has(err, messages.NotFound) {
		t.Errorf("a link to nothing: %v", err)
	}
	other := o.Folder + "-other"
	if err := os.Mkdir(other, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(other) })
	secret := filepath.Join(other, "secret.csv")
	if err := os.WriteFile(secret, []byte("a\n1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Chmod(other, 0o755), os.Chmod(secret, 0o644)); err != nil { // whatever is masked
		t.Fatal(err)
	}
	for link, target := range map[string]string{"out.csv": "../" + filepath.Base(other) + "/secret.csv", "outside": "../" + filepath.Base(other)} {
		if err := os.Symlink(target, filepath.Join(o.Folder, link)); err != nil {
			t.Fatal(err)
		}
	}
	for _, key := range []string{"out.csv", "outside/secret.csv"} {
		if _, _, err := r.Open(ctx, key); !messages.Has(err, messages.LinkOut) {
			t.Errorf("%s, which leads out: %v", key, err)
		}
	}
	if body, _, err := r.Open(ctx, "link.csv"); err != nil {
		t.Errorf("a link that stays: %v", err)
	} else {
		body.Close()
	}
	missing := o
	missing.Folder += "/none"
	if _, err := storetest.OpenReader(t, store.SFTP, missing.HCL(""), o.Env(t.TempDir())).List(ctx, "x"); !messages.Has(err, messages.FolderMissing) {
		t.Errorf("a folder that is not there: %v", err)
	}
}

// sshServer is a server of this process, whose key and accounts the test chooses.
type sshServer struct {
	address, dir, hostKey string
}

func newSSHServer(t *testing.T, host ssh.Signer, login func(user, password string, key ssh.PublicKey) bool) sshServer {
	t.Helper()
	errNo := errors.New("no")
	config := &ssh.ServerConfig{
		PasswordCallback: func(c ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
			if login(c.User(), string(password), nil) {
				return nil, nil
			}
			return nil, errNo
		},
		PublicKeyCallback: func(c ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
			if login(c.User(), "", key) {
				return nil, nil
			}
			return nil, errNo
		},
	}
	config.AddHostKey(host)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	dir := t.TempDir()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go serveSSH(conn, config, dir)
		}
	}()
	return sshServer{l.Addr().String(), dir, strings.TrimSpace(string(ssh.MarshalAuthorizedKey(host.PublicKey())))}
}

func serveSSH(conn net.Conn, config *ssh.ServerConfig, dir string) {
	defer conn.Close()
	_, chans, reqs, err := ssh.NewServerConn(conn, config)
	if err != nil {
		return
	}
	go ssh.DiscardRequests(reqs)
	for c := range chans {
		channel, requests, err := c.Accept()
		if err != nil {
			return
		}
		go func() {
			for r := range requests {
				_ = r.Reply(r.Type == "subsystem", nil)
			}
		}()
		server, err := sftp.NewServer(channel, sftp.WithServerWorkingDirectory(dir))
		if err != nil {
			return
		}
		_ = server.Serve()
		channel.Close()
	}
}

func newKey(t *testing.T) (ssh.Signer, ed25519.PrivateKey) {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return signer, key
}

func (s sshServer) hcl(address, more string) string {
	host, port, _ := net.SplitHostPort(address)
	return fmt.Sprintf("host = %q\nport = %s\nuser = \"canary-user\"\n%s\n", host, port, more)
}

func TestSFTPLogins(t *testing.T) {
	const password, passphrase = "canary-password", "canary-passphrase"
	ctx := context.Background()
	host, _ := newKey(t)
	signer, key := newKey(t)
	server := newSSHServer(t, host, func(user, given string, shown ssh.PublicKey) bool {
		return user == "canary-user" && (given == password || shown != nil && bytes.Equal(shown.Marshal(), signer.PublicKey().Marshal()))
	})
	storetest.Fill(t, server.dir)
	plain, err := ssh.MarshalPrivateKey(key, "")
	if err != nil {
		t.Fatal(err)
	}
	locked, err := ssh.MarshalPrivateKeyWithPassphrase(key, "", []byte(passphrase))
	if err != nil {
		t.Fatal(err)
	}
	socket := serveAgent(t, key)
	hosts := filepath.Join(t.TempDir(), "known_hosts")
	line := knownhosts.Line([]string{knownhosts.Normalize(server.address)}, host.PublicKey())
	if err := os.WriteFile(hosts, []byte("# des serveurs\n"+line+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		body string
		want *messages.Message
	}{
		"password":         {"password = secret.access", nil},
		"key":              {"private_key = secret.secret", nil},
		"locked key":       {"private_key = secret.token\npassphrase = secret.phrase", nil},
		"agent":            {fmt.Sprintf("agent = %q", socket), nil},
		"wrong password":   {"password = secret.phrase", messages.LoginRefused},
		"no passphrase":    {"private_key = secret.token", messages.PrivateKeyUnreadable},
		"wrong passphrase": {"private_key = secret.token\npassphrase = secret.access", messages.PrivateKeyUnreadable},
		"no key":           {"private_key = secret.access", messages.PrivateKeyUnreadable},
		"no agent":         {fmt.Sprintf("agent = %q", socket+"x"), messages.AgentUnreachable},
	} {
		t.Run(name, func(t *testing.T) {
			env := storetest.WithSecrets(storetest.Env(t.TempDir()), map[string]string{
				"access": password, "phrase": passphrase, "secret": string(pem.EncodeToMemory(plain)), "token": string(pem.EncodeToMemory(locked)),
			})
			r := storetest.OpenReader(t, store.SFTP, server.hcl(server.address, c.body+fmt.Sprintf("\nknown_hosts = %q", filepath.ToSlash(hosts))), env)
			infos, err := r.List(ctx, "")
			if c.want == nil {
				if err != nil || len(infos) != len(storetest.Served()) {
					t.Errorf("%d files, %v", len(infos), err)
				}
				return
			}
			checkRefusal(t, name, err, c.want)
		})
	}
}

func serveAgent(t *testing.T, key ed25519.PrivateKey) string {
	t.Helper()
	ring := agent.NewKeyring()
	if err := ring.Add(agent.AddedKey{PrivateKey: key}); err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "lavoir") // the names of sockets are short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket := filepath.ToSlash(filepath.Join(dir, "agent"))
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Skipf("no sockets here: %v", err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() { _ = agent.ServeAgent(ring, conn) }()
		}
	}()
	return socket
}

// A server that shows another key than the known one gets no password.
func TestSFTPHostKeys(t *testing.T) {
	host, _ := newKey(t)
	other, _ := newKey(t)
	asked := false
	server := newSSHServer(t, host, func(string, string, ssh.PublicKey) bool { asked = true; return true })
	env := storetest.WithSecrets(storetest.Env(t.TempDir()), map[string]string{"access": "canary-password"})
	known := func(lines ...string) string {
		p := filepath.Join(t.TempDir(), "known_hosts")
		if err := os.WriteFile(p, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("known_hosts = %q", filepath.ToSlash(p))
	}
	line := func(key ssh.PublicKey) string {
		return knownhosts.Line([]string{knownhosts.Normalize(server.address)}, key)
	}
	inline := func(key ssh.PublicKey) string {
		return fmt.Sprintf("host_key = %q", strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key))))
	}
	for name, c := range map[string]struct {
		body string
		want *messages.Message
	}{
		"another key":           {inline(other.PublicKey()), messages.HostKeyDiffers},
		"another known":         {known(line(other.PublicKey())), messages.HostKeyDiffers},
		"a key of another kind": {known(line(rsaKey(t))), messages.HostKeyDiffers},
		"nothing known":         {known("# rien"), messages.HostKeyUnknown},
		"known of others":       {known(knownhosts.Line([]string{"voisin.example"}, host.PublicKey())), messages.HostKeyUnknown},
		"revoked":               {known(line(host.PublicKey()), "@revoked * "+strings.TrimSpace(string(ssh.MarshalAuthorizedKey(host.PublicKey())))), messages.HostKeyDiffers},
		"no list":               {fmt.Sprintf("known_hosts = %q", "absent"), messages.KnownHostsUnreadable},
	} {
		t.Run(name, func(t *testing.T) {
			r := storetest.OpenReader(t, store.SFTP, server.hcl(server.address, "password = secret.access\n"+c.body), env)
			_, err := r.List(context.Background(), "")
			checkRefusal(t, name, err, c.want)
			if c.want == messages.HostKeyUnknown && !strings.Contains(err.Error(), ssh.FingerprintSHA256(host.PublicKey())) {
				t.Errorf("the fingerprint is not told: %v", err)
			}
		})
	}
	if asked {
		t.Error("a password was sent to a server that is not known")
	}
}

func rsaKey(t *testing.T) ssh.PublicKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	public, err := ssh.NewPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return public
}

func TestSFTPIncomplete(t *testing.T) {
	for body, want := range map[string]*messages.Message{
		`host = "x"
user = "x"
host_key = "ssh-ed25519 AAAA"
password = secret.access`: messages.KnownHostsUnreadable,
		"host = \"x\"\nuser = \"x\"\npassword = secret.access":                                        messages.LoginMissing,
		"host = \"x\"\nuser = \"x\"\nknown_hosts = \"k\"":                                             messages.LoginMissing,
		"host = \"sftp://x\"\nuser = \"x\"\nknown_hosts = \"k\"\npassword = secret.access":            messages.WrongArgument,
		"host = \"x\"\nport = 0\nuser = \"x\"\nknown_hosts = \"k\"\npassword = secret.access":         messages.WrongArgument,
		"host = \"x\"\nuser = \"x\"\nknown_hosts = \"k\"\nhost_key = \"k\"\npassword = secret.access": messages.LoginMissing,
	} {
		_, diags := storetest.Decode(store.SFTP, body)
		if !diags.HasErrors() || !messages.Has(diags[0].Extra.(error), want) {
			t.Errorf("%s: %v", body, diags)
		}
	}
}

// A connection that breaks in the middle of a file is taken up where it broke.
func TestSFTPBrokenConnections(t *testing.T) {
	host, _ := newKey(t)
	server := newSSHServer(t, host, func(string, string, ssh.PublicKey) bool { return true })
	storetest.Fill(t, server.dir)
	proxy := storetest.NewProxy(t, server.address)
	env := storetest.WithSecrets(storetest.Env(t.TempDir()), map[string]string{"access": "canary-password"})
	open := func() store.Reader {
		return storetest.OpenReader(t, store.SFTP, server.hcl(proxy.Address, fmt.Sprintf("password = secret.access\nhost_key = %q", server.hostKey)), env)
	}
	ctx := context.Background()
	want := storetest.Served()["exports/large.bin"]

	proxy.Cut(1_500_000, 900_000)
	body, _, err := open().Open(ctx, "exports/large.bin")
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(body)
	body.Close()
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d of %d bytes, %v", len(got), len(want), err)
	}
	if n := proxy.Opened(); n < 3 {
		t.Errorf("only %d connections: nothing was cut", n)
	}

	// A file written anew in the meantime is not continued.
	proxy.Cut(1_500_000)
	body, _, err = open().Open(ctx, "exports/large.bin")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(body, make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(filepath.Join(server.dir, "exports", "large.bin"), time.Time{}, time.Now().Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	_, err = io.Copy(io.Discard, body)
	body.Close()
	if !messages.Has(err, messages.FileChanged) {
		t.Errorf("continued: %v", err)
	}

	// A server that always breaks is given up.
	proxy.Cut(5000, 5000, 5000, 5000, 5000, 5000, 5000, 5000, 5000, 5000)
	if _, err = open().List(ctx, ""); err == nil {
		body, _, err = open().Open(ctx, "exports/large.bin")
		if err == nil {
			_, err = io.Copy(io.Discard, body)
			body.Close()
		}
	}
	checkRefusal(t, "given up", err, messages.Unreachable)
}

func TestSFTPUnreachable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	env := storetest.WithSecrets(storetest.Env(t.TempDir()), map[string]string{"access": "canary-password"})
	host, _ := newKey(t)
	body := sshServer{}.hcl(address, fmt.Sprintf("password = secret.access\nhost_key = %q\npath = \"%s\"", strings.TrimSpace(string(ssh.MarshalAuthorizedKey(host.PublicKey()))), path.Join("a", "b")))
	_, _, err = storetest.OpenReader(t, store.SFTP, body, env).Open(context.Background(), "canary-name")
	checkRefusal(t, "open", err, messages.Unreachable)
}
