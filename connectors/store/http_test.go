package store_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lavoir-data/lavoir/connectors/store"
	"github.com/lavoir-data/lavoir/connectors/store/storetest"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

func openHTTP(t *testing.T, address, more string) store.Reader {
	t.Helper()
	return storetest.OpenReader(t, store.HTTP, fmt.Sprintf("url = %q\n%s", address, more),
		storetest.WithSecrets(storetest.Env(t.TempDir()), map[string]string{"secret": "canary-secret", "token": "canary-token"}))
}

func TestHTTP(t *testing.T) {
	web := storetest.NewWeb(t)
	storetest.Fill(t, web.Folder)
	for _, r := range []store.Reader{openHTTP(t, web.Plain, ""), openHTTP(t, web.TLS+"/", fmt.Sprintf("ca_file = %q", web.CA))} {
		storetest.Read(t, r, false)
		if _, err := r.List(context.Background(), "canary-name"); !messages.Has(err, messages.NotListable) {
			t.Errorf("list: %v", err)
		}
		expiry := false
		for _, x := range r.(pipelines.Doctor).Examine(context.Background()) {
			ends := messages.Has(x.Err, messages.CertificateEnding) // the test's own is valid for two days
			expiry = expiry || ends
			if !x.OK && !ends {
				t.Errorf("%s: %v", x.Check, x.Err)
			}
		}
		if strings.HasPrefix(r.Describe(), "https") != expiry {
			t.Errorf("%s: the end of the certificate is told: %v", r.Describe(), expiry)
		}
	}
	_, _, err := openHTTP(t, web.TLS, "").Open(context.Background(), "canary-name")
	checkRefusal(t, "unknown authority", err, messages.CertificateRefused)
}

// A connection that breaks in the middle of a file is taken up where it broke, by
// a range that the real server gives.
func TestHTTPBrokenConnections(t *testing.T) {
	web := storetest.NewWeb(t)
	storetest.Fill(t, web.Folder)
	u, err := url.Parse(web.Plain)
	if err != nil {
		t.Fatal(err)
	}
	proxy := storetest.NewProxy(t, u.Host)
	ctx, want := context.Background(), storetest.Served()["exports/large.bin"]
	proxy.Cut(1_000_000, 700_000, 300)
	body, _, err := openHTTP(t, "http://"+proxy.Address+u.Path, "").Open(ctx, "exports/large.bin")
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	got, err := io.ReadAll(body)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d of %d bytes, %v", len(got), len(want), err)
	}
	if n := proxy.Opened(); n != 4 {
		t.Errorf("%d connections", n)
	}

	proxy.Cut(1_000_000)
	body, _, err = openHTTP(t, "http://"+proxy.Address+u.Path, "").Open(ctx, "exports/large.bin")
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	if _, err := io.ReadFull(body, make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(web.Folder, "exports", "large.bin"), want[1:], 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err = io.Copy(io.Discard, body); !messages.Has(err, messages.FileChanged) {
		t.Errorf("continued: %v", err)
	}
}

// faulty answers each request with the next handler, the last one for good.
func faulty(t *testing.T, handlers ...http.HandlerFunc) (*httptest.Server, *atomic.Int64) {
	t.Helper()
	var n atomic.Int64
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handlers[min(int(n.Add(1)), len(handlers))-1](w, r)
	}))
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.Start()
	t.Cleanup(srv.Close)
	return srv, &n
}

func status(code int, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(code)
		fmt.Fprint(w, "canary-name.csv canary-value")
	}
}

// cut announces more than it sends.
func cut(etag, data string, length int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", etag)
		w.Header().Set("Content-Length", strconv.Itoa(length))
		fmt.Fprint(w, data)
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
}

// part answers with the end of a text, or wants the range asked for.
func part(t *testing.T, etag, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("If-Range") == "" || r.Header.Get("Range") == "" {
			t.Errorf("asked for without a range: %v", r.Header)
		}
		w.Header().Set("ETag", etag)
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(text))
	}
}

