package tables_test

import (
	"fmt"
	"math"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/decimal128"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
	"github.com/lavoir-data/lavoir/transforms/internal/trial"
	"github.com/lavoir-data/lavoir/transforms/tables"
)

func field(name string, t arrow.DataType) arrow.Field {
	return arrow.Field{Name: name, Type: t, Nullable: true}
}

var facts = arrow.NewSchema([]arrow.Field{
	field("service", arrow.BinaryTypes.String), field("annee", arrow.PrimitiveTypes.Int32),
	field("montant", &arrow.Decimal128Type{Precision: 38, Scale: 2}), field("n", arrow.PrimitiveTypes.Int64),
	field("taux", arrow.PrimitiveTypes.Float64),
}, nil)

func drawFacts(t *rapid.T) pipelinetest.Table {
	tb := pipelinetest.Table{Schema: facts}
	for range rapid.IntRange(0, 80).Draw(t, "rows") {
		row := make([]any, 5)
		value := func(c int, v any) {
			if rapid.IntRange(0, 3).Draw(t, "null") > 0 {
				row[c] = v
			}
		}
		value(0, rapid.SampledFrom([]string{"", "voirie", "voirie\x00", "école", "z"}).Draw(t, "service"))
		value(1, rapid.Int32Range(2020, 2023).Draw(t, "annee"))
		value(2, decimal128.FromI64(rapid.SampledFrom([]int64{0, 1, -1, 5, 99, -12345, math.MaxInt64}).Draw(t, "montant")))
		value(3, rapid.SampledFrom([]int64{0, 1, -1, 7, math.MaxInt32}).Draw(t, "n"))
		value(4, rapid.SampledFrom([]float64{0, 0.1, -2.5, 1e16, 1e-3}).Draw(t, "taux"))
		tb.Rows = append(tb.Rows, row)
	}
	return tb
}

const measures = `
	lignes   = count()
	connus   = count(row.montant)
	total    = sum(row.montant)
	moyenne  = avg(row.montant)
	somme    = sum(row.n)
	services = count_distinct(row.service)
	premier  = min(row.service)
	dernier  = max(row.montant)
	taux     = sum(row.taux)
	moyen    = avg(row.taux)`

// model measures rows the slow way. Floats are added in the order of the rows.
func model(rows [][]any) []any {
	var total, n, sum big.Int
	var known, knownN, floats int64
	services := map[string]bool{}
	var first, last any
	var taux float64
	for _, r := range rows {
		if s, ok := r[0].(string); ok {
			services[s] = true
			if first == nil || s < first.(string) {
				first = s
			}
		}
		if d, ok := r[2].(decimal128.Num); ok {
			known++
			total.Add(&total, d.BigInt())
			if last == nil || last.(decimal128.Num).Less(d) {
				last = d
			}
		}
		if v, ok := r[3].(int64); ok {
			knownN++
			sum.Add(&sum, big.NewInt(v))
		}
		if f, ok := r[4].(float64); ok {
			floats++
			taux += f
		}
	}
	out := []any{int64(len(rows)), known, nil, nil, nil, int64(len(services)), first, last, nil, nil}
	if known > 0 {
		out[2] = decimal128.FromBigInt(&total)
		// scale 6, half away from zero: (2·total·10⁴ ± n) / 2n, towards zero
		n.SetInt64(known)
		twice := new(big.Int).Mul(&total, big.NewInt(20000))
		if total.Sign() < 0 {
			twice.Sub(twice, &n)
		} else {
			twice.Add(twice, &n)
		}
		out[3] = decimal128.FromBigInt(twice.Quo(twice, n.Lsh(&n, 1)))
	}
	if knownN > 0 {
		out[4] = sum.Int64()
	}
	if floats > 0 {
		out[8], out[9] = taux, taux/float64(floats)
	}
	return out
}

