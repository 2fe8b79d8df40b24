package expr

import (
	"context"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/decimal128"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// columns of the random tables.
var randomColumns = []meaning{
	{src: "b1", k: kBool}, {src: "b2", k: kBool},
	{src: "n1", k: kInt}, {src: "n2", k: kInt}, {src: "i32", k: kInt},
	{src: "f1", k: kFloat}, {src: "f2", k: kFloat},
	{src: "m1", k: kDec, p: 12, s: 2}, {src: "m2", k: kDec, p: 5, s: 4}, {src: "m3", k: kDec, p: 30, s: 8},
	{src: "s1", k: kText}, {src: "s2", k: kText},
	{src: "d1", k: kDate}, {src: "d2", k: kDate},
}

var randomSchema = func() *arrow.Schema {
	var fs []arrow.Field
	for _, c := range randomColumns {
		t := typ{c.k, c.p, c.s}.arrow()
		if c.src == "i32" {
			t = arrow.PrimitiveTypes.Int32
		}
		fs = append(fs, arrow.Field{Name: c.src, Type: t, Nullable: true})
	}
	return arrow.NewSchema(fs, nil)
}()

func column(c meaning) meaning {
	m := c
	m.src = "row." + c.src
	m.eval = func(row map[string]answer) answer { return row[c.src] }
	return m
}

// Random well-typed expressions over random tables give, row by row, what the
// oracle says, whatever the slices, and leave no memory behind.
func TestDifferential(t *testing.T) {
	for _, k := range []kind{kBool, kInt, kFloat, kDec, kText, kDate} {
		t.Run(typ{k: k}.String(), func(t *testing.T) { differ(t, k) })
	}
}

func differ(t *testing.T, k kind) {
	refused, checked := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		m := expression(t, k, 4)
		rows := rapid.SliceOfN(rapid.Custom(randomRow), 1, 12).Draw(t, "rows")
		e, diags := hclsyntax.ParseExpression([]byte(m.src), "e", hcl.InitialPos)
		if diags.HasErrors() {
			t.Fatalf("%s: %v", m.src, diags)
		}
		p, diags := Compile(pipelines.Expression{Expression: e}, randomSchema)
		if diags.HasErrors() {
			for _, d := range diags {
				if d.Extra.(*messages.Error).Message != messages.AlwaysFails {
					t.Fatalf("%s: %v", m.src, d)
				}
			}
			refused++
			return
		}
		checked++
		if got := ofArrow(p.Type()); got.k != m.k || m.k == kDec && (got.p != m.p || got.s != m.s) {
			t.Fatalf("%s is %s, not %v(%d, %d)", m.src, got, m.k, m.p, m.s)
		}
		mem := memory.NewCheckedAllocator(arrowx.Poison{})
		defer mem.AssertSize(t, 0)
		from := rapid.IntRange(0, len(rows)-1).Draw(t, "from")
		var order []int // of the rows in the table
		for i := range rows {
			order = append(order, i)
		}
		switch rapid.IntRange(0, 7).Draw(t, "longer than a block") {
		case 0: // all blocks alike
			order = slices.Repeat(order, 300)
		case 1: // each block of its own kind
			order = nil
			for i := range rows {
				order = append(order, slices.Repeat([]int{i}, 600)...)
			}
		}
		rec := tabulate(rows, order)
		sliced := rec.NewSlice(int64(from), rec.NumRows())
		ev := p.New(mem)
		for range 2 { // scratch is used again
			checkAgainst(t, ev, m, sliced, rows, order[from:])
		}
	})
	if checked+refused >= 50 && checked < 2*refused { // one in 25 of the numbers; fewer draws say nothing
		t.Errorf("%d expressions were refused as constants that fail, and only %d checked", refused, checked)
	}
}

func checkAgainst(t *rapid.T, ev *Evaluator, m meaning, rec arrow.Record, rows []map[string]answer, order []int) {
	wants := make([]string, len(rows))
	for i, row := range rows {
		want := m.eval(row)
		wants[i] = want.err
		if want.err == "" && want.null {
			wants[i] = "null"
		} else if want.err == "" {
			wants[i] = m.text(want)
		}
	}
	arr, bad, err := ev.Eval(context.Background(), rec)
	if err != nil {
		t.Fatal(err)
	}
	defer arr.Release()
	if !slices.IsSorted(bad.Rows()) || arr.Len() != int(rec.NumRows()) {
		t.Fatalf("%s: %d rows, failures at %v", m.src, arr.Len(), bad.Rows())
	}
	for i := range arr.Len() {
		got := written(arr, i)
		if e := bad.At(i); e != nil {
			got = e.Code
		}
		if got != wants[order[i]] {
			t.Fatalf("%s\nrow %d: %s, not %s\n%s", m.src, i, got, wants[order[i]], show(rows[order[i]]))
		}
	}
}

