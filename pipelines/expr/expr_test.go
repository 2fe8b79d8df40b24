package expr

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2/json"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// What expressions give over the town: plain values, extremes, nulls.
func TestValues(t *testing.T) {
	const over, zero = "LAV-2504", "LAV-2510"
	for _, c := range []struct {
		src  string
		typ  string
		want [3]string
	}{
		{`row.nom`, "text", [3]string{"Moreau", "", "null"}},
		{`row["nom complet"]`, "text", [3]string{"Moreau Alice", "é̀œ", "null"}},
		{`row.petit`, "int32", [3]string{"7", "-2147483648", "null"}},
		{`row.octets`, "binary", [3]string{"hi", "", "null"}},
		{`"constant"`, "text", [3]string{"constant", "constant", "constant"}},
		{`null`, "null", [3]string{"null", "null", "null"}},

		{`row.n + 1`, "int64", [3]string{"4", over, "null"}},
		{`row.petit - 1`, "int64", [3]string{"6", "-2147483649", "null"}},
		{`row.n * 2`, "int64", [3]string{"6", over, "null"}},
		{`row.n / 2`, "decimal(25, 6)", [3]string{"1.500000", "4611686018427387903.500000", "null"}},
		{`row.n % 2`, "int64", [3]string{"1", "1", "null"}},
		{`row.n % 0`, "int64", [3]string{zero, zero, "null"}},
		{`1 / 3`, "decimal(7, 6)", [3]string{"0.333333", "0.333333", "0.333333"}},
		{`-2 / 3`, "decimal(7, 6)", [3]string{"-0.666667", "-0.666667", "-0.666667"}},
		{`row.m + 1`, "decimal(13, 2)", [3]string{"13.34", "-9999999998.99", "null"}},
		{`row.m * 1.2`, "decimal(14, 3)", [3]string{"14.808", "-11999999999.988", "null"}},
		{`row.m / 3`, "decimal(16, 6)", [3]string{"4.113333", "-3333333333.330000", "null"}},
		{`row.m / 0.00`, "decimal(16, 6)", [3]string{zero, zero, "null"}},
		{`row.m % 5`, "decimal(3, 2)", [3]string{"2.34", "-4.99", "null"}},
		{`-row.m`, "decimal(12, 2)", [3]string{"-12.34", "9999999999.99", "null"}},
		{`row.m * local.taux`, "decimal(16, 5)", [3]string{"13.01870", "-10549999999.98945", "null"}},
		{`row.f * 2`, "float64", [3]string{"3", "-0", "null"}},
		{`row.f * 1.2`, "float64", [3]string{"1.7999999999999998", "-0", "null"}},
		{`row.f / 0`, "float64", [3]string{zero, zero, "null"}},
		{`row.f + row.n`, "float64", [3]string{"4.5", over, "null"}},
		{`to_float(row.n) * to_float("1e300") * to_float("1e300")`, "float64", [3]string{over, over, "null"}},
		{`row.rien + 1`, "int64", [3]string{"null", "null", "null"}},
		{`row.large > 0.5`, "bool", [3]string{"true", "true", "null"}},
		{`row.large == row.m`, "bool", [3]string{"false", "false", "null"}},

		{`row.n > 3.5`, "bool", [3]string{"false", "true", "null"}},
		{`row.nom == "Moreau"`, "bool", [3]string{"true", "false", "null"}},
		{`row.nom == null`, "bool", [3]string{"false", "false", "true"}},
		{`null != row.nom`, "bool", [3]string{"true", "true", "false"}},
		{`row.octets == null`, "bool", [3]string{"false", "false", "true"}},
		{`row.nom == local.vide`, "bool", [3]string{"null", "null", "null"}},
		{`row.n / 0 == null`, "bool", [3]string{zero, zero, "true"}},
		{`row.d > to_date("2000-01-01")`, "bool", [3]string{"true", "false", "null"}},
		{`row.b == true`, "bool", [3]string{"true", "false", "null"}},

		{`row.b && row.n / 0 > 1`, "bool", [3]string{zero, "false", "null"}},
		{`row.b || row.n / 0 > 1`, "bool", [3]string{"true", zero, "null"}},
		{`row.b || true`, "bool", [3]string{"true", "true", "true"}},
		{`row.b && null`, "bool", [3]string{"null", "false", "null"}},
		{`!row.b`, "bool", [3]string{"false", "true", "null"}},
		{`row.b ? "oui" : "non"`, "text", [3]string{"oui", "non", "null"}},
		{`row.b ? row.n : row.n / 0`, "decimal(25, 6)", [3]string{"3.000000", zero, "null"}},
		{`row.b ? row.m : null`, "decimal(12, 2)", [3]string{"12.34", "null", "null"}},
		{`true ? row.nom : "x"`, "text", [3]string{"Moreau", "", "null"}},
		{`upper(row.n > 0 ? "a" : row.nom)`, "text", [3]string{"A", "A", "null"}},

		{`"${row.nom}-${row.n}-x"`, "text", [3]string{"Moreau-3-x", "-9223372036854775807-x", "null"}},
		{`"${row.m} ${row.d} ${row.t} ${row.b} ${row.f}"`, "text", [3]string{
			"12.34 2024-07-14 2024-12-31T23:30:00Z true 1.5", "-9999999999.99 0001-01-01 1970-01-01T00:00:00Z false -0", "null"}},
		{`"${row.nom}"`, "text", [3]string{"Moreau", "", "null"}},
		{`"%{ if row.b }oui%{ else }non%{ endif }"`, "text", [3]string{"oui", "non", "null"}},
		{`"${each.key}/${row.nom}"`, "text", [3]string{"val-fleuri/Moreau", "val-fleuri/", "null"}},

		{`contains(["Moreau", "X"], row.nom)`, "bool", [3]string{"true", "false", "null"}},
		{`contains(["Moreau", null], row.nom)`, "bool", [3]string{"true", "null", "null"}},
		{`contains(local.noms, row.nom)`, "bool", [3]string{"true", "false", "null"}},
		{`contains([3, 4.5], row.n)`, "bool", [3]string{"true", "false", "null"}},
		{`contains([1,2,3,4,5,6,7,8,9,12.34], row.m)`, "bool", [3]string{"true", "false", "null"}},
		{`contains([], row.nom)`, "bool", [3]string{"false", "false", "null"}},
		{`contains(row.tags, "b")`, "bool", [3]string{"true", "false", "null"}},
		{`contains(row.tags, "z")`, "bool", [3]string{"null", "false", "null"}},
		{`contains(row.nom, "or")`, "bool", [3]string{"true", "false", "null"}},
		{`contains([row.nom, "x"], "x")`, "bool", [3]string{"true", "true", "true"}},
		{`local.natures[row.nom]`, "text", [3]string{"personne", "null", "null"}},
		{`local.codes[row.nom].label`, "text", [3]string{"M.", "null", "null"}},
		{`local.codes[row.nom].rank + row.n`, "int64", [3]string{"4", "null", "null"}},
		{`lookup(local.natures, row.nom, "?")`, "text", [3]string{"personne", "?", "?"}},
		{`local.noms[row.n - 3]`, "text", [3]string{"Moreau", "null", "null"}},
		{`row.tags[0]`, "text", [3]string{"a", "null", "null"}},
		{`row.tags[row.n - 2]`, "text", [3]string{"null", "null", "null"}},
		{`row.tags`, "list(text)", [3]string{"[a|null|b]", "[]", "null"}},
		{`row.b ? row.tags : split(",", "x,y")`, "list(text)", [3]string{"[a|null|b]", "[x|y]", "null"}},
		{`join("+", row.tags)`, "text", [3]string{"a+b", "", "null"}},
		{`length(row.tags)`, "int64", [3]string{"3", "0", "null"}},
		{`length(row["nom complet"])`, "int64", [3]string{"12", "3", "null"}},
		{`split(" ", row["nom complet"])[1]`, "text", [3]string{"Alice", "null", "null"}},
		{`row[each.key == "val-fleuri" ? "nom" : "n"]`, "text", [3]string{"Moreau", "", "null"}},

		{`row.n + year("2024-05-31")`, "int64", [3]string{"2027", over, "null"}},
		{`"${format("%s!", each.key)} ${row.n}"`, "text", [3]string{"val-fleuri! 3", "val-fleuri! 9223372036854775807", "null"}},
		{`row.b || length(local.natures) == 2`, "bool", [3]string{"true", "true", "true"}},
		{`coalesce(row.nom, "?")`, "text", [3]string{"Moreau", "", "?"}},
		{`coalesce(row.n, row.n / 0)`, "decimal(25, 6)", [3]string{"3.000000", "9223372036854775807.000000", "null"}},
		{`coalesce(to_int(row.nom), 0)`, "int64", [3]string{"LAV-2500", "LAV-2500", "0"}},
		{`try(to_int(row.nom), 0)`, "int64", [3]string{"0", "0", "null"}},
		{`nullif(row.nom, "")`, "text", [3]string{"Moreau", "null", "null"}},
		{`nullif(row.m, 12.340)`, "decimal(12, 2)", [3]string{"null", "-9999999999.99", "null"}},

		{`to_decimal(row.m, 4, 2)`, "decimal(4, 2)", [3]string{"12.34", over, "null"}},
		{`to_decimal(row.m, 12, 1)`, "decimal(12, 1)", [3]string{"LAV-2503", "LAV-2503", "null"}},
		{`to_decimal(row.f, 4, 1)`, "decimal(4, 1)", [3]string{"1.5", "0.0", "null"}},
		{`to_int(row.f)`, "int64", [3]string{"LAV-2503", "0", "null"}},
		{`to_int(round(row.m))`, "int64", [3]string{"12", "-10000000000", "null"}},
		{`to_decimal("1,234.5", 6, 2, "en") + row.m`, "decimal(13, 2)", [3]string{"1246.84", "-9999998765.49", "null"}},
		{`to_float(row.m)`, "float64", [3]string{"12.34", "-9999999999.99", "null"}},
		{`to_text(row.m, "fr")`, "text", [3]string{"12,34", "-9999999999,99", "null"}},
		{`to_text(row.t, "DD/MM/YYYY HH:mm", "Europe/Paris")`, "text", [3]string{"01/01/2025 00:30", "01/01/1970 01:00", "null"}},
		{`year(row.t, "Europe/Paris")`, "int64", [3]string{"2025", "1970", "null"}},
		{`year(row.t, "UTC")`, "int64", [3]string{"2024", "1970", "null"}},
		{`to_date(row.t, "Europe/Paris")`, "date", [3]string{"2025-01-01", "1970-01-01", "null"}},
		{`date_trunc("month", row.t, "Europe/Paris")`, "timestamp", [3]string{"2024-12-31T23:00:00Z", "1969-12-31T23:00:00Z", "null"}},
		{`date_trunc("hour", row.t, "Europe/Paris")`, "timestamp", [3]string{"2024-12-31T23:00:00Z", "1970-01-01T00:00:00Z", "null"}},
		{`to_timestamp(row.d, "Europe/Paris")`, "timestamp", [3]string{"2024-07-13T22:00:00Z", "0000-12-31T23:50:39Z", "null"}},
		{`add_days(row.d, -1)`, "date", [3]string{"2024-07-13", over, "null"}},
		{`add_months(row.d, row.n)`, "date", [3]string{"2024-10-14", over, "null"}},
		{`round(row.m, 1)`, "decimal(12, 1)", [3]string{"12.3", "-10000000000.0", "null"}},
		{`round(row.m, -1)`, "decimal(11, 0)", [3]string{"10", "-10000000000", "null"}},
		{`round(row.n, -1)`, "int64", [3]string{"0", over, "null"}},
		{`floor(row.m)`, "decimal(11, 0)", [3]string{"12", "-10000000000", "null"}},
		{`ceil(row.f)`, "float64", [3]string{"2", "0", "null"}},
		{`abs(row.m)`, "decimal(12, 2)", [3]string{"12.34", "9999999999.99", "null"}},
		{`min(row.n, row.m)`, "decimal(21, 2)", [3]string{"3.00", "-9999999999.99", "null"}},
		{`max(row.nom, "B")`, "text", [3]string{"Moreau", "B", "null"}},
		{`regex_extract(row.nom, "o(?P<suite>.)", "suite")`, "text", [3]string{"r", "null", "null"}},
		{`substr(row["nom complet"], -1, 1)`, "text", [3]string{"e", "œ", "null"}},
		{`unaccent(row["nom complet"])`, "text", [3]string{"Moreau Alice", "eoe", "null"}},
		{`json_get("{\"Moreau\": {\"x\": \"\\u00e9\"}}", "$.Moreau.x")`, "text", [3]string{"é", "é", "é"}},
		{`json_get(row.nom, "$.a")`, "text", [3]string{"LAV-3013", "LAV-3013", "null"}},
	} {
		rec := town(t)
		if got := pipelines.TypeName(compile(t, c.src, rec.Schema()).Type()); got != c.typ {
			t.Errorf("%s has type %s, not %s", c.src, got, c.typ)
		}
		if diff := cmp.Diff(c.want[:], values(t, c.src, rec)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", c.src, diff)
		}
	}
}

