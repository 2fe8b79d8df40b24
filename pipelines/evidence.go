package pipelines

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// keeper keeps, away from the public, what proves a task's publications: before
// each the evidence of the run, after it an entry in the task's journal.
type keeper struct {
	*run
	task     Task
	env      Env
	flow     *Flow  // nil: nothing is built
	evidence string // name and hash of the evidence of this run
	sum      string
	journal  *journal
}

func (r *run) keeper(t Task, env Env) (*keeper, error) {
	s, err := r.evidenceStore(env)
	if err != nil {
		return nil, err
	}
	return &keeper{run: r, task: t, env: env, journal: r.journalOf(s, t.ID)}, nil
}

// evidenceStore is the project's, or a folder of the local state.
func (p *Project) evidenceStore(env Env) (EvidenceStore, error) {
	if p.Evidence.IsSet() {
		return OpenConnection[EvidenceStore](p.Evidence, env)
	}
	return stateEvidence(filepath.Join(p.State, EvidenceFolder)), nil
}

// EvidenceFolder is where evidence is in the local state, unless the project has
// a store for it. JournalFolder is that of the journal of a task, in the task's
// folder there.
const (
	EvidenceFolder = "evidence"
	JournalFolder  = "journal"
)

// evidenceJSON is what a task read and lost, under which configuration and by
// which authorization, and the releases it was about to publish.
type evidenceJSON struct {
	Format        int              `json:"format"`
	Run           string           `json:"run"`
	Started       time.Time        `json:"started"`
	Authorization string           `json:"authorization,omitempty"`
	ConfigSum     string           `json:"configuration_sha256"`
	PolicySum     string           `json:"policy_sha256"`
	Versions      Versions         `json:"versions"`
	Made          string           `json:"made_of,omitempty"` // see flowRun.made
	Task          taskJSON         `json:"task"`
	Acceptances   []usedAcceptance `json:"acceptances,omitempty"`
	Privacy       *PrivacyProof    `json:"privacy,omitempty"`
	Config        json.RawMessage  `json:"config,omitempty"`
}

// before makes sure that what is public already is in the journal, and keeps the
// evidence of what is going to be.
func (k *keeper) before(ctx context.Context, res *TaskResult) error {
	if err := k.heal(ctx, res); err != nil {
		return err
	}
	doc := evidenceJSON{Format: 1, Run: k.id, Started: res.Started.UTC(), ConfigSum: fullSum(k.task.Config), PolicySum: fullSum(k.task.Policy),
		Versions: k.versions(), Made: res.made, Config: json.RawMessage(k.task.Config), Task: res.json(messages.English), Acceptances: k.env.accepting.rests(), Privacy: res.proof}
	if k.task.Authorization != nil {
		doc.Authorization = k.task.Authorization.Reference
	}
	data, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		return fmt.Errorf("write evidence: %w", err)
	}
	k.evidence, k.sum = k.id+".json", fullSum(data)
	return k.journal.store.WriteEvidence(ctx, path.Join(folderOf(k.task.ID), k.evidence), data)
}

// heal adds to the journal what is public and it does not know: a run was killed
// between publishing and saying so, or publishes from elsewhere.
func (k *keeper) heal(ctx context.Context, res *TaskResult) error {
	stand, err := k.flow.published(ctx)
	if err != nil {
		return err
	}
	j := k.journal
	if err := j.open(ctx); err != nil {
		return err
	}
	lacked := j.unknown(stand)
	if len(lacked) == 0 {
		return nil
	}
	e := entry{Event: eventFound}
	name, sum, doc := k.evidenceOf(ctx, lacked[0].Release)
	if doc != nil {
		e.Evidence, e.EvidenceSum, e.Authorization, e.ConfigSum, e.PolicySum = name, sum, doc.Authorization, doc.ConfigSum, doc.PolicySum
		e.Versions, e.Fingerprint = &doc.Versions, doc.Task.Fingerprint
	}
	err = j.add(ctx, func() (*entry, error) {
		if lacked = j.unknown(stand); len(lacked) == 0 {
			return nil, nil
		}
		e.Made = ""
		if doc != nil && doc.names(lacked) {
			e.Made = doc.Made
		}
		e.Published, e.Stands = lacked, j.with(stand)
		return &e, nil
	})
	for _, s := range lacked {
		res.Notes = append(res.Notes, messages.JournalFound.With("task", k.task.ID, "load", s.Load, "generation", s.Generation))
	}
	return err
}

// published is what the loads have current, of those that can tell.
func (f *Flow) published(ctx context.Context) (stand []Standing, err error) {
	for _, l := range f.Loads {
		p, ok := l.Sink.(Publisher)
		if !ok {
			continue
		}
		s, err := p.Published(ctx)
		if err != nil {
			return nil, f.at(l.Name, err)
		}
		s.Load = l.Name
		stand = append(stand, s)
	}
	return stand, nil
}

// evidenceOf is the newest evidence of a run that was to publish a release.
func (k *keeper) evidenceOf(ctx context.Context, release string) (name, sum string, doc *evidenceJSON) {
	store, folder := k.journal.store, folderOf(k.task.ID)
	names, err := store.ListEvidence(ctx, folder)
	if err != nil {
		return "", "", nil
	}
	const looked = 20
	for i := len(names) - 1; i >= max(0, len(names)-looked); i-- {
		data, err := store.ReadEvidence(ctx, path.Join(folder, names[i]))
		var found evidenceJSON
		if err != nil || json.Unmarshal(data, &found) != nil {
			continue
		}
		for _, l := range found.Task.Loads {
			if l.Release == release {
				return names[i], fullSum(data), &found
			}
		}
	}
	return "", "", nil
}

