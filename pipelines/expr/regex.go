package expr

import (
	"errors"
	"regexp"
	"regexp/syntax"
	"strconv"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// pattern is argument 1, a constant regular expression. Ours is compiled once;
// matching takes time in proportion to the text.
func (c *call) pattern() (*regexp.Regexp, bool) {
	s, ok := c.constText(1)
	if !ok {
		return nil, false
	}
	re, err := regexp.Compile(s)
	if err != nil {
		why := err.Error()
		var e *syntax.Error
		if errors.As(err, &e) {
			why = e.Code.String() + ": " + e.Expr
		}
		c.report(messages.BadPattern.With("why", why), c.args[1].at)
	}
	return re, err == nil
}

func bindRegexMatch(c *call) *node {
	re, ok := c.pattern()
	if !ok {
		return nil
	}
	return testText(re.MatchString)(c)
}

// bindRegexExtract gives the named or numbered group, by default the first, or
// the whole match of a pattern without groups; null where nothing matches.
func bindRegexExtract(c *call) *node {
	re, ok := c.pattern()
	if !ok || !c.texts(0) {
		return nil
	}
	group := min(1, re.NumSubexp())
	if len(c.args) == 3 {
		if name, named := constText(c.args[2]); named {
			group = re.SubexpIndex(name)
		} else if n, numbered := constInt(c.args[2]); numbered && n >= 0 && n <= int64(re.NumSubexp()) {
			group = int(n)
		} else {
			group = -1
		}
		if group < 0 {
			c.constantWanted(2, "0…"+strconv.Itoa(re.NumSubexp())+`, "name"`)
			return nil
		}
	}
	return c.make(typ{k: kText}, func(n int, out *vec, in []*vec) {
		for i, s := range in[0].texts[:n] {
			out.texts[i] = ""
			if !out.ok(i) {
				continue
			}
			at := re.FindStringSubmatchIndex(s)
			if at == nil || at[2*group] < 0 {
				out.setNull(i, n)
				continue
			}
			out.texts[i] = s[at[2*group]:at[2*group+1]]
		}
	}, c.args[0])
}

// bindRegexReplace replaces every match; $1 and ${name} stand for groups.
func bindRegexReplace(c *call) *node {
	re, ok := c.pattern()
	if !ok || !c.texts(0) {
		return nil
	}
	with, ok := c.constText(2)
	if !ok {
		return nil
	}
	return c.make(typ{k: kText}, eachText(func(out *vec, s string) string {
		if !re.MatchString(s) {
			return s
		}
		return re.ReplaceAllString(s, with)
	}), c.args[0])
}
