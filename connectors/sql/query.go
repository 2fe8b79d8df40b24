package sql

import (
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// statement is a query ready for a database: in its own way of writing
// parameters, with their values in that order.
type statement struct {
	text   string
	names  []string
	values []cty.Value
	table  *table // which the text reads whole; nil when the query was written
}

// lexer is how a dialect's SQL is cut into words, as far as is needed to find
// parameters outside of quotes and comments.
type lexer struct {
	quotes     string // what opens and closes a name or a text; doubled, it stands for itself
	brackets   bool   // [a name]
	dollars    bool   // $tag$ a text $tag$, and E'\''
	nested     bool   // comments within comments
	foreign    string // first characters of placeholders that are not ours
	operators  string // characters before @name that make it an operator
	positional bool   // parameters are written $1, $2 …; else as they are
}

// parse refuses what is not one statement that reads, and finds its parameters.
func (l lexer) parse(query string) (statement, error) {
	var q statement
	var out strings.Builder
	ended, first := false, ""
	for i := 0; i < len(query); {
		n := l.skip(query[i:], i > 0 && isWord(query[i-1]))
		quoted := n > 0 && query[i] != '-' && query[i] != '/'
		switch {
		case n > 0: // quoted or a comment
		case query[i] == ';':
			ended = true
			out.WriteByte(' ')
			i++
			continue
		case isWord(query[i]):
			n = wordLength(query[i:])
		case l.param(query, i):
			n = 1 + wordLength(query[i+1:])
		case l.placeholder(query, i):
			return q, messages.ParamForeign.With("name", query[i:i+1+wordLength(query[i+1:])])
		default:
			n = 1
		}
		if word := query[i : i+n]; quoted || strings.TrimSpace(word) != "" && !isComment(word) {
			if ended {
				return q, messages.QueryNotSelect.With()
			}
			if first == "" && word != "(" {
				first = strings.ToLower(word)
			}
		}
		if l.param(query, i) {
			k := q.add(query[i+1 : i+n])
			if l.positional {
				out.WriteString("$" + strconv.Itoa(k))
				i += n
				continue
			}
		}
		out.WriteString(query[i : i+n])
		i += n
	}
	switch first {
	case "select", "with", "values", "table":
	default:
		return q, messages.QueryNotSelect.With()
	}
	q.text = out.String()
	return q, nil
}

// add notes a parameter and gives its number, from 1.
func (q *statement) add(name string) int {
	for i, n := range q.names {
		if n == name {
			return i + 1
		}
	}
	q.names = append(q.names, name)
	return len(q.names)
}

// param says whether @name stands at i.
func (l lexer) param(s string, i int) bool {
	return s[i] == '@' && i+1 < len(s) && isNameStart(s[i+1]) &&
		(i == 0 || !isWord(s[i-1]) && !strings.ContainsRune(l.operators, rune(s[i-1])))
}

// placeholder says whether a parameter in a form of the dialect's own stands at i.
func (l lexer) placeholder(s string, i int) bool {
	if !strings.ContainsRune(l.foreign, rune(s[i])) {
		return false
	}
	return s[i] == '?' || i+1 < len(s) && isWord(s[i+1])
}

// skip is the length of the quoted text or comment that s starts with, or 0.
// What is not closed goes to the end: the database will say so.
func (l lexer) skip(s string, inWord bool) int {
	to := func(from int, end string) int {
		if j := strings.Index(s[from:], end); j >= 0 {
			return from + j + len(end)
		}
		return len(s)
	}
	switch {
	case strings.HasPrefix(s, "--"):
		return to(0, "\n")
	case strings.HasPrefix(s, "/*"):
		return l.comment(s)
	case strings.IndexByte(l.quotes, s[0]) >= 0:
		return quotedLength(s, 1, false)
	case l.brackets && s[0] == '[':
		return to(1, "]")
	case l.dollars && !inWord && len(s) > 1 && (s[0] == 'E' || s[0] == 'e') && s[1] == '\'':
		return quotedLength(s, 2, true)
	case l.dollars && !inWord && s[0] == '$':
		if j := 1 + wordLength(s[1:]); j < len(s) && s[j] == '$' && (j == 1 || isNameStart(s[1])) {
			return to(j+1, s[:j+1])
		}
	}
	return 0
}

func (l lexer) comment(s string) int {
	depth := 0
	for i := 0; i+1 < len(s); i++ {
		switch s[i : i+2] {
		case "/*":
			if depth == 0 || l.nested {
				depth++
				i++
			}
		case "*/":
			if depth--; depth == 0 {
				return i + 2
			}
			i++
		}
	}
	return len(s)
}

// quotedLength is the length of s up to the end of the text opened at s[open-1].
func quotedLength(s string, open int, backslash bool) int {
	q := s[open-1]
	for i := open; i < len(s); i++ {
		switch {
		case s[i] == '\\' && backslash:
			i++
		case s[i] == q && i+1 < len(s) && s[i+1] == q:
			i++
		case s[i] == q:
			return i + 1
		}
	}
	return len(s)
}

func isComment(s string) bool { return strings.HasPrefix(s, "--") || strings.HasPrefix(s, "/*") }

func isNameStart(c byte) bool {
	return c == '_' || c >= 0x80 || 'a' <= c|0x20 && c|0x20 <= 'z'
}

func isWord(c byte) bool { return isNameStart(c) || '0' <= c && c <= '9' }

func wordLength(s string) int {
	n := 0
	for n < len(s) && isWord(s[n]) {
		n++
	}
	return n
}
