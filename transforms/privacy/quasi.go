package privacy

import (
	"slices"
	"sync"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"

	"github.com/lavoir-data/lavoir/internal/scalar"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/transforms/internal/convert"
	"github.com/lavoir-data/lavoir/transforms/internal/disclosure"
	"github.com/lavoir-data/lavoir/transforms/internal/protect"
)

type quasiConfig struct {
	Column        string                `hcl:"column,label"`
	Bands         []string              `hcl:"bands,optional" doc:"Bounds of ranges of numbers, rising: each is the first number of its range. Above them the ranges are joined two by two, level by level."`
	Steps         []string              `hcl:"steps,optional" doc:"Widths of ranges of numbers, level by level; each is a multiple of the one before."`
	Snap          []string              `hcl:"snap,optional" doc:"Sizes of the cells in whose middle coordinates are put, level by level; each is a multiple of the one before."`
	Top           string                `hcl:"top,optional" doc:"The number from which all are one value: the last bound of bands, or a level of its own."`
	Bottom        string                `hcl:"bottom,optional" doc:"The number up to which all are one value: with bands the first bound, below which all are."`
	Period        string                `hcl:"period,optional" doc:"What dates are brought to first; the longer periods are the levels above." values:"month|quarter|year"`
	Zone          string                `hcl:"zone,optional" doc:"The time zone whose calendar instants are read in, with period."`
	AgeAt         string                `hcl:"age_at,optional" doc:"A date (2024-01-01) at which dates of birth become ages; with bands, then ranges of ages."`
	Hierarchy     []string              `hcl:"hierarchy,optional" doc:"Names of levels of codes: commune, departement, region for places; classe, groupe, division, section for activities (NAF)."`
	HierarchyFile pipelines.ProjectFile `hcl:"hierarchy_file,optional" doc:"A file of the project with the values and what they become, level by level: .csv (UTF-8, value;level 1;level 2;…;*) or .hrc (a code a line, one @ for each depth)."`
	PostcodeFile  pipelines.ProjectFile `hcl:"postcode_file,optional" doc:"With hierarchy of postcodes: a file of the project with a line postcode;INSEE code of a commune for each commune that a postcode serves (the two columns of La Poste's table). Postcodes then have a level commune, and those that it does not know are refused."`
	Squares       string                `hcl:"squares,optional" doc:"The least squares that names of squares of the INSEE grid (as transform \"square\" makes them) are brought to: 200m, then 1km; or 1km." values:"200m|1km"`
	Round         string                `hcl:"round,optional" doc:"What numbers are rounded to the nearest multiple of; it has no levels above but *."`
	ShowFirst     int                   `hcl:"show_first,optional" doc:"How many first characters of a text are shown, with *** for the rest; where fewer letters and digits would be hidden than characters are shown, *** stands alone."`
	ShowLast      int                   `hcl:"show_last,optional" doc:"How many last characters of a text are shown; it goes with show_first."`
	Code          string                `hcl:"code,optional" doc:"Which codes of places: postcode, the default, whose digits tell the département, or insee." values:"postcode|insee"`
	MinLevel      int                   `hcl:"min_level,optional" doc:"The least level: 1 is the first above the values themselves."`
	MaxLevel      int                   `hcl:"max_level,optional" doc:"The greatest level; without one, after all others, every value becomes *."`
}

