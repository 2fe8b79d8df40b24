package store_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/webdav"

	"github.com/lavoir-data/lavoir/connectors/store"
	"github.com/lavoir-data/lavoir/connectors/store/storetest"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

func openWebDAV(t *testing.T, address, more string) store.Store {
	t.Helper()
	return storetest.Open(t, store.WebDAV, fmt.Sprintf("url = %q\n%s", address, more),
		storetest.WithSecrets(storetest.Env(t.TempDir()), map[string]string{"secret": "canary-secret"}))
}

func TestWebDAV(t *testing.T) {
	web := storetest.NewWeb(t)
	storetest.Run(t, openWebDAV(t, web.Plain, "single_writer = true"))
	for _, f := range files(t, web.Folder) {
		if strings.HasSuffix(f, ".tmp") {
			t.Errorf("%s stayed", f)
		}
	}
}

func TestWebDAVReads(t *testing.T) {
	web := storetest.NewWeb(t)
	storetest.Fill(t, web.Folder)
	s := openWebDAV(t, web.TLS, fmt.Sprintf("ca_file = %q", web.CA))
	storetest.Read(t, s, true)
	for _, x := range s.(pipelines.Doctor).Examine(context.Background()) {
		if !x.OK && !messages.Has(x.Err, messages.CertificateEnding) {
			t.Errorf("%s: %v", x.Check, x.Err)
		}
	}
	// This server takes every conditional write.
	_, err := s.Swap(context.Background(), "current.json", []byte("1"), "")
	checkRefusal(t, "two writers", err, messages.ConditionsIgnored)
	if _, err := s.Stat(context.Background(), "current.json"); !messages.Has(err, messages.NotFound) {
		t.Errorf("something was written: %v", err)
	}
	_, err = openWebDAV(t, web.Plain+"/none", "").List(context.Background(), "canary-name")
	checkRefusal(t, "a folder that is not there", err, messages.FolderMissing)
}

// conditional is a server that honours conditions, as Apache's does (RFC 9110, 13.1).
func conditional(t *testing.T) *httptest.Server {
	t.Helper()
	dav := &webdav.Handler{FileSystem: webdav.NewMemFS(), LockSystem: webdav.NewMemLS()}
	var mu sync.Mutex
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, password, _ := r.BasicAuth(); password != "canary-secret" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		if match, none := r.Header.Get("If-Match"), r.Header.Get("If-None-Match"); match != "" || none != "" {
			seen := httptest.NewRecorder()
			dav.ServeHTTP(seen, httptest.NewRequest(http.MethodHead, r.URL.String(), nil))
			there := seen.Code == http.StatusOK
			if none != "" && there || match != "" && (!there || seen.Header().Get("ETag") != match) {
				w.WriteHeader(http.StatusPreconditionFailed)
				return
			}
		}
		dav.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	return srv
}

func TestWebDAVConditions(t *testing.T) {
	srv := conditional(t)
	s := openWebDAV(t, srv.URL, "user = \"canary-user\"\npassword = secret.secret")
	storetest.Run(t, s)
	for _, x := range s.(pipelines.Doctor).Examine(context.Background()) {
		if !x.OK {
			t.Errorf("%s: %v", x.Check, x.Err)
		}
	}
	_, err := openWebDAV(t, srv.URL, "").List(context.Background(), "canary-name")
	checkRefusal(t, "no login", err, messages.LoginRefused)
}

func TestWebDAVListings(t *testing.T) {
	const start = `<?xml version="1.0"?><multistatus xmlns="DAV:"><response><href>/f/</href><propstat><prop><resourcetype><collection/></resourcetype></prop><status>HTTP/1.1 200 OK</status></propstat></response>`
	file := func(href, length string) string {
		return `<response><href>` + href + `</href><propstat><prop><getcontentlength>` + length + `</getcontentlength></prop><status>HTTP/1.1 200 OK</status></propstat>` +
			`<propstat><prop><resourcetype><collection/></resourcetype></prop><status>HTTP/1.1 404 Not Found</status></propstat></response>`
	}
	for name, c := range map[string]struct {
		answer string
		keys   string
		want   *messages.Message
	}{
		"whole addresses": {start + file("{url}/f/a%20b.csv", "3") + `</multistatus>`, "a b.csv", nil},
		"others":          {start + file("http://voisin.example/f/x", "3") + file("/f/../x", "3") + file("/f/a/b", "3") + file("/g", "3") + `</multistatus>`, "", nil},
		"a proxy between": {strings.ReplaceAll(start+file("/f/a", "3"), "/f/", "/dedans/f/") + `</multistatus>`, "", messages.BadAnswer},
		"no address":      {start + file("/f/50% canary.csv", "3") + `</multistatus>`, "", messages.BadAnswer},
		"no size":         {start + file("/f/a", "") + `</multistatus>`, "", messages.BadAnswer},
		"cut":             {start + file("/f/a", "3"), "", messages.BadAnswer},
		"entities":        {`<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "canary">]><multistatus xmlns="DAV:"><response><href>&a;</href></response></multistatus>`, "", messages.BadAnswer},
		"no XML":          {"canary", "", messages.BadAnswer},
		"ever deeper":     {"deeper", "", messages.StoreTooMuch},
	} {
		t.Run(name, func(t *testing.T) {
			var srv *httptest.Server
			srv = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.WriteHeader(http.StatusMultiStatus)
				if c.answer == "deeper" {
					fmt.Fprintf(w, `<multistatus xmlns="DAV:"><response><href>%sx/</href><propstat><prop><resourcetype><collection/></resourcetype></prop></propstat></response></multistatus>`, r.URL.Path)
					return
				}
				fmt.Fprint(w, strings.ReplaceAll(c.answer, "{url}", srv.URL))
			}))
			defer srv.Close()
			infos, err := openWebDAV(t, srv.URL+"/f", "").List(context.Background(), "")
			var keys []string
			for _, i := range infos {
				keys = append(keys, i.Key)
			}
			if c.want == nil && (err != nil || strings.Join(keys, ",") != c.keys) {
				t.Errorf("%v, %v", infos, err)
			}
			if c.want != nil && (!messages.Has(err, c.want) || strings.Contains(err.Error(), "canary")) {
				t.Errorf("%v, %v", infos, err)
			}
		})
	}
}
