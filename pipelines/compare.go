package pipelines

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/lavoir-data/lavoir/internal/scalar"
)

// Difference is one thing that is one way in a pipeline and another in what it reads.
type Difference struct {
	Kind DifferenceKind `json:"kind"`
	Name string         `json:"name,omitempty"` // of the option or, as the pipeline calls it, of the column
	Was  string         `json:"was,omitempty"`
	Is   string         `json:"is,omitempty"`
}

// DifferenceKind is what differs.
type DifferenceKind string

const (
	FormatDiffers  DifferenceKind = "format"
	OptionDiffers  DifferenceKind = "option"
	ColumnRenamed  DifferenceKind = "renamed"
	TypeDiffers    DifferenceKind = "type"
	ColumnLacks    DifferenceKind = "missing"
	ColumnIsNew    DifferenceKind = "added"
	NothingKnown   DifferenceKind = "unknown" // none of the pipeline's columns is there; Is is how many others are
	OtherwiseWrong DifferenceKind = "refused" // Is is the code of what a run would say
)

// Comparison is what differs between a file, as a guess has it, and a pipeline.
type Comparison struct {
	Differences []Difference  // of the format, its options, then columns: renamed, of other types, missing, new
	Columns     []GuessColumn // those of the pipeline that are there, with its names and types that read them
	Found       int           // how many of them the file names as the pipeline does, or by an alias
}

// Of are the differences of a kind.
func (c *Comparison) Of(kind DifferenceKind) (ds []Difference) {
	for _, d := range c.Differences {
		if d.Kind == kind {
			ds = append(ds, d)
		}
	}
	return ds
}

// Only says whether there are differences of these kinds and of no other that
// keeps the pipeline from reading the file: a new column does not.
func (c *Comparison) Only(kinds ...DifferenceKind) bool {
	for _, d := range c.Differences {
		if d.Kind != ColumnIsNew && !slices.Contains(kinds, d.Kind) {
			return false
		}
	}
	return true
}

// comparedOptions say how a file is written; one block has one value of each.
var comparedOptions = []string{"encoding", "repair", "delimiter", "quote", "header", "header_rows", "decimal", "thousands", "null", "trim",
	"skip_blank", "skip_footer", "skip_repeated_header", "duplicates", "sheet", "record"}

// harmless are those whose value in the pipeline reads the file too where the
// guess has no need of them.
var harmless = []string{"decimal", "thousands", "null", "trim", "skip_blank", "skip_repeated_header", "duplicates", "repair"}

// Compare compares a file with the block of a pipeline that declares its columns.
// Further columns may be wanted that nobody declares, which are texts.
func Compare(g *Guess, block Built, undeclared []string) *Comparison {
	c := &comparing{}
	if block.Component.Name != g.Format {
		c.differs(FormatDiffers, "format", block.Component.Name, g.Format)
	} else {
		c.options(g, block)
	}
	c.columns(g, block, undeclared)
	return &c.Comparison
}

func (c *comparing) options(g *Guess, block Built) {
	guessed := map[string]string{}
	for _, o := range g.Options {
		guessed[o.Name] = o.Value
	}
	for _, name := range comparedOptions {
		was, has := block.Argument(name)
		if !has {
			continue
		}
		is, needs := guessed[name]
		if !needs {
			if slices.Contains(harmless, name) || name == "skip_footer" && g.Partial {
				continue
			}
			def, _ := Built{Config: block.Component.New()}.Argument(name)
			is = GuessValue(def)
		}
		if text := GuessValue(was); text != is {
			c.differs(OptionDiffers, name, text, is)
		}
	}
}

// comparing is a comparison in the making.
type comparing struct {
	Comparison
	file   []GuessColumn
	wanted []ColumnDecl
	placed int   // of the wanted columns, how many have a place: the declared ones
	of     []int // by wanted column, the file's that it is, or -1
	taken  []bool
}

func (c *comparing) differs(kind DifferenceKind, name, was, is string) {
	c.Differences = append(c.Differences, Difference{kind, name, was, is})
}