func (q quasiConfig) Validate() error {
	kinds := 0
	for _, given := range []bool{len(q.Bands) > 0 && q.AgeAt == "", len(q.Steps) > 0, len(q.Snap) > 0, q.Period != "", q.AgeAt != "", len(q.Hierarchy) > 0, q.HierarchyFile != "", q.Squares != "", q.Round != "", q.ShowFirst != 0 || q.ShowLast != 0} {
		if given {
			kinds++
		}
	}
	limits := q.Top != "" || q.Bottom != ""
	bad := func(argument, why string) error {
		return pipelines.At(argument, messages.WrongQuasi.With("column", q.Column, "why", why))
	}
	switch {
	case kinds > 1:
		return messages.WrongQuasi.With("column", q.Column, "why", "several ways to generalise")
	case limits && (len(q.Steps) > 0 || len(q.Snap) > 0 || q.Period != "" || len(q.Hierarchy) > 0 || q.HierarchyFile != "" || q.Squares != "" || q.Round != "" || q.ShowFirst != 0 || q.ShowLast != 0):
		return bad("top", "top or bottom with what has no bounds")
	case q.Zone != "" && q.Period == "":
		return bad("zone", "zone without period")
	case q.Code != "" && len(q.Hierarchy) == 0:
		return bad("code", "code without hierarchy")
	case q.PostcodeFile != "" && (len(q.Hierarchy) == 0 || q.Code == "insee"):
		return bad("postcode_file", "postcode_file without hierarchy of postcodes")
	case q.ShowFirst < 0:
		return bad("show_first", "fewer characters than none")
	case q.ShowLast < 0:
		return bad("show_last", "fewer characters than none")
	case q.MinLevel < 0:
		return bad("min_level", "a level below 0, which is the value itself")
	case q.MaxLevel < 0 || q.MaxLevel > 0 && q.MaxLevel < q.MinLevel:
		return bad("max_level", "max_level below min_level")
	case kinds == 0 && !limits && (q.MinLevel > 0 || q.MaxLevel > 0):
		return bad("max_level", "levels without a way to generalise")
	}
	return q.boundsMistake()
}

// levels is how the values of a quasi-identifier are generalised.
type levels struct {
	how  protect.Generalisation // nil: not at all
	min  int                    // of those of how, counted from 1; 0: the value itself
	most int                    // the last level of how that may leave
	star bool                   // every value may become *
	file *disclosure.File       // that how is of; nil: of none
}

// generalised says whether a column leaves as the labels of levels, which are text.
func (l levels) generalised() bool { return l.how != nil }

func (q quasiConfig) levels(t arrow.DataType, file *disclosure.File, postcodes *protect.PostcodeTable) (levels, error) {
	if file != nil {
		return q.between(levels{how: leaves{file}, star: file.Hides(), file: file})
	}
	how, err := q.how(t, postcodes)
	if err != nil || how == nil {
		return levels{}, err
	}
	return q.between(levels{how: how, star: true})
}

// between is l from the least level of the policy to the greatest.
func (q quasiConfig) between(l levels) (levels, error) {
	l.min, l.most = q.MinLevel, len(l.how.Levels())
	last := l.most
	if l.star {
		last++
	}
	if over := max(q.MinLevel, q.MaxLevel); over > last {
		argument := "min_level"
		if over > q.MinLevel {
			argument = "max_level"
		}
		return levels{}, pipelines.At(argument, messages.NoSuchLevel.With("column", q.Column, "level", over, "most", last))
	}
	if q.MaxLevel > 0 {
		l.star = q.MaxLevel > l.most
		l.most = min(l.most, q.MaxLevel)
	}
	return l, nil
}

func (q quasiConfig) how(t arrow.DataType, postcodes *protect.PostcodeTable) (protect.Generalisation, error) {
	switch {
	case q.AgeAt != "":
		d, err := scalar.DateFormat{}.Parse([]byte(q.AgeAt))
		if err != nil {
			return nil, messages.NoReferenceDate.With()
		}
		ends, bands, e := q.bands()
		if e != nil {
			return nil, e
		}
		return protect.NewAges(t, d, ends, bands...)
	case len(q.Bands) > 0:
		ends, bands, err := q.bands()
		if err != nil {
			return nil, err
		}
		return protect.NewBands(t, ends, bands...)
	case len(q.Steps) > 0:
		widths, err := q.numbers(q.Steps)
		if err != nil {
			return nil, err
		}
		return protect.NewSteps(t, widths...)
	case len(q.Snap) > 0:
		sizes, err := q.numbers(q.Snap)
		if err != nil {
			return nil, err
		}
		return protect.NewSnap(t, sizes...)
	case q.Period != "":
		return protect.NewDates(t, q.Zone, protect.Period(q.Period))
	case q.Top != "" || q.Bottom != "":
		top, err := q.number(q.Top)
		if err != nil {
			return nil, err
		}
		bottom, err := q.number(q.Bottom)
		if err != nil {
			return nil, err
		}
		return protect.NewLimits(t, bottom, top)
	case len(q.Hierarchy) > 0:
		return q.places(t, postcodes)
	case q.ShowFirst != 0 || q.ShowLast != 0:
		return newShown(t, q.ShowFirst, q.ShowLast)
	case q.Squares != "":
		return protect.NewSquareNames(t, squareSizes[q.Squares])
	case q.Round != "":
		base, err := q.number(q.Round)
		if err != nil {
			return nil, err
		}
		return protect.NewRounding(t, *base)
	}
	return nil, nil
}

