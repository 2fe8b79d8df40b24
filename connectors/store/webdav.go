package store

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/url"
	"path"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// WebDAV is a folder of a WebDAV server, as those of Nextcloud and of NAS boxes.
var WebDAV = pipelines.DefineConnection("webdav", "A folder of a WebDAV server.", webdavConfig{}, newWebDAV)

type webdavConfig struct {
	URL          string           `hcl:"url" doc:"Address of the folder, as https://nuage.example.org/remote.php/dav/files/export."`
	InsecureHTTP bool             `hcl:"insecure_http,optional" doc:"Allow an address with http. On this machine itself it is always allowed."`
	User         string           `hcl:"user,optional" doc:"Account of basic authentication."`
	Password     pipelines.Secret `hcl:"password,optional" doc:"Password of the account."`
	CAFile       string           `hcl:"ca_file,optional" doc:"File of PEM certificates to trust besides the system's."`
	Proxy        string           `hcl:"proxy,optional" doc:"Address of an HTTP proxy; the environment's is not used."`
	SingleWriter bool             `hcl:"single_writer,optional" doc:"Promise that one process at a time publishes here, for a server that ignores conditional writes."`
}

func (c *webdavConfig) Validate() error {
	if _, err := checkURL("url", c.URL, c.InsecureHTTP); err != nil {
		return err
	}
	if c.Proxy != "" {
		if err := checkAddress("proxy", c.Proxy); err != nil {
			return pipelines.At("proxy", err)
		}
	}
	if (c.User != "") != c.Password.IsSet() {
		return pipelines.At("password", messages.LoginMissing.With("why", "a user needs a password, and a password a user", "wanted", "user and password"))
	}
	return nil
}

type webdav struct {
	web
	keeps
	user     string
	password pipelines.Secret
	single   bool

	swapping sync.Mutex
	proven   bool // conditional writes are honoured; held by swapping
}

func newWebDAV(env pipelines.Env, c webdavConfig) (*webdav, error) {
	base, err := checkURL("url", c.URL, c.InsecureHTTP)
	if err != nil {
		return nil, err
	}
	s := &webdav{user: c.User, password: c.Password, single: c.SingleWriter}
	s.web.env, s.web.store, s.web.base = env, describe(base), base
	s.web.caFile, s.web.proxy, s.web.insecure = env.Path(c.CAFile), c.Proxy, c.InsecureHTTP
	s.web.login = s.logIn
	s.in = s
	return s, nil
}

func (s *webdav) logIn(ctx context.Context, req *http.Request, _ bool) error {
	if s.user == "" {
		return nil
	}
	password, err := s.password.Reveal(ctx, s.env)
	if err == nil {
		req.SetBasicAuth(s.user, password)
	}
	return err
}

func (s *webdav) Describe() string { return s.store }

// Open tells of a small file the version that its bytes make where no ETag of the
// server is needed for conditions: some servers make it of the second and the size.
func (s *webdav) Open(ctx context.Context, key string) (io.ReadCloser, Info, error) {
	if err := checkKey(s.store, key); err != nil {
		return nil, Info{}, err
	}
	body, info, err := s.open(ctx, key, s.address(key))
	if err != nil || info.Size > small || info.Size < 0 {
		return body, info, s.folder(err)
	}
	defer body.Close()
	data, err := io.ReadAll(body)
	if err != nil {
		return nil, Info{}, err
	}
	info.Size, info.SHA256 = int64(len(data)), hexSum(data)
	if s.single || info.Version == "" {
		info.Version = info.SHA256
	}
	return io.NopCloser(bytes.NewReader(data)), info, nil
}

// folder makes "not found" of what a server says of a folder that is asked for as
// if it were a file.
func (s *webdav) folder(err error) error {
	if messages.Has(err, messages.RedirectRefused) {
		return messages.NotFound.With("store", s.store)
	}
	return err
}

func (s *webdav) Stat(ctx context.Context, key string) (Info, error) {
	if err := checkKey(s.store, key); err != nil {
		return Info{}, err
	}
	info, err := s.stat(ctx, key, s.address(key))
	if err != nil || info.Size > small {
		return info, err
	}
	r, info, err := s.Open(ctx, key)
	if err != nil {
		return Info{}, err
	}
	return info, r.Close()
}

