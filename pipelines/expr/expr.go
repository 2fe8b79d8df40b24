// Package expr compiles HCL expressions over row into operations on whole
// Arrow columns. Nothing is evaluated per row.
package expr

import (
	"context"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/hashicorp/hcl/v2"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Program is a compiled expression. It is immutable.
type Program struct{}

// Compile type-checks e against the columns of in and compiles it. Parts that
// name no column are evaluated once, here. All mistakes are reported at once.
func Compile(e pipelines.Expression, in *arrow.Schema) (*Program, hcl.Diagnostics) { panic("expr") }

// Type is the type of every value; arrow.Null when only null can come out.
func (p *Program) Type() arrow.DataType { panic("expr") }

// Columns are the input columns the value derives from, sorted.
func (p *Program) Columns() []string { panic("expr") }

// Evaluator evaluates one program; it keeps scratch buffers, and is for one
// goroutine at a time.
type Evaluator struct{}

// New makes an evaluator that allocates from mem.
func (p *Program) New(mem memory.Allocator) *Evaluator { panic("expr") }

// Eval gives one value a row, and the rows that have none because of an error
// (their value is null). The caller releases the array. A context that is done
// is the only error.
func (ev *Evaluator) Eval(ctx context.Context, in arrow.Record) (arrow.Array, *Failures, error) {
	panic("expr")
}

// Failures are the rows of one result whose value could not be computed. Nil is none.
type Failures struct{}

// At is why row i failed, or nil.
func (f *Failures) At(i int) *messages.Error { panic("expr") }

// Rows are the failed rows in order.
func (f *Failures) Rows() []int32 { panic("expr") }
