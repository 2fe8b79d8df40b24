package pipelines

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"slices"
	"sort"
	"time"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// FlowOptions are what a flow is run with besides its Env.
type FlowOptions struct {
	Workers     int    // goroutines for decoding, row-wise steps and encoding
	Memory      int64  // for the rows of groups being encoded or read back; 0: no bound
	Disk        Size   // for all that is in Env.Dir; 0: no bound
	Run         string // names the run in the quarantine
	Quarantine  string // folder
	Recipients  []string
	Key         []byte   // of the fingerprint
	OwnKey      bool     // the project gives Key: it is the same on every machine
	Config      []byte   // of the task: what else decides the output
	StampKey    []byte   // of the stamp; empty: none is taken
	Manifest    Manifest // what is known of it before the files are
	Unpublished bool     // stop before publishing
	// Inspect, when not nil, sees every file that was sealed and verified.
	Inspect func(SealedFile) error
	// Evidence, when not nil, is called between verifying and publishing, and
	// Journal once something was published. Both may add notes.
	Evidence, Journal func(context.Context, *TaskResult) error
	// Current, when not nil, gives what the loads have current, in their order, where that is
	// made of the same as the result is; else nil. It is asked where bytes cannot tell.
	Current func(context.Context, *TaskResult) ([]Standing, error)
}

// tries is how often a task reads a source that changes under it.
const tries = 3

// Run takes the flow's rows from its source to its loads: read, transform,
// decide, seal, verify from the bytes, publish. Whatever goes wrong before a
// load's publication leaves nothing visible and nothing on disk. When the source
// changed while it was read the task starts again, a few times; of what it gave
// up only a note stays. The result is filled as far as the run came.
func (f *Flow) Run(ctx context.Context, env Env, opt FlowOptions) TaskResult {
	started := env.Now()
	var res TaskResult
	n, may := 0, true
	for again := true; again; again = n < tries && f.part == nil && changedWhileRead(res.Err) && ctx.Err() == nil {
		var kept bool
		if res, kept = f.try(ctx, env, opt, started, may); kept && noDisk(res.Err) && ctx.Err() == nil {
			may = false // what needs the disk gets all of it
			env.Log.Debug("no rows are kept: the disk is needed, and the source is read twice", "task", f.Task.String())
			res, _ = f.try(ctx, env, opt, started, may)
		}
		n++
	}
	if n > 1 {
		res.Notes = append(res.Notes, messages.SourceReread.With("source", f.SourceName, "tries", n))
	}
	res.Took = env.Now().Sub(started)
	return res
}

// changedWhileRead says whether another reading may go well: the source was
// written to during this one.
func changedWhileRead(err error) bool {
	return messages.Has(err, messages.SourceChanged) || messages.Has(err, messages.FileChanged)
}

// noDisk says whether a task had less of the disk than it needs.
func noDisk(err error) bool {
	return messages.Has(err, messages.DiskBound) || messages.Has(err, messages.RunFolder)
}

// try is one of the tries. may says whether the privacy stage may keep rows on disk, and
// kept whether it did while rows were sealed, at which nothing is public yet.
func (f *Flow) try(ctx context.Context, env Env, opt FlowOptions, started time.Time, may bool) (res TaskResult, kept bool) {
	r := &flowRun{Flow: f, env: env, opt: opt, log: &rejectLog{policy: f.OnReject}, mayKeep: may}
	r.res = TaskResult{Task: f.Task, Started: started}
	err := r.run(ctx)
	if c, ok := r.decided.(io.Closer); ok {
		if e := c.Close(); err == nil && e != nil {
			env.Log.Warn("temporary files could not be removed", "task", f.Task.String(), "error", e)
		}
	}
	for _, s := range r.sealed {
		if e := s.Discard(); e != nil && err == nil {
			env.Log.Warn("temporary files could not be removed", "task", f.Task.String(), "error", e)
		}
	}
	if r.log.quarantine != nil {
		r.log.quarantine.discard()
	}
	r.res.Rejects, r.res.RejectRules, r.res.Rows.Rejected = r.log.listed, r.log.byRule, r.log.count
	r.res.Err = err
	r.res.Outcome = r.outcome(ctx, err)
	r.res.held()
	return r.res, r.kept
}

type flowRun struct {
	*Flow
	env     Env
	opt     FlowOptions
	log     *rejectLog
	bind    *Binding
	sealed  []Sealed
	groups  []sealedGroup // as they went to the sinks
	decided Decision
	mayKeep bool     // the privacy stage may keep rows
	kept    bool     // it does, and they are not sealed yet
	reached *reached // of the rows that reached the privacy stage; nil: none is asked for, or the source's tell it
	res     TaskResult
	// unwritten says that the journal lacks what was published.
	unwritten bool
	proved    bool       // a file with the sealed rows was judged and taken
	stays     []Standing // of the loads, where what is current is not to be replaced
}

