package disclosure

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

const shared = "../../../../shared/data/privacy"

// sharedFile reads reference data in place, or leaves the test out, saying so.
func sharedFile(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(shared, name))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("no shared reference data here: " + name)
	}
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// sheet is a table of texts.
type sheet struct {
	names   []string
	columns [][]string
}

func readSheet(t testing.TB, name string, delimiter rune) sheet {
	t.Helper()
	r := csv.NewReader(strings.NewReader(string(sharedFile(t, name))))
	r.Comma = delimiter
	records, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	s := sheet{names: records[0], columns: make([][]string, len(records[0]))}
	for _, record := range records[1:] {
		for c, v := range record {
			s.columns[c] = append(s.columns[c], v)
		}
	}
	return s
}

func (s sheet) column(t testing.TB, name string) []string {
	t.Helper()
	c := slices.Index(s.names, name)
	if c < 0 {
		t.Fatalf("no column %s", name)
	}
	return s.columns[c]
}

// rows counts everything with one worker, in one batch; a text "\x00" is null.
const null = "\x00"

func code(d *Dictionary, column []string, from int) []uint32 {
	codes := make([]uint32, len(column))
	for i, v := range column {
		if v == null {
			codes[i] = d.Null(int64(from + i))
		} else {
			codes[i] = d.Code([]byte(v), int64(from+i))
		}
	}
	return codes
}

