package pipelines

import (
	"context"

	"github.com/apache/arrow/go/v15/arrow"
)

// View looks at a batch, which it borrows. A column of texts may be an Arrow dictionary of
// texts with numbers of 32 bits, whose entries all occur, whatever the type of the column is.
type View func(arrow.Record)

// Viewed is the ability of a SealedFile that a Gate gets to be looked at by the workers
// that read it back, at once and before the rows are put in order.
type Viewed interface {
	// OpenViewed is Open. Before it returns it calls begin once for each worker, one after
	// the other. A worker calls its View, which is for it alone, with each batch before
	// the stream gives it, and with none before the stream is first asked. Which worker
	// gets which batch, and how many there are, must not change the verdict. Where the
	// stream ends with an error, what was looked at says nothing.
	OpenViewed(ctx context.Context, begin func(*arrow.Schema) View) (Stream, error)
}

// ViewedChunk is the ability of a Chunk to show its rows as the file keeps them: texts of
// which it has a dictionary need then be looked at once each.
type ViewedChunk interface {
	Chunk
	// DecodeViewed is Decode. It calls view as a Viewed file says.
	DecodeViewed(ctx context.Context, view View) (Batch, error)
}

// viewed is a stream whose rows are looked at before it gives them, by its readers.
type viewed struct {
	Stream
	views []View // by worker; nil: it does not look
}

func (v *viewed) begin(begin func(*arrow.Schema) View) {
	for w := range v.views {
		v.views[w] = begin(v.Schema())
	}
}

// decode is the work of a reader.
func (v *viewed) decode(ctx context.Context, worker int, c Chunk) (Batch, error) {
	view := v.views[worker]
	if c, ok := c.(ViewedChunk); ok && view != nil {
		return c.DecodeViewed(ctx, view)
	}
	b, err := c.Decode(ctx)
	if err == nil && view != nil {
		view(b.Record)
	}
	return b, err
}

// inTurn makes v the rows of s, which is read by whoever takes them.
func (v *viewed) inTurn(s Stream) {
	v.Stream = NewStream(s.Schema(), func(ctx context.Context) (Batch, error) {
		b, err := s.Next(ctx)
		if err == nil && v.views[0] != nil {
			v.views[0](b.Record)
		}
		return b, err
	}, s.Close)
}