// names says whether the run was to publish all of these.
func (e *evidenceJSON) names(all []Standing) bool {
	return !slices.ContainsFunc(all, func(s Standing) bool {
		return !slices.ContainsFunc(e.Task.Loads, func(l loadJSON) bool { return l.Name == s.Load && l.Release == s.Release })
	})
}

// after adds to the journal what the run published. The user's wish to stop does
// not reach it: the release is public.
func (k *keeper) after(ctx context.Context, res *TaskResult) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	e := k.entry(eventConfirmed)
	e.Fingerprint, e.Made, e.Evidence, e.EvidenceSum = res.Fingerprint, res.made, k.evidence, k.sum
	var own []Standing
	for _, l := range res.Loads {
		if r := l.Receipt; r != nil {
			own = append(own, Standing{Load: l.Name, Where: r.Where, Release: r.Release, Previous: r.Previous, Generation: r.Generation})
			if r.Changed {
				e.Event, e.Published = eventPublished, append(e.Published, own[len(own)-1])
			}
		}
	}
	j := k.journal
	return j.add(ctx, func() (*entry, error) {
		e.Stands = j.with(own)
		if e.Event == eventConfirmed {
			if j.overtaken(own) || len(j.unknown(own)) == 0 && j.says(&e, eventPublished, eventConfirmed, eventFound) {
				return nil, nil
			}
			return &e, nil
		}
		if j.overtaken(e.Published) { // whoever was faster may have found it
			for _, s := range e.Published {
				if there, err := j.recorded(ctx, s); err != nil || there {
					return nil, err
				}
			}
		}
		return &e, nil
	})
}

// entry is an event under the task's present rule.
func (k *keeper) entry(event string) entry {
	v := k.versions()
	e := entry{Event: event, ConfigSum: fullSum(k.task.Config), PolicySum: fullSum(k.task.Policy), Versions: &v}
	if k.task.Authorization != nil {
		e.Authorization = k.task.Authorization.Reference
	}
	return e
}

// refused adds to the journal that nothing was published, and why.
func (k *keeper) refused(ctx context.Context, res *TaskResult) error {
	e := k.entry(eventRefused)
	if ms := messagesOf(res.Err); len(ms) > 0 {
		e.Code = ms[0].Code
	}
	return k.journal.add(ctx, func() (*entry, error) {
		if e.Stands = k.journal.stands(); k.journal.says(&e, eventRefused) {
			return nil, nil
		}
		return &e, nil
	})
}

// held adds to the journal that there is no authorization, or no longer.
func (k *keeper) held(ctx context.Context) error {
	e := k.entry(eventHeld)
	return k.journal.add(ctx, func() (*entry, error) {
		if e.Stands = k.journal.stands(); len(e.Stands) > 0 {
			e.Event = eventWithdrawn
		}
		if k.journal.says(&e, e.Event) {
			return nil, nil
		}
		return &e, nil
	})
}

// journalLate says of a task that its journal could not be written.
func journalLate(t TaskID, err error) *messages.Error {
	var why any = "see the log"
	if m := messages.Find(err); m != nil {
		why = m
	}
	return messages.JournalLate.With("task", t, "why", why)
}

func (r *run) versions() Versions { return Versions{Lavoir: r.opt.Version, Format: FormatVersion} }

// folderOf is the folder of a task's evidence.
func folderOf(t TaskID) string { return strings.Join(t.fileNames(), "/") }

func fullSum(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// stateEvidence keeps evidence in a folder of the local state.
type stateEvidence string

func (s stateEvidence) path(name string) string {
	return filepath.Join(string(s), filepath.FromSlash(name))
}

func (s stateEvidence) refused(err error) error {
	return messages.RunFolder.Wrap(withoutPath(err), "folder", string(s))
}

func withoutPath(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

func (s stateEvidence) WriteEvidence(_ context.Context, name string, data []byte) error {
	if err := replaceFile(s.path(name), data); err != nil {
		return s.refused(err)
	}
	return nil
}

// AddEvidence holds a lock from looking to writing.
func (s stateEvidence) AddEvidence(ctx context.Context, name string, data []byte) error {
	if err := os.MkdirAll(string(s), 0o700); err != nil {
		return s.refused(err)
	}
	lock := flock.New(s.path(".lock"))
	if _, err := lock.TryLockContext(ctx, time.Millisecond); err != nil {
		return s.refused(err)
	}
	defer lock.Unlock()
	if _, err := os.Lstat(s.path(name)); err == nil {
		return messages.ConditionFailed.With("store", string(s))
	}
	return s.WriteEvidence(ctx, name, data)
}

func (s stateEvidence) ReadEvidence(_ context.Context, name string) ([]byte, error) {
	data, err := os.ReadFile(s.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, messages.NotFound.With("store", string(s))
	}
	if err != nil {
		return nil, s.refused(err)
	}
	return data, nil
}

func (s stateEvidence) ListEvidence(_ context.Context, folder string) ([]string, error) {
	entries, err := os.ReadDir(s.path(folder))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, s.refused(err)
	}
	var names []string
	for _, e := range entries {
		if e.Type().IsRegular() && !strings.HasPrefix(e.Name(), ".") {
			names = append(names, e.Name())
		}
	}
	return names, nil
}
