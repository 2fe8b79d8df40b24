package privacy_test

import (
	"context"
	"encoding/csv"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/internal/draws"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
)

// quasiCase is a way to generalise a column, and values that it may have.
type quasiCase struct {
	typ    string
	values []string
	bodies []string
	partOf map[string][]string // what a value is part of that its label does not tell
	born   string              // not "": values are dates of birth, and labels ages at this date
}

const services = "Voirie;Technique;*\nEspaces verts;Technique;*\nCrèche;Enfance;*\nÉcole;Enfance;*\n"

var quasiCases = []quasiCase{
	{typ: "int64", values: []string{"-3", "0", "17", "18", "29", "30", "64", "65", "99", `\N`}, bodies: []string{
		``, `steps = [10, 100]`, `top = 65`, "bands = [18, 30, 65]\nbottom = 18\ntop = 65", "steps = [5, 10, 50]\nmin_level = 2\nmax_level = 3"}},
	{typ: "float64", values: []string{"0", "-0", "1.5", "-1.5", "10", "100.25", `\N`}, bodies: []string{``, `steps = [10, 100]`, "steps = [10]\nmin_level = 2"}},
	{typ: "decimal(8,2)", values: []string{"0.00", "1.50", "10.00", "-0.01", `\N`}, bodies: []string{``, `steps = [1, 10]`}},
	{typ: "date", values: []string{"2023-12-31", "2024-01-01", "2024-02-29", "1999-07-14", `\N`}, bodies: []string{
		``, `period = "month"`, "period = \"quarter\"\nmin_level = 1"}},
	{typ: "date", values: []string{"2004-02-29", "1984-06-01", "1984-06-02", "1999-07-14", `\N`}, bodies: []string{"age_at = \"2024-06-01\"\nbands = [18, 40]\ntop = 40\nmin_level = 1"}, born: "2024-06-01"},
	{typ: "text", values: []string{"01000", "20000", "20200", "75001", "97110", `\N`}, bodies: []string{``, `hierarchy = ["departement", "region"]`, "hierarchy = [\"region\"]\nmin_level = 1"},
		partOf: map[string][]string{"01000": {"Ain (01)", "Auvergne-Rhône-Alpes"}, "20000": {"Corse-du-Sud (2A)", "Corse"}, "20200": {"Haute-Corse (2B)", "Corse"}, "75001": {"Paris (75)", "Île-de-France"}, "97110": {"Guadeloupe (971)", "Guadeloupe"}}},
	{typ: "text", values: []string{"Voirie", "Espaces verts", "Crèche", "École", `\N`}, bodies: []string{`hierarchy_file = "services.csv"`, "hierarchy_file = \"services.csv\"\nmin_level = 1"},
		partOf: map[string][]string{"Voirie": {"Technique"}, "Espaces verts": {"Technique"}, "Crèche": {"Enfance"}, "École": {"Enfance"}}},
	{typ: "text", values: []string{"", "*", "Voirie", "voirie", "Crèche", `\N`}, bodies: []string{``}},
	{typ: "bool", values: []string{"true", "false", `\N`}, bodies: []string{``}},
}

