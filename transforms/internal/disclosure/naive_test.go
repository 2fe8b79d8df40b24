package disclosure

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strings"

	"pgregory.net/rapid"
)

// town is a random small problem, held as texts, and what simple code makes of it.
type town struct {
	quasi, sensitive [][]string // by column
	together         bool       // sensitive columns are judged with all others as quasi-identifiers
	subjects         []uint64
	persons          bool
	population       [][]string
	paths            []map[string][]string // by column, a value to its labels from level 0 up
	csv              []string
	models           Models
	metric           Metric
	limit            float64
	saPaths          map[string][]string
	saCSV            string
}

func (w *town) rows() int { return len(w.quasi[0]) }

// drawHierarchy makes leaves a, b, c … nested at random under levels, the last *.
func drawHierarchy(t *rapid.T, name string, leaves, levels int) (string, map[string][]string) {
	paths := map[string][]string{}
	groups := make([]int, leaves)
	for i := range groups {
		groups[i] = i
	}
	table := make([][]string, leaves)
	for i := range table {
		table[i] = []string{string(rune('a' + i))}
	}
	for l := 1; l <= levels; l++ {
		become := map[int]int{}
		for i := range groups {
			if _, ok := become[groups[i]]; !ok {
				become[groups[i]] = rapid.IntRange(0, max(0, leaves-l-1)).Draw(t, name+"group")
			}
		}
		for i := range groups {
			groups[i] = become[groups[i]]
			label := fmt.Sprintf("%s%d.%d", name, l, groups[i])
			if l == levels {
				label = Star
			}
			table[i] = append(table[i], label)
		}
	}
	var lines []string
	for _, row := range table {
		paths[row[0]] = row
		lines = append(lines, strings.Join(row, ";"))
	}
	return strings.Join(lines, "\n"), paths
}

func drawTown(t *rapid.T) *town {
	w := &town{metric: Metric(rapid.IntRange(0, 5).Draw(t, "metric"))}
	n := rapid.IntRange(1, 40).Draw(t, "rows")
	d := rapid.IntRange(1, 3).Draw(t, "columns")
	draw := func(leaves int, nulls bool) string {
		v := rapid.IntRange(0, leaves).Draw(t, "value")
		if v == leaves {
			if nulls {
				return null
			}
			v = 0
		}
		return string(rune('a' + v))
	}
	var leaves []int
	nulls := rapid.Bool().Draw(t, "nulls")
	for j := range d {
		k := rapid.IntRange(1, 5).Draw(t, "leaves")
		leaves = append(leaves, k)
		text, paths := drawHierarchy(t, string(rune('A'+j)), k, rapid.IntRange(0, 3).Draw(t, "levels"))
		w.csv, w.paths = append(w.csv, text), append(w.paths, paths)
		w.quasi = append(w.quasi, nil)
		for range n {
			w.quasi[j] = append(w.quasi[j], draw(k, nulls))
		}
	}
	sa := rapid.IntRange(1, 4).Draw(t, "values")
	w.saCSV, w.saPaths = drawHierarchy(t, "S", sa, rapid.IntRange(1, 3).Draw(t, "levels"))
	for range rapid.IntRange(0, 3).Draw(t, "sensitive") {
		var column []string
		for range n {
			column = append(column, draw(sa, nulls))
		}
		w.sensitive = append(w.sensitive, column)
	}
	w.together = rapid.Bool().Draw(t, "together")
	m := &w.models
	m.K = rapid.IntRange(0, 5).Draw(t, "k")
	w.limit = rapid.SampledFrom([]float64{0, 0.1, 0.25, 0.5, 1}).Draw(t, "limit")
	switch rapid.IntRange(0, 5).Draw(t, "kind") {
	case 0:
		for range n {
			w.subjects = append(w.subjects, uint64(rapid.IntRange(1, 12).Draw(t, "subject")))
		}
		m.K = max(m.K, 1)
	case 1:
		m.Wildcard = true
	case 2:
		m.AverageRisk = Ratio{1, uint64(rapid.IntRange(1, 6).Draw(t, "average"))}
	case 3:
		m.KMap = rapid.IntRange(1, 5).Draw(t, "kmap")
		for j := range d {
			w.population = append(w.population, slices.Clone(w.quasi[j]))
		}
		for range rapid.IntRange(0, 20).Draw(t, "others") {
			for j := range d {
				w.population[j] = append(w.population[j], draw(leaves[j], nulls))
			}
		}
	}
	for c := range w.sensitive {
		s := Sensitive{Column: c, NullCounts: rapid.Bool().Draw(t, "sa_null")}
		switch rapid.IntRange(0, 4).Draw(t, "rule") {
		case 0:
			s.Distinct = rapid.IntRange(1, 3).Draw(t, "l")
		case 1:
			s.Entropy = Ratio{uint64(rapid.IntRange(2, 6).Draw(t, "l")), 2}
		case 2:
			s.Recursive = Recursive{Ratio{uint64(rapid.IntRange(1, 6).Draw(t, "c")), 2}, rapid.IntRange(1, 3).Draw(t, "l")}
		case 3:
			s.Closeness = &Closeness{T: Ratio{uint64(rapid.IntRange(0, 10).Draw(t, "t")), 10}, Distance: Distance(rapid.IntRange(0, 2).Draw(t, "distance"))}
		}
		m.Sensitive = append(m.Sensitive, s)
	}
	return w
}

