// Package file reads and publishes files: a source or a load is a store (where
// bytes are kept) times a format (what they mean). It is the only package of
// the connectors that knows both.
package file
