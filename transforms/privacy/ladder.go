package privacy

import "github.com/lavoir-data/lavoir/transforms/internal/disclosure"

// ladder is what the labels of a quasi-identifier become from one level to the next,
// of the values that occur. Labels are "=" and their text; null is "". Two labels on
// it are of values in common only if one of them is above the other, since levels nest.
type ladder struct {
	levels []map[string]string // by level: the label above; of the last one ""
	stars  []bool              // by level: every value is *, and null too
}

func ladderOf(l *disclosure.Levels) ladder {
	var out ladder
	label := func(level, leaf int) string {
		if text, ok := l.Label(level, l.At(level)[leaf]); ok {
			return "=" + text
		}
		return ""
	}
	for level := range l.Height() + 1 {
		above := map[string]string{}
		for leaf := range l.At(level) {
			up := ""
			if level < l.Height() {
				up = label(level+1, leaf)
			}
			above[label(level, leaf)] = up
		}
		_, star := above["="+disclosure.Star]
		out.levels = append(out.levels, above)
		out.stars = append(out.stars, star && level > 0 && len(above) == 1)
	}
	return out
}

// has says whether a label is one of a level. Null is one of every level that does not
// hide all, whether it occurs or not.
func (l ladder) has(level int, label string) bool {
	if label == "" {
		return !l.stars[level]
	}
	_, ok := l.levels[level][label]
	return ok
}

// climb is what a label of one level is at another one above it.
func (l ladder) climb(label string, from, to int) string {
	for ; from < to; from++ {
		if label != "" {
			label = l.levels[from][label]
		} else if l.stars[from+1] {
			label = "=" + disclosure.Star
		}
	}
	return label
}

// related gives, of the labels that stand in a column there and here, what each is at
// the finer level that both releases can be brought to, given the level that was
// chosen here; false when that cannot be told. same says that both were made under one
// policy.
//
// A column of a release is at one level as a whole. Which one it was there is told by
// its labels: one of them is at that level only, or all are at it and, where the policy
// is the same, what is not known of them is then of that level too, and of values that
// no row here has.
func (l ladder) related(there, here []string, level int, same bool) (old, now []string, ok bool) {
	if len(here) == 0 || len(there) == 0 {
		return there, here, true
	}
	if level >= len(l.levels) {
		return nil, nil, false
	}
	for _, label := range here {
		if !l.has(level, label) {
			return nil, nil, false
		}
	}
	unknown := false
	may := make([]int, 0, len(l.levels)) // levels that there may be at
	for at := range l.levels {
		may = append(may, at)
	}
	for _, label := range there {
		var at []int
		for _, m := range may {
			if l.has(m, label) {
				at = append(at, m)
			}
		}
		known := false
		for m := range l.levels {
			known = known || l.has(m, label)
		}
		if known {
			may = at
		} else {
			unknown = true
		}
	}
	sure := same && len(may) == 1
	if unknown && !sure {
		return nil, nil, false
	}
	best := -1 // the nearest: what is at several levels is alike at all of them
	for _, m := range may {
		if best < 0 || abs(m-level) < abs(best-level) {
			best = m
		}
	}
	for _, m := range may {
		if !l.alike(there, min(m, best), max(m, best)) {
			return nil, nil, false
		}
	}
	switch {
	case best < 0:
		return nil, nil, false
	case best == level:
		return there, here, true
	case best > level:
		return there, l.climbed(here, level, best), true
	case unknown:
		return nil, nil, false // what it becomes here is not known
	}
	return l.climbed(there, best, level), here, true
}

// alike says whether labels are of the same values at two levels.
func (l ladder) alike(labels []string, low, high int) bool {
	if low == high || low < 0 {
		return true
	}
	below := map[string]int{} // labels that become one
	for label := range l.levels[low] {
		below[l.climb(label, low, high)]++
	}
	for _, label := range labels {
		if l.climb(label, low, high) != label || below[label] > 1 {
			return false
		}
	}
	return true
}

func (l ladder) climbed(labels []string, from, to int) []string {
	out := make([]string, len(labels))
	for i, label := range labels {
		out[i] = l.climb(label, from, to)
	}
	return out
}

func abs(n int) int { return max(n, -n) }