func show(row map[string]answer) string {
	var b strings.Builder
	for _, c := range randomColumns {
		a := row[c.src]
		text := "null"
		if !a.null {
			text = c.text(a)
		}
		fmt.Fprintf(&b, "%s=%s ", c.src, text)
	}
	return b.String()
}

// expression is a random one of a kind, which names at least one column.
func expression(t *rapid.T, k kind, depth int) meaning {
	if depth > 0 {
		for range 3 {
			if m, ok := operation(t, k, depth-1); ok {
				return m
			}
		}
	}
	var cs []meaning
	for _, c := range randomColumns {
		if c.k == k {
			cs = append(cs, column(c))
		}
	}
	return rapid.SampledFrom(cs).Draw(t, "column")
}

// operand may also be a literal.
func operand(t *rapid.T, k kind, depth int) meaning {
	if rapid.IntRange(0, 3).Draw(t, "literal") == 0 {
		return literal(t, k)
	}
	return expression(t, k, depth)
}

func literal(t *rapid.T, k kind) meaning {
	m := meaning{k: k, konst: true}
	var a answer
	switch k {
	case kBool:
		a.b = rapid.Bool().Draw(t, "bool")
		m.src = fmt.Sprint(a.b)
	case kInt:
		i := rapid.SampledFrom([]int64{0, 1, 2, 3, 7, 10, 100, 1000, math.MaxInt64}).Draw(t, "int")
		m.src, m.digits, a.r = fmt.Sprint(i), int32(len(fmt.Sprint(i))), big.NewRat(i, 1)
	case kDec:
		m.src = rapid.SampledFrom([]string{"0.5", "1.2", "12.345", "0.001", "99999999.99"}).Draw(t, "decimal")
		a.r, _ = new(big.Rat).SetString(m.src)
		whole, part, _ := strings.Cut(m.src, ".")
		m.s = int32(len(part))
		m.p = max(m.s, int32(len(strings.TrimLeft(whole+part, "0"))))
	case kFloat:
		m.src = rapid.SampledFrom([]string{"0.5", "1.2", "12.345"}).Draw(t, "float")
		a.f, _ = strconv.ParseFloat(m.src, 64)
		a.r, _ = new(big.Rat).SetString(m.src)
		m.k = kDec // it takes the side of what it meets
	case kText:
		a.s = rapid.SampledFrom(texts).Draw(t, "text")
		m.src = strconv.Quote(a.s)
	case kDate:
		a.day = time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC)
		m.src = `to_date("2024-02-29")`
	}
	m.eval = func(map[string]answer) answer { return a }
	return m
}

var texts = []string{"", "a", "Moreau", "éclair", "12", "-7", "oui", "9999999999999999999", "œ u", " \u00a0où\t va ", "79927398713"}

