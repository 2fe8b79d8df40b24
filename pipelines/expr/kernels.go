package expr

import "math"

func intKernel(op operator, over, zero uint8) kernel {
	switch op {
	case opAdd:
		return func(n int, out *vec, in []*vec) {
			a, b, am, bm := in[0].ints, in[1].ints, in[0].mask(), in[1].mask()
			for i := range out.ints[:n] {
				x, y := a[i&am], b[i&bm]
				r := x + y
				if (x^r)&(y^r) < 0 {
					out.fail(i, n, over)
				}
				out.ints[i] = r
			}
		}
	case opSub:
		return func(n int, out *vec, in []*vec) {
			a, b, am, bm := in[0].ints, in[1].ints, in[0].mask(), in[1].mask()
			for i := range out.ints[:n] {
				x, y := a[i&am], b[i&bm]
				r := x - y
				if (x^y)&(x^r) < 0 {
					out.fail(i, n, over)
				}
				out.ints[i] = r
			}
		}
	case opMul:
		return func(n int, out *vec, in []*vec) {
			a, b, am, bm := in[0].ints, in[1].ints, in[0].mask(), in[1].mask()
			for i := range out.ints[:n] {
				r, fits := narrow(mul64(a[i&am], b[i&bm]))
				if !fits {
					out.fail(i, n, over)
				}
				out.ints[i] = r
			}
		}
	}
	return func(n int, out *vec, in []*vec) {
		a, b, am, bm := in[0].ints, in[1].ints, in[0].mask(), in[1].mask()
		for i := range out.ints[:n] {
			y := b[i&bm]
			if y == 0 {
				out.fail(i, n, zero)
				continue
			}
			out.ints[i] = a[i&am] % y
		}
	}
}

// floatKernel computes as IEEE 754 does, one operation at a time so that none
// is fused; a result that is not finite though its operands are is an error,
// and NaN has one form, as platforms differ in the one they make.
func floatKernel(op operator, over, zero uint8) kernel {
	return func(n int, out *vec, in []*vec) {
		a, b, am, bm := in[0].floats, in[1].floats, in[0].mask(), in[1].mask()
		o := out.floats[:n]
		switch op {
		case opAdd:
			for i := range o {
				o[i] = a[i&am] + b[i&bm]
			}
		case opSub:
			for i := range o {
				o[i] = a[i&am] - b[i&bm]
			}
		case opMul:
			for i := range o {
				o[i] = a[i&am] * b[i&bm]
			}
		case opDiv:
			for i := range o {
				o[i] = a[i&am] / b[i&bm]
			}
		case opMod:
			for i := range o {
				o[i] = math.Mod(a[i&am], b[i&bm])
			}
		}
		for i, r := range o {
			if r-r == 0 && (op != opMod || b[i&bm] != 0) {
				continue
			}
			x, y := a[i&am], b[i&bm]
			switch {
			case (op == opDiv || op == opMod) && y == 0 && x == x:
				out.fail(i, n, zero)
			case x-x == 0 && y-y == 0:
				out.fail(i, n, over)
			case r != r:
				o[i] = math.NaN()
			}
		}
	}
}

func addDecimals(ka, kb int32, minus bool, within bounds, over uint8) kernel {
	return func(n int, out *vec, in []*vec) {
		a, b, am, bm := in[0].decs, in[1].decs, in[0].mask(), in[1].mask()
		for i := range out.decs[:n] {
			x, y, okx, oky := a[i&am], b[i&bm], true, true
			if ka > 0 {
				x, okx = upscale(x, ka)
			}
			if kb > 0 {
				y, oky = upscale(y, kb)
			}
			if minus {
				y = y.Negate()
			}
			r, ok := addNum(x, y)
			out.decs[i] = r
			if ok && okx && oky && within.clearly(r) {
				continue
			}
			if !(ok && okx && oky && within.hold(r)) {
				out.fail(i, n, over)
			}
		}
	}
}

func mulDecimals(within bounds, over uint8) kernel {
	return func(n int, out *vec, in []*vec) {
		a, b, am, bm := in[0].decs, in[1].decs, in[0].mask(), in[1].mask()
		for i := range out.decs[:n] {
			x, okx := narrow(a[i&am])
			y, oky := narrow(b[i&bm])
			r, ok := mul64(x, y), true
			if !okx || !oky {
				r, ok = mulNum(a[i&am], b[i&bm])
			}
			out.decs[i] = r
			if ok && within.clearly(r) {
				continue
			}
			if !ok || !within.hold(r) {
				out.fail(i, n, over)
			}
		}
	}
}

func divDecimals(k int32, within bounds, over, zero uint8) kernel {
	return func(n int, out *vec, in []*vec) {
		a, b, am, bm := in[0].decs, in[1].decs, in[0].mask(), in[1].mask()
		for i := range out.decs[:n] {
			y := b[i&bm]
			if y == (num{}) {
				out.fail(i, n, zero)
				continue
			}
			r, ok := divNum(a[i&am], y, k, halfAway)
			if !ok || !within.hold(r) {
				out.fail(i, n, over)
			}
			out.decs[i] = r
		}
	}
}

// modDecimals takes the sign of the dividend. It cannot overflow: the result is
// smaller than both.
func modDecimals(ka, kb int32, zero uint8) kernel {
	return func(n int, out *vec, in []*vec) {
		a, b, am, bm := in[0].decs, in[1].decs, in[0].mask(), in[1].mask()
		for i := range out.decs[:n] {
			y := b[i&bm]
			if y == (num{}) {
				out.fail(i, n, zero)
				continue
			}
			out.decs[i] = modNum(a[i&am], y, ka, kb)
		}
	}
}
