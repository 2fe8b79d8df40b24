// Package conformance runs the suite of pipelines/pipelinetest over the
// catalogue of connectors, whose packages do not know each other.
package conformance
