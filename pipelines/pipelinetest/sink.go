package pipelinetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"testing"

	"github.com/lavoir-data/lavoir/pipelines"
)

// Place is somewhere a sink publishes to, empty at first.
type Place struct {
	// Sink makes the sink. It is called many times; all publish to this place.
	Sink func(pipelines.Env) (pipelines.Sink, error)
	// FailAt makes the k-th write from now on fail, and all that follow; 0 lets
	// them succeed again. Failed says whether one did since.
	FailAt func(k int)
	Failed func() bool
	// Visible is what a reader sees: names and contents of what is current,
	// without counters and times.
	Visible func() (map[string]string, error)
}

// Sink holds a load to the contract. build makes a new place for every check.
func Sink(t *testing.T, build func(t testing.TB) Place) {
	t.Helper()
	for _, ch := range sinkChecks {
		t.Run(ch.name, func(t *testing.T) { report(t, ch.attempt(build(t))) })
	}
}

type sinkCheck struct {
	name string
	run  func(*world, Place) error
}

var sinkChecks = []sinkCheck{
	{"sealed files hold the rows, and nobody sees them yet (invariant 1)", checkSealed},
	{"published twice it gives the same receipt and writes nothing (invariant 2)", checkPublishedTwice},
	{"the same rows seal to the same bytes (invariant 2)", checkSealedTwice},
	{"a stream that fails or is cancelled leaves nothing (invariant 1)", checkSinkUpstream},
	{"a write that fails, whichever, shows nothing new or all of it (invariant 1)", checkSinkWrites},
}

func (ch sinkCheck) attempt(p Place) (err error) {
	w := newWorld()
	defer func() { err = errors.Join(err, w.close()) }()
	defer recovered(&err)
	return ch.run(w, p)
}

func manifest() pipelines.Manifest {
	return pipelines.Manifest{FormatVersion: pipelines.FormatVersion, Dataset: "essai", Tenant: "val-fleuri", Partition: "2024"}
}

// sealed seals t in the place; whatever comes, the input is released.
func (w *world) sealed(p Place, t Table, hook func(int) error) (pipelines.Sealed, error) {
	sink, err := p.Sink(w.Env)
	if err != nil {
		return nil, err
	}
	in := newInput(w, t, whole())
	in.hook = hook
	s, err := sink.Seal(context.Background(), in)
	return s, errors.Join(err, in.release())
}

func (p Place) shows(want map[string]string) error {
	got, err := p.Visible()
	if err != nil {
		return err
	}
	if !maps.Equal(want, got) {
		return fmt.Errorf("a reader sees %d files that are not the %d wanted", len(got), len(want))
	}
	return nil
}

func checkSealed(w *world, p Place) error {
	t := sample()
	s, err := w.sealed(p, t, nil)
	if err != nil {
		return err
	}
	var errs []error
	for _, f := range s.Files() {
		errs = append(errs, named(f.Info().Name, sealedFile(f, t)))
	}
	return errors.Join(append(errs, p.shows(nil), s.Discard(), s.Discard(), p.shows(nil), w.emptyDir())...)
}

func sealedFile(f pipelines.SealedFile, want Table) error {
	if n := f.Info().Rows; n != int64(len(want.Rows)) {
		return fmt.Errorf("it says it has %d rows of %d", n, len(want.Rows))
	}
	s, err := f.Open(context.Background())
	if err != nil {
		return err
	}
	o := drain(context.Background(), s)
	err = errors.Join(o.broken, o.err, s.Close(), f.Audit(context.Background()))
	if d := Diff(want, o.table); d != "" {
		err = errors.Join(err, errors.New(d))
	}
	if a, ok := f.(pipelines.Audited); ok && err == nil {
		var got outcome
		if got, err = decodeAll(chunked{a.OpenAudited}, false); err == nil {
			err = named("in one pass", o.differs(got))
		}
	}
	return err
}

func (w *world) emptyDir() error {
	left, err := os.ReadDir(w.Dir)
	if err == nil && len(left) > 0 {
		err = fmt.Errorf("%d files are left in the folder of the task", len(left))
	}
	return err
}

