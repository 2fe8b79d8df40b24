package pipelines

import (
	"context"
	"iter"
	"sort"
)

// lookahead is how many tasks the pool looks over for one whose connections
// have room.
const lookahead = 256

// all runs the selected tasks, several at once, within the caps of their
// connections and limits groups, and gives the results in the order of the plan.
func (r *run) all(ctx context.Context, sel Selection) []TaskResult {
	next, stop := iter.Pull(func(yield func(Task) bool) { _ = r.Tasks(sel, yield) }) // its mistakes were found by Validate
	defer stop()
	defer r.shared.close()
	p := pool{used: map[string]int{}}
	type ended struct {
		waitingTask
		result *TaskResult // nil: of a reading that tasks wait for
	}
	var (
		done    = make(chan ended)
		running = 0
		count   = 0
		more    = true
		results []ended
	)
	for {
		for more && len(p.waiting) < lookahead && ctx.Err() == nil {
			t, ok := next()
			if more = ok; ok {
				t = r.shared.settled(t)
				p.waiting = append(p.waiting, waitingTask{t, count, r.shared.of(t)})
				count++
			}
		}
		for running < r.Bounds.Tasks && ctx.Err() == nil {
			w, reads, ok := p.take()
			if !ok {
				break
			}
			running++
			r.tell(Event{Task: w.task.ID, Done: len(results)})
			go func() {
				if reads {
					w.shared.read(ctx, r)
					done <- ended{w, nil}
					return
				}
				result := r.task(ctx, w.task, w.shared)
				done <- ended{w, &result}
			}()
		}
		if running == 0 {
			break
		}
		d := <-done
		running--
		if d.result == nil {
			p.give(d.shared.demands)
			d.shared.state = wasRead
			continue
		}
		p.give(demands(d.task))
		if d.shared != nil {
			d.shared.ended()
		}
		results = append(results, d)
		r.tell(Event{Task: d.task.ID, Result: d.result, Done: len(results)})
	}
	sort.Slice(results, func(i, j int) bool { return results[i].n < results[j].n })
	out := make([]TaskResult, len(results))
	for i, d := range results {
		out[i] = *d.result
	}
	return out
}

func (r *run) tell(e Event) {
	if r.opt.Observe != nil {
		r.opt.Observe(e)
	}
}

// pool holds tasks that wait for their connections to have room.
type pool struct {
	waiting []waitingTask
	used    map[string]int // places taken, by name
}

type waitingTask struct {
	task   Task
	n      int
	shared *shared // the source it has in common with others, or nil
}

// take gives the first waiting task that fits, and takes its places. Where it
// needs a source that nobody read yet, reads is true and what is to be done is
// that, within the caps of all that wait for it; the task waits on, as others do
// meanwhile, without a place.
func (p *pool) take() (w waitingTask, reads, ok bool) {
	for i, w := range p.waiting {
		needs := demands(w.task)
		if w.shared != nil && w.shared.state == beingRead {
			continue
		}
		if reads = w.shared != nil && w.shared.state == unread; reads {
			needs = w.shared.demands
		}
		if !p.fits(needs) {
			continue
		}
		for name, d := range needs {
			p.used[name] += d.places
		}
		if reads {
			w.shared.state = beingRead
		} else {
			p.waiting = append(p.waiting[:i:i], p.waiting[i+1:]...)
		}
		return w, reads, true
	}
	return waitingTask{}, false, false
}

func (p *pool) fits(needs map[string]demand) bool {
	for name, d := range needs {
		if p.used[name]+d.places > d.cap {
			return false
		}
	}
	return true
}

func (p *pool) give(needs map[string]demand) {
	for name, d := range needs {
		p.used[name] -= d.places
	}
}

// demand is how many places of a cap a task needs. It is never more than there
// are: a task that no cap has room for is a mistake that loading the project
// finds, and must not wait for ever.
type demand struct{ cap, places int }

// demands are the capped things a task needs places of, each once: as many as
// the connection that takes the most.
func demands(t Task) map[string]demand {
	ds := map[string]demand{}
	need := func(name string, limit, places int) {
		if limit > 0 {
			ds[name] = demand{limit, min(limit, max(1, places, ds[name].places))}
		}
	}
	for _, c := range t.Connections {
		need(c.String(), c.Max, c.Takes)
		if c.Group != "" {
			need("limits."+c.Group, t.Limits[c.Group], c.Takes)
		}
	}
	return ds
}
