package privacy

import (
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/zeebo/xxh3"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

type clearConfig struct {
	Column      string  `hcl:"column,label"`
	Subject     string  `hcl:"subject" doc:"The subject of the aggregate that made the column: what it wrote beside it, <column>.<subject>.subjects and <column>.<subject>.share, is what the rule judges. Those columns need no role, and do not leave."`
	Preset      string  `hcl:"preset,optional" doc:"Thresholds that statistical secrecy has: insee_business, of at least 3 and none with more than 0.85; dgfip_persons, of at least 11 and none with more than 0.85. min_subjects and max_share may ask for more." values:"insee_business|dgfip_persons"`
	MinSubjects int     `hcl:"min_subjects,optional" doc:"Of how many subjects a value must be at least."`
	MaxShare    float64 `hcl:"max_share,optional" doc:"The greatest part of the value that one subject may have, from 0 to 1; it is not judged unless given."`
}

type threshold struct {
	subjects int
	share    float64
}

var presets = map[string]threshold{
	"insee_business": {3, 0.85},
	"dgfip_persons":  {11, 0.85},
}

func (c clearConfig) Validate() error {
	wrong := func(argument, why string) error {
		return pipelines.At(argument, messages.WrongClear.With("column", c.Column, "why", why))
	}
	p, preset := presets[c.Preset]
	switch {
	case !preset && c.MinSubjects < 2:
		return wrong("min_subjects", "min_subjects below 2")
	case c.MaxShare < 0 || c.MaxShare > 1:
		return wrong("max_share", "max_share that is not from 0 to 1")
	case preset && (c.MinSubjects != 0 && c.MinSubjects < p.subjects || c.MaxShare > p.share):
		return wrong("preset", "less than the preset asks for")
	}
	return nil
}

// companion is the column that an aggregate wrote beside the one of the rule.
func (c clearConfig) companion(what string) string { return c.Column + "." + c.Subject + "." + what }

// threshold is what a value must keep; a share of 0 is not judged.
func (c clearConfig) threshold() threshold {
	t := presets[c.Preset]
	t.subjects = max(t.subjects, c.MinSubjects)
	if c.MaxShare > 0 {
		t.share = c.MaxShare
	}
	return t
}

// clears are the rules of a policy by which aggregates lose their mark, for one schema.
// The values of a row that have a rule leave together or not at all: the sums of a row
// may be sums of each other.
type clears struct {
	rules []cleared
	keys  []int // columns that tell rows apart
}

type cleared struct {
	name            string
	index           int
	float           bool
	subjects, share int // share -1: not judged
	least           int64
	most            *big.Rat
}

func (t policy) clears(in *arrow.Schema) (*clears, error) {
	if len(t.Clears) == 0 {
		return nil, nil
	}
	c := &clears{}
	for _, rule := range t.Clears {
		i, err := pipelines.ColumnIndex(in, rule.Column)
		if err != nil {
			return nil, err
		}
		companion := func(what string, id arrow.Type) (int, error) {
			is := in.FieldIndices(rule.companion(what))
			if len(is) != 1 || in.Field(is[0]).Type.ID() != id {
				return 0, messages.NoCounts.With("column", rule.Column, "subject", rule.Subject, "what", what)
			}
			return is[0], nil
		}
		want := rule.threshold()
		r := cleared{name: rule.Column, index: i, float: in.Field(i).Type.ID() == arrow.FLOAT64, share: -1, least: int64(want.subjects)}
		if r.subjects, err = companion("subjects", arrow.INT64); err != nil {
			return nil, err
		}
		if want.share > 0 {
			r.most, _ = new(big.Rat).SetString(strconv.FormatFloat(want.share, 'f', -1, 64))
			if r.share, err = companion("share", arrow.DECIMAL128); err != nil {
				return nil, err
			}
		}
		c.rules = append(c.rules, r)
	}
	c.keys = t.keys(in)
	return c, nil
}

// keys are the columns that leave as they are and may tell rows of a table apart.
func (t policy) keys(s *arrow.Schema) []int {
	var keys []int
	for i, f := range s.Fields() {
		if slices.Contains(t.Public, f.Name) && arrowx.Keyed(f.Type) && f.Type.ID() != arrow.FLOAT64 && f.Type.ID() != arrow.DECIMAL128 {
			keys = append(keys, i)
		}
	}
	return keys
}

// holds says whether the rule holds for value i of a row.
func (r *cleared) holds(rec arrow.Record, i int) bool {
	subjects := rec.Column(r.subjects).(*array.Int64)
	if subjects.IsNull(i) || subjects.Value(i) < r.least {
		return false
	}
	if r.share < 0 {
		return true
	}
	a := rec.Column(r.share).(*array.Decimal128)
	if a.IsNull(i) {
		return false
	}
	scale := a.DataType().(*arrow.Decimal128Type).Scale
	share := new(big.Rat).SetFrac(a.Value(i).BigInt(), new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil))
	return share.Cmp(r.most) <= 0
}

