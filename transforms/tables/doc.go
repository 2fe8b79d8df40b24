// Package tables holds the transforms that combine tables, or turn many rows
// into few.
package tables