func checkPublishedTwice(w *world, p Place) error {
	s, err := w.sealed(p, sample(), nil)
	if err != nil {
		return err
	}
	defer s.Discard()
	first, err := s.Publish(context.Background(), manifest())
	if err != nil {
		return err
	}
	seen, err := p.Visible()
	if err != nil {
		return err
	}
	if !first.Changed || len(seen) == 0 {
		return fmt.Errorf("published, it shows %d files and says changed = %v", len(seen), first.Changed)
	}
	second, err := s.Publish(context.Background(), manifest())
	if err != nil {
		return err
	}
	if second.Changed || second.Release != first.Release || second.Where != first.Where {
		return fmt.Errorf("published again it says %+v after %+v", second, first)
	}
	return p.shows(seen)
}

func checkSealedTwice(w *world, p Place) error {
	var infos [2][]string
	for i := range infos {
		s, err := w.sealed(p, sample(), nil)
		if err != nil {
			return err
		}
		for _, f := range s.Files() {
			infos[i] = append(infos[i], fmt.Sprintf("%+v", f.Info()))
		}
		if err := s.Discard(); err != nil {
			return err
		}
	}
	if fmt.Sprint(infos[0]) != fmt.Sprint(infos[1]) {
		return fmt.Errorf("sealed twice: %v, then %v", infos[0], infos[1])
	}
	return nil
}

func checkSinkUpstream(w *world, p Place) error {
	s, err := w.sealed(p, sample(), func(i int) error {
		if i == 1 {
			return errUpstream
		}
		return nil
	})
	if err == nil {
		return errors.Join(errors.New("it sealed a stream that failed"), s.Discard())
	}
	if !errors.Is(err, errUpstream) {
		return fmt.Errorf("the stream failed and it says %w", err)
	}
	sink, err := p.Sink(w.Env)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	in := newInput(w, sample(), whole())
	if s, err := sink.Seal(ctx, in); err == nil {
		return errors.Join(errors.New("it sealed although its context was cancelled"), s.Discard(), in.release())
	} else if err := wantCancelled(err); err != nil {
		return errors.Join(err, in.release())
	}
	return errors.Join(in.release(), p.shows(nil), w.emptyDir())
}

// checkSinkWrites publishes a new release over an old one, failing at its first
// write, its second, and so on until none fails any more. Every try has rows of
// its own, lest files of an earlier one hide what is missing.
func checkSinkWrites(w *world, p Place) error {
	old, err := w.publish(p, sample())
	if err != nil {
		return err
	}
	for k := 1; k < 10_000; k++ {
		next := sample()
		next.Rows[0] = append([]any{int64(1000 + k)}, next.Rows[0][1:]...)
		p.FailAt(k)
		_, failure := w.publish(p, next)
		failed := p.Failed()
		p.FailAt(0)
		if !failed && failure != nil {
			return fmt.Errorf("no write failed and it says %w", failure)
		}
		seen, err := p.Visible()
		if err != nil {
			return err
		}
		again, err := w.publish(p, sample())
		if err != nil {
			return fmt.Errorf("after write %d failed, the next run does not recover: %w", k, err)
		}
		if !maps.Equal(again, old) {
			return fmt.Errorf("after write %d failed and another run, the old rows do not look as before", k)
		}
		whole, err := w.publish(p, next)
		if err != nil {
			return err
		}
		switch {
		case maps.Equal(seen, whole): // what failed after the switch is healed by the next run
		case failure == nil:
			return fmt.Errorf("write %d failed, it says nothing, and a reader does not see the new release", k)
		case !maps.Equal(seen, old):
			return fmt.Errorf("with write %d failing, a reader saw neither the old release nor the new one", k)
		}
		if !failed {
			return nil
		}
		if _, err := w.publish(p, sample()); err != nil {
			return err
		}
	}
	return errors.New("it never stops writing")
}

// publish gives what is visible afterwards.
func (w *world) publish(p Place, t Table) (map[string]string, error) {
	s, err := w.sealed(p, t, nil)
	if err != nil {
		return nil, err
	}
	_, err = s.Publish(context.Background(), manifest())
	if e := s.Discard(); err == nil {
		err = e
	}
	if err != nil {
		return nil, err
	}
	return p.Visible()
}