// rows says for each row whether its values may be read: all rules hold.
func (c *clears) rows(rec arrow.Record) []bool {
	may := make([]bool, rec.NumRows())
	for i := range may {
		may[i] = !slices.ContainsFunc(c.rules, func(r cleared) bool { return !r.holds(rec, i) })
	}
	return may
}

// margins looks for what gives masked values back: a row that is the total of others,
// among which there are masked ones. Until tables have secondary suppression, either
// leaves the other's place empty.
type margins struct {
	*clears
	bound  int64 // bytes; 0: none
	held   int64
	hidden bool // some row has no value
	total  bool // some row with values is a total by its keys
	lines  []map[xxh3.Uint128]*line
	key    []byte
}

// line is rows that agree in all keys but one.
type line struct {
	rows   int
	hidden bool
	sum    *big.Rat // of all values, masked ones included
	most   *big.Rat // the value farthest from 0 that may be read
}

const lineCost = 320

// margins is nil without rules.
func (c *clears) margins(bound int64) *margins {
	if c == nil {
		return nil
	}
	m := &margins{clears: c, bound: bound}
	for range max(1, len(c.keys)) * len(c.rules) {
		m.lines = append(m.lines, map[xxh3.Uint128]*line{})
	}
	return m
}

// totals are words that total rows have in the place of a key.
var totals = []string{"*", "total", "totaux", "ensemble", "tous", "toutes", "tout", "somme", "sous-total", "all"}

// isTotal says whether a key of row i tells that the row is a total.
func isTotal(rec arrow.Record, keys []int, i int) bool {
	for _, k := range keys {
		a := rec.Column(k)
		if arrowx.IsNull(a, i) {
			return true
		}
		if s, ok := a.(*array.String); ok {
			if words := strings.Fields(strings.ToLower(s.Value(i))); len(words) == 0 || slices.Contains(totals, words[0]) {
				return true
			}
		}
	}
	return false
}

// add looks at rows.
func (m *margins) add(rec arrow.Record) error {
	if m == nil {
		return nil
	}
	for i, yes := range m.clears.rows(rec) {
		shows := false
		for _, r := range m.rules {
			shows = shows || yes && !rec.Column(r.index).IsNull(i)
		}
		if !shows {
			m.hidden = true
		} else if isTotal(rec, m.keys, i) {
			m.total = true
		}
		if err := m.count(rec, i, shows); err != nil {
			return err
		}
	}
	return nil
}

// count adds a row to the lines that it is in.
func (m *margins) count(rec arrow.Record, i int, shows bool) error {
	for k := range max(1, len(m.keys)) {
		m.key = m.key[:0]
		for j, at := range m.keys {
			if j != k {
				m.key = arrowx.AppendKey(m.key, rec.Column(at), i, false)
			}
		}
		hash := xxh3.Hash128(m.key)
		for r, rule := range m.rules {
			x, ok := valueOf(rec.Column(rule.index), i)
			if !ok {
				continue
			}
			lines := m.lines[k*len(m.rules)+r]
			l := lines[hash]
			if l == nil {
				if m.held += lineCost; m.bound > 0 && m.held > m.bound {
					return messages.TooManyClasses.With("bound", m.bound)
				}
				l = &line{sum: new(big.Rat), most: new(big.Rat)}
				lines[hash] = l
			}
			l.rows++
			l.hidden = l.hidden || !shows
			l.sum.Add(l.sum, x)
			if shows && new(big.Rat).Abs(x).Cmp(new(big.Rat).Abs(l.most)) > 0 {
				l.most = x
			}
		}
	}
	return nil
}

