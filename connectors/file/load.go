package file

import (
	"context"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/connectors/format"
	"github.com/lavoir-data/lavoir/connectors/store"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Loads publish files into a folder, a bucket or a server, by the same protocol.
var (
	LoadLocal  = pipelines.DefineLoad("local", "Publish files into a folder.", loadDefaults, newLoad("local"))
	LoadS3     = pipelines.DefineLoad("s3", "Publish files into a bucket.", loadDefaults, newLoad("s3"))
	LoadSFTP   = pipelines.DefineLoad("sftp", "Publish files into a folder of an SFTP server.", loadDefaults, newLoad("sftp"))
	LoadWebDAV = pipelines.DefineLoad("webdav", "Publish files into a folder of a WebDAV server.", loadDefaults, newLoad("webdav"))
)

var loadDefaults = loadConfig{Keep: 3, Grace: 24 * time.Hour}

type loadConfig struct {
	Connection pipelines.Connection `hcl:"connection" doc:"Where to publish."`
	Prefix     string               `hcl:"prefix,optional" doc:"Folder within the connection; each task needs its own."`
	Name       string               `hcl:"name,optional" doc:"Name of the files without extension; the pipeline's when it is not given."`
	Keep       int                  `hcl:"keep,optional" doc:"How many releases stay, the current and the previous one included; at least 2."`
	Grace      time.Duration        `hcl:"grace,optional" doc:"How long a release can still be read after others replaced it, and leftovers stay; at least twice as long as a run may last."`
	Files      []pipelines.Built    `hcl:"file,block" kind:"format" doc:"A file to publish, in the format its label names."`
}

func (c *loadConfig) Validate() error {
	if c.Prefix != "" {
		if !fs.ValidPath(c.Prefix) || c.Prefix == "." {
			return pipelines.At("prefix", messages.NameTooPlain.With("name", "prefix", "why", "it must be a relative path without . and .."))
		}
		for _, part := range strings.Split(c.Prefix, "/") {
			if err := checkName("prefix", part); err != nil {
				return pipelines.At("prefix", err)
			}
		}
	}
	if c.Name != "" {
		if err := checkName("name", c.Name); err != nil {
			return pipelines.At("name", err)
		}
	}
	if c.Keep < 2 {
		return pipelines.At("keep", messages.WrongArgument.With("name", "keep", "wanted", "at least 2", "why", "the current and the previous release always stay"))
	}
	if len(c.Files) == 0 {
		return messages.MissingBlock.With("block", "load", "name", "file", "doc", `as file "parquet" {}`)
	}
	return nil
}

// Place is the folder or bucket and the prefix. Case does not tell two prefixes
// apart, since it does not on every system. Connections of other names are the
// same place when they say the same.
func (c loadConfig) Place() (id, shown string) {
	shown = c.Connection.String()
	if c.Prefix != "" {
		shown += "/" + c.Prefix
	}
	return fmt.Sprintf("%s\x00%+v\x00%s", c.Connection.Component.Name, c.Connection.Config, strings.ToLower(c.Prefix)), shown
}

func checkName(what, name string) error {
	why := store.Portable(name)
	if why == "" && strings.HasPrefix(name, ".") {
		why = "it begins with a dot"
	}
	if why != "" {
		return messages.NameTooPlain.With("name", what, "why", why)
	}
	return nil
}

// load is a sink that writes the rows into one file per format and makes them
// current by the commit protocol.
type load struct {
	loadConfig
	env     pipelines.Env
	store   store.Store
	writers []format.Writer
	names   []string // of the files, in the order of the blocks

	mu   sync.Mutex
	base *base
}

// base is what was current before the run read its source.
type base struct {
	known bool
	at    pointer
}

func newLoad(kind string) func(pipelines.Env, loadConfig) (pipelines.Sink, error) {
	return func(env pipelines.Env, c loadConfig) (pipelines.Sink, error) {
		if c.Connection.Component.Name != kind {
			return nil, messages.WrongConnection.With("connection", c.Connection.String())
		}
		r, err := pipelines.OpenConnection[store.Reader](c.Connection, env)
		if err != nil {
			return nil, err
		}
		s, ok := r.(store.Store)
		if !ok {
			return nil, messages.StoreReadOnly.With("connection", c.Connection.String(), "why", "single_writer is not set")
		}
		return makeLoad(env, c, s)
	}
}

func makeLoad(env pipelines.Env, c loadConfig, s store.Store) (*load, error) {
	l := &load{loadConfig: c, env: env, store: s}
	if l.Name == "" {
		l.Name = env.Task.Pipeline
		if err := checkName("the pipeline's name", l.Name); err != nil {
			return nil, err
		}
	}
	seen := map[string]bool{}
	for _, b := range c.Files {
		w, err := pipelines.As[format.Writer](b, env)
		if err != nil {
			if messages.Find(err) == nil {
				err = messages.FileNotWritable.With("format", strconv.Quote(b.Component.Name))
			}
			return nil, err
		}
		name := l.Name + w.Extension()
		folded := strings.ToLower(name)
		switch {
		case seen[folded]:
			return nil, messages.TwoFilesOneName.With("file", name)
		case isReserved(folded):
			return nil, messages.ReservedName.With("file", name)
		}
		seen[folded] = true
		l.writers, l.names = append(l.writers, w), append(l.names, name)
	}
	return l, nil
}

func isReserved(name string) bool {
	return name == currentName || name == manifestName || name == retiredName || name == releasesName
}

// Bind refuses a schema that one of the formats cannot hold exactly.
func (l *load) Bind(schema *arrow.Schema) error {
	for _, w := range l.writers {
		if err := w.Bind(schema); err != nil {
			return err
		}
	}
	return nil
}

// Start notes what is current, so that Publish can tell whether another run
// published since. Call it, or Resume, before the source is read; Begin does
// otherwise.
func (l *load) Start(ctx context.Context) (pipelines.Started, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var err error
	if l.base == nil {
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		var at pointer
		at, err = l.readPointer(ctx)
		l.base = &base{known: err == nil, at: at}
	}
	return *l.base, err
}

// Resume takes up what another load of the same place noted.
func (l *load) Resume(s pipelines.Started) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if b, ok := s.(base); ok {
		l.base = &b
	}
}

// overtaken says whether the pointer moved since Start.
func (l *load) overtaken(now pointer) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.base != nil && l.base.known && l.base.at.Generation != now.Generation
}

// where names the place in messages and receipts.
func (l *load) where() string {
	if l.Prefix == "" {
		return l.store.Describe()
	}
	return l.store.Describe() + "/" + l.Prefix
}

func (l *load) key(parts ...string) string {
	if l.Prefix != "" {
		parts = append([]string{l.Prefix}, parts...)
	}
	return strings.Join(parts, "/")
}

func (l *load) warn(what string, err error) {
	l.env.Log.Warn(what, "where", l.where(), "error", fmt.Sprint(err))
}
