package file

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// pattern is a compiled path.
type pattern struct {
	re       *regexp.Regexp
	prefix   string   // every path that matches starts with it
	plain    bool     // it is a path and nothing else
	captures []string // names, in the order of the path, once each
}

// newPattern compiles a path: what stands in a group that starts with (? is a
// regular expression, * is anything but slashes, and all else is itself. A
// path such as "export (1).csv" is plain.
func newPattern(path string) (pattern, error) {
	bad := func(why string) (pattern, error) { return pattern{}, messages.FilePattern.With("why", why) }
	switch {
	case path == "":
		return bad("it is empty")
	case strings.HasPrefix(path, "/") || strings.ContainsAny(path, "\x00\\") && !strings.Contains(path, "(?"):
		return bad("it is relative to the connection, with / between folders")
	}
	for _, part := range strings.Split(path, "/") {
		if part == ".." || part == "." {
			return bad("it does not climb: . and .. have no meaning in it")
		}
	}
	var re, prefix strings.Builder
	re.WriteString(`^`)
	plain := true
	for i := 0; i < len(path); {
		switch {
		case strings.HasPrefix(path[i:], "(?"):
			end := groupEnd(path, i)
			if end < 0 {
				return bad("a group is not closed")
			}
			re.WriteString(path[i:end])
			i, plain = end, false
		case path[i] == '*':
			re.WriteString(`[^/]*`)
			i, plain = i+1, false
		default:
			n := i + 1
			for n < len(path) && path[n] != '*' && path[n] != '(' {
				n++
			}
			re.WriteString(regexp.QuoteMeta(path[i:n]))
			if plain {
				prefix.WriteString(path[i:n])
			}
			i = n
		}
	}
	re.WriteString(`$`)
	compiled, err := regexp.Compile(`(?s)` + re.String())
	if err != nil {
		return bad("a group is no regular expression of RE2")
	}
	p := pattern{re: compiled, prefix: prefix.String(), plain: plain}
	seen := map[string]bool{}
	for _, name := range compiled.SubexpNames() {
		if name != "" && !seen[name] {
			seen[name] = true
			p.captures = append(p.captures, name)
		}
	}
	return p, nil
}

// groupEnd is what follows the parenthesis that closes the group at i, or -1.
func groupEnd(s string, i int) int {
	depth, class := 0, false
	for ; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\':
			i++
		case class:
			class = c != ']'
		case c == '[':
			class = true
		case c == '(':
			depth++
		case c == ')':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return -1
}

// matches says whether a path is of the pattern and each capture is the key of its name.
func (p pattern) matches(path string, keys map[string]string) bool {
	captured, ok := p.captured(path)
	if !ok {
		return false
	}
	for name, text := range captured {
		if text != keys[name] {
			return false
		}
	}
	return true
}

// captured are the captures of a path, by name; ok is false when the path is
// not of the pattern, or a name captures two different texts.
func (p pattern) captured(path string) (keys map[string]string, ok bool) {
	m := p.re.FindStringSubmatch(path)
	if m == nil {
		return nil, false
	}
	keys = map[string]string{}
	for i, name := range p.re.SubexpNames() {
		if name == "" {
			continue
		}
		if text, twice := keys[name]; twice && text != m[i] {
			return nil, false
		}
		keys[name] = m[i]
	}
	return keys, true
}

// matchesExample says whether a path that another pattern, whose text is given, has
// for those keys is of this one; false where the text alone does not tell such a path.
func (p pattern) matchesExample(path string, keys map[string]string) bool {
	var b strings.Builder
	for i := 0; i < len(path); {
		switch {
		case strings.HasPrefix(path[i:], "(?"):
			end := groupEnd(path, i)
			name, _, named := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(path[i:], "(?"), "P"), ">")
			text, known := keys[strings.TrimPrefix(name, "<")]
			if end < 0 || !named || !known {
				return false
			}
			b.WriteString(text)
			i = end
		case path[i] == '*':
			b.WriteByte('x')
			i++
		default:
			b.WriteByte(path[i])
			i++
		}
	}
	_, ok := p.captured(b.String())
	return ok
}

// key is the captures among keys, as one text.
func (p pattern) key(keys map[string]string) string {
	var b strings.Builder
	for _, name := range p.captures {
		fmt.Fprintf(&b, "%q", keys[name])
	}
	return b.String()
}