// Every mistake is a diagnostic with a code, at its place.
func TestMistakes(t *testing.T) {
	for _, c := range []struct {
		src    string
		code   *messages.Message
		column int
	}{
		{`row.inconnue + 1`, messages.UnknownColumn, 1},
		{`1 + row.a-row.b`, messages.HyphenInName, 5},
		{`row.n-1`, messages.HyphenInName, 1},
		{`row.n-petit`, messages.HyphenInName, 1},
		{`row.nom-usuel`, messages.UnknownColumn, 1},
		{`local.taux-row.m`, messages.HyphenInName, 1},
		{`row`, messages.WholeRow, 1},
		{`row[0]`, messages.WholeRow, 1},
		{`row[row.nom]`, messages.WholeRow, 1},
		{`row.nom.x`, messages.UnsupportedExpression, 1},
		{`row.nom + 1`, messages.WrongTypes, 1},
		{`row.nom + row.nom`, messages.WrongTypes, 1},
		{`row.d - row.d`, messages.WrongTypes, 1},
		{`row.d > "2024-01-01"`, messages.WrongTypes, 1},
		{`row.n == "1"`, messages.WrongTypes, 1},
		{`row.octets == row.octets`, messages.WrongTypes, 1},
		{`row.b < true`, messages.WrongTypes, 1},
		{`row.nom && true`, messages.WrongTypes, 1},
		{`row.nom ? 1 : 2`, messages.WrongTypes, 1},
		{`row.b ? 1 : "x"`, messages.WrongTypes, 1},
		{`"x${row.tags}"`, messages.WrongTypes, 5},
		{`local.natures[row.n]`, messages.WrongTypes, 1},
		{`row.m + row.f`, messages.DecimalWithFloat, 1},
		{`row.m == row.f`, messages.DecimalWithFloat, 1},
		{`row.large * row.large`, messages.DecimalTooWide, 1},
		{`row.large + 1`, messages.DecimalTooWide, 1},
		{`majuscule(row.nom)`, messages.UnknownFunction, 1},
		{`uper(row.nom)`, messages.UnknownFunction, 1},
		{`upper(row.n)`, messages.WrongArguments, 1},
		{`upper()`, messages.WrongArguments, 1},
		{`upper(row.nom, 1)`, messages.WrongArguments, 1},
		{`year(row.t)`, messages.WrongArguments, 1},
		{`split(row.nom, ",")`, messages.ConstantWanted, 7},
		{`regex_match(row.nom, row.nom)`, messages.ConstantWanted, 22},
		{`regex_match(row.nom, "(")`, messages.BadPattern, 22},
		{`to_decimal(row.nom, 39, 2)`, messages.ConstantWanted, 21},
		{`to_decimal(row.nom, 2, 4)`, messages.ConstantWanted, 24},
		{`to_date(row.nom, "quand")`, messages.DatePattern, 18},
		{`to_date(row.t, "Europe/Ville")`, messages.UnknownZone, 16},
		{`year(row.t, "Local")`, messages.UnknownZone, 13},
		{`row.n + 1 / 0`, messages.AlwaysFails, 9},
		{`1e80`, messages.NumberTooLong, 1},
		{`row.nom == local.inconnu`, messages.ValueUnknown, 12},
		{`"${row.nom}${local.secret}"`, messages.SecretInText, 14},
		{`local.absent`, messages.NoElement, 6},
		{`[row.nom]`, messages.UnsupportedExpression, 1},
		{`[for x in row.tags : x]`, messages.UnsupportedExpression, 1},
		{`row.tags[*]`, messages.UnsupportedExpression, 1},
		{`local.natures`, messages.UnsupportedExpression, 1},
		{"row.b" + strings.Repeat(" && row.b", maxOperations), messages.ExpressionTooLarge, 1},
		{`upper([row.nom]...)`, messages.UnsupportedExpression, 1},
	} {
		_, diags := Compile(parse(t, c.src), townSchema)
		if len(diags) != 1 {
			t.Errorf("%s: %d diagnostics: %v", c.src, len(diags), diags)
			continue
		}
		e, ok := diags[0].Extra.(*messages.Error)
		if !ok || e.Message != c.code || diags[0].Subject == nil || diags[0].Subject.Start.Column != c.column {
			t.Errorf("%s: %v, not %s at column %d", c.src, diags[0], c.code.Code, c.column)
		}
	}
}