// covers says whether what leaves of a value, read as a person reads it, can be of it.
func (c quasiCase) covers(label, value string) bool {
	switch {
	case label == value, label == "*":
		return true
	case value == `\N`, label == `\N`:
		return false
	case slices.Contains(c.partOf[value], label):
		return true
	case c.born != "":
		age, _ := strconv.Atoi(c.born[:4])
		year, _ := strconv.Atoi(value[:4])
		age -= year
		if c.born[4:] < value[4:] {
			age--
		}
		value = strconv.Itoa(age)
	case c.typ == "date":
		month, _ := strconv.Atoi(value[5:7])
		return label == value[:4] || label == value[:7] || label == fmt.Sprintf("%s-T%d", value[:4], (month+2)/3)
	}
	number := func(text string) *big.Rat {
		x, _ := new(big.Rat).SetString(strings.ReplaceAll(text, ",", "."))
		return x
	}
	x := number(value)
	if x == nil {
		return false
	}
	if inner, ok := strings.CutPrefix(label, "["); ok {
		from, to, _ := strings.Cut(strings.TrimSuffix(inner, "]"), ", ")
		a, b := number(from), number(to)
		return a != nil && b != nil && a.Cmp(x) <= 0 && x.Cmp(b) <= 0
	}
	if to, ok := strings.CutPrefix(label, "moins de "); ok {
		b := number(to)
		return b != nil && x.Cmp(b) < 0
	}
	if from, ok := strings.CutSuffix(label, " ou plus"); ok {
		a := number(from)
		return a != nil && x.Cmp(a) >= 0
	}
	if from, to, ok := strings.Cut(label, " à moins de "); ok {
		a, b := number(from), number(to)
		return a != nil && b != nil && a.Cmp(x) <= 0 && x.Cmp(b) < 0
	}
	if from, to, ok := strings.Cut(label, " à "); ok {
		a, b := number(from), number(to)
		return a != nil && b != nil && a.Cmp(x) <= 0 && x.Cmp(b) <= 0
	}
	y := number(label)
	return y != nil && y.Cmp(x) == 0 // -0 leaves as 0
}

// classOf is the quasi-identifiers of a row of a table as they are written.
func classOf(row []string, quasi int) string { return strings.Join(row[:quasi], "\x00") }

// lines are the rows of a CSV table without quotes, in cells.
func lines(csv string) [][]string {
	var rows [][]string
	for _, l := range strings.Split(strings.TrimSuffix(csv, "\n"), "\n")[1:] {
		rows = append(rows, strings.Split(l, ","))
	}
	return rows
}

// promised is a random policy and the rows it gets, and what of it can be counted again.
type promised struct {
	body    string
	columns []string // of the rows
	types   []string
	rows    [][]string

	quasi      []quasiCase
	k, kMap    int
	persons    bool   // k counts them
	subject    string // what leaves of them; "": nothing
	wildcard   bool
	limit      float64
	average    float64
	local      bool
	sensitive  []sensitivePromise
	together   bool // each of them is judged with the others known
	population [][]string
	mask       string // what stands where a name is masked; "": names do not leave
	means      []string
	meansOf    int
}

type sensitivePromise struct {
	column   string
	l        float64
	c        float64
	kind     string
	nulls    bool // count as a value
	t        float64
	distance string // "": not asked for
}

// sensitiveTypes are types of a sensitive column, and values whose order is not that of
// their bytes, or is not that of their numbers.
var sensitiveTypes = map[string][]string{
	"int64": {"1", "2", "10", `\N`}, "text": {"1", "2", "10", `\N`}, "float64": {"-2", "9", "10.5", "NaN", "-Inf", `\N`}, "decimal(8,2)": {"-1.50", "9.00", "10.00", `\N`},
	"timestamp": {"2024-01-01T00:00:00Z", "2024-01-01T00:00:00.5Z", "2023-12-31T23:59:59Z", `\N`},
}

// illness is the hierarchy of a sensitive column of numbers or texts.
var illness = map[string][]string{"1": {"1", "légère", "*"}, "2": {"2", "légère", "*"}, "10": {"10", "grave", "*"}, `\N`: {`\N`, `\N`, "*"}}