func (r *flowRun) outcome(ctx context.Context, err error) Outcome {
	published, changed := 0, false
	pending := r.unwritten
	for _, l := range r.res.Loads {
		if l.Receipt != nil {
			published++
			changed = changed || l.Receipt.Changed
			pending = pending || len(l.Receipt.Pending) > 0 || l.Receipt.Remaining > 0
		}
	}
	switch {
	case published > 0 && (err != nil || pending || r.res.lost()):
		return Incomplete
	case err == nil && r.opt.Unpublished:
		return Unpublished
	case err == nil && changed:
		return Published
	case err == nil:
		return Unchanged
	case ctx.Err() != nil && errors.Is(err, ctx.Err()):
		return Interrupted
	}
	if ExitCode(err) == ExitRefused {
		return Refused
	}
	return FailedTask
}

func (r *flowRun) run(ctx context.Context) error {
	if !r.opt.Unpublished {
		for i, l := range r.Loads {
			s, ok := l.Sink.(Starter)
			switch {
			case ok && i < len(r.started):
				s.Resume(r.started[i])
			case ok:
				_, _ = s.Start(ctx) // publishing will say it
			}
		}
	}
	r.stamp(ctx)
	schema, err := r.schema(ctx)
	if err != nil {
		return r.at(r.SourceName, err)
	}
	if r.bind, err = r.Bind(ctx, schema, true); err != nil {
		return err
	}
	r.res.Notes = r.bind.Notes
	if r.OnReject.Action == "quarantine" {
		if r.log.quarantine, err = openQuarantine(r.opt.Quarantine, r.Task, r.opt.Run, r.opt.Recipients); err != nil {
			return r.at(r.SourceName, err)
		}
	}
	if err := r.stage(ctx, Seal, r.seal); err != nil {
		return err
	}
	r.kept = false
	if err := r.stage(ctx, Verify, func(ctx context.Context) error {
		if err := r.verify(ctx); err != nil {
			return err
		}
		if err := r.stay(ctx); err != nil {
			return r.at("evidence", err)
		}
		return r.compare(ctx)
	}); err != nil {
		return err
	}
	if r.log.quarantine != nil {
		if err := r.log.quarantine.keep(); err != nil {
			return r.at("quarantine", err)
		}
	}
	if r.opt.Unpublished {
		return nil
	}
	if r.opt.Evidence != nil {
		r.res.Rejects, r.res.RejectRules, r.res.Rows.Rejected = r.log.listed, r.log.byRule, r.log.count
		if p, ok := r.Privacy.(Proving); ok {
			r.res.proof = p.Proof(r.decided)
		}
		if r.stays != nil && r.res.proof != nil {
			r.res.proof.unused()
		}
		for i, s := range r.sealed {
			if f, ok := s.(Foreseen); ok && r.stays == nil {
				r.res.Loads[i].Release = f.Release(r.manifest())
			}
		}
		if err := r.opt.Evidence(ctx, &r.res); err != nil {
			return r.at("evidence", err)
		}
	}
	err = r.stage(ctx, Publish, r.publish)
	if r.opt.Journal != nil && r.published() {
		if e := r.opt.Journal(ctx, &r.res); e != nil {
			r.unwritten = true
			r.res.Notes = append(r.res.Notes, journalLate(r.Task, e))
		}
	}
	return err
}

func (r *flowRun) published() bool {
	return slices.ContainsFunc(r.res.Loads, func(l LoadResult) bool { return l.Receipt != nil })
}

func (r *flowRun) manifest() Manifest {
	m := r.opt.Manifest
	if r.Privacy != nil {
		m.Privacy = r.Privacy.Paragraph(r.decided)
		if c, ok := r.Privacy.(Checked); ok {
			m.Checks = c.Checks(r.decided)
		}
		if p, ok := r.Privacy.(Protecting); ok {
			m.Protection = p.Protection(r.decided)
		}
		m.Relaxed = r.env.Relaxed()
		if c, ok := r.Privacy.(Comparer); ok {
			m.Supersedes = c.Comparison().Erase
		}
	}
	return m
}

// stage times a stage and says when it has ended.
func (r *flowRun) stage(ctx context.Context, stage Stage, do func(context.Context) error) error {
	began := r.env.Now()
	if err := do(ctx); err != nil {
		return err
	}
	took := r.env.Now().Sub(began)
	r.res.Stages = append(r.res.Stages, StageTime{stage, took})
	r.env.Log.Debug("stage ended", "stage", stage, "seconds", took.Seconds())
	return nil
}