func TestAllMistakesAtOnce(t *testing.T) {
	_, diags := Compile(parse(t, `row.x > 1 && upper(row.n) == row.d - 1 ? row.nom.y : "${row.tags}!"`), townSchema)
	if len(diags) != 5 {
		t.Errorf("%d diagnostics: %v", len(diags), diags)
	}
}

func TestHyphenHint(t *testing.T) {
	_, diags := Compile(parse(t, `row.a-row.b-row.c`), townSchema)
	if want := "row.a - row.b - row.c"; len(diags) != 1 || diags[0].Extra.(*messages.Error).Param("write") != want {
		t.Errorf("%v, not a hint to write %s", diags, want)
	}
	hyphened := arrow.NewSchema([]arrow.Field{{Name: "code-postal", Type: arrow.BinaryTypes.String}, {Name: "code", Type: arrow.BinaryTypes.String}}, nil)
	if p := compile(t, `row.code-postal`, hyphened); p.Columns()[0] != "code-postal" {
		t.Errorf("a column whose name has a hyphen is not found")
	}
}

// A JSON pipeline file writes the same expressions as templates in texts.
func TestJSONSyntax(t *testing.T) {
	file, diags := json.Parse([]byte(`{"e": "${row.n + 1}", "t": "n°${row.n}", "k": 12, "l": ["a"]}`), "pipeline.hcl.json")
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	attrs, _ := file.Body.JustAttributes()
	for name, want := range map[string]string{"e": "4", "t": "n°3", "k": "12"} {
		p, diags := Compile(pipelines.Expression{Expression: attrs[name].Expr, Values: testValues}, townSchema)
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		arr, _, err := p.New(memory.DefaultAllocator).Eval(context.Background(), town(t))
		if err != nil || written(arr, 0) != want {
			t.Errorf("%s is %s, not %s (%v)", name, written(arr, 0), want, err)
		}
	}
	if _, diags := Compile(pipelines.Expression{Expression: attrs["l"].Expr}, townSchema); !diags.HasErrors() {
		t.Error("a list is no value")
	}
	if _, diags := Compile(pipelines.Expression{Expression: parse(t, "row.n").Expression}, townSchema); diags.HasErrors() {
		t.Error("values are not needed:", diags)
	}
}

