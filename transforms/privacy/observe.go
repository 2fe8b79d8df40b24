package privacy

import (
	"cmp"
	"context"
	"sync"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/pipelines"
)

// Observe is Watch on one worker.
func (t policy) Observe(ctx context.Context, in pipelines.Stream) (pipelines.Decision, error) {
	w, err := t.Watch(in.Schema(), 1)
	if err != nil {
		return nil, err
	}
	defer w.Close()
	rows := int64(0)
	err = pipelines.Each(ctx, in, func(b pipelines.Batch) error {
		defer b.Release()
		first := rows
		rows += b.NumRows()
		return w.See(ctx, 0, first, b)
	})
	if err != nil {
		return nil, err
	}
	return w.Decide(ctx)
}

// Watch counts the rows on several workers.
func (t policy) Watch(in *arrow.Schema, workers int) (pipelines.Watch, error) {
	return t.watch(in, workers, nil)
}

// WatchKeeping keeps of the rows what leaves of them, where a model decides which do.
func (t policy) WatchKeeping(in *arrow.Schema, workers int, once bool) (pipelines.Watch, error) {
	p, err := t.plan(in)
	if err != nil {
		return nil, err
	}
	if p.records == nil || t.env.Spool == nil || !p.keeps(once) {
		return nil, nil
	}
	return t.watch(in, workers, p.keeping(t, in, workers, once))
}

// watch looks at the rows, and has those kept that kept is for, unless it is nil.
func (t policy) watch(in *arrow.Schema, workers int, kept *keeping) (pipelines.Watch, error) {
	p, err := t.plan(in)
	if err != nil {
		return nil, err
	}
	opposed, err := t.opposition()
	if err != nil {
		return nil, err
	}
	w := watched{opposed: opposed, objecting: make([]*objecting, workers)}
	for i := range w.objecting {
		w.objecting[i] = t.objecting(opposed)
	}
	if p.records != nil {
		return &watchedRecords{watched: w, counting: t.count(p.records, workers), kept: kept}, nil
	}
	rules := watchedRules{watched: w}
	for range workers {
		rules.by = append(rules.by, watchedRule{p.masking(t.env.Allocator), &seen{clear: map[string]int64{}}})
	}
	if p.clears != nil || len(p.micro) > 0 {
		rules.table = &watchedTable{margins: p.clears.margins(t.env.Memory)}
		for _, g := range p.micro {
			rules.table.near = append(rules.table.near, g.grouper(t, t.env.Memory/2/int64(len(p.micro))))
		}
	}
	return rules, nil
}

// watched is whose rows are not looked at, by worker.
type watched struct {
	opposed   *opposed
	objecting []*objecting
}

// keep gives what is looked at of b, which stays the caller's; the caller releases that too.
func (w watched) keep(ctx context.Context, worker int, b pipelines.Batch) (pipelines.Batch, []int32, error) {
	b.Retain()
	return w.objecting[worker].keep(ctx, b)
}

// watchedRecords is the first pass of a policy with a model.
type watchedRecords struct {
	watched
	*counting
	kept *keeping // nil: rows are not kept
}

func (w *watchedRecords) See(ctx context.Context, worker int, first int64, b pipelines.Batch) error {
	b, kept, err := w.keep(ctx, worker, b)
	if err != nil {
		return err
	}
	defer b.Release()
	c := w.counters[worker]
	if err := c.add(ctx, b.Record, origin{first, kept}); err != nil {
		return err
	}
	return w.kept.add(ctx, worker, b.Record, &c.batch)
}

func (w *watchedRecords) Decide(ctx context.Context) (pipelines.Decision, error) {
	v, err := w.decide(ctx)
	if err != nil {
		return nil, err
	}
	s := &seen{rows: v.kept, verdict: v, opposed: w.opposed}
	if s.waiting, err = w.kept.end(v); err != nil {
		return nil, err
	}
	w.kept = nil
	return s, nil
}

func (w *watchedRecords) Close() error {
	err := w.kept.Close()
	if e := w.histogram.Close(); err == nil {
		err = e
	}
	return err
}

// watchedRules is the first pass of a policy without one, by worker.
type watchedRules struct {
	watched
	by    []watchedRule
	table *watchedTable // nil: no rule looks at rows together
}

// watchedTable is what is looked at of all rows together, by one worker at a time.
type watchedTable struct {
	mu      sync.Mutex
	margins *margins
	near    []grouper
}

func (w *watchedTable) see(r arrow.Record, at origin) error {
	if w == nil {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, g := range w.near {
		if err := g.add(r, at); err != nil {
			return err
		}
	}
	return w.margins.add(r)
}

// decide groups the rows, and refuses a table that would give masked values back.
func (w *watchedTable) decide(ctx context.Context) (all []*means, err error) {
	if w == nil {
		return nil, nil
	}
	for _, g := range w.near {
		m, err := g.decide(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	return all, w.margins.judge()
}

type watchedRule struct {
	m *masking
	d *seen
}

func (w watchedRules) See(ctx context.Context, worker int, first int64, b pipelines.Batch) error {
	b, kept, err := w.keep(ctx, worker, b)
	if err != nil {
		return err
	}
	defer b.Release()
	one := w.by[worker]
	one.d.rows += b.NumRows()
	if err := w.table.see(b.Record, origin{first, kept}); err != nil {
		return err
	}
	return one.m.count(ctx, b.Record, one.d)
}

func (w watchedRules) Decide(ctx context.Context) (pipelines.Decision, error) {
	d := &seen{clear: map[string]int64{}, opposed: w.opposed}
	for _, one := range w.by {
		d.rows += one.d.rows
		for column, n := range one.d.clear {
			d.clear[column] += n
		}
	}
	var err error
	d.means, err = w.table.decide(ctx)
	return d, err
}

func (w watchedRules) Close() error {
	var err error
	if w.table != nil {
		for _, g := range w.table.near {
			err = cmp.Or(err, g.close())
		}
	}
	return err
}
