package cli

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hcled"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// writeDiagnostics shows what happened, where with the lines of the file, and
// what to do, in the user's language.
func (a *app) writeDiagnostics(w io.Writer, diags hcl.Diagnostics) {
	for _, d := range diags {
		what, remedy := d.Summary, d.Detail
		if m, ok := d.Extra.(*messages.Error); ok {
			what, remedy = m.Code+": "+m.What(a.lang), m.Remedy(a.lang)
		}
		kind, color := a.t("Error:", "Erreur :"), "1;31"
		if d.Severity == hcl.DiagWarning {
			kind, color = a.t("Warning:", "Avertissement :"), "1;33"
		}
		fmt.Fprintf(w, "%s %s\n\n", a.paint(w, color, kind), what)
		if d.Subject != nil {
			a.writePlace(w, *d.Subject)
		}
		fmt.Fprintf(w, "%s\n\n", wrap(a.t("What to do: ", "À faire : ")+remedy, a.width()))
	}
}

// writePlace shows the lines of the range; what was no line of a file, such as a
// folder that is not there, is only named.
func (a *app) writePlace(w io.Writer, at hcl.Range) {
	var file *hcl.File
	if a.project != nil {
		file = a.project.Files()[at.Filename]
	}
	if file == nil || at.Start.Line == 0 {
		if at.Filename != "" {
			fmt.Fprintf(w, "  %s %s\n\n", a.t("on", "dans"), at.Filename)
		}
		return
	}
	fmt.Fprintf(w, a.t("  on %s line %d", "  dans %s, ligne %d"), at.Filename, at.Start.Line)
	if in := hcled.ContextString(file, at.Start.Byte); in != "" {
		fmt.Fprintf(w, ", %s %s", a.t("in", "dans"), in)
	}
	fmt.Fprintf(w, "%s\n", a.t(":", " :"))
	lines := bytes.Split(file.Bytes, []byte("\n"))
	last := min(at.End.Line, at.Start.Line+maxSnippet-1)
	if at.End.Column == 1 && last > at.Start.Line { // the range ends before this line
		last--
	}
	for n := at.Start.Line; n <= max(last, at.Start.Line) && n <= len(lines); n++ {
		fmt.Fprintf(w, "%4d: %s\n", n, bytes.TrimRight(lines[n-1], "\r"))
	}
	fmt.Fprintln(w)
}

const maxSnippet = 5

// wrap breaks a text between words, so that no line is wider than it must be.
func wrap(s string, width int) string {
	var b strings.Builder
	column := 0
	for i, word := range strings.Fields(s) {
		n := len([]rune(word))
		switch {
		case i == 0:
		case column+1+n > width:
			b.WriteByte('\n')
			column = 0
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += n
	}
	return b.String()
}
