package pipelines

import (
	"context"
	"errors"
	"path"
	"strconv"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Verifier is the ability of a sink to check what it has published, from the
// bytes a reader gets.
type Verifier interface {
	Verify(ctx context.Context) []Finding
}

// VerifyTasks looks at what the selected tasks have published, from the bytes a reader
// gets, and at their journals. An error of found ends it.
func VerifyTasks(ctx context.Context, p *Project, sel Selection, opt RunOptions, found func(t TaskID, where string, x Finding) error) error {
	r, err := newRun(ctx, p, opt, 1)
	if err != nil {
		return err
	}
	defer r.close()
	var failed error
	diags := p.Tasks(sel, func(t Task) bool {
		failed = r.verify(ctx, t, func(where string, x Finding) error { return found(t.ID, where, x) })
		return failed == nil && ctx.Err() == nil
	})
	if diags.HasErrors() {
		return diags
	}
	return errors.Join(failed, ctx.Err())
}

func (r *run) verify(ctx context.Context, t Task, found func(where string, x Finding) error) error {
	env := r.env(t, r.dir)
	f := &Flow{Task: t.ID}
	for _, b := range t.Chain.Loads {
		s, err := As[Sink](b, env)
		if err != nil {
			return &StepError{t.ID, stepName(b), err}
		}
		f.Loads = append(f.Loads, Load{stepName(b), s})
	}
	for _, l := range f.Loads {
		v, ok := l.Sink.(Verifier)
		if !ok {
			continue
		}
		for _, x := range v.Verify(ctx) {
			if err := found(l.Name, x); err != nil {
				return err
			}
		}
	}
	k, err := r.keeper(t, env)
	if err != nil {
		return &StepError{t.ID, "evidence", err}
	}
	k.flow = f
	if x, there := k.verify(ctx); there {
		return found(EvidenceFolder, x)
	}
	return nil
}

// verify judges the journal: no entry is missing or altered, nor the evidence
// that one has the hash of while it is kept, and it knows what is current. there
// is false when there is neither a journal nor anything that should be in one.
func (k *keeper) verify(ctx context.Context) (x Finding, there bool) {
	entries, sum, foreign, err := k.journal.whole(ctx)
	if err == nil {
		if stand, e := k.flow.published(ctx); e == nil { // else the load's own findings say it
			err = k.behind(entries, stand)
		}
	}
	x = Finding{Check: JournalFolder, OK: err == nil, Err: err}
	if n := len(entries); n > 0 && err == nil {
		x.Note = "entries: " + strconv.Itoa(n) + ", hash of the last: " + sum
	}
	if foreign > 0 && err == nil {
		x.Note += ", sealed with another key: " + strconv.Itoa(foreign)
	}
	return x, len(entries) > 0 || err != nil
}

// behind says what is current that the journal does not know.
func (k *keeper) behind(entries []*entry, stand []Standing) error {
	j := &journal{}
	if len(entries) > 0 {
		j.last = entries[len(entries)-1]
	}
	unknown := j.unknown(stand)
	if len(unknown) == 0 {
		return nil
	}
	m := messages.JournalElsewhere
	if k.Evidence.IsSet() {
		m = messages.JournalBehind
	}
	return m.With("task", k.task.ID, "load", unknown[0].Load, "generation", unknown[0].Generation)
}

// whole reads the entries from the first to the last, the hash of the last, and
// how many another key sealed.
func (j *journal) whole(ctx context.Context) (entries []*entry, sum string, foreign int, err error) {
	ns, err := j.numbers(ctx)
	for i, n := range ns {
		if n != i+1 {
			return entries, "", 0, j.broken(i+1, "is missing")
		}
		e, data, err := j.read(ctx, n)
		if err == nil {
			err = j.judge(ctx, e, sum)
		}
		if err != nil {
			return entries, "", 0, err
		}
		switch genuine, known := j.genuine(e, data); {
		case !known:
			foreign++
		case !genuine:
			return entries, "", 0, j.broken(n, "was altered")
		}
		entries, sum = append(entries, e), fullSum(data)
	}
	return entries, sum, foreign, err
}

func (j *journal) broken(number int, why string) error {
	return messages.JournalBroken.With("task", j.task, "number", number, "why", why)
}

// judge says whether e is the entry that comes after one whose hash is sum.
func (j *journal) judge(ctx context.Context, e *entry, sum string) error {
	switch {
	case e.Format == 0:
		return j.broken(e.Number, "cannot be understood")
	case e.Task != j.task:
		return j.broken(e.Number, "is of another task")
	case e.Before != sum && sum == "":
		return j.broken(e.Number, "was not the first")
	case e.Before != sum:
		return j.broken(e.Number-1, "was altered, or the one after it")
	}
	if err := j.linked(ctx, e); err != nil {
		return err
	}
	return j.evident(ctx, e)
}

// linked says whether what e continues is there.
func (j *journal) linked(ctx context.Context, e *entry) error {
	if e.Continues == nil {
		return nil
	}
	former := &journal{store: j.store, task: e.Continues.Task}
	_, data, err := former.read(ctx, e.Continues.Number)
	if messages.Has(err, messages.NotFound) || err == nil && fullSum(data) != e.Continues.Sum {
		return j.broken(e.Number, "continues a journal that is not there as it was")
	}
	return err
}

// evident says whether the evidence of e is what it was; past its retention it is
// not there any more.
func (j *journal) evident(ctx context.Context, e *entry) error {
	if e.Evidence == "" {
		return nil
	}
	data, err := j.store.ReadEvidence(ctx, path.Join(folderOf(j.task), path.Base(e.Evidence)))
	if messages.Has(err, messages.NotFound) {
		return nil
	}
	if err == nil && fullSum(data) != e.EvidenceSum {
		err = j.broken(e.Number, "has evidence that was altered")
	}
	return err
}