func drawPromise(r *rapid.T, env *pipelines.Env, t *testing.T) *promised {
	p := &promised{k: rapid.IntRange(2, 4).Draw(r, "k")}
	var body []string
	add := func(format string, args ...any) { body = append(body, fmt.Sprintf(format, args...)) }
	p.means = rapid.SampledFrom([][]string{nil, nil, nil, nil, nil, {"m"}, {"m", "d"}}).Draw(r, "means")
	family := rapid.SampledFrom([]string{"k", "k", "k_map", "persons", "persons", "local"}).Draw(r, "family")
	if p.means != nil {
		family = "means"
	}
	model := []string{}
	typeOf := map[string]string{}
	for _, name := range []string{"s", "u"} {
		typeOf[name] = rapid.SampledFrom([]string{"int64", "text", "float64", "decimal(8,2)", "timestamp"}).Draw(r, "type")
	}
	if family != "means" {
		for j := range rapid.IntRange(1, 3).Draw(r, "quasi") {
			c := rapid.SampledFrom(quasiCases).Draw(r, "column")
			how := rapid.SampledFrom(c.bodies).Draw(r, "how")
			for family == "k_map" && slices.Contains(c.values, "") || family == "local" && strings.Contains(how, "max_level") || family == "local" && slices.Contains(c.values, "*") {
				c = rapid.SampledFrom(quasiCases).Draw(r, "column")
				how = rapid.SampledFrom(c.bodies).Draw(r, "how")
			}
			p.quasi = append(p.quasi, c)
			p.columns, p.types = append(p.columns, fmt.Sprintf("q%d", j)), append(p.types, c.typ)
			add("quasi \"q%d\" {\n%s\n}", j, how)
		}
		for _, name := range []string{"s", "u"}[:rapid.IntRange(0, 2).Draw(r, "sensitive")] {
			s := sensitivePromise{column: name}
			inner := ""
			if rapid.Bool().Draw(r, "diverse") {
				s.kind = rapid.SampledFrom([]string{"distinct", "entropy", "recursive"}).Draw(r, "kind")
				s.l = float64(rapid.IntRange(2, 3).Draw(r, "l"))
				s.nulls = rapid.Bool().Draw(r, "nulls")
				switch s.kind {
				case "entropy":
					s.l -= 0.5
				case "recursive":
					s.c = rapid.SampledFrom([]float64{0.5, 1, 2.5}).Draw(r, "c")
					inner = fmt.Sprintf("c = %v\n", s.c)
				}
				inner = fmt.Sprintf("diversity {\nkind = %q\nl = %v\n%ssa_null = %q\n}\n", s.kind, s.l, inner, map[bool]string{true: "value", false: "ignored"}[s.nulls])
			}
			if s.kind == "" || rapid.Bool().Draw(r, "close") {
				s.t = rapid.SampledFrom([]float64{0.2, 0.35, 0.5, 0.75}).Draw(r, "t")
				s.distance = rapid.SampledFrom([]string{"equal", "ordered", "ordered", "hierarchical"}).Draw(r, "distance")
				if s.distance == "hierarchical" {
					typeOf[name] = rapid.SampledFrom([]string{"int64", "text"}).Draw(r, "type")
				}
				inner += fmt.Sprintf("closeness {\nt = %v\ndistance = %q\n", s.t, s.distance)
				if s.distance == "hierarchical" {
					inner += "hierarchy_file = \"illness.csv\"\n"
				}
				inner += "}\n"
			}
			add("sensitive %q {\n%s}", name, inner)
			p.sensitive = append(p.sensitive, s)
		}
		model = append(model, fmt.Sprintf("k = %d", p.k))
		if p.together = len(p.sensitive) > 1 && rapid.Bool().Draw(r, "together"); p.together {
			model = append(model, "sensitive_judged = \"together\"")
		}
		if family != "local" {
			limit := rapid.SampledFrom([]string{"0", "0.2", "0.34", "0.5", "0.8", "1"}).Draw(r, "limit")
			p.limit, _ = strconv.ParseFloat(limit, 64)
			model = append(model, "suppression_limit = "+limit, fmt.Sprintf("metric = %q", rapid.SampledFrom([]string{"loss", "discernibility", "class-size", "entropy"}).Draw(r, "metric")))
			if rapid.IntRange(0, 4).Draw(r, "average") == 0 {
				p.average = rapid.SampledFrom([]float64{0.2, 0.35}).Draw(r, "risk")
				model = append(model, fmt.Sprintf("max_average_risk = %v", p.average))
			}
		}
	}
	public := []string{"n", "genre"}
	named := "identifier \"nom\" { action = \"drop\" }"
	switch family {
	case "k":
		if p.wildcard = rapid.Bool().Draw(r, "wildcard"); p.wildcard {
			model = append(model, "null_match = \"wildcard\"")
		}
	case "k_map":
		p.kMap = rapid.IntRange(2, 5).Draw(r, "k_map")
		if p.wildcard = rapid.IntRange(0, 3).Draw(r, "wildcard") == 0; p.wildcard {
			model = append(model, "null_match = \"wildcard\"")
		}
		if rapid.Bool().Draw(r, "alone") {
			p.k, model = 1, model[1:] // k comes first
		}
		model = append(model, fmt.Sprintf("k_map = %d\npopulation {\nfile = \"habitants.csv\"\nweight = \"poids\"\n}", p.kMap))
	case "local":
		p.local = true
		model = append(model, "search = \"mondrian\"")
		if rapid.Bool().Draw(r, "subject") {
			p.persons = true
			add("subject = \"nom\"")
		}
	case "persons":
		p.persons = true
		add("subject = \"nom\"")
		switch p.subject = rapid.SampledFrom([]string{"", "public", "pseudonym", "surrogate"}).Draw(r, "subject"); p.subject {
		case "public":
			public, named = append(public, "nom"), ""
		case "pseudonym", "surrogate":
			named = fmt.Sprintf("identifier \"nom\" {\naction = %q\nkey = secret.cle\nrotate = \"per_release\"\n}", p.subject)
		}
	case "means":
		p.meansOf = p.k
		if p.persons = rapid.Bool().Draw(r, "subject"); p.persons {
			add("subject = \"nom\"")
			if rapid.Bool().Draw(r, "told") {
				p.subject, public, named = "public", append(public, "nom"), ""
			}
		}
		add("microaggregate \"g\" {\ncolumns = [\"%s\"]\nk = %d\n}", strings.Join(p.means, "\", \""), p.k)
	}
	switch rapid.SampledFrom([]string{"", "mask", "constant"}).Draw(r, "mask") {
	case "mask":
		p.mask = "Personne physique"
		add("identifier \"qui\" {\nclear_when = row.genre == \"ASSO\"\notherwise = \"Personne physique\"\n}")
	case "constant":
		p.mask = "M. X"
		add("identifier \"qui\" {\naction = \"constant\"\notherwise = \"M. X\"\n}")
	}
	add("public = [\"%s\"]\n%s", strings.Join(public, "\", \""), named)
	if len(model) > 0 {
		add("model {\n%s\n}", strings.Join(model, "\n"))
	}
	p.body = strings.Join(body, "\n")

	p.columns, p.types = append(p.columns, "n", "s", "u", "nom", "genre", "qui", "m", "d"), append(p.types, "int64", typeOf["s"], typeOf["u"], "text", "text", "text", "int64", "decimal(8,2)")
	ways := 1
	if p.quasi != nil {
		ways = rapid.SampledFrom([]int{0, 1, 1, 2, 10}).Draw(r, "values")
	}
	pick := func(c quasiCase) string {
		return rapid.SampledFrom(c.values[:min(1+ways, len(c.values))]).Draw(r, "value")
	}
	person := func() (cells []string) {
		for _, c := range p.quasi {
			if v := pick(c); rapid.IntRange(0, 19).Draw(r, "null") == 0 {
				cells = append(cells, `\N`)
			} else {
				cells = append(cells, v)
			}
		}
		return cells
	}
	for n := range rapid.IntRange(0, 24).Draw(r, "persons") {
		cells, name := person(), fmt.Sprintf("P%d", n)
		for range rapid.IntRange(1, 4).Draw(r, "rows") {
			if rapid.IntRange(0, 7).Draw(r, "other") == 0 {
				cells = person()
			}
			p.rows = append(p.rows, append(slices.Clone(cells), strconv.Itoa(len(p.rows)),
				rapid.SampledFrom(sensitiveTypes[typeOf["s"]]).Draw(r, "s"), rapid.SampledFrom(sensitiveTypes[typeOf["u"]]).Draw(r, "u"),
				rapid.SampledFrom([]string{name, name, name, "A", "B", `\N`}).Draw(r, "nom"),
				rapid.SampledFrom([]string{"ASSO", "PP", `\N`}).Draw(r, "genre"), rapid.SampledFrom([]string{"Club", "Jeanne", `\N`}).Draw(r, "qui"),
				rapid.SampledFrom([]string{"1", "2", "-7", "1000", `\N`}).Draw(r, "m"), rapid.SampledFrom([]string{"0.00", "1.50", "99.99", `\N`}).Draw(r, "d")))
		}
	}
	if p.kMap > 0 {
		var text strings.Builder
		text.WriteString("poids;" + strings.Join(p.columns[:len(p.quasi)], ";") + "\n")
		for range rapid.IntRange(0, 30).Draw(r, "population") {
			one := append(person(), rapid.SampledFrom([]string{"0", "1", "2"}).Draw(r, "poids"))
			p.population = append(p.population, one)
			line := strings.ReplaceAll(strings.Join(one[:len(one)-1], ";"), `\N`, "")
			fmt.Fprintf(&text, "%s;%s\n", one[len(one)-1], line)
		}
		projectFile(t, env, "habitants.csv", text.String())
	}
	return p
}

