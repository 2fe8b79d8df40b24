package file

import (
	"context"
	"path"
	"strings"

	"github.com/lavoir-data/lavoir/connectors/format"
	"github.com/lavoir-data/lavoir/pipelines"
)

var _ pipelines.FirstFile = (*source)(nil)

// First unpacks the first of the task's files.
func (s *source) First(ctx context.Context) (pipelines.GuessFile, func() error, error) {
	found, err := s.files(ctx)
	if err != nil {
		return pipelines.GuessFile{}, nil, err
	}
	c := &fileChunks{source: s, outer: found}
	for len(c.files) == 0 {
		if err := c.unpack(ctx); err != nil {
			_ = c.letGo() // err says more
			return pipelines.GuessFile{}, nil, err
		}
	}
	in := guessFile(c.files[0])
	if c.packed == nil {
		in.Extension = strings.ToLower(path.Ext(c.reading.info.Key))
	}
	return in, c.letGo, nil
}

// guessFile is the file as guesses want it.
func guessFile(in format.Input) pipelines.GuessFile {
	out := pipelines.GuessFile{Name: in.Name, Size: in.Size, Open: in.Open}
	if in.Beside != nil {
		out.Beside = func(ctx context.Context, extension string) (pipelines.GuessFile, bool, error) {
			found, ok, err := in.Beside(ctx, extension)
			return guessFile(found), ok, err
		}
	}
	return out
}
