package pipelines

import (
	"context"
	"io"

	"github.com/apache/arrow/go/v15/arrow"

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
	p := &proof{file: file.Info().Name, sealed: r.groups, rows: back}
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
		err = r.Privacy.Judge(ctx, r.decided, &judged{SealedFile: file, first: s, back: back, repeated: r.proved})
	}
	// What is wrong with the bytes comes before what the gate makes of it, and a
	// gate that looked at a part of the rows does not spare the rest.
	if p.err == nil && err == nil {
		err = Each(ctx, s, func(b Batch) error { b.Release(); return nil })
	}
	if p.err != nil && p.err != io.EOF {
		err = p.err
	}
	r.proved = r.proved || err == nil
	return err
}

// readBack gives the rows of the file. Where reading is not auditing, the file
// is audited first.
func (r *flowRun) readBack(ctx context.Context, file SealedFile) (*viewed, error) {
	v := &viewed{views: make([]View, 1)}
	if a, ok := file.(Audited); ok {
		chunks, err := a.OpenAudited(ctx)
		if err != nil {
			return nil, err
		}
		o := &ordered[Chunk, Batch]{
			workers: r.opt.Workers,
			next:    chunks.Next,
			work:    v.decode,
			free:    func(b Batch) { b.Release() },
		}
		v.views = make([]View, r.opt.Workers)
		v.Stream = NewStream(chunks.Schema(), o.take, func() error {
			o.close()
			return chunks.Close()
		})
	} else {
		if err := file.Audit(ctx); err != nil {
			return nil, err
		}
		s, err := file.Open(ctx)
		if err != nil {
			return nil, err
		}
		v.inTurn(s)
	}
	if err := schemaMismatch(v.Schema(), r.bind.Out); err != nil {
		v.Close()
		return nil, err
	}
	return v, nil
}

// sealedGroup is what is remembered of a row group that went to the sinks. It has
// at least one row.
type sealedGroup struct {
	rows int64
	sum  arrowx.Sum
}

// proof gives the rows of a file by the groups in which they were sealed, each
// after its sum was compared. It holds one group, which had room when it was sealed.
type proof struct {
	file   string
	sealed []sealedGroup
	rows   Stream
	now    group // what is left of the group under way
	rest   Batch // of the groups after it
	err    error
}

func (p *proof) next(ctx context.Context) (Batch, error) {
	if p.err != nil {
		return Batch{}, p.err
	}
	for len(p.now.batches) == 0 {
		if p.err = p.group(ctx); p.err != nil {
			return Batch{}, p.err
		}
	}
	b := p.now.batches[0]
	p.now.batches = p.now.batches[1:]
	return b, nil
}

// group reads the next group; after the last one there must be no rows.
func (p *proof) group(ctx context.Context) error {
	var want sealedGroup
	if len(p.sealed) > 0 {
		want, p.sealed = p.sealed[0], p.sealed[1:]
	}
	p.now = group{}
	for p.now.rows < want.rows || want.rows == 0 {
		if p.rest.Record == nil {
			var err error
			if p.rest, err = p.rows.Next(ctx); err == io.EOF && want.rows > 0 {
				return messages.SealedDiffers.With("file", p.file)
			} else if err != nil {
				return err
			}
		}
		if want.rows == 0 && p.rest.NumRows() > 0 {
			return messages.SealedDiffers.With("file", p.file)
		}
		p.add(min(p.rest.NumRows(), want.rows-p.now.rows))
	}
	sum, err := p.now.sum()
	if err == nil && sum != want.sum {
		err = messages.SealedDiffers.With("file", p.file)
	}
	return err
}

// add moves the first n rows of the rest to the group.
func (p *proof) add(n int64) {
	b := p.rest
	p.rest = Batch{}
	if n < b.NumRows() {
		p.rest = b.Slice(n, b.NumRows())
		head := b.Slice(0, n)
		b.Release()
		b = head
	}
	if n == 0 {
		b.Release()
		return
	}
	p.now.batches = append(p.now.batches, b)
	p.now.rows += n
}

func (p *proof) close() {
	p.now.release()
	p.now = group{}
	if p.rest.Record != nil {
		p.rest.Release()
		p.rest = Batch{}
	}
}

// judged is a file as the gate gets it: opened for the first time, it is the
// stream that proves it.
type judged struct {
	SealedFile
	first    Stream
	back     *viewed // what first reads
	repeated bool
}

// Repeated holds of the rows of the first reading, which the gate only gets group by
// group as they were sealed.
func (j *judged) Repeated() bool { return j.repeated }

func (j *judged) Open(ctx context.Context) (Stream, error) {
	s := j.first
	if s == nil {
		return j.SealedFile.Open(ctx)
	}
	j.first = nil
	return NewStream(s.Schema(), s.Next, nil), nil // whoever proves the file closes it
}

func (j *judged) OpenViewed(ctx context.Context, begin func(*arrow.Schema) View) (Stream, error) {
	if j.first != nil {
		j.back.begin(begin)
		return j.Open(ctx)
	}
	s, err := j.SealedFile.Open(ctx)
	if err != nil {
		return nil, err
	}
	v := &viewed{views: make([]View, 1)}
	v.inTurn(s)
	v.begin(begin)
	return v, nil
}