func TestHTTPFaults(t *testing.T) {
	const text = "id;nom\n1;Val-Fleuri\n2;Val-Moussu\n"
	whole := func(w http.ResponseWriter, r *http.Request) { w.Header().Set("ETag", `"1"`); fmt.Fprint(w, text) }
	chunked := func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, text[:9])
		w.(http.Flusher).Flush()
		fmt.Fprint(w, text[9:])
	}
	brokenChunks := func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, text[:9])
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	endless := func(w http.ResponseWriter, r *http.Request) {
		conn, buf, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		fmt.Fprintf(buf, "HTTP/1.0 200 OK\r\n\r\n%s", text[:9])
		buf.Flush()
		conn.Close()
	}
	for name, c := range map[string]struct {
		handlers []http.HandlerFunc
		want     *messages.Message
		asked    int64
	}{
		"cut and continued":         {[]http.HandlerFunc{cut(`"1"`, text[:9], len(text)), part(t, `"1"`, text)}, nil, 2},
		"cut twice":                 {[]http.HandlerFunc{cut(`"1"`, text[:9], len(text)), cut(`"1"`, text, 400), part(t, `"1"`, text)}, messages.FileChanged, 2},
		"continued by reading anew": {[]http.HandlerFunc{cut(`"1"`, text[:9], len(text)), whole}, nil, 2},
		"another version":           {[]http.HandlerFunc{cut(`"1"`, text[:9], len(text)), part(t, `"2"`, text)}, messages.FileChanged, 2},
		"gone":                      {[]http.HandlerFunc{cut(`"1"`, text[:9], len(text)), status(404)}, messages.FileChanged, 2},
		"a version that is weak":    {[]http.HandlerFunc{cut(`W/"1"`, text[:9], len(text)), whole}, messages.Unreachable, 1},
		"a length that is not told": {[]http.HandlerFunc{chunked}, nil, 1},
		"chunks cut":                {[]http.HandlerFunc{brokenChunks}, messages.Unreachable, 1},
		"an end that is not told":   {[]http.HandlerFunc{endless}, messages.BadAnswer, 1},
		"busy, then not":            {[]http.HandlerFunc{status(503, "Retry-After", "0"), status(429, "Retry-After", "0"), whole}, nil, 3},
		"busy until a date":         {[]http.HandlerFunc{status(503, "Date", "Tue, 03 Nov 2026 10:00:00 GMT", "Retry-After", "Tue, 03 Nov 2026 10:00:00 GMT"), whole}, nil, 2},
		"busy for ever":             {[]http.HandlerFunc{status(503, "Retry-After", "0")}, messages.StoreBusy, 4},
		"busy for too long":         {[]http.HandlerFunc{status(429, "Retry-After", "3600")}, messages.StoreBusy, 1},
		"no login":                  {[]http.HandlerFunc{status(401)}, messages.LoginRefused, 2},
		"forbidden":                 {[]http.HandlerFunc{status(403)}, messages.NotAllowed, 1},
		"absent":                    {[]http.HandlerFunc{status(404)}, messages.NotFound, 1},
		"out of order":              {[]http.HandlerFunc{status(500)}, messages.StoreFailed, 1},
		"round and round":           {[]http.HandlerFunc{status(302, "Location", "/canary-name")}, messages.RedirectRefused, 6},
		"to where others listen":    {[]http.HandlerFunc{status(302, "Location", "http://voisin.example/canary-name")}, messages.RedirectRefused, 1},
	} {
		t.Run(name, func(t *testing.T) {
			srv, n := faulty(t, c.handlers...)
			body, info, err := openHTTP(t, srv.URL, "").Open(context.Background(), "canary-name.csv?canary=1")
			var got []byte
			if err == nil {
				got, err = io.ReadAll(body)
				body.Close()
			}
			if n.Load() != c.asked {
				t.Errorf("%d requests, wanted %d", n.Load(), c.asked)
			}
			if c.want == nil {
				if err != nil || string(got) != text {
					t.Errorf("%+v, %q, %v", info, got, err)
				}
				return
			}
			if !messages.Has(err, c.want) || strings.Contains(err.Error(), "canary") {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestHTTPCertificateExpired(t *testing.T) {
	certificate, ca := storetest.Certificate(t, time.Now().Add(-time.Hour))
	srv := httptest.NewUnstartedServer(http.NotFoundHandler())
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
	srv.StartTLS()
	defer srv.Close()
	r := openHTTP(t, srv.URL, fmt.Sprintf("ca_file = %q", ca))
	_, err := r.Stat(context.Background(), "canary-name")
	checkRefusal(t, "expired", err, messages.CertificateExpired)
	if x := r.(pipelines.Doctor).Examine(context.Background())[0]; x.OK || !messages.Has(x.Err, messages.CertificateExpired) {
		t.Errorf("%+v", x)
	}
}

// What lets in here goes nowhere else.
func TestHTTPRedirectsKeepSecrets(t *testing.T) {
	var elsewhere http.Header
	other, _ := faulty(t, func(w http.ResponseWriter, r *http.Request) { elsewhere = r.Header; fmt.Fprint(w, "x") })
	var here []http.Header
	srv, _ := faulty(t, func(w http.ResponseWriter, r *http.Request) {
		here = append(here, r.Header.Clone())
		switch r.URL.Path {
		case "/there":
			fmt.Fprint(w, "x")
		case "/near":
			http.Redirect(w, r, "/there", http.StatusFound)
		default:
			http.Redirect(w, r, other.URL+"/x", http.StatusFound)
		}
	})
	r := openHTTP(t, srv.URL, "bearer = secret.secret\napi_key = secret.token\nheaders = { X-Office = \"finances\" }")
	for _, key := range []string{"near", "far?canary=1"} {
		body, _, err := r.Open(context.Background(), key)
		if err != nil {
			t.Fatal(err)
		}
		body.Close()
	}
	for _, h := range here {
		if h.Get("Authorization") != "Bearer canary-secret" || h.Get("X-Api-Key") != "canary-token" || h.Get("X-Office") != "finances" {
			t.Errorf("here: %v", h)
		}
	}
	if len(here) != 3 || elsewhere == nil {
		t.Fatalf("%d requests here, %v elsewhere", len(here), elsewhere)
	}
	if strings.Contains(fmt.Sprint(elsewhere), "canary") || elsewhere.Get("X-Office") != "" {
		t.Errorf("elsewhere: %v", elsewhere)
	}
}

// A token is fetched once, and again when it is refused.
func TestHTTPClientCredentials(t *testing.T) {
	var mu sync.Mutex
	issued, asked := 0, 0
	mux := http.NewServeMux()
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		user, password, _ := r.BasicAuth()
		if user != "lavoir" || password != "canary-secret" || r.FormValue("grant_type") != "client_credentials" || r.FormValue("scope") != "lecture" {
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, `{"error": "invalid_client", "error_description": "canary-secret"}`)
			return
		}
		issued++
		fmt.Fprintf(w, `{"access_token": "canary-%d", "token_type": "Bearer", "expires_in": 60}`, issued)
	})
	mux.HandleFunc("GET /data", func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		asked++
		// The first token has had its day after two requests.
		if want := fmt.Sprintf("Bearer canary-%d", min(1+asked/3, 2)); r.Header.Get("Authorization") != want {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		fmt.Fprint(w, "x")
	})
	srv := httptest.NewServer(mux)
	defer srv.Close()
	body := "token_url = \"" + srv.URL + "/token\"\nclient_id = %q\nclient_secret = secret.secret\nscope = \"lecture\""
	r := openHTTP(t, srv.URL, fmt.Sprintf(body, "lavoir"))
	for range 4 {
		in, _, err := r.Open(context.Background(), "data")
		if err != nil {
			t.Fatal(err)
		}
		in.Close()
	}
	if issued != 2 || asked != 5 {
		t.Errorf("%d tokens for %d requests", issued, asked)
	}
	_, _, err := openHTTP(t, srv.URL, fmt.Sprintf(body, "canary")).Open(context.Background(), "data")
	checkRefusal(t, "another client", err, messages.TokenRefused)
}

func readPages(t *testing.T, r store.Reader, path string) (texts []string, err error) {
	t.Helper()
	ctx := context.Background()
	next := r.(store.Paged).Pages(path)
	for {
		page, err := next(ctx)
		if err == io.EOF {
			return texts, nil
		}
		if err != nil {
			return texts, err
		}
		for range 2 { // it can be read again
			in, err := page.Open(ctx)
			if err != nil {
				t.Fatal(err)
			}
			data, err := io.ReadAll(in)
			if err != nil || int64(len(data)) != page.Size {
				t.Fatalf("%d bytes of %d: %v", len(data), page.Size, err)
			}
			if len(texts) == 0 || texts[len(texts)-1] != string(data) {
				texts = append(texts, string(data))
			}
		}
	}
}

func TestHTTPPages(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/link", func(w http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(r.FormValue("p"))
		if n < 2 {
			w.Header().Add("Link", `<http://voisin.example/>; rel="last", <?p=`+strconv.Itoa(n+1)+`&v=1>; title="a, b; c"; rel="Next prefetch"`)
		}
		fmt.Fprintf(w, "page;%d\n", n)
	})
	mux.HandleFunc("/next", func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("p") == "" {
			fmt.Fprint(w, `{"links": {"next": "/next?p=1"}, "n": 0}`)
			return
		}
		fmt.Fprint(w, `{"links": {"next": null}, "n": 1}`)
	})
	mux.HandleFunc("/page", func(w http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(r.FormValue("page"))
		if r.FormValue("limit") != "2" || r.FormValue("annee") != "2024" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		fmt.Fprint(w, map[bool]string{true: `{"data": {"items": [` + strconv.Itoa(n) + `]}}`, false: `{"data": {"items": []}}`}[n < 3])
	})
	mux.HandleFunc("/cursor", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, map[string]string{"": `{"c": "a b"}`, "a b": `{"c": 7}`, "7": `{"c": ""}`}[r.FormValue("cursor")])
	})
	mux.HandleFunc("/round", func(w http.ResponseWriter, r *http.Request) { w.Header().Set("Link", `</round>; rel=next`) })
	mux.HandleFunc("/away", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", `<http://voisin.example/>; rel=next`)
	})
	mux.HandleFunc("/more", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", `<?p=`+r.FormValue("p")+`1>; rel=next`)
	})
	untold := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			conn, buf, err := w.(http.Hijacker).Hijack()
			if err != nil {
				return
			}
			fmt.Fprintf(buf, "HTTP/1.0 200 OK\r\n\r\n%s", text)
			buf.Flush()
			conn.Close()
		}
	}
	mux.HandleFunc("/untold", untold("canary;1\ncan"))
	mux.HandleFunc("/json", untold(`{"n": 1}`))
	mux.HandleFunc("/text", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "<html>canary") })
	srv := httptest.NewServer(mux)
	defer srv.Close()
	for name, c := range map[string]struct {
		more, path string
		texts      []string
		want       *messages.Message
	}{
		"none":          {"", "link", nil, nil},
		"link":          {`paging = "link"`, "link", []string{"page;0\n", "page;1\n", "page;2\n"}, nil},
		"link in JSON":  {"paging = \"link\"\nnext_path = \"links.next\"", "next", []string{`{"links": {"next": "/next?p=1"}, "n": 0}`, `{"links": {"next": null}, "n": 1}`}, nil},
		"page":          {"paging = \"page\"\nrecords_path = \"data.items\"\nsize_parameter = \"limit\"\npage_size = 2", "page?annee=2024", []string{`{"data": {"items": [1]}}`, `{"data": {"items": [2]}}`}, nil},
		"page, empty":   {"paging = \"page\"\nrecords_path = \"data.items\"\nsize_parameter = \"limit\"\npage_size = 2\nfirst_page = 3", "page?annee=2024", []string{`{"data": {"items": []}}`}, nil},
		"page, no list": {"paging = \"page\"\nsize_parameter = \"limit\"\npage_size = 2", "page?annee=2024", nil, messages.BadAnswer},
		"cursor":        {"paging = \"cursor\"\ncursor_path = \"c\"", "cursor", []string{`{"c": "a b"}`, `{"c": 7}`, `{"c": ""}`}, nil},
		"no JSON":       {"paging = \"cursor\"\ncursor_path = \"c\"", "text", nil, messages.BadAnswer},
		"no end told":   {`paging = "link"`, "untold", nil, messages.BadAnswer},
		"JSON ends":     {`paging = "link"`, "json", []string{`{"n": 1}`}, nil},
		"round":         {`paging = "link"`, "round", []string{""}, messages.BadAnswer},
		"away":          {`paging = "link"`, "away", nil, messages.RedirectRefused},
		"too many":      {"paging = \"link\"\nmax_pages = 3", "more", []string{"", "", ""}, messages.StoreTooMuch},
		"absent":        {`paging = "link"`, "canary-name", nil, messages.NotFound},
	} {
		t.Run(name, func(t *testing.T) {
			r := openHTTP(t, srv.URL, c.more)
			if c.more == "" {
				page, err := r.(store.Paged).Pages(c.path)(context.Background())
				if err != nil || page.Key != c.path || page.Open != nil {
					t.Errorf("%+v, %v", page, err)
				}
				return
			}
			texts, err := readPages(t, r, c.path)
			if c.want == nil {
				if d := cmp.Diff(c.texts, texts); d != "" || err != nil {
					t.Errorf("%s, %v", d, err)
				}
				return
			}
			if !messages.Has(err, c.want) || strings.Contains(err.Error(), "canary") {
				t.Error(err)
			}
		})
	}
}

