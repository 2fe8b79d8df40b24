package cli

import (
	"io"
	"strings"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// visible is an output to which nothing goes that a terminal would act on: names
// and texts come from files that others write. Only the line ends, the tabs and
// the colours of the command's own pass. What is written out instead means the
// same in JSON.
type visible struct{ to io.Writer }

// colours are what paint puts around a word.
var colours = []string{"\x1b[0m", "\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[1;31m", "\x1b[1;33m"}

func (v visible) Write(p []byte) (int, error) {
	text := string(p)
	var b strings.Builder
	for text != "" {
		before, after, found := strings.Cut(text, "\x1b")
		b.WriteString(messages.VisibleBut(before, "\n\t"))
		if !found {
			break
		}
		text = "\x1b" + after
		n := v.colour(text)
		if n == 0 {
			b.WriteString(messages.Visible("\x1b"))
			n = 1
		} else {
			b.WriteString(text[:n])
		}
		text = text[n:]
	}
	if _, err := io.WriteString(v.to, b.String()); err != nil {
		return 0, err
	}
	return len(p), nil
}

// colour is the length of the colour that s begins with, where colours are shown.
func (v visible) colour(s string) int {
	for _, c := range colours {
		if strings.HasPrefix(s, c) && showsColours(v.to) {
			return len(c)
		}
	}
	return 0
}

// eraseLine takes back the line that is being written on a terminal.
func (v visible) eraseLine() { io.WriteString(v.to, "\r\x1b[K") }
