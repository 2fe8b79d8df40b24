package store

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"sort"
	"strconv"
	"strings"

	"github.com/pkg/sftp"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// SFTP is a folder of an SSH server. It has no conditional write, so that it is a
// Store only for who promises to be its single writer, else a Reader.
var SFTP = pipelines.DefineConnection("sftp", "A folder of a server that speaks SFTP.", sftpConfig{Port: 22}, newSFTP)

type sftpConfig struct {
	Host         string           `hcl:"host" doc:"Name or address of the server."`
	Port         int              `hcl:"port,optional" doc:"Port of the server."`
	User         string           `hcl:"user" doc:"Account to log in with."`
	Password     pipelines.Secret `hcl:"password,optional" doc:"Password of the account."`
	PrivateKey   pipelines.Secret `hcl:"private_key,optional" doc:"Private key to log in with, in OpenSSH or PEM format."`
	Passphrase   pipelines.Secret `hcl:"passphrase,optional" doc:"Passphrase of the private key."`
	Agent        string           `hcl:"agent,optional" doc:"Path of the socket of an SSH agent that holds the key, as SSH_AUTH_SOCK shows it; on Windows the name of its pipe."`
	KnownHosts   string           `hcl:"known_hosts,optional" doc:"File with the host keys that servers may show, as OpenSSH writes it. Either this or host_key must be given."`
	HostKey      string           `hcl:"host_key,optional" doc:"The host key that the server must show, in one line: its kind, then the key."`
	Path         string           `hcl:"path,optional" doc:"Folder on the server; what is relative is relative to the folder of the account."`
	SingleWriter bool             `hcl:"single_writer,optional" doc:"Promise that one process at a time publishes here, since SFTP has no conditional write. Without it the connection is read only."`
}

func (c *sftpConfig) Validate() error {
	switch {
	case c.Host == "" || strings.ContainsAny(c.Host, "/@ \x00"):
		return pipelines.At("host", messages.WrongArgument.With("name", "host", "wanted", "the name of a server", "why", "it has no scheme, user or path"))
	case c.Port < 1 || c.Port > 65535:
		return pipelines.At("port", messages.WrongArgument.With("name", "port", "wanted", "between 1 and 65535", "why", "there are no others"))
	case !c.Password.IsSet() && !c.PrivateKey.IsSet() && c.Agent == "":
		return messages.LoginMissing.With("why", "it does not say how to log in", "wanted", "password, private_key or agent")
	case (c.KnownHosts == "") == (c.HostKey == ""):
		return messages.LoginMissing.With("why", "it does not say which host key the server must show", "wanted", "either known_hosts or host_key")
	}
	if c.HostKey != "" {
		if _, err := parseHostKey(c.HostKey); err != nil {
			return pipelines.At("host_key", err)
		}
	}
	return nil
}

// sftpReader reads.
type sftpReader struct {
	sftpConfig
	env  pipelines.Env
	link sftpLink
}

func newSFTP(env pipelines.Env, c sftpConfig) (Reader, error) {
	c.KnownHosts, c.Agent = env.Path(c.KnownHosts), env.Path(c.Agent)
	r := &sftpReader{sftpConfig: c, env: env}
	r.link.config, r.link.env, r.link.store = c, env, r.Describe()
	if !c.SingleWriter {
		return r, nil
	}
	s := &sftpStore{sftpReader: r}
	s.in = s
	return s, nil
}

func (s *sftpReader) Describe() string {
	where := "sftp://" + s.Host
	if s.Port != 22 {
		where += ":" + strconv.Itoa(s.Port)
	}
	if p := strings.Trim(path.Clean("/"+s.Path), "/"); p != "" {
		where += "/" + p
	}
	return where
}

// at is the path of a key on the server.
func (s *sftpReader) at(key string) string {
	if key == "" {
		key = "."
	}
	return path.Join(s.Path, key)
}

// do works on the connection, again with a new one when it breaks: what is to do
// must bear being done twice.
func (s *sftpReader) do(ctx context.Context, operation string, what func(*sftp.Client) error) error {
	for try := 1; ; try++ {
		err := s.once(ctx, what)
		if err == nil || ctx.Err() != nil || !broken(err) || try == triesWithoutProgress {
			return s.fail(ctx, operation, err)
		}
		if err := pause(ctx, reconnectAfter(try)); err != nil {
			return err
		}
	}
}

func (s *sftpReader) once(ctx context.Context, what func(*sftp.Client) error) error {
	c, err := s.link.take(ctx)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, c.abort)
	defer stop()
	err = what(c.client)
	c.release(broken(err))
	return err
}

