// Package expr compiles HCL expressions over row into operations on whole
// Arrow columns. Nothing is evaluated per row by HCL.
//
// A value is int64, float64, an exact decimal, text, bool, date, timestamp,
// list(text) or null; int32 columns are computed in int64. Null follows SQL: an
// operation on null gives null, && and || are Kleene's, a null condition gives
// null and never the else branch, and only row.a == null, with null written
// out, is a test. A template with a null in it is null. An entry that a map
// does not have, and an element that a list does not have, is null.
//
// What has no value for a row (a division by zero, an overflow, a text that is
// no date) is an error of that row, not null. It passes through every operation
// but those that do not look at it: the branch of a condition that is not
// taken, the right side of && and || where the left decides, the arguments of
// coalesce after the first that is not null, and try(). What is left in the end
// is a Failure, so that the row is rejected and never guessed.
//
// Numbers are exact unless they are float64: + and − have the larger scale, ×
// adds scales, ÷ has scale max(6, s1, s2) and rounds half-up, also of integers,
// and a number written in the expression has its shortest form. A decimal meets
// a float64 only through to_decimal or to_float; a written number takes the
// side of what it meets. An int64 beside a float64 fails where it is not exact.
//
// The package reads no data but the record it is given, and no file.
package expr

import (
	"context"
	"fmt"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/hashicorp/hcl/v2"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Program is a compiled expression. It is immutable and may be shared.
type Program struct {
	root   *node
	slots  int
	fails  []*messages.Error
	full   uint8 // the state of a text that does not fit its batch
	used   []string
	slot   map[string]int // of the values of used
	column int            // of the schema, when the expression is nothing but a column; else -1
	schema *arrow.Schema
	typ    arrow.DataType
}

// Compile type-checks e against the columns of in and compiles it. Parts that
// name no column are evaluated once, here. All mistakes are reported at once,
// each where it stands; a column that in does not have is messages.UnknownColumn.
func Compile(e pipelines.Expression, in *arrow.Schema) (*Program, hcl.Diagnostics) {
	written, diags := native(e.Expression)
	if diags.HasErrors() {
		return nil, pipelines.Coded(diags)
	}
	c := &compiler{values: e.Values, schema: in, used: map[string]*node{}, twins: map[int]*node{}}
	root := c.expr(written)
	if root != nil && root.t.k == kGroup {
		c.report(messages.UnsupportedExpression.With("what", "constants",
			"write", "contains(local.list, row.a), local.map[row.a]"), written.Range())
	}
	if c.slots > maxOperations {
		c.report(messages.ExpressionTooLarge.With("limit", maxOperations), written.Range())
	}
	if c.diags.HasErrors() || root == nil {
		return nil, c.diags
	}
	p := &Program{root: root, slots: c.slots, used: c.columns(), column: -1, schema: in, typ: root.t.arrow()}
	if len(p.used) == 1 && root.konst == nil && root.in == nil {
		p.column = in.FieldIndices(p.used[0])[0]
		p.typ = in.Field(p.column).Type
	}
	p.slot = map[string]int{}
	for name, n := range c.used {
		p.slot[name] = n.slot
	}
	p.full = c.overflow(typ{k: kText})
	p.fails = c.fails
	return p, c.diags
}

// Type is the type of every value; arrow.Null when only null can come out. An
// expression that is nothing but a column has that column's type.
func (p *Program) Type() arrow.DataType { return p.typ }

// Columns are the input columns the expression names, sorted. Its value derives
// from no other, though it may not depend on all of them.
func (p *Program) Columns() []string { return p.used }

// Evaluator evaluates one program; it keeps scratch buffers, and is for one
// goroutine at a time.
type Evaluator struct {
	p     *Program
	mem   memory.Allocator
	frame frame
}

// New makes an evaluator that allocates from mem what it returns.
func (p *Program) New(mem memory.Allocator) *Evaluator {
	return &Evaluator{p: p, mem: mem, frame: frame{vecs: make([]vec, p.slots)}}
}

// block is how many rows are computed at a time: the scratch of a few
// operations stays in the processor's cache.
const block = 1024

// Eval gives one value a row, and the rows that have none because of an error
// (their value is null). The caller releases the array. A context that is done
// is an error, and so is a record that is not of the schema compiled against.
func (ev *Evaluator) Eval(ctx context.Context, in arrow.Record) (arrow.Array, *Failures, error) {
	p := ev.p
	for _, name := range p.used {
		i := p.schema.FieldIndices(name)[0]
		if i >= int(in.NumCols()) || in.ColumnName(i) != name || !arrow.TypeEqual(in.Column(i).DataType(), p.schema.Field(i).Type) {
			return nil, nil, fmt.Errorf("evaluate expression: column %q is not where it was when it was compiled", name)
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	if p.column >= 0 {
		col := in.Column(p.column)
		col.Retain()
		return col, nil, nil
	}
	rows := int(in.NumRows())
	f := &ev.frame
	f.cols = in.Columns()
	out := newOutput(ev.mem, p.root.t, rows, p.full)
	defer out.release()
	for f.off = 0; f.off < rows; f.off += block {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		f.n = min(block, rows-f.off)
		f.block++
		out.add(f.eval(p.root), f.off, f.n)
	}
	f.cols = nil
	return out.array(), out.failures(p.fails), nil
}

// Failures are the rows of one result whose value could not be computed. Nil is none.
type Failures struct {
	rows  []int32
	codes []uint8
	why   []*messages.Error
}

// At is why row i failed, or nil.
func (f *Failures) At(i int) *messages.Error {
	if f == nil {
		return nil
	}
	lo, hi := 0, len(f.rows)
	for lo < hi {
		if mid := (lo + hi) / 2; int(f.rows[mid]) < i {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo == len(f.rows) || int(f.rows[lo]) != i {
		return nil
	}
	return f.why[f.codes[lo]-failed]
}

// Rows are the failed rows in order.
func (f *Failures) Rows() []int32 {
	if f == nil {
		return nil
	}
	return f.rows
}
