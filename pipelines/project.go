package pipelines

import (
	"context"
	"time"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/hashicorp/hcl/v2"
)

// TaskID names a task: the unit of extraction, privacy, commit and retry.
type TaskID struct {
	Pipeline  string `json:"pipeline"`
	Tenant    string `json:"tenant,omitempty"`
	Partition string `json:"partition,omitempty"`
}

// String is pipeline/tenant/partition without the parts that are empty.
func (t TaskID) String() string {
	s := t.Pipeline
	for _, p := range []string{t.Tenant, t.Partition} {
		if p != "" {
			s += "/" + p
		}
	}
	return s
}

// Project is what a folder of pipeline files comes to, whoever read it.
type Project struct {
	Root     string // folder that relative paths start from
	Bounds   Bounds
	Evidence Connection // where private evidence goes; not set: next to the state
	State    string     // folder for local state: history, spool, quarantine
	// FingerprintKey keys the fingerprints of inputs and the hashes of their names.
	FingerprintKey Secret
	Recipients     []string // age recipients of the quarantine
	Approvers      Approvers
	Acceptances    []SignedAcceptance // that are an approver's, the expired ones too
	Retention      time.Duration
	Grace          time.Duration // what is younger is never collected
	Secrets        Secrets
	// Formerly gives the names a task had before pipelines were renamed and
	// tenants merged; nil: none had another.
	Formerly func(TaskID) []TaskID
	// Tasks gives the selected tasks in the order of the files, then tenants,
	// then partitions, one by one, until yield returns false. Diagnostics are
	// all the mistakes found on the way.
	Tasks func(sel Selection, yield func(Task) bool) hcl.Diagnostics
}

// Bounds are the limits a run keeps to.
type Bounds struct {
	Memory  Size // of the whole program; 0: no bound
	Disk    Size // of a task: spools, and files before they are published
	Workers int
	Tasks   int // at once; both at most, and fewer where Memory is short
}

// Selection picks tasks by globs (*, ?, [a-z]); an empty one picks all.
type Selection struct {
	Pipeline, Tenant, Partition string
}

// Task is one task, evaluated but with nothing built or contacted.
type Task struct {
	ID      TaskID
	Variant string
	Keys    map[string]string // see Env.Keys
	// Candidates, when there are any, are what the task may be, each with another
	// variant: which of them, what it reads decides (see Choose). Of the task itself
	// only what they have in common is set, which the source and the steps are not.
	Candidates    []Task
	Authorization *Authorization // nil: none is written, so no load
	Chain         Chain
	// Connections it uses, once each, for the caps of the pool.
	Connections []Connection
	Limits      map[string]int // of the groups the connections share
	// Config is the canonical text of everything that decides the output, Policy
	// the part of it that is the privacy policy, without what a PersonsFile holds, and
	// Public that without what any PrivateFile holds.
	Config, Policy, Public []byte

	among []Task // the candidates it was chosen from; empty: it was not chosen
}

// held says whether nobody allowed the task: it reads nothing.
func (t Task) held() bool { return t.Authorization == nil || !t.Authorization.Allowed }

// Authorization says whether the tenant lets the dataset out, and by which act.
type Authorization struct {
	Allowed   bool
	Reference string
}

// Chain is the way of a task's data.
type Chain struct {
	Source Built
	// SourceText is the canonical text of the source block: tasks of which it is
	// the same read alike. nil: nobody told, and each reads for itself.
	SourceText []byte
	Transforms []Built
	Privacy    Built // KindPrivacy
	Loads      []Built
	OnReject   RejectPolicy
	AllowEmpty bool
	// Contract, when not nil, is what the source must give.
	Contract *Contract
}

// RejectPolicy says what becomes of rows that could not be read exactly.
type RejectPolicy struct {
	Action  string  // "fail" (default), "quarantine", "drop"
	MaxRows int64   // more rejects than this fail the task, whatever Action; 0: no limit
	MaxPart float64 // of all rows; 0: no limit
}

// Contract is the declared schema of a source and what to do when it differs.
type Contract struct {
	Columns   []ColumnDecl
	OnAdded   string // "report" (default), "fail"
	OnRemoved string // "fail"
	OnRetyped string // "fail"
}

