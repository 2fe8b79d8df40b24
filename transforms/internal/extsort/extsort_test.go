package extsort_test

import (
	"context"
	"errors"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
	"github.com/lavoir-data/lavoir/transforms/internal/extsort"
)

var schema = arrow.NewSchema([]arrow.Field{{Name: "n", Type: arrow.PrimitiveTypes.Int64, Nullable: true}}, nil)

var errDisk = errors.New("no room on the disk")

// failing is a spool of which one operation fails.
type failing struct {
	pipelines.Spool
	left int
}

func (f *failing) step() error {
	f.left--
	if f.left == 0 {
		return errDisk
	}
	return nil
}

func (f *failing) Create(s *arrow.Schema) (pipelines.SpoolFile, error) {
	if err := f.step(); err != nil {
		return nil, err
	}
	file, err := f.Spool.Create(s)
	return failingFile{file, f}, err
}

type failingFile struct {
	pipelines.SpoolFile
	f *failing
}

func (f failingFile) Write(r arrow.Record) error {
	if err := f.f.step(); err != nil {
		return err
	}
	return f.SpoolFile.Write(r)
}

func (f failingFile) Open() (pipelines.Stream, error) {
	if err := f.f.step(); err != nil {
		return nil, err
	}
	s, err := f.SpoolFile.Open()
	if err != nil {
		return nil, err
	}
	return pipelines.NewStream(s.Schema(), func(ctx context.Context) (pipelines.Batch, error) {
		if err := f.f.step(); err != nil {
			return pipelines.Batch{}, err
		}
		return s.Next(ctx)
	}, s.Close), nil
}

// Whichever operation of the spool fails, the error arrives, and nothing is
// left: pipelinetest.Env sees to memory and files.
func TestAFailingSpoolLeavesNothing(t *testing.T) {
	for k, failed := 1, true; failed; k++ {
		env := pipelinetest.Env(t)
		env.Memory = 1
		env.Spool = &failing{env.Spool, k}
		var recs []arrow.Record
		for i := range 40 {
			b := array.NewInt64Builder(env.Allocator)
			b.AppendValues([]int64{int64(i * 7 % 40), int64(i)}, nil)
			a := b.NewArray()
			b.Release()
			recs = append(recs, array.NewRecord(schema, []arrow.Array{a}, 2))
			a.Release()
		}
		s := extsort.Sort(env, pipelines.Records(schema, recs...), extsort.Order{Columns: []int{0}})
		rows := 0
		err := pipelines.Each(context.Background(), s, func(b pipelines.Batch) error {
			rows += int(b.NumRows())
			b.Release()
			return nil
		})
		failed = err != nil
		if failed && !errors.Is(err, errDisk) {
			t.Errorf("operation %d: %v", k, err)
		}
		if !failed && rows != 80 {
			t.Errorf("%d rows came out", rows)
		}
		if err := s.Close(); err != nil {
			t.Errorf("operation %d: close: %v", k, err)
		}
	}
}
