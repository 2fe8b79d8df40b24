package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What may be public of a ward, and what may not be made of it: simple code that shares
// nothing with what is attacked. TestAttackFindsWhatIsWrong shows that each judge finds
// what it is for.

// wrong is what rows of a release show that they may not, or lack.
func (d *ward) wrong(manifest string, header []string, rows [][]string) []string {
	switch d.shape {
	case sums:
		return d.wrongSums(header, rows)
	case means:
		return d.wrongMeans(header, rows)
	case ranges:
		return d.wrongRanges(header, rows)
	}
	columns, want, err := d.optimal(manifest)
	if err != nil {
		return []string{err.Error()}
	}
	if d.shape == numbers {
		var bare [][]string
		for _, row := range rows {
			bare = append(bare, row[1:])
		}
		header, rows = header[1:], bare
	}
	return differs(columns, want, header, rows)
}

func inOrder(rows [][]string) [][]string {
	rows = slices.Clone(rows)
	slices.SortFunc(rows, slices.Compare[[]string])
	return rows
}

func differs(columns []string, want [][]string, header []string, rows [][]string) []string {
	if diff := cmp.Diff(columns, header); diff != "" {
		return []string{"columns\n" + diff}
	}
	if diff := cmp.Diff(inOrder(want), inOrder(rows)); diff != "" {
		return []string{"rows that may be public (-) and are (+)\n" + diff}
	}
	return nil
}

// optimal are the rows that may be public at the levels of a manifest, without the
// numbers of persons.
func (d *ward) optimal(manifest string) (columns []string, rows [][]string, err error) {
	var m manifestOfVictim
	if err := json.Unmarshal([]byte(manifest), &m); err != nil {
		return nil, nil, err
	}
	kept := d.kept()
	if d.shape == ruled {
		columns = []string{"nom", "genre", "libre", "objet"}
		for _, p := range kept {
			name := d.otherwise
			if p.genre == "V1" {
				name = p.nom
			}
			rows = append(rows, []string{name, p.genre, p.libre, p.text.redacted})
		}
		return columns, rows, nil
	}
	level := map[string]string{}
	for _, c := range m.Protection.Columns {
		level[c.Name] = c.Level
	}
	labels := func(p person) []string {
		return []string{d.place(p.lieu, level["lieu"]), d.bandOf(p.taille), period(p.jour, level["jour"]), p.genre}
	}
	key := func(p person) string {
		if level["genre"] == "valeurs masquées" {
			p.genre = "*"
		}
		return strings.Join(labels(p), "\x00")
	}
	people := map[string]int{}
	for _, p := range d.people {
		people[key(p.person)] += p.weight
	}
	classes := make([]string, len(kept))
	stays := make([]bool, len(kept))
	for i, p := range kept {
		if l := labels(p.person); l[0] == "" || l[2] == "" {
			return nil, nil, fmt.Errorf("levels %v", level)
		}
		classes[i], stays[i] = key(p.person), true
	}
	drop := func(bad func(i int) bool) (dropped bool) {
		var gone []int
		for i := range kept {
			if stays[i] && bad(i) {
				gone = append(gone, i)
			}
		}
		for _, i := range gone {
			stays[i] = false
		}
		return len(gone) > 0
	}
	small := func() bool {
		persons, values := map[string]map[string]bool{}, map[string]map[string]bool{}
		for i, p := range kept {
			if !stays[i] {
				continue
			}
			who := strconv.Itoa(i)
			if d.subject {
				who = p.nom
			}
			for of, one := range map[*map[string]map[string]bool]string{&persons: who, &values: p.etat} {
				if (*of)[classes[i]] == nil {
					(*of)[classes[i]] = map[string]bool{}
				}
				if one != "" {
					(*of)[classes[i]][one] = true
				}
			}
		}
		return drop(func(i int) bool {
			c := classes[i]
			if d.shape == mapped {
				return people[c] < d.map_ || d.l > 1 && len(values[c]) < d.l
			}
			return len(persons[c]) < d.k || d.l > 1 && len(values[c]) < d.l
		})
	}
	alone := func() bool {
		of := map[string][]string{}
		for i, p := range kept {
			if stays[i] {
				of[p.nom] = append(of[p.nom], classes[i])
			}
		}
		pattern, persons := map[string]string{}, map[string]int{}
		for who, all := range of {
			slices.Sort(all)
			pattern[who] = strings.Join(all, "\x01")
			persons[pattern[who]]++
		}
		return drop(func(i int) bool { return persons[pattern[kept[i].nom]] < d.k })
	}
	for again := small(); again && d.shape != numbers || d.shape == numbers && alone(); {
		again = small()
	}
	columns = []string{"lieu", "taille", "jour", "genre"}
	if d.l > 1 {
		columns = append(columns, "etat")
	}
	if d.public {
		columns = append(columns, "libre")
	}
	if d.texts {
		columns = append(columns, "objet")
	}
	for i, p := range kept {
		if !stays[i] {
			continue
		}
		row := labels(p.person)
		if level["genre"] == "valeurs masquées" {
			row[3] = "*"
		}
		if d.l > 1 {
			row = append(row, p.etat)
		}
		if d.public {
			row = append(row, p.libre)
		}
		if d.texts {
			row = append(row, p.text.redacted)
		}
		rows = append(rows, row)
	}
	return columns, rows, nil
}

