// Package freetext finds what names a person in free text, by rules: numbers that
// carry a key, addresses of all kinds, dates of birth, and names that stand
// after a civility or with a first name. It reads each text once, from left to
// right, looking a bounded way ahead.
//
// No rule proves that nothing is left: names without a civility or a known first
// name, nicknames and descriptions are not found. Text that was redacted is read
// by a person before it is published.
//
// Rules err on the side of taking away too much: the name of a school that is
// called after somebody goes as well.
package freetext