// multistatus is what PROPFIND answers (RFC 4918, 14.16).
type multistatus struct {
	Responses []davResponse `xml:"DAV: response"`
}

type davResponse struct {
	Href  string    `xml:"DAV: href"`
	Stats []davStat `xml:"DAV: propstat"`
}

type davStat struct {
	Status string `xml:"DAV: status"`
	Prop   struct {
		Length   string    `xml:"DAV: getcontentlength"`
		Modified string    `xml:"DAV: getlastmodified"`
		Folder   *struct{} `xml:"DAV: resourcetype>collection"`
	} `xml:"DAV: prop"`
}

// propfind is what it asks for (RFC 4918, 9.1).
type propfind struct {
	XMLName  xml.Name `xml:"DAV: propfind"`
	Type     struct{} `xml:"DAV: prop>resourcetype"`
	Length   struct{} `xml:"DAV: prop>getcontentlength"`
	Modified struct{} `xml:"DAV: prop>getlastmodified"`
}

// listBound is how much of an answer about one folder is read.
const listBound = 256 << 20

func (s *webdav) List(ctx context.Context, prefix string) ([]Info, error) {
	infos, err := s.list(ctx, prefix)
	kept := infos[:0]
	for _, i := range infos {
		if !isOwn(i.Key) {
			kept = append(kept, i)
		}
	}
	return kept, err
}

func (s *webdav) list(ctx context.Context, prefix string) (infos []Info, err error) {
	top := ""
	if i := strings.LastIndexByte(prefix, '/'); i >= 0 {
		top = prefix[:i]
		if err := checkKey(s.store, top); err != nil {
			return nil, err
		}
	}
	err = s.walk(ctx, top, prefix, 0, &infos)
	if messages.Has(err, messages.NotFound) {
		err = nil
		if top != "" {
			_, err = s.entries(ctx, "")
		}
		if top == "" || messages.Has(err, messages.NotFound) {
			err = messages.FolderMissing.With("store", s.store)
		}
	}
	sort.Slice(infos, func(i, j int) bool { return infos[i].Key < infos[j].Key })
	return infos, err
}

func (s *webdav) walk(ctx context.Context, dir, prefix string, depth int, infos *[]Info) error {
	if depth > listDepth {
		return messages.StoreTooMuch.With("store", s.store, "bound", listDepth, "what", "folders within each other")
	}
	entries, err := s.entries(ctx, dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		switch {
		case e.Size < 0 && (strings.HasPrefix(e.Key+"/", prefix) || strings.HasPrefix(prefix, e.Key+"/")):
			if err := s.walk(ctx, e.Key, prefix, depth+1, infos); err != nil && !messages.Has(err, messages.NotFound) {
				return err
			}
		case e.Size >= 0 && strings.HasPrefix(e.Key, prefix):
			if len(*infos) == listFiles {
				return messages.StoreTooMuch.With("store", s.store, "bound", listFiles, "what", "files")
			}
			*infos = append(*infos, e)
		}
	}
	return nil
}