// valueOf is a number; false when it is none.
func valueOf(a arrow.Array, i int) (*big.Rat, bool) {
	if a.IsNull(i) {
		return nil, false
	}
	switch a := a.(type) {
	case *array.Int32:
		return new(big.Rat).SetInt64(int64(a.Value(i))), true
	case *array.Int64:
		return new(big.Rat).SetInt64(a.Value(i)), true
	case *array.Decimal128:
		return new(big.Rat).SetInt(a.Value(i).BigInt()), true
	case *array.Float64:
		if x := a.Value(i); !math.IsNaN(x) && !math.IsInf(x, 0) {
			return new(big.Rat).SetFloat64(x), true
		}
	}
	return nil, false
}

// judge refuses a table of which totals would give masked values back.
func (m *margins) judge() error {
	if m == nil {
		return nil
	}
	if m.hidden && m.total {
		return messages.MarginShown.With()
	}
	for n, lines := range m.lines {
		for _, l := range lines {
			if l.rows < 2 || !l.hidden || l.most.Sign() == 0 {
				continue
			}
			rule, rest := m.rules[n%len(m.rules)], new(big.Rat).Sub(l.sum, l.most)
			if rest.Cmp(l.most) == 0 || rule.float && nearly(rest, l.most) {
				return messages.LineShown.With("column", rule.name)
			}
		}
	}
	return nil
}

// nearly says whether floats that were summed in another order may be one sum.
func nearly(a, b *big.Rat) bool {
	x, _ := a.Float64()
	y, _ := b.Float64()
	return math.Abs(x-y) <= 1e-12*math.Abs(y)
}

// clearProof is what a file shows of the rules: how many values may be read, and that no
// total stands beside masked ones.
type clearProof struct {
	rules  []proved
	keys   []int
	hidden bool
	total  bool
}

type proved struct {
	name     string
	index    int
	subjects int // column that has how many there are; -1: the file has none
	least    int64
	shown    int64
}

// clearProof is nil for a policy without such rules.
func (t policy) clearProof(s *arrow.Schema, file string) (*clearProof, error) {
	if len(t.Clears) == 0 {
		return nil, nil
	}
	p := &clearProof{keys: t.keys(s)}
	for _, rule := range t.Clears {
		is := s.FieldIndices(rule.Column)
		if len(is) != 1 {
			return nil, messages.GateMissing.With("file", file, "column", rule.Column)
		}
		r := proved{name: rule.Column, index: is[0], subjects: -1, least: int64(rule.threshold().subjects)}
		if is := s.FieldIndices(rule.companion("subjects")); len(is) == 1 && s.Field(is[0]).Type.ID() == arrow.INT64 {
			r.subjects = is[0]
		}
		p.rules = append(p.rules, r)
	}
	return p, nil
}

// look refuses a value of too few subjects, and a total beside a masked row. before is
// the number of rows in front of rec.
func (p *clearProof) look(rec arrow.Record, before int64, file string) error {
	if p == nil {
		return nil
	}
	for i := range int(rec.NumRows()) {
		shows := false
		for n := range p.rules {
			r := &p.rules[n]
			if rec.Column(r.index).IsNull(i) {
				continue
			}
			shows = true
			r.shown++
			if r.subjects < 0 {
				continue
			}
			if a := rec.Column(r.subjects).(*array.Int64); a.IsNull(i) || a.Value(i) < r.least {
				return messages.GateValue.With("file", file, "column", r.name, "row", before+int64(i)+1)
			}
		}
		if !shows {
			p.hidden = true
		} else if isTotal(rec, p.keys, i) {
			p.total = true
		}
	}
	if p.hidden && p.total {
		return messages.GateMargin.With("file", file)
	}
	return nil
}

// agrees compares with what the first pass counted.
func (p *clearProof) agrees(counted map[string]int64, file string) error {
	if p == nil {
		return nil
	}
	for _, r := range p.rules {
		if r.shown != counted[r.name] {
			return messages.GateCount.With("file", file, "column", r.name)
		}
	}
	return nil
}
