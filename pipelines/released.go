package pipelines

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Archive is the ability of a sink to give what can still be read where it publishes:
// every release that is whole there, the current one included, in the order of their
// names. What was taken away while it looked is not among them.
type Archive interface {
	Releases(ctx context.Context) ([]PublicRelease, error)
}

// PublicRelease is a release as a reader finds it.
type PublicRelease interface {
	// Manifest is what the release says of itself. Of one whose manifest cannot be
	// understood only the id is known, and Open says why.
	Manifest() Manifest
	// Open gives its rows, from a file whose bytes are those that the manifest names.
	// It may be called again. The caller closes the stream.
	Open(ctx context.Context) (Stream, error)
	// Close removes what Open fetched.
	Close() error
}

// Comparer is the ability of a privacy stage to judge what a file tells beside what
// is public already.
type Comparer interface {
	Comparison() Beside
	// Compare gives a *SmallDifference for a file that, together with a release that is
	// public, tells more than the policy lets out. same says that the release was made
	// under this very policy.
	Compare(ctx context.Context, d Decision, f SealedFile, public PublicRelease, same bool) error
}

// Beside is what a privacy stage wants to be compared with.
type Beside struct {
	// Public asks for every release that is still public.
	Public bool
	// Erase says that older releases are removed once the new one is current: see
	// Manifest.Supersedes. What is going to be removed is not compared with.
	Erase bool
}

// SmallDifference is the error of a Comparer.
type SmallDifference struct {
	Why  *messages.Error
	Hold bool          // what is public stays, and the next run tries again
	Most time.Duration // how long that may go on, from when the task first was held
}

func (d *SmallDifference) Error() string { return d.Why.Error() }

// Unwrap gives the message.
func (d *SmallDifference) Unwrap() error { return d.Why }

// waiting is why a task is held.
type waiting struct {
	*SmallDifference
	said *messages.Error
}

// compare has the privacy stage judge each sealed release beside those that can still
// be read where it is going to be. All files of a seal hold the same rows, so that one
// of them is enough. What is public already, to the byte or but for keys that are gone,
// tells nothing new.
func (r *flowRun) compare(ctx context.Context) error {
	c, ok := r.Privacy.(Comparer)
	if !ok || r.stays != nil {
		return nil
	}
	if want := c.Comparison(); !want.Public || want.Erase {
		return nil
	}
	for i, sealed := range r.sealed {
		if err := r.compareLoad(ctx, c, i, sealed); err != nil {
			return r.at(r.Loads[i].Name, err)
		}
	}
	return nil
}

func (r *flowRun) compareLoad(ctx context.Context, c Comparer, i int, sealed Sealed) error {
	a, ok := r.Loads[i].Sink.(Archive)
	if !ok {
		return messages.NoReleases.With("load", r.Loads[i].Name)
	}
	public, err := a.Releases(ctx)
	if err != nil {
		return err
	}
	if f, ok := sealed.(Foreseen); ok {
		id := f.Release(r.manifest())
		if slices.ContainsFunc(public, func(p PublicRelease) bool { return p.Manifest().Release == id }) {
			return nil
		}
	}
	for _, p := range public {
		err := c.Compare(ctx, r.decided, sealed.Files()[0], p, p.Manifest().Policy == r.opt.Manifest.Policy)
		if e := p.Close(); err == nil && e != nil {
			err = e
		}
		var d *SmallDifference
		switch release := p.Manifest().Release; {
		case errors.As(err, &d) && d.Hold:
			return &waiting{d, messages.SmallDifferenceHeld.With("load", r.Loads[i].Name, "release", release, "why", d.Why)}
		case d != nil:
			return messages.SmallDifference.With("release", release, "why", d.Why)
		case err != nil:
			return err
		}
		r.res.Loads[i].Compared++
	}
	return nil
}

// held makes of a result that of a task which is held by its privacy stage.
func (t *TaskResult) held() {
	if errors.As(t.Err, &t.waiting) {
		t.Outcome, t.Err = Held, nil
		t.Notes = append(t.Notes, t.waiting.said)
	}
}

// noteWait adds to the journal that a task is held, and fails the task when it has
// been for longer than it may.
func (k *keeper) noteWait(ctx context.Context, res *TaskResult) {
	w := res.waiting
	if w == nil {
		return
	}
	since, err := k.journal.heldSince(ctx, w.said.Code)
	if err == nil && !k.opt.Unpublished {
		err = k.waits(ctx, w)
	}
	if err != nil {
		res.Notes = append(res.Notes, journalLate(k.task.ID, err))
	}
	if held := k.opt.Now().Sub(since); !since.IsZero() && held > w.Most {
		late := messages.HeldTooLong.With("task", k.task.ID, "days", int(held/(24*time.Hour)), "why", w.Why)
		res.Outcome, res.Err = Refused, &StepError{k.task.ID, "privacy", late}
	}
}

// waits adds to the journal that nothing was published, and why.
func (k *keeper) waits(ctx context.Context, w *waiting) error {
	e := k.entry(eventHeld)
	e.Code = w.said.Code
	return k.journal.add(ctx, func() (*entry, error) {
		if e.Stands = k.journal.stands(); k.journal.says(&e, eventHeld) {
			return nil, nil
		}
		return &e, nil
	})
}

// heldSince is when the task was first held for a reason since it last published, or
// found that what it would publish is current; zero when it was not. An entry that
// cannot be understood ends nothing: nobody gains time by making one.
func (j *journal) heldSince(ctx context.Context, code string) (since time.Time, err error) {
	if err := j.open(ctx); err != nil || j.last == nil {
		return since, err
	}
	for n := j.last.Number; n > 0; n-- {
		e, _, err := j.read(ctx, n)
		if messages.Has(err, messages.NotFound) {
			continue
		}
		if err != nil {
			return since, err
		}
		switch e.Event {
		case eventPublished, eventConfirmed, eventFound:
			return since, nil
		case eventHeld:
			if e.Code == code {
				since = e.At
			}
		}
	}
	return since, nil
}
