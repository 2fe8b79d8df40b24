package store

import (
	"context"
	"io"
	"strings"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Every store that can be written keeps evidence.
var (
	_ pipelines.EvidenceStore = (*local)(nil)
	_ pipelines.EvidenceStore = (*s3)(nil)
	_ pipelines.EvidenceStore = (*sftpStore)(nil)
	_ pipelines.EvidenceStore = (*webdav)(nil)
)

// WriteEvidence and AddEvidence write what the account alone may read.
func (l *local) WriteEvidence(ctx context.Context, name string, data []byte) error {
	_, err := l.put(ctx, name, Bytes(data, "application/json"), 0o600)
	return err
}

func (l *local) AddEvidence(ctx context.Context, name string, data []byte) error {
	_, err := l.swap(ctx, name, data, "", 0o600)
	return err
}

func (l *local) ReadEvidence(ctx context.Context, name string) ([]byte, error) {
	return readEvidence(ctx, l, name)
}

func (l *local) ListEvidence(ctx context.Context, folder string) ([]string, error) {
	return listEvidence(ctx, l, folder)
}

// keeps is the evidence of a store in which it is kept like anything else: who
// may read the store reads it.
type keeps struct{ in Store }

func (k keeps) WriteEvidence(ctx context.Context, name string, data []byte) error {
	_, err := k.in.Put(ctx, name, Bytes(data, "application/json"))
	return err
}

func (k keeps) AddEvidence(ctx context.Context, name string, data []byte) error {
	_, err := k.in.Swap(ctx, name, data, "")
	return err
}

func (k keeps) ReadEvidence(ctx context.Context, name string) ([]byte, error) {
	return readEvidence(ctx, k.in, name)
}

func (k keeps) ListEvidence(ctx context.Context, folder string) ([]string, error) {
	return listEvidence(ctx, k.in, folder)
}

// evidenceBound is far more than a piece of evidence has.
const evidenceBound = 64 << 20

func readEvidence(ctx context.Context, s Store, name string) ([]byte, error) {
	r, _, err := s.Open(ctx, name)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(io.LimitReader(r, evidenceBound))
}

func listEvidence(ctx context.Context, s Store, folder string) ([]string, error) {
	infos, err := s.List(ctx, folder+"/")
	if messages.Has(err, messages.FolderMissing) { // the first piece of evidence makes it
		return nil, nil
	}
	var names []string
	for _, i := range infos {
		if name := strings.TrimPrefix(i.Key, folder+"/"); !strings.Contains(name, "/") {
			names = append(names, name)
		}
	}
	return names, err
}
