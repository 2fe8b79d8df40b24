package format

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

var _ pipelines.Guesser = fixedConfig{}

const (
	// fewestLines is how many lines must have a space at a byte for it to set columns
	// apart: in fewer it happens by itself.
	fewestLines = 20
	// shortestLine is what is no line of columns.
	shortestLine = 12
	// mostBytes is how much of a line is looked at.
	mostBytes = 4096
)

// Looks finds lines that have what a published layout has at its positions, or that
// all have the same length and no delimiter.
func (fixedConfig) Looks(head []byte, in pipelines.GuessFile) int {
	lines := linesOf(head, len(head) == pipelines.GuessHead)
	if layout, _, _ := layoutOf(lines); layout != nil {
		return 95
	}
	if len(lines) < 3 || len(lines[0]) < shortestLine || in.Extension == ".csv" || in.Extension == ".tsv" {
		return 0
	}
	for _, l := range lines {
		if len(l) != len(lines[0]) || bytes.IndexByte(l, 0) >= 0 {
			return 0
		}
	}
	for _, delimiter := range []string{";", ",", "\t", "|"} {
		n := bytes.Count(lines[0], []byte(delimiter))
		if n > 0 && !slices.ContainsFunc(lines, func(l []byte) bool { return bytes.Count(l, []byte(delimiter)) != n }) {
			return 0
		}
	}
	return 50
}

// Guess proposes positions only where something says them: a published layout, or
// bytes that are a space in every line of many.
func (fixedConfig) Guess(ctx context.Context, env pipelines.Env, file pipelines.GuessFile) (*pipelines.Guess, error) {
	in := guessInput(file)
	b, err := readBytes(ctx, in)
	if err != nil {
		return nil, err
	}
	g := &pipelines.Guess{Format: "fixed"}
	config := fixedConfig{Encoding: "utf-8", Short: "reject", NUL: "reject", cellOptions: cellOptions{Null: []string{""}, Decimal: ".", Trim: true}}
	encoding, repair := b.encoding(g)
	switch {
	case repair != "":
		encoding = repair // one line in two encodings is told by its reader
	case strings.HasPrefix(encoding, "utf-16"):
		return nil, messages.GuessNoSpans.With("why", "it is UTF-16, which this format does not read")
	}
	if config.Encoding = encoding; encoding != "utf-8" {
		g.Set("encoding", encoding)
	}
	var kinds map[string]kindGuess
	lines := linesOf(b.head, int64(len(b.head)) < b.size)
	if layout, n, of := layoutOf(lines); layout != nil {
		config.Fields, config.Except, kinds = textsByName(layout.fields), layout.except, layout.types
		g.Schema = layout.name
		g.Found(messages.GuessLayout.With("schema", layout.name, "count", n, "lines", of))
		g.Options = append(g.Options, pipelines.GuessOption{Name: "fields", Value: fieldsText(layout.fields)})
		if len(config.Except) > 0 {
			g.Set("except", config.Except)
		}
		if layout.short {
			config.Short = "null"
			g.Set("short", "null")
		}
		if b.nuls > 0 {
			config.NUL = "space"
			g.Set("nul", "space")
		}
	} else {
		fields, err := guessSpans(ctx, g, in)
		if err != nil {
			return nil, err
		}
		config.Fields = textsByName(fields)
		g.Options = append(g.Options, pipelines.GuessOption{Name: "fields", Value: fieldsText(fields)})
	}
	codec, err := newFixed(env, config)
	if err != nil {
		return nil, err
	}
	rows := rowsGuess{g: g, whole: true, prepare: func(_ int, c *columnGuess) {
		if kinds != nil {
			c.kind = alwaysText
			if k, ok := kinds[c.name]; ok {
				c.kind = k
			}
		}
	}}
	if err := rows.read(ctx, codec, in); err != nil {
		return nil, err
	}
	if len(config.Except) > 0 {
		left := b.bytes['\n'] - g.Rows
		if b.last != '\n' {
			left++
		}
		for _, r := range g.Rejects {
			left -= r.Count
		}
		if left > 0 {
			g.Found(messages.FileOtherLines.With("count", left))
		}
	}
	guessColumns(g, rows.cols, false)
	return g, nil
}

func textsByName(list []pipelines.NamedText) map[string]string {
	m := map[string]string{}
	for _, f := range list {
		m[f.Name] = f.Text
	}
	return m
}

// linesOf are the first lines of a file; the last is left out where it is cut.
func linesOf(head []byte, cut bool) (lines [][]byte) {
	for len(head) > 0 && len(lines) < mostTop {
		line, rest, ended := bytes.Cut(head, []byte("\n"))
		if !ended && cut {
			break
		}
		lines, head = append(lines, bytes.TrimSuffix(line, []byte("\r"))), rest
	}
	return lines
}

