package expr

import (
	"github.com/apache/arrow/go/v15/arrow"
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// node is a typed operation on whole blocks of rows.
type node struct {
	t      typ
	at     hcl.Range
	in     []*node
	slot   int       // its vec in the frame
	konst  *vec      // the value, when it is the same for every row
	free   bool      // a number without a type of its own: it takes that of what it meets
	null   bool      // written as null
	asks   bool      // what comes in chooses among constants
	narrow *node     // the same value as kSmall
	group  cty.Value // of kind kGroup
	run    func(f *frame, n *node) *vec
}

// frame is one block of rows under evaluation. Every node has its own vec, so
// nothing is allocated from block to block.
type frame struct {
	cols  []arrow.Array
	off   int    // of the block in the record
	n     int    // rows in the block
	block uint64 // counts the blocks, from 1
	vecs  []vec
}

func (f *frame) eval(n *node) *vec {
	if n.konst != nil {
		return n.konst
	}
	return n.run(f, n)
}

// kernel computes out for all rows from inputs, where at least one is no
// constant. The states are merged already; it may add to them.
type kernel func(n int, out *vec, in []*vec)

// strict is an operation that has no value where an input has none.
func strict(k kernel) func(*frame, *node) *vec {
	return func(f *frame, n *node) *vec { return f.apply(n, k, true) }
}

// lax is an operation that decides about null itself.
func lax(k kernel) func(*frame, *node) *vec {
	return func(f *frame, n *node) *vec { return f.apply(n, k, false) }
}

func (f *frame) apply(n *node, k kernel, merge bool) *vec {
	out := &f.vecs[n.slot]
	in := out.in[:0]
	for _, x := range n.in {
		in = append(in, f.eval(x))
	}
	out.in, out.state = in, nil
	rows := f.n
	if out.konst = allConst(in); out.konst { // as a branch that was taken as a whole may be
		rows = 1
	}
	if merge {
		out.merge(rows, in...)
	}
	out.size(n.t.k, rows)
	k(rows, out, in)
	return out
}

func allConst(in []*vec) bool {
	for _, v := range in {
		if !v.konst {
			return false
		}
	}
	return true
}
