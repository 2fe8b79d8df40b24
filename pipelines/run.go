package pipelines

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/gofrs/flock"
	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/hcl/v2"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// RunOptions are what a run is given besides the project.
type RunOptions struct {
	Version     string // of lavoir, for manifests
	Log         hclog.Logger
	Now         func() time.Time
	Rand        io.Reader
	Unpublished bool             // stop each task before publishing
	Observe     func(Event)      // called by one goroutine at a time; may be nil
	Allocator   memory.Allocator // nil: a pool of its own
}

// Event tells an observer how a run gets on.
type Event struct {
	Task   TaskID
	Result *TaskResult // nil: the task starts
	Done   int         // tasks that ended
}

// Run validates the selected tasks and runs them. When a mistake is found in
// the project nothing runs. The report is nil only then, or when the error says
// that the run could not start.
func Run(ctx context.Context, p *Project, sel Selection, opt RunOptions) (*Report, hcl.Diagnostics, error) {
	shared := &sharedSources{}
	if _, diags := validateEach(ctx, p, sel, opt.Log, shared.selected); diags.HasErrors() {
		return nil, diags, nil
	}
	r, err := newRun(ctx, p, opt, countTasks(p, sel))
	if err != nil {
		return nil, nil, err
	}
	defer r.close()
	shared.decide(ctx, r)
	shared.complete(ctx, p, sel)
	r.shared = shared
	report := &Report{Run: r.id, Started: opt.Now()}
	report.Tasks = r.all(ctx, sel)
	report.Notes = shared.notes()
	if !opt.Unpublished {
		report.Notes = append(report.Notes, r.taken.settle(ctx, p, report.Tasks, r.dir, r.Recipients)...)
	}
	report.Interrupted = ctx.Err() != nil
	report.Took = opt.Now().Sub(report.Started)
	h, err := readHistory(p.State)
	if err == nil {
		for _, t := range report.Tasks {
			h.moved(p, t.Task)
		}
		report.compare(h.Failing)
		err = h.update(report)
	}
	if err != nil {
		opt.Log.Warn("the history of runs could not be kept; it is only a cache", "error", err)
	}
	return report, nil, nil
}

// run is one run of a project: its folder, its keys, its caps.
type run struct {
	*Project
	opt  RunOptions
	id   string
	dir  string
	lock *flock.Flock
	// key is of fingerprints and of the names of inputs, machine of the stamps.
	key, machine []byte

	shared *sharedSources // nil: every task reads for itself
	taken  takings
	spool  arrowx.Spool // of all of them together

	inspect func(SealedFile) error // see FlowOptions
}

// countTasks is how many tasks are selected, as far as it matters for how many
// run at once.
func countTasks(p *Project, sel Selection) (n int) {
	most := max(p.Bounds.Tasks, defaultTasks)
	_ = p.Tasks(sel, func(Task) bool {
		n++
		return n < most
	}) // its mistakes were found by Validate
	return n
}

// runNames sort as the runs began, two of one second too: the last evidence is the newest.
const runNames = "20060102T150405.000Z"

// newRun prepares for so many tasks, or more.
func newRun(ctx context.Context, p *Project, opt RunOptions, tasks int) (*run, error) {
	p = p.bounded(tasks)
	if opt.Allocator == nil {
		opt.Allocator = arrowx.NewPool(spareMemory)
	}
	var random [4]byte
	if _, err := io.ReadFull(opt.Rand, random[:]); err != nil {
		return nil, fmt.Errorf("draw run name: %w", err)
	}
	r := &run{Project: p, opt: opt, id: opt.Now().UTC().Format(runNames) + "-" + hex.EncodeToString(random[:])}
	work := filepath.Join(p.State, "work")
	r.dir = filepath.Join(work, r.id)
	r.spool.Dir, r.spool.Mem, r.spool.Bound = r.dir, opt.Allocator, int64(p.Bounds.Disk)
	if err := r.enter(ctx, work); err != nil {
		return nil, err
	}
	var err error
	if r.machine, err = machineKey(p.State, opt.Rand); err == nil {
		r.key, err = fingerprintKey(ctx, p, r.machine)
	}
	if err != nil {
		r.close()
		return nil, err
	}
	return r, nil
}

// enter makes the run's folder and holds its lock, and sweeps the folders of runs
// that were killed. One run at a time does it: a folder that is made and not yet
// locked looks like one of those.
func (r *run) enter(ctx context.Context, work string) error {
	if err := os.MkdirAll(work, 0o700); err != nil {
		return messages.RunFolder.Wrap(err, "folder", r.State)
	}
	gate := flock.New(filepath.Join(r.State, "lock"))
	if _, err := gate.TryLockContext(ctx, 10*time.Millisecond); err != nil {
		return messages.RunFolder.Wrap(err, "folder", r.State)
	}
	defer gate.Unlock()
	if err := os.Mkdir(r.dir, 0o700); err != nil {
		return messages.RunFolder.Wrap(err, "folder", work)
	}
	r.lock = flock.New(filepath.Join(r.dir, "lock"))
	if ok, err := r.lock.TryLock(); err != nil || !ok {
		return messages.RunFolder.Wrap(err, "folder", r.dir)
	}
	sweep(work, r.id)
	return nil
}

