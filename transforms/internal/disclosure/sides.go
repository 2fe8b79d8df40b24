package disclosure

// sides is the classes that stay and those that do not, of which the fewer are looked up
// by their keys. Of both it holds no more than the bound, and counts what it does not hold.
type sides struct {
	bound int64 // bytes; 0: none
	words int
	all   bool   // those that stay are held whatever they take
	stay  *table // each with a number from 1 on; nil: they are not held
	fail  *table
	stays int
	fails int
}

func newSides(words int, bound int64, all bool) *sides {
	return &sides{bound: bound, words: words, all: all, stay: newTable(words), fail: newTable(words)}
}

// add takes a class that was not added before.
func (s *sides) add(key []uint64, lost bool) {
	if lost {
		s.fails++
		s.fail = s.put(s.fail, key, 1)
	} else {
		s.stays++
		s.stay = s.put(s.stay, key, uint32(s.stays))
	}
	if s.bound == 0 || s.stay == nil || s.fail == nil || s.stay.bytes()+s.fail.bytes() <= s.bound {
		return
	}
	if s.all || s.fail.bytes() > s.stay.bytes() {
		s.fail = nil
	} else {
		s.stay = nil
	}
}

func (s *sides) put(t *table, key []uint64, n uint32) *table {
	if t == nil {
		return nil
	}
	if t.add(key, n); s.bound > 0 && t.bytes() > s.bound && (t != s.stay || !s.all) {
		return nil
	}
	return t
}

// drops says whether those that do not stay are fewer.
func (s *sides) drops() bool { return s.fails < s.stays }

// fewer is those of which there are fewer; nil where they were let go.
func (s *sides) fewer() *table {
	if s.drops() {
		return s.fail
	}
	return s.stay
}

// again is to take the same classes once more, of which it holds those alone that are
// fewer.
func (s *sides) again() *sides {
	one := &sides{bound: s.bound, words: s.words}
	if s.drops() {
		one.fail = newTable(s.words)
	} else {
		one.stay = newTable(s.words)
	}
	return one
}