// bands are the levels of the bands of the policy: top and bottom are bounds with
// everything beyond them.
func (q quasiConfig) bands() (protect.Ends, [][]protect.Number, error) {
	if len(q.Bands) == 0 {
		return protect.Ends{}, nil, nil
	}
	bounds, err := q.numbers(q.Bands)
	if err != nil {
		return protect.Ends{}, nil, err
	}
	ends := protect.Ends{Below: q.Bottom != "", Above: q.Top != ""}
	all := [][]protect.Number{bounds}
	for next := protect.JoinNeighbours(bounds, ends); next != nil; next = protect.JoinNeighbours(next, ends) {
		all = append(all, next)
	}
	return ends, all, nil
}

func (q quasiConfig) number(text string) (*protect.Number, error) {
	if text == "" {
		return nil, nil
	}
	n, ok := protect.ParseNumber(text)
	if !ok {
		return nil, messages.WrongQuasi.With("column", q.Column, "why", "a bound that is no number")
	}
	return &n, nil
}

func (q quasiConfig) numbers(texts []string) ([]protect.Number, error) {
	var all []protect.Number
	for _, t := range texts {
		n, err := q.number(t)
		if err != nil {
			return nil, err
		}
		if n == nil {
			return nil, messages.WrongQuasi.With("column", q.Column, "why", "a bound that is no number")
		}
		all = append(all, *n)
	}
	return all, nil
}

// squareSizes are sides of squares in metres.
var squareSizes = map[string]int{"200m": 200, "1km": 1000}

// hierarchyNames are the names of levels as protect tells them, by that of the policy.
var hierarchyNames = map[string]string{
	"commune": "commune", "departement": "département", "region": "région",
	"classe": "classe", "groupe": "groupe", "division": "division", "section": "section",
}

// places are the levels of codes that the policy names, which are those from one on.
func (q quasiConfig) places(t arrow.DataType, postcodes *protect.PostcodeTable) (protect.Generalisation, error) {
	var all protect.Generalisation
	var err error
	switch first := q.Hierarchy[0]; {
	case first == "classe" || first == "groupe" || first == "division" || first == "section":
		all, err = protect.NewNAF(t)
	case q.Code == "insee":
		all, err = protect.NewCommunes(t)
	default:
		all, err = protect.NewPostcodes(t, postcodes)
	}
	if err != nil {
		return nil, err
	}
	c := chosen{Generalisation: all}
	names := all.Levels()
	for _, wanted := range q.Hierarchy {
		at := -1
		for i, name := range names {
			if name == hierarchyNames[wanted] && (len(c.at) == 0 || i > c.at[len(c.at)-1]) {
				at = i
			}
		}
		if at < 0 {
			return nil, pipelines.At("hierarchy", messages.NoSuchHierarchy.With("column", q.Column, "level", wanted))
		}
		c.at = append(c.at, at)
	}
	return c, nil
}

// chosen is some levels of a generalisation.
type chosen struct {
	protect.Generalisation
	at []int
}

func (c chosen) Levels() []string { return c.pick(nil, c.Generalisation.Levels()) }

func (c chosen) pick(dst, from []string) []string {
	for _, i := range c.at {
		dst = append(dst, from[i])
	}
	return dst
}

func (c chosen) Labels(dst []string, a arrow.Array, i int) ([]string, bool) {
	all, ok := c.Generalisation.Labels(nil, a, i)
	if !ok {
		return dst, false
	}
	return c.pick(dst, all), true
}

// coder turns the values of one column into codes, for all workers. What is counted of
// a value is what leaves of it at least: with a least level, its label there.
type coder struct {
	levels
	mu      sync.Mutex
	labels  map[string][]string // by what is counted: what it is at the levels above
	outside map[string]bool     // values that have no labels
	held    int64               // bytes of outside, about
	splits  bool                // two values with one label at the least level have several above it
	lacking int64               // rows with such a value
	first   int64               // of them
}

func newCoder(l levels) *coder {
	return &coder{levels: l, labels: map[string][]string{}, outside: map[string]bool{}}
}

