package file

import (
	"context"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/lavoir-data/lavoir/connectors/store"
)

// folder is what a listing tells of a release's folder.
type folder struct {
	name      string
	keys      []string
	newest    time.Time
	committed time.Time // of its manifest, the last file written; zero when it has none
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
		if i.Modified.After(f.newest) {
			f.newest = i.Modified
		}
		if file == manifestName {
			f.committed = i.Modified
		}
	}
	return folders
}

// collect removes what nobody needs any more and returns how many leftovers it
// found: releases beyond those to keep, uploads that never became current,
// temporary files. Whatever is younger than the grace by the store's clock
// stays, and so do the current and the previous release.
func (l *load) collect(ctx context.Context) (int, error) {
	now, err := l.store.Now(ctx)
	if err != nil {
		return 0, err
	}
	before := now.Add(-l.Grace)
	infos, err := l.store.List(ctx, l.key(releasesName)+"/")
	if err != nil {
		return 0, err
	}
	cur, err := l.readPointer(ctx)
	if err != nil {
		return 0, err
	}
	collected := 0
	for _, f := range l.surplus(l.byFolder(infos), cur) {
		if !f.newest.Before(before) {
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
		// Without its manifest a folder no longer looks whole.
		slices.SortStableFunc(f.keys, func(a, b string) int {
			return boolRank(!strings.HasSuffix(a, "/"+manifestName)) - boolRank(!strings.HasSuffix(b, "/"+manifestName))
		})
	}
	return rest
}

func boolRank(b bool) int {
	if b {
		return 1
	}
	return 0
}
