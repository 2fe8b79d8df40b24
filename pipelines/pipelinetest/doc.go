// Package pipelinetest is the conformance suite that every component of lavoir
// passes, and every component of a third party can.
//
// A transform is held to the whole contract by its examples alone:
//
//	func TestConformance(t *testing.T) {
//		reg, err := pipelines.NewRegistry([]pipelines.Component{Initials})
//		if err != nil {
//			t.Fatal(err)
//		}
//		pipelinetest.Transform(t, reg, Initials, os.DirFS("examples"))
//	}
//
// An example is a txtar archive named after the component (initials.txtar,
// initials_empty.txtar): some prose, pipeline.hcl with the block, in.csv, and
// want.csv or want.err. The suite checks that it gives what it wants, and then
// uses its rows to try everything else: other cuts, other types, other values,
// failures, cancellation, memory.
//
// Every check is a subtest whose name says what must hold; invariants are
// cited by the number they have in the design.
package pipelinetest
