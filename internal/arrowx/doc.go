// Package arrowx holds what the engine and the components need of Arrow that
// the library does not give: the encrypted spool, digests of rows, taking and
// comparing. It knows nothing of pipelines.
package arrowx
