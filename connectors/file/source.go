package file

import (
	"context"
	"fmt"
	"io"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/connectors/format"
	"github.com/lavoir-data/lavoir/connectors/store"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Source reads all files of a store whose path matches, in the order of their
// paths, as one stream. Their names are shown to nobody.
var Source = pipelines.DefineSource("file", "Read the files of a folder, a bucket or a server that match a path.", sourceConfig{OtherRows: "report", OnDone: "keep"}, newSource)

type sourceConfig struct {
	Connection  pipelines.Connection `hcl:"connection" doc:"The folder, bucket or server the files are in."`
	Path        string               `hcl:"path" doc:"The path of the file under the connection. * stands for any characters but /; (?<exercice>\\\\d{4}) keeps the files whose text there is the task's key of that name (the partition's name, or tenant); (?:…) is any regular expression. All other characters stand for themselves. On a web server, which cannot be listed, it is the whole path of one file or of an answer in pages, with its query."`
	Unpack      []unpackConfig       `hcl:"unpack,block" doc:"What the files come in, outermost first: unpack \"zip\", \"tar\", \"gzip\" or \"zstd\"."`
	Format      pipelines.Built      `hcl:"format,block" kind:"format" doc:"How the files are written."`
	Personal    []string             `hcl:"personal,optional" doc:"Columns that can name a person: no load takes them until a privacy rule clears them."`
	NotPersonal map[string]string    `hcl:"not_personal,optional" doc:"Columns that only look personal by their name, each with the reason."`
	TenantBy    string               `hcl:"tenant_by,optional" doc:"The column that says whose each row is: each task gets the rows of its tenant. A run reads the files once for all of them. A row where it is null is rejected."`
	PartitionBy string               `hcl:"partition_by,optional" doc:"The column that says to which partition each row belongs: each task gets the rows of its own. A run reads the files once for all of them. A row where it is null is rejected."`
	Settle      time.Duration        `hcl:"settle,optional" doc:"How long a file must have been unchanged, by the store's clock, to count as whole. One that is not is left for the next run, and reported."`
	Marker      string               `hcl:"marker,optional" doc:"What the name of a second file ends with that says that a file is whole, as .ok for export.csv.ok or export.ok. One that is missing or older than the file leaves it for the next run."`
	OnDone      string               `hcl:"on_done,optional" values:"keep|move|delete" doc:"What becomes of a file once every task of the project that reads these files has read it to its end and committed: it stays, goes to done_path, or is deleted. What is beside it and belongs to it goes along, as the other files of a shapefile."`
	DonePath    string               `hcl:"done_path,optional" doc:"The folder under the connection that on_done = \"move\" moves files to, with their path."`
	ErrorPath   string               `hcl:"error_path,optional" doc:"The folder under the connection for files that a task failed because of: encrypted to the project's quarantine recipients, with a report beside them. Without it they stay."`
	Accumulate  bool                 `hcl:"accumulate,optional" doc:"Whether files that were moved to done_path are read again, before the new ones: for exports that hold only what is new, where a partition is made of all of them. A file that has the bytes of another is read once."`
	OtherRows   string               `hcl:"other_rows,optional" values:"report|ignore" doc:"What becomes of rows that belong to no task of the project, by what tenant_by and partition_by say: report tells how many there are, and the run ends with exit code 5; ignore leaves them out, as those of towns or years that are there by right."`
}

// Validate refuses a path that is no pattern and a reason that is none.
func (c *sourceConfig) Validate() error {
	if _, err := newPattern(c.Path); err != nil {
		return pipelines.At("path", err)
	}
	if err := c.checkDone(); err != nil {
		return err
	}
	if c.Settle < 0 || c.Marker != "" && (store.Portable("x"+c.Marker) != "" || strings.Contains(c.Marker, "/")) {
		return pipelines.At("marker", messages.WrongArgument.With("name", "settle, marker", "wanted", "a duration, and the end of a name", "why", "it is none"))
	}
	for _, u := range c.Unpack {
		if err := u.check(); err != nil {
			return pipelines.At("unpack", err)
		}
	}
	for _, name := range sortedKeys(c.NotPersonal) {
		if strings.TrimSpace(c.NotPersonal[name]) == "" {
			return pipelines.At("not_personal", messages.FileNoReason.With("column", name))
		}
	}
	return nil
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// Split divides by tenant_by and partition_by what is read of one connection by
// one path with the same captures.
func (c sourceConfig) Split(task pipelines.TaskID, keys map[string]string) pipelines.Split {
	whole := c
	whole.TenantBy, whole.PartitionBy = "", ""
	reads := c.reach() + "\x00" + c.Path
	if p, err := newPattern(c.Path); err == nil {
		for _, name := range p.captures {
			reads += "\x00" + keys[name]
		}
	}
	for _, u := range c.Unpack {
		reads += fmt.Sprintf("\x00%+v", u)
		if p, err := newPattern(u.Members); err == nil {
			for _, name := range p.captures {
				reads += "\x00" + keys[name]
			}
		}
	}
	return pipelines.Split{By: c.by(task), Reads: reads, Whole: whole, Others: c.OtherRows == "ignore"}
}

// by are the columns that say whose a row is, and what they say in the task's.
func (c sourceConfig) by(task pipelines.TaskID) (by []pipelines.SplitColumn) {
	if c.TenantBy != "" {
		by = append(by, pipelines.SplitColumn{Option: "tenant_by", Column: c.TenantBy, Key: task.Tenant})
	}
	if c.PartitionBy != "" {
		by = append(by, pipelines.SplitColumn{Option: "partition_by", Column: c.PartitionBy, Key: task.Partition})
	}
	return by
}

type source struct {
	sourceConfig
	env     pipelines.Env
	store   store.Reader
	reader  format.Reader
	pattern pattern
	mover   store.Mover // nil where files stay
	members []pattern   // of each layer of unpack; of a stream, unused
}

var (
	_ pipelines.Chunked    = (*source)(nil)
	_ pipelines.Rereadable = (*source)(nil)
	_ pipelines.Declarer   = (*source)(nil)
	_ pipelines.Describer  = (*source)(nil)
	_ pipelines.Marker     = (*source)(nil)
	_ pipelines.Splitter   = sourceConfig{}
	_ pipelines.Stamper    = (*source)(nil)
)

func newSource(env pipelines.Env, c sourceConfig) (pipelines.Source, error) {
	p, err := newPattern(c.Path)
	if err != nil {
		return nil, err
	}
	s := &source{sourceConfig: c, env: env, pattern: p}
	for _, u := range c.Unpack {
		m, err := newPattern(u.Members)
		if err != nil {
			return nil, err
		}
		s.members = append(s.members, m)
	}
	if s.store, err = pipelines.OpenConnection[store.Reader](c.Connection, env); err != nil {
		return nil, err
	}
	if _, paged := s.store.(store.Paged); paged && !p.plain {
		return nil, messages.NotListable.With("store", s.store.Describe(), "what", "a * or a group")
	}
	if s.reader, err = pipelines.As[format.Reader](c.Format, env); err != nil {
		if messages.Find(err) == nil {
			err = messages.FileNotReadable.With("format", strconv.Quote(c.Format.Component.Name))
		}
		return nil, err
	}
	if c.OnDone != "keep" || c.ErrorPath != "" {
		mover, ok := s.store.(store.Mover)
		if !ok {
			return nil, messages.FileStays.With("store", c.Connection.String())
		}
		s.mover = mover
		if _, ok := s.store.(store.Store); !ok && c.ErrorPath != "" {
			return nil, messages.FileStays.With("store", c.Connection.String())
		}
	}
	if _, paged := s.store.(store.Paged); paged && (c.Settle > 0 || c.Marker != "") {
		return nil, messages.NotListable.With("store", s.store.Describe(), "what", "settle or marker beside it")
	}
	if env.Task.Pipeline != "" {
		if err := s.checkKeys(); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// checkKeys refuses captures and columns that no key of the task answers.
func (s *source) checkKeys() error {
	for _, name := range s.captures() {
		if _, ok := s.env.Keys[name]; !ok {
			keys := "it has none"
			if len(s.env.Keys) > 0 {
				keys = "its keys are " + strings.Join(sortedKeys(s.env.Keys), ", ")
			}
			return messages.FileCapture.With("name", name, "keys", keys)
		}
	}
	if s.TenantBy != "" && s.env.Task.Tenant == "" {
		return messages.FileKey.With("option", "tenant_by", "wanted", "for_each", "example", "for_each = tenants.communes")
	}
	if s.PartitionBy != "" && s.env.Task.Partition == "" {
		return messages.FileKey.With("option", "partition_by", "wanted", "partition", "example", `partition "exercice" { values = range(2018, 2025) }`)
	}
	return nil
}

// Declared is what the format block declares.
func (s *source) Declared() (*arrow.Schema, bool) { return s.reader.Declared() }

// UndeclaredText: what a file does not say itself is text, unless its format gives types.
func (s *source) UndeclaredText() bool {
	t, ok := s.reader.(format.SelfTyped)
	return !ok || !t.SelfTyped()
}

// Rereadable is true: files can be read again.
func (s *source) Rereadable() bool { return true }

// Marks are the block's own.
func (s *source) Marks() ([]string, map[string]string) { return s.Personal, s.NotPersonal }

// Describe reads the column names of the first file.
func (s *source) Describe(ctx context.Context) (*arrow.Schema, error) {
	c, err := s.OpenChunks(ctx)
	if err != nil {
		return nil, err
	}
	return c.Schema(), c.Close()
}

// Open reads the files one after the other.
func (s *source) Open(ctx context.Context) (pipelines.Stream, error) {
	chunks, err := s.OpenChunks(ctx)
	if err != nil {
		return nil, err
	}
	return pipelines.ReadChunks(chunks), nil
}

// OpenChunks finds the files and opens the first. No file at all is refused.
func (s *source) OpenChunks(ctx context.Context) (pipelines.Chunks, error) {
	if err := s.checkKeys(); err != nil {
		return nil, err
	}
	files, err := s.files(ctx)
	if err != nil {
		return nil, err
	}
	c := &fileChunks{source: s, outer: files}
	if err := c.open(ctx); err != nil {
		c.Close()
		return nil, err
	}
	c.schema, c.first = c.current.Schema(), c.files[0].Name
	var out pipelines.Chunks = c
	err = c.bind()
	if by := s.by(s.env.Task); err == nil && len(by) > 0 {
		out, err = pipelines.KeepRows(s.env.Allocator, c, by)
	}
	if err != nil {
		c.Close()
		return nil, err
	}
	return out, nil
}

// files gives the files to read one after the other; io.EOF ends them.
type files func(ctx context.Context) (droppedFile, error)

// files are the task's files in the order of their paths, at least one.
func (s *source) files(ctx context.Context) (files, error) {
	if p, ok := s.store.(store.Paged); ok {
		return s.pages(p), nil
	}
	infos, waiting, err := s.dropped(ctx, func(key string) bool { return s.pattern.matches(key, s.env.Keys) })
	if err != nil {
		return nil, err
	}
	if waiting > 0 {
		note := s.unsettled(waiting)
		if len(infos) == 0 {
			return nil, note
		}
		if s.env.Note != nil {
			s.env.Note(note)
		}
	}
	if len(infos) == 0 {
		return nil, s.none(ctx)
	}
	return func(context.Context) (droppedFile, error) {
		if len(infos) == 0 {
			return droppedFile{}, io.EOF
		}
		info := infos[0]
		infos = infos[1:]
		return droppedFile{Input: s.input(info), info: info}, nil
	}, nil
}

// pages are the parts of what the path names in a store that cannot be listed.
func (s *source) pages(p store.Paged) files {
	next := p.Pages(s.Path)
	return func(ctx context.Context) (droppedFile, error) {
		page, err := next(ctx)
		if err != nil {
			return droppedFile{}, err
		}
		open := page.Open
		if open == nil {
			open = func(ctx context.Context) (io.ReadCloser, error) { return s.openSteady(ctx, page.Key) }
		}
		return droppedFile{Input: format.Input{Name: s.hidden(page.Key), Size: page.Size, Open: open}, info: page.Info}, nil
	}
}

// none says that there is no file for the task, or none that earlier runs have not
// taken away.
func (s *source) none(ctx context.Context) error {
	if s.OnDone == "delete" {
		return messages.NothingNew.With()
	}
	if s.OnDone == "move" {
		old, err := s.store.List(ctx, s.folder(s.DonePath)+s.pattern.prefix)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(old, func(i store.Info) bool { return s.pattern.matches(s.plainKey(i.Key), s.env.Keys) }) {
			return messages.NothingNew.With()
		}
	}
	keys := ""
	for _, name := range s.captures() {
		keys += fmt.Sprintf(" (%s = %s)", name, strconv.Quote(s.env.Keys[name]))
	}
	return messages.FileNone.With("store", s.store.Describe(), "keys", keys)
}

func (s *source) input(info store.Info) format.Input {
	return format.Input{Name: s.hidden(info.Key), Size: info.Size,
		Open: func(ctx context.Context) (io.ReadCloser, error) { return s.openSteady(ctx, info.Key) },
		Beside: func(ctx context.Context, extension string) (format.Input, bool, error) {
			found, err := s.beside(ctx, info.Key, []string{extension})
			if err != nil || len(found) == 0 {
				return format.Input{}, false, err
			}
			return s.input(found[0]), true, nil
		}}
}

func (s *source) hidden(key string) string {
	if s.env.Hide == nil {
		return ""
	}
	return s.env.Hide(key)
}
