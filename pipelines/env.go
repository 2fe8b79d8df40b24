package pipelines

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/hashicorp/go-hclog"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Env is all a component may know of the world besides its configuration. A
// component reads no clock, no random source and no environment variable of
// its own, so that a run can be repeated to the byte.
type Env struct {
	Allocator memory.Allocator
	Log       hclog.Logger
	Now       func() time.Time
	Rand      io.Reader
	Secrets   Secrets
	Spool     Spool
	// Root is the project's folder: see Path.
	Root string
	// Dir is a folder for temporary files, private to the task, gone after it.
	Dir string
	// Memory is how many bytes a barrier (a sort, a join's build side) may hold: its
	// share where a task has several.
	Memory int64
	// Workers is how many goroutines a component may have work ahead (NewAhead); 0 is
	// one. The rows that it gives do not depend on it.
	Workers int
	// Task is what the component works for, and Keys its keys by the names that a
	// path may capture: the partition's own name, and "tenant".
	Task TaskID
	Keys map[string]string
	// Hide turns the name of an input file into the short keyed hash that may be shown.
	Hide func(name string) string

	// Took, when not nil, is told of every file that a source reads: see Taken.
	Took func(Taken)

	// tookBy is Took while it is not decided yet which of its candidates a task is.
	tookBy func(Task, Taken)

	// Note, when not nil, is told of what the report of the task should warn of.
	Note func(*messages.Error)

	// NoRelease says that what is made is looked at and thrown away, as in a preview:
	// nothing that is drawn may be what a release has.
	NoRelease bool

	// accepting, when not nil, is what approvers accepted of the task: see Accepted.
	accepting *accepting

	// opened, when not nil, keeps the connections that were opened, so that many
	// sinks which are used one after the other share them.
	opened map[string]any
}

// Path is a path as a pipeline file gives it: what is relative is relative to
// the project's folder, wherever the command was started.
func (e Env) Path(path string) string {
	if path == "" || e.Root == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(e.Root, path)
}

// ProjectFile is the path of a file that belongs to the project's text, as a table
// that a step goes by: see Env.Path. What the file holds counts as configuration.
type ProjectFile string

// PrivateFile is a ProjectFile that may name persons, as words to be taken out of texts or
// those of whom the rows are some. No hash that is public is made of what it holds: who
// guessed it would see that they are right.
type PrivateFile string

// PersonsFile is a PrivateFile that is a list of persons, who come and go: of those who
// objected, or a population. What it holds makes what comes out another, and leaves the
// policy what it is, and with it what was accepted.
type PersonsFile string

// Secrets fetches the value of a secret when it is used, not before.
type Secrets interface {
	Reveal(ctx context.Context, ref string) (string, error)
}

// Secret is a reference to a secret. However it is printed, logged or encoded,
// only the reference shows.
type Secret struct{ Ref string }

// IsSet says whether the pipeline file gave a secret.
func (s Secret) IsSet() bool { return s.Ref != "" }

// Reveal fetches the value.
func (s Secret) Reveal(ctx context.Context, env Env) (string, error) {
	return env.Secrets.Reveal(ctx, s.Ref)
}

func (s Secret) String() string               { return "(" + s.Ref + ")" }
func (s Secret) GoString() string             { return s.String() }
func (s Secret) Format(f fmt.State, _ rune)   { _, _ = io.WriteString(f, s.String()) }
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Spool keeps batches on disk, encrypted with a key that lives in this process
// only. Everything written counts against the task's bound on disk.
type Spool interface {
	Create(schema *arrow.Schema) (SpoolFile, error)
}

// SpoolFile is written once, then read any number of times. Places and rejects
// are not kept. Close removes the file; open streams must be closed before.
type SpoolFile interface {
	// Write borrows the record.
	Write(arrow.Record) error
	Open() (Stream, error)
	Rows() int64
	Bytes() int64
	Close() error
}

// ByteSpool is the ability of a Spool to keep bytes that are read anywhere, under
// the same bound and as encrypted.
type ByteSpool interface {
	CreateBytes() (SpoolBytes, error)
}

// SpoolBytes is written once, then read anywhere, by any goroutine. Close removes it.
type SpoolBytes interface {
	io.Writer
	io.ReaderAt
	Size() int64
	Close() error
}