func count(t testing.TB, quasi, sensitive, population [][]string) *Classes {
	t.Helper()
	shape := Shape{Quasi: make([]string, len(quasi)), Sensitive: make([]string, len(sensitive)), Population: population != nil}
	h := New(shape, Options{})
	w := h.Worker()
	codes := func(columns [][]string, d func(int) *Dictionary) [][]uint32 {
		var out [][]uint32
		for j, c := range columns {
			out = append(out, code(d(j), c, 0))
		}
		return out
	}
	if err := w.Add(t.Context(), Rows{N: len(quasi[0]), Quasi: codes(quasi, w.Quasi), Sensitive: codes(sensitive, w.Sensitive)}); err != nil {
		t.Fatal(err)
	}
	if population != nil {
		if err := w.AddPopulation(t.Context(), Rows{N: len(population[0]), Quasi: codes(population, w.Quasi)}); err != nil {
			t.Fatal(err)
		}
	}
	c, err := h.Finish(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

var adultColumns = []string{"sex", "age", "race", "marital-status", "education", "native-country", "workclass", "occupation", "salary-class"}

// adult is a problem over ARX's Adult: all columns quasi-identifiers but the
// sensitive ones.
func adult(t testing.TB, file, population string, sensitive ...string) Problem {
	t.Helper()
	s := readSheet(t, "arx/"+file, ';')
	var quasi, sa, people [][]string
	var names []string
	for _, name := range adultColumns {
		if !slices.Contains(sensitive, name) {
			names = append(names, name)
			quasi = append(quasi, s.column(t, name))
		}
	}
	for _, name := range sensitive {
		sa = append(sa, s.column(t, name))
	}
	if population != "" {
		all := readSheet(t, "arx/"+population, ';')
		for _, name := range names {
			people = append(people, all.column(t, name))
		}
	}
	p := Problem{Classes: count(t, quasi, sa, people)}
	for j, name := range names {
		p.Quasi = append(p.Quasi, bindARX(t, name, p.Classes.Quasi[j]))
	}
	return p
}

func bindARX(t testing.TB, name string, d *Domain) *Levels {
	t.Helper()
	h, err := ReadCSV(name, strings.NewReader(string(sharedFile(t, "arx/adult_hierarchy_"+name+".csv"))), ';')
	if err != nil {
		t.Fatal(err)
	}
	l, err := Bind(h, name, d, nil)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func ratio(t testing.TB, x float64) Ratio {
	t.Helper()
	r, err := RatioOf(x)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

type exhaustive struct {
	Results []struct {
		Metric     string
		K          int
		Limit      float64 `json:"suppression_limit"`
		Value      float64
		Optima     [][]int
		Suppressed int64
		Classes    int64
	}
}

var metricNames = map[string]Metric{"loss": Loss, "dm": Discernibility, "aecs": ClassSize}

func TestConformanceExhaustive(t *testing.T) {
	var want exhaustive
	if err := json.Unmarshal(sharedFile(t, "arx/adult_exhaustive_optima.json"), &want); err != nil {
		t.Fatal(err)
	}
	p := adult(t, "adult.csv", "")
	if len(want.Results) < 27 {
		t.Fatalf("%d settings", len(want.Results))
	}
	for _, w := range want.Results {
		p.Metric, p.Models, p.Limit = metricNames[w.Metric], Models{K: w.K}, ratio(t, w.Limit)
		got, err := Search(t.Context(), p)
		if err != nil {
			t.Fatal(w, err)
		}
		if math.Abs(got.Score-w.Value) > 1e-9*math.Max(1, w.Value) || !slices.ContainsFunc(w.Optima, func(l []int) bool { return slices.Equal(l, got.Levels) }) {
			t.Errorf("%s k=%d s=%v: got %v %v, want %v %v", w.Metric, w.K, w.Limit, got.Score, got.Levels, w.Value, w.Optima)
		}
		t.Logf("%s k=%d s=%v checked %d", w.Metric, w.K, w.Limit, got.Checked)
	}
}

func BenchmarkAdult(b *testing.B) {
	p := adult(b, "adult.csv", "")
	p.Models.K = 5
	for _, m := range []string{"loss", "dm", "aecs"} {
		for _, s := range []float64{0, 0.02, 0.05, 0.1, 0.5, 1} {
			b.Run(m+"/"+strconv.FormatFloat(s, 'f', -1, 64), func(b *testing.B) {
				p.Metric, p.Limit = metricNames[m], ratio(b, s)
				checked := 0
				for b.Loop() {
					got, err := Search(b.Context(), p)
					if err != nil {
						b.Fatal(err)
					}
					checked = got.Checked
				}
				b.ReportMetric(float64(checked), "checked")
			})
		}
	}
}

func numbersOf(t testing.TB, list string) []int {
	t.Helper()
	var out []int
	for _, f := range strings.Split(strings.Trim(list, "[]"), ",") {
		n, err := strconv.Atoi(strings.TrimSpace(f))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, n)
	}
	return out
}

func float(t testing.TB, text string) float64 {
	t.Helper()
	x, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// What ARX found, k-anonymous over all nine columns.
func TestConformanceOptima(t *testing.T) {
	s := readSheet(t, "arx/arx_adult_optima_k_loss_dm_aecs.tsv", '\t')
	p := adult(t, "adult.csv", "")
	for i, metric := range s.column(t, "metric") {
		p.Metric, p.Limit = metricNames[metric], ratio(t, float(t, s.column(t, "suppression_limit")[i]))
		p.Models = Models{K: int(float(t, s.column(t, "k")[i]))}
		got, err := Search(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		want := Node{numbersOf(t, s.column(t, "transformation")[i]), float(t, s.column(t, "loss")[i]),
			int64(float(t, s.column(t, "suppressed")[i])), int64(float(t, s.column(t, "classes")[i]))}
		if math.Abs(got.Score-want.Score) > 1e-9*math.Max(1, want.Score) || !slices.Equal(got.Levels, want.Levels) || got.Suppressed != want.Suppressed || got.Classes != want.Classes {
			t.Errorf("%s k=%d s=%v: got %+v, want %+v", metric, p.Models.K, p.Limit.Float(), got.Node, want)
		}
	}
}

// Why cases of ARX's tests are not ours.
const (
	leftPractical  = "practical monotonicity is a shortcut that changes answers"
	leftGrassberg  = "the Grassberger correction of entropy is not delivered"
	leftEstimated  = "an estimated population is not delivered"
	leftLikeness   = "beta-likeness is no model of ours: what it comes to is in the private report"
	leftSample     = "a greatest share of unique rows is no model of ours: how many are unique is in the private report, and max_uniques of the gate bounds it"
	leftPopulation = "population uniqueness (Dankar, Pitman, SNB) is not delivered, neither as a model nor as a figure"
)

// How many of the 42 cases run, and how many are left out, by why.
var (
	casesRun  = 24
	casesLeft = map[string]int{leftPractical: 6, leftGrassberg: 2, leftEstimated: 2, leftLikeness: 4, leftSample: 1, leftPopulation: 3}
)

// undelivered says why a case of ARX's tests is not one of ours, "" when it is.
func undelivered(models, practical string) string {
	switch {
	case practical == "true":
		return leftPractical
	case strings.Contains(models, "grassberger"):
		return leftGrassberg
	case strings.Contains(models, "estimated"):
		return leftEstimated
	case strings.Contains(models, "likeness"):
		return leftLikeness
	case strings.Contains(models, "sample-uniqueness"):
		return leftSample
	case strings.Contains(models, "population-uniqueness"):
		return leftPopulation
	}
	return ""
}

func arxModels(t *testing.T, text string, p *Problem) {
	hierarchy := func() *Levels { return bindARX(t, "occupation", p.Classes.Sensitive[0]) }
	for _, m := range strings.Split(strings.Trim(text, "[]"), ", ") {
		words := strings.Fields(m)
		first, _, _ := strings.Cut(strings.TrimLeft(words[0], "("), "-")
		switch {
		case strings.HasSuffix(words[0], "-anonymity"):
			p.Models.K = int(float(t, first))
		case strings.HasSuffix(words[0], ")-map"):
			p.Models.KMap = int(float(t, strings.TrimRight(first, ")")))
		case strings.HasPrefix(words[0], "shannon-entropy-"):
			p.Models.Sensitive = append(p.Models.Sensitive, Sensitive{Entropy: ratio(t, float(t, strings.Split(words[0], "-")[2]))})
		case strings.HasSuffix(words[0], "-closeness"):
			c := &Closeness{T: ratio(t, float(t, first))}
			switch words[2] {
			case "ordered":
				c.Distance = Ordered // ARX orders texts as such
			case "hierarchical":
				c.Distance, c.Levels = Hierarchical, hierarchy()
			}
			p.Models.Sensitive = append(p.Models.Sensitive, Sensitive{Closeness: c})
		default:
			t.Fatalf("unknown model %s", m)
		}
	}
}

// ARX's own tests over Adult, those of which model and metric are delivered.
func TestConformanceCases(t *testing.T) {
	s := readSheet(t, "arx/arx_adult_conformance_cases.tsv", '\t')
	at := func(i int, name string) string { return s.column(t, name)[i] }
	ran, left := 0, map[string]int{}
	for i, test := range s.column(t, "test") {
		models, metric, want := at(i, "privacy_models"), at(i, "metric"), at(i, "expected_transformation")
		limit := float(t, at(i, "suppression_limit"))
		if why := undelivered(models, at(i, "practical_monotonicity")); why != "" {
			left[why]++
			t.Logf("left out: %s/%s %s: %s", test, at(i, "case"), models, why)
			continue
		}
		ran++
		t.Run(test+"/"+at(i, "case"), func(t *testing.T) {
			var sensitive []string
			if at(i, "sensitive") != "" {
				sensitive = []string{"occupation"}
			}
			file, population := "adult.csv", ""
			if strings.Contains(models, "map") {
				file, population = "adult_subset.csv", "adult.csv"
			}
			p := adult(t, file, population, sensitive...)
			p.Limit = ratio(t, limit)
			switch {
			case strings.HasPrefix(metric, "Monotonic"):
				p.Metric = MonotoneDiscernibility
			case strings.HasPrefix(metric, "Non-monotonic"):
				p.Metric = SuppressedEntropy
			case strings.HasPrefix(metric, "Non-uniform"):
				p.Metric = Entropy
			default:
				t.Fatalf("unknown metric %s", metric)
			}
			arxModels(t, models, &p)
			got, err := Search(t.Context(), p)
			if want == "null" {
				if !messages.Has(err, messages.NoLevels) {
					t.Errorf("got %+v, %v; ARX finds no solution", got, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			score := float(t, at(i, "expected_loss"))
			if math.Abs(got.Score-score) > 1e-9*score || !slices.Equal(got.Levels, numbersOf(t, want)) {
				t.Errorf("%s: got %+v, want %v %s", models, got, score, want)
			}
			suppressed := int64(float(t, at(i, "suppressed_records")))
			if population == "" && got.Suppressed != suppressed {
				t.Errorf("%d rows suppressed, want %d", got.Suppressed, suppressed)
			}
			t.Logf("%s %s: checked %d", models, metric, got.Checked)
		})
	}
	for why, n := range left {
		t.Logf("%d left out: %s", n, why)
	}
	if ran != casesRun || !maps.Equal(left, casesLeft) || len(s.columns[0]) != 42 {
		t.Errorf("%d of %d cases run and these are left out: %v; want %d of 42, and %v", ran, len(s.columns[0]), left, casesRun, casesLeft)
	}
}
