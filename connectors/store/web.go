package store

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

const (
	webTries     = 4                // of one request
	webPatience  = 60 * time.Second // the longest Retry-After that is waited for
	webRedirects = 5
)

// web is what stores over HTTP have in common: one server, and requests that are
// made again where that helps.
type web struct {
	env      pipelines.Env
	store    string
	base     *url.URL
	caFile   string
	proxy    string
	insecure bool // http is allowed
	// login adds what lets the request in; anew is true after what it added last was refused.
	login func(ctx context.Context, req *http.Request, anew bool) error
	seen  seen

	mu     sync.Mutex
	client *http.Client
}

// checkURL refuses an address that is not one of a server to read from.
func checkURL(name, address string, insecure bool) (*url.URL, error) {
	bad := func(why string) (*url.URL, error) {
		return nil, pipelines.At(name, messages.BadAddress.With("name", name, "why", why))
	}
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return bad("it has no scheme http or https, or no host")
	case u.User != nil:
		return bad("it has a user or a password in it")
	case u.RawQuery != "" || u.Fragment != "":
		return bad("it has a query or a fragment")
	case u.Scheme == "http" && !insecure && !loopback(u.Hostname()):
		return bad("it uses http, and whoever is on the way can read and change what is sent: insecure_http = true allows it")
	}
	return u, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// describe names a server and a folder of it.
func describe(u *url.URL) string {
	return u.Scheme + "://" + u.Host + strings.TrimRight(u.EscapedPath(), "/")
}

// address is where a key is on the server.
func (w *web) address(key string) *url.URL {
	u := *w.base
	u.Path, u.RawPath = strings.TrimRight(u.Path, "/")+"/"+key, ""
	return &u
}

func (w *web) connect() (*http.Client, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.client != nil {
		return w.client, nil
	}
	t, err := transport(w.caFile, w.proxy)
	if err != nil {
		return nil, err
	}
	t.DialContext = func(ctx context.Context, _, address string) (net.Conn, error) { return dial(ctx, address) }
	w.seen.next = t
	w.client = &http.Client{Transport: &w.seen, CheckRedirect: w.redirect}
	return w.client, nil
}

// redirect follows few steps, none to a place where others could listen, and takes
// nothing along to another host: headers may hold keys, and the address a query.
func (w *web) redirect(req *http.Request, via []*http.Request) error {
	refused := func(why string) error { return messages.RedirectRefused.With("store", w.store, "why", why) }
	switch first := via[0]; {
	case first.Method != http.MethodGet && first.Method != http.MethodHead:
		return http.ErrUseLastResponse
	case len(via) > webRedirects:
		return refused("it does so again and again")
	case req.URL.Scheme != "https" && (req.URL.Scheme != "http" || first.URL.Scheme == "https" || !w.insecure && !loopback(req.URL.Hostname())):
		return refused("it is not encrypted")
	case req.URL.Host != first.URL.Host:
		for name := range req.Header {
			switch name {
			case "Accept", "Accept-Encoding", "Range", "If-Range", "User-Agent":
			default:
				req.Header.Del(name)
			}
		}
	}
	return nil
}

// request is one that can be made again.
type request struct {
	method  string
	url     *url.URL
	headers map[string]string
	body    []byte // or content, of its size
	content *Content
}

// ask makes the request, again where the server is busy or the connection breaks,
// and gives an answer with one of the wanted statuses. The caller closes its body.
func (w *web) ask(ctx context.Context, r request, wanted ...int) (*http.Response, error) {
	client, err := w.connect()
	if err != nil {
		return nil, err
	}
	anew := false
	for try := 1; ; try++ {
		resp, err := w.once(ctx, client, r, anew)
		wait := reconnectAfter(try)
		switch {
		case err != nil:
			if m := messages.Find(err); m != nil {
				return nil, m // without the address that the library writes before it
			}
			if err = w.unanswered(ctx, r.method, err); try == webTries || !messages.Has(err, messages.Unreachable) {
				return nil, err
			}
		case isOne(resp.StatusCode, wanted):
			return resp, nil
		default:
			drain(resp)
			err = w.refused(r.method, resp)
			after, told := retryAfter(resp)
			switch {
			case resp.StatusCode == http.StatusUnauthorized && !anew:
				anew, wait = true, 0
			case !busy(resp.StatusCode) || try == webTries || after > webPatience:
				return nil, err
			case told:
				wait = after
			}
		}
		if err := pause(ctx, wait); err != nil {
			return nil, err
		}
	}
}

