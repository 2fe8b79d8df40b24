package store

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// pageBound is far more than a page of an API has; one is held in memory, and taken
// apart for where the next one is, so that memory bounds it too.
const pageBound = 64 << 20

// Paged is the ability of a store that cannot be listed: a path is the whole name
// of one file, or of an answer that comes in pages.
type Paged interface {
	// Pages gives the parts of what the path names in their order; io.EOF ends them.
	// An Open that is nil stands for the store's own Open of the path.
	Pages(path string) func(ctx context.Context) (Page, error)
}

// Page is one part of an answer. Open may be called until the next page is asked for, and later.
type Page struct {
	Info
	Open func(ctx context.Context) (io.ReadCloser, error)
}

// Pages asks for one page at a time: where the next one is stands in the one before.
func (s *httpStore) Pages(path string) func(ctx context.Context) (Page, error) {
	if s.Paging == "none" {
		done := false
		return func(context.Context) (Page, error) {
			if done {
				return Page{}, io.EOF
			}
			done = true
			return Page{Info: Info{Key: path, Size: -1}}, nil
		}
	}
	p := &pages{s: s, path: path, seen: map[string]bool{}}
	return p.next
}

type pages struct {
	s    *httpStore
	path string
	at   *url.URL // of the next page; nil after the last
	n    int      // pages given
	seen map[string]bool
}

func (p *pages) next(ctx context.Context) (Page, error) {
	s := p.s
	if p.n == 0 {
		u, err := s.place(p.path)
		if err != nil {
			return Page{}, err
		}
		query := u.Query()
		if s.SizeParameter != "" {
			query.Set(s.SizeParameter, strconv.Itoa(s.PageSize))
		}
		if s.Paging == "page" {
			query.Set(s.PageParameter, strconv.Itoa(s.FirstPage))
		}
		u.RawQuery = query.Encode()
		p.at = u
	}
	if p.at == nil {
		return Page{}, io.EOF
	}
	if p.n == s.MaxPages {
		return Page{}, messages.StoreTooMuch.With("store", s.store, "bound", s.MaxPages, "what", "pages")
	}
	if p.seen[p.at.String()] {
		return Page{}, p.bad("a page names as the next one a page that was read already")
	}
	p.seen[p.at.String()] = true
	body, links, err := p.fetch(ctx)
	if err != nil {
		return Page{}, err
	}
	info := Info{Key: p.path + "\x00" + strconv.Itoa(p.n), Size: int64(len(body)), SHA256: hexSum(body)}
	if p.at, err = p.following(body, links); err != nil {
		return Page{}, err
	}
	if p.n > 0 && p.at == nil && s.Paging == "page" {
		return Page{}, io.EOF // the empty one that says it is over
	}
	p.n++
	return Page{Info: info, Open: func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(body)), nil
	}}, nil
}

// most is how large a page may be: a quarter of what memory leaves a barrier, as the
// page, its parts and its rows are there at once.
func (p *pages) most() int64 {
	if m := p.s.env.Memory; m > 0 {
		return min(pageBound, max(m/4, 1<<20))
	}
	return pageBound
}

func (p *pages) bad(why string) error { return messages.BadAnswer.With("store", p.s.store, "why", why) }

// fetch gives the page and its Link headers.
func (p *pages) fetch(ctx context.Context) (body []byte, links []string, err error) {
	for try := 1; ; try++ {
		resp, err := p.s.ask(ctx, request{method: http.MethodGet, url: p.at, headers: map[string]string{"Accept": "application/json, */*;q=0.5"}},
			http.StatusOK)
		if err != nil {
			return nil, nil, err
		}
		bound := p.most()
		body, err := io.ReadAll(io.LimitReader(resp.Body, bound+1))
		resp.Body.Close()
		switch {
		case err == nil && int64(len(body)) > bound:
			return nil, nil, messages.StoreTooMuch.With("store", p.s.store, "bound", pipelines.Size(bound), "what", "in one page")
		case err == nil && resp.ContentLength < 0 && len(resp.TransferEncoding) == 0 && !json.Valid(body):
			// A connection that breaks would look like its end; JSON tells its own.
			return nil, nil, p.bad("it tells neither the length of a page nor where it ends")
		case err == nil:
			return body, resp.Header.Values("Link"), nil
		case try == triesWithoutProgress || ctx.Err() != nil:
			return nil, nil, p.s.unanswered(ctx, "GET", err)
		}
		if err := pause(ctx, reconnectAfter(try)); err != nil {
			return nil, nil, err
		}
	}
}

