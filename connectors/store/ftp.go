package store

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"path"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jlaffaye/ftp"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// FTP is a folder of an FTP server. It is read only: FTP knows neither conditions
// nor a rename that replaces.
var FTP = pipelines.DefineConnection("ftp", "A folder of an FTP server, to read from.", ftpConfig{TLS: "explicit"}, newFTP)

type ftpConfig struct {
	Host     string           `hcl:"host" doc:"Name or address of the server."`
	Port     int              `hcl:"port,optional" doc:"Port of the server; when it is not given, 21, or 990 with tls = \"implicit\"."`
	User     string           `hcl:"user" doc:"Account to log in with."`
	Password pipelines.Secret `hcl:"password,optional" doc:"Password of the account."`
	TLS      string           `hcl:"tls,optional" values:"explicit|implicit|none" doc:"How the connection is encrypted: explicit asks for it on the usual port, implicit has a port of its own; none sends the password and the files in clear."`
	CAFile   string           `hcl:"ca_file,optional" doc:"File of PEM certificates to trust besides the system's."`
	Path     string           `hcl:"path,optional" doc:"Folder on the server; what is relative is relative to the folder of the account."`
}

func (c *ftpConfig) Validate() error {
	switch {
	case c.Host == "" || strings.ContainsAny(c.Host, "/@ \x00\r\n"):
		return pipelines.At("host", messages.WrongArgument.With("name", "host", "wanted", "the name of a server", "why", "it has no scheme, user or path"))
	case c.Port < 0 || c.Port > 65535:
		return pipelines.At("port", messages.WrongArgument.With("name", "port", "wanted", "between 1 and 65535", "why", "there are no others"))
	case c.User == "":
		return pipelines.At("user", messages.LoginMissing.With("why", "it does not say how to log in", "wanted", "user and password"))
	case strings.ContainsAny(c.User+c.Path, "\r\n\x00"):
		return pipelines.At("path", messages.WrongArgument.With("name", "user, path", "wanted", "one line", "why", "FTP ends a command at a line break"))
	case c.TLS == "none" && c.CAFile != "":
		return pipelines.At("ca_file", messages.LoginMissing.With("why", "nothing is encrypted", "wanted", "tls = \"explicit\""))
	}
	return nil
}

type ftpStore struct {
	ftpConfig
	env pipelines.Env

	mu     sync.Mutex
	idle   *ftpConn // the one that was used last
	trust  *tls.Config
	expiry time.Time // of the certificate
}

func newFTP(env pipelines.Env, c ftpConfig) (*ftpStore, error) {
	c.CAFile = env.Path(c.CAFile)
	if c.Port == 0 {
		c.Port = 21
		if c.TLS == "implicit" {
			c.Port = 990
		}
	}
	return &ftpStore{ftpConfig: c, env: env}, nil
}

func (s *ftpStore) Describe() string {
	where, usual := "ftp://"+s.Host, 21
	if s.TLS == "implicit" {
		where, usual = "ftps://"+s.Host, 990
	}
	if s.Port != usual {
		where += ":" + strconv.Itoa(s.Port)
	}
	if p := strings.Trim(path.Clean("/"+s.Path), "/"); p != "" {
		where += "/" + p
	}
	return where
}

// ftpConn is one connection, which does one thing at a time.
type ftpConn struct {
	*ftp.ServerConn
	home   string // the folder that keys are under, as the server calls it
	linger *time.Timer

	mu    sync.Mutex
	wires []*patient // of commands, and of the data of this moment
}

func (c *ftpConn) abort() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, w := range c.wires {
		w.abort()
	}
}

// close says no farewell: a server that has gone would be waited for.
func (c *ftpConn) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, w := range c.wires {
		w.Close()
	}
}

func (c *ftpConn) at(key string) string { return path.Join(c.home, key) }

// take gives a connection of its own to who asks; give takes it back.
func (s *ftpStore) take(ctx context.Context) (*ftpConn, error) {
	s.mu.Lock()
	c := s.idle
	s.idle = nil
	s.mu.Unlock()
	if c != nil && c.linger.Stop() {
		return c, nil
	}
	return s.connect(ctx)
}

func (s *ftpStore) give(c *ftpConn, broke bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if broke || s.idle != nil {
		c.close()
		return
	}
	s.idle = c
	c.linger = time.AfterFunc(lingers, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.idle == c {
			s.idle = nil
		}
		c.close()
	})
}

