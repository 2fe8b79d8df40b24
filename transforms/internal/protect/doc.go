// Package protect makes values say less: pseudonyms and numbers in place of
// identifiers, masks, and generalisations in steps that nest. Its functions take
// values and give values; they know no policy, count no classes, and decide
// nothing about what may leave. What they make of a value depends on that value
// and their configuration alone, never on other rows or their order. Each does
// its work once for a value however often a batch holds it.
//
// Null stays null everywhere: which class it falls in is the caller's rule.
package protect
