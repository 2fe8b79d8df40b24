package file

import (
	"context"

	"github.com/lavoir-data/lavoir/connectors/store"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Published is what the pointer says.
func (l *load) Published(ctx context.Context) (pipelines.Standing, error) {
	cur, err := l.readPointer(ctx)
	return pipelines.Standing{Where: l.where(), Release: cur.id(), Previous: idOf(cur.Previous), Generation: cur.Generation}, err
}

// Verify reads what is published and says of each part whether it is what it
// should be: the pointer, the manifest, every file of the current release by
// its bytes, every stable name. Nothing is written.
func (l *load) Verify(ctx context.Context) []pipelines.Finding {
	cur, err := l.readPointer(ctx)
	if err == nil && cur.Release == "" {
		err = messages.NothingPublished.With("where", l.where())
	}
	found := []pipelines.Finding{{Check: currentName, OK: err == nil, Err: err, Note: cur.Release}}
	if err != nil {
		return found
	}
	m, err := l.readManifest(ctx, cur.Release)
	if messages.Has(err, messages.NotFound) {
		err = messages.ReleaseIncomplete.With("where", l.where(), "file", manifestName)
	}
	if err == nil && releaseID(m) != cur.id() {
		err = messages.ReleaseIncomplete.With("where", l.where(), "file", manifestName)
	}
	found = append(found, pipelines.Finding{Check: manifestName, OK: err == nil, Err: err})
	if err != nil {
		return found
	}
	for _, f := range m.Files {
		found = append(found,
			l.verifyFile(ctx, f, l.key(releasesName, cur.Release, f.Name), "release: "+f.Name, messages.ReleaseIncomplete),
			l.verifyFile(ctx, f, l.key(f.Name), "stable name: "+f.Name, messages.StableDiffers))
	}
	return found
}

// verifyFile reads the object: what a store says of its bytes is not enough here.
func (l *load) verifyFile(ctx context.Context, f pipelines.FileInfo, key, check string, wrong *messages.Message) pipelines.Finding {
	var info store.Info
	sum, err := l.sum(ctx, key)
	if err == nil {
		info, err = l.store.Stat(ctx, key)
	}
	if messages.Has(err, messages.NotFound) || err == nil && (sum != f.SHA256 || info.Size != f.Bytes) {
		err = wrong.With("where", l.where(), "file", f.Name)
	}
	return pipelines.Finding{Check: check, OK: err == nil, Err: err}
}

// Exhibit gives the manifest of the current release.
func (l *load) Exhibit(ctx context.Context) (pipelines.Manifest, error) {
	cur, err := l.readPointer(ctx)
	if err == nil && cur.Release == "" {
		err = messages.NothingPublished.With("where", l.where())
	}
	if err != nil {
		return pipelines.Manifest{}, err
	}
	return l.readManifest(ctx, cur.Release)
}