func operation(t *rapid.T, k kind, depth int) (meaning, bool) {
	one := func(k kind) meaning { return expression(t, k, depth) }
	other := func(k kind) meaning { return operand(t, k, depth) }
	draw := func(names ...string) string { return rapid.SampledFrom(names).Draw(t, "op") }
	number := func() kind { return rapid.SampledFrom([]kind{kInt, kDec}).Draw(t, "number") }

	if general := draw("?", "coalesce", "try", "nullif", "min", "-", "-", "-", "-"); general != "-" {
		a, b := one(k), other(k)
		if b.konst && k == kFloat {
			return meaning{}, false
		}
		switch general {
		case "?":
			return conditionalOf(one(kBool), a, b)
		case "nullif":
			return nullifOf(a, b)
		case "min":
			if k == kBool || k == kFloat {
				return meaning{}, false
			}
			return extremeOf(draw("min", "max"), a, b)
		}
		return coalesceOf(general, a, b)
	}
	switch k {
	case kBool:
		return boolOperation(t, depth)
	case kText:
		return textOperation(t, depth)
	case kDate:
		if rapid.Bool().Draw(t, "function") {
			return dateFunction(t, depth)
		}
		d, n := one(kDate), other(kInt)
		return meaning{src: "add_days(" + d.src + ", " + n.src + ")", k: k, eval: strictly(func(as []answer) answer {
			n := as[1].r.Num()
			if !n.IsInt64() || n.Int64() > 4_000_000 || n.Int64() < -4_000_000 {
				return answer{err: codeOverflow}
			}
			day := as[0].day.AddDate(0, 0, int(n.Int64()))
			if day.Year() < 1 || day.Year() > 9999 {
				return answer{err: codeOverflow}
			}
			return answer{day: day}
		}, d, n)}, true
	case kFloat:
		a, b := one(kFloat), other(rapid.SampledFrom([]kind{kFloat, kFloat, kInt}).Draw(t, "side"))
		if rapid.Bool().Draw(t, "swap") {
			a, b = b, a
		}
		return arithmeticOf(draw("+", "-", "*", "/", "%"), a, b)
	case kInt:
		return intOperation(t, depth)
	}
	op := draw("+", "-", "*", "/", "%", "round", "to_decimal", "abs")
	a := one(number())
	switch op {
	case "round":
		return roundOf(one(kDec), int32(rapid.IntRange(-3, 7).Draw(t, "digits")))
	case "to_decimal":
		p := int32(rapid.IntRange(1, 38).Draw(t, "p"))
		s := int32(rapid.IntRange(0, int(p)).Draw(t, "s"))
		return toDecimalOf(a, p, s), true
	case "abs":
		a = one(kDec)
		return meaning{src: "abs(" + a.src + ")", k: kDec, p: a.p, s: a.s, eval: strictly(func(as []answer) answer {
			return answer{r: new(big.Rat).Abs(as[0].r)}
		}, a)}, true
	}
	b := other(number())
	if rapid.Bool().Draw(t, "swap") {
		a, b = b, a
	}
	m, ok := arithmeticOf(op, a, b)
	return m, ok && m.k == kDec
}

func roundOf(a meaning, digits int32) (meaning, bool) {
	m := meaning{src: fmt.Sprintf("round(%s, %d)", a.src, digits), k: kDec, p: a.p, s: a.s}
	if digits >= a.s {
		m.eval = a.eval
		return m, true
	}
	m.s = max(0, digits)
	m.p = min(38, max(a.p-a.s, -digits)+m.s+1)
	m.eval = strictly(func(as []answer) answer {
		r := as[0].r
		if digits < 0 {
			r = new(big.Rat).Mul(rounded(new(big.Rat).Quo(r, tenTo(-digits)), 0), tenTo(-digits))
		} else {
			r = rounded(r, digits)
		}
		return fitted(r, m.p, m.s)
	}, a)
	return m, true
}

func toDecimalOf(a meaning, p, s int32) meaning {
	m := meaning{src: fmt.Sprintf("to_decimal(%s, %d, %d)", a.src, p, s), k: kDec, p: p, s: s}
	m.eval = strictly(func(as []answer) answer {
		if new(big.Rat).Mul(as[0].r, tenTo(s)).IsInt() {
			return fitted(as[0].r, p, s)
		}
		return answer{err: codeScale}
	}, a)
	return m
}

func intOperation(t *rapid.T, depth int) (meaning, bool) {
	one := func(k kind) meaning { return expression(t, k, depth) }
	m := meaning{k: kInt}
	var a meaning
	switch op := rapid.SampledFrom([]string{"+", "-", "*", "%", "neg", "length", "year", "days", "to_int", "text", "function"}).Draw(t, "int op"); op {
	case "function":
		return intFunction(t, depth)
	case "neg":
		a = one(kInt)
		m.src = "(-" + a.src + ")"
		m.eval = strictly(func(as []answer) answer { return fitted64(new(big.Rat).Neg(as[0].r)) }, a)
	case "length":
		a = one(kText)
		m.src = "length(" + a.src + ")"
		m.eval = strictly(func(as []answer) answer { return answer{r: runes(as[0].s)} }, a)
	case "year":
		a = one(kDate)
		part := rapid.SampledFrom([]string{"year", "month", "day", "week", "weekday", "day_of_year"}).Draw(t, "part")
		m.src = part + "(" + a.src + ")"
		m.eval = strictly(func(as []answer) answer {
			d := as[0].day
			_, week := d.ISOWeek()
			n := map[string]int{"year": d.Year(), "month": int(d.Month()), "day": d.Day(), "week": week,
				"weekday": (int(d.Weekday())+6)%7 + 1, "day_of_year": d.YearDay()}[part]
			return answer{r: big.NewRat(int64(n), 1)}
		}, a)
	case "days":
		a, b := one(kDate), operand(t, kDate, depth)
		m.src = "days_between(" + a.src + ", " + b.src + ")"
		m.eval = strictly(func(as []answer) answer {
			return answer{r: big.NewRat((as[1].day.Unix()-as[0].day.Unix())/86400, 1)}
		}, a, b)
	case "to_int":
		a = one(kDec)
		m.src = "to_int(" + a.src + ")"
		m.eval = strictly(func(as []answer) answer {
			if !as[0].r.IsInt() {
				return answer{err: codeScale}
			}
			return fitted64(as[0].r)
		}, a)
	case "text":
		a = one(kText)
		m.src = "to_int(" + a.src + ")"
		m.eval = strictly(func(as []answer) answer { return wholeNumber(as[0].s) }, a)
	default:
		return arithmeticOf(op, one(kInt), operand(t, kInt, depth))
	}
	return m, true
}

