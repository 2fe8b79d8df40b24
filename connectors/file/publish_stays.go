package file

import (
	"context"

	"github.com/lavoir-data/lavoir/connectors/store"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Stays gives the files of a release that is current; nil where it is not, or where its
// manifest or one of its files is gone or is not what it was: nobody can make it again.
func (s *sealed) Stays(ctx context.Context, release string) ([]pipelines.FileInfo, error) {
	cur, err := s.load.readPointer(ctx)
	if err != nil || release == "" || cur.id() != release {
		return nil, err
	}
	m, err := s.load.readManifest(ctx, cur.Release)
	if messages.Has(err, messages.NotFound) || err == nil && releaseID(m) != release {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	for _, f := range m.Files {
		same, err := s.load.holds(ctx, s.load.key(releasesName, cur.Release, f.Name), store.Content{Size: f.Bytes, SHA256: f.SHA256})
		if err != nil || !same {
			return nil, err
		}
	}
	return m.Files, nil
}

// stay makes of a publication one of what is current, of which it has no file.
func (p *publication) stay(ctx context.Context, cur pointer) error {
	m, err := p.readManifest(ctx, cur.Release)
	if err != nil {
		return err
	}
	p.manifest, p.files, p.receipt.Release = m, nil, m.Release
	return nil
}