// cellOf is a cell of a table of sums.
type cellOf struct {
	sum int64
	of  map[string]int64 // by person
}

// cellKey is the cell that a row is in.
func (d *ward) cellKey(m member) string {
	if d.crossed {
		return m.zone + "\x00" + m.genre
	}
	return m.zone
}

func (d *ward) cellsOf() map[string]*cellOf {
	cells := map[string]*cellOf{}
	add := func(zone string, m member) {
		m.zone = zone
		key := d.cellKey(m)
		c := cells[key]
		if c == nil {
			c = &cellOf{of: map[string]int64{}}
			cells[key] = c
		}
		c.sum += m.montant
		c.of[m.nom] += m.montant
	}
	for _, m := range d.members {
		add(m.zone, m)
		if d.margin != "" {
			add(d.margin, m)
		}
	}
	return cells
}

// open says whether a cell may be read.
func (c *cellOf) open(least int, share [2]int64) bool {
	if len(c.of) < least {
		return false
	}
	for _, n := range c.of {
		if share[0] > 0 && new(big.Int).Mul(big.NewInt(n), big.NewInt(share[1])).Cmp(new(big.Int).Mul(big.NewInt(c.sum), big.NewInt(share[0]))) > 0 {
			return false
		}
	}
	return true
}

func (d *ward) wrongSums(header []string, rows [][]string) []string {
	columns := []string{"zone", "personnes", "total"}
	if d.crossed {
		columns = []string{"zone", "genre", "personnes", "total"}
	}
	var want [][]string
	for key, c := range d.cellsOf() {
		row := strings.Split(key, "\x00")
		if c.open(d.least, d.share) {
			row = append(row, strconv.Itoa(len(c.of)), strconv.FormatInt(c.sum, 10))
		} else {
			row = append(row, "", "")
		}
		want = append(want, row)
	}
	return differs(columns, want, header, rows)
}

func (d *ward) wrongMeans(header []string, rows [][]string) (found []string) {
	kept := d.kept()
	nulls := func(m member) [2]bool { return [2]bool{m.montant == 0, m.prime == 0} }
	like := map[[2]bool]int{}
	for _, m := range kept {
		like[nulls(m)]++
	}
	var open, got [][]string // what leaves as it is
	var had, has [2]*big.Int
	for c := range had {
		had[c], has[c] = new(big.Int), new(big.Int)
	}
	times := map[int64]int{}
	for _, m := range kept {
		row := []string{m.zone}
		if d.texts {
			row = append(row, m.text.redacted)
		}
		for c, n := range []int64{m.montant, m.prime} {
			shows := n != 0 && like[nulls(m)] >= d.k
			row = append(row, strconv.FormatBool(shows))
			if shows {
				had[c].Add(had[c], big.NewInt(n))
			}
			times[n]++
		}
		open = append(open, row)
	}
	columns := []string{"zone", "montant", "prime"}
	if d.texts {
		columns = append(columns, "objet")
	}
	if diff := cmp.Diff(columns, header); diff != "" {
		return []string{"columns\n" + diff}
	}
	groups := map[string]int{}
	for _, r := range rows {
		row := []string{r[0]}
		if d.texts {
			row = append(row, r[3])
		}
		for c, text := range r[1:3] {
			row = append(row, strconv.FormatBool(text != ""))
			if text == "" {
				continue
			}
			n, err := strconv.ParseInt(text, 10, 64)
			if err != nil {
				return []string{err.Error()}
			}
			has[c].Add(has[c], big.NewInt(n))
			if times[n] > 0 && times[n] < d.k {
				found = append(found, "an amount that fewer than k rows have is published")
			}
		}
		got = append(got, row)
		if r[1]+r[2] != "" {
			groups[r[1]+";"+r[2]]++
		}
	}
	// What of a row leaves as it is goes with a mean, so that which row has which is known
	// of none: only what leaves is compared.
	if diff := cmp.Diff(inOrder(open), inOrder(got)); diff != "" {
		found = append(found, "rows that may be public (-) and are (+), true for what has a mean\n"+diff)
	}
	for _, n := range groups {
		if n < d.k {
			found = append(found, fmt.Sprintf("a mean is of %d rows", n))
		}
	}
	for c := range had {
		if diff := new(big.Int).Sub(had[c], has[c]); diff.CmpAbs(big.NewInt(int64(len(rows)))) > 0 {
			found = append(found, "the means are of other rows than of those that may be public")
		}
	}
	return found
}

