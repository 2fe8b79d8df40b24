package store

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/net/http/httpguts"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// HTTP is a server whose files have addresses, or an API that gives pages. It is
// read only, and cannot be listed.
var HTTP = pipelines.DefineConnection("http", "A web server or an API, to read from.", httpConfig{
	APIKeyHeader: "X-Api-Key", Paging: "none", PageParameter: "page", FirstPage: 1, CursorParameter: "cursor", MaxPages: 10_000,
}, newHTTP)

type httpConfig struct {
	URL          string            `hcl:"url" doc:"Address of the folder or of the API, as https://data.example.org/exports; the path of a source is added to it."`
	InsecureHTTP bool              `hcl:"insecure_http,optional" doc:"Allow an address with http. On this machine itself it is always allowed."`
	Headers      map[string]string `hcl:"headers,optional" doc:"Headers to send, none of them secret."`
	User         string            `hcl:"user,optional" doc:"Account of basic authentication."`
	Password     pipelines.Secret  `hcl:"password,optional" doc:"Password of the account."`
	Bearer       pipelines.Secret  `hcl:"bearer,optional" doc:"Token to send as Authorization: Bearer."`
	APIKey       pipelines.Secret  `hcl:"api_key,optional" doc:"Key to send in a header of its own."`
	APIKeyHeader string            `hcl:"api_key_header,optional" doc:"Header that api_key is sent in."`
	TokenURL     string            `hcl:"token_url,optional" doc:"Where an access token is fetched with OAuth 2 client credentials."`
	ClientID     string            `hcl:"client_id,optional" doc:"Identifier of the client at token_url."`
	ClientSecret pipelines.Secret  `hcl:"client_secret,optional" doc:"Secret of the client at token_url."`
	Scope        string            `hcl:"scope,optional" doc:"Scope that the access token is asked for."`
	CAFile       string            `hcl:"ca_file,optional" doc:"File of PEM certificates to trust besides the system's."`
	Proxy        string            `hcl:"proxy,optional" doc:"Address of an HTTP proxy; the environment's is not used."`

	Paging          string `hcl:"paging,optional" values:"none|link|page|cursor" doc:"How an answer goes on: none, it is whole; link, it gives the address of the next page, in a Link header or at next_path; page, page_parameter counts until records_path is empty; cursor, what stands at cursor_path is sent as cursor_parameter."`
	NextPath        string `hcl:"next_path,optional" doc:"Where in the JSON of a page the address of the next one stands, as links.next; when it is not given, in its Link header."`
	RecordsPath     string `hcl:"records_path,optional" doc:"Where in the JSON of a page its records stand, as data.items; when it is not given, the page is the list itself."`
	PageParameter   string `hcl:"page_parameter,optional" doc:"Parameter that holds the number of the page."`
	FirstPage       int    `hcl:"first_page,optional" doc:"Number of the first page."`
	CursorParameter string `hcl:"cursor_parameter,optional" doc:"Parameter that holds the cursor."`
	CursorPath      string `hcl:"cursor_path,optional" doc:"Where in the JSON of a page the cursor of the next one stands."`
	SizeParameter   string `hcl:"size_parameter,optional" doc:"Parameter that holds how many records a page has."`
	PageSize        int    `hcl:"page_size,optional" doc:"How many records to ask for in a page."`
	MaxPages        int    `hcl:"max_pages,optional" doc:"More pages than this are refused."`
}

func (c *httpConfig) Validate() error {
	if _, err := checkURL("url", c.URL, c.InsecureHTTP); err != nil {
		return err
	}
	if c.TokenURL != "" {
		if _, err := checkURL("token_url", c.TokenURL, c.InsecureHTTP); err != nil {
			return err
		}
	}
	if c.Proxy != "" {
		if err := checkAddress("proxy", c.Proxy); err != nil {
			return pipelines.At("proxy", err)
		}
	}
	missing := func(at, why, wanted string) error {
		return pipelines.At(at, messages.LoginMissing.With("why", why, "wanted", wanted))
	}
	logins := 0
	for _, given := range []bool{c.User != "", c.Bearer.IsSet(), c.TokenURL != ""} {
		if given {
			logins++
		}
	}
	switch {
	case (c.User != "") != c.Password.IsSet():
		return missing("password", "a user needs a password, and a password a user", "user and password")
	case (c.TokenURL != "") != (c.ClientID != "") || (c.TokenURL != "") != c.ClientSecret.IsSet():
		return missing("token_url", "an access token takes an address and a client", "token_url, client_id and client_secret")
	case logins > 1:
		return missing("url", "it says in two ways how to log in", "user, bearer or token_url alone")
	case c.Paging == "cursor" && c.CursorPath == "":
		return missing("paging", "it does not say where the cursor of the next page stands", "cursor_path")
	case (c.SizeParameter != "") != (c.PageSize > 0):
		return missing("page_size", "the size of a page takes a parameter to ask for it", "size_parameter and page_size")
	case c.MaxPages < 1:
		return pipelines.At("max_pages", messages.WrongArgument.With("name", "max_pages", "wanted", "at least 1", "why", "nothing would be read"))
	}
	for name, v := range c.Headers {
		if !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(v) || isOneOf(name, "Range", "If-Range", "Accept-Encoding", "Host", "Content-Length") {
			return pipelines.At("headers", messages.WrongArgument.With("name", "headers", "wanted", "names and values of headers", "why", "there is one that is none, or that is lavoir's own"))
		}
		if isOneOf(name, "Authorization", "Cookie", c.APIKeyHeader) {
			return pipelines.At("headers", messages.LoginMissing.With("why", "headers are no place for a secret", "wanted", "user and password, bearer, or api_key"))
		}
	}
	if !httpguts.ValidHeaderFieldName(c.APIKeyHeader) {
		return pipelines.At("api_key_header", messages.WrongArgument.With("name", "api_key_header", "wanted", "the name of a header", "why", "it is none"))
	}
	return nil
}

