package file

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/connectors/format"
	"github.com/lavoir-data/lavoir/connectors/store"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Releases are the folders that have a manifest. An upload that was cut short has
// none, and nothing leads a reader to it.
func (l *load) Releases(ctx context.Context) ([]pipelines.PublicRelease, error) {
	infos, err := l.releases(ctx, "")
	if err != nil {
		return nil, err
	}
	var all []pipelines.PublicRelease
	folders := l.byFolder(infos)
	for _, name := range slices.Sorted(maps.Keys(folders)) {
		if !folderPattern.MatchString(name) || !slices.Contains(folders[name].keys, l.key(releasesName, name, manifestName)) {
			continue
		}
		m, err := l.readManifest(ctx, name)
		if messages.Has(err, messages.NotFound) {
			continue // collected meanwhile
		}
		p := &publicRelease{load: l, folder: name, manifest: m}
		if messages.Has(err, messages.BadPointer) {
			p.manifest, p.broken, err = pipelines.Manifest{Release: idOf(name)}, err, nil
		}
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}

// publicRelease is a release in the store. What is read of it is fetched once.
type publicRelease struct {
	*load
	folder   string
	manifest pipelines.Manifest
	broken   error // why the manifest cannot be understood
	path     string
	file     pipelines.FileInfo
	codec    format.Writer
	schema   *arrow.Schema
}

func (p *publicRelease) Manifest() pipelines.Manifest { return p.manifest }

func (p *publicRelease) Open(ctx context.Context) (pipelines.Stream, error) {
	if p.path == "" {
		if err := p.choose(ctx); err != nil {
			return nil, err
		}
	}
	return (&sealedFile{writer: p.codec, path: p.path, schema: p.schema, info: p.file}).Open(ctx)
}

func (p *publicRelease) Close() error {
	if p.path == "" {
		return nil
	}
	err := os.Remove(p.path)
	p.path = ""
	if err != nil {
		err = store.Temporary(err)
	}
	return err
}

// choose fetches a file that can be read: a Parquet file before others, since it says
// itself of what its columns are.
func (p *publicRelease) choose(ctx context.Context) error {
	if p.broken != nil {
		return p.broken
	}
	files := slices.Clone(p.manifest.Files)
	slices.SortStableFunc(files, func(a, b pipelines.FileInfo) int { return rank(a) - rank(b) })
	var err error = messages.ReleaseIncomplete.With("where", p.where(), "file", manifestName)
	for _, f := range files {
		codec, e := p.codecOf(f)
		if e == nil && codec != nil {
			p.file, p.codec = f, codec
			if p.schema, e = schemaOf(f.Schema); e == nil {
				e = p.fetchProved(ctx)
			}
			if e == nil {
				return nil
			}
		}
		if e != nil {
			err = e
		}
	}
	return err
}

func rank(f pipelines.FileInfo) int {
	if f.Format == "parquet" {
		return 0
	}
	return 1
}

// codecOf is what reads a file of the release: that of the load's own blocks, where
// one of them is of the format, since what they are given may be needed to read it.
func (p *publicRelease) codecOf(f pipelines.FileInfo) (format.Writer, error) {
	for _, w := range p.writers {
		if w.Name() == f.Format {
			return w, nil
		}
	}
	if f.Format != "parquet" {
		return nil, nil
	}
	return pipelines.As[format.Writer](pipelines.Built{Component: format.Parquet, Config: format.Parquet.New()}, p.env)
}

func schemaOf(columns []pipelines.ColumnInfo) (*arrow.Schema, error) {
	fields := make([]arrow.Field, len(columns))
	for i, c := range columns {
		if c.Type == pipelines.TypeName(pipelines.BBox) {
			fields[i] = arrow.Field{Name: c.Name, Type: pipelines.BBox, Nullable: c.Nullable}
			continue
		}
		t, err := pipelines.ParseTypeText(c.Type)
		if err != nil {
			return nil, err
		}
		fields[i] = arrow.Field{Name: c.Name, Type: t.Type, Nullable: c.Nullable}
	}
	return arrow.NewSchema(fields, nil), nil
}

// fetchProved copies the file from the store, and refuses bytes that the manifest
// does not name.
func (p *publicRelease) fetchProved(ctx context.Context) error {
	path, err := (&publication{load: p.load}).fetch(ctx, p.key(releasesName, p.folder, p.file.Name))
	if err == nil {
		err = p.proved(path)
		if err != nil {
			os.Remove(path)
		}
	}
	if messages.Has(err, messages.NotFound) {
		err = messages.ReleaseIncomplete.With("where", p.where(), "file", p.file.Name)
	}
	if err == nil {
		p.path = path
	}
	return err
}

func (p *publicRelease) proved(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return store.Temporary(err)
	}
	defer f.Close()
	sum := sha256.New()
	n, err := io.Copy(sum, f)
	if err != nil {
		return store.Temporary(err)
	}
	if n != p.file.Bytes || !strings.EqualFold(hex.EncodeToString(sum.Sum(nil)), p.file.SHA256) {
		return messages.ReleaseIncomplete.With("where", p.where(), "file", p.file.Name)
	}
	return nil
}