// csv is the rows in an order as a table.
func (p *promised) csv(rows [][]string) string {
	var b strings.Builder
	w := csv.NewWriter(&b)
	head := []string{}
	for i, name := range p.columns {
		head = append(head, name+":"+p.types[i])
	}
	w.WriteAll(append([][]string{head}, rows...))
	return b.String()
}

// at is a row that came, and in is one that left.
func (p *promised) at(row []string, column string) string {
	return row[slices.Index(p.columns, column)]
}

// broken counts again what leaves, from the texts of the file alone, and says what of the
// policy it does not keep: definitions as the specification writes them (privacy.md, §6-§10).
func (p *promised) broken(file string) string {
	all, err := csv.NewReader(strings.NewReader(file)).ReadAll()
	if err != nil {
		return err.Error()
	}
	var names []string
	for _, h := range all[0] {
		name, _, _ := strings.Cut(h, ":")
		names = append(names, name)
	}
	out := all[1:]
	cell := func(row []string, column string) string {
		if i := slices.Index(names, column); i >= 0 {
			return row[i]
		}
		return "\x00 no such column"
	}
	class := func(row []string) string {
		var cells []string
		for j := range p.quasi {
			cells = append(cells, cell(row, fmt.Sprintf("q%d", j)))
		}
		return strings.Join(cells, "\x00")
	}
	// who each row is, which only its number tells here
	came := func(row []string) []string {
		n, err := strconv.Atoi(cell(row, "n"))
		if err != nil || n < 0 || n >= len(p.rows) {
			return nil
		}
		return p.rows[n]
	}
	seen := map[string]bool{}
	for _, row := range out {
		from := came(row)
		if from == nil || seen[cell(row, "n")] {
			return fmt.Sprintf("row %v did not come, or leaves twice", row)
		}
		seen[cell(row, "n")] = true
		for j, c := range p.quasi {
			name := fmt.Sprintf("q%d", j)
			if !c.covers(cell(row, name), p.at(from, name)) {
				return fmt.Sprintf("%q stands for %q", cell(row, name), p.at(from, name))
			}
		}
		kept := []string{"genre"}
		for _, s := range p.sensitive {
			kept = append(kept, s.column)
		}
		if p.subject == "public" {
			kept = append(kept, "nom")
		}
		for _, name := range kept {
			if cell(row, name) != p.at(from, name) {
				return fmt.Sprintf("%s is %q and was %q", name, cell(row, name), p.at(from, name))
			}
		}
		if want := p.mask; want != "" {
			if p.mask == "Personne physique" && cell(row, "genre") == "ASSO" {
				want = p.at(from, "qui")
			}
			if got := cell(row, "qui"); got != want {
				return fmt.Sprintf("a name is %q, and should be %q", got, want)
			}
		} else if slices.Contains(names, "qui") {
			return "names leave"
		}
	}
	leave := len(names)
	want := 2 + len(p.quasi) + len(p.sensitive) + len(p.means)
	if p.mask != "" {
		want++
	}
	if p.subject != "" {
		want++
	}
	if leave != want {
		return fmt.Sprintf("%d columns leave, not %d: %v", leave, want, names)
	}
	if gone := len(p.rows) - len(out); float64(gone) > p.limit*float64(len(p.rows))+1e-9 {
		return fmt.Sprintf("%d of %d rows are gone", gone, len(p.rows))
	}
	if p.means != nil {
		return p.wrongMean(out, cell, came)
	}
	who := func(row []string) string {
		if p.subject != "" {
			return cell(row, "nom")
		}
		return p.at(came(row), "nom")
	}
	classes := map[string][][]string{}
	var cells [][]string
	for _, row := range out {
		classes[class(row)] = append(classes[class(row)], row)
		cells = append(cells, strings.Split(class(row), "\x00"))
	}
	for key, rows := range classes {
		count := len(rows)
		switch {
		case p.persons:
			distinct := map[string]bool{}
			for _, row := range rows {
				distinct[who(row)] = true // rows of nobody known are of one person
			}
			count = len(distinct)
		case p.wildcard:
			count = matching(cells, strings.Split(key, "\x00"))
		}
		if count < p.k {
			return fmt.Sprintf("class %q has %d of %d", key, count, p.k)
		}
		if people := p.people(strings.Split(key, "\x00")); people < p.kMap {
			return fmt.Sprintf("class %q has %d of %d in the population", key, people, p.kMap)
		}
		for _, s := range p.sensitive {
			parts := map[string][]string{}
			for _, row := range rows {
				others := ""
				for _, other := range p.sensitive {
					if p.together && other.column != s.column {
						others += cell(row, other.column) + "\x00"
					}
				}
				parts[others] = append(parts[others], cell(row, s.column))
			}
			var everybody []string
			for _, row := range p.rows {
				everybody = append(everybody, p.at(row, s.column))
			}
			for others, here := range parts {
				if why := s.broken(here, everybody, p.types[slices.Index(p.columns, s.column)]); why != "" {
					return fmt.Sprintf("class %q %q: %s %s", key, others, s.column, why)
				}
			}
		}
	}
	if p.average > 0 && float64(len(classes)) > p.average*float64(len(out))+1e-9 {
		return fmt.Sprintf("%d classes of %d rows", len(classes), len(out))
	}
	if p.subject != "" { // all rows of each person together
		var rows [][]string
		for _, row := range out {
			rows = append(rows, append(strings.Split(class(row), "\x00"), who(row)))
		}
		if least := lonely(rows, len(p.quasi), len(p.quasi)); len(rows) > 0 && least < p.k {
			return fmt.Sprintf("the rows of a person are as those of %d", least)
		}
	}
	return ""
}