func boolOperation(t *rapid.T, depth int) (meaning, bool) {
	one := func(k kind) meaning { return expression(t, k, depth) }
	switch op := rapid.SampledFrom([]string{"&&", "||", "!", "null", "in", "starts", "<", "<", "=", "function"}).Draw(t, "bool op"); op {
	case "&&", "||":
		return logicOf(op, one(kBool), operand(t, kBool, depth)), true
	case "function":
		return boolFunction(t, depth)
	case "!":
		a := one(kBool)
		return meaning{src: "!" + a.src, k: kBool, eval: strictly(func(as []answer) answer { return answer{b: !as[0].b} }, a)}, true
	case "null":
		a := one(rapid.SampledFrom([]kind{kBool, kInt, kFloat, kDec, kText, kDate}).Draw(t, "tested"))
		return meaning{src: "(" + a.src + " == null)", k: kBool, eval: func(row map[string]answer) answer {
			x := a.eval(row)
			return answer{err: x.err, b: x.null}
		}}, true
	case "in":
		a := one(kText)
		list := rapid.SliceOfN(rapid.SampledFrom(texts), 0, 12).Draw(t, "list")
		var quoted []string
		for _, s := range list {
			quoted = append(quoted, strconv.Quote(s))
		}
		null := rapid.Bool().Draw(t, "null in list")
		if null {
			quoted = append(quoted, "null")
		}
		return meaning{src: "contains([" + strings.Join(quoted, ", ") + "], " + a.src + ")", k: kBool,
			eval: strictly(func(as []answer) answer {
				found := slices.Contains(list, as[0].s)
				return answer{b: found, null: !found && null}
			}, a)}, true
	case "starts":
		a, b := one(kText), operand(t, kText, depth)
		return meaning{src: "starts_with(" + a.src + ", " + b.src + ")", k: kBool, eval: strictly(func(as []answer) answer {
			return answer{b: strings.HasPrefix(as[0].s, as[1].s)}
		}, a, b)}, true
	case "=":
		return comparisonOf(rapid.SampledFrom([]string{"==", "!="}).Draw(t, "equality"), one(kBool), operand(t, kBool, depth))
	}
	sides := rapid.SampledFrom([][2]kind{{kInt, kInt}, {kInt, kDec}, {kDec, kDec}, {kDec, kInt}, {kFloat, kFloat}, {kFloat, kInt},
		{kText, kText}, {kDate, kDate}}).Draw(t, "sides")
	return comparisonOf(rapid.SampledFrom([]string{"<", "<=", ">", ">=", "==", "!="}).Draw(t, "relation"),
		one(sides[0]), operand(t, sides[1], depth))
}