// Lineage: a branch that is never taken counts too.
func TestColumns(t *testing.T) {
	p := compile(t, `false ? row.nom : "${row.n}${local.natures[row["nom complet"]]}"`, townSchema)
	if diff := cmp.Diff([]string{"n", "nom", "nom complet"}, p.Columns()); diff != "" {
		t.Error(diff)
	}
}

// doneAfter is a context that is done once it was asked a number of times.
type doneAfter struct {
	context.Context
	left int
}

func (c *doneAfter) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

// On every way out nothing is left behind.
func TestEvalErrors(t *testing.T) {
	p := compile(t, `row.m + 1`, townSchema)
	rec := town(t)
	other := arrow.NewSchema(rec.Schema().Fields()[1:], nil)
	sel := rec.Columns()[1:]
	ev := p.New(memory.DefaultAllocator)
	if _, _, err := ev.Eval(context.Background(), record(other, sel, rec.NumRows())); err == nil {
		t.Error("a record of another schema was evaluated")
	}
	mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer mem.AssertSize(t, 0)
	for _, src := range []string{`row.m + 1`, `upper(row.nom)`, `split(",", row.nom)`, `row.b || row.n > 1`} {
		rows := benchRecord(townSchema.Field(6).Type, 5000)
		src = strings.NewReplacer("row.nom", "row.c", "row.b", `row.c == "A"`, "row.n", "row.m").Replace(src)
		if _, _, err := compile(t, src, rows.Schema()).New(mem).Eval(&doneAfter{Context: context.Background(), left: 3}, rows); err != context.Canceled {
			t.Errorf("%s: a context that is done on the way gave %v", src, err)
		}
	}
	done, cancel := context.WithCancel(context.Background())
	cancel()
	if _, _, err := ev.Eval(done, rec); err != context.Canceled {
		t.Errorf("a context that is done gave %v", err)
	}
}