// matching is how many rows match values where null matches any.
func matching(rows [][]string, values []string) int {
	n := 0
rows:
	for _, row := range rows {
		for j, v := range values {
			if v != `\N` && row[j] != `\N` && v != row[j] {
				continue rows
			}
		}
		n++
	}
	return n
}

// people is how many of the population may be of a class.
func (p *promised) people(class []string) (n int) {
	for _, one := range p.population {
		in := true
		for j, c := range p.quasi {
			in = in && c.covers(class[j], one[j])
		}
		if weight, _ := strconv.Atoi(one[len(one)-1]); in {
			n += weight
		}
	}
	return n
}

// broken says what the values of a class do not keep, which are some of all.
func (s sensitivePromise) broken(here, all []string, typ string) string {
	own, total := map[string]int{}, 0
	for _, v := range here {
		if v != `\N` || s.nulls {
			own[v]++
			total++
		}
	}
	var often []int
	entropy := 0.0
	for _, n := range own {
		often = append(often, n)
		share := float64(n) / float64(total)
		entropy -= share * math.Log(share)
	}
	slices.SortFunc(often, func(a, b int) int { return b - a })
	switch l := int(s.l); s.kind {
	case "distinct":
		if len(own) < l {
			return fmt.Sprintf("has %d values", len(own))
		}
	case "entropy":
		if total == 0 || entropy < math.Log(s.l)-1e-9 {
			return fmt.Sprintf("has an entropy of %v", entropy)
		}
	case "recursive":
		rest := 0
		for _, n := range often[min(l-1, len(often)):] {
			rest += n
		}
		if len(often) < l || float64(often[0]) >= s.c*float64(rest) {
			return fmt.Sprintf("has %v", often)
		}
	}
	if s.distance == "" {
		return ""
	}
	values := slices.Clone(all)
	before := func(a, b string) bool {
		switch {
		case a == `\N` || b == `\N`:
			return b == `\N` && a != b // the last
		case typ == "timestamp":
			x, _ := time.Parse(time.RFC3339Nano, a)
			y, _ := time.Parse(time.RFC3339Nano, b)
			return x.Before(y)
		case typ != "text":
			x, _ := strconv.ParseFloat(a, 64)
			y, _ := strconv.ParseFloat(b, 64)
			return x < y || math.IsNaN(y) && !math.IsNaN(x)
		}
		return a < b
	}
	slices.SortFunc(values, func(a, b string) int {
		switch {
		case before(a, b):
			return -1
		case before(b, a):
			return 1
		}
		return 0
	})
	values = slices.Compact(values)
	diff := func(v string) float64 {
		count := func(in []string) (n float64) {
			for _, x := range in {
				if x == v {
					n++
				}
			}
			return n / float64(len(in))
		}
		return count(here) - count(all)
	}
	distance := 0.0
	switch s.distance {
	case "equal":
		for _, v := range values {
			distance += math.Abs(diff(v)) / 2
		}
	case "ordered":
		sum := 0.0
		for _, v := range values {
			sum += diff(v)
			distance += math.Abs(sum) / float64(max(len(values)-1, 1))
		}
	case "hierarchical":
		distance = earthMover(here, all, illness)
	}
	if distance > s.t+1e-9 {
		return fmt.Sprintf("is %v from all rows", distance)
	}
	return ""
}