// within is a range as it is published of values that are compared as texts of one length.
func within(label string) (from, to string, ok bool) {
	inner, ok := strings.CutPrefix(label, "[")
	inner, closed := strings.CutSuffix(inner, "]")
	from, to, comma := strings.Cut(inner, ", ")
	return from, to, ok && closed && comma
}

func (d *ward) wrongRanges(header []string, rows [][]string) (found []string) {
	columns := []string{"lieu", "taille", "jour", "genre"}
	if d.l > 1 {
		columns = append(columns, "etat")
	}
	if d.texts {
		columns = append(columns, "objet")
	}
	if diff := cmp.Diff(columns, header); diff != "" {
		return []string{"columns\n" + diff}
	}
	kept := d.kept()
	values := func(m member) [2]string {
		return [2]string{strconv.FormatInt(m.taille, 10), m.jour.Format("2006-01-02")}
	}
	in := func(row []string, m member) bool {
		for i, v := range values(m) {
			from, to, ok := within(row[1+i])
			if ok && (v < from || v > to) || !ok && row[1+i] != v && row[1+i] != "*" {
				return false
			}
		}
		place := row[0] == "*"
		for _, level := range []string{"", "niveau 1", "niveau 2"} {
			place = place || d.place(m.lieu, level) == row[0]
		}
		return place && (row[3] == m.genre || row[3] == "*")
	}
	classes := map[string][]int{}
	for i, row := range rows {
		key := strings.Join(row[:4], "\x00")
		classes[key] = append(classes[key], i)
	}
	for _, class := range classes {
		if len(class) < d.k {
			found = append(found, fmt.Sprintf("a group is of %d rows", len(class)))
		}
		etats := map[string]bool{}
		for _, i := range class {
			if d.l > 1 && rows[i][4] != "" {
				etats[rows[i][4]] = true
			}
		}
		if d.l > 1 && len(etats) < d.l {
			found = append(found, fmt.Sprintf("a group has %d values", len(etats)))
		}
		row := rows[class[0]]
		for c := range 2 {
			from, to, ok := within(row[1+c])
			if !ok {
				continue
			}
			for _, edge := range []string{from, to} {
				if !slices.ContainsFunc(kept, func(m member) bool { return values(m)[c] == edge && in(row, m) }) {
					found = append(found, fmt.Sprintf("an end of %s is the value of no row in it", row[1+c]))
				}
			}
		}
	}
	if len(rows) != len(kept) {
		return append(found, fmt.Sprintf("%d rows of %d", len(rows), len(kept)))
	}
	// Each row that may be public is one of those that are.
	of := make([]int, len(rows))
	for i := range of {
		of[i] = -1
	}
	var seat func(m int, tried []bool) bool
	seat = func(m int, tried []bool) bool {
		for i, row := range rows {
			if tried[i] || !in(row, kept[m]) || d.l > 1 && row[4] != kept[m].etat || d.texts && row[len(row)-1] != kept[m].text.redacted {
				continue
			}
			tried[i] = true
			if of[i] < 0 || seat(of[i], tried) {
				of[i] = m
				return true
			}
		}
		return false
	}
	for m := range kept {
		if !seat(m, make([]bool, len(rows))) {
			return append(found, "a row that may be public is in no group")
		}
	}
	return found
}

