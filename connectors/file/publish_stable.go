package file

import (
	"context"
	"io"
	"os"
	"slices"
	"sort"

	"github.com/lavoir-data/lavoir/connectors/store"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// rounds bounds how often the refresh starts over because the pointer moved.
const rounds = 50

// refresh makes every stable name the file of the current release, whichever
// run published it, and removes those that the previous release had and the
// current one has not. The pointer is read before each write and again at the
// end: a run that was overtaken ends by writing what is newer. What could not
// be done is pending.
func (p *publication) refresh(ctx context.Context) {
	for range rounds {
		cur, err := p.readPointer(ctx)
		if err != nil {
			p.pending(err)
			return
		}
		moved, err := p.refreshFrom(ctx, cur)
		if err != nil {
			p.pending(err)
			return
		}
		if moved {
			continue
		}
		now, err := p.readPointer(ctx)
		if err != nil {
			p.pending(err)
			return
		}
		if now.Generation == cur.Generation {
			return
		}
	}
	p.pending(messages.PointerRestless.With("where", p.where()))
}

// pending says that no stable name could be confirmed.
func (p *publication) pending(err error) {
	p.warn("stable names could not be refreshed; the next run tries again", err)
	p.receipt.Pending = append([]string(nil), p.names...)
}

// refreshFrom makes the stable names those of cur; moved says that it stopped
// because cur is no longer current.
func (p *publication) refreshFrom(ctx context.Context, cur pointer) (moved bool, err error) {
	files, gone, err := p.wanted(ctx, cur)
	if messages.Has(err, messages.NotFound) {
		// The release may have been collected because others came after it.
		now, e := p.readPointer(ctx)
		if e == nil && now.Generation != cur.Generation {
			return true, nil
		}
	}
	if err != nil {
		return false, err
	}
	p.receipt.Pending = nil
	still := func() (bool, error) {
		now, err := p.readPointer(ctx)
		return err == nil && now.Generation == cur.Generation, err
	}
	for _, f := range files {
		moved, err := p.refreshName(ctx, cur, f, still)
		if moved || ctx.Err() != nil {
			return moved, ctx.Err()
		}
		if err != nil {
			p.warn("a stable name could not be refreshed; the next run tries again", err)
			p.receipt.Pending = append(p.receipt.Pending, f.Name)
		}
	}
	for _, name := range gone {
		if moved, err := p.removeName(ctx, name, still); err != nil || moved {
			return moved, err
		}
	}
	sort.Strings(p.receipt.Pending)
	return false, nil
}

// wanted are the files of cur, and the names that the previous release had and cur has not.
func (p *publication) wanted(ctx context.Context, cur pointer) (files []pipelines.FileInfo, gone []string, err error) {
	m := p.manifest
	if cur.id() != m.Release {
		if m, err = p.readManifest(ctx, cur.Release); err != nil {
			return nil, nil, err
		}
	}
	here := map[string]bool{}
	for _, f := range m.Files {
		here[f.Name] = true
	}
	if cur.Previous == "" {
		return m.Files, nil, nil
	}
	previous, err := p.readManifest(ctx, cur.Previous)
	if err != nil && !messages.Has(err, messages.NotFound) {
		return nil, nil, err
	}
	for _, f := range previous.Files {
		if !here[f.Name] {
			gone = append(gone, f.Name)
		}
	}
	return m.Files, gone, nil
}

func (p *publication) refreshName(ctx context.Context, cur pointer, f pipelines.FileInfo, still func() (bool, error)) (moved bool, err error) {
	key := p.key(f.Name)
	want := store.Content{Size: f.Bytes, SHA256: f.SHA256, Type: mediaType(f.Name)}
	if same, err := p.holds(ctx, key, want); err != nil || same {
		return false, err
	}
	if own, ok := p.files[f.Name]; ok && own.info.SHA256 == f.SHA256 {
		want = own.content()
	} else {
		copied, err := p.fetch(ctx, p.key(releasesName, cur.Release, f.Name))
		if err != nil {
			return false, err
		}
		defer os.Remove(copied)
		want.Open = func() (io.ReadSeekCloser, error) { return os.Open(copied) }
	}
	if current, err := still(); err != nil || !current {
		return !current && err == nil, err
	}
	if _, err := p.store.Put(ctx, key, want); err != nil {
		return false, err
	}
	if !p.receipt.Changed && !slices.Contains(p.receipt.Healed, f.Name) {
		p.receipt.Healed = append(p.receipt.Healed, f.Name)
	}
	return false, nil
}

func (p *publication) removeName(ctx context.Context, name string, still func() (bool, error)) (moved bool, err error) {
	_, err = p.store.Stat(ctx, p.key(name))
	if messages.Has(err, messages.NotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if current, err := still(); err != nil || !current {
		return !current && err == nil, err
	}
	return false, p.store.Delete(ctx, p.key(name))
}

// fetch copies an object into a temporary file, whose path it returns. Put
// checks the bytes against the manifest.
func (p *publication) fetch(ctx context.Context, key string) (path string, err error) {
	r, _, err := p.store.Open(ctx, key)
	if err != nil {
		return "", err
	}
	defer r.Close()
	f, err := os.CreateTemp(p.env.Dir, "release-")
	if err != nil {
		return "", store.Temporary(err)
	}
	_, err = io.Copy(f, r)
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		os.Remove(f.Name())
		return "", store.Temporary(err)
	}
	return f.Name(), nil
}