// textOf writes values, two equal ones alike.
func textOf(a arrow.Array) func(dst []byte, i int) []byte {
	if f, ok := a.(*array.Float64); ok {
		return func(dst []byte, i int) []byte { return append(dst, disclosure.Float(f.Value(i))...) }
	}
	return convert.Text(a)
}

// codes gives the numbers of the values of a, which were met in the rows that at tells.
// It puts them into dst where that has room.
func (c *coder) codes(dst []uint32, m *memo, d *disclosure.Dictionary, a arrow.Array, at origin) []uint32 {
	dst = slices.Grow(dst[:0], a.Len())[:a.Len()]
	m.codes(dst, a,
		func(i int) uint32 { return d.Null(at.row(i)) },
		func(i int) uint32 { return c.met(d, a, i, at.row(i)) })
	if m.lacks {
		c.lack(dst, at)
	}
	return dst
}

// met gives the number of value i of a, met in a row.
func (c *coder) met(d *disclosure.Dictionary, a arrow.Array, i int, row int64) uint32 {
	counted, above, ok := c.counted(a, i)
	c.mu.Lock()
	defer c.mu.Unlock()
	if !ok {
		if written := string(textOf(a)(nil, i)); !c.outside[written] {
			c.outside[written] = true
			c.held += int64(len(written)) + valueCost
		}
		return lacking
	}
	if was, known := c.labels[counted]; !known && c.how != nil {
		c.labels[counted] = above
	} else if !slices.Equal(was, above) {
		c.splits = true
	}
	return d.Code([]byte(counted), row)
}

// lack counts the rows whose values have no labels; they are null in what is counted,
// which nobody looks at.
func (c *coder) lack(codes []uint32, at origin) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, code := range codes {
		if code != lacking {
			continue
		}
		codes[i] = disclosure.Null
		if row := at.row(i); c.lacking == 0 || row < c.first {
			c.first = row
		}
		c.lacking++
	}
}

// bytes is what values without labels hold.
func (c *coder) bytes() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.held
}

// valueCost is what a map holds of a value besides its text.
const valueCost = 48

// counted gives what is counted of value i of a, and what that is generalised to; false
// when it has no label, and must not leave.
func (l levels) counted(a arrow.Array, i int) (string, []string, bool) {
	if l.how == nil {
		return string(textOf(a)(nil, i)), nil, true
	}
	labels, ok := l.how.Labels(nil, a, i)
	if !ok {
		return "", nil, false
	}
	above := labels[min(l.min, l.most):l.most]
	switch {
	case l.min > l.most:
		return disclosure.Star, above, true
	case l.min > 0:
		return labels[l.min-1], above, true
	}
	return string(textOf(a)(nil, i)), above, true
}

// complete refuses values that have no label, and labels that do not nest.
func (c *coder) complete(column string) error {
	if c.splits {
		return messages.StepsSplit.With("column", column, "level", c.min+1, "below", c.min)
	}
	if c.lacking == 0 {
		return nil
	}
	return messages.HierarchyLacks.With("column", column, "values", len(c.outside), "rows", c.lacking, "row", c.first+1)
}

// bind gives what disclosure control may generalise the values that occur to. A
// file has a say in what a level loses by the values that do not occur, as long as
// its own values are counted.
func (c *coder) bind(column string, d *disclosure.Domain, rows []int64, local bool) (*disclosure.Levels, error) {
	if local && c.how == nil { // every value may become *
		return disclosure.Bind(disclosure.Functions(func(string, string) (string, bool) { return disclosure.Star, true }), column, d, rows)
	}
	if c.file == nil || c.min > 0 {
		return disclosure.Bind(c.hierarchy(), column, d, rows)
	}
	l, err := disclosure.Bind(c.file, column, d, rows)
	if err != nil {
		return nil, err
	}
	height := c.most
	if c.star {
		height++
	}
	return l.Upto(height), nil
}

// hierarchy is what disclosure control may generalise what is counted to.
func (c *coder) hierarchy() disclosure.Hierarchy {
	var steps []disclosure.Step
	for l := range max(0, c.most-c.min) {
		steps = append(steps, func(value, _ string) (string, bool) {
			labels, ok := c.labels[value]
			if !ok {
				return "", false
			}
			return labels[l], true
		})
	}
	if c.star && c.min <= c.most {
		steps = append(steps, func(value, _ string) (string, bool) {
			_, ok := c.labels[value]
			return disclosure.Star, ok
		})
	}
	return disclosure.Functions(steps...)
}
