// Package privacy holds what protects persons: pseudonyms, and the policy that
// says what leaves. It never says that data are anonymous.
package privacy