// entries are the files and, of size -1, the folders right in dir.
func (s *webdav) entries(ctx context.Context, dir string) ([]Info, error) {
	at := s.address(dir)
	if !strings.HasSuffix(at.Path, "/") {
		at.Path += "/"
	}
	question, err := xml.Marshal(propfind{})
	if err != nil {
		return nil, err
	}
	resp, err := s.ask(ctx, request{method: "PROPFIND", url: at, body: question,
		headers: map[string]string{"Depth": "1", "Content-Type": "application/xml"}}, http.StatusMultiStatus)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	bounded := &io.LimitedReader{R: resp.Body, N: listBound}
	var answer multistatus
	if err := xml.NewDecoder(bounded).Decode(&answer); err != nil {
		if bounded.N <= 0 {
			return nil, messages.StoreTooMuch.With("store", s.store, "bound", pipelines.Size(listBound), "what", "in one listing")
		}
		var syntax *xml.SyntaxError
		if errors.As(err, &syntax) || err == io.EOF {
			return nil, messages.BadAnswer.With("store", s.store, "why", "its listing is no XML")
		}
		return nil, s.unanswered(ctx, "PROPFIND", err)
	}
	var infos []Info
	own := false // the folder itself is among them, so that they are of this folder
	for _, r := range answer.Responses {
		u, err := at.Parse(strings.TrimSpace(r.Href))
		if err != nil {
			return nil, messages.BadAnswer.With("store", s.store, "why", "its listing has an address that is none")
		}
		name, self := nameIn(at, u)
		own = own || self
		if name == "" {
			continue // the folder itself, or nothing right in it
		}
		info := Info{Key: path.Join(dir, name), Size: -1}
		if !r.describe(&info) {
			return nil, messages.BadAnswer.With("store", s.store, "why", "its listing does not tell the sizes of files")
		}
		infos = append(infos, info)
	}
	if !own && len(infos) == 0 { // a proxy may have changed addresses: an empty folder is another thing
		return nil, messages.BadAnswer.With("store", s.store, "why", "its listing is of another folder than the one asked for")
	}
	return infos, nil
}

// nameIn is the name of what an address names, if it is right in the folder; self says
// that it is the folder's own.
func nameIn(folder, u *url.URL) (name string, self bool) {
	if u.Host != folder.Host {
		return "", false
	}
	path := strings.TrimSuffix(u.Path, "/")
	if path == strings.TrimSuffix(folder.Path, "/") {
		return "", true
	}
	name, ok := strings.CutPrefix(path, folder.Path)
	if !ok || name == "." || name == ".." || strings.ContainsAny(name, "/\x00") {
		return "", false
	}
	return name, false
}

// describe reads the properties that the server has; false if a file has no size.
func (r davResponse) describe(info *Info) bool {
	for _, st := range r.Stats {
		if st.Status != "" && !strings.Contains(st.Status, " 200") {
			continue
		}
		if st.Prop.Folder != nil {
			info.Size = -1
			return true
		}
		if n, err := strconv.ParseInt(strings.TrimSpace(st.Prop.Length), 10, 64); err == nil && n >= 0 {
			info.Size = n
		}
		if t, err := http.ParseTime(strings.TrimSpace(st.Prop.Modified)); err == nil {
			info.Modified = t
		}
	}
	return info.Size >= 0
}

// Put uploads under a temporary name and moves, which a server does as one step.
func (s *webdav) Put(ctx context.Context, key string, c Content) (Info, error) {
	if err := checkNewKey(s.store, key); err != nil {
		return Info{}, err
	}
	name, err := s.tempName()
	if err != nil {
		return Info{}, err
	}
	temp := path.Join(path.Dir(key), name)
	if _, err := s.upload(ctx, temp, c, nil); err != nil {
		return Info{}, err
	}
	// An upload that broke off or was changed on its way is not taken for whole.
	err = s.verify(ctx, temp, c)
	if err == nil {
		err = s.move(ctx, temp, key, "T")
	}
	if err != nil {
		_ = s.remove(context.WithoutCancel(ctx), temp)
		return Info{}, err
	}
	return s.Stat(ctx, key)
}

func (s *webdav) tempName() (string, error) {
	source := s.env.Rand
	if source == nil {
		source = rand.Reader
	}
	nonce := make([]byte, 8)
	if _, err := io.ReadFull(source, nonce); err != nil {
		return "", err
	}
	return tempStart + hex.EncodeToString(nonce) + tempEnd, nil
}

// verify reads the content as it is to be sent, and what the server says it holds.
func (s *webdav) verify(ctx context.Context, temp string, c Content) error {
	differs := messages.UploadDiffers.With("store", s.store, "file", "what was sent")
	r, err := c.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	if sum, n, err := sumOf(&ctxReader{ctx, r}); err != nil {
		return err
	} else if n != c.Size || sum != c.SHA256 {
		return differs
	}
	info, err := s.stat(ctx, temp, s.address(temp))
	if err == nil && info.Size >= 0 && info.Size != c.Size {
		err = differs
	}
	return err
}