func isOneOf(name string, names ...string) bool {
	for _, n := range names {
		if strings.EqualFold(name, n) {
			return true
		}
	}
	return false
}

const bearerStart = "Bearer "

type httpStore struct {
	httpConfig
	web

	tokens sync.Mutex
	token  string
}

func newHTTP(env pipelines.Env, c httpConfig) (*httpStore, error) {
	base, err := checkURL("url", c.URL, c.InsecureHTTP)
	if err != nil {
		return nil, err
	}
	s := &httpStore{httpConfig: c}
	s.web.env, s.web.store, s.web.base = env, describe(base), base
	s.web.caFile, s.web.proxy, s.web.insecure = env.Path(c.CAFile), c.Proxy, c.InsecureHTTP
	s.web.login = s.logIn
	return s, nil
}

func (s *httpStore) Describe() string { return s.store }

// place is the address of a path, which may end with a query.
func (s *httpStore) place(path string) (*url.URL, error) {
	key, query, _ := strings.Cut(path, "?")
	if err := checkKey(s.store, key); err != nil {
		return nil, err
	}
	if _, err := url.ParseQuery(query); err != nil {
		return nil, messages.BadKey.With("store", s.store, "why", "what follows its ? is no query")
	}
	u := s.address(key)
	u.RawQuery = query
	return u, nil
}

func (s *httpStore) Open(ctx context.Context, key string) (io.ReadCloser, Info, error) {
	u, err := s.place(key)
	if err != nil {
		return nil, Info{}, err
	}
	return s.open(ctx, key, u)
}

func (s *httpStore) Stat(ctx context.Context, key string) (Info, error) {
	u, err := s.place(key)
	if err != nil {
		return Info{}, err
	}
	return s.stat(ctx, key, u)
}

// List is refused: HTTP has no listing. See Pages.
func (s *httpStore) List(context.Context, string) ([]Info, error) {
	return nil, messages.NotListable.With("store", s.store, "what", "no whole name")
}

func (s *httpStore) Examine(ctx context.Context) []pipelines.Finding {
	return s.examine(ctx, s.base)
}

func (s *httpStore) logIn(ctx context.Context, req *http.Request, anew bool) error {
	for name, v := range s.Headers {
		req.Header.Set(name, v)
	}
	if s.APIKey.IsSet() {
		key, err := s.APIKey.Reveal(ctx, s.env)
		if err != nil {
			return err
		}
		if err := setSecret(req, s.store, s.APIKeyHeader, key); err != nil {
			return err
		}
	}
	switch {
	case s.User != "":
		password, err := s.Password.Reveal(ctx, s.env)
		if err != nil {
			return err
		}
		req.SetBasicAuth(s.User, password)
	case s.Bearer.IsSet():
		token, err := s.Bearer.Reveal(ctx, s.env)
		if err != nil {
			return err
		}
		return setSecret(req, s.store, "Authorization", bearerStart+token)
	case s.TokenURL != "":
		token, err := s.accessToken(ctx, anew)
		if err != nil {
			return err
		}
		return setSecret(req, s.store, "Authorization", bearerStart+token)
	}
	return nil
}

// setSecret refuses a value that is no header: the library's error would show it.
func setSecret(req *http.Request, store, name, value string) error {
	if !httpguts.ValidHeaderFieldValue(value) {
		return messages.LoginRefused.With("store", store)
	}
	req.Header.Set(name, value)
	return nil
}

// accessToken fetches a token by OAuth 2 client credentials (RFC 6749, 4.4), and
// keeps it until it is refused.
func (s *httpStore) accessToken(ctx context.Context, anew bool) (string, error) {
	s.tokens.Lock()
	defer s.tokens.Unlock()
	if s.token != "" && !anew {
		return s.token, nil
	}
	secret, err := s.ClientSecret.Reveal(ctx, s.env)
	if err != nil {
		return "", err
	}
	where, err := checkURL("token_url", s.TokenURL, s.InsecureHTTP)
	if err != nil {
		return "", err
	}
	w := &web{env: s.env, store: describe(where), base: where, caFile: s.caFile, proxy: s.proxy, insecure: s.insecure}
	w.login = func(_ context.Context, req *http.Request, _ bool) error {
		// RFC 6749, 2.3.1: both are encoded as in a form first.
		req.SetBasicAuth(url.QueryEscape(s.ClientID), url.QueryEscape(secret))
		return nil
	}
	form := url.Values{"grant_type": {"client_credentials"}}
	if s.Scope != "" {
		form.Set("scope", s.Scope)
	}
	resp, err := w.ask(ctx, request{method: http.MethodPost, url: where, body: []byte(form.Encode()), headers: map[string]string{
		"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json",
	}}, http.StatusOK, http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden)
	if err != nil {
		return "", err
	}
	defer drain(resp)
	var answer struct {
		Token string `json:"access_token"`
	}
	err = json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&answer)
	if resp.StatusCode != http.StatusOK || err != nil || answer.Token == "" {
		return "", messages.TokenRefused.With("code", "HTTP "+strconv.Itoa(resp.StatusCode))
	}
	s.token = answer.Token
	return s.token, nil
}
