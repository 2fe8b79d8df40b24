// Package archtest holds the rules of the repository as tests: who may import
// whom, what only the engine may do, what every message and every comment must
// have. Each rule says why it is there; .golangci.yml repeats what an editor
// can show while one types.
package archtest
