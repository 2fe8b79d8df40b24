package pipelines

import (
	"errors"
	"sort"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// maxListed is how many rejects a report lists; all are counted.
const maxListed = 100

// rejectLog applies a task's policy to the rows that were left out.
type rejectLog struct {
	policy     RejectPolicy
	quarantine *quarantine // nil unless the policy is quarantine
	count      int64
	listed     []Reject
	byRule     map[string]int64
}

// take notes the rejects of a batch, in the order of the rows.
func (l *rejectLog) take(b Batch) error {
	if len(b.Rejects) == 0 {
		return nil
	}
	rs := b.Rejects
	sort.SliceStable(rs, func(i, j int) bool { return rs[i].Line < rs[j].Line })
	if l.byRule == nil {
		l.byRule = map[string]int64{}
	}
	for _, r := range rs {
		l.count++
		l.byRule[r.Why.Code]++
		if l.quarantine != nil {
			if err := l.quarantine.add(r); err != nil {
				return err
			}
		}
		if len(l.listed) < maxListed {
			r.Raw = nil // only the quarantine may hold it
			l.listed = append(l.listed, r)
		}
	}
	return nil
}

// verdict says whether the task may go on, once all rows were read. A policy of
// fail waits until then too, so that one run lists every bad row.
func (l *rejectLog) verdict(rows int64) error {
	if l.count == 0 {
		return nil
	}
	over := l.policy.MaxRows > 0 && l.count > l.policy.MaxRows
	over = over || l.policy.MaxPart > 0 && float64(l.count) > l.policy.MaxPart*float64(rows)
	if (l.policy.Action == "quarantine" || l.policy.Action == "drop") && !over {
		return nil
	}
	first := l.listed[0]
	column := first.Column
	if column == "" {
		column = "the whole row"
	}
	return messages.TooManyRejects.With("count", l.count, "rows", rows, "line", first.Line, "column", column, "why", first.Why, "do", messages.Do{Error: first.Why})
}

// missed is err, unless the privacy stage refused what was left of rows of which so many
// were rejected that the task fails: that the others are too few follows from that.
func (r *flowRun) missed(err error, rd *reading) error {
	var at *StepError
	if m := messages.Find(err); m == nil || m.Class != messages.Refused || !errors.As(err, &at) || at.Step != "privacy" {
		return err
	}
	if v := r.log.verdict(max(rd.rows, r.log.count)); v != nil {
		return r.at(r.log.listed[0].Step, v)
	}
	return err
}
