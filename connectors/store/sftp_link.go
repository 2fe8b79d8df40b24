package store

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// lingers is how long a connection that nobody uses stays: long enough for the
// next file, too short to count among a server's sessions.
const lingers = 5 * time.Second

func reconnectAfter(try int) time.Duration { return 100 * time.Millisecond << try }

// sftpLink is one connection, made when it is needed and shared by all who use
// the store at that time.
type sftpLink struct {
	config sftpConfig
	env    pipelines.Env
	store  string

	mu   sync.Mutex
	conn *sftpConn
}

// sftpConn is a connection and how many use it.
type sftpConn struct {
	link   *sftpLink
	wire   *patient
	ssh    *ssh.Client
	client *sftp.Client
	users  int
	dead   bool
	linger *time.Timer
}

// take gives the connection; who takes it releases it.
func (l *sftpLink) take(ctx context.Context) (*sftpConn, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if l.conn == nil {
		c, err := l.connect(ctx)
		if err != nil {
			return nil, err
		}
		l.conn = c
	}
	l.conn.users++
	l.conn.linger.Stop()
	return l.conn, nil
}

// release gives the connection back; one that broke is given to nobody again.
func (c *sftpConn) release(broke bool) {
	c.link.mu.Lock()
	defer c.link.mu.Unlock()
	c.users--
	c.dead = c.dead || broke
	if c.dead && c.link.conn == c {
		c.link.conn = nil
	}
	switch {
	case c.users > 0:
	case c.dead:
		c.close()
	default:
		c.linger.Reset(lingers)
	}
}

// abort ends what goes on: its answers never come.
func (c *sftpConn) abort() { c.wire.abort() }

func (c *sftpConn) close() {
	c.linger.Stop()
	c.wire.abort() // else the farewell waits for a server that has gone
	c.client.Close()
	c.ssh.Close()
}

// unused closes the connection unless somebody took it in the meantime.
func (c *sftpConn) unused() {
	c.link.mu.Lock()
	defer c.link.mu.Unlock()
	if c.users > 0 {
		return
	}
	if c.link.conn == c {
		c.link.conn = nil
	}
	c.close()
}

func (l *sftpLink) connect(ctx context.Context) (*sftpConn, error) {
	methods, done, err := l.methods(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	address := net.JoinHostPort(l.config.Host, strconv.Itoa(l.config.Port))
	hosts, err := l.hosts(address)
	if err != nil {
		return nil, err
	}
	raw, err := dial(ctx, address)
	if err != nil {
		return nil, unanswered(l.store, "connect", err)
	}
	wire := raw.(*patient)
	stop := context.AfterFunc(ctx, wire.abort)
	defer stop()
	conn, chans, reqs, err := ssh.NewClientConn(wire, address, &ssh.ClientConfig{
		User: l.config.User, Auth: methods, HostKeyCallback: hosts.check, HostKeyAlgorithms: hosts.algorithms,
	})
	if err != nil {
		wire.Close()
		return nil, l.refused(ctx, hosts, err)
	}
	shell := ssh.NewClient(conn, chans, reqs)
	client, err := sftp.NewClient(shell, sftp.UseConcurrentWrites(true))
	if err != nil {
		shell.Close()
		if ctx.Err() == nil && strings.Contains(err.Error(), "subsystem request failed") {
			return nil, messages.NotAllowed.With("store", l.store, "operation", "sftp")
		}
		return nil, l.refused(ctx, hosts, err)
	}
	c := &sftpConn{link: l, wire: wire, ssh: shell, client: client}
	c.linger = time.AfterFunc(lingers, c.unused)
	return c, nil
}

// refused makes a message of why a connection did not come about.
func (l *sftpLink) refused(ctx context.Context, hosts *hostKeys, err error) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case hosts.verdict != nil:
		return hosts.verdict
	case strings.Contains(err.Error(), "no common algorithm for host key"):
		return messages.HostKeyDiffers.With("store", l.store)
	case strings.Contains(err.Error(), "unable to authenticate"):
		return messages.LoginRefused.With("store", l.store)
	case errors.Is(err, io.EOF):
		return messages.Unreachable.With("store", l.store, "reason", "it closes the connection before the login")
	}
	return unanswered(l.store, "connect", err)
}