// columns finds the wanted columns among those of the file. In turn: of the same name;
// by an alias, or loosely; of the same name but for case, accents and punctuation; at
// the same place and of the same type; of a name that is much alike, and of the same type.
func (c *comparing) columns(g *Guess, block Built, undeclared []string) {
	declared, _ := block.Argument("columns")
	c.wanted, _ = declared.([]ColumnDecl)
	c.wanted = slices.Clone(c.wanted)
	c.placed = len(c.wanted)
	for _, name := range undeclared {
		c.wanted = append(c.wanted, ColumnDecl{Name: name, ColumnType: ColumnType{Type: plainTypes["text"]}})
	}
	known, _ := block.Argument("aliases")
	aliases, _ := known.(map[string]string)
	loose, _ := block.Argument("names")
	c.file, c.taken = g.Columns, make([]bool, len(g.Columns))
	c.of = make([]int, len(c.wanted))
	for i := range c.of {
		c.of[i] = -1
	}
	c.match(func(w ColumnDecl, f GuessColumn) bool { return w.Name == f.Name })
	c.match(func(w ColumnDecl, f GuessColumn) bool {
		return isAlias(aliases, f.Name, w.Name) || loose == "loose" && scalar.Fold(f.Name) == scalar.Fold(w.Name)
	})
	named := slices.Clone(c.of)
	c.match(func(w ColumnDecl, f GuessColumn) bool {
		return scalar.Fold(w.Name) == scalar.Fold(f.Name) && scalar.Fold(w.Name) != ""
	})
	for _, at := range c.of {
		if at >= 0 {
			c.Found++
		}
	}
	c.byPlace()
	c.byLikeness()
	for i, at := range c.of {
		if at >= 0 && named[i] < 0 {
			c.differs(ColumnRenamed, c.wanted[i].Name, c.wanted[i].Name, c.file[at].Name)
		}
	}
	for i, at := range c.of {
		if at >= 0 {
			c.pair(c.wanted[i], c.file[at])
		}
	}
	for i, at := range c.of {
		if at < 0 {
			c.differs(ColumnLacks, c.wanted[i].Name, "", "")
		}
	}
	for at, f := range c.file {
		if !c.taken[at] && c.placed > 0 {
			c.differs(ColumnIsNew, f.Name, "", "")
		}
	}
}

func (c *comparing) take(wanted, file int) { c.of[wanted], c.taken[file] = file, true }

func (c *comparing) match(same func(ColumnDecl, GuessColumn) bool) {
	for i, w := range c.wanted {
		for at, f := range c.file {
			if c.of[i] < 0 && !c.taken[at] && same(w, f) {
				c.take(i, at)
			}
		}
	}
}

// byPlace looks between the columns that were found: where as many are missing as
// there are others, each in its turn, else those that are alone of their type.
func (c *comparing) byPlace() {
	for i := 0; i < c.placed; {
		if c.of[i] >= 0 {
			i++
			continue
		}
		first := i
		for i < c.placed && c.of[i] < 0 {
			i++
		}
		low, high := -1, len(c.file)
		for k := first - 1; k >= 0; k-- {
			if c.of[k] >= 0 {
				low = c.of[k]
				break
			}
		}
		for k := i; k < c.placed; k++ {
			if c.of[k] > low {
				high = c.of[k]
				break
			}
		}
		var free []int
		for at := low + 1; at < high; at++ {
			if !c.taken[at] {
				free = append(free, at)
			}
		}
		c.pairPlaces(first, i, free)
	}
}

func (c *comparing) pairPlaces(first, end int, free []int) {
	if end-first == len(free) {
		for k, at := range free {
			if sameType(c.wanted[first+k], c.file[at]) {
				c.take(first+k, at)
			}
		}
		return
	}
	fits := func(i int) (ats []int) {
		for _, at := range free {
			if sameType(c.wanted[i], c.file[at]) {
				ats = append(ats, at)
			}
		}
		return ats
	}
	pairs := map[int]int{}
	for i := first; i < end; i++ {
		ats := fits(i)
		alone := len(ats) == 1
		for k := first; alone && k < end; k++ {
			alone = k == i || !slices.Contains(fits(k), ats[0])
		}
		if alone {
			pairs[i] = ats[0]
		}
	}
	for i, at := range pairs {
		c.take(i, at)
	}
}