// upload sends the content and gives its ETag, if the server tells it, and makes the folders above it where they are missing.
func (s *webdav) upload(ctx context.Context, key string, c Content, conditions map[string]string) (etag string, err error) {
	headers := map[string]string{"Content-Type": c.Type}
	if c.Type == "" {
		headers["Content-Type"] = "application/octet-stream"
	}
	for name, v := range conditions {
		headers[name] = v
	}
	send := func() (string, error) {
		resp, err := s.ask(ctx, request{method: http.MethodPut, url: s.address(key), headers: headers, content: &c},
			http.StatusOK, http.StatusCreated, http.StatusNoContent)
		if err != nil {
			return "", err
		}
		drain(resp)
		return resp.Header.Get("ETag"), nil
	}
	etag, err = send()
	// Servers say in their own ways that there is no folder to put it in: 404, 409, 500.
	if messages.Has(err, messages.NotFound) || messages.Has(err, messages.StoreFailed) {
		if s.makeFolder(ctx, path.Dir(key)) != nil {
			return "", err
		}
		return send()
	}
	return etag, err
}

// makeFolder makes dir, and what is above it where that is missing.
func (s *webdav) makeFolder(ctx context.Context, dir string) error {
	if dir == "." {
		dir = ""
	}
	at := s.address(dir)
	if !strings.HasSuffix(at.Path, "/") {
		at.Path += "/"
	}
	for try := 1; ; try++ {
		// 405: it is there already.
		resp, err := s.ask(ctx, request{method: "MKCOL", url: at}, http.StatusCreated, http.StatusOK, http.StatusMethodNotAllowed)
		if err == nil {
			drain(resp)
			return nil
		}
		if dir == "" || try == 2 || !messages.Has(err, messages.NotFound) && !messages.Has(err, messages.StoreFailed) {
			return err
		}
		if err := s.makeFolder(ctx, path.Dir(dir)); err != nil {
			return err
		}
	}
}

func (s *webdav) move(ctx context.Context, from, to, overwrite string) error {
	resp, err := s.ask(ctx, request{method: "MOVE", url: s.address(from), headers: map[string]string{
		"Destination": s.address(to).String(), "Overwrite": overwrite,
	}}, http.StatusCreated, http.StatusNoContent, http.StatusOK)
	if err != nil {
		return err
	}
	drain(resp)
	return nil
}

func (s *webdav) remove(ctx context.Context, key string) error {
	resp, err := s.ask(ctx, request{method: http.MethodDelete, url: s.address(key)}, http.StatusNoContent, http.StatusOK, http.StatusNotFound)
	if err != nil {
		return err
	}
	drain(resp)
	return nil
}

func (s *webdav) Delete(ctx context.Context, key string) error {
	if err := checkNewKey(s.store, key); err != nil {
		return err
	}
	return s.remove(ctx, key)
}

// Swap is one PUT under If-Match or If-None-Match. Before the first one the server
// must prove that it honours them: many do not.
func (s *webdav) Swap(ctx context.Context, key string, data []byte, old string) (Info, error) {
	if err := checkNewKey(s.store, key); err != nil {
		return Info{}, err
	}
	if s.single {
		s.swapping.Lock()
		defer s.swapping.Unlock()
		present, err := s.Stat(ctx, key)
		if err != nil && !messages.Has(err, messages.NotFound) {
			return Info{}, err
		}
		if present.Version != old {
			return Info{}, messages.ConditionFailed.With("store", s.store)
		}
		return s.Put(ctx, key, Bytes(data, "application/json"))
	}
	if err := s.prove(ctx, path.Dir(key)); err != nil {
		return Info{}, err
	}
	return s.swap(ctx, key, data, old)
}

func (s *webdav) swap(ctx context.Context, key string, data []byte, old string) (Info, error) {
	condition := map[string]string{"If-None-Match": "*"}
	if old != "" {
		condition = map[string]string{"If-Match": old}
	}
	c := Bytes(data, "application/json")
	etag, err := s.upload(ctx, key, c, condition)
	if err != nil {
		return Info{}, err
	}
	if etag == "" { // the server tells it only who asks
		return s.stat(ctx, key, s.address(key))
	}
	return Info{Key: key, Size: c.Size, SHA256: c.SHA256, Version: etag}, nil
}

