package file

import (
	"context"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/lavoir-data/lavoir/connectors/store"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// folder is what a listing tells of a release's folder.
type folder struct {
	name      string
	keys      []string
	newest    time.Time // of its files
	committed time.Time // of its manifest, the last file written; zero when it has none
	retired   time.Time // of the mark; zero when it has none
}

// byFolder sorts a listing of releases/ by the folders under it.
func (l *load) byFolder(infos []store.Info) map[string]*folder {
	folders := map[string]*folder{}
	for _, i := range infos {
		name, file, ok := strings.Cut(strings.TrimPrefix(i.Key, l.key(releasesName)+"/"), "/")
		if !ok {
			continue
		}
		f := folders[name]
		if f == nil {
			f = &folder{name: name}
			folders[name] = f
		}
		f.keys = append(f.keys, i.Key)
		if file == retiredName {
			f.retired = i.Modified
			continue
		}
		if i.Modified.After(f.newest) {
			f.newest = i.Modified
		}
		if file == manifestName {
			f.committed = i.Modified
		}
	}
	return folders
}

// releases lists what is under releases/ and begins so. A folder that the first
// write will make holds none.
func (l *load) releases(ctx context.Context, start string) ([]store.Info, error) {
	infos, err := l.store.List(ctx, l.key(releasesName)+"/"+start)
	if messages.Has(err, messages.FolderMissing) {
		return nil, nil
	}
	return infos, err
}

// collect removes what nobody needs any more and returns how many leftovers it
// removed: releases beyond those to keep, uploads that never became current,
// temporary files. The current and the previous release stay, and whatever is
// younger than the grace by the store's clock.
//
// A release may be old and yet have been current a moment ago, and readers that
// found it then still read it. So it is first marked as retired, and removed
// when the mark is older than the grace. Only a folder too old to become current
// again is marked: see publication.folder.
func (l *load) collect(ctx context.Context) (int, error) {
	now, err := l.store.Now(ctx)
	if err != nil {
		return 0, err
	}
	before := now.Add(-l.Grace)
	infos, err := l.releases(ctx, "")
	if err != nil {
		return 0, err
	}
	cur, err := l.readPointer(ctx)
	if err != nil {
		return 0, err
	}
	collected := 0
	for _, f := range l.surplus(l.byFolder(infos), cur) {
		switch {
		case !f.newest.Before(before):
			continue
		case !f.committed.IsZero() && f.retired.IsZero():
			mark := store.Bytes([]byte("{}\n"), mediaType(retiredName))
			if _, err := l.store.Put(ctx, l.key(releasesName, f.name, retiredName), mark); err != nil {
				return collected, err
			}
			continue
		case !f.retired.IsZero() && !f.retired.Before(before):
			continue
		}
		for _, key := range f.keys {
			if err := l.store.Delete(ctx, key); err != nil {
				return collected, err
			}
		}
		collected++
	}
	if s, ok := l.store.(store.Sweeper); ok {
		prefix := l.Prefix
		if prefix != "" {
			prefix += "/"
		}
		n, err := s.Sweep(ctx, prefix, before)
		return collected + n, err
	}
	return collected, nil
}

// surplus are the folders that are not to be kept, the oldest first. What is not
// named like a release's folder is not ours.
func (l *load) surplus(folders map[string]*folder, cur pointer) []*folder {
	var whole, rest []*folder
	for name, f := range folders {
		switch {
		case !folderPattern.MatchString(name) || name == cur.Release || name == cur.Previous:
		case f.committed.IsZero():
			rest = append(rest, f)
		default:
			whole = append(whole, f)
		}
	}
	newestFirst := func(i, j int) bool {
		if !whole[i].committed.Equal(whole[j].committed) {
			return whole[i].committed.After(whole[j].committed)
		}
		return whole[i].name < whole[j].name
	}
	sort.Slice(whole, newestFirst)
	rest = append(rest, whole[min(len(whole), l.Keep-2):]...)
	sort.Slice(rest, func(i, j int) bool { return rest[i].name < rest[j].name })
	for _, f := range rest {
		// The mark goes last: without it what is left would look as if it never
		// had been whole.
		slices.SortStableFunc(f.keys, func(a, b string) int { return deleteOrder(a) - deleteOrder(b) })
	}
	return rest
}

func deleteOrder(key string) int {
	switch {
	case strings.HasSuffix(key, "/"+manifestName):
		return 0
	case strings.HasSuffix(key, "/"+retiredName):
		return 2
	}
	return 1
}
