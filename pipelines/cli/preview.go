package cli

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"
	"unicode/utf8"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/spf13/cobra"

	"github.com/lavoir-data/lavoir/internal/scalar"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

func (a *app) previewCmd() *cobra.Command {
	var rows int64
	var show bool
	cmd := &cobra.Command{
		Use:   "preview [folder or file]",
		Short: a.t("Show the first rows of a task before and after, masked", "Montrer les premières lignes d'une tâche avant et après, masquées"),
		Example: `  lavoir preview --pipeline subventions --tenant 219900017
  lavoir preview --pipeline subventions --show-values`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if rows < 1 {
				return messages.BadFlag.With("flag", "--rows", "wanted", "1, 2, 3, …")
			}
			if show && !terminal(a.Out) {
				return messages.ValuesOnTerminal.With()
			}
			p, err := a.load(args)
			if err != nil {
				return err
			}
			var task *pipelines.Task
			if err := a.diagnose(p.Tasks(a.flags.sel, func(t pipelines.Task) bool { task = &t; return false })); err != nil {
				return err
			}
			if task == nil {
				return a.nothingSelected()
			}
			if show {
				if err := audit(p.State, "preview --show-values "+task.ID.String()); err != nil {
					return err
				}
			}
			pv, err := pipelines.PreviewTask(cmd.Context(), &p.Project, *task, rows, a.options())
			if tooFew(err) {
				return messages.PreviewFew.Wrap(err, "rows", rows)
			}
			if err != nil {
				return err
			}
			defer pv.Release()
			fmt.Fprintf(a.Out, "%s\n\n%s\n", task.ID, a.t("Before:", "Avant :"))
			printRows(a.Out, pv.Before, show)
			fmt.Fprintf(a.Out, "\n%s\n", a.t("After, as the loads would get it:", "Après, tel que le recevraient les blocs load :"))
			printRows(a.Out, pv.After, show)
			for _, r := range pv.Rejects {
				fmt.Fprintln(a.Out, a.rejectLine(r))
			}
			if !show {
				fmt.Fprintln(a.Out, a.t("\nValues are masked (x a letter, 9 a digit); --show-values shows them on a terminal, and notes that you looked.",
					"\nLes valeurs sont masquées (x une lettre, 9 un chiffre) ; --show-values les montre sur un terminal, et note que vous avez regardé."))
			}
			return nil
		},
	}
	cmd.Flags().Int64Var(&rows, "rows", 10, a.t("`number` of rows of the source", "`nombre` de lignes de la source"))
	cmd.Flags().BoolVar(&show, "show-values", false, a.t("show values; only on a terminal, and audited", "montrer les valeurs ; seulement sur un terminal, et tracé"))
	return a.selection(cmd)
}

// tooFew says whether a model found too few rows to let any of them out.
func tooFew(err error) bool {
	for _, m := range []*messages.Message{messages.NoLevels, messages.TooFewRows, messages.AllSuppressed, messages.PersonsAlone} {
		if messages.Has(err, m) {
			return true
		}
	}
	return false
}

// audit notes who looked at values, before they are shown.
func audit(state, what string) error {
	if err := os.MkdirAll(state, 0o700); err != nil {
		return messages.RunFolder.Wrap(err, "folder", state)
	}
	f, err := os.OpenFile(filepath.Join(state, "audit.log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return messages.RunFolder.Wrap(err, "folder", state)
	}
	_, err = fmt.Fprintf(f, "%s %s uid=%d\n", time.Now().UTC().Format(time.RFC3339), what, os.Getuid())
	if e := f.Close(); err == nil {
		err = e
	}
	return err
}

func printRows(w io.Writer, recs []arrow.Record, show bool) {
	tw := tabwriter.NewWriter(w, 2, 4, 2, ' ', 0)
	for i, r := range recs {
		if i == 0 {
			var names, types []string
			for _, f := range r.Schema().Fields() {
				names, types = append(names, messages.Visible(f.Name)), append(types, pipelines.TypeName(f.Type))
			}
			fmt.Fprintf(tw, "  %s\n  %s\n", strings.Join(names, "\t"), strings.Join(types, "\t"))
		}
		for row := 0; row < int(r.NumRows()); row++ {
			cells := make([]string, r.NumCols())
			for c := range cells {
				cells[c] = cell(r.Column(c), row, show)
			}
			fmt.Fprintf(tw, "  %s\n", strings.Join(cells, "\t"))
		}
	}
	tw.Flush()
}

func cell(col arrow.Array, row int, show bool) string {
	if col.IsNull(row) {
		return "∅"
	}
	s := shownText(valueText(col, row))
	if show {
		return s
	}
	return maskShape(s)
}

// shownText is a text on one short line.
func shownText(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' {
			return ' '
		}
		return r
	}, s)
	if utf8.RuneCountInString(s) > 40 {
		s = string([]rune(s)[:39]) + "…"
	}
	return s
}

// valueText is a value as text, exactly: a decimal has all its decimals, an
// instant is in UTC, a bounding box is its four numbers.
func valueText(col arrow.Array, row int) string {
	switch col := col.(type) {
	case *array.Decimal128:
		return string(scalar.AppendDecimal(nil, col.Value(row), col.DataType().(*arrow.Decimal128Type).Scale, '.'))
	case *array.Timestamp:
		return col.Value(row).ToTime(arrow.Microsecond).UTC().Format(time.RFC3339Nano)
	case *array.Struct:
		parts := make([]string, col.NumField())
		for k := range parts {
			parts[k] = valueText(col.Field(k), row)
		}
		return strings.Join(parts, " ")
	}
	return col.ValueStr(row)
}

// maskShape keeps the shape of a value and none of it: letters become x, digits
// 9, so that a format can be recognised and nobody.
func maskShape(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '0' && r <= '9':
			return '9'
		case r > 127 || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z':
			return 'x'
		}
		return r
	}, s)
}
