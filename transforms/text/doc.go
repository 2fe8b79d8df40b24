// Package text holds the transforms that clean, cut and replace the text of
// columns. They keep the number and order of rows, but for rejects.
package text