// stamp notes the state of the input before it is read: should it change
// meanwhile, a later plan sees that. What fails here fails again when it is read.
func (r *flowRun) stamp(ctx context.Context) {
	if len(r.opt.StampKey) == 0 || r.opt.Unpublished {
		return
	}
	var err error
	if r.res.stamp, _, err = r.Flow.stamp(ctx, r.opt.StampKey, Stamping{Connect: true, Once: unshared}); err != nil {
		r.env.Log.Debug("the state of the input could not be noted for plans", "error", err)
	}
}

// schema asks the source for its schema without reading a row where it can.
func (r *flowRun) schema(ctx context.Context) (*arrow.Schema, error) {
	if d, ok := r.rows().(Describer); ok {
		return d.Describe(ctx)
	}
	c, err := chunksOf(ctx, r.rows())
	if err != nil {
		return nil, err
	}
	return c.Schema(), c.Close()
}

// seal brings the rows into the sinks' files, which nobody sees.
func (r *flowRun) seal(ctx context.Context) error {
	before := r.redacted()
	out, rd, err := r.released(ctx)
	if err != nil {
		return err
	}
	err = r.encode(ctx, out, rd)
	r.res.Redacted = since(before, r.redacted())
	if e := out.Close(); err == nil && e != nil {
		err = r.at("privacy", e)
	}
	if rd != nil {
		r.res.Rows.Read = rd.rows
		r.res.Fingerprint = r.fingerprint(rd)
	}
	if err != nil {
		return err
	}
	return nil
}

func (r *flowRun) fingerprint(rd *reading) string {
	if len(r.opt.Key) == 0 {
		return ""
	}
	return hex.EncodeToString(r.mac("input", rd.digest.Sum(nil)))
}

// seed is of the sums that the fingerprint is made of: nobody without the key
// can make rows that pass for others.
func (r *flowRun) seed() uint64 { return binary.LittleEndian.Uint64(r.mac("sums", nil)) }

func (r *flowRun) mac(use string, data []byte) []byte {
	h := hmac.New(sha256.New, r.opt.Key)
	h.Write([]byte("lavoir " + use + "\x00"))
	h.Write(data)
	return h.Sum(nil)
}

// released gives the rows that the privacy stage lets out. The reading it
// returns is complete once the stream was read to its end.
func (r *flowRun) released(ctx context.Context) (Stream, *reading, error) {
	last, err := r.singlePass()
	if err != nil {
		return nil, nil, err
	}
	rd, err := r.read(ctx, r.bind, r.opt.Workers, r.seed(), r.log.take, last)
	if err != nil {
		return nil, nil, err
	}
	if r.Privacy == nil || last != nil {
		return rd, rd, nil
	}
	return r.twoPasses(ctx, rd)
}

// singlePass is the kernels, one for each worker, of a privacy stage that needs no
// pass before; nil when there is none.
func (r *flowRun) singlePass() ([]Kernel, error) {
	sp, ok := r.Privacy.(SinglePass)
	if !ok {
		return nil, nil
	}
	kernels := make([]Kernel, r.opt.Workers)
	for w := range kernels {
		var err error
		if kernels[w], err = sp.Kernel(r.bind.In[len(r.bind.In)-1]); err != nil {
			return nil, r.at("privacy", err)
		}
		if kernels[w] == nil {
			return nil, nil
		}
	}
	return kernels, nil
}

// onWorkers is what kernels make of the rows of in, in their order; it owns in.
func (r *flowRun) onWorkers(kernels []Kernel, in Stream) Stream {
	o := &ordered[Batch, Batch]{
		workers: len(kernels),
		next:    in.Next,
		work: func(ctx context.Context, w int, b Batch) (Batch, error) {
			out, err := kernels[w](ctx, b)
			return out, r.at("privacy", err)
		},
		free: func(b Batch) { b.Release() },
	}
	return NewStream(r.bind.Out, o.take, func() error {
		o.close()
		return in.Close()
	})
}

// noRejects holds the privacy stage to its promise: it lets a row out or not,
// and no step after the checks may lose one.
func (r *flowRun) noRejects(next func(context.Context) (Batch, error), done func() error) Stream {
	return NewStream(r.bind.Out, func(ctx context.Context) (Batch, error) {
		b, err := next(ctx)
		if err != nil {
			return Batch{}, err
		}
		if err := asPromised(b, r.bind.Out); err != nil {
			return Batch{}, r.at("privacy", err)
		}
		return b, nil
	}, done)
}

