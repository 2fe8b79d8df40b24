package file

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"regexp"
	"sort"
	"strings"
	"time"

	"github.com/lavoir-data/lavoir/connectors/store"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

const (
	currentName  = "current.json"
	manifestName = "manifest.json"
	releasesName = "releases"
	retiredName  = "retired.json"

	// pointerFormat is the version of current.json and of the layout around it.
	pointerFormat = 1
)

// pointer is current.json: which release is current. Release and Previous are
// folders under releases/: the release's id, with a number after it when the
// same content comes back after its first folder may have been collected.
type pointer struct {
	Format     int    `json:"format"`
	Generation int64  `json:"generation"`
	Release    string `json:"release"`
	Previous   string `json:"previous,omitempty"`

	version  string    // of the object; "" when there is none
	modified time.Time // by the store's clock
}

// id is the id of the release that is current, "" when there is none.
func (p pointer) id() string { return idOf(p.Release) }

func idOf(folder string) string {
	id, _, _ := strings.Cut(folder, ".")
	return id
}

var folderPattern = regexp.MustCompile(`^[0-9a-f]{64}(\.[1-9][0-9]{0,8})?$`)

// readPointer reads current.json; where there is none the pointer is zero.
func (l *load) readPointer(ctx context.Context) (pointer, error) {
	data, info, err := l.readSmall(ctx, l.key(currentName), 1<<16)
	if messages.Has(err, messages.NotFound) {
		return pointer{}, nil
	}
	if err != nil {
		return pointer{}, err
	}
	p := pointer{version: info.Version, modified: info.Modified}
	bad := messages.BadPointer.With("file", currentName, "where", l.where())
	if json.Unmarshal(data, &p) != nil || p.Format < 1 {
		return pointer{}, bad
	}
	if p.Format > pointerFormat {
		return pointer{}, messages.PointerTooNew.With("where", l.where())
	}
	if p.Generation < 1 || !folderPattern.MatchString(p.Release) || p.Previous != "" && !folderPattern.MatchString(p.Previous) {
		return pointer{}, bad
	}
	return p, nil
}

func (l *load) readSmall(ctx context.Context, key string, most int64) ([]byte, store.Info, error) {
	r, info, err := l.store.Open(ctx, key)
	if err != nil {
		return nil, info, err
	}
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(r, most))
	return data, info, err
}

// readManifest reads the manifest of a release's folder.
func (l *load) readManifest(ctx context.Context, folder string) (pipelines.Manifest, error) {
	var m pipelines.Manifest
	data, _, err := l.readSmall(ctx, l.key(releasesName, folder, manifestName), 16<<20)
	if err != nil {
		return m, err
	}
	bad := messages.BadPointer.With("file", manifestName, "where", l.where())
	if json.Unmarshal(data, &m) != nil || m.Release != idOf(folder) {
		return m, bad
	}
	for _, f := range m.Files {
		if store.Portable(f.Name) != "" || strings.HasPrefix(f.Name, ".") || isReserved(f.Name) {
			return m, bad
		}
	}
	return m, nil
}

// releaseID is the SHA-256 of the canonical JSON (keys sorted, no space) of
// what makes a release: its files, the policy they were made under, and the
// version of what decides bytes.
func releaseID(m pipelines.Manifest) string {
	type column struct {
		Name     string `json:"name"`
		Nullable bool   `json:"nullable"`
		Type     string `json:"type"`
	}
	type file struct {
		Bytes  int64    `json:"bytes"`
		Name   string   `json:"name"`
		Schema []column `json:"schema"`
		SHA256 string   `json:"sha256"`
	}
	content := struct {
		Files  []file `json:"files"`
		Format int    `json:"format"`
		Policy string `json:"policy"`
	}{Format: pipelines.FormatVersion, Policy: m.Policy}
	for _, f := range m.Files {
		c := file{Bytes: f.Bytes, Name: f.Name, SHA256: f.SHA256}
		for _, col := range f.Schema {
			c.Schema = append(c.Schema, column{col.Name, col.Nullable, col.Type})
		}
		content.Files = append(content.Files, c)
	}
	sort.Slice(content.Files, func(i, j int) bool { return content.Files[i].Name < content.Files[j].Name })
	sum := sha256.Sum256(encodeJSON(content, ""))
	return hex.EncodeToString(sum[:])
}

// encodeJSON writes v, which holds nothing that JSON cannot, on lines indented
// by indent, or without any space when that is empty.
func encodeJSON(v any, indent string) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", indent)
	if err := e.Encode(v); err != nil {
		panic("file: " + err.Error())
	}
	if indent == "" {
		return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
	}
	return b.Bytes()
}
