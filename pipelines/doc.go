// Package pipelines is the contract of lavoir and its engine.
//
// The contract is four small interfaces (Stream, Source, Transform, Sink), the
// optional abilities a component may add to them, and the Env it is built
// with. The engine plans tasks, runs them with bounded memory and disk, and
// publishes what was sealed and verified.
//
// The package knows no component: sources, transforms, formats and stores
// reach it through a Registry. It does not parse pipeline files (hclfile), does
// not print and does not exit (cli).
package pipelines
