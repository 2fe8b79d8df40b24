// Package rows holds the transforms that choose and order rows. None of them
// changes a value.
package rows
