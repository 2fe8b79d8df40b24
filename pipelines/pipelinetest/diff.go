package pipelinetest

import (
	"fmt"
	"strings"

	"github.com/apache/arrow/go/v15/arrow"
)

// Diff says, for a person, how got differs from want: the schemas when they
// differ, else the rows that are only in one of the two. It is "" when they are
// equal: the same columns, types and nullability, the same values in the same
// order. Any NaN equals any NaN.
func Diff(want, got Table) string {
	if d := diffSchemas(want.Schema, got.Schema); d != "" {
		return d
	}
	w, g := rowTexts(want), rowTexts(got)
	head := 0
	for head < len(w) && head < len(g) && w[head] == g[head] {
		head++
	}
	if head == len(w) && head == len(g) {
		return ""
	}
	tail := 0
	for tail < len(w)-head && tail < len(g)-head && w[len(w)-1-tail] == g[len(g)-1-tail] {
		tail++
	}
	var b strings.Builder
	fmt.Fprintf(&b, "rows differ from row %d on (want %d rows, got %d):\n", head+1, len(w), len(g))
	writeRows(&b, "- ", w[head:len(w)-tail])
	writeRows(&b, "+ ", g[head:len(g)-tail])
	return b.String()
}

func diffSchemas(want, got *arrow.Schema) string {
	w, g := schemaText(want), schemaText(got)
	if w == g {
		return ""
	}
	return fmt.Sprintf("columns differ:\n- %s\n+ %s\n", w, g)
}

func schemaText(s *arrow.Schema) string {
	if s == nil {
		return "(no schema)"
	}
	fs := make([]string, s.NumFields())
	for i, f := range s.Fields() {
		fs[i] = f.Name + ":" + f.Type.String()
		if !f.Nullable {
			fs[i] += " not null"
		}
	}
	return strings.Join(fs, ", ")
}

// rowTexts tells a null from the text \N, which cellText cannot.
func rowTexts(t Table) []string {
	texts := make([]string, len(t.Rows))
	for i, row := range t.Rows {
		cells := make([]string, len(row))
		for c, v := range row {
			cells[c] = exactText(v, t.Schema.Field(c).Type)
		}
		texts[i] = strings.Join(cells, ", ")
	}
	return texts
}

func exactText(v any, dt arrow.DataType) string {
	if s, ok := v.(string); ok {
		return fmt.Sprintf("%q", s)
	}
	return cellText(v, dt)
}

func writeRows(b *strings.Builder, sign string, rows []string) {
	const most, longest = 12, 400
	for i, r := range rows {
		if i == most {
			fmt.Fprintf(b, "%s… and %d more\n", sign, len(rows)-most)
			return
		}
		if len(r) > longest {
			r = r[:longest] + "…"
		}
		b.WriteString(sign + r + "\n")
	}
}