// problem counts the town, cut into batches over workers in an order, under a bound.
func (w *town) problem(t rapidT, order []int, batch, workers int, opts Options) (Problem, *Histogram) {
	shape := Shape{Quasi: make([]string, len(w.quasi)), Sensitive: make([]string, len(w.sensitive)), Population: w.population != nil, Together: w.together}
	if w.subjects != nil {
		shape.Subjects, shape.Persons = w.models.K, w.persons
	}
	h := New(shape, opts)
	var ws []*Worker
	for range workers {
		ws = append(ws, h.Worker())
	}
	for at, turn := 0, 0; at < len(order); at, turn = at+batch, turn+1 {
		part := order[at:min(at+batch, len(order))]
		worker := ws[turn%workers]
		r := Rows{N: len(part)}
		for j := range w.quasi {
			r.Quasi = append(r.Quasi, code(worker.Quasi(j), choose(w.quasi[j], part), at))
		}
		for s := range w.sensitive {
			r.Sensitive = append(r.Sensitive, code(worker.Sensitive(s), choose(w.sensitive[s], part), at))
		}
		if w.subjects != nil {
			r.Subjects = choose(w.subjects, part)
		}
		if err := worker.Add(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	if w.population != nil {
		for at := range w.population[0] {
			worker := ws[at%workers]
			r := Rows{N: 1}
			for j := range w.population {
				r.Quasi = append(r.Quasi, code(worker.Quasi(j), w.population[j][at:at+1], at))
			}
			if err := worker.AddPopulation(t.Context(), r); err != nil {
				t.Fatal(err)
			}
		}
	}
	c, err := h.Finish(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p := Problem{Classes: c, Models: w.models, Metric: w.metric}
	if p.Limit, err = RatioOf(w.limit); err != nil {
		t.Fatal(err)
	}
	for j := range w.quasi {
		p.Quasi = append(p.Quasi, bindText(t, w.csv[j], c.Quasi[j], c.Leaves(j)))
	}
	p.Models.Sensitive = slices.Clone(w.models.Sensitive)
	for i, s := range p.Models.Sensitive {
		if s.Closeness != nil && (s.Closeness.Distance == Hierarchical || s.Closeness.Distance == Ordered && w.rows()%2 == 0) {
			// The order of the hierarchy and that of the bytes are the same here.
			rule := *s.Closeness
			rule.Levels = bindText(t, w.saCSV, c.Sensitive[s.Column], nil)
			p.Models.Sensitive[i].Closeness = &rule
		}
	}
	return p, h
}

// rapidT is a test, of rapid or not.
type rapidT interface {
	Context() context.Context
	Fatal(...any)
}

func bindText(t rapidT, text string, d *Domain, rows []int64) *Levels {
	h, err := ReadCSV("c", strings.NewReader(text), ';')
	if err != nil {
		t.Fatal(err)
	}
	l, err := Bind(h, "c", d, rows)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func choose[T any](column []T, rows []int) []T {
	out := make([]T, len(rows))
	for i, r := range rows {
		out[i] = column[r]
	}
	return out
}

func inOrder(n int) []int {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	return order
}

// general is a value at a level; null stays until * stands for all.
func general(paths map[string][]string, v string, level int) string {
	if level == 0 {
		return v
	}
	if v != null {
		return paths[v][level]
	}
	label := ""
	for _, p := range paths {
		if label != "" && p[level] != label {
			return null
		}
		label = p[level]
	}
	if label != Star {
		return null
	}
	return label
}

func (w *town) generalRows(columns [][]string, levels []int) [][]string {
	rows := make([][]string, len(columns[0]))
	for i := range rows {
		for j := range columns {
			rows[i] = append(rows[i], general(w.paths[j], columns[j][i], levels[j]))
		}
	}
	return rows
}

// kept says, by counting rows against rows, which stay.
func (w *town) kept(levels []int) []bool {
	rows := w.generalRows(w.quasi, levels)
	n := len(rows)
	keep := make([]bool, n)
	classes := map[string][]int{}
	for i, r := range rows {
		key := strings.Join(r, "|")
		classes[key] = append(classes[key], i)
	}
	people := map[string]int{}
	if w.population != nil {
		for _, r := range w.generalRows(w.population, levels) {
			people[strings.Join(r, "|")]++
		}
	}
	for key, class := range classes {
		good := w.models.KMap == 0 || people[key] >= w.models.KMap
		if !w.models.Wildcard {
			count := len(class)
			if w.subjects != nil {
				distinct := map[uint64]bool{}
				for _, i := range class {
					distinct[w.subjects[i]] = true
				}
				count = len(distinct)
			}
			good = good && count >= w.models.K
		}
		for _, s := range w.models.Sensitive {
			good = good && w.naiveModel(s, class)
		}
		for _, i := range class {
			keep[i] = good
		}
	}
	for again := w.models.Wildcard; again; {
		again = false
		next := slices.Clone(keep)
		for i := range rows {
			match := 0
			for o := range rows {
				same := keep[o]
				for j := range rows[i] {
					same = same && (rows[i][j] == rows[o][j] || rows[i][j] == null || rows[o][j] == null)
				}
				if same {
					match++
				}
			}
			if keep[i] && match < w.models.K {
				next[i], again = false, true
			}
		}
		keep = next
	}
	if a := w.models.AverageRisk; a.num > 0 {
		var stay []string
		count := 0
		for key, class := range classes {
			if keep[class[0]] {
				stay = append(stay, key)
				count += len(class)
			}
		}
		slices.SortFunc(stay, func(a, b string) int {
			x, y := rows[classes[a][0]], rows[classes[b][0]]
			return cmp.Or(len(classes[a])-len(classes[b]), slices.CompareFunc(x, y, func(p, q string) int {
				last := strings.NewReplacer(null, "~")
				return strings.Compare(last.Replace(p), last.Replace(q))
			}))
		})
		for len(stay) > 0 && uint64(len(stay))*a.den > a.num*uint64(count) {
			for _, i := range classes[stay[0]] {
				keep[i] = false
			}
			count -= len(classes[stay[0]])
			stay = stay[1:]
		}
	}
	return keep
}

// naiveModel judges a class by a column, in each part of it where the values of all other
// sensitive columns are the same.
func (w *town) naiveModel(s Sensitive, class []int) bool {
	parts := map[string][]int{}
	for _, i := range class {
		others := ""
		for c := range w.sensitive {
			if w.together && c != s.Column {
				others += w.sensitive[c][i] + "|"
			}
		}
		parts[others] = append(parts[others], i)
	}
	for _, part := range parts {
		if !w.naivePart(s, part) {
			return false
		}
	}
	return true
}

func (w *town) naivePart(s Sensitive, class []int) bool {
	column := w.sensitive[s.Column]
	here, all := map[string]int64{}, map[string]int64{}
	for _, v := range column {
		all[v]++
	}
	for _, i := range class {
		here[column[i]]++
	}
	own := map[string]int64{}
	n := int64(0)
	for v, f := range here {
		if v != null || s.NullCounts {
			own[v] = f
			n += f
		}
	}
	if len(own) < s.Distinct {
		return false
	}
	if s.Entropy.num > 0 {
		pow := func(a, b int64) *big.Int { return new(big.Int).Exp(big.NewInt(a), big.NewInt(b), nil) }
		left, right := pow(int64(s.Entropy.num), n), pow(n, n)
		right.Mul(right, pow(int64(s.Entropy.den), n))
		for _, f := range own {
			left.Mul(left, pow(f, f))
		}
		if n == 0 && s.Entropy.num > s.Entropy.den || left.Cmp(right) > 0 {
			return false
		}
	}
	if s.Recursive.L > 0 {
		var counts []int64
		for _, f := range own {
			counts = append(counts, f)
		}
		slices.SortFunc(counts, func(a, b int64) int { return int(b - a) })
		if len(counts) < s.Recursive.L {
			return false
		}
		rest := int64(0)
		for _, f := range counts[s.Recursive.L-1:] {
			rest += f
		}
		if counts[0]*int64(s.Recursive.C.den) >= int64(s.Recursive.C.num)*rest {
			return false
		}
	}
	return s.Closeness == nil || w.naiveDistance(s, here, all, int64(len(class))).Cmp(big.NewRat(int64(s.Closeness.T.num), int64(max(s.Closeness.T.den, 1)))) <= 0
}

func (w *town) naiveDistance(s Sensitive, here, all map[string]int64, n int64) *big.Rat {
	var values []string
	for v := range all {
		values = append(values, v)
	}
	slices.SortFunc(values, func(a, b string) int { // null is the last
		if (a == null) != (b == null) {
			return len(b) - len(a) + map[bool]int{true: 2, false: -2}[a == null]
		}
		return strings.Compare(a, b)
	})
	diff := func(v string) *big.Rat {
		return new(big.Rat).Sub(big.NewRat(here[v], n), big.NewRat(all[v], int64(w.rows())))
	}
	sum := new(big.Rat)
	switch s.Closeness.Distance {
	case Equal:
		for _, v := range values {
			sum.Add(sum, new(big.Rat).Abs(diff(v)))
		}
		return sum.Mul(sum, big.NewRat(1, 2))
	case Ordered:
		so := new(big.Rat)
		for _, v := range values {
			so.Add(so, diff(v))
			sum.Add(sum, new(big.Rat).Abs(so))
		}
		return sum.Quo(sum, big.NewRat(int64(max(len(values)-1, 1)), 1))
	}
	height := 0
	for _, p := range w.saPaths {
		height = len(p) - 1
	}
	// extra(node) level by level, as the paper of t-closeness has it.
	for level := 1; level <= height; level++ {
		over, under := map[string]*big.Rat{}, map[string]*big.Rat{}
		children := map[string]*big.Rat{}
		parent := map[string]string{}
		for _, v := range values {
			child, up := general(w.saPaths, v, level-1), general(w.saPaths, v, level)
			if children[child] == nil {
				children[child] = new(big.Rat)
			}
			children[child].Add(children[child], diff(v))
			parent[child] = up
		}
		for child, extra := range children {
			up := parent[child]
			if over[up] == nil {
				over[up], under[up] = new(big.Rat), new(big.Rat)
			}
			if extra.Sign() > 0 {
				over[up].Add(over[up], extra)
			} else {
				under[up].Sub(under[up], extra)
			}
		}
		for up := range over {
			least := over[up]
			if under[up].Cmp(least) < 0 {
				least = under[up]
			}
			sum.Add(sum, new(big.Rat).Mul(big.NewRat(int64(level), int64(height)), least))
		}
	}
	return sum
}

// naiveScore is the metric by its definition.
func (w *town) naiveScore(levels []int, keep []bool) (score float64, suppressed int64) {
	rows := w.generalRows(w.quasi, levels)
	classes := map[string]int{}
	good := map[string]bool{}
	for i, r := range rows {
		key := strings.Join(r, "|")
		classes[key]++
		good[key] = keep[i]
		if !keep[i] {
			suppressed++
		}
	}
	n := float64(len(rows))
	switch w.metric {
	case Discernibility, MonotoneDiscernibility:
		for key, c := range classes {
			if good[key] || w.metric == MonotoneDiscernibility {
				score += float64(c * c)
			}
		}
		if w.metric == Discernibility {
			score += n * float64(suppressed)
		}
	case ClassSize:
		ok := 0
		for key := range classes {
			if good[key] {
				ok++
			}
		}
		if suppressed > 0 {
			ok++
		}
		score = n / float64(ok)
	case Entropy, SuppressedEntropy:
		for j := range w.quasi {
			leaf, node := map[string]float64{}, map[string]float64{}
			for i, v := range w.quasi[j] {
				leaf[v]++
				node[rows[i][j]]++
			}
			for i, v := range w.quasi[j] {
				score += math.Log2(node[rows[i][j]] / leaf[v])
			}
			gone := map[string]float64{}
			for i, r := range rows {
				if !keep[i] {
					gone[r[j]]++
				}
			}
			for _, c := range gone {
				if w.metric == SuppressedEntropy {
					score += c * math.Log2(float64(suppressed)/c)
				}
			}
		}
	case Loss:
		product := 1.0
		for j := range w.quasi {
			domain := float64(len(w.paths[j]))
			nulls := slices.Contains(w.quasi[j], null) || w.population != nil && slices.Contains(w.population[j], null)
			if nulls {
				domain++
			}
			x := 0.0
			for i, r := range rows {
				share := 0.0
				for leaf := range w.paths[j] {
					if general(w.paths[j], leaf, levels[j]) == r[j] {
						share++
					}
				}
				if nulls && general(w.paths[j], null, levels[j]) == r[j] {
					share++
				}
				if !keep[i] {
					share = domain
				}
				x += share / domain / n
			}
			y := 0.0
			if domain > 1 {
				y = max(0, (x-1/domain)/(1-1/domain))
			}
			product *= y + 1
		}
		score = math.Pow(product, 1/float64(len(w.quasi))) - 1
	}
	return score, suppressed
}

func (w *town) heights() []int {
	var hs []int
	for _, p := range w.paths {
		for _, path := range p {
			hs = append(hs, len(path)-1)
			break
		}
	}
	return hs
}

func everyNode(top []int, visit func(levels []int)) {
	levels := make([]int, len(top))
	for {
		visit(slices.Clone(levels))
		j := len(top) - 1
		for j >= 0 && levels[j] == top[j] {
			levels[j] = 0
			j--
		}
		if j < 0 {
			return
		}
		levels[j]++
	}
}

type candidate struct {
	levels     []int
	score      float64
	suppressed int64
}

// optimum looks at every node.
func (w *town) optimum() (best *candidate) {
	allowed := int64(math.Floor(w.limit*float64(w.rows()) + 1e-9))
	var all []candidate
	everyNode(w.heights(), func(levels []int) {
		score, suppressed := w.naiveScore(levels, w.kept(levels))
		if suppressed <= allowed && suppressed < int64(w.rows()) {
			all = append(all, candidate{levels, score, suppressed})
		}
	})
	if len(all) == 0 {
		return nil
	}
	least := slices.MinFunc(all, func(a, b candidate) int { return cmp.Compare(a.score, b.score) }).score
	all = slices.DeleteFunc(all, func(c candidate) bool { return c.score > least+1e-11*math.Max(1, least) })
	height := func(levels []int) (h int) {
		for _, l := range levels {
			h += l
		}
		return h
	}
	first := slices.MinFunc(all, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.suppressed, b.suppressed), height(a.levels)-height(b.levels), slices.Compare(a.levels, b.levels))
	})
	return &first
}
