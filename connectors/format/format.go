// Package format holds the codecs: how rows become the bytes of a file and
// back. A codec knows nothing of where bytes are kept (store) nor of how many
// files there are (file). One codec is one file and one example.
package format

import (
	"context"
	"io"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/pipelines"
)

// Input is one file to read.
type Input struct {
	Name string // the keyed hash of its name, for places and messages
	Size int64
	// Open reads from the start; it may be called again, also while an earlier
	// reader is open. The caller closes the reader.
	// What it gives may be a RandomAccess too.
	Open func(ctx context.Context) (io.ReadCloser, error)
	// Beside finds the file of the same name with another extension, in upper or
	// lower case, of those that the codec names as Neighbours. nil: there are none.
	Beside func(ctx context.Context, extension string) (in Input, found bool, err error)

	rows    int64 // of a guess: see pipelines.GuessFile, of this too:
	refused func(text []byte) (kind string)
}

// Reader is a codec that reads. The schema of what it gives is the file's
// columns in the file's order: those that `columns` declares with their type,
// all others as text, or as the file says; see SelfTyped. A declared column that
// the file does not have is refused with a message that names it.
type Reader interface {
	// Chunks cuts the file into pieces that any worker can decode; see
	// pipelines.Chunks. Where a format cannot be cut, there is one chunk a batch.
	Chunks(ctx context.Context, in Input) (pipelines.Chunks, error)
	// Declared is the schema that the configuration alone tells, and whether
	// the file must have exactly these columns.
	Declared() (schema *arrow.Schema, complete bool)
}

// SelfTyped is the ability of a Reader whose files say of what type their columns
// are: those that are not declared have that type, and not text.
type SelfTyped interface{ SelfTyped() bool }

// Writer is a codec that writes, reads back what it wrote, and judges bytes.
type Writer interface {
	// Name and Extension are "parquet" and ".parquet".
	Name() string
	Extension() string
	// Bind refuses, with a message, a schema the format cannot hold exactly.
	Bind(schema *arrow.Schema) error
	// Begin starts a file of that schema on out.
	Begin(out io.Writer, schema *arrow.Schema, about About) (FileWriter, error)
	// Open reads a file this codec wrote, as rows of the schema it was given.
	Open(ctx context.Context, in io.ReaderAt, size int64, schema *arrow.Schema) (pipelines.Stream, error)
	// Audit checks from the bytes alone what the format says about itself: every
	// dictionary entry is used, statistics, index bounds and filters equal those
	// recomputed from the rows, checksums hold, no byte lies outside the ranges
	// the file names.
	Audit(ctx context.Context, in io.ReaderAt, size int64) error
}

// About is what a file may say about itself besides its rows.
type About struct {
	Software string            // "lavoir 1.2.0"
	Metadata map[string]string // key-value metadata, written in the order of the keys
}

// FileWriter writes one file. The bytes depend on schema, About and the rows
// of each group alone.
type FileWriter interface {
	// Encode turns one row group into bytes. Any number of goroutines may call
	// it at once. It only borrows the batches.
	Encode(ctx context.Context, group []pipelines.Batch) (pipelines.Encoded, error)
	// Append writes what Encode returned. One goroutine, in the order of the rows.
	Append(e pipelines.Encoded) error
	// Close writes what ends the file. It does not close the underlying writer.
	Close() error
}

// Audited is the ability of a Writer to read back and judge what it wrote in one
// pass: Open and Audit at once, in chunks that workers take apart. Decoding a
// chunk judges its bytes; OpenAudited and Next judge what lies between them. All
// chunks decoded without an error, the file passes Audit.
type Audited interface {
	OpenAudited(ctx context.Context, in io.ReaderAt, size int64, schema *arrow.Schema) (pipelines.Chunks, error)
}

// Coded is the ability of an Audited Writer to leave the texts of some columns as files
// keep them, numbered: batch by batch such a column is of texts, or an Arrow dictionary
// of texts with 32-bit numbers. All else is as of OpenAudited.
type Coded interface {
	OpenCoded(ctx context.Context, in io.ReaderAt, size int64, schema *arrow.Schema, columns []string) (pipelines.Chunks, error)
}

// decodedInTurn is a stream of the chunks.
func decodedInTurn(c pipelines.Chunks) pipelines.Stream {
	return pipelines.NewStream(c.Schema(), func(ctx context.Context) (pipelines.Batch, error) {
		chunk, err := c.Next(ctx)
		if err != nil {
			return pipelines.Batch{}, err
		}
		return chunk.Decode(ctx)
	}, c.Close)
}

// drained decodes all chunks for what is wrong with them.
func drained(ctx context.Context, c pipelines.Chunks) error {
	s := decodedInTurn(c)
	err := pipelines.Each(ctx, s, func(b pipelines.Batch) error {
		b.Release()
		return nil
	})
	if e := s.Close(); err == nil {
		err = e
	}
	return err
}