// wrongMean says which rows with the same means are too few, or have another mean.
func (p *promised) wrongMean(out [][]string, cell func([]string, string) string, came func([]string) []string) string {
	groups := map[string][][]string{}
	for _, row := range out {
		var key []string
		for _, name := range p.means {
			key = append(key, cell(row, name))
		}
		groups[strings.Join(key, "\x00")] = append(groups[strings.Join(key, "\x00")], row)
	}
	for key, rows := range groups {
		means := strings.Split(key, "\x00")
		nothing := !slices.ContainsFunc(means, func(m string) bool { return m != `\N` })
		of := map[string]bool{} // rows, or persons
		for n, row := range rows {
			one := fmt.Sprint(n)
			if p.persons {
				one = p.at(came(row), "nom")
			}
			of[one] = true
		}
		if len(of) < p.meansOf && !nothing {
			return fmt.Sprintf("%v is of %d rows, or persons", means, len(of))
		}
		for c, name := range p.means {
			if means[c] == `\N` {
				continue
			}
			mean, _ := new(big.Rat).SetString(means[c])
			off := new(big.Rat)
			for _, row := range rows {
				x, ok := new(big.Rat).SetString(p.at(came(row), name))
				if !ok {
					return fmt.Sprintf("%v is of a row that has no %s", means, name)
				}
				off.Add(off, x)
			}
			off.Quo(off, big.NewRat(int64(len(rows)), 1)).Sub(off, mean)
			if half := big.NewRat(1, map[string]int64{"m": 2, "d": 200}[name]); off.Abs(off).Cmp(half) > 0 {
				return fmt.Sprintf("%v is %s off the mean", means, off.FloatString(4))
			}
		}
	}
	return ""
}

