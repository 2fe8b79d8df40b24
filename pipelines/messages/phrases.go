package messages

import "strings"

// Phrase says in l what a component gave in English as a part of a message, as
// the name of a check, or as what it says of itself and its arguments. What no
// phrase matches stays as it is: names that the user wrote, types and codes are
// the same in every language, and a component of somebody else may speak English.
func Phrase(l Lang, s string) string {
	if l != French {
		return s
	}
	if fr, ok := docs[s]; ok {
		return fr
	}
	for _, p := range phrases {
		if parts, ok := matchPhrase(p.en, s); ok {
			if fr, ok := p.filled(parts); ok {
				return fr
			}
		}
	}
	return s
}

// filled is the French with what its stars stand for, unless one that is for a
// type stands for something else.
func (p phrase) filled(parts []string) (fr string, ok bool) {
	rest := p.fr
	for _, part := range parts {
		at := strings.IndexAny(rest, stars)
		if at < 0 {
			break
		}
		said := part
		switch {
		case rest[at] == '#':
			if said, ok = TypeWord(part).in(French); !ok {
				return "", false
			}
		case strings.Contains(part, " "): // a single word may be a name that the user gave, whatever it is
			said = Phrase(French, part)
		}
		fr, rest = fr+rest[:at]+said, rest[at+1:]
	}
	return fr + rest, true
}

// phrase is a part of a sentence. In it * stands for anything, itself a phrase or
// not, and # for a type as the library of values names it; both come in the same
// order in both languages.
type phrase struct{ en, fr string }

const stars = "*#"

// matchPhrase gives what the stars of the pattern stand for.
func matchPhrase(pattern, s string) (parts []string, ok bool) {
	for {
		at := strings.IndexAny(pattern, stars)
		if at < 0 {
			return parts, s == pattern
		}
		if !strings.HasPrefix(s, pattern[:at]) {
			return nil, false
		}
		s, pattern = s[at:], pattern[at+1:]
		next := pattern
		more := strings.IndexAny(pattern, stars)
		end := len(s) - len(next)
		if more >= 0 {
			next = pattern[:more]
			end = strings.Index(s, next)
		}
		if end < 0 || s[end:end+len(next)] != next {
			return nil, false
		}
		parts, s = append(parts, s[:end]), s[end:]
	}
}

// TypeWord is a type of values as the library of values names it: a parameter of
// a message, which is said as a person would.
type TypeWord string

// in is the type in a language; known is false when it is none of the library's.
func (t TypeWord) in(l Lang) (said string, known bool) {
	words, known := typeWords[string(t)]
	if !known {
		kind, _, _ := strings.Cut(string(t), " of ")
		if words, known = typeWords[kind]; !known {
			return string(t), false
		}
	}
	if l == French {
		return words.fr, true
	}
	return words.en, true
}

var typeWords = map[string]phrase{
	"string":          {"a text", "un texte"},
	"number":          {"a number", "un nombre"},
	"bool":            {"true or false", "true ou false"},
	"tuple":           {"a list", "une liste"},
	"list":            {"a list", "une liste"},
	"list of string":  {"a list of texts", "une liste de textes"},
	"list of number":  {"a list of numbers", "une liste de nombres"},
	"set":             {"a list", "une liste"},
	"object":          {"an object", "un objet"},
	"map":             {"an object", "un objet"},
	"map of string":   {"an object of texts", "un objet { nom = texte }"},
	"dynamic":         {"a value", "une valeur"},
	"any type":        {"a value", "une valeur"},
	"any single type": {"a value", "une valeur"},
	"secret":          {"a secret", "un secret"},
	"connection":      {"a connection", "une connexion"},
	"source":          {"a source", "une source"},
	"limits":          {"limits", "un bloc limits"},
	"steps":           {"steps", "un bloc steps"},
	"contract":        {"a contract", "un bloc contract"},
	"privacy policy":  {"a privacy policy", "une politique privacy"},
}
