// Package towngen writes testdata/town, the fictional municipality that tests,
// examples and pages share, and what the examples on its people read. Every value is made up from fixed lists, and the
// same bytes come out every time:
//
//	go test ./internal/towngen -update
package towngen