// asPromised releases a batch of the privacy stage that is not what it promised.
func asPromised(b Batch, want *arrow.Schema) error {
	err := schemaMismatch(b.Schema(), want)
	if err == nil && len(b.Rejects) > 0 {
		err = messages.Internal.With("what", "the privacy stage rejected a row")
	}
	if err != nil {
		b.Release()
	}
	return err
}

// twoPasses lets the stage see every row before it lets one out. The rows are
// read twice only where that is sure to give the same rows and costs no
// database a second query; otherwise what the stage needs of them is put aside,
// by the stage where it can.
func (r *flowRun) twoPasses(ctx context.Context, first *reading) (Stream, *reading, error) {
	again := r.replayable()
	w, keeps, err := r.begin(first.Schema(), again)
	if err != nil {
		first.Close()
		return nil, nil, r.at("privacy", err)
	}
	r.kept = keeps && again
	if !again && !keeps {
		return r.spooled(ctx, first, w)
	}
	return r.replay(ctx, first, w, again)
}

func (r *flowRun) replayable() bool {
	if again, ok := r.rows().(Rereadable); !ok || !again.Rereadable() {
		return false
	}
	for _, s := range r.Steps {
		if _, ok := s.Transform.(RowWise); !ok {
			return false
		}
		if _, ok := s.Transform.(Feeder); ok {
			return false
		}
	}
	return true
}

// replay lets out the rows that the stage kept, or else those of another reading.
func (r *flowRun) replay(ctx context.Context, first *reading, w Watch, again bool) (Stream, *reading, error) {
	err := r.missed(r.observe(ctx, first, w), first)
	if e := first.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = r.draw(ctx, first)
	}
	if err != nil {
		return nil, nil, r.at("privacy", err)
	}
	if k, ok := r.Privacy.(Keeper); ok {
		out, err := k.EmitKept(ctx, r.decided, first.Schema())
		if err != nil {
			return nil, nil, r.at("privacy", err)
		}
		if out != nil {
			return r.noRejects(out.Next, out.Close), first, nil
		}
	}
	if !again { // what is not asked for twice may be other rows then
		return nil, nil, r.at("privacy", messages.Internal.With("what", "the privacy stage let rows go that it was to keep"))
	}
	second, err := r.read(ctx, r.bind, r.opt.Workers, r.seed(), func(Batch) error { return nil }, nil)
	if err != nil {
		return nil, nil, err
	}
	out, err := r.emit(ctx, second)
	if err != nil {
		second.Close()
		return nil, nil, err
	}
	return r.noRejects(func(ctx context.Context) (Batch, error) {
		b, err := out.Next(ctx)
		if err == io.EOF && (second.rows != first.rows || !bytes.Equal(second.digest.Sum(nil), first.digest.Sum(nil))) {
			return Batch{}, r.at(r.SourceName, messages.SourceChanged.With())
		}
		return b, err
	}, out.Close), first, nil
}

// observe has the stage look at the rows of in, by w unless that is nil.
func (r *flowRun) observe(ctx context.Context, in Stream, w Watch) (err error) {
	in = r.sumReached(in)
	if w != nil {
		r.decided, err = r.watch(ctx, w, in)
	} else {
		r.decided, err = r.Privacy.Observe(ctx, in)
	}
	if err != nil {
		return r.at("privacy", err)
	}
	// A stage that decided early must not hide the rows it did not look at.
	return Each(ctx, in, func(b Batch) error { b.Release(); return nil })
}

func (r *flowRun) emit(ctx context.Context, in Stream) (Stream, error) {
	e, ok := r.Privacy.(Emitter)
	if !ok {
		out, err := r.Privacy.Emit(ctx, r.decided, in)
		return out, r.at("privacy", err)
	}
	kernels := make([]Kernel, r.opt.Workers)
	for w := range kernels {
		var err error
		if kernels[w], err = e.EmitKernel(r.decided, in.Schema()); err != nil {
			return nil, r.at("privacy", err)
		}
	}
	out := r.onWorkers(kernels, in)
	if a, ok := r.Privacy.(Arranger); ok {
		var err error
		if out, err = a.Arrange(r.decided, in.Schema(), out); err != nil {
			return nil, r.at("privacy", err)
		}
	}
	return out, nil
}