// may are cells that a release of the present input may show, whatever it decides.
func (d *ward) may() (cells []string) {
	switch d.shape {
	case sums:
		for _, c := range d.cellsOf() {
			if c.open(d.least, d.share) {
				cells = append(cells, strconv.FormatInt(c.sum, 10))
			}
		}
	case means:
		times := map[int64]int{}
		for _, m := range d.kept() {
			times[m.montant]++
			times[m.prime]++
		}
		for n, t := range times {
			if t >= d.k {
				cells = append(cells, strconv.FormatInt(n, 10))
			}
		}
	case ranges:
		for _, m := range d.kept() { // any may be an end of a range
			cells = append(cells, m.lieu, strconv.FormatInt(m.taille, 10), m.jour.Format("2006-01-02"), m.genre)
			if d.l > 1 {
				cells = append(cells, m.etat)
			}
		}
	default:
		for _, levels := range everyLevel {
			if _, rows, err := d.optimal(levels); err == nil {
				for _, row := range rows {
					cells = append(cells, row...)
				}
			}
		}
	}
	return cells
}

// shown is what can be read of a release of sums or means: by cell, or by mean, its
// numbers and of how many rows they are.
type shown map[string]shownCell

type shownCell struct {
	rows   int64
	values []int64
}

func shownIn(t *testing.T, of shape, text string) shown {
	t.Helper()
	all, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || len(all) < 1 {
		t.Fatalf("%d lines of CSV: %v", len(all), err)
	}
	s := shown{}
	for _, row := range all[1:] {
		key, cells := "", row[1:3]
		if of == sums {
			key, cells = strings.Join(row[:len(row)-2], "\x00"), row[len(row)-1:]
		}
		var values []int64
		for _, cell := range cells {
			n, _ := strconv.ParseInt(cell, 10, 64)
			values = append(values, n)
		}
		if of == means {
			key = fmt.Sprint(values)
		}
		if !slices.ContainsFunc(values, func(n int64) bool { return n != 0 }) {
			continue
		}
		s[key] = shownCell{s[key].rows + 1, values}
	}
	return s
}

// subtracted are the amounts that come out where the sums of a release are added to and
// subtracted from each other, or the changes of cells between two releases are added up.
func subtracted(releases []shown, amounts map[int64]string) (tried int64, found []string) {
	known := map[int64]bool{0: true}
	for _, r := range releases {
		for _, c := range r {
			known[c.values[0]] = true
		}
	}
	seen := map[string]bool{}
	try := func(n int64, how string) {
		tried++
		n = max(n, -n)
		if what, ok := amounts[n]; ok && !known[n] && !seen[what+how] {
			seen[what+how] = true
			found = append(found, what+" is "+how)
		}
	}
	var combine func(values []int64, n int64, signs []int64, how string)
	combine = func(values []int64, n int64, signs []int64, how string) {
		if len(values) == 0 {
			try(n, how)
			return
		}
		for _, s := range signs {
			combine(values[1:], n+s*values[0], signs, how)
		}
	}
	for i, a := range releases {
		var own []int64
		for _, key := range slices.Sorted(maps.Keys(a)) {
			own = append(own, a[key].values[0])
		}
		if len(own) > 9 {
			slices.SortFunc(own, func(x, y int64) int { return int(max(-1, min(1, y-x))) })
			own = own[:9] // a total is among the greatest
		}
		combine(own, 0, []int64{0, 1, -1}, "a sum of sums of one release")
		for _, b := range releases[:i] {
			var changes []int64
			for key, c := range a {
				if before, ok := b[key]; ok && before.values[0] != c.values[0] {
					changes = append(changes, c.values[0]-before.values[0])
				}
			}
			combine(changes[:min(len(changes), 12)], 0, []int64{0, 1}, "what changed between two releases")
		}
	}
	return tried, found
}

