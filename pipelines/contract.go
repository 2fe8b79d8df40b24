package pipelines

import (
	"context"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Source is where rows come from. Open may be called more than once, one after
// the other; each stream gives the same rows in the same order while what is
// read does not change. The caller closes the stream.
type Source interface {
	Open(ctx context.Context) (Stream, error)
}

// Declarer is the ability of a source to tell its schema offline, from what its
// block declares. complete is false when columns may come that are not declared;
// the schema is nil when nothing is.
type Declarer interface {
	Declared() (schema *arrow.Schema, complete bool)
}

// UndeclaredText is the ability of a source whose columns are text unless they
// are declared: what needs such a column can be checked offline.
type UndeclaredText interface {
	UndeclaredText() bool
}

// Describer is the ability of a source to tell its schema by contacting what it
// reads, without reading a row.
type Describer interface {
	Describe(ctx context.Context) (*arrow.Schema, error)
}

// Rereadable is the ability of a source to be opened again and give the same
// rows, as a file does and a database does not.
type Rereadable interface {
	Rereadable() bool
}

// Marker is the ability of a source to say which of its columns are personal
// and which likely-looking ones are not, with the reason. Names that the source
// does not have are errors when it is bound. A transform that is a Marker marks
// the named columns of its output; it cannot clear a mark.
type Marker interface {
	Marks() (personal []string, notPersonal map[string]string)
}

// Warner is the ability of a component to say what its configuration makes
// doubtful without being wrong: a query without a declared order. It contacts nothing.
type Warner interface {
	Warnings() []*messages.Error
}

// Chunked is the ability of a source to be cut, quickly and in order, into
// chunks that any worker can decode. Decoding all chunks in order gives exactly
// the rows and rejects of Open.
type Chunked interface {
	Source
	OpenChunks(ctx context.Context) (Chunks, error)
}

// Chunks is the serial part of a chunked source. It is not for concurrent use;
// io.EOF ends it.
type Chunks interface {
	Schema() *arrow.Schema
	Next(ctx context.Context) (Chunk, error)
	Close() error
}

// Chunk is a piece of a source, decoded at most once, by any goroutine; several
// chunks are decoded at the same time. Its bytes are its own: it stays good
// after the next chunk was cut and after Chunks was closed. Either Decode or
// Discard is called, once.
type Chunk interface {
	Decode(ctx context.Context) (Batch, error)
	Discard()
}

// Transform turns a stream into another.
type Transform interface {
	// Bind gives the schema of what Run will give for input of schema in. It
	// touches no data, and refuses with a message what Run could not do.
	Bind(in *arrow.Schema) (*arrow.Schema, error)
	// Run transforms in. On success the returned stream owns in and closes it;
	// on error the caller keeps it. Run may be called several times, also at once.
	Run(ctx context.Context, in Stream) (Stream, error)
}

// Kernel transforms one batch. It owns its input, on error too. It keeps nothing
// between calls that changes a later result. It is not for concurrent use.
type Kernel func(ctx context.Context, in Batch) (Batch, error)

// RowWise is the ability of a transform to work on each batch alone, so that
// the runner may give each worker a kernel of its own. The rows of the result
// depend only on the rows of the input, never on how they were cut.
type RowWise interface {
	Transform
	Kernel(in *arrow.Schema) (Kernel, error)
}

// RunKernel is Run for a transform that is RowWise.
func RunKernel(t RowWise, in Stream) (Stream, error) {
	out, err := t.Bind(in.Schema())
	if err != nil {
		return nil, err
	}
	k, err := t.Kernel(in.Schema())
	if err != nil {
		return nil, err
	}
	return NewStream(out, func(ctx context.Context) (Batch, error) {
		b, err := in.Next(ctx)
		if err != nil {
			return Batch{}, err
		}
		return k(ctx, b)
	}, in.Close), nil
}

// Barrier is Run for a transform that must see its whole input before it gives
// anything: work is called at the first Next, and what it returns is read from
// then on. work reads in but does not close it.
func Barrier(out *arrow.Schema, in Stream, work func(ctx context.Context) (Stream, error)) Stream {
	var result Stream
	return NewStream(out,
		func(ctx context.Context) (Batch, error) {
			if result == nil {
				var err error
				if result, err = work(ctx); err != nil {
					return Batch{}, err
				}
			}
			return result.Next(ctx)
		},
		func() error {
			var err error
			if result != nil {
				err = result.Close()
			}
			if e := in.Close(); err == nil {
				err = e
			}
			return err
		})
}

// Streaming is the ability of a transform that is not RowWise to say that it holds
// no more than a batch at a time, as a limit does: it needs no share of the memory
// that the barriers of a task have.
type Streaming interface {
	Streaming() bool
}

// Lineage is the ability of a transform to say from which columns each output
// column derives. An output that is not a key derives from nothing (a constant).
// Whether a row is kept is not tracked. Without Lineage every output derives
// from every column of the input and of every feed.
type Lineage interface {
	Lineage(in *arrow.Schema) (map[string][]Origin, error)
}

// Origin is a column something derives from: of the input when Feed is "",
// else of the named feed. One that Chooses is asked which value it is to be, as the key
// of a join is, and no part of it stands there.
type Origin struct {
	Feed, Column string
	Chooses      bool
}

// Feeder is the ability of a transform to read sources besides its input (the
// right side of a join, the other parts of a union), by a name of its choice.
type Feeder interface {
	Feeds() map[string]Source
}

// TwoPass is a stage that must see every row before it lets one out.
type TwoPass interface {
	Bind(in *arrow.Schema) (*arrow.Schema, error)
	// Observe reads in to its end without closing it and decides. The decision
	// depends on the rows alone, not on their order or how they were cut.
	Observe(ctx context.Context, in Stream) (Decision, error)
	// Emit gives the rows the decision lets out. It owns in on success.
	Emit(ctx context.Context, d Decision, in Stream) (Stream, error)
}

// Decision is what a TwoPass stage found out, for its own Emit.
type Decision any

// Sink is where a task's rows go.
type Sink interface {
	// Seal writes the rows of in where nobody sees them. It reads in to its end
	// and does not close it. On error nothing is left behind. That the bytes are
	// what was written is proved from the files of the result, before Publish.
	Seal(ctx context.Context, in Stream) (Sealed, error)
}

// Encrypting is the ability of a configuration to name the argument because of which
// files are encrypted for the project's recipients; "" is none. A project without
// recipients cannot have it.
type Encrypting interface {
	Encrypts() (argument string)
}

// Taker is the ability of a source's configuration to take away what it read.
type Taker interface {
	// Takes says whether it does.
	Takes() bool
	// Meets says whether another source, which has its configuration and task keys,
	// is seen to read files that this one reads by another path. What cannot be told
	// without looking is false.
	Meets(keys map[string]string, other any, otherKeys map[string]string) bool
}

// Placed is the ability of a load's configuration to say where it publishes. Two
// loads with one id would undo each other's releases, and are refused; shown is
// the place for people, without credentials.
type Placed interface {
	Place() (id, shown string)
}

// Binder is the ability of a sink to refuse, touching no data, a schema that it
// cannot hold exactly.
type Binder interface {
	Bind(schema *arrow.Schema) error
}

// Starter is the ability of a sink to note what is current before the source is
// read, so that rows read before another run published never replace what that
// run read later. An error says that the place could not be asked, which is no
// failure yet; what Start gives then goes for every place of the same connection.
// Where the source was read before the sink was built, Resume is called instead,
// with what Start of another sink of the same load gave.
type Starter interface {
	Start(ctx context.Context) (Started, error)
	Resume(Started)
}

// Started is what was current, for a Starter of the same kind.
type Started any

// Publisher is the ability of a sink to tell what it has current: the zero
// Standing is nothing.
type Publisher interface {
	Published(ctx context.Context) (Standing, error)
}

// Foreseen is the ability of a seal to tell which release it would be.
type Foreseen interface {
	Release(m Manifest) string
}

// GroupSink is the ability of a sink to take row groups that workers encoded.
type GroupSink interface {
	Sink
	Begin(ctx context.Context, schema *arrow.Schema) (Sealing, error)
}

// Sealing is a seal in the making. Encode may be called by several goroutines;
// Append by one, in the order of the rows. Either Finish or Discard ends it;
// Discard is legal after Finish failed, and more than once.
type Sealing interface {
	// Encode turns the batches, which are one row group, into bytes. It only
	// borrows them.
	Encode(ctx context.Context, group []Batch) (Encoded, error)
	Append(ctx context.Context, e Encoded) error
	Finish(ctx context.Context) (Sealed, error)
	Discard() error
}

// Encoded is a row group as one Sealing's Encode left it for its Append.
type Encoded any

// Sealed is a set of files that are complete and that nobody sees yet.
type Sealed interface {
	// Files are the files in the order of their blocks.
	Files() []SealedFile
	// Publish makes the files current as one release described by m, and heals
	// what an earlier publication left unfinished. The same files and m twice
	// give the same receipt; the second time nothing is written.
	Publish(ctx context.Context, m Manifest) (Receipt, error)
	// Discard removes the local files. Legal at any time and more than once.
	Discard() error
}

// SealedFile is one file of a seal, able to be judged from its bytes.
type SealedFile interface {
	Info() FileInfo
	// Open reads the file back. The caller closes the stream.
	Open(ctx context.Context) (Stream, error)
	// Audit checks, from the bytes alone, everything the format says about
	// itself besides the rows: statistics, indexes, checksums, unreferenced bytes.
	// Where the sink knows a hash of what it wrote, it checks that too.
	Audit(ctx context.Context) error
}

// Repeated is the ability of a SealedFile that a Gate gets to say that its rows, in their
// order, are proved to be those of a file that this gate has taken before: what the gate
// looked for in every row it need not look for again.
type Repeated interface {
	Repeated() bool
}

// Audited is the ability of a SealedFile to be read back and audited in one pass,
// in chunks that workers take apart. Decoding a chunk judges its bytes, as far
// as Audit does; OpenAudited and Next judge what lies between the chunks. When
// all were decoded without an error, the file passes Audit. The rows are those
// of Open.
type Audited interface {
	OpenAudited(ctx context.Context) (Chunks, error)
}

// RowGroup is the number of rows of a row group, and of every batch that goes
// to a sink but the last. It is part of the format version: bytes depend on it.
const RowGroup = 1 << 16

// RowGroupBytes is how many bytes of values a row group has at most, unless one
// row alone has more: rows are wide or many without a task needing more memory.
// It is part of the format version too; see GroupRoom.
const RowGroupBytes = 12 << 20
