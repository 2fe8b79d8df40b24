package pipelinetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/ipc"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// outcome is all that a stream gave until its end or its error.
type outcome struct {
	table   Table
	places  []pipelines.Place
	rejects []pipelines.Reject
	batches int
	err     error  // what ended it, if not io.EOF
	broken  error  // of the contract, on the way
	bytes   []byte // of the batches in Arrow IPC
}

// drain reads s to its end. It does not close it.
func drain(ctx context.Context, s pipelines.Stream) outcome {
	o := outcome{table: Table{Schema: s.Schema()}}
	var buf bytes.Buffer
	w := ipc.NewWriter(&buf, ipc.WithSchema(s.Schema()))
	for {
		b, err := s.Next(ctx)
		if err != nil {
			if err != io.EOF {
				o.err = err
			}
			o.broken = errors.Join(o.broken, again(ctx, s, err), w.Close())
			o.bytes = buf.Bytes()
			return o
		}
		o.add(b)
		if o.broken == nil {
			o.broken = w.Write(b.Record)
		}
		b.Release()
	}
}

// again asks once more after the end: it must come again.
func again(ctx context.Context, s pipelines.Stream, err error) error {
	b, e := s.Next(ctx)
	if e == nil {
		b.Release()
		return fmt.Errorf("after %v the stream gave a batch", err)
	}
	if (e == io.EOF) != (err == io.EOF) {
		return fmt.Errorf("after %v, asked again, the stream said %v", err, e)
	}
	return nil
}

func (o *outcome) add(b pipelines.Batch) {
	o.batches++
	if d := diffSchemas(o.table.Schema, b.Schema()); d != "" {
		o.broken = errors.Join(o.broken, fmt.Errorf("batch %d has not the schema of its stream: %s", o.batches, d))
		return
	}
	if b.Places.Lines != nil && int64(len(b.Places.Lines)) != b.NumRows() {
		o.broken = errors.Join(o.broken, fmt.Errorf("batch %d has %d rows and %d places", o.batches, b.NumRows(), len(b.Places.Lines)))
		return
	}
	o.table.Append(b.Record)
	for i := range int(b.NumRows()) {
		o.places = append(o.places, b.Places.At(i))
	}
	for _, r := range b.Rejects {
		if r.Why == nil || r.Why.Class != messages.Row {
			o.broken = errors.Join(o.broken, fmt.Errorf("a reject of batch %d has no reason of class Row", o.batches))
			continue
		}
		o.rejects = append(o.rejects, r)
	}
}

// rejectTexts are one line a reject: place, column, code and reason.
func (o *outcome) rejectTexts() []string {
	var ts []string
	for _, r := range o.rejects {
		ts = append(ts, fmt.Sprintf("%s:%d %s %s", r.Input, r.Line, r.Column, r.Why.Error()))
	}
	return ts
}

// differs says how b differs from o in anything a user could see.
func (o *outcome) differs(b outcome) error {
	if o.err != nil || b.err != nil {
		if errorText(o.err) != errorText(b.err) {
			return fmt.Errorf("the error differs: %s / %s", errorText(o.err), errorText(b.err))
		}
		return nil // which rows came before an error may depend on the cut
	}
	if d := Diff(o.table, b.table); d != "" {
		return errors.New(d)
	}
	if !slices.Equal(o.places, b.places) {
		return fmt.Errorf("the places of rows differ: %v / %v", o.places, b.places)
	}
	if w, g := o.rejectTexts(), b.rejectTexts(); !slices.Equal(w, g) {
		return fmt.Errorf("rejects differ:\n- %s\n+ %s", strings.Join(w, "\n- "), strings.Join(g, "\n+ "))
	}
	return nil
}

func errorText(err error) string {
	if err == nil {
		return "none"
	}
	if codes := codesOf(err); codes != nil {
		return strings.Join(codes, " ")
	}
	return err.Error()
}

// vocabulary says whether a stream may have such columns.
func vocabulary(s *arrow.Schema) error {
	var errs []error
	seen := map[string]bool{}
	for _, f := range s.Fields() {
		if seen[f.Name] {
			errs = append(errs, fmt.Errorf("two columns are named %q", f.Name))
		}
		seen[f.Name] = true
		if !f.Nullable {
			errs = append(errs, fmt.Errorf("column %q is not nullable", f.Name))
		}
		switch f.Type.ID() {
		case arrow.BOOL, arrow.INT32, arrow.INT64, arrow.FLOAT64, arrow.DECIMAL128, arrow.DATE32, arrow.STRING, arrow.BINARY, arrow.NULL:
			continue
		case arrow.TIMESTAMP:
			if arrow.TypeEqual(f.Type, pipelines.Instant) {
				continue
			}
		case arrow.LIST:
			if f.Type.(*arrow.ListType).Elem().ID() == arrow.STRING {
				continue
			}
		case arrow.STRUCT:
			if arrow.TypeEqual(f.Type, pipelines.BBox) {
				continue
			}
		}
		errs = append(errs, fmt.Errorf("column %q is %s, which no stream may have", f.Name, f.Type))
	}
	return errors.Join(errs...)
}
