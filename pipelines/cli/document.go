package cli

import (
	"fmt"
	"html"
	"strings"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// document is a text of a few parts that is written as HTML and as Markdown. What it
// is made of may come from anybody: nothing of it acts where it is shown.
type document struct {
	lang  string
	parts []part
}

// part is a heading, a paragraph, a list or a table: the first of these that is set.
type part struct {
	level   int // of a heading
	text    string
	list    []string
	caption string
	header  []string
	rows    [][]string
}

func (d *document) heading(level int, text string) {
	d.parts = append(d.parts, part{level: level, text: text})
}
func (d *document) say(text string)    { d.parts = append(d.parts, part{text: text}) }
func (d *document) list(all ...string) { d.parts = append(d.parts, part{list: all}) }
func (d *document) table(caption string, header []string, rows [][]string) {
	d.parts = append(d.parts, part{caption: caption, header: header, rows: rows})
}

// markdown writes the documents one after the other.
func markdown(all ...document) string {
	var b strings.Builder
	for i, d := range all {
		if i > 0 {
			b.WriteString("\n---\n\n")
		}
		for j, p := range d.parts {
			if j > 0 {
				b.WriteString("\n")
			}
			p.markdown(&b)
		}
	}
	return b.String()
}

func (p part) markdown(b *strings.Builder) {
	switch {
	case p.level > 0:
		fmt.Fprintf(b, "%s %s\n", strings.Repeat("#", p.level), inMarkdown(p.text))
	case p.text != "":
		fmt.Fprintf(b, "%s\n", inMarkdown(p.text))
	case len(p.list) > 0:
		for _, item := range p.list {
			fmt.Fprintf(b, "- %s\n", inMarkdown(item))
		}
	default:
		fmt.Fprintf(b, "%s\n\n", inMarkdown(p.caption))
		line := func(cells []string) {
			b.WriteString("|")
			for _, c := range cells {
				fmt.Fprintf(b, " %s |", inMarkdown(c))
			}
			b.WriteString("\n")
		}
		line(p.header)
		b.WriteString("|" + strings.Repeat("---|", len(p.header)) + "\n")
		for _, row := range p.rows {
			line(row)
		}
	}
}

// inMarkdown is a text whose letters mean nothing but themselves, on one line.
func inMarkdown(s string) string {
	var b strings.Builder
	for _, r := range messages.Visible(s) {
		switch r {
		case '\\', '`', '*', '_', '[', ']', '<', '>', '|', '#', '~', '&':
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

const pageStyle = "body{max-width:60rem;margin:0 auto;padding:1rem;font-family:sans-serif;line-height:1.5;color:#1b1b1b;background:#fff}" +
	"table{border-collapse:collapse;width:100%}caption{text-align:left;font-weight:bold;padding:.5rem 0}" +
	"th,td{border:1px solid #767676;padding:.3rem .5rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}"

// page writes the documents as one page without scripts, in the language of the
// first.
func page(title string, all ...document) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("<!doctype html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">", all[0].lang)
	line("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>%s</title>\n<style>%s</style>\n</head>\n<body>", inHTML(title), pageStyle)
	line("<main>")
	for _, d := range all {
		line("<article id=\"%[1]s\" lang=\"%[1]s\">", d.lang)
		for _, p := range d.parts {
			p.html(&b)
		}
		line("</article>")
	}
	line("</main>\n</body>\n</html>")
	return b.String()
}

func (p part) html(b *strings.Builder) {
	line := func(format string, args ...any) { fmt.Fprintf(b, format+"\n", args...) }
	switch {
	case p.level > 0:
		line("<h%d>%s</h%[1]d>", p.level, inHTML(p.text))
	case p.text != "":
		line("<p>%s</p>", inHTML(p.text))
	case len(p.list) > 0:
		line("<ul>")
		for _, item := range p.list {
			line("<li>%s</li>", inHTML(item))
		}
		line("</ul>")
	default:
		line("<table>\n<caption>%s</caption>", inHTML(p.caption))
		b.WriteString("<thead><tr>")
		for _, h := range p.header {
			fmt.Fprintf(b, "<th scope=\"col\">%s</th>", inHTML(h))
		}
		line("</tr></thead>\n<tbody>")
		for _, row := range p.rows {
			b.WriteString("<tr>")
			for i, c := range row {
				if i == 0 {
					fmt.Fprintf(b, "<th scope=\"row\">%s</th>", inHTML(c))
				} else {
					fmt.Fprintf(b, "<td>%s</td>", inHTML(c))
				}
			}
			line("</tr>")
		}
		line("</tbody>\n</table>")
	}
}

func inHTML(s string) string { return html.EscapeString(messages.Visible(s)) }
