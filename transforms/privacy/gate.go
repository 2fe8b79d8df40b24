package privacy

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/expr"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/transforms/internal/compute"
)

// Judge reads a sealed file back and proves from its rows that the policy
// holds: no column without a role; every value that a rule masks is what stands
// in its place, wherever the columns of the condition are in the file as they
// were; as many rows, and as many values in clear, as Observe counted. Where
// neither can be had, the verdict is no.
func (t policy) Judge(ctx context.Context, d pipelines.Decision, f pipelines.SealedFile) error {
	in, texts, err := t.openLooked(ctx, f)
	if err != nil {
		return fmt.Errorf("open the sealed file: %w", err)
	}
	defer in.Close()
	counted, _ := d.(*seen)
	file := f.Info().Name
	if err := t.onlyLeaving(in.Schema(), file); err != nil {
		return err
	}
	classes, err := t.recount(in.Schema(), counted, file)
	if err != nil {
		return err
	}
	defer classes.close()
	cells, err := t.clearProof(in.Schema(), file)
	if err != nil {
		return err
	}
	if cells != nil && counted == nil {
		return messages.GateBlind.With("file", file, "column", cells.rules[0].name)
	}
	micro, err := t.microProofs(in.Schema(), counted, file)
	if err != nil {
		return err
	}
	proofs, err := t.shownProofs(in.Schema(), counted, file)
	if err != nil {
		return err
	}
	for _, id := range t.Identifiers {
		p, err := t.proof(id, in.Schema(), counted != nil, file)
		if err != nil {
			return err
		}
		if p != nil {
			if counted != nil && counted.verdict != nil {
				p.most = int64(len(counted.persons))
			}
			if p.clear != nil {
				p.ev = p.clear.New(t.env.Allocator)
			}
			proofs = append(proofs, p)
		}
	}
	classes.readBy(len(texts.by))
	var strange atomic.Bool // some pseudonym is none
	texts.more = func(by int, r arrow.Record) {
		for _, p := range proofs {
			if p.pseudonym != "" && !p.surrogate && !pseudonyms(r.Column(p.index)) {
				strange.Store(true)
			}
		}
		classes.count(by, r)
	}
	rows := int64(0)
	err = pipelines.Each(ctx, in, func(b pipelines.Batch) error {
		defer b.Release()
		texts.add(b.Record)
		for _, p := range proofs {
			if p.pseudonym != "" && !p.surrogate && !strange.Load() {
				continue // its readers looked
			}
			if err := p.look(ctx, b.Record, rows, file); err != nil {
				return err
			}
		}
		if err := cells.look(b.Record, rows, file); err != nil {
			return err
		}
		for _, p := range micro {
			if err := p.look(b.Record, rows, file); err != nil {
				return err
			}
		}
		rows += b.NumRows()
		return classes.passed(b.Record)
	})
	if err == nil && strange.Load() {
		err = messages.GateNoModel.With("file", file) // whoever looked found what nobody sees
	}
	if err == nil {
		err = texts.verdict(file)
	}
	if err != nil || counted == nil {
		return err
	}
	if rows != counted.rows {
		return messages.GateRows.With("file", file, "got", rows, "wanted", counted.rows)
	}
	if classes != nil {
		return classes.proven(ctx, f)
	}
	for _, p := range micro {
		if err := p.proven(file); err != nil {
			return err
		}
	}
	if err := cells.agrees(counted.clear, file); err != nil {
		return err
	}
	for _, p := range proofs {
		if p.shown != counted.clear[p.name] {
			return messages.GateCount.With("file", file, "column", p.name)
		}
	}
	return nil
}

// onlyLeaving refuses a column that the policy does not let out.
func (t policy) onlyLeaving(s *arrow.Schema, file string) error {
	leaves := t.leaving()
	for _, name := range pipelines.Columns(s) {
		if !leaves[name] {
			return messages.GateColumns.With("file", file, "column", name)
		}
	}
	return nil
}

// proof is what is looked at in one column of a file.
type proof struct {
	*rule
	name  string
	index int
	never bool   // in clear
	shape *shape // not nil: what stands for a value is not one text
	most  int64  // the greatest number of a person
	ev    *expr.Evaluator
	shown int64 // values that are not otherwise
}

// proof is how the rule of id can be shown to hold in a file, or nil when the
// file does not have the column.
func (t policy) proof(id identifierConfig, s *arrow.Schema, counted bool, file string) (*proof, error) {
	is := s.FieldIndices(id.Column)
	if id.Action == "drop" || id.open() || len(is) != 1 {
		return nil, nil
	}
	if id.hashed() {
		want := arrow.STRING
		if id.Action == "surrogate" {
			want = arrow.INT64
		}
		if s.Field(is[0]).Type.ID() != want {
			return nil, messages.GateValue.With("file", file, "column", id.Column, "row", 1)
		}
		return &proof{name: id.Column, index: is[0], never: true, rule: &rule{pseudonym: id.form(), surrogate: id.Action == "surrogate"}}, nil
	}
	otherwise, err := id.otherwise(s.Field(is[0]))
	if err != nil {
		return nil, err
	}
	shape := id.shape()
	if shape != nil && s.Field(is[0]).Type.ID() != arrow.STRING {
		return nil, messages.GateValue.With("file", file, "column", id.Column, "row", 1)
	}
	p := &proof{name: id.Column, index: is[0], never: !id.ClearWhen.IsSet(), shape: shape,
		rule: &rule{otherwise: otherwise, key: arrowx.AppendKey(nil, otherwise, 0, false)}}
	if p.never {
		return p, nil
	}
	p.clear, err = compute.Condition("clear_when", id.ClearWhen, s)
	if err != nil || !t.provable(p.clear.Columns(), id.Column) {
		p.clear = nil
		if !counted {
			return nil, messages.GateBlind.With("file", file, "column", id.Column)
		}
	}
	return p, nil
}

// look counts the values of r in clear, and refuses one that must not be.
// before is the number of rows in front of r.
func (p *proof) look(ctx context.Context, r arrow.Record, before int64, file string) error {
	var verdicts arrow.Array
	if p.ev != nil {
		var err error
		if verdicts, _, err = p.ev.Eval(ctx, r); err != nil {
			return err
		}
		defer verdicts.Release()
	}
	if p.surrogate {
		a := r.Column(p.index).(*array.Int64)
		for i := range a.Len() {
			if !a.IsNull(i) && (a.Value(i) < 1 || a.Value(i) > p.most) {
				return messages.GateValue.With("file", file, "column", p.name, "row", before+int64(i)+1)
			}
		}
		return nil
	}
	if p.pseudonym != "" {
		a := r.Column(p.index).(*array.String)
		for i := range a.Len() {
			if !pseudonymous(a.Value(i)) && !a.IsNull(i) {
				return messages.GateValue.With("file", file, "column", p.name, "row", before+int64(i)+1)
			}
		}
		return nil
	}
	if p.shape != nil {
		if i := p.lookAtShape(r.Column(p.index), verdicts); i >= 0 {
			return messages.GateValue.With("file", file, "column", p.name, "row", before+int64(i)+1)
		}
		return nil
	}
	var key []byte
	for i := range int(r.NumRows()) {
		if key = arrowx.AppendKey(key[:0], r.Column(p.index), i, false); string(key) == string(p.key) {
			continue
		}
		if p.never || verdicts != nil && compute.VerdictOf(verdicts, i) != compute.True {
			return messages.GateValue.With("file", file, "column", p.name, "row", before+int64(i)+1)
		}
		p.shown++
	}
	return nil
}