// layoutOf is the layout that nine in ten lines are of, but for a few that may
// stand above.
func layoutOf(lines [][]byte) (layout *fixedLayout, count, of int) {
	for i := range fixedLayouts {
		n := 0
		for _, l := range lines {
			if fixedLayouts[i].on(l) {
				n++
			}
		}
		if n > 0 && n*10 >= (len(lines)-3)*9 {
			return &fixedLayouts[i], n, len(lines)
		}
	}
	return nil, 0, 0
}

// byteColumn is what stands at one byte of all lines.
type byteColumn struct{ spaces, digits, letters int64 }

// guessSpans sets columns apart where a byte is a space in every line.
func guessSpans(ctx context.Context, g *pipelines.Guess, in Input) (fields []pipelines.NamedText, err error) {
	at, length, lines, err := byteColumns(ctx, in)
	if err != nil {
		return nil, err
	}
	switch {
	case lines == 0:
		return nil, messages.FileEmpty.With()
	case length > mostBytes:
		return nil, messages.GuessNoSpans.With("why", fmt.Sprintf("its lines are longer than %d bytes", mostBytes))
	case length < 0:
		return nil, messages.GuessNoSpans.With("why", "its lines have different lengths")
	case lines < fewestLines:
		return nil, messages.GuessNoSpans.With("why", fmt.Sprintf("it has %d lines, and a space at the same byte of so few says nothing", lines))
	}
	blank := func(i int) bool { return i >= length || at[i].spaces == lines }
	var spans []span
	var joined []string
	for start := 0; start < length; start++ {
		if blank(start) {
			continue
		}
		end := start
		for !blank(end) {
			end++
		}
		spans = append(spans, span{start: start, end: end})
		start = end
	}
	// What is blank in this file is not in the next: it belongs to a column. A number
	// that grows does so to the left, and a text that grows into it is no number.
	for i := range spans {
		switch {
		case i == 0:
			spans[i].start = 0
		case at[spans[i].end-1].spaces == 0: // it ends at the same byte in every line
			spans[i].start = spans[i-1].end
		default:
			spans[i-1].end = spans[i].start
		}
	}
	if len(spans) < 2 {
		return nil, messages.GuessNoSpans.With("why", "no byte is a space in every line")
	}
	spans[len(spans)-1].end = length
	for i, s := range spans {
		fields = append(fields, pipelines.NamedText{Name: fmt.Sprintf("column_%d", i+1), Text: s.text()})
		for k := s.start; k+1 < s.end; k++ { // where digits meet letters in every line
			if at[k].digits == lines && at[k+1].letters == lines || at[k].letters == lines && at[k+1].digits == lines {
				joined = append(joined, s.text())
				break
			}
		}
	}
	g.Found(messages.GuessSpans.With("lines", lines, "length", length, "columns", len(fields)))
	for _, span := range joined {
		g.Found(messages.GuessJoined.With("span", span))
	}
	return fields, nil
}

// text is how the option writes it.
func (s span) text() string {
	if s.end == s.start+1 {
		return fmt.Sprint(s.end)
	}
	return fmt.Sprintf("%d-%d", s.start+1, s.end)
}

// byteColumns reads all lines. length is -1 where they differ.
func byteColumns(ctx context.Context, in Input) (at []byteColumn, length int, lines int64, err error) {
	r, err := in.Open(ctx)
	if err != nil {
		return nil, 0, 0, err
	}
	defer r.Close()
	s := bufio.NewReaderSize(r, 64<<10)
	for {
		line, err := s.ReadSlice('\n')
		if err == bufio.ErrBufferFull {
			return nil, mostBytes + 1, 1, nil
		}
		if err != nil && err != io.EOF {
			return nil, 0, 0, err
		}
		line = bytes.TrimRight(line, "\r\n\x1a")
		if err == io.EOF && len(line) == 0 {
			return at, length, lines, ctx.Err()
		}
		switch {
		case lines == 0:
			length, at = len(line), make([]byteColumn, min(len(line), mostBytes))
		case len(line) != length:
			return at, -1, lines + 1, ctx.Err()
		}
		lines++
		for i := range at {
			switch c := line[i]; {
			case c == ' ':
				at[i].spaces++
			case c-'0' <= 9:
				at[i].digits++
			case c|0x20 >= 'a' && c|0x20 <= 'z':
				at[i].letters++
			}
		}
		if err == io.EOF {
			return at, length, lines, ctx.Err()
		}
	}
}
