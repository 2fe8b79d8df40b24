package privacy_test

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/internal/draws"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
)

var errSpool = errors.New("the disk is gone")

// failing is a spool of which one operation fails, as a disk does, or where something else
// happens then. Its files are said to be full after some batches.
type failing struct {
	pipelines.Spool
	left atomic.Int64 // operations until then
	then func() error
	full int64 // bytes that a file is said to have more
}

func (s *failing) now() error {
	if s.left.Add(-1) == 0 {
		return s.then()
	}
	return nil
}

func (s *failing) Create(schema *arrow.Schema) (pipelines.SpoolFile, error) {
	if err := s.now(); err != nil {
		return nil, err
	}
	f, err := s.Spool.Create(schema)
	if err != nil {
		return nil, err
	}
	return failingFile{f, s}, nil
}

func (s *failing) CreateBytes() (pipelines.SpoolBytes, error) {
	return s.Spool.(pipelines.ByteSpool).CreateBytes()
}

type failingFile struct {
	pipelines.SpoolFile
	*failing
}

func (f failingFile) Bytes() int64 { return f.SpoolFile.Bytes() + f.full }

func (f failingFile) Write(r arrow.Record) error {
	if err := f.now(); err != nil {
		return err
	}
	return f.SpoolFile.Write(r)
}

func (f failingFile) Open() (pipelines.Stream, error) {
	if err := f.now(); err != nil {
		return nil, err
	}
	s, err := f.SpoolFile.Open()
	if err != nil {
		return nil, err
	}
	return pipelines.NewStream(s.Schema(), func(ctx context.Context) (pipelines.Batch, error) {
		if err := f.now(); err != nil {
			return pipelines.Batch{}, err
		}
		return s.Next(ctx)
	}, s.Close), nil
}

// Whatever of the disk fails, and whenever the run is given up, rows that are kept leave
// whole or not at all, and no memory, file or goroutine stays. Rows that are not had again
// are never let go.
func TestKeptRowsWhereTheDiskFails(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	base := pipelinetest.Env(t)
	base.Secrets, base.Memory = secret(strings.Repeat("k", 32)), 1<<30
	bodies, _ := keptBodies()
	met := draws.Of("an error", "no disk", "interrupted", "read again", "no disk, once", "no folder, once", "interrupted, once", "all")
	property := func(r *rapid.T) {
		mem := memory.NewCheckedAllocator(arrowx.Poison{})
		dir, err := os.MkdirTemp(t.TempDir(), "")
		if err != nil {
			r.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		spool := &failing{Spool: pipelines.NewSpool(dir, mem, 0), full: rapid.SampledFrom([]int64{0, 1 << 40}).Draw(r, "full")}
		why := rapid.SampledFrom([]string{"nothing", "an error", "no disk", "no folder", "interrupted"}).Draw(r, "why")
		spool.left.Store(rapid.Int64Range(1, 120).Draw(r, "operation"))
		spool.then = map[string]func() error{
			"nothing":     func() error { return nil },
			"an error":    func() error { return errSpool },
			"no disk":     func() error { return messages.DiskBound.With("bound", pipelines.Size(1)) },
			"no folder":   func() error { return messages.RunFolder.With("folder", filepath.Base(dir)) },
			"interrupted": func() error { cancel(); return nil },
		}[why]
		env := base
		env.Allocator, env.Spool, env.Workers = mem, spool, rapid.IntRange(1, 4).Draw(r, "workers")
		env.Memory = rapid.SampledFrom([]int64{1 << 30, 200_000}).Draw(r, "memory") // or the sort needs the disk too
		body := bodies[rapid.SampledFrom([]string{"pseudonyms", "surrogates", "conditions"}).Draw(r, "policy")]
		once := rapid.Bool().Draw(r, "once") // the rows are not had again
		p, err := policy(t, env, body)
		if err != nil {
			r.Fatal(err)
		}
		seed, order := rapid.Uint64().Draw(r, "seed"), make([]int, 400)
		for i := range order {
			order[i] = i
		}
		rand.New(rand.NewPCG(seed, 1)).Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		d, err := keep(p, motley, motleyRows(seed, order, rapid.IntRange(5, 400).Draw(r, "batch")), env.Workers, once)
		got, ended := 0, false
		if err == nil {
			var out pipelines.Stream
			if out, err = p.(pipelines.Keeper).EmitKept(ctx, d, motley); out == nil && err == nil {
				if once {
					r.Fatal("rows that are not had again were let go")
				}
				met.Meet("read again")
			}
			if out != nil {
				most := rapid.SampledFrom([]int{0, 1, 1000}).Draw(r, "batches taken")
				for range most {
					var b pipelines.Batch
					if b, err = out.Next(ctx); err == io.EOF {
						ended, err = true, nil
						break
					} else if err != nil {
						break
					}
					got += int(b.NumRows())
					b.Release()
				}
				if e := out.Close(); e != nil {
					r.Fatal(e)
				}
			}
			if e := d.(io.Closer).Close(); e != nil {
				r.Fatal(e)
			}
		}
		switch {
		case err != nil && once:
			met.Meet(why + ", once")
		case err != nil:
			met.Meet(why)
		case ended:
			met.Meet("all")
			env.Spool = pipelines.NewSpool(dir, mem, 0)
			whole, err := policy(t, env, body)
			if err != nil {
				r.Fatal(err)
			}
			want := 0
			if d, err = keep(whole, motley, motleyRows(seed, order, 400), 1, false); err != nil {
				r.Fatal(err)
			}
			out, err := whole.(pipelines.Keeper).EmitKept(context.Background(), d, motley)
			if err != nil {
				r.Fatal(err)
			}
			if err := errors.Join(pipelines.Each(context.Background(), out, func(b pipelines.Batch) error {
				want += int(b.NumRows())
				b.Release()
				return nil
			}), out.Close()); err != nil {
				r.Fatal(err)
			}
			if got != want {
				r.Fatalf("%d rows of %d leave", got, want)
			}
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			r.Fatalf("%v: %d files stay", err, len(left))
		}
		if n := mem.CurrentAlloc(); n != 0 {
			r.Fatalf("%d bytes stay", n)
		}
	}
	draws.Check(t, met, property)
}
