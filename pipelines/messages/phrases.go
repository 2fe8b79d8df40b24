package messages

import "strings"

// Phrase says in l what a component gave in English as a part of a message, or
// as the name of a check. What no phrase matches stays as it is: names that the
// user wrote, types and codes are the same in every language.
func Phrase(l Lang, s string) string {
	if l != French {
		return s
	}
	for _, p := range phrases {
		if parts, ok := matchPhrase(p.en, s); ok {
			fr := p.fr
			for _, part := range parts {
				fr = strings.Replace(fr, "*", Phrase(l, part), 1)
			}
			return fr
		}
	}
	return s
}

// phrase is a part of a sentence; * stands for anything, itself a phrase or not,
// in the same order in both languages.
type phrase struct{ en, fr string }

// matchPhrase gives what the stars of the pattern stand for.
func matchPhrase(pattern, s string) (parts []string, ok bool) {
	for {
		before, after, star := strings.Cut(pattern, "*")
		if !star {
			return parts, s == pattern
		}
		if !strings.HasPrefix(s, before) {
			return nil, false
		}
		s = s[len(before):]
		next, _, more := strings.Cut(after, "*")
		at := len(s) - len(next)
		if more {
			at = strings.Index(s, next)
		}
		if at < 0 || s[at:at+len(next)] != next {
			return nil, false
		}
		parts, pattern, s = append(parts, s[:at]), after, s[at:]
	}
}
