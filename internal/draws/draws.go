// Package draws checks properties whose draws are of several kinds, each of which must be
// met: of the hundred draws of one check a kind of a few per cent is missed now and then.
package draws

import (
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// enough draws miss a kind of one per cent once in five hundred million times.
const enough = 2000

// Kinds counts the draws of each kind, or what they gave.
type Kinds map[string]*int

// Of are the kinds of these names, of which none was met yet.
func Of(names ...string) Kinds {
	k := make(Kinds, len(names))
	for _, name := range names {
		k[name] = new(int)
	}
	return k
}

// Meet counts one of a kind; one that nobody waits for is counted too.
func (k Kinds) Meet(name string) {
	if k[name] == nil {
		k[name] = new(int)
	}
	*k[name]++
}

func (k Kinds) unmet() (names []string) {
	for _, name := range slices.Sorted(maps.Keys(k)) {
		if *k[name] == 0 {
			names = append(names, name)
		}
	}
	return names
}

// Check is rapid.Check, until each kind was met: a test whose draws never are of one of
// them tests less than it says, and fails. However few checks are asked for, there are
// as many as it takes.
func Check(t *testing.T, kinds Kinds, property func(*rapid.T)) {
	t.Helper()
	drawn := 0
	for drawn == 0 || drawn < enough && len(kinds.unmet()) > 0 {
		rapid.Check(t, func(r *rapid.T) {
			drawn++
			property(r)
		})
	}
	for _, name := range slices.Sorted(maps.Keys(kinds)) {
		t.Logf("%s: %d", name, *kinds[name])
	}
	if unmet := kinds.unmet(); len(unmet) > 0 {
		t.Errorf("in %d draws there was none of: %q", drawn, unmet)
	}
}