func (w *web) once(ctx context.Context, client *http.Client, r request, anew bool) (*http.Response, error) {
	var body io.Reader
	size := int64(len(r.body))
	switch {
	case r.content != nil:
		opened, err := r.content.Open()
		if err != nil {
			return nil, err
		}
		body, size = opened, r.content.Size
		if size == 0 {
			opened.Close()
			body = http.NoBody
		}
	case r.body != nil:
		body = bytes.NewReader(r.body)
	}
	req, err := http.NewRequestWithContext(ctx, r.method, r.url.String(), body)
	if err != nil {
		return nil, messages.BadKey.With("store", w.store, "why", "no address can be made of it")
	}
	req.ContentLength = size
	// A compressed answer would have another length and other ranges than the file.
	req.Header.Set("Accept-Encoding", "identity")
	req.Header.Set("User-Agent", "lavoir")
	for name, v := range r.headers {
		req.Header.Set(name, v)
	}
	if w.login != nil {
		if err := w.login(ctx, req, anew); err != nil {
			return nil, err
		}
	}
	return client.Do(req)
}

func (w *web) unanswered(ctx context.Context, operation string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return unanswered(w.store, operation, err)
}

func isOne(status int, wanted []int) bool {
	for _, s := range wanted {
		if status == s {
			return true
		}
	}
	return false
}

// drain reads a little of an answer that nobody wants, so that its connection can
// be used again.
func drain(resp *http.Response) {
	_, _ = io.CopyN(io.Discard, resp.Body, 64<<10)
	resp.Body.Close()
}

func busy(status int) bool {
	return status == http.StatusTooManyRequests || status == http.StatusBadGateway ||
		status == http.StatusServiceUnavailable || status == http.StatusGatewayTimeout
}

// retryAfter is how long the server asks to wait, in seconds or until a date of
// its own clock.
func retryAfter(resp *http.Response) (time.Duration, bool) {
	text := resp.Header.Get("Retry-After")
	if n, err := strconv.ParseUint(text, 10, 32); err == nil {
		return time.Duration(n) * time.Second, true
	}
	until, err := http.ParseTime(text)
	now, err2 := http.ParseTime(resp.Header.Get("Date"))
	if err != nil || err2 != nil {
		return 0, false
	}
	return max(until.Sub(now), 0), true
}

// refused makes a message of a status. What a server writes beside it can name
// files, and is left out.
func (w *web) refused(operation string, resp *http.Response) error {
	code := "HTTP " + strconv.Itoa(resp.StatusCode)
	switch s := resp.StatusCode; {
	case s == http.StatusUnauthorized:
		return messages.LoginRefused.With("store", w.store)
	case s == http.StatusForbidden, s == http.StatusMethodNotAllowed, s == http.StatusNotImplemented:
		return messages.NotAllowed.With("store", w.store, "operation", operation)
	case s == http.StatusNotFound, s == http.StatusGone:
		return messages.NotFound.With("store", w.store)
	case s == http.StatusPreconditionFailed:
		return messages.ConditionFailed.With("store", w.store)
	case busy(s), s == http.StatusLocked:
		return messages.StoreBusy.With("store", w.store, "code", code)
	case s == http.StatusInsufficientStorage, s == http.StatusRequestEntityTooLarge:
		return messages.DiskFull.With("store", w.store)
	case s >= 300 && s < 400:
		return messages.RedirectRefused.With("store", w.store, "why", code)
	}
	return messages.StoreFailed.With("store", w.store, "operation", operation, "code", code)
}

// info is what an answer says of the file. A time of change that is that of the
// answer is of a file made for it, and says nothing.
func (w *web) info(key string, resp *http.Response) Info {
	i := Info{Key: key, Size: resp.ContentLength, Version: resp.Header.Get("ETag")}
	modified, err := http.ParseTime(resp.Header.Get("Last-Modified"))
	answered, err2 := http.ParseTime(resp.Header.Get("Date"))
	if err == nil && (err2 != nil || answered.Sub(modified) > time.Second) {
		i.Modified = modified
	}
	return i
}

// stat describes the file without reading it. An address that is signed for GET alone
// forbids HEAD.
func (w *web) stat(ctx context.Context, key string, u *url.URL) (Info, error) {
	resp, err := w.ask(ctx, request{method: http.MethodHead, url: u}, http.StatusOK, http.StatusNoContent,
		http.StatusMethodNotAllowed, http.StatusNotImplemented, http.StatusForbidden)
	if err != nil {
		return Info{}, err
	}
	drain(resp)
	if resp.StatusCode == http.StatusOK || resp.StatusCode == http.StatusNoContent {
		return w.info(key, resp), nil
	}
	if resp, err = w.ask(ctx, request{method: http.MethodGet, url: u}, http.StatusOK); err != nil {
		return Info{}, err
	}
	resp.Body.Close()
	return w.info(key, resp), nil
}