// security is TLS of which data connections take up the session, as many servers
// want for a proof that they are the same client's.
func (s *ftpStore) security() (*tls.Config, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.trust != nil || s.TLS == "none" {
		return s.trust, nil
	}
	trust, err := trusting(s.CAFile)
	if err != nil {
		return nil, err
	}
	trust.ServerName, trust.ClientSessionCache = s.Host, tls.NewLRUClientSessionCache(4)
	trust.VerifyConnection = func(state tls.ConnectionState) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		if len(state.PeerCertificates) > 0 {
			s.expiry = state.PeerCertificates[0].NotAfter
		}
		return nil
	}
	s.trust = trust
	return trust, nil
}

func (s *ftpStore) connect(ctx context.Context) (*ftpConn, error) {
	security, err := s.security()
	if err != nil {
		return nil, err
	}
	password, err := reveal(ctx, s.env, s.Password)
	if err != nil {
		return nil, err
	}
	if strings.ContainsAny(password, "\r\n\x00") { // it would end the command and begin another
		return nil, messages.LoginRefused.With("store", s.Describe())
	}
	c := &ftpConn{}
	stop := context.AfterFunc(ctx, c.abort)
	defer stop()
	options := []ftp.DialOption{ftp.DialWithDialFunc(func(_, address string) (net.Conn, error) {
		raw, err := dial(ctx, address)
		if err != nil {
			return nil, err
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		wire := raw.(*patient)
		commands := len(c.wires) == 0
		c.wires = append(c.wires[:min(len(c.wires), 1)], wire) // one transfer at a time
		if s.TLS == "none" || commands && s.TLS == "explicit" {
			return wire, nil
		}
		return tls.Client(wire, security), nil
	})}
	switch s.TLS {
	case "explicit":
		options = append(options, ftp.DialWithExplicitTLS(security))
	case "implicit":
		options = append(options, ftp.DialWithTLS(security))
	}
	c.ServerConn, err = ftp.Dial(net.JoinHostPort(s.Host, strconv.Itoa(s.Port)), options...)
	if err == nil {
		if err = c.Login(s.User, password); plainText(err) {
			err = messages.LoginRefused.With("store", s.Describe())
		}
	}
	if err == nil && s.Path != "" {
		if err = c.ChangeDir(s.Path); code(err) == ftp.StatusFileUnavailable {
			err = messages.FolderMissing.With("store", s.Describe())
		}
	}
	if err == nil {
		c.home, err = c.CurrentDir()
	}
	if err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

// code is the server's, 0 if the error is not an answer.
func code(err error) int {
	var answer *textproto.Error
	if errors.As(err, &answer) {
		return answer.Code
	}
	return 0
}

// plainText says whether an error is what the server says of a user, which the
// library gives without its code.
func plainText(err error) bool {
	return err != nil && fmt.Sprintf("%T", err) == "*errors.errorString" &&
		err != io.EOF && err != io.ErrUnexpectedEOF && !strings.HasPrefix(err.Error(), "tls: ")
}

func ftpBroken(err error) bool {
	return err != nil && messages.Find(err) == nil && (code(err) == 0 || code(err) == 421 || code(err) == 426)
}

// fail makes a message of an error. What the server writes beside its codes names
// files and is left out.
func (s *ftpStore) fail(ctx context.Context, operation string, err error) error {
	if err == nil || messages.Find(err) != nil {
		return err
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	switch c := code(err); {
	case c == 426:
		return messages.Unreachable.With("store", s.Describe(), "reason", "the connection broke in "+operation)
	case c == 0:
		return unanswered(s.Describe(), operation, err)
	case c == 421:
		return messages.StoreBusy.With("store", s.Describe(), "code", "FTP status "+strconv.Itoa(code(err)))
	case c == ftp.StatusNotLoggedIn || c == ftp.StatusLoginNeedAccount:
		return messages.LoginRefused.With("store", s.Describe())
	case c == 522 || c == ftp.StatusCanNotOpenDataConnection && s.TLS != "none":
		return messages.TLSReuse.With("store", s.Describe())
	case c == ftp.StatusFileUnavailable || c == ftp.StatusFileActionIgnored:
		return messages.NotFound.With("store", s.Describe())
	case c == ftp.StatusBadFileName || c == 533 || c == 534:
		return messages.NotAllowed.With("store", s.Describe(), "operation", operation)
	}
	return messages.StoreFailed.With("store", s.Describe(), "operation", operation, "code", "FTP status "+strconv.Itoa(code(err)))
}

// do works on a connection, again with a new one when it breaks.
func (s *ftpStore) do(ctx context.Context, operation string, what func(*ftpConn) error) error {
	for try := 1; ; try++ {
		err := ctx.Err()
		if err != nil {
			return err
		}
		var c *ftpConn
		if c, err = s.take(ctx); err == nil {
			stop := context.AfterFunc(ctx, c.abort)
			err = what(c)
			s.give(c, ftpBroken(err) || !stop())
		}
		if err == nil || ctx.Err() != nil || !ftpBroken(err) || try == triesWithoutProgress {
			return s.fail(ctx, operation, err)
		}
		if m := s.fail(ctx, operation, err); !messages.Has(m, messages.Unreachable) && !messages.Has(m, messages.StoreBusy) {
			return m
		}
		if err := pause(ctx, reconnectAfter(try)); err != nil {
			return err
		}
	}
}

// describe asks for size and time, as MLST or by itself; what a server does not
// tell stays unknown.
func (c *ftpConn) describe(key string) (Info, error) {
	info := Info{Key: key, Size: -1}
	size, err := c.FileSize(c.at(key))
	switch {
	case err == nil:
		info.Size = size
	case code(err) == ftp.StatusFileUnavailable || code(err) == 0 || code(err) == 421:
		return Info{}, err
	}
	if c.IsGetTimeSupported() {
		if info.Modified, err = c.GetTime(c.at(key)); err != nil && code(err) == 0 {
			return Info{}, err
		}
	}
	if info.Size >= 0 && !info.Modified.IsZero() {
		info.Version = strconv.FormatInt(info.Size, 36) + "-" + strconv.FormatInt(info.Modified.Unix(), 36)
	}
	return info, nil
}

func (s *ftpStore) Stat(ctx context.Context, key string) (info Info, err error) {
	if err := s.check(key); err != nil {
		return Info{}, err
	}
	err = s.do(ctx, "SIZE", func(c *ftpConn) (err error) { info, err = c.describe(key); return err })
	return info, err
}

func (s *ftpStore) check(key string) error {
	if err := checkKey(s.Describe(), key); err != nil {
		return err
	}
	if strings.ContainsAny(key, "\r\n") {
		return messages.BadKey.With("store", s.Describe(), "why", "it has a line break in it")
	}
	return nil
}

// ftpBody is a transfer, and the connection it is on.
type ftpBody struct {
	store *ftpStore
	conn  *ftpConn
	data  *ftp.Response
	stop  func() bool
	ended error // of the transfer, io.EOF if it is whole; nil before
}

func (b *ftpBody) Read(p []byte) (int, error) {
	if b.ended != nil {
		return 0, b.ended
	}
	n, err := b.data.Read(p)
	if err == nil {
		return n, nil
	}
	if b.ended = err; err == io.EOF {
		// The end of the data is that of the file only if the server says so then.
		if e := b.data.Close(); e != nil {
			b.ended = e
		}
	}
	if n > 0 {
		return n, nil
	}
	return 0, b.ended
}

func (b *ftpBody) Close() error {
	if b.conn == nil {
		return nil
	}
	whole := b.stop() && b.ended == io.EOF
	b.store.give(b.conn, !whole)
	b.conn = nil
	return nil
}

func (s *ftpStore) Open(ctx context.Context, key string) (io.ReadCloser, Info, error) {
	if err := s.check(key); err != nil {
		return nil, Info{}, err
	}
	var info Info
	var body io.ReadCloser
	var err error
	for try := 1; ; try++ {
		if body, info, err = s.transfer(ctx, key, 0, nil); err == nil || ctx.Err() != nil || !ftpBroken(err) || try == triesWithoutProgress {
			break
		}
		if m := s.fail(ctx, "RETR", err); !messages.Has(m, messages.Unreachable) && !messages.Has(m, messages.StoreBusy) {
			break
		}
		if err := pause(ctx, reconnectAfter(try)); err != nil {
			return nil, Info{}, err
		}
	}
	if err != nil {
		return nil, Info{}, s.fail(ctx, "RETR", err)
	}
	r := &resumed{ctx: ctx, body: body, size: info.Size, fail: func(err error) error { return s.fail(ctx, "RETR", err) }}
	if info.Version == "" {
		r.size = -1 // nothing would tell that the rest is of the same file
	}
	was := info
	r.from = func(ctx context.Context, offset int64) (io.ReadCloser, error) {
		body, _, err := s.transfer(ctx, key, offset, &was)
		return body, err
	}
	return r, info, nil
}

// transfer begins one on a connection of its own, if the file is what it was.
func (s *ftpStore) transfer(ctx context.Context, key string, offset int64, was *Info) (io.ReadCloser, Info, error) {
	if err := ctx.Err(); err != nil {
		return nil, Info{}, err
	}
	c, err := s.take(ctx)
	if err != nil {
		return nil, Info{}, err
	}
	stop := context.AfterFunc(ctx, c.abort)
	info, err := c.describe(key)
	if was != nil && (code(err) == ftp.StatusFileUnavailable || err == nil && !same(*was, info)) {
		err = changed(s.env, key)
	}
	var data *ftp.Response
	if err == nil {
		data, err = c.RetrFrom(c.at(key), uint64(offset))
	}
	if err != nil {
		s.give(c, !stop() || ftpBroken(err))
		return nil, Info{}, err
	}
	return &ftpBody{store: s, conn: c, data: data, stop: stop}, info, nil
}

func (s *ftpStore) List(ctx context.Context, prefix string) (infos []Info, err error) {
	top := ""
	if i := strings.LastIndexByte(prefix, '/'); i >= 0 {
		top = prefix[:i]
		if err := s.check(top); err != nil {
			return nil, err
		}
	}
	err = s.do(ctx, "LIST", func(c *ftpConn) error {
		infos = nil
		err := s.walk(ctx, c, top, prefix, 0, &infos)
		if top != "" && code(err) == ftp.StatusFileUnavailable {
			return nil
		}
		return err
	})
	sort.Slice(infos, func(i, j int) bool { return infos[i].Key < infos[j].Key })
	return infos, err
}

// walk goes into a folder to list it: what LIST makes of a name with a space, a
// dash or a bracket differs from server to server.
func (s *ftpStore) walk(ctx context.Context, c *ftpConn, dir, prefix string, depth int, infos *[]Info) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if depth > listDepth {
		return messages.StoreTooMuch.With("store", s.Describe(), "bound", listDepth, "what", "folders within each other")
	}
	if err := c.ChangeDir(c.at(dir)); err != nil {
		return err
	}
	entries, err := c.List("")
	if err != nil {
		return err
	}
	for _, e := range entries {
		key := path.Join(dir, e.Name)
		if e.Name == "." || e.Name == ".." || s.check(key) != nil || strings.Contains(e.Name, "/") ||
			!strings.HasPrefix(key, prefix) && !strings.HasPrefix(prefix, key+"/") || isOwn(key) {
			continue
		}
		if e.Type == ftp.EntryTypeFolder {
			// A folder that has gone since, or may not be gone into, holds nothing for us.
			if err := s.walk(ctx, c, key, prefix, depth+1, infos); err != nil && code(err) != ftp.StatusFileUnavailable {
				return err
			}
			continue
		}
		if !strings.HasPrefix(key, prefix) {
			continue
		}
		if len(*infos) == listFiles {
			return messages.StoreTooMuch.With("store", s.Describe(), "bound", listFiles, "what", "files")
		}
		info := Info{Key: key, Size: int64(e.Size), Modified: e.Time}
		if e.Type == ftp.EntryTypeLink || !c.IsTimePreciseInList() {
			// LIST tells the time to the minute or the day, and of a link not what it leads to.
			asked, err := c.describe(key)
			switch {
			case err == nil:
				info = asked
				info.Version = ""
			case ftpBroken(err):
				return err
			case e.Type == ftp.EntryTypeLink:
				continue // to a folder, or to nothing
			}
		}
		*infos = append(*infos, info)
	}
	return nil
}

// Move renames. FTP's rename may replace what is there, so that it is looked for before.
func (s *ftpStore) Move(ctx context.Context, was Info, to string) error {
	if err := checkNewKey(s.Describe(), to); err != nil {
		return err
	}
	if err := still(ctx, s, was); err != nil {
		return err
	}
	return s.do(ctx, "RNFR", func(c *ftpConn) error {
		if _, err := c.describe(to); err == nil {
			return messages.ConditionFailed.With("store", s.Describe())
		} else if code(err) != ftp.StatusFileUnavailable {
			return err
		}
		made := ""
		for _, part := range strings.Split(path.Dir(to), "/") {
			made = path.Join(made, part)
			if err := c.MakeDir(c.at(made)); ftpBroken(err) { // else it is there, or the rename tells
				return err
			}
		}
		return c.Rename(c.at(was.Key), c.at(to))
	})
}

func (s *ftpStore) Remove(ctx context.Context, was Info) error {
	if err := still(ctx, s, was); err != nil {
		return err
	}
	return s.do(ctx, "DELE", func(c *ftpConn) error { return c.ServerConn.Delete(c.at(was.Key)) })
}

// Examine looks at the server: reach and login, certificate, and a listing, which
// takes a data connection.
func (s *ftpStore) Examine(ctx context.Context) []pipelines.Finding {
	err := s.do(ctx, "connect", func(*ftpConn) error { return nil })
	found := []pipelines.Finding{finding("reach", err, s.Describe())}
	s.mu.Lock()
	expiry := s.expiry
	s.mu.Unlock()
	if !expiry.IsZero() {
		found = append(found, ending(s.Describe(), s.env.Now(), expiry))
	}
	if err != nil {
		return found
	}
	err = s.do(ctx, "LIST", func(c *ftpConn) error {
		if err := c.ChangeDir(c.at("")); err != nil {
			return err
		}
		_, err := c.List("")
		return err
	})
	return append(found, finding("rights to read", err, ""))
}
