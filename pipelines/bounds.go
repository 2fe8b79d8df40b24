package pipelines

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"runtime"
	"sync"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// How the memory of a project is shared out. Each task at once has an equal
// part. A quarter of that is for the rows of the groups between the privacy stage
// and the files, held to it by their size; a quarter pays for the workers, each of
// which holds chunks being decoded and the buffers of the encoders, whose sizes are
// fixed; half is for the program itself and for the barriers, which share what it
// leaves them evenly and learn their share from Env.Memory.
// Less memory therefore means fewer workers, then fewer tasks, never other bytes.
const (
	defaultTasks = 2
	taskMemory   = 64 << 20 // the least a task is given, where there is a choice
	workerMemory = 16 << 20
	spareMemory  = 24 << 20 // freed by batches and kept for the next, at most
	groupSpare   = 3 << 20  // of a worker's share for groups, what it does not need for one

	// programMemory is the program's code and what the runtime keeps besides the
	// heap. One aheadPart-th of all is by how much the heap gets ahead of a collector
	// that other programs keep waiting: the runtime's limit is a goal, Memory a bound.
	programMemory = 28 << 20
	aheadPart     = 12
)

// Heap is the limit to set for Go's heap; 0: none.
func (b Bounds) Heap() int64 {
	m := int64(b.Memory)
	return max(m-m/aheadPart-programMemory, m/2)
}

// groups is the memory for the rows of a task's groups; 0: no bound. Were it more
// than a group for each worker, the rows of others would wait there, and the
// collector, with the heap at its limit, would run all the time.
func (b Bounds) groups() int64 {
	quarter := b.task() / 4
	if quarter == 0 || b.Workers < 2 {
		return quarter
	}
	return quarter - int64(b.Workers)*groupSpare
}

// barriers is the memory of all barriers of a task; 0: no bound.
func (b Bounds) barriers() int64 {
	program := (int64(b.Memory) - b.Heap()) / int64(max(1, b.Tasks))
	return max(b.task()-program, b.task()/4) / 2
}

// bounded is the project with the bounds that it leaves to the engine: a worker
// for each processor, two tasks at once but no more than there are, and no more
// than the memory is enough for.
func (p *Project) bounded(tasks int) *Project {
	q := *p
	b := &q.Bounds
	if b.Workers <= 0 {
		b.Workers = runtime.GOMAXPROCS(0)
	}
	if b.Tasks <= 0 {
		b.Tasks = defaultTasks
	}
	b.Tasks = min(b.Tasks, max(1, tasks))
	if b.Memory > 0 {
		b.Tasks = min(b.Tasks, max(1, int(b.Memory/taskMemory)))
		b.Workers = min(b.Workers, max(1, int(b.task()/4/workerMemory)))
	}
	return &q
}

// task is the memory of one task; 0: no bound.
func (b Bounds) task() int64 { return int64(b.Memory) / int64(max(1, b.Tasks)) }

// room is the memory that the rows of groups in flight may take. One goroutine
// takes, any gives back.
type room struct {
	bound int64 // 0: none
	freed chan struct{}

	mu   sync.Mutex
	used int64
}

func newRoom(bound int64) *room { return &room{bound: bound, freed: make(chan struct{}, 1)} }

// take waits until there are n bytes, of which the taker already holds own. When
// nobody else could give any back, the rows of one group are more than fit.
func (r *room) take(ctx context.Context, own, n int64) error {
	for {
		r.mu.Lock()
		if r.bound == 0 || r.used+n <= r.bound {
			r.used += n
			r.mu.Unlock()
			return nil
		}
		alone := r.used == own
		r.mu.Unlock()
		if alone {
			return messages.MemoryBound.With("bound", Size(r.bound))
		}
		select {
		case <-r.freed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (r *room) give(n int64) {
	r.mu.Lock()
	r.used -= n
	r.mu.Unlock()
	select {
	case r.freed <- struct{}{}:
	default:
	}
}

// keepDisk refuses to go on when what a task keeps in its folder, spools and
// files not yet published, is over the bound.
func keepDisk(dir string, bound Size) error {
	if dir == "" || bound <= 0 {
		return nil
	}
	used := Size(0)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		var info fs.FileInfo
		if err == nil && !d.IsDir() {
			info, err = d.Info()
		}
		if path != dir && errors.Is(err, fs.ErrNotExist) {
			return nil // spools come and go while they are counted
		}
		if err == nil && info != nil {
			used += Size(info.Size())
		}
		return err
	})
	if err != nil {
		return messages.RunFolder.Wrap(err, "folder", dir)
	}
	if used > bound {
		return messages.DiskBound.With("bound", bound)
	}
	return nil
}
