package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"golang.org/x/term"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// language is the one the user's system is set to.
func language(getenv func(string) string) messages.Lang {
	for _, name := range []string{"LAVOIR_LANG", "LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := strings.ToLower(getenv(name)); v != "" {
			if strings.HasPrefix(v, "fr") {
				return messages.French
			}
			return messages.English
		}
	}
	return systemLanguage()
}

type diagnosticJSON struct {
	Severity string     `json:"severity"`
	Code     string     `json:"code,omitempty"`
	What     string     `json:"what"`
	Remedy   string     `json:"remedy,omitempty"`
	File     string     `json:"file,omitempty"`
	Start    *placeJSON `json:"start,omitempty"`
	End      *placeJSON `json:"end,omitempty"`
}

type placeJSON struct {
	Line   int `json:"line"`
	Column int `json:"column"`
}

func (a *app) diagnosticsJSON(diags hcl.Diagnostics) []diagnosticJSON {
	out := make([]diagnosticJSON, 0, len(diags))
	for _, d := range diags {
		j := diagnosticJSON{Severity: "error", What: d.Summary, Remedy: d.Detail}
		if d.Severity == hcl.DiagWarning {
			j.Severity = "warning"
		}
		if m, ok := d.Extra.(*messages.Error); ok {
			j.Code, j.What, j.Remedy = m.Code, m.What(a.lang), m.Remedy(a.lang)
		}
		if s := d.Subject; s != nil {
			j.File, j.Start, j.End = s.Filename, &placeJSON{s.Start.Line, s.Start.Column}, &placeJSON{s.End.Line, s.End.Column}
		}
		out = append(out, j)
	}
	return out
}

func (a *app) diagnoseJSON(diags hcl.Diagnostics) {
	a.printJSON(map[string]any{"diagnostics": a.diagnosticsJSON(diags)})
}

func (a *app) printJSON(v any) error {
	enc := json.NewEncoder(a.Out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// colon is preceded by a space in French.
func (a *app) colon() string { return a.t(":", " :") }

// count is a number of things, in the singular or the plural of the language.
func (a *app) count(n int, one, many, un, plusieurs string) string {
	if a.lang == messages.French {
		if n < 2 {
			return fmt.Sprintf("%d %s", n, un)
		}
		return fmt.Sprintf("%d %s", n, plusieurs)
	}
	if n == 1 {
		return fmt.Sprintf("%d %s", n, one)
	}
	return fmt.Sprintf("%d %s", n, many)
}

// decimal is a number that Go wrote, as the user writes it.
func (a *app) decimal(number string) string {
	if a.lang == messages.French {
		return strings.Replace(number, ".", ",", 1)
	}
	return number
}

func (a *app) rows(n int64) string { return a.count(int(n), "row", "rows", "ligne", "lignes") }

// phrase is what a component says in English, in the user's language.
func (a *app) phrase(s string) string { return messages.Phrase(a.lang, s) }

// say prints a message for a person.
func (a *app) say(m *messages.Error) {
	fmt.Fprintf(a.Err, "%s: %s\n  %s %s\n", m.Code, m.What(a.lang), a.t("What to do:", "À faire :"), m.Remedy(a.lang))
}

// problem prints an error: its messages with what to do, or its text.
func (a *app) problem(err error) {
	if errors.Is(err, context.Canceled) {
		a.say(messages.Interrupted.With())
		return
	}
	var diags hcl.Diagnostics
	if errors.As(err, &diags) {
		a.diagnose(diags)
		return
	}
	var step *pipelines.StepError
	if errors.As(err, &step) {
		fmt.Fprintf(a.Err, "%s%s %s\n", step.Task, a.colon(), step.Step)
	}
	m := messages.Find(err)
	if m == nil {
		fmt.Fprintln(a.Err, a.phrase(err.Error()))
		return
	}
	a.say(m)
	for cause := m.Unwrap(); cause != nil; {
		next := messages.Find(cause)
		if next == nil {
			why := cause.Error()
			var system *fs.PathError // what failed in which folder was said
			if errors.As(cause, &system) {
				why = pipelines.Unreadable(cause)
			}
			fmt.Fprintf(a.Err, "  %s %s\n", a.t("Cause:", "Cause :"), a.phrase(why))
			return
		}
		fmt.Fprintf(a.Err, "  %s %s: %s\n", a.t("Cause:", "Cause :"), next.Code, next.What(a.lang))
		cause = next.Unwrap()
	}
}

// file is the file that w writes to, or nil.
func file(w io.Writer) *os.File {
	if v, ok := w.(visible); ok {
		w = v.to
	}
	f, _ := w.(*os.File)
	return f
}

func terminal(w io.Writer) bool {
	f := file(w)
	return f != nil && term.IsTerminal(int(f.Fd()))
}

// drawable says whether w is a terminal on which a line can be written again.
func drawable(w io.Writer) bool { return terminal(w) && escapes(file(w)) }

func showsColours(w io.Writer) bool {
	return os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && drawable(w)
}

func (a *app) width() int {
	if f := file(a.Err); f != nil {
		if w, _, err := term.GetSize(int(f.Fd())); err == nil && w > 20 {
			return w
		}
	}
	return 100
}

// paint gives a text a colour where the writer shows colours.
func (a *app) paint(w io.Writer, code, s string) string {
	if !showsColours(w) {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}