func TestHTTPConfig(t *testing.T) {
	const base = "url = \"https://donnees.example\"\n"
	for body, want := range map[string]*messages.Message{
		base:                               nil,
		"url = \"http://donnees.example\"": messages.BadAddress,
		"url = \"http://donnees.example\"\ninsecure_http = true":                nil,
		"url = \"http://127.0.0.1:80/x\"":                                       nil,
		"url = \"https://moi:canary@donnees.example\"":                          messages.BadAddress,
		"url = \"https://donnees.example?cle=canary\"":                          messages.BadAddress,
		"url = \"ftp://donnees.example\"":                                       messages.BadAddress,
		base + "user = \"x\"":                                                   messages.LoginMissing,
		base + "user = \"x\"\npassword = secret.secret":                         nil,
		base + "user = \"x\"\npassword = secret.secret\nbearer = secret.secret": messages.LoginMissing,
		base + "token_url = \"https://donnees.example/t\"":                      messages.LoginMissing,
		base + "paging = \"cursor\"":                                            messages.LoginMissing,
		base + "page_size = 3":                                                  messages.LoginMissing,
		base + "max_pages = 0":                                                  messages.WrongArgument,
		base + "headers = { Authorization = \"canary\" }":                       messages.LoginMissing,
		base + "headers = { \"a b\" = \"canary\" }":                             messages.WrongArgument,
		base + "headers = { Range = \"canary\" }":                               messages.WrongArgument,
		base + "api_key_header = \"a b\"":                                       messages.WrongArgument,
	} {
		_, diags := storetest.Decode(store.HTTP, body)
		switch {
		case want == nil && diags.HasErrors(), want != nil && !diags.HasErrors():
			t.Errorf("%s: %v", body, diags)
		case want != nil && (!messages.Has(diags[0].Extra.(error), want) || strings.Contains(diags.Error(), "canary")):
			t.Errorf("%s: %v", body, diags)
		}
	}
}