// methods are the ways to log in that the connection gives.
func (l *sftpLink) methods(ctx context.Context) (methods []ssh.AuthMethod, done func(), err error) {
	done = func() {}
	if l.config.PrivateKey.IsSet() {
		signer, err := l.signer(ctx)
		if err != nil {
			return nil, done, err
		}
		methods = append(methods, ssh.PublicKeys(signer))
	}
	if l.config.Agent != "" {
		conn, err := dialAgent(ctx, l.config.Agent)
		if err != nil {
			return nil, done, messages.AgentUnreachable.With()
		}
		done = func() { conn.Close() }
		signers, err := agent.NewClient(conn).Signers()
		if err != nil || len(signers) == 0 {
			done()
			return nil, func() {}, messages.AgentUnreachable.With()
		}
		methods = append(methods, ssh.PublicKeys(signers...))
	}
	if l.config.Password.IsSet() {
		password, err := l.config.Password.Reveal(ctx, l.env)
		if err != nil {
			done()
			return nil, func() {}, err
		}
		methods = append(methods, ssh.Password(password),
			ssh.KeyboardInteractive(func(_, _ string, questions []string, echos []bool) ([]string, error) {
				answers := make([]string, len(questions))
				for i := range questions {
					if !echos[i] {
						answers[i] = password
					}
				}
				return answers, nil
			}))
	}
	return methods, done, nil
}

func (l *sftpLink) signer(ctx context.Context) (ssh.Signer, error) {
	unusable := func(why string) error {
		return messages.PrivateKeyUnreadable.With("store", l.store, "why", why)
	}
	text, err := l.config.PrivateKey.Reveal(ctx, l.env)
	if err != nil {
		return nil, err
	}
	passphrase, err := reveal(ctx, l.env, l.config.Passphrase)
	if err != nil {
		return nil, err
	}
	key := []byte(strings.TrimSpace(text) + "\n")
	signer, err := ssh.ParsePrivateKey(key)
	var locked *ssh.PassphraseMissingError
	switch {
	case errors.As(err, &locked) && passphrase == "":
		return nil, unusable("it needs its passphrase")
	case errors.As(err, &locked):
		if signer, err = ssh.ParsePrivateKeyWithPassphrase(key, []byte(passphrase)); err != nil {
			return nil, unusable("the passphrase does not open it")
		}
	case err != nil:
		return nil, unusable("it is no private key of a known format")
	}
	return signer, nil
}

// dialAgent opens the agent's socket, or its pipe on Windows.
func dialAgent(ctx context.Context, where string) (io.ReadWriteCloser, error) {
	if strings.HasPrefix(where, `\\.\pipe\`) {
		return os.OpenFile(where, os.O_RDWR, 0)
	}
	return (&net.Dialer{Timeout: dialPatience}).DialContext(ctx, "unix", where)
}

// hostKeys judge the key that a server shows.
type hostKeys struct {
	store      string
	known      ssh.HostKeyCallback
	algorithms []string // of the keys that are known, else a server might show another
	verdict    error
}

func (l *sftpLink) hosts(address string) (*hostKeys, error) {
	h := &hostKeys{store: l.store}
	if l.config.HostKey != "" {
		key, err := parseHostKey(l.config.HostKey)
		if err != nil {
			return nil, err
		}
		h.algorithms = algorithmsOf(key.Type())
		h.known = func(_ string, _ net.Addr, shown ssh.PublicKey) error {
			if string(shown.Marshal()) != string(key.Marshal()) {
				return &knownhosts.KeyError{Want: []knownhosts.KnownKey{{Key: key}}}
			}
			return nil
		}
		return h, nil
	}
	known, err := knownhosts.New(l.config.KnownHosts)
	if err != nil {
		return nil, messages.KnownHostsUnreadable.With("option", "known_hosts")
	}
	h.known = known
	// The list has no way to be asked which keys it knows of a host: it tells when it
	// is shown one that it cannot know.
	var differs *knownhosts.KeyError
	if errors.As(known(address, &net.TCPAddr{IP: net.IPv4zero}, noKey{}), &differs) {
		for _, k := range differs.Want {
			h.algorithms = append(h.algorithms, algorithmsOf(k.Key.Type())...)
		}
	}
	return h, nil
}

// check is called with the key that the server shows, and what it finds is kept:
// the library's error would say it in its own words.
func (h *hostKeys) check(address string, remote net.Addr, shown ssh.PublicKey) error {
	err := h.known(address, remote, shown)
	var differs *knownhosts.KeyError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &differs) && len(differs.Want) == 0:
		h.verdict = messages.HostKeyUnknown.With("store", h.store, "fingerprint", shown.Type()+" "+ssh.FingerprintSHA256(shown))
	default: // another key, or one that was revoked
		h.verdict = messages.HostKeyDiffers.With("store", h.store)
	}
	return err
}

func parseHostKey(text string) (ssh.PublicKey, error) {
	key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(text))
	if err != nil {
		return nil, messages.KnownHostsUnreadable.With("option", "host_key")
	}
	return key, nil
}

// algorithmsOf are the signatures that a key of the type can give; ssh-rsa itself
// signs with SHA-1 and is not among them.
func algorithmsOf(keyType string) []string {
	if keyType == ssh.KeyAlgoRSA {
		return []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256}
	}
	return []string{keyType}
}

// noKey is a host key that no list knows.
type noKey struct{}

func (noKey) Type() string                        { return "none" }
func (noKey) Marshal() []byte                     { return []byte("none") }
func (noKey) Verify([]byte, *ssh.Signature) error { return errors.New("no key") }
