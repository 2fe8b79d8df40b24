package pipelines

import (
	"context"
	"errors"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Exit codes of the command, and what each says.
const (
	ExitDone        = 0   // done, unchanged, held
	ExitFailed      = 1   // failed
	ExitLanguage    = 2   // the pipeline file is wrong
	ExitEnvironment = 3   // a store, database, disk, clock or credential
	ExitRefused     = 4   // a check or the privacy gate refused
	ExitIncomplete  = 5   // published, or ready to be, and something is missing
	ExitInterrupted = 130 // stopped by the user
)

// ExitCode is the exit code an error stands for by itself.
func ExitCode(err error) int {
	if err == nil {
		return ExitDone
	}
	if errors.Is(err, context.Canceled) {
		return ExitInterrupted
	}
	code := -1
	for _, m := range messagesOf(err) {
		c := ExitFailed
		switch m.Class {
		case messages.Language:
			c = ExitLanguage
		case messages.Environment:
			c = ExitEnvironment
		case messages.Refused:
			c = ExitRefused
		case messages.Incomplete:
			c = ExitIncomplete
		case messages.Warning:
			c = ExitDone
		}
		if code == -1 || code == c {
			code = c
		} else {
			code = ExitFailed
		}
	}
	if code == -1 {
		return ExitFailed
	}
	return code
}

// ExitCode is the exit code of a run: interrupted before wrong files before
// incomplete (if anything was published) before the failures' common code before
// incomplete (rows lost by a run that was asked not to publish: nothing is, and
// the code says that something would be missing). With onlyNew, failures known from the run before do not count.
func (r *Report) ExitCode(onlyNew bool) int {
	published, failed, lost, wouldLose, untold := false, false, false, false, false
	common := -1
	left := false // out of every task
	for _, n := range r.Notes {
		left = left || n.Class == messages.Incomplete
	}
	for _, t := range r.Tasks {
		for _, l := range t.Loads {
			published = published || l.Receipt != nil
		}
		switch t.Outcome {
		case Interrupted:
			return ExitInterrupted
		case Incomplete:
			lost = true
		case Unpublished:
			wouldLose = wouldLose || t.lost() || left
		case Held:
			for _, n := range t.Notes { // the journal does not say that it is
				untold = untold || n.Class == messages.Incomplete
			}
		case Refused, FailedTask:
			if onlyNew && r.known[t.Task.String()] {
				continue
			}
			failed = true
			c := ExitCode(t.Err)
			if c == ExitLanguage {
				common = c
				continue
			}
			if common == -1 || common == c {
				common = c
			} else if common != ExitLanguage {
				common = ExitFailed
			}
		}
	}
	switch {
	case r.Interrupted:
		return ExitInterrupted
	case common == ExitLanguage:
		return ExitLanguage
	case lost, (failed || left) && published:
		return ExitIncomplete
	case failed:
		return common
	case wouldLose, untold:
		return ExitIncomplete
	}
	return ExitDone
}
