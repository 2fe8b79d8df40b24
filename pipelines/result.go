package pipelines

import (
	"time"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Outcome is how a task ended.
type Outcome string

const (
	Published   Outcome = "published"   // a new release is current
	Unchanged   Outcome = "unchanged"   // the current release already holds these bytes
	Held        Outcome = "held"        // no authorization, or the privacy gate waits: nothing left
	Unpublished Outcome = "unpublished" // everything done but publishing, as was asked
	Incomplete  Outcome = "incomplete"  // published, and something is missing
	Refused     Outcome = "refused"     // a contract, a check or the privacy gate said no
	FailedTask  Outcome = "failed"
	Interrupted Outcome = "interrupted"
)

// TaskResult is what is known of a task after it ran. It holds no value of a row.
type TaskResult struct {
	Task        TaskID
	Variant     string
	Outcome     Outcome
	Rows        Rows
	Rejects     []Reject         // the first ones, without what the rows held
	RejectRules map[string]int64 // all of them, by message code
	Loads       []LoadResult
	Redacted    []Passages        // not public
	Notes       []*messages.Error // warnings
	Err         error             // nil when nothing went wrong
	Fingerprint string            // keyed, of the rows the source gave
	Started     time.Time
	Took        time.Duration
	Stages      []StageTime // those that ended, in their order

	config, stamp string // see history
	made, version string // see flowRun.made
	proof         *PrivacyProof
	waiting       *waiting
}

// Stage is a part of a task's work that comes after the one before.
type Stage string

const (
	Seal    Stage = "seal"    // read, transform, decide and encode, all at once
	Verify  Stage = "verify"  // judge the sealed files from their bytes
	Publish Stage = "publish" // upload and make current
)

// StageTime is how long a stage of a task took.
type StageTime struct {
	Stage Stage
	Took  time.Duration
}

// Rows counts rows along the way. None of these counts is public.
type Rows struct {
	Read     int64 // what the source gave, rejected ones included
	Rejected int64
	Sealed   int64 // of each file
}

// LoadResult is what became of one load.
type LoadResult struct {
	Name     string
	Files    []FileInfo
	Release  string   // which it is or, where that can be foreseen, would be
	Compared int      // releases that are still public, beside which it tells nothing new
	Receipt  *Receipt // nil when it was not published
}

// lost says whether the task left rows out.
func (t TaskResult) lost() bool { return t.Rows.Rejected > 0 }