func (r *run) close() {
	r.lock.Unlock()
	os.RemoveAll(r.dir)
}

// sweep removes what killed runs left in the work folder: folders whose lock
// nobody holds.
func sweep(work, mine string) {
	entries, err := os.ReadDir(work)
	if err != nil {
		return
	}
	for _, e := range entries {
		if e.Name() == mine || !e.IsDir() {
			continue
		}
		dir := filepath.Join(work, e.Name())
		lock := flock.New(filepath.Join(dir, "lock"))
		if ok, err := lock.TryLock(); err == nil && ok {
			lock.Unlock()
			os.RemoveAll(dir)
		}
	}
}

// minFingerprintKey is the least number of bytes of a key: under a shorter one who
// has a hash could find the name of the input by trying.
const minFingerprintKey = 16

// fingerprintKey is the project's key, or the machine's. Who loses it only loses
// the comparison with earlier fingerprints.
func fingerprintKey(ctx context.Context, p *Project, machine []byte) ([]byte, error) {
	if !p.FingerprintKey.IsSet() {
		return machine, nil
	}
	v, err := p.Secrets.Reveal(ctx, p.FingerprintKey.Ref)
	if err == nil && len(v) < minFingerprintKey {
		err = messages.WeakKey.With("step", "fingerprint_key", "wanted", minFingerprintKey)
	}
	return []byte(v), err
}

// machineKey is a key kept beside the local state, for what never leaves it and
// where the project gives none. It is drawn the first time; with random nil there
// may be none.
func machineKey(state string, random io.Reader) ([]byte, error) {
	path := filepath.Join(state, "fingerprint.key")
	key, err := os.ReadFile(path)
	if err == nil && len(key) == 32 {
		return key, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, messages.RunFolder.Wrap(err, "folder", state)
	}
	if random == nil {
		return nil, nil
	}
	key = make([]byte, 32)
	if _, err := io.ReadFull(random, key); err != nil {
		return nil, fmt.Errorf("draw fingerprint key: %w", err)
	}
	if err := replaceFile(path, key); err != nil {
		return nil, messages.RunFolder.Wrap(err, "folder", state)
	}
	return key, nil
}

// HideName is the short keyed hash under which the name of an input may be noted
// where no project gives a key: by that of the state folder, both
// made where there is none yet.
func HideName(state string, random io.Reader, name string) (string, error) {
	if err := os.MkdirAll(state, 0o700); err != nil {
		return "", messages.RunFolder.Wrap(err, "folder", state)
	}
	key, err := machineKey(state, random)
	if err != nil {
		return "", err
	}
	return hideName(key, name), nil
}

// hide is the short keyed hash under which an input's name may be shown.
func (r *run) hide(name string) string { return hideName(r.key, name) }

func hideName(key []byte, name string) string {
	h := hmac.New(sha256.New, key)
	h.Write([]byte("lavoir name\x00" + name))
	return hex.EncodeToString(h.Sum(nil)[:6])
}

// task runs one task in a folder of its own. What it shares with others, if
// anything, was read.
func (r *run) task(ctx context.Context, t Task, sh *shared) (res TaskResult) {
	res = TaskResult{Task: t.ID, Variant: t.Variant, Started: r.opt.Now()}
	if t.held() {
		res.Outcome = Held
		res.Notes = []*messages.Error{messages.NotAuthorized.With("task", t.ID)}
		if !r.opt.Unpublished {
			k, err := r.keeper(t, r.env(t, r.dir))
			if err == nil {
				err = k.held(ctx)
			}
			if err != nil {
				res.Notes = append(res.Notes, journalLate(t.ID, err))
			}
		}
		return res
	}
	err := contain(func() error {
		var err error
		res, err = r.flow(ctx, &t, sh)
		return err
	})
	if err != nil {
		res.fails(ctx, err)
	}
	res.Task, res.Variant, res.config = t.ID, t.Variant, configSum(t)
	return res
}

// fails ends the task before its rows were read.
func (t *TaskResult) fails(ctx context.Context, err error) {
	t.Err, t.Outcome = err, FailedTask
	if ctx.Err() != nil {
		t.Outcome = Interrupted
	} else if ExitCode(err) == ExitRefused {
		t.Outcome = Refused
	}
}