// Privacy is the stage between the transforms and the loads. What it does not
// let out does not leave.
type Privacy interface {
	TwoPass
	Gate
	// Roles gives the columns that leave, and those of them whose mark the
	// policy clears, given the columns and which of them are marked. It refuses
	// with a message what cannot be let out.
	Roles(in []MarkedColumn) (out []MarkedColumn, err error)
	// Paragraph describes to the public what is done, one sentence each. d is what
	// was decided, nil when nothing is yet or nothing had to be.
	Paragraph(d Decision) []string
}

// Checked is the ability of a privacy stage to name what the Gate found to hold of
// every file, for the manifest: "k-anonymity: k = 5". What it says is public.
type Checked interface {
	Checks(d Decision) []string
}

// Identifying is the ability of a privacy stage to say which columns name persons: what
// derives from a source's column of that name is personal as well.
type Identifying interface {
	Identifying() []string
}

// Drawer is the ability of a privacy stage to draw what must differ from release to
// release, as keys of pseudonyms, from the keyed fingerprint of the rows that were
// read and of the configuration: the same rows under the same one draw the same.
type Drawer interface {
	// Draws says what the fingerprint has to tell apart.
	Draws() Drawn
	// Draw is called once all rows were observed, and gives the decision to go on with.
	// fingerprint is empty where none is kept or asked for.
	Draw(ctx context.Context, d Decision, fingerprint []byte) (Decision, error)
}

// Emitter is the ability of a privacy stage that decided to let rows out batch by
// batch, each on any worker: what it makes of a batch is what Emit would make, but for
// what an Arranger has still to do.
type Emitter interface {
	EmitKernel(d Decision, in *arrow.Schema) (Kernel, error)
}

// Arranger is the ability of an Emitter to put the rows that leave into an order that
// tells nothing of the one they came in: where rows look alike, that of a list of names
// would tell which is whose. emitted, which it owns also when it fails, is what the
// kernels of d made of rows of schema in, in any form that suits the stage; what Arrange
// gives is what Emit gives.
type Arranger interface {
	Arrange(d Decision, in *arrow.Schema, emitted Stream) (Stream, error)
}

// SinglePass is the ability of a privacy stage to work batch by batch. A nil
// kernel says that this policy needs both passes. A single pass hands a nil
// Decision to the Gate.
type SinglePass interface {
	Kernel(in *arrow.Schema) (Kernel, error)
}

// MarkedColumn is a column and whether it is personal.
type MarkedColumn struct {
	Name     string
	Personal bool
	Because  string // why it is marked: "declared personal in source.file.x", "named like a person (nom)"
	Ruled    bool   `json:"-"` // marked for its values alone, since the policy calls it an identifier: what it chooses is not
	Names    bool   `json:"-"` // values of it, or parts of them, are what persons are called or found by
}

// Gate judges the bytes to be published: no release without one.
// It reads f as its stream; the verdict is nil or a message of class Refused.
type Gate interface {
	Judge(ctx context.Context, d Decision, f SealedFile) error
}

// EvidenceStore is the ability of a connection to keep what the public must not
// see. Names have slashes between folders; nothing is there before it is whole.
type EvidenceStore interface {
	// WriteEvidence keeps data under a name.
	WriteEvidence(ctx context.Context, name string, data []byte) error
	// AddEvidence keeps data under a name that nothing has: of several at once one
	// succeeds, the others get messages.ConditionFailed. So may who succeeded, when
	// the answer was lost.
	AddEvidence(ctx context.Context, name string, data []byte) error
	// ReadEvidence gives what a name has; messages.NotFound says that it has nothing.
	ReadEvidence(ctx context.Context, name string) ([]byte, error)
	// ListEvidence gives the names right in a folder, without it, in byte order.
	ListEvidence(ctx context.Context, folder string) ([]string, error)
}

// Doctor is the ability of a connection to check itself, contacting what it reaches.
type Doctor interface {
	Examine(ctx context.Context) []Finding
}

// Finding is one thing a Doctor looked at.
type Finding struct {
	Check string // reach, rights, TLS, conditional writes, clock …
	OK    bool
	Err   error // what is wrong, with the remedy; nil when OK
	Note  string
}