// A program is shared by workers, each with an evaluator of its own.
func TestSharedProgram(t *testing.T) {
	rec := town(t)
	p := compile(t, `"${regex_extract(row.nom, "o(.)")} ${year(row.t, "Europe/Paris")} ${row.m / 3} ${local.natures[row.nom]}"`, townSchema)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			ev := p.New(memory.NewGoAllocator())
			for range 50 {
				arr, _, err := ev.Eval(context.Background(), rec)
				if err != nil || written(arr, 0) != "r 2025 4.113333 personne" {
					t.Error(written(arr, 0), err)
				}
				arr.Release()
			}
		})
	}
	wg.Wait()
}

// A block in which a branch is a constant leaves no trace in the next.
func TestBlocksAreIndependent(t *testing.T) {
	s := arrow.NewSchema([]arrow.Field{{Name: "b", Type: arrow.FixedWidthTypes.Boolean}, {Name: "s", Type: arrow.BinaryTypes.String}}, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, s)
	for i := range 4 * block {
		b.Field(0).(*array.BooleanBuilder).Append(i < block || i%3 == 0 || i >= 3*block)
		if i%2 == 0 {
			b.Field(1).AppendNull()
		} else {
			b.Field(1).(*array.StringBuilder).Append("x")
		}
	}
	rec := b.NewRecord()
	for _, src := range []string{
		`upper(row.b ? null : row.s)`, `upper(row.b ? "1" : row.s)`, `to_int(row.b ? "1" : row.s)`, `to_text(row.b ? 1 : length(row.s))`,
		`split(",", row.b ? "1,2" : row.s)`, `"<${row.b ? "1" : row.s}>"`, `luhn(row.b ? null : row.s)`,
	} {
		whole := values(t, src, rec)
		ev := compile(t, src, s).New(memory.NewGoAllocator())
		for i := 0; i < len(whole); i += 97 {
			arr, bad, err := ev.Eval(context.Background(), rec.NewSlice(int64(i), int64(i+1)))
			if err != nil {
				t.Fatal(err)
			}
			got := written(arr, 0)
			if e := bad.At(0); e != nil {
				got = e.Code
			}
			if got != whole[i] {
				t.Fatalf("%s: row %d is %s alone and %s among others", src, i, got, whole[i])
			}
		}
	}
}
