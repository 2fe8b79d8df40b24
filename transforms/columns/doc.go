// Package columns holds the transforms that choose, name and compute columns.
// None of them adds, drops or reorders rows, but for rows that cannot be
// computed exactly: those are rejected.
package columns
