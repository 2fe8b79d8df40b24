package disclosure

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
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