// unmixed are the amounts that come out where a mean, as often as it stands there, is
// taken away from another one of any release, or all of one release from all of another.
func unmixed(releases []shown, amounts map[int64]string) (tried int64, found []string) {
	sorted := slices.Sorted(maps.Keys(amounts))
	known := map[int64]bool{}
	for _, r := range releases {
		for _, c := range r {
			for _, n := range c.values {
				known[n] = true
			}
		}
	}
	seen := map[string]bool{}
	try := func(n, off int64, how string) {
		tried++
		n = max(n, -n)
		at, _ := slices.BinarySearch(sorted, n-off)
		if at < len(sorted) && sorted[at] <= n+off && n > off && !known[sorted[at]] && !seen[how] {
			seen[how] = true
			found = append(found, amounts[sorted[at]]+" is "+how)
		}
	}
	all := func(r shown, c int) (sum, rows int64) {
		for _, g := range r {
			if g.values[c] != 0 {
				sum, rows = sum+g.rows*g.values[c], rows+g.rows
			}
		}
		return sum, rows
	}
	for i, a := range releases {
		for _, b := range releases[:i+1] {
			for c := range 2 {
				sumA, rowsA := all(a, c)
				sumB, rowsB := all(b, c)
				try(sumA-sumB, (rowsA+rowsB)/2+1, "what all rows of two releases differ by")
				for _, x := range a {
					for _, y := range b {
						try(x.rows*x.values[c]-y.rows*y.values[c], (x.rows+y.rows)/2+1, "what the rows of two means differ by")
					}
				}
			}
		}
	}
	return tried, found
}

// telling is what numbers that stand for persons tell of an order: of that of the
// source, of names, or of the release before. It counts pairs of persons who come in both
// orders alike, which of drawn numbers are about half.
type telling struct {
	mu    sync.Mutex
	alike map[string]float64 // by order: pairs alike less pairs that are not
	noise map[string]float64 // what that varies by, squared
	same  float64            // persons who have the number they had
	by    float64            // of how many that may be so by chance
	pairs int64
	last  map[string]map[string]int // by ward, the number of each row
	wrong []string
}

func (t *telling) release(d *ward, header []string, rows [][]string) {
	libre := slices.Index(header, "libre")
	number := map[string]int{} // of rows
	for _, row := range rows {
		n, err := strconv.Atoi(row[0])
		if err != nil {
			t.wrong = append(t.wrong, d.name+": a number that is none")
			return
		}
		number[row[libre]] = n
	}
	t.judge(d.name, d.kept(), number)
}

// judge takes the numbers of rows that leave, by what tells rows apart.
func (t *telling) judge(name string, members []member, number map[string]int) {
	of := map[string]int{} // number of each person
	var persons []member   // in the order of the source
	for _, m := range members {
		n, ok := number[m.libre]
		if before, twice := of[m.nom]; twice && ok && before != n {
			t.wrong = append(t.wrong, name+": one person has two numbers")
		} else if ok && !twice {
			persons = append(persons, m)
			of[m.nom] = n
		}
	}
	all := slices.Sorted(maps.Values(of))
	for i, n := range all {
		if n != i+1 {
			t.wrong = append(t.wrong, fmt.Sprintf("%s: the numbers of %d persons are not 1 to %[2]d: others are told to be gone", name, len(all)))
			break
		}
	}
	t.order("the source", persons, of)
	t.order("names", slices.SortedFunc(slices.Values(persons), func(a, b member) int { return strings.Compare(a.nom, b.nom) }), of)
	t.order("references", slices.SortedFunc(slices.Values(persons), func(a, b member) int { return int(max(-1, min(1, a.ref-b.ref))) }), of)
	if before := t.last[name]; before != nil {
		var again []member
		for _, m := range persons {
			if n, ok := before[m.libre]; ok {
				again = append(again, m)
				t.by += 1 / float64(len(of))
				if n == of[m.nom] {
					t.same++
				}
			}
		}
		slices.SortStableFunc(again, func(a, b member) int { return before[a.libre] - before[b.libre] })
		t.order("the release before", again, of)
	}
	if t.last == nil {
		t.last = map[string]map[string]int{}
	}
	t.last[name] = number
}

func (t *telling) order(what string, persons []member, of map[string]int) {
	if t.alike == nil {
		t.alike, t.noise = map[string]float64{}, map[string]float64{}
	}
	for i := range persons {
		for _, p := range persons[:i] {
			t.pairs++
			if of[p.nom] < of[persons[i].nom] {
				t.alike[what]++
			} else {
				t.alike[what]--
			}
		}
	}
	n := float64(len(persons))
	t.noise[what] += n * (n - 1) * (2*n + 5) / 18
}

func (t *telling) add(other *telling) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.alike == nil {
		t.alike, t.noise = map[string]float64{}, map[string]float64{}
	}
	for what, n := range other.alike {
		t.alike[what] += n
		t.noise[what] += other.noise[what]
	}
	t.same, t.by, t.pairs, t.wrong = t.same+other.same, t.by+other.by, t.pairs+other.pairs, append(t.wrong, other.wrong...)
}

