package expr

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// bindJSONGet is json_get(text, path). A text comes out as it reads, any other
// value as the JSON it is written in; null where there is nothing or null.
func bindJSONGet(c *call) *node {
	path, ok := c.constText(1)
	if !ok || !c.texts(0) {
		return nil
	}
	steps, ok := jsonPath(path)
	if !ok {
		c.constantWanted(1, `"$.a.b[0]", "$[\"nom complet\"]"`)
		return nil
	}
	bad := c.fail(messages.BadJSON.With())
	return c.make(typ{k: kText}, func(n int, out *vec, in []*vec) {
		for i, s := range in[0].texts[:n] {
			out.texts[i] = ""
			if !out.ok(i) {
				continue
			}
			if !json.Valid(bytesOf(s)) {
				out.fail(i, n, bad)
				continue
			}
			text, found := jsonGet(s, steps)
			if !found {
				out.setNull(i, n)
			}
			out.texts[i] = text
		}
	}, c.args[0])
}

// jsonStep is a member's name, or an index when name is nil.
type jsonStep struct {
	name  *string
	index int
}

func jsonPath(p string) ([]jsonStep, bool) {
	p, ok := strings.CutPrefix(p, "$")
	var steps []jsonStep
	for ok && p != "" {
		var s jsonStep
		s, p, ok = jsonStepOf(p)
		steps = append(steps, s)
	}
	return steps, ok
}

func jsonStepOf(p string) (s jsonStep, rest string, ok bool) {
	if name, dotted := strings.CutPrefix(p, "."); dotted {
		end := strings.IndexAny(name, ".[")
		if end < 0 {
			end = len(name)
		}
		key := name[:end]
		return jsonStep{name: &key}, name[end:], key != ""
	}
	if strings.HasPrefix(p, `["`) {
		quoted, err := strconv.QuotedPrefix(p[1:])
		if err != nil || !strings.HasPrefix(p[1+len(quoted):], "]") {
			return s, "", false
		}
		key, err := strconv.Unquote(quoted)
		return jsonStep{name: &key}, p[2+len(quoted):], err == nil
	}
	digits, rest, closed := strings.Cut(strings.TrimPrefix(p, "["), "]")
	i, err := strconv.Atoi(digits)
	return jsonStep{index: i}, rest, closed && p[0] == '[' && err == nil && i >= 0
}

// jsonGet walks a valid document. Of members of one name the first counts.
func jsonGet(s string, steps []jsonStep) (string, bool) {
	s = strings.TrimLeft(s, jsonSpace)
	for _, step := range steps {
		var ok bool
		if s, ok = jsonInto(s, step); !ok {
			return "", false
		}
	}
	s = s[:jsonEnd(s)]
	switch {
	case s == "null":
		return "", false
	case s[0] == '"':
		return jsonText(s), true
	}
	return s, true
}

const jsonSpace = " \t\r\n"

func jsonText(s string) string {
	if !strings.Contains(s, `\`) {
		return s[1 : len(s)-1]
	}
	var text string
	_ = json.Unmarshal(bytesOf(s), &text) // valid before, so valid here
	return text
}

// jsonInto is what follows from the start of one member or element of s.
func jsonInto(s string, step jsonStep) (string, bool) {
	object := s[0] == '{'
	if object != (step.name != nil) || !object && s[0] != '[' {
		return "", false
	}
	s = strings.TrimLeft(s[1:], jsonSpace)
	for i := 0; s[0] != '}' && s[0] != ']'; i++ {
		here := i == step.index
		if object {
			end := jsonEnd(s)
			here = jsonText(s[:end]) == *step.name
			s = strings.TrimLeft(strings.TrimLeft(s[end:], jsonSpace)[1:], jsonSpace)
		}
		if here {
			return s, true
		}
		s = strings.TrimLeft(s[jsonEnd(s):], jsonSpace)
		s = strings.TrimLeft(strings.TrimPrefix(s, ","), jsonSpace)
	}
	return "", false
}

// jsonEnd is the length of the value that s begins with.
func jsonEnd(s string) int {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '"':
			for i++; s[i] != '"'; i++ {
				if s[i] == '\\' {
					i++
				}
			}
		case '{', '[':
			depth++
			continue
		case '}', ']':
			depth--
		default:
			if depth == 0 {
				end := strings.IndexAny(s[i:], ",]} \t\r\n")
				if end < 0 {
					return len(s)
				}
				return i + end
			}
			continue
		}
		if depth == 0 {
			return i + 1
		}
	}
	return len(s)
}
