package pipelinetest

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/lavoir-data/lavoir/pipelines"
)

// spool keeps what is written as plain values, so that a component cannot live
// off records it should have released.
type spool struct {
	mem   memory.Allocator
	files []*spoolFile
}

func (s *spool) Create(schema *arrow.Schema) (pipelines.SpoolFile, error) {
	f := &spoolFile{spool: s, schema: schema}
	s.files = append(s.files, f)
	return f, nil
}

func (s *spool) left() error {
	var errs []error
	for i, f := range s.files {
		if !f.closed {
			errs = append(errs, fmt.Errorf("spool file %d was not closed", i+1))
		}
		if f.open != 0 {
			errs = append(errs, fmt.Errorf("%d streams of spool file %d were not closed", f.open, i+1))
		}
	}
	return errors.Join(errs...)
}

type spoolFile struct {
	spool  *spool
	schema *arrow.Schema
	tables []Table
	rows   int64
	open   int
	closed bool
}

func (f *spoolFile) Write(rec arrow.Record) error {
	if f.closed {
		return errors.New("write spool: it is closed")
	}
	if d := diffSchemas(f.schema, rec.Schema()); d != "" {
		return fmt.Errorf("write spool: %s", d)
	}
	t := Table{Schema: f.schema}
	t.Append(rec)
	f.tables, f.rows = append(f.tables, t), f.rows+rec.NumRows()
	return nil
}

func (f *spoolFile) Open() (pipelines.Stream, error) {
	if f.closed {
		return nil, errors.New("open spool: it is closed")
	}
	f.open++
	rest := f.tables
	return pipelines.NewStream(f.schema,
		func(context.Context) (pipelines.Batch, error) {
			if len(rest) == 0 {
				return pipelines.Batch{}, io.EOF
			}
			t := rest[0]
			rest = rest[1:]
			return pipelines.Batch{Record: t.Record(f.spool.mem)}, nil
		},
		func() error { f.open--; return nil }), nil
}

func (f *spoolFile) Rows() int64  { return f.rows }
func (f *spoolFile) Bytes() int64 { return f.rows * int64(f.schema.NumFields()) * 8 }
func (f *spoolFile) Close() error { f.closed = true; return nil }