// encode feeds one stream to all loads: groups are encoded by workers and
// appended in order.
func (r *flowRun) encode(ctx context.Context, s Stream, rd *reading) (err error) {
	sealings := make([]Sealing, 0, len(r.Loads))
	defer func() {
		for _, sl := range sealings {
			if e := sl.Discard(); err == nil {
				err = e
			}
		}
	}() // runs after o.close below: no worker encodes for a discarded seal
	for _, l := range r.Loads {
		sl, err := begin(ctx, l.Sink, r.bind.Out)
		if err != nil {
			return r.at(l.Name, err)
		}
		sealings = append(sealings, sl)
	}
	type encoded struct {
		sealedGroup
		parts []Encoded
		held  int64
	}
	g := &grouper{s: s, room: newRoom(r.opt.Memory)}
	defer g.close()
	o := &ordered[group, encoded]{
		workers: r.opt.Workers,
		next:    g.next,
		work: func(ctx context.Context, _ int, g group) (encoded, error) {
			defer g.release()
			e := encoded{sealedGroup: sealedGroup{rows: g.rows}, held: g.held}
			var err error
			if e.sum, err = g.sum(); err != nil {
				return e, err
			}
			for i, sl := range sealings {
				part, err := sl.Encode(ctx, g.batches)
				if err != nil {
					for j, done := range e.parts {
						abandon(sealings[j], done)
					}
					return e, r.at(r.Loads[i].Name, err)
				}
				e.parts = append(e.parts, part)
			}
			return e, nil
		},
		free: func(e encoded) {
			for i, part := range e.parts {
				abandon(sealings[i], part)
			}
		},
	}
	defer o.close()
	for {
		e, err := o.take(ctx)
		if err == io.EOF {
			break
		}
		if err != nil {
			return r.at("load", err)
		}
		for i, part := range e.parts {
			if err := sealings[i].Append(ctx, part); err != nil {
				for j := i + 1; j < len(e.parts); j++ {
					abandon(sealings[j], e.parts[j])
				}
				return r.at(r.Loads[i].Name, err)
			}
		}
		r.res.Rows.Sealed += e.rows
		r.groups = append(r.groups, e.sealedGroup)
		g.room.give(e.held)
		if err := keepDisk(r.env.Dir, r.opt.Disk); err != nil {
			return r.at("load", err)
		}
	}
	if err := r.mayClose(rd); err != nil {
		return err
	}
	for i, sl := range sealings {
		sealed, err := sl.Finish(ctx)
		if err != nil {
			return r.at(r.Loads[i].Name, err)
		}
		r.sealed = append(r.sealed, sealed)
	}
	sealings = sealings[:0]
	return nil
}

// mayClose is asked when all rows were seen and before any file is whole. A part
// of the rows that may be rejected is one of those that were read: a filter or
// an aggregate does not make it larger.
func (r *flowRun) mayClose(rd *reading) error {
	if err := r.log.verdict(max(rd.rows, r.log.count)); err != nil {
		return r.at(r.log.listed[0].Step, err)
	}
	if r.res.Rows.Sealed == 0 && r.Privacy != nil && !r.AllowEmpty {
		return r.at("privacy", messages.ZeroRows.With())
	}
	return nil
}

// verify judges every sealed file from its bytes: the rows are those that were
// written, what the format says of itself is true, and the policy holds.
func (r *flowRun) verify(ctx context.Context) error {
	for i, sealed := range r.sealed {
		load := LoadResult{Name: r.Loads[i].Name}
		for _, file := range sealed.Files() {
			info := file.Info()
			load.Files = append(load.Files, info)
			if info.Rows != r.res.Rows.Sealed {
				return r.at(load.Name, messages.RowsDisagree.With("file", info.Name, "got", info.Rows, "wanted", r.res.Rows.Sealed))
			}
			if err := r.prove(ctx, file); err != nil {
				return r.at(load.Name, err)
			}
			if r.opt.Inspect != nil {
				if err := r.opt.Inspect(file); err != nil {
					return r.at(load.Name, err)
				}
			}
		}
		r.res.Loads = append(r.res.Loads, load)
	}
	return nil
}

// publish makes the loads current, in the order of the file. Each is atomic;
// when a later one fails the earlier ones stay, and the error says so.
func (r *flowRun) publish(ctx context.Context) error {
	for i, sealed := range r.sealed {
		m := r.manifest()
		if r.stays != nil {
			m.Stays = r.stays[i].Release
		}
		receipt, err := sealed.Publish(ctx, m)
		if err != nil {
			if i > 0 {
				err = messages.NotPublishedAll.Wrap(err, "load", r.Loads[i].Name)
			}
			return r.at(r.Loads[i].Name, err)
		}
		sort.Strings(receipt.Pending)
		r.res.Loads[i].Release, r.res.Loads[i].Receipt = receipt.Release, &receipt
	}
	return nil
}
