package pipelines

import (
	"context"
	"io"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// prove judges a sealed file from its bytes, which are read once where the file
// can be: the rows are those that were sealed, what the format says of itself is
// true, and the policy holds.
func (r *flowRun) prove(ctx context.Context, file SealedFile) (err error) {
	back, err := r.readBack(ctx, file)
	if err != nil {
		return err
	}
	p := &proof{file: file.Info().Name, sums: r.sums, rows: &grouper{s: back, room: newRoom(r.opt.Memory)}}
	s := NewStream(back.Schema(), p.next, func() error {
		p.close()
		return back.Close()
	})
	defer func() {
		if e := s.Close(); err == nil {
			err = e
		}
	}()
	if r.Privacy != nil {
		err = r.Privacy.Judge(ctx, r.decided, &judged{SealedFile: file, first: s})
	}
	// What is wrong with the bytes comes before what the gate makes of it, and a
	// gate that looked at a part of the rows does not spare the rest.
	if p.err == nil && err == nil {
		err = Each(ctx, s, func(b Batch) error { b.Release(); return nil })
	}
	if p.err != nil && p.err != io.EOF {
		err = p.err
	}
	return err
}

// readBack gives the rows of the file. Where reading is not auditing, the file
// is audited first.
func (r *flowRun) readBack(ctx context.Context, file SealedFile) (s Stream, err error) {
	if a, ok := file.(Audited); ok {
		chunks, err := a.OpenAudited(ctx)
		if err != nil {
			return nil, err
		}
		o := &ordered[Chunk, Batch]{
			workers: r.opt.Workers,
			next:    chunks.Next,
			work:    func(ctx context.Context, _ int, c Chunk) (Batch, error) { return c.Decode(ctx) },
			free:    func(b Batch) { b.Release() },
		}
		s = NewStream(chunks.Schema(), o.take, func() error {
			o.close()
			return chunks.Close()
		})
	} else {
		if err := file.Audit(ctx); err != nil {
			return nil, err
		}
		if s, err = file.Open(ctx); err != nil {
			return nil, err
		}
	}
	if err := schemaMismatch(s.Schema(), r.bind.Out); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// proof gives the rows of a file by the groups in which they were sealed, each
// after its sum was compared.
type proof struct {
	file string
	sums []arrowx.Sum
	rows *grouper
	now  group // what is left of the group under way
	err  error
}

func (p *proof) next(ctx context.Context) (Batch, error) {
	for len(p.now.batches) == 0 {
		if p.err = p.group(ctx); p.err != nil {
			return Batch{}, p.err
		}
	}
	b := p.now.batches[0]
	p.now.batches = p.now.batches[1:]
	return b, nil
}

func (p *proof) group(ctx context.Context) (err error) {
	p.rows.room.give(p.now.held)
	p.now = group{}
	if p.now, err = p.rows.next(ctx); err != nil {
		if err == io.EOF && len(p.sums) > 0 {
			err = messages.SealedDiffers.With("file", p.file)
		}
		return err
	}
	sum, err := p.now.sum()
	if err == nil && (len(p.sums) == 0 || sum != p.sums[0]) {
		err = messages.SealedDiffers.With("file", p.file)
	}
	if err == nil {
		p.sums = p.sums[1:]
	}
	return err
}

func (p *proof) close() {
	p.now.release()
	p.now = group{}
	p.rows.close()
}

// judged is a file as the gate gets it: opened for the first time, it is the
// stream that proves it.
type judged struct {
	SealedFile
	first Stream
}

func (j *judged) Open(ctx context.Context) (Stream, error) {
	s := j.first
	if s == nil {
		return j.SealedFile.Open(ctx)
	}
	j.first = nil
	return NewStream(s.Schema(), s.Next, nil), nil // whoever proves the file closes it
}
