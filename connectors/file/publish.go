package file

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/lavoir-data/lavoir/connectors/store"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Publish uploads the files under releases/, checks what the store then holds,
// and makes them current by one conditional write of current.json. Whatever
// happens before that write shows nothing; whatever happens after it is
// repaired by the next Publish, so from then on there is no error, only stable
// names that are still pending.
//
// A run that finds that another one published since its Start gives up with
// messages.Superseded unless both publish the same release: its data may be the
// older.
func (s *sealed) Publish(ctx context.Context, m pipelines.Manifest) (pipelines.Receipt, error) {
	p := &publication{load: s.load, files: map[string]*sealedFile{}}
	for _, f := range s.files {
		p.files[f.info.Name] = f
	}
	m = s.complete(m)
	p.manifest = m
	p.receipt = pipelines.Receipt{Release: m.Release, Where: s.load.where()}

	cur, err := s.load.readPointer(ctx)
	if err != nil {
		return pipelines.Receipt{}, err
	}
	if cur.id() == m.Stays && m.Stays != "" {
		if err := p.stay(ctx, cur); err != nil {
			return pipelines.Receipt{}, err
		}
		m.Release = m.Stays
	}
	p.receipt.Previous, p.receipt.Generation = idOf(cur.Previous), cur.Generation
	if cur.id() != m.Release {
		if err := p.move(ctx, cur); err != nil {
			return pipelines.Receipt{}, err
		}
	}
	p.refresh(ctx)
	if n, err := s.load.collect(ctx); err != nil {
		s.load.warn("leftovers could not all be removed; the next run tries again", err)
	} else {
		p.receipt.Collected = n
	}
	if m.Supersedes {
		p.supersede(ctx)
	}
	return p.receipt, nil
}

// Release is the id of the release that Publish makes current.
func (s *sealed) Release(m pipelines.Manifest) string { return s.complete(m).Release }

// complete adds to a manifest what the sink knows.
func (s *sealed) complete(m pipelines.Manifest) pipelines.Manifest {
	m.FormatVersion, m.Versions.Format = pipelines.FormatVersion, pipelines.FormatVersion
	m.Files = nil
	for _, f := range s.files {
		m.Files = append(m.Files, f.info)
	}
	m.Release = releaseID(m)
	return m
}

type publication struct {
	*load
	manifest pipelines.Manifest
	files    map[string]*sealedFile // by name
	receipt  pipelines.Receipt
}

// ours refuses to replace the release of another dataset, tenant or partition:
// two tasks that publish to one place would take turns in silence.
func (p *publication) ours(ctx context.Context, cur pointer) error {
	if cur.Release == "" {
		return nil
	}
	m, err := p.readManifest(ctx, cur.Release)
	if messages.Has(err, messages.NotFound) {
		return nil // damaged: this release puts it in order
	}
	if err != nil {
		return err
	}
	there := pipelines.TaskID{Pipeline: m.Dataset, Tenant: m.Tenant, Partition: m.Partition}
	here := pipelines.TaskID{Pipeline: p.manifest.Dataset, Tenant: p.manifest.Tenant, Partition: p.manifest.Partition}
	if there == here || slices.Contains(p.manifest.Formerly, there) {
		return nil
	}
	return messages.OtherDataset.With("where", p.where(), "there", there, "here", here)
}