// short says whether a stage has too little memory, which it may say instead of letting
// anything out.
func short(err error) bool {
	for _, m := range []*messages.Message{messages.TooManyClasses, messages.TooManyValues, messages.TooManyCombinations, messages.MicroRows, messages.MicroGroups, messages.TooManyGroups} {
		if messages.Has(err, m) {
			return true
		}
	}
	return false
}

// Whatever the rows and the policy, what leaves satisfies the policy when simple code
// counts it from the texts that a reader sees, is taken by the gate, and is the same rows
// in the same order however they were ordered and cut, and whatever the memory
// (invariants 2, 5 and 9).
func TestWhatLeavesKeepsThePolicy(t *testing.T) {
	env := pipelinetest.Env(t)
	env.Secrets = secret(strings.Repeat("k", 32))
	projectFile(t, &env, "services.csv", services)
	projectFile(t, &env, "illness.csv", "1;légère;*\n2;légère;*\n10;grave;*\n")
	published := draws.Of("k", "k_map", "persons", "subject", "wildcard", "average", "mondrian", "means", "mask", "together")
	draws.Check(t, published, func(r *rapid.T) {
		drawn := drawPromise(r, &env, t)
		p, err := policy(t, env, drawn.body)
		if err != nil {
			r.Fatalf("%v\n%s", err, drawn.body)
		}
		var want []string
		for i, cut := range pipelinetest.Cuts() {
			order := drawn.rows
			if i > 0 {
				order = rapid.Permutation(order).Draw(r, "order")
			}
			in := table(t, drawn.csv(order))
			if i == 0 {
				if _, err := p.Bind(in.Schema); err != nil {
					r.Fatalf("%v\n%s", err, drawn.body)
				}
			}
			env := env
			if i > 0 {
				env.Memory = rapid.SampledFrom([]int64{0, 1 << 16, 1 << 14}).Draw(r, "memory")
				if p, err = policy(t, env, drawn.body); err != nil {
					r.Fatal(err)
				}
			}
			d, err := watch(p, in.Schema, cut.Batches(env.Allocator, in), rapid.SampledFrom([]int{1, 2, 8}).Draw(r, "workers"))
			if err != nil {
				if i > 0 && short(err) {
					published.Meet("refused for want of memory")
					continue
				}
				if messages.Find(err) == nil || want != nil {
					r.Fatalf("%v\n%s", err, drawn.body)
				}
				return // refused, for every order
			}
			if d, err = p.(pipelines.Drawer).Draw(context.Background(), d, []byte("empreinte")); err != nil {
				r.Fatal(err)
			}
			out, err := p.Emit(context.Background(), d, pipelinetest.Batches(in.Schema, cut.Batches(env.Allocator, in)...))
			if err != nil {
				r.Fatal(err)
			}
			got := collect(t, out)
			if err := p.(pipelines.Gate).Judge(context.Background(), d, sealed{env, table(t, got)}); err != nil && (i == 0 || !short(err)) {
				r.Fatalf("the gate refuses what the policy gave: %v\n%s\n%s", err, drawn.body, got)
			}
			set := strings.Split(strings.TrimSuffix(got, "\n"), "\n")
			if want == nil {
				want = set
				for kind, is := range map[string]bool{
					"k": drawn.quasi != nil, "k_map": drawn.kMap > 0, "persons": drawn.persons, "subject": drawn.subject != "", "wildcard": drawn.wildcard,
					"average": drawn.average > 0, "mondrian": drawn.local, "means": drawn.means != nil, "mask": drawn.mask != "", "together": drawn.together,
				} {
					if is && len(set) > 1 {
						published.Meet(kind)
					}
				}
				for _, s := range drawn.sensitive {
					if len(set) > 1 {
						published.Meet(s.kind + s.distance)
					}
				}
			}
			if d := cmp.Diff(want, set); d != "" {
				r.Fatalf("%s: other rows in another order:\n%s\n%s", cut.Name, drawn.body, d)
			}
			if why := drawn.broken(got); why != "" {
				r.Fatalf("%s\n%s\n%s", why, drawn.body, got)
			}
		}
	})
}