func TestAggregateAgainstAModel(t *testing.T) {
	env := pipelinetest.Env(t)
	rapid.Check(t, func(r *rapid.T) {
		in := drawFacts(r)
		by := rapid.SampledFrom([][]int{{}, {0}, {1}, {1, 0}, {0, 1}}).Draw(r, "by")
		var names []string
		groups := map[string][][]any{}
		keys := map[string][]any{}
		if len(by) == 0 {
			groups[""], keys[""] = nil, nil
		}
		for _, c := range by {
			names = append(names, fmt.Sprintf("%q", facts.Field(c).Name))
		}
		for _, row := range in.Rows {
			k := ""
			var key []any
			for _, c := range by {
				k += fmt.Sprintf("%#v,", row[c])
				key = append(key, row[c])
			}
			groups[k], keys[k] = append(groups[k], row), key
		}
		env := env
		env.Memory = rapid.SampledFrom([]int64{64 << 20, 9 << 10}).Draw(r, "memory")
		tr := trial.Build(t, env, tables.Aggregate, "group_by = ["+strings.Join(names, ", ")+"]\ncolumns = {"+measures+"\n}", nil)
		got, err := trial.Run(t, env, tr, in, rapid.IntRange(1, 40).Draw(r, "batch"))
		if err != nil {
			r.Fatal(err)
		}
		want := pipelinetest.Table{Schema: got.Schema}
		for k, rows := range groups {
			want.Rows = append(want.Rows, append(slices.Clone(keys[k]), model(rows)...))
		}
		slices.SortFunc(want.Rows, func(a, b []any) int {
			for c := range by {
				if d := compare(a[c], b[c]); d != 0 {
					return d
				}
			}
			return 0
		})
		if diff := cmp.Diff(want.CSV(), got.CSV()); diff != "" {
			r.Fatal(diff)
		}
	})
}

func compare(a, b any) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return 1
	case b == nil:
		return -1
	}
	if s, ok := a.(string); ok {
		return strings.Compare(s, b.(string))
	}
	return int(a.(int32)) - int(b.(int32))
}

func TestASumThatDoesNotFitIsSaid(t *testing.T) {
	env := pipelinetest.Env(t)
	in := pipelinetest.Table{Schema: facts}
	for range 2 {
		in.Rows = append(in.Rows, []any{nil, nil, decimal128.GetMaxValue(38), int64(math.MaxInt64), nil})
	}
	for _, c := range []string{"sum(row.n)", "sum(row.montant)", "avg(row.montant)"} {
		tr := trial.Build(t, env, tables.Aggregate, "columns = { x = "+c+" }", nil)
		if _, err := trial.Run(t, env, tr, in, 1); !messages.Has(err, messages.SumTooLarge) {
			t.Errorf("%s: error %v", c, err)
		}
	}
	// what passes the bound on the way and comes back is exact
	in.Rows = append(in.Rows, []any{nil, nil, decimal128.GetMaxValue(38).Negate(), int64(-math.MaxInt64), nil})
	tr := trial.Build(t, env, tables.Aggregate, "columns = {\nn = sum(row.n)\nm = sum(row.montant)\n}", nil)
	got, err := trial.Run(t, env, tr, in, 1)
	if err != nil {
		t.Fatal(err)
	}
	want := []any{int64(math.MaxInt64), decimal128.GetMaxValue(38)}
	if diff := cmp.Diff(fmt.Sprint(want), fmt.Sprint(got.Rows[0])); diff != "" {
		t.Error(diff)
	}
}

func TestAGroupThatDoesNotFitIsSaid(t *testing.T) {
	env := pipelinetest.Env(t)
	env.Memory = 4 << 10
	in := pipelinetest.Table{Schema: facts}
	for i := range 500 {
		in.Rows = append(in.Rows, []any{fmt.Sprint(i), int32(1), nil, nil, nil})
	}
	tr := trial.Build(t, env, tables.Aggregate, "group_by = [\"annee\"]\ncolumns = { x = count_distinct(row.service) }", nil)
	if _, err := trial.Run(t, env, tr, in, 7); !messages.Has(err, messages.GroupTooLarge) {
		t.Errorf("error %v", err)
	}
}