// prove shows, once, that conditions are honoured, and that two versions of one
// size and one second have different ETags.
func (s *webdav) prove(ctx context.Context, dir string) error {
	s.swapping.Lock()
	defer s.swapping.Unlock()
	if s.proven {
		return nil
	}
	name, err := s.tempName()
	if err != nil {
		return err
	}
	probe := path.Join(dir, name)
	defer s.remove(context.WithoutCancel(ctx), probe) //nolint:errcheck // a leftover is swept
	ignored := messages.ConditionsIgnored.With("store", s.store)
	first, err := s.swap(ctx, probe, []byte("1"), "")
	if err != nil {
		return err
	}
	if !strings.HasPrefix(first.Version, `"`) {
		return ignored
	}
	for _, wrong := range []string{"", `"0"`} {
		if _, err := s.swap(ctx, probe, []byte("2"), wrong); err == nil {
			return ignored
		} else if !messages.Has(err, messages.ConditionFailed) {
			return err
		}
	}
	second, err := s.swap(ctx, probe, []byte("3"), first.Version)
	if err != nil {
		return err
	}
	if second.Version == first.Version {
		return ignored
	}
	s.proven = true
	return nil
}

// Now is the Date of an answer.
func (s *webdav) Now(ctx context.Context) (time.Time, error) {
	_, err := s.stat(ctx, "", s.base)
	if clock, _ := s.seen.told(); !clock.IsZero() && !messages.Has(err, messages.Unreachable) {
		return clock, nil
	}
	if err == nil {
		err = messages.BadAnswer.With("store", s.store, "why", "it has no Date")
	}
	return time.Time{}, err
}

// Sweep removes temporary files of writes that never ended.
func (s *webdav) Sweep(ctx context.Context, prefix string, before time.Time) (int, error) {
	infos, err := s.list(ctx, prefix)
	if messages.Has(err, messages.FolderMissing) {
		return 0, nil // nothing was ever written here
	}
	removed := 0
	for _, i := range infos {
		name := path.Base(i.Key)
		if err != nil || !strings.HasPrefix(name, tempStart) || !strings.HasSuffix(name, tempEnd) || !i.Modified.Before(before) {
			continue
		}
		if err = s.remove(ctx, i.Key); err == nil {
			removed++
		}
	}
	return removed, err
}

// Move renames unless something of that name is there.
func (s *webdav) Move(ctx context.Context, was Info, to string) error {
	if err := checkNewKey(s.store, to); err != nil {
		return err
	}
	if err := still(ctx, s, was); err != nil {
		return err
	}
	if dir := path.Dir(to); dir != "." {
		if err := s.makeFolder(ctx, dir); err != nil {
			return err
		}
	}
	return s.move(ctx, was.Key, to, "F")
}

func (s *webdav) Remove(ctx context.Context, was Info) error {
	if err := still(ctx, s, was); err != nil {
		return err
	}
	return s.remove(ctx, was.Key)
}

// Examine looks at the server, and at what the folder lets this account do. What
// it writes it removes again.
func (s *webdav) Examine(ctx context.Context) []pipelines.Finding {
	found := s.examine(ctx, s.base)
	if !found[0].OK || !found[1].OK {
		return found
	}
	_, err := s.entries(ctx, "")
	if messages.Has(err, messages.NotFound) {
		err = messages.FolderMissing.With("store", s.store)
	}
	found = append(found, finding("rights to read", err, ""))
	if err != nil {
		return found
	}
	if err := tryObject(ctx, s); err != nil {
		return append(found, finding("rights to write", err, ""))
	}
	found = append(found, finding("rights to write", nil, "this account can write and delete"))
	if s.single {
		return append(found, finding("conditional writes", nil, "not looked at; single_writer = true stands in for them"))
	}
	if err := s.prove(ctx, probeFolder); messages.Has(err, messages.ConditionsIgnored) {
		return append(found, finding("conditional writes", nil, "ignored by the server: publishing takes single_writer = true"))
	} else if err != nil {
		return append(found, finding("conditional writes", err, ""))
	}
	return append(found, finding("conditional writes", nil, ""))
}