func textOperation(t *rapid.T, depth int) (meaning, bool) {
	m := meaning{k: kText}
	if rapid.Bool().Draw(t, "function") {
		return textFunction(t, depth)
	}
	if rapid.Bool().Draw(t, "template") {
		a := expression(t, rapid.SampledFrom([]kind{kBool, kInt, kFloat, kDec, kText, kDate}).Draw(t, "part"), depth)
		b := expression(t, kText, depth)
		m.src = fmt.Sprintf(`"<${%s}%s>"`, a.src, "-${"+b.src+"}")
		m.eval = strictly(func(as []answer) answer { return answer{s: "<" + a.text(as[0]) + "-" + as[1].s + ">"} }, a, b)
		return m, true
	}
	a := expression(t, kText, depth)
	start, count := rapid.IntRange(-3, 4).Draw(t, "start"), rapid.IntRange(-1, 4).Draw(t, "count")
	switch rapid.IntRange(0, 2).Draw(t, "text op") {
	case 0:
		m.src = fmt.Sprintf("substr(%s, %d, %d)", a.src, start, count)
		m.eval = strictly(func(as []answer) answer { return answer{s: substring(as[0].s, start, count)} }, a)
	case 1:
		m.src = "upper(" + a.src + ")"
		m.eval = strictly(func(as []answer) answer { return answer{s: strings.ToUpper(as[0].s)} }, a)
	case 2:
		b := operand(t, kText, depth)
		m.src = fmt.Sprintf(`replace(%s, %s, "ok")`, a.src, b.src)
		m.eval = strictly(func(as []answer) answer {
			if as[1].s == "" {
				return as[0]
			}
			return answer{s: strings.ReplaceAll(as[0].s, as[1].s, "ok")}
		}, a, b)
	}
	return m, true
}

// randomRow has nulls and extremes.
func randomRow(t *rapid.T) map[string]answer {
	row := map[string]answer{}
	for _, c := range randomColumns {
		a := answer{null: rapid.IntRange(0, 4).Draw(t, "null") == 0}
		if !a.null {
			a = randomValue(t, c)
		}
		row[c.src] = a
	}
	return row
}

func randomValue(t *rapid.T, c meaning) (a answer) {
	switch c.k {
	case kBool:
		a.b = rapid.Bool().Draw(t, "b")
	case kInt:
		i := rapid.OneOf(rapid.Int64Range(-5, 5), rapid.Int64(), rapid.SampledFrom([]int64{math.MinInt64, math.MaxInt64})).Draw(t, "n")
		if c.src == "i32" {
			i = int64(int32(i))
		}
		a.r = big.NewRat(i, 1)
	case kFloat:
		a.f = rapid.OneOf(rapid.SampledFrom([]float64{0, 1, 1.5, -2, math.Inf(1), math.NaN(), math.MaxFloat64, 5e-324}), rapid.Float64()).Draw(t, "f")
	case kDec:
		limit := new(big.Int).Sub(tenTo(c.p).Num(), big.NewInt(1))
		u := big.NewInt(rapid.Int64Range(-500, 500).Draw(t, "small"))
		switch rapid.IntRange(0, 3).Draw(t, "size") {
		case 0:
			u = limit
		case 1:
			u = new(big.Int).Neg(limit)
		case 2:
			u = new(big.Int).SetUint64(rapid.Uint64().Draw(t, "lo"))
			u.Mul(u, new(big.Int).SetUint64(rapid.Uint64().Draw(t, "hi")))
			u.Mod(u, limit)
		}
		a.r = new(big.Rat).Quo(new(big.Rat).SetInt(u), tenTo(c.s))
	case kText:
		a.s = rapid.SampledFrom(texts).Draw(t, "s")
	case kDate:
		days := rapid.OneOf(rapid.Int64Range(19000, 20000), rapid.Int64Range(firstDay, lastDay)).Draw(t, "d")
		a.day = time.Unix(days*86400, 0).UTC()
	}
	return a
}

func tabulate(rows []map[string]answer, order []int) arrow.Record {
	b := array.NewRecordBuilder(memory.DefaultAllocator, randomSchema)
	defer b.Release()
	for _, at := range order {
		for i, c := range randomColumns {
			appendAnswer(b.Field(i), rows[at][c.src], c)
		}
	}
	return b.NewRecord()
}

func appendAnswer(b array.Builder, a answer, c meaning) {
	if a.null {
		b.AppendNull()
		return
	}
	switch b := b.(type) {
	case *array.BooleanBuilder:
		b.Append(a.b)
	case *array.Int64Builder:
		b.Append(a.r.Num().Int64())
	case *array.Int32Builder:
		b.Append(int32(a.r.Num().Int64()))
	case *array.Float64Builder:
		b.Append(a.f)
	case *array.Decimal128Builder:
		b.Append(decimal128.FromBigInt(new(big.Rat).Mul(a.r, tenTo(c.s)).Num()))
	case *array.StringBuilder:
		b.Append(a.s)
	case *array.Date32Builder:
		b.Append(arrow.Date32(a.day.Unix() / 86400))
	}
}
