// Package places is transforms about where something is.
package places