func (c *comparing) byLikeness() {
	for i, w := range c.wanted {
		if c.of[i] >= 0 {
			continue
		}
		best, score := -1, enoughLikeness
		for at, f := range c.file {
			if s := likeness(w.Name, f.Name); !c.taken[at] && s >= score && (best < 0 || s > score) && sameType(w, f) {
				best, score = at, s
			}
		}
		if best >= 0 {
			c.take(i, best)
		}
	}
}

func isAlias(aliases map[string]string, name, column string) bool {
	for alias, to := range aliases {
		if to == column && scalar.Fold(alias) == scalar.Fold(name) {
			return true
		}
	}
	return false
}

// pair keeps the pipeline's type of a column, but for how its dates are written.
func (c *comparing) pair(w ColumnDecl, f GuessColumn) {
	was, is := declaredType(w.ColumnType), f.Type
	if f.Empty || readsType(was, is) {
		is = was
	} else {
		c.differs(TypeDiffers, w.Name, was, is)
	}
	c.Columns = append(c.Columns, GuessColumn{Name: w.Name, Type: is})
}

// sameType says whether a column's values look like those of the type that is
// declared: a text reads everything, and is no number's new name.
func sameType(w ColumnDecl, f GuessColumn) bool {
	was := declaredType(w.ColumnType)
	if was != "text" {
		return f.Empty || readsType(was, f.Type)
	}
	switch f.Type {
	case "text", "siret", "siren", "insee", "postcode":
		return true
	}
	return f.Empty
}

// readsType says whether the type of a pipeline reads what a file's column holds.
func readsType(was, is string) bool {
	wasKind, _, _ := strings.Cut(was, "(")
	kind, _, _ := strings.Cut(is, "(")
	switch {
	case was == is, wasKind == "text":
		return true
	case scalar.Codes[was] > 0: // what the name of a column hardly tells
		return is == "text" || is == "int64" || scalar.Codes[is] > 0
	case wasKind == kind:
		return kind == "decimal" && scaleOf(was) >= scaleOf(is)
	case kind == "int64" && (wasKind == "decimal" || wasKind == "int32" || wasKind == "float64"):
		return true
	case kind == "decimal" && wasKind == "float64":
		return true
	}
	return false
}

func scaleOf(decimal string) int {
	_, scale, _ := strings.Cut(strings.TrimSuffix(decimal, ")"), ",")
	n, _ := strconv.Atoi(strings.TrimSpace(scale))
	return n
}

// declaredType writes a type as a pipeline file does.
func declaredType(t ColumnType) string {
	name := t.Name()
	switch {
	case t.Zone != "":
		return fmt.Sprintf("%s(%q, %q)", name, t.Format, t.Zone)
	case t.Format != "" && t.Format != "YYYY-MM-DD":
		return fmt.Sprintf("%s(%q)", name, t.Format)
	}
	return name
}

// enoughLikeness is how much of two names must be the same for one to be the
// other's new name.
const enoughLikeness = 0.6

// likeness is 1 for names that differ in case, accents and punctuation alone, and
// less by the letters that one must change to be the other.
func likeness(a, b string) float64 {
	x, y := []rune(scalar.Fold(a)), []rune(scalar.Fold(b))
	long, short := max(len(x), len(y)), min(len(x), len(y))
	if short == 0 {
		return 0
	}
	row := make([]int, len(y)+1)
	for j := range row {
		row[j] = j
	}
	for i := range x {
		before := row[0]
		row[0] = i + 1
		for j := range y {
			cost := before
			if x[i] != y[j] {
				cost++
			}
			before = row[j+1]
			row[j+1] = min(cost, row[j+1]+1, row[j]+1)
		}
	}
	score := 1 - float64(row[len(y)])/float64(long)
	if short >= 4 && (strings.Contains(string(x), string(y)) || strings.Contains(string(y), string(x))) {
		score = max(score, 0.7)
	}
	return score
}

// With is b with another value of an argument, which has to be of its type; b as it is
// when it has no such argument.
func (b Built) With(name string, v any) Built {
	config := reflect.ValueOf(b.Config)
	if config.Kind() != reflect.Struct {
		return b
	}
	for _, f := range layoutOf(config.Type()) {
		if f.name == name {
			c := copyOf(b.Config)
			c.FieldByIndex(f.at).Set(reflect.ValueOf(v))
			b.Config = c.Interface()
		}
	}
	return b
}
