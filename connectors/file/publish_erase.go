package file

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// erase removes every folder under releases/ but that of the current release, without
// grace, and returns how many it removed and how many had to stay.
//
// What it removes was written before the pointer was, by the store's clock. A run that
// is at work at the same time and may still make its release current read the pointer
// as it is now, or its conditional write fails; and where releases are superseded no
// folder is taken up again (see unusedFolder), so that all of its files are
// younger than the pointer. The pointer and its time are of one reading.
// What such a run left, when it lost, goes when it is older than the grace.
//
// Readers who found an older release a moment ago lose it: that is what was asked for.
func (l *load) erase(ctx context.Context) (erased, left int, err error) {
	cur, err := l.readPointer(ctx)
	if err != nil || cur.Release == "" {
		return 0, 0, err
	}
	infos, err := l.releases(ctx, "")
	if err != nil {
		return 0, 1, err
	}
	now, err := l.store.Now(ctx)
	if err != nil {
		return 0, 1, err
	}
	folders := l.byFolder(infos)
	for _, name := range slices.Sorted(maps.Keys(folders)) {
		if name == cur.Release || !folderPattern.MatchString(name) {
			continue
		}
		f := folders[name]
		before := cur.modified
		if f.newest.Nanosecond() == 0 { // a listing in whole seconds says when at least
			before = before.Truncate(time.Second)
		}
		if !f.newest.Before(before) && !f.newest.Before(now.Add(-l.Grace)) {
			if !f.committed.IsZero() {
				left++
			}
			continue
		}
		slices.SortStableFunc(f.keys, func(a, b string) int { return deleteOrder(a) - deleteOrder(b) })
		for _, key := range f.keys {
			if err := l.store.Delete(ctx, key); err != nil {
				return erased, left + 1, err
			}
		}
		erased++
	}
	return erased, left, nil
}

// supersede erases what the current release superseded. It waits until the stable
// names are those of the current release: only the previous one tells which of them
// must go. What could not be erased is erased by the next run.
func (p *publication) supersede(ctx context.Context) {
	if len(p.receipt.Pending) > 0 {
		p.remain(1, nil)
		return
	}
	erased, left, err := p.erase(ctx)
	p.receipt.Collected += erased
	if err != nil || left > 0 {
		p.remain(max(left, 1), err)
	}
}

func (p *publication) remain(n int, err error) {
	p.receipt.Remaining = n
	if err != nil {
		p.warn("older releases could not be erased; the next run tries again", err)
	}
	if p.env.Note != nil {
		p.env.Note(messages.NotErased.With("count", n, "where", p.where()))
	}
}

// unusedFolder is where a release goes that supersedes: under a name that no release
// had while another pointer was current. Whoever is erasing goes by a list that may be
// old, and must not meet a folder that came again under its name.
func (p *publication) unusedFolder(ctx context.Context, cur pointer) (string, error) {
	infos, err := p.releases(ctx, p.manifest.Release)
	if err != nil {
		return "", err
	}
	number := cur.Generation
	for name, f := range p.byFolder(infos) {
		if folderPattern.MatchString(name) && idOf(name) == p.manifest.Release && f.newest.Before(cur.modified) {
			number = max(number, int64(folderNumber(name))+1)
		}
	}
	if number == 0 {
		return p.manifest.Release, nil
	}
	return p.manifest.Release + "." + strconv.FormatInt(number, 10), nil
}
