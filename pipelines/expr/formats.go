package expr

import (
	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/internal/scalar"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

func bindToBool(c *call) *node {
	if !c.want(0, kText, kBool) {
		return nil
	}
	if c.args[0].t.k == kBool {
		return c.args[0]
	}
	r := c.reasons(nil, messages.BadBoolean)
	return c.make(typ{k: kBool}, parsed(r, func(v *vec) []bool { return v.bools }, scalar.ParseBool), c.args[0])
}

func (c *call) dateFormat(i int) (f scalar.DateFormat, ok bool) {
	if len(c.args) <= i {
		return f, true
	}
	pattern, ok := c.constText(i)
	if !ok {
		return f, false
	}
	f, err := scalar.NewDateFormat(pattern)
	if err != nil {
		c.report(err, c.args[i].at)
	}
	return f, err == nil
}

// instantFormat is a pattern and a zone, where there are such arguments.
func (c *call) instantFormat(pattern, zone int) (f scalar.InstantFormat, ok bool) {
	var args [2]string
	for j, i := range []int{pattern, zone} {
		if i >= 0 && i < len(c.args) {
			if args[j], ok = c.constText(i); !ok {
				return f, false
			}
		}
	}
	f, err := scalar.NewInstantFormat(args[0], args[1])
	if err != nil {
		c.report(err, c.at)
	}
	return f, err == nil
}

func bindToDate(c *call) *node {
	if !c.want(0, kText, kDate, kInstant) {
		return nil
	}
	t, a := typ{k: kDate}, c.args[0]
	switch a.t.k {
	case kDate:
		return a
	case kInstant:
		return c.localDays(t, 1, func(days int64) int64 { return days })
	}
	f, ok := c.dateFormat(1)
	if !ok {
		return nil
	}
	r := c.reasons([]any{"format", f.String()}, messages.BadDate, messages.NoSuchDay, messages.LetterForDigit)
	return c.make(t, parsed(r, func(v *vec) []int64 { return v.ints }, func(b []byte) (int64, *messages.Message) {
		d, why := f.Parse(b)
		return int64(d), why
	}), a)
}

func bindToTimestamp(c *call) *node {
	if !c.want(0, kText, kDate, kInstant) {
		return nil
	}
	t, a := typ{k: kInstant}, c.args[0]
	switch a.t.k {
	case kInstant:
		return a
	case kDate:
		return c.midnights(a)
	}
	f, ok := c.instantFormat(1, 2)
	if !ok {
		return nil
	}
	zone := ""
	if len(c.args) > 2 {
		zone, _ = constText(c.args[2])
	}
	r := c.reasons([]any{"format", f.String(), "zone", zone}, messages.BadInstant, messages.NoSuchDay,
		messages.AmbiguousInstant, messages.LetterForDigit)
	return c.make(t, parsed(r, func(v *vec) []int64 { return v.ints }, func(b []byte) (int64, *messages.Message) {
		d, why := f.Parse(b)
		return int64(d), why
	}), a)
}

func bindToText(c *call) *node {
	a := c.args[0]
	if a.t.k == kText && len(c.args) == 1 {
		return a
	}
	w, ok := textOf(a.t)
	if !ok {
		c.wrongArguments()
		return nil
	}
	if len(c.args) > 1 {
		if w, ok = c.formatted(a); !ok {
			return nil
		}
	}
	return c.make(typ{k: kText}, func(n int, out *vec, in []*vec) {
		m := in[0].mask()
		for i := range out.texts[:n] {
			out.texts[i] = ""
			if out.ok(i) {
				start := len(out.arena)
				out.arena = w(out.arena, in[0], i&m)
				out.texts[i] = out.text(start)
			}
		}
	}, a)
}

func (c *call) formatted(a *node) (writer, bool) {
	switch {
	case a.t.k == kDate && len(c.args) == 2:
		f, ok := c.dateFormat(1)
		return func(dst []byte, v *vec, i int) []byte { return f.Append(dst, arrow.Date32(v.ints[i])) }, ok
	case a.t.k == kInstant && len(c.args) == 3:
		f, ok := c.instantFormat(1, 2)
		return func(dst []byte, v *vec, i int) []byte { return f.Append(dst, arrow.Timestamp(v.ints[i])) }, ok
	case a.t.k == kDec && len(c.args) == 2:
		f, ok := c.numberFormat(1)
		return func(dst []byte, v *vec, i int) []byte { return scalar.AppendDecimal(dst, v.decs[i], a.t.s, f.Decimal) }, ok
	}
	c.wrongArguments()
	return nil, false
}
