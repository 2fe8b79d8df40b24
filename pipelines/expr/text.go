package expr

import (
	"strings"
	"unicode"
	"unicode/utf8"
	"unsafe"
)

func bytesOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }

// mapText is a strict operation from text to text. f appends to the arena of
// out what it makes, or gives a part of s as it is.
func mapText(f func(out *vec, s string) string) func(*call) *node {
	return func(c *call) *node {
		if !c.texts(0) {
			return nil
		}
		return c.make(typ{k: kText}, eachText(f), c.args[0])
	}
}

func eachText(f func(out *vec, s string) string) kernel {
	return func(n int, out *vec, in []*vec) {
		for i, s := range in[0].texts[:n] {
			out.texts[i] = ""
			if out.ok(i) {
				out.texts[i] = f(out, s)
			}
		}
	}
}

// testText is a strict operation from text to bool.
func testText(f func(s string) bool) func(*call) *node {
	return func(c *call) *node {
		if !c.texts(0) {
			return nil
		}
		return c.make(typ{k: kBool}, func(n int, out *vec, in []*vec) {
			for i, s := range in[0].texts[:n] {
				out.bools[i] = out.ok(i) && f(s)
			}
		}, c.args[0])
	}
}

// mapText2 is a strict operation from two texts to a part of the first.
func mapText2(f func(s, t string) string) func(*call) *node {
	return func(c *call) *node {
		if !c.texts(0, 1) {
			return nil
		}
		return c.make(typ{k: kText}, func(n int, out *vec, in []*vec) {
			a, b, am, bm := in[0].texts, in[1].texts, in[0].mask(), in[1].mask()
			for i := range out.texts[:n] {
				out.texts[i] = f(a[i&am], b[i&bm])
			}
		}, c.args...)
	}
}

func testText2(f func(s, t string) bool) func(*call) *node {
	return func(c *call) *node {
		if !c.texts(0, 1) {
			return nil
		}
		return c.make(typ{k: kBool}, func(n int, out *vec, in []*vec) {
			a, b, am, bm := in[0].texts, in[1].texts, in[0].mask(), in[1].mask()
			for i := range out.bools[:n] {
				out.bools[i] = f(a[i&am], b[i&bm])
			}
		}, c.args...)
	}
}

func eachRune(out *vec, s string, f func(rune) rune) string {
	start := len(out.arena)
	for _, r := range s {
		out.arena = utf8.AppendRune(out.arena, f(r))
	}
	return out.text(start)
}

func upper(out *vec, s string) string { return eachRune(out, s, unicode.ToUpper) }
func lower(out *vec, s string) string { return eachRune(out, s, unicode.ToLower) }

// title gives each word a capital and small letters.
func title(out *vec, s string) string {
	inside := false
	return eachRune(out, s, func(r rune) rune {
		first := !inside
		inside = unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.Mn, r)
		if first {
			return unicode.ToTitle(r)
		}
		return unicode.ToLower(r)
	})
}

// collapse makes every run of white space one space, and none at the ends.
func collapse(out *vec, s string) string {
	start := len(out.arena)
	for _, word := range strings.Fields(s) {
		if len(out.arena) > start {
			out.arena = append(out.arena, ' ')
		}
		out.arena = append(out.arena, word...)
	}
	return out.text(start)
}

func bindTrim(c *call) *node {
	if len(c.args) == 2 {
		return mapText2(strings.Trim)(c)
	}
	return mapText(func(_ *vec, s string) string { return strings.TrimSpace(s) })(c)
}

func bindReplace(c *call) *node {
	if !c.texts(0, 1, 2) {
		return nil
	}
	return c.make(typ{k: kText}, func(n int, out *vec, in []*vec) {
		for i := range out.texts[:n] {
			s, from, to := in[0].texts[i&in[0].mask()], in[1].texts[i&in[1].mask()], in[2].texts[i&in[2].mask()]
			out.texts[i] = replaced(out, s, from, to)
		}
	}, c.args...)
}

func replaced(out *vec, s, from, to string) string {
	if from == "" || !strings.Contains(s, from) {
		return s
	}
	start := len(out.arena)
	for {
		j := strings.Index(s, from)
		if j < 0 {
			break
		}
		out.arena = append(append(out.arena, s[:j]...), to...)
		s = s[j+len(from):]
	}
	out.arena = append(out.arena, s...)
	return out.text(start)
}

func bindSubstr(c *call) *node {
	if !c.texts(0) || !c.ints(1) || len(c.args) == 3 && !c.ints(2) {
		return nil
	}
	return c.make(typ{k: kText}, func(n int, out *vec, in []*vec) {
		for i := range out.texts[:n] {
			count := int64(-1)
			if len(in) == 3 {
				count = in[2].ints[i&in[2].mask()]
			}
			out.texts[i] = substr(in[0].texts[i&in[0].mask()], in[1].ints[i&in[1].mask()], count)
		}
	}, c.args...)
}

// substr is count characters of s from the start-th on, counted from 0; a
// negative start counts from the end, a negative count takes all that follow.
func substr(s string, start, count int64) string {
	if start < 0 {
		if start += int64(utf8.RuneCountInString(s)); start < 0 {
			start = 0
		}
	}
	from := byteAt(s, start)
	if count < 0 {
		return s[from:]
	}
	return s[from : from+byteAt(s[from:], count)]
}

func byteAt(s string, chars int64) int {
	if chars >= int64(len(s)) {
		return len(s)
	}
	for i := range s {
		if chars == 0 {
			return i
		}
		chars--
	}
	return len(s)
}

// maxPad bounds what one cell can be padded to.
const maxPad = 1 << 12

func bindPad(left bool) func(*call) *node {
	return func(c *call) *node {
		if !c.texts(0) {
			return nil
		}
		width, ok := c.constInt(1, 0, maxPad)
		if !ok {
			return nil
		}
		fill := " "
		if len(c.args) == 3 {
			if fill, ok = c.constText(2); !ok {
				return nil
			}
			if utf8.RuneCountInString(fill) != 1 {
				c.constantWanted(2, `"0"`)
				return nil
			}
		}
		return c.make(typ{k: kText}, eachText(func(out *vec, s string) string {
			missing := int(width) - utf8.RuneCountInString(s)
			if missing <= 0 {
				return s
			}
			start := len(out.arena)
			if !left {
				out.arena = append(out.arena, s...)
			}
			for range missing {
				out.arena = append(out.arena, fill...)
			}
			if left {
				out.arena = append(out.arena, s...)
			}
			return out.text(start)
		}), c.args[0])
	}
}

func bindLength(c *call) *node {
	a := c.args[0]
	if a.t.k == kGroup {
		return c.fromCty(a.group.Length(), c.at)
	}
	if a.t.k == kList {
		return c.make(typ{k: kInt}, func(n int, out *vec, in []*vec) {
			for i, l := range in[0].lists[:n] {
				out.ints[i] = int64(l.to - l.from)
			}
		}, a)
	}
	if !c.texts(0) {
		return nil
	}
	return c.make(typ{k: kInt}, func(n int, out *vec, in []*vec) {
		for i, s := range in[0].texts[:n] {
			out.ints[i] = int64(utf8.RuneCountInString(s))
		}
	}, c.args[0])
}
