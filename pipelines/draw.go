package pipelines

import (
	"context"
	"crypto/sha256"
	"hash"
	"slices"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/internal/arrowx"
)

// Drawn says from what a Drawer draws.
type Drawn int

const (
	// DrawnFromNothing is of a stage that asks for no fingerprint.
	DrawnFromNothing Drawn = iota
	// DrawnFromRows is of a stage whose rows leave in an order that depends on the one
	// they came in. Two orders are two releases, and draw differently.
	DrawnFromRows
	// DrawnFromSet is of a stage that lets the same out whatever order rows came in, which
	// then draws the same.
	DrawnFromSet
)

// reached is what was summed of the rows that reached the privacy stage.
type reached struct {
	inOrder hash.Hash        // nil: their order tells nothing
	sums    []*arrowx.RowSum // by worker
	schema  *arrow.Schema
}

// draws says from what the stage draws.
func (r *flowRun) draws() Drawn {
	if d, ok := r.Privacy.(Drawer); ok && (r.opt.OwnKey || r.forgets() && len(r.opt.Key) > 0) {
		return d.Draws()
	}
	return DrawnFromNothing
}

// sumReached has the rows that reach the stage summed, where what is drawn depends on them.
// Those of a stage that any order gives the same release are summed as they are: what
// leaves is a function of them and of the configuration, and the source's may be the same
// where a step lost others of them. Of the others the digest of the source tells enough,
// unless there are sources besides the flow's own in them.
func (r *flowRun) sumReached(in Stream) Stream {
	r.reached = nil
	switch r.draws() {
	case DrawnFromSet:
		r.reached = &reached{schema: in.Schema()}
		for range max(1, r.opt.Workers) {
			r.reached.sums = append(r.reached.sums, arrowx.NewRowSum(arrowx.RowSumKey(r.mac("rows", nil)[:len(arrowx.RowSumKey{})])))
		}
		if _, ok := r.Privacy.(Observer); ok {
			return in // its workers sum them
		}
		return r.reached.watched(in, func(b Batch) error { return r.reached.sums[0].Add(b.Record) })
	case DrawnFromRows:
		if !slices.ContainsFunc(r.Steps, func(s Step) bool { _, ok := s.Transform.(Feeder); return ok }) {
			return in
		}
		r.reached = &reached{inOrder: sha256.New()}
		return r.reached.watched(in, func(b Batch) error {
			sum, err := arrowx.Digest(r.seed(), []arrow.Record{b.Record})
			r.reached.inOrder.Write(sum[:])
			return err
		})
	}
	return in
}

// watched gives the rows of in, each batch after sum saw it.
func (f *reached) watched(in Stream, sum func(Batch) error) Stream {
	return NewStream(in.Schema(), func(ctx context.Context) (Batch, error) {
		b, err := in.Next(ctx)
		if err != nil {
			return Batch{}, err
		}
		if err := sum(b); err != nil {
			b.Release()
			return Batch{}, err
		}
		return b, nil
	}, nil)
}

// see sums a batch that a worker is about to look at.
func (f *reached) see(worker int, b Batch) error {
	if f == nil || f.sums == nil {
		return nil
	}
	return f.sums[worker].Add(b.Record)
}

// draw tells the stage what was read, once it has read it all. The configuration is
// part of it: two releases of the same rows under two policies would be two views of
// each row, and equal pseudonyms would put them together again.
func (r *flowRun) draw(ctx context.Context, rd *reading) error {
	d, ok := r.Privacy.(Drawer)
	if !ok {
		return nil
	}
	config := sha256.Sum256(r.opt.Config)
	var read []byte
	switch r.draws() {
	case DrawnFromRows:
		read = append(config[:], rd.digest.Sum(nil)...)
		if r.reached != nil {
			read = r.reached.inOrder.Sum(read)
		}
		read = r.mac("draw", read)
	case DrawnFromSet:
		read = r.mac("set", append(config[:], r.reached.set()...))
	}
	var fingerprint []byte
	if r.opt.OwnKey {
		fingerprint = read
	}
	drawn, err := d.Draw(ctx, r.decided, fingerprint)
	if err == nil {
		r.decided = drawn
		r.res.made, r.res.version, err = r.made(read)
	}
	return err // what was decided is still to be closed
}

// set is what the rows come to, and what their columns are: the same values under other
// names are other rows.
func (f *reached) set() []byte {
	columns := sha256.New()
	for _, c := range f.schema.Fields() {
		for _, s := range []string{c.Name, c.Type.String()} {
			sum := sha256.Sum256([]byte(s))
			columns.Write(sum[:])
		}
	}
	all := f.sums[0]
	for _, s := range f.sums[1:] {
		all.Join(s)
	}
	return columns.Sum(all.Bytes())
}
