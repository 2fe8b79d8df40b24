package file

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/lavoir-data/lavoir/connectors/format"
	"github.com/lavoir-data/lavoir/connectors/store"
	"github.com/lavoir-data/lavoir/pipelines"
)

// Stamp tells the task's files apart by their paths, sizes, times and, where a
// listing has them, versions.
func (s *source) Stamp(ctx context.Context, in pipelines.Stamping) (known bool, err error) {
	if near, ok := s.store.(store.Near); !in.Connect && (!ok || !near.Near()) {
		return false, nil
	}
	if _, paged := s.store.(store.Paged); paged {
		return false, nil // nothing but reading tells whether an answer is the same
	}
	of := fmt.Sprintf("%s\x00%+v\x00%s", s.Connection.Component.Name, s.Connection.Config, s.Path)
	if _, ok := s.reader.(format.Neighbours); ok {
		of += "\x00" + s.Format.Component.Name
	}
	found, err := in.Once(of, func() (any, error) { return s.byKeys(ctx) })
	if err != nil {
		return false, err
	}
	for _, info := range found.(map[string][]store.Info)[s.pattern.key(s.env.Keys)] {
		for _, text := range []string{info.Key, info.Version} {
			writeNumber(in.To, int64(len(text)))
			_, _ = io.WriteString(in.To, text) // a hash never fails
		}
		writeNumber(in.To, info.Size)
		writeNumber(in.To, info.Modified.UnixNano())
	}
	return true, nil
}

func writeNumber(w io.Writer, n int64) {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(n))
	_, _ = w.Write(b[:])
}

// byKeys are the files that match the path, in the order of their paths, by the
// keys of the task that each belongs to: all tasks that share the path are served
// by one listing.
func (s *source) byKeys(ctx context.Context) (map[string][]store.Info, error) {
	infos, _, err := s.dropped(ctx, func(key string) bool { _, ok := s.pattern.captured(key); return ok })
	if err != nil {
		return nil, err
	}
	neighbours, _ := s.reader.(format.Neighbours)
	all := map[string][]store.Info{}
	for _, info := range infos {
		if keys, ok := s.pattern.captured(s.plainKey(info.Key)); ok {
			k := s.pattern.key(keys)
			all[k] = append(all[k], info)
			if neighbours != nil {
				beside, err := s.beside(ctx, info.Key, neighbours.Beside())
				if err != nil {
					return nil, err
				}
				all[k] = append(all[k], beside...)
			}
		}
	}
	return all, nil
}