// An address that is signed for reading alone forbids that one asks about it.
func TestHTTPSignedForGET(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || r.FormValue("signature") != "x" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		w.Header().Set("ETag", `"1"`)
		fmt.Fprint(w, "a\n1\n")
	}))
	defer srv.Close()
	r := openHTTP(t, srv.URL, "")
	if info, err := r.Stat(context.Background(), "export.csv?signature=x"); err != nil || info.Size != 4 || info.Version != `"1"` {
		t.Errorf("%+v, %v", info, err)
	}
	if _, err := r.Stat(context.Background(), "export.csv"); !messages.Has(err, messages.NotAllowed) {
		t.Error(err)
	}
}

// A page is held in memory, and memory bounds it.
func TestHTTPPagesUnderAMemory(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"a": "%s"}`, strings.Repeat("canary", 400_000))
	}))
	defer srv.Close()
	for memory, want := range map[int64]*messages.Message{0: nil, 64 << 20: nil, 8 << 20: messages.StoreTooMuch} {
		env := storetest.Env(t.TempDir())
		env.Memory = memory
		_, err := readPages(t, storetest.OpenReader(t, store.HTTP, `url = "`+srv.URL+`"`+"\npaging = \"link\"", env), "x")
		if want == nil && err != nil || want != nil && !messages.Has(err, want) {
			t.Errorf("%d: %v", memory, err)
		}
	}
}