// following is the address of the next page, nil after the last.
func (p *pages) following(body []byte, links []string) (*url.URL, error) {
	s := p.s
	switch s.Paging {
	case "page":
		records, err := p.find(body, s.RecordsPath)
		if err != nil {
			return nil, err
		}
		var list []json.RawMessage
		if records == nil || json.Unmarshal(records, &list) != nil {
			return nil, p.bad("there is no list at records_path")
		}
		if len(list) == 0 {
			return nil, nil
		}
		return p.with(s.PageParameter, strconv.Itoa(s.FirstPage+p.n+1)), nil
	case "cursor":
		cursor, err := p.find(body, s.CursorPath)
		if err != nil {
			return nil, err
		}
		text, err := p.text(cursor, "the cursor is no text")
		if text == "" || err != nil {
			return nil, err
		}
		return p.with(s.CursorParameter, text), nil
	}
	var next string
	if s.NextPath == "" {
		next = linkTo(links, "next")
	} else {
		found, err := p.find(body, s.NextPath)
		if err != nil {
			return nil, err
		}
		if next, err = p.text(found, "the address of the next page is no text"); err != nil {
			return nil, err
		}
	}
	if next == "" {
		return nil, nil
	}
	u, err := p.at.Parse(next)
	if err != nil {
		return nil, p.bad("the address of the next page is none")
	}
	// The next page is asked for with the same credentials.
	if u.Host != p.at.Host || u.Scheme != p.at.Scheme || u.User != nil {
		return nil, messages.RedirectRefused.With("store", s.store, "why", "the next page is on another server")
	}
	return u, nil
}

// with is the address of this page with another parameter.
func (p *pages) with(name, value string) *url.URL {
	u := *p.at
	query := u.Query()
	query.Set(name, value)
	u.RawQuery = query.Encode()
	return &u
}

// text is a text or a number of JSON; null, false and what is absent are none.
func (p *pages) text(raw json.RawMessage, otherwise string) (string, error) {
	t := strings.TrimSpace(string(raw))
	switch {
	case t == "" || t == "null" || t == "false":
		return "", nil
	case t[0] == '"':
		var s string
		if json.Unmarshal(raw, &s) == nil {
			return s, nil
		}
	case t[0] == '-' || t[0] >= '0' && t[0] <= '9':
		return t, nil
	}
	return "", p.bad(otherwise)
}

// find is what stands at a path of names with dots between them, nil if nothing does.
func (p *pages) find(body []byte, path string) (json.RawMessage, error) {
	at := json.RawMessage(body)
	if !json.Valid(body) {
		return nil, p.bad("a page is no JSON")
	}
	if path == "" {
		return at, nil
	}
	for _, name := range strings.Split(path, ".") {
		var object map[string]json.RawMessage
		_ = json.Unmarshal(at, &object) // what is no object has nothing of that name
		if at = object[name]; at == nil {
			break
		}
	}
	return at, nil
}

// linkTo is the target of the link with a relation in Link headers (RFC 8288, 3).
func linkTo(headers []string, relation string) string {
	for _, h := range headers {
		for h = strings.TrimSpace(h); strings.HasPrefix(h, "<"); {
			target, rest, ok := strings.Cut(h[1:], ">")
			if !ok {
				break
			}
			params, after := linkParams(rest)
			for _, rel := range strings.Fields(params["rel"]) {
				if strings.EqualFold(rel, relation) {
					return target
				}
			}
			h = strings.TrimSpace(after)
		}
	}
	return ""
}

// linkParams reads `; name="value"; …` up to the comma before the next link.
func linkParams(s string) (params map[string]string, rest string) {
	params = map[string]string{}
	for {
		s = strings.TrimSpace(s)
		if after, ok := strings.CutPrefix(s, ","); ok {
			return params, after
		}
		after, ok := strings.CutPrefix(s, ";")
		if !ok {
			return params, ""
		}
		end := strings.IndexAny(after, "=;,")
		if end < 0 {
			return params, ""
		}
		name := strings.ToLower(strings.TrimSpace(after[:end]))
		if s = after[end:]; s[0] != '=' {
			continue
		}
		s = strings.TrimSpace(s[1:])
		var value strings.Builder
		if strings.HasPrefix(s, `"`) {
			i := 1
			for ; i < len(s) && s[i] != '"'; i++ {
				if s[i] == '\\' && i+1 < len(s) {
					i++
				}
				value.WriteByte(s[i])
			}
			s = s[min(i+1, len(s)):]
		} else {
			end := strings.IndexAny(s, ";,")
			if end < 0 {
				end = len(s)
			}
			value.WriteString(strings.TrimSpace(s[:end]))
			s = s[end:]
		}
		if _, twice := params[name]; !twice { // RFC 8288, 3.3: the first rel counts
			params[name] = value.String()
		}
	}
}
