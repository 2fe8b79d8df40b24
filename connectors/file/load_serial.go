package file

import (
	"context"

	"github.com/lavoir-data/lavoir/pipelines"
)

// Seal is Begin, Encode, Append and Finish in turn, by groups of the fixed
// number of rows however the stream is cut.
func (l *load) Seal(ctx context.Context, in pipelines.Stream) (pipelines.Sealed, error) {
	s, err := l.Begin(ctx, in.Schema())
	if err != nil {
		return nil, err
	}
	out, err := sealSerially(ctx, s, in)
	if err != nil {
		s.Discard()
		return nil, err
	}
	return out, nil
}

func sealSerially(ctx context.Context, s pipelines.Sealing, in pipelines.Stream) (pipelines.Sealed, error) {
	g := &grouper{seal: s}
	defer g.release()
	if err := pipelines.Each(ctx, in, func(b pipelines.Batch) error { return g.add(ctx, b) }); err != nil {
		return nil, err
	}
	if err := g.flush(ctx); err != nil {
		return nil, err
	}
	return s.Finish(ctx)
}

// grouper gathers batches into row groups, as pipelines.GroupRoom cuts them.
type grouper struct {
	seal        pipelines.Sealing
	group       []pipelines.Batch
	rows, bytes int64
}

func (g *grouper) add(ctx context.Context, b pipelines.Batch) error {
	defer b.Release()
	for from := int64(0); from < b.NumRows(); {
		rest := b.Slice(from, b.NumRows())
		n, size := pipelines.GroupRoom(rest.Record, g.rows, g.bytes)
		if n > 0 {
			g.group = append(g.group, rest.Slice(0, n))
			g.rows, g.bytes, from = g.rows+n, g.bytes+size, from+n
		}
		rest.Release()
		if from < b.NumRows() || g.rows == pipelines.RowGroup {
			if err := g.flush(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

func (g *grouper) flush(ctx context.Context) error {
	if g.rows == 0 {
		return nil
	}
	defer g.release()
	e, err := g.seal.Encode(ctx, g.group)
	if err != nil {
		return err
	}
	return g.seal.Append(ctx, e)
}

func (g *grouper) release() {
	for _, b := range g.group {
		b.Release()
	}
	g.group, g.rows, g.bytes = g.group[:0], 0, 0
}