// flow runs a task, which becomes the candidate that it turns out to be.
func (r *run) flow(ctx context.Context, task *Task, sh *shared) (res TaskResult, err error) {
	dir, err := os.MkdirTemp(r.dir, "task-*")
	if err != nil {
		return res, messages.RunFolder.Wrap(err, "folder", r.dir)
	}
	defer os.RemoveAll(dir)
	env := r.env(*task, dir)
	chosen, err := r.decide(ctx, *task, env)
	if err != nil {
		res.Started = r.opt.Now()
		res.fails(ctx, err)
		return res, r.unread(ctx, *task, env, &res)
	}
	*task = chosen
	t := chosen
	env.Took = func(f Taken) { r.taken.note(t, f) }
	noted := &notes{}
	env.Note = noted.add
	f, err := BuildFlow(t, env)
	if err != nil {
		return res, err
	}
	if err := r.reviewed(env, t, f); err != nil {
		res.Started, res.Notes = r.opt.Now(), noted.all
		res.fails(ctx, err)
		return res, r.unread(ctx, t, env, &res)
	}
	if sh != nil {
		f.part, f.started = sh.part(t), sh.started[t.ID]
		for _, taken := range sh.took {
			r.taken.note(t, taken)
		}
	}
	opt := FlowOptions{
		Workers: r.Bounds.Workers, Memory: r.Bounds.groups(), Disk: r.Bounds.Disk, Run: r.id, Quarantine: filepath.Join(r.State, "quarantine"),
		Recipients: r.Recipients, Key: r.key, OwnKey: r.FingerprintKey.IsSet(), Config: t.Config, StampKey: r.machine, Unpublished: r.opt.Unpublished, Inspect: r.inspect,
		Manifest: Manifest{FormatVersion: FormatVersion, Dataset: t.ID.Pipeline, Tenant: t.ID.Tenant, Partition: t.ID.Partition,
			Policy: fullSum(t.Public), Versions: Versions{Lavoir: r.opt.Version, Format: FormatVersion}},
	}
	if r.Formerly != nil {
		opt.Manifest.Formerly = r.Formerly(t.ID)
	}
	k, err := r.keeper(t, env)
	if err != nil {
		return res, err
	}
	k.flow = f
	opt.Evidence, opt.Journal, opt.Current = k.before, k.after, k.current
	res = f.Run(ctx, env, opt)
	res.nothingNew()
	res.Notes = append(res.Notes, noted.all...)
	k.noteWait(ctx, &res)
	k.noteRefusal(ctx, &res)
	return res, nil
}

// unread ends a task of which nothing was read but what decides on its variant.
func (r *run) unread(ctx context.Context, t Task, env Env, res *TaskResult) error {
	res.nothingNew()
	k, err := r.keeper(t, env)
	if err == nil {
		k.noteRefusal(ctx, res)
	}
	return err
}

// nothingNew makes no failure of a source that has nothing to read yet.
func (t *TaskResult) nothingNew() {
	if messages.Has(t.Err, messages.NothingNew) || messages.Has(t.Err, messages.NotSettled) {
		t.Notes = append(t.Notes, messages.Find(t.Err))
		t.Outcome, t.Err = Unchanged, nil
	}
}

// noteRefusal adds to the journal that a run was refused to publish.
func (k *keeper) noteRefusal(ctx context.Context, res *TaskResult) {
	if res.Outcome != Refused || k.opt.Unpublished {
		return
	}
	if err := k.refused(ctx, res); err != nil {
		res.Notes = append(res.Notes, journalLate(k.task.ID, err))
	}
}

// notes are what components told while they worked, each once: a source may be
// read twice.
type notes struct {
	mu  sync.Mutex
	all []*messages.Error
}

func (n *notes) add(note *messages.Error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !slices.ContainsFunc(n.all, func(e *messages.Error) bool { return e.Error() == note.Error() }) {
		n.all = append(n.all, note)
	}
}

func (r *run) env(t Task, dir string) Env {
	return taskEnv(r.Project, t, Env{
		Allocator: r.opt.Allocator, Log: r.opt.Log.With("task", t.ID.String()), Now: r.opt.Now, Rand: r.opt.Rand,
		Dir: dir, Hide: r.hide,
	})
}

// taskEnv completes env with what the project and the task decide.
func taskEnv(p *Project, t Task, env Env) Env {
	env.Secrets, env.Task, env.Keys, env.Root = p.Secrets, t.ID, t.Keys, p.Root
	env.Memory = p.Bounds.barriers()
	env.Workers = p.Bounds.Workers
	env.Spool = NewSpool(env.Dir, env.Allocator, p.Bounds.Disk)
	if len(p.Acceptances) > 0 {
		env = env.Accepting(p.Acceptances, t.Policy)
	}
	return env
}