// broken says whether the connection is of no more use.
func broken(err error) bool {
	if err == nil || errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return false
	}
	var status *sftp.StatusError
	if errors.As(err, &status) {
		return status.Code == uint32(sftp.ErrSSHFxConnectionLost) || status.Code == uint32(sftp.ErrSSHFxNoConnection)
	}
	m := messages.Find(err)
	return m == nil || messages.Has(err, messages.Unreachable)
}

// fail makes a message of an error. What the server writes beside its codes
// names files and is left out.
func (s *sftpReader) fail(ctx context.Context, operation string, err error) error {
	var status *sftp.StatusError
	switch {
	case err == nil || messages.Find(err) != nil:
		return err
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, fs.ErrNotExist):
		return messages.NotFound.With("store", s.Describe())
	case errors.Is(err, fs.ErrPermission):
		return messages.NotAllowed.With("store", s.Describe(), "operation", operation)
	case errors.As(err, &status) && !broken(err):
		return messages.StoreFailed.With("store", s.Describe(), "operation", operation, "code", "SFTP status "+strconv.FormatUint(uint64(status.Code), 10))
	}
	return unanswered(s.Describe(), operation, err)
}

func (s *sftpReader) Open(ctx context.Context, key string) (io.ReadCloser, Info, error) {
	if err := checkKey(s.Describe(), key); err != nil {
		return nil, Info{}, err
	}
	var body io.ReadCloser
	var info Info
	err := s.retry(ctx, "open", func() (err error) { body, info, err = s.open(ctx, key); return err })
	if err != nil {
		return nil, Info{}, err
	}
	r := &resumed{ctx: ctx, body: body, size: info.Size, fail: func(err error) error { return s.fail(ctx, "read", err) }}
	was := info
	r.from = func(ctx context.Context, offset int64) (io.ReadCloser, error) {
		body, now, err := s.open(ctx, key)
		if errors.Is(err, fs.ErrNotExist) || err == nil && !same(was, now) {
			err = changed(s.env, key)
		}
		if err == nil {
			_, err = body.Seek(offset, io.SeekStart)
		}
		if err != nil {
			if body != nil {
				body.Close()
			}
			return nil, err
		}
		return body, nil
	}
	// Large reads are many requests at once; a reader of small ones would wait for each.
	buffered := &bufferedBody{bufio.NewReaderSize(r, int(min(max(info.Size, 16), 1<<20))), r}
	if info.Size > small {
		return buffered, info, nil
	}
	defer r.Close()
	data, err := io.ReadAll(buffered)
	if err != nil {
		return nil, Info{}, err
	}
	info.Size, info.SHA256 = int64(len(data)), hexSum(data)
	info.Version = info.SHA256
	return io.NopCloser(bytes.NewReader(data)), info, nil
}

type bufferedBody struct {
	*bufio.Reader
	io.Closer
}

func (s *sftpReader) retry(ctx context.Context, operation string, what func() error) error {
	for try := 1; ; try++ {
		err := what()
		if err == nil || ctx.Err() != nil || !broken(err) || try == triesWithoutProgress {
			return s.fail(ctx, operation, err)
		}
		if err := pause(ctx, reconnectAfter(try)); err != nil {
			return err
		}
	}
}

// open opens the file as it is now, on a connection that is held until it is closed.
func (s *sftpReader) open(ctx context.Context, key string) (*sftpFile, Info, error) {
	c, err := s.link.take(ctx)
	if err != nil {
		return nil, Info{}, err
	}
	stop := context.AfterFunc(ctx, c.abort)
	fail := func(err error) (*sftpFile, Info, error) {
		stop()
		c.release(broken(err))
		return nil, Info{}, err
	}
	if err := s.within(c, key); err != nil {
		return fail(err)
	}
	f, err := c.client.Open(s.at(key))
	if err != nil {
		return fail(err)
	}
	st, err := f.Stat()
	if err == nil && !st.Mode().IsRegular() {
		err = fs.ErrNotExist
	}
	if err != nil {
		f.Close()
		return fail(err)
	}
	return &sftpFile{File: f, link: c, stop: stop}, sftpInfo(key, st), nil
}

// within refuses a file that a link in its path puts outside of the folder: what is
// dropped there is not to be a way to all that the account may read.
func (s *sftpReader) within(c *sftpConn, key string) error {
	root, err := c.client.RealPath(s.at(""))
	if err != nil {
		return err
	}
	file, err := c.client.RealPath(s.at(key))
	if err == nil && !strings.HasPrefix(file, strings.TrimSuffix(root, "/")+"/") {
		err = messages.LinkOut.With("store", s.Describe())
	}
	return err
}