// move uploads the release and points to it.
func (p *publication) move(ctx context.Context, cur pointer) error {
	if p.overtaken(cur) {
		return messages.Superseded.With("where", p.where())
	}
	if err := p.ours(ctx, cur); err != nil {
		return err
	}
	if p.manifest.Supersedes {
		// What is not current goes first: where it may not, nothing is published.
		if _, _, err := p.erase(ctx); err != nil {
			return err
		}
	}
	folder, err := p.folder(ctx, cur)
	if err != nil {
		return err
	}
	for _, f := range p.manifest.Files {
		if err := p.upload(ctx, p.key(releasesName, folder, f.Name), f.Name, p.files[f.Name].content()); err != nil {
			return err
		}
	}
	// The manifest is written even if it is there: it makes the folder young.
	key := p.key(releasesName, folder, manifestName)
	content := store.Bytes(encodeJSON(p.manifest, "  "), mediaType(manifestName))
	if _, err := p.store.Put(ctx, key, content); err != nil {
		return err
	}
	if err := p.check(ctx, key, manifestName, content); err != nil {
		return err
	}
	next := pointer{Format: pointerFormat, Generation: cur.Generation + 1, Release: folder, Previous: cur.Release}
	_, err = p.store.Swap(ctx, p.key(currentName), append(encodeJSON(next, ""), '\n'), cur.version)
	if err == nil {
		p.receipt.Changed, p.receipt.Previous, p.receipt.Generation = true, cur.id(), next.Generation
		return nil
	}
	if !messages.Has(err, messages.ConditionFailed) {
		return err
	}
	now, err := p.readPointer(ctx)
	switch {
	case err != nil:
		return err
	case now.id() != p.manifest.Release:
		return messages.Superseded.With("where", p.where())
	}
	// Another run published the same release, or the answer to our own write was lost.
	p.receipt.Previous, p.receipt.Generation = idOf(now.Previous), now.Generation
	return nil
}

// folder is where the release goes under releases/. Nobody can call back a
// collector that is about to delete an old folder, so a folder that is neither
// current nor previous and no longer young never becomes current again: the
// same content then goes to a new one. Half the grace is left to get from here
// to the pointer.
func (p *publication) folder(ctx context.Context, cur pointer) (string, error) {
	id := p.manifest.Release
	if p.manifest.Supersedes {
		return p.unusedFolder(ctx, cur)
	}
	if idOf(cur.Previous) == id {
		return cur.Previous, nil
	}
	infos, err := p.releases(ctx, id)
	if err != nil {
		return "", err
	}
	var last *folder
	for name, f := range p.byFolder(infos) {
		if folderPattern.MatchString(name) && idOf(name) == id && (last == nil || folderNumber(name) > folderNumber(last.name)) {
			last = f
		}
	}
	if last == nil {
		return id, nil
	}
	now, err := p.store.Now(ctx)
	if err != nil {
		return "", err
	}
	if last.retired.IsZero() && now.Sub(last.newest) <= p.Grace/2 {
		return last.name, nil
	}
	return id + "." + strconv.Itoa(folderNumber(last.name)+1), nil
}

// folderNumber is the number after a folder's id, 0 when there is none.
func folderNumber(folder string) int {
	_, number, _ := strings.Cut(folder, ".")
	n, _ := strconv.Atoi(number)
	return n
}

// upload puts a file unless the store holds it already, and checks it there.
func (p *publication) upload(ctx context.Context, key, name string, c store.Content) error {
	if same, err := p.holds(ctx, key, c); err != nil || same {
		return err
	}
	if _, err := p.store.Put(ctx, key, c); err != nil {
		return err
	}
	return p.check(ctx, key, name, c)
}

func (l *load) check(ctx context.Context, key, name string, c store.Content) error {
	same, err := l.holds(ctx, key, c)
	if err == nil && !same {
		err = messages.UploadDiffers.With("store", l.where(), "file", name)
	}
	return err
}

// holds says whether the object is there with the size and SHA-256 of c. What a
// store does not know the SHA-256 of is read.
func (l *load) holds(ctx context.Context, key string, c store.Content) (bool, error) {
	info, err := l.store.Stat(ctx, key)
	if messages.Has(err, messages.NotFound) {
		return false, nil
	}
	if err != nil || info.Size != c.Size {
		return false, err
	}
	if info.SHA256 == "" {
		info.SHA256, err = l.sum(ctx, key)
	}
	return info.SHA256 == c.SHA256, err
}

func (l *load) sum(ctx context.Context, key string) (string, error) {
	r, _, err := l.store.Open(ctx, key)
	if err != nil {
		return "", err
	}
	defer r.Close()
	h := sha256.New()
	if _, err := io.Copy(h, r); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
