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
	p := pool{used: map[string]int{}}
	type numbered struct {
		n      int
		result TaskResult
		task   Task
	}
	var (
		done    = make(chan numbered)
		running = 0
		count   = 0
		more    = true
		results []numbered
	)
	for {
		for more && len(p.waiting) < lookahead && ctx.Err() == nil {
			t, ok := next()
			if more = ok; ok {
				p.add(t, count)
				count++
			}
		}
		for running < r.Bounds.Tasks && ctx.Err() == nil {
			w, ok := p.take()
			if !ok {
				break
			}
			running++
			r.tell(Event{Task: w.task.ID, Done: len(results)})
			go func() {
				done <- numbered{w.n, r.task(ctx, w.task), w.task}
			}()
		}
		if running == 0 {
			break
		}
		d := <-done
		running--
		p.release(d.task)
		results = append(results, d)
		r.tell(Event{Task: d.task.ID, Result: &d.result, Done: len(results)})
	}
	sort.Slice(results, func(i, j int) bool { return results[i].n < results[j].n })
	out := make([]TaskResult, len(results))
	for i, d := range results {
		out[i] = d.result
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
	task Task
	n    int
}

func (p *pool) add(t Task, n int) { p.waiting = append(p.waiting, waitingTask{t, n}) }

// take gives the first waiting task that fits, and takes its places.
func (p *pool) take() (waitingTask, bool) {
	for i, w := range p.waiting {
		if p.fits(w.task) {
			for name := range demands(w.task) {
				p.used[name]++
			}
			p.waiting = append(p.waiting[:i:i], p.waiting[i+1:]...)
			return w, true
		}
	}
	return waitingTask{}, false
}

func (p *pool) fits(t Task) bool {
	for name, limit := range demands(t) {
		if limit > 0 && p.used[name] >= limit {
			return false
		}
	}
	return true
}

func (p *pool) release(t Task) {
	for name := range demands(t) {
		p.used[name]--
	}
}

// demands are the capped things a task needs one place of, each once, with
// their caps.
func demands(t Task) map[string]int {
	d := map[string]int{}
	for _, c := range t.Connections {
		if c.Max > 0 {
			d[c.String()] = c.Max
		}
		if n := t.Limits[c.Group]; c.Group != "" && n > 0 {
			d["limits."+c.Group] = n
		}
	}
	return d
}