// found is what chance would show once in a hundred million times.
func (t *telling) found() []string {
	found := t.wrong
	for _, what := range slices.Sorted(maps.Keys(t.alike)) {
		if noise := math.Sqrt(t.noise[what]); math.Abs(t.alike[what]) > 6*noise && noise > 0 {
			found = append(found, "the numbers tell the order of "+what)
		}
	}
	if t.same > t.by+6*math.Sqrt(t.by)+5 {
		found = append(found, fmt.Sprintf("%g persons have the number they had, by chance about %g", t.same, t.by))
	}
	return found
}

// passage is the column of what texts say of persons.
const passage = "passage"

// passages is a text in which persons are named.
type passages struct {
	form              int
	written, redacted string
	hidden            []string
}

// canaryWord is a word as of a name, which nobody has.
func canaryWord(r *rand.Rand) string {
	const open, closed = "bcdfgjklmnprtvz", "aeiou"
	b := make([]byte, 14)
	for i := range b {
		if b[i] = open[r.IntN(len(open))]; i%2 == 1 {
			b[i] = closed[r.IntN(len(closed))]
		}
	}
	return strings.ToUpper(string(b[:1])) + string(b[1:])
}

func digitsOf(r *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = '0' + byte(r.IntN(10))
	}
	return string(b)
}

func somePhone(r *rand.Rand) string {
	d := digitsOf(r, 8)
	sep := []string{" ", ".", ""}[r.IntN(3)]
	return strings.Join([]string{[]string{"02", "06"}[r.IntN(2)], d[:2], d[2:4], d[4:6], d[6:]}, sep)
}

func someNIR(r *rand.Rand) string {
	n := fmt.Sprintf("%d%s%02d%02d%03d%s", 1+r.IntN(2), digitsOf(r, 2), 1+r.IntN(12), 21+r.IntN(70), 1+r.IntN(900), "0"+digitsOf(r, 2))
	body, _ := strconv.ParseInt(n, 10, 64)
	key := fmt.Sprintf("%02d", 97-body%97)
	if r.IntN(2) == 0 {
		return n + key
	}
	return strings.Join([]string{n[:1], n[1:3], n[3:5], n[5:7], n[7:10], n[10:], key}, " ")
}

func someIBAN(r *rand.Rand) string {
	account := digitsOf(r, 23)
	whole, _ := new(big.Int).SetString(account+"152700", 10)
	return fmt.Sprintf("FR%02d", 98-new(big.Int).Mod(whole, big.NewInt(97)).Int64()) + account
}

const formsOfPassages = 9

func (d *ward) somePassages(r *rand.Rand) passages {
	return passages{form: r.IntN(formsOfPassages)}.other(r, d.term)
}

// other is a text of the same form that names others.
func (p passages) other(r *rand.Rand, term string) passages {
	fill := func(written, redacted string, hidden ...string) passages {
		all := make([]any, len(hidden))
		for i, h := range hidden {
			all[i] = h
		}
		return passages{p.form, fmt.Sprintf(written, all...), redacted, hidden}
	}
	switch p.form {
	case 0:
		return fill("Demande de Mme %s, %s", "Demande de Mme [nom], [téléphone]", canaryWord(r), somePhone(r))
	case 1:
		return fill("Numéro %s", "Numéro [numéro de sécurité sociale]", someNIR(r))
	case 2:
		return fill("écrire à %s", "écrire à [courriel]", strings.ToLower(canary(r))+"@val-fleuri.example")
	case 3:
		return fill("né le %s", "né le [date]", fmt.Sprintf("%02d/%02d/18%s", 1+r.IntN(28), 1+r.IntN(12), "8"+digitsOf(r, 1)))
	case 4:
		return fill("compte %s", "compte [iban]", someIBAN(r))
	case 5:
		return fill("habite 12 rue %s", "habite [adresse]", canaryWord(r))
	case 6:
		return fill("vu par M. %s", "vu par M. [nom]", strings.ToUpper(canaryWord(r)))
	case 7:
		p.written, p.redacted, p.hidden = "près de "+strings.ToLower(term), "près de [terme]", []string{term}
		return p
	}
	p.written, p.redacted = "travaux de voirie", "travaux de voirie"
	return p
}