func TestASideThatDoesNotFitIsSaid(t *testing.T) {
	env := pipelinetest.Env(t)
	env.Memory = 100
	other := pipelinetest.Table{Schema: arrow.NewSchema([]arrow.Field{field("code", arrow.BinaryTypes.String)}, nil)}
	for i := range 50 {
		other.Rows = append(other.Rows, []any{fmt.Sprint(i)})
	}
	tr := trial.Build(t, env, tables.Join, "source = source.table.codes\non = { service = \"code\" }\nkind = \"anti\"",
		map[string]pipelinetest.Table{"codes": other})
	in := pipelinetest.Table{Schema: facts, Rows: [][]any{{"1", nil, nil, nil, nil}}}
	if _, err := trial.Run(t, env, tr, in, 1); !messages.Has(err, messages.JoinTooLarge) {
		t.Errorf("error %v", err)
	}
}

func TestJoinAgainstAModel(t *testing.T) {
	env := pipelinetest.Env(t)
	there := arrow.NewSchema([]arrow.Field{field("libelle", arrow.BinaryTypes.String),
		field("an", arrow.PrimitiveTypes.Int32), field("code", arrow.BinaryTypes.String)}, nil)
	rapid.Check(t, func(r *rapid.T) {
		in := drawFacts(r)
		other := pipelinetest.Table{Schema: there}
		find := map[string]any{}
		for i := range rapid.IntRange(0, 15).Draw(r, "codes") {
			row := []any{fmt.Sprint("libellé ", i), nil, nil}
			if rapid.IntRange(0, 4).Draw(r, "null an") > 0 {
				row[1] = rapid.Int32Range(2020, 2023).Draw(r, "an")
			}
			if rapid.IntRange(0, 4).Draw(r, "null code") > 0 {
				row[2] = rapid.SampledFrom([]string{"", "voirie", "voirie\x00", "école", "autre"}).Draw(r, "code")
			}
			if row[1] != nil && row[2] != nil {
				key := fmt.Sprintf("%#v,%#v", row[2], row[1])
				if _, twice := find[key]; twice {
					continue
				}
				find[key] = row[0]
			}
			other.Rows = append(other.Rows, row)
		}
		kind := rapid.SampledFrom([]string{"inner", "left", "anti"}).Draw(r, "kind")
		tr := trial.Build(t, env, tables.Join, fmt.Sprintf(
			"source = source.table.codes\non = {\nservice = \"code\"\nannee = \"an\"\n}\nkind = %q", kind), map[string]pipelinetest.Table{"codes": other})
		got, err := trial.Run(t, env, tr, in, rapid.IntRange(1, 40).Draw(r, "batch"))
		if err != nil {
			r.Fatal(err)
		}
		want := pipelinetest.Table{Schema: got.Schema}
		for _, row := range in.Rows {
			label, found := find[fmt.Sprintf("%#v,%#v", row[0], row[1])]
			switch {
			case kind == "anti" && !found:
				want.Rows = append(want.Rows, row)
			case kind == "left", kind == "inner" && found:
				want.Rows = append(want.Rows, append(slices.Clone(row), label))
			}
		}
		if diff := cmp.Diff(want.CSV(), got.CSV()); diff != "" {
			r.Fatal(diff)
		}
	})
}

// Invariant 2: the NaN of two infinities has the same bits on every processor.
func TestASumOfInfinitiesHasOneForm(t *testing.T) {
	env := pipelinetest.Env(t)
	in := pipelinetest.Table{Schema: facts}
	for _, x := range []float64{math.Inf(1), math.Inf(-1), 1} {
		in.Rows = append(in.Rows, []any{nil, nil, nil, nil, x})
	}
	tr := trial.Build(t, env, tables.Aggregate, "columns = {\nsum = sum(row.taux)\navg = avg(row.taux)\n}", nil)
	got, err := trial.Run(t, env, tr, in, 2)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range got.Rows[0] {
		if bits := math.Float64bits(v.(float64)); bits != math.Float64bits(math.NaN()) {
			t.Errorf("column %d is %016x", i, bits)
		}
	}
}
