package file

import (
	"context"
	"strings"
	"time"

	"github.com/lavoir-data/lavoir/connectors/store"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// whole leaves out the files that may still be written, and markers. Nothing is
// waited for: who drops files there finds them taken by the next run.
func (s *source) whole(ctx context.Context, files, listed []store.Info) (kept []store.Info, left int, err error) {
	if s.Settle == 0 && s.Marker == "" {
		return files, 0, nil
	}
	now := s.env.Now()
	if c, ok := s.store.(store.Clock); ok && s.Settle > 0 && len(files) > 0 {
		if now, err = c.Now(ctx); err != nil {
			return nil, 0, err
		}
	}
	there := map[string]store.Info{}
	for _, i := range listed {
		there[i.Key] = i
	}
	for _, f := range files {
		if s.Marker != "" && strings.HasSuffix(f.Key, s.Marker) {
			continue
		}
		last, err := s.lastChange(ctx, f)
		if err != nil {
			return nil, 0, err
		}
		marked, err := s.marked(ctx, f, last, there)
		switch {
		case err != nil:
			return nil, 0, err
		case !marked || s.Settle > 0 && now.Sub(last) < s.Settle:
			left++
		default:
			kept = append(kept, f)
		}
	}
	return kept, left, nil
}

// marked says whether there is a marker that is not one of an earlier file of that
// name.
func (s *source) marked(ctx context.Context, f store.Info, last time.Time, there map[string]store.Info) (bool, error) {
	if s.Marker == "" {
		return true, nil
	}
	for _, name := range []string{f.Key + s.Marker, stemOf(f.Key) + s.Marker} {
		marker, ok := there[name]
		if !ok && !strings.HasPrefix(name, s.pattern.prefix) { // else it would have been listed
			found, err := s.store.Stat(ctx, name)
			if err != nil && !messages.Has(err, messages.NotFound) {
				return false, err
			}
			marker, ok = found, err == nil
		}
		if ok && !marker.Modified.Before(last) {
			return true, nil
		}
	}
	return false, nil
}

func (s *source) unsettled(left int) *messages.Error {
	why := "they changed less than settle ago, or their marker is missing or older"
	switch {
	case s.Marker == "":
		why = "they changed less than settle ago"
	case s.Settle == 0:
		why = "their marker is missing or older"
	}
	return messages.NotSettled.With("store", s.store.Describe(), "count", left, "why", why)
}