func sftpInfo(key string, st fs.FileInfo) Info {
	return Info{Key: key, Size: st.Size(), Modified: st.ModTime(),
		Version: strconv.FormatInt(st.Size(), 36) + "-" + strconv.FormatInt(st.ModTime().Unix(), 36)}
}

// sftpFile is an open file and its share in the connection.
type sftpFile struct {
	*sftp.File
	link   *sftpConn
	stop   func() bool
	broke  bool
	closed bool
}

func (f *sftpFile) Read(p []byte) (int, error) {
	n, err := f.File.Read(p)
	if err != nil && err != io.EOF {
		f.broke = broken(err)
	}
	return n, err
}

func (f *sftpFile) Close() error {
	if f.closed {
		return nil
	}
	f.closed = true
	f.stop()
	if f.broke { // an answer to the closing would never come
		f.link.release(true)
		return nil
	}
	err := f.File.Close()
	f.link.release(broken(err))
	return nil // it was only read
}

func (s *sftpReader) Stat(ctx context.Context, key string) (Info, error) {
	if err := checkKey(s.Describe(), key); err != nil {
		return Info{}, err
	}
	var info Info
	err := s.do(ctx, "stat", func(c *sftp.Client) error {
		st, err := c.Stat(s.at(key))
		if err == nil && !st.Mode().IsRegular() {
			err = fs.ErrNotExist
		}
		if err == nil {
			info = sftpInfo(key, st)
		}
		return err
	})
	if err != nil || info.Size > small {
		return info, err
	}
	r, info, err := s.Open(ctx, key)
	if err != nil {
		return Info{}, err
	}
	return info, r.Close()
}

// Bounds of a listing: a folder that holds more was not meant.
const (
	listDepth = 32
	listFiles = 1_000_000
)

func (s *sftpReader) List(ctx context.Context, prefix string) ([]Info, error) {
	infos, err := s.list(ctx, prefix)
	kept := infos[:0]
	for _, i := range infos {
		if !isOwn(i.Key) {
			kept = append(kept, i)
		}
	}
	return kept, err
}

// list gives the store's own files too.
func (s *sftpReader) list(ctx context.Context, prefix string) (infos []Info, err error) {
	top := ""
	if i := strings.LastIndexByte(prefix, '/'); i >= 0 {
		top = prefix[:i]
		if err := checkKey(s.Describe(), top); err != nil {
			return nil, err
		}
	}
	err = s.do(ctx, "list", func(c *sftp.Client) error {
		infos = nil
		err := s.walk(ctx, c, top, prefix, 0, &infos)
		if errors.Is(err, fs.ErrNotExist) {
			if _, err = c.Stat(s.at("")); errors.Is(err, fs.ErrNotExist) {
				err = messages.FolderMissing.With("store", s.Describe())
			}
		}
		return err
	})
	sort.Slice(infos, func(i, j int) bool { return infos[i].Key < infos[j].Key })
	return infos, err
}

// walk follows symbolic links to files, none to folders.
func (s *sftpReader) walk(ctx context.Context, c *sftp.Client, dir, prefix string, depth int, infos *[]Info) error {
	if depth > listDepth {
		return messages.StoreTooMuch.With("store", s.Describe(), "bound", listDepth, "what", "folders within each other")
	}
	entries, err := c.ReadDirContext(ctx, s.at(dir))
	if err != nil {
		return err
	}
	for _, st := range entries {
		key := path.Join(dir, st.Name())
		if !fs.ValidPath(key) || strings.Contains(st.Name(), "/") {
			continue // no name that a file can have
		}
		if !strings.HasPrefix(key, prefix) && !strings.HasPrefix(prefix, key+"/") {
			continue
		}
		if st.Mode()&os.ModeSymlink != 0 {
			if st, err = c.Stat(s.at(key)); err != nil {
				if broken(err) {
					return err
				}
				*infos = append(*infos, Info{Key: key}) // who opens it is told why it cannot be read
				continue
			}
			if st.IsDir() {
				continue
			}
		}
		switch {
		case st.IsDir():
			// A folder that has gone since holds nothing.
			if err := s.walk(ctx, c, key, prefix, depth+1, infos); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		case st.Mode().IsRegular() && strings.HasPrefix(key, prefix):
			if len(*infos) == listFiles {
				return messages.StoreTooMuch.With("store", s.Describe(), "bound", listFiles, "what", "files")
			}
			*infos = append(*infos, Info{Key: key, Size: st.Size(), Modified: st.ModTime()})
		}
	}
	return nil
}
