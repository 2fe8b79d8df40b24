// Package hclfile turns a folder of .hcl and .hcl.json files into a project.
//
// Reading goes in two steps. Load parses the files, resolves what all pipelines
// share (variables, locals, tenants, secrets, connections) and checks every
// reference by name. Tasks then evaluates one task after the other, and only
// what a task does not share with the one before it.
//
// The package contacts nothing and reads nothing but the project's own files,
// the tenants' tables and, when a secret is revealed, where that secret is kept.
// It never evaluates an expression over row: those go to pipelines/expr as they
// were written.
package hclfile