// open reads the file, taken up where it breaks as long as the server says that it
// is the same.
func (w *web) open(ctx context.Context, key string, u *url.URL) (io.ReadCloser, Info, error) {
	resp, err := w.ask(ctx, request{method: http.MethodGet, url: u}, http.StatusOK, http.StatusNoContent)
	if err != nil {
		return nil, Info{}, err
	}
	if resp.ContentLength < 0 && len(resp.TransferEncoding) == 0 {
		resp.Body.Close()
		// A connection that breaks would look like the end of the file.
		return nil, Info{}, messages.BadAnswer.With("store", w.store, "why", "it tells neither the length of the file nor where it ends")
	}
	info := w.info(key, resp)
	r := &resumed{ctx: ctx, body: resp.Body, size: info.Size, fail: func(err error) error { return w.unanswered(ctx, "GET", err) }}
	was := validator(resp)
	if was == "" {
		r.size = -1 // nothing would tell that the rest is of the same file
	}
	size := info.Size
	r.from = func(ctx context.Context, offset int64) (io.ReadCloser, error) {
		return w.rest(ctx, key, u, was, offset, size)
	}
	return r, info, nil
}

// validator is what If-Range may hold: a strong ETag, or the time of a change that
// is old enough to be one version alone.
func validator(resp *http.Response) string {
	if tag := resp.Header.Get("ETag"); strings.HasPrefix(tag, `"`) {
		return tag
	}
	modified, err := http.ParseTime(resp.Header.Get("Last-Modified"))
	answered, err2 := http.ParseTime(resp.Header.Get("Date"))
	if err == nil && err2 == nil && answered.Sub(modified) > time.Minute {
		return resp.Header.Get("Last-Modified")
	}
	return ""
}

// rest gives the file from offset.
func (w *web) rest(ctx context.Context, key string, u *url.URL, was string, offset, size int64) (io.ReadCloser, error) {
	resp, err := w.ask(ctx, request{method: http.MethodGet, url: u, headers: map[string]string{
		"Range": "bytes=" + strconv.FormatInt(offset, 10) + "-", "If-Range": was,
	}}, http.StatusOK, http.StatusPartialContent, http.StatusRequestedRangeNotSatisfiable)
	if messages.Has(err, messages.NotFound) {
		return nil, changed(w.env, key)
	}
	if err != nil {
		return nil, err
	}
	// RFC 9110, 15.3.7: the part says which part it is, and of how many bytes.
	part, _ := strings.CutPrefix(resp.Header.Get("Content-Range"), "bytes ")
	now := validator(resp)
	switch {
	case resp.StatusCode == http.StatusPartialContent && part == fmt.Sprintf("%d-%d/%d", offset, size-1, size) && (now == was || now == ""):
		return resp.Body, nil
	case resp.StatusCode == http.StatusOK && now == was && resp.ContentLength == size:
		// It knows no ranges: what was read is read again.
		if _, err := io.CopyN(io.Discard, resp.Body, offset); err != nil {
			resp.Body.Close()
			return nil, messages.Unreachable.With("store", w.store, "reason", "the connection broke in GET")
		}
		return resp.Body, nil
	}
	resp.Body.Close()
	return nil, changed(w.env, key)
}

// examine says what an answer of the server tells, whatever it answers.
func (w *web) examine(ctx context.Context, u *url.URL) []pipelines.Finding {
	_, err := w.stat(ctx, "", u)
	found := []pipelines.Finding{finding("reach", nil, w.store)}
	switch {
	case messages.Has(err, messages.LoginRefused), messages.Has(err, messages.TokenRefused):
		found = append(found, finding("login", err, ""))
	case messages.Has(err, messages.NotFound), messages.Has(err, messages.NotAllowed): // of the folder itself
		found = append(found, finding("login", nil, ""))
	case err != nil:
		found[0].OK, found[0].Err = false, err
	default:
		found = append(found, finding("login", nil, ""))
	}
	clock, expiry := w.seen.told()
	if !expiry.IsZero() {
		found = append(found, ending(w.store, w.env.Now(), expiry))
	}
	if !clock.IsZero() {
		found = append(found, finding("clock", skewed(w.store, w.env.Now(), clock), ""))
	}
	return found
}
