package geodesy

import "math"

// The elementary functions in plain steps: those of the standard library are
// written in assembly for some processors, and on others the compiler fuses their
// products and sums, so that the last bit differs. The algorithms and coefficients are
// those of fdlibm (Sun Microsystems, 1993); the error is below two units in the last
// place in the ranges that coordinates have.

// horner is the polynomial with these coefficients, the highest first.
func horner(x float64, coefficients []float64) (v float64) {
	for _, c := range coefficients {
		v = float64(v*x) + c
	}
	return v
}

var (
	sinTerms = []float64{1.58969099521155010221e-10, -2.50507602534068634195e-08, 2.75573137070700676789e-06,
		-1.98412698298579493134e-04, 8.33333333332248946124e-03, -1.66666666666666324348e-01}
	cosTerms = []float64{-1.13596475577881948265e-11, 2.08757232129817482790e-09, -2.75573143513906633035e-07,
		2.48015872894767294178e-05, -1.38888888888741095749e-03, 4.16666666666666019037e-02}
	atanEven = []float64{1.62858201153657823623e-02, 4.97687799461593236017e-02, 6.66107313738753120669e-02,
		9.09088713343650656196e-02, 1.42857142725034663711e-01, 3.33333333333329318027e-01}
	atanOdd = []float64{-3.65315727442169155270e-02, -5.83357013379057348645e-02, -7.69187620504482999495e-02,
		-1.11111104054623557880e-01, -1.99999999998764832476e-01}
	expTerms = []float64{4.13813679705723846039e-08, -1.65339022054652515390e-06, 6.61375632143793436117e-05,
		-2.77777777770155933842e-03, 1.66666666666666019037e-01}
	logOdd  = []float64{1.479819860511658591e-01, 1.818357216161805012e-01, 2.857142874366239149e-01, 6.666666666666735130e-01}
	logEven = []float64{1.531383769920937332e-01, 2.222219843214978396e-01, 3.999999999940941908e-01}
)

// sincos is for angles of some turns.
func sincos(x float64) (sin, cos float64) {
	const first, second, third = 1.57079632673412561417, 6.07710050630396597660e-11, 2.02226624879595063154e-21 // of π/2
	n := math.Floor(float64(x*(2/math.Pi)) + 0.5)
	x -= float64(n * first)
	x -= float64(n * second)
	x -= float64(n * third)
	z := float64(x * x)
	s := x + float64(float64(z*x)*horner(z, sinTerms))
	c := 1 - (float64(0.5*z) - float64(float64(z*z)*horner(z, cosTerms)))
	switch int64(n) & 3 {
	case 1:
		return c, -s
	case 2:
		return -s, -c
	case 3:
		return -c, s
	}
	return s, c
}

func atan(x float64) float64 {
	if x < 0 {
		return -atan(-x)
	}
	if x != x || x > 1e18 {
		return float64(math.Pi/2) + float64(0*x)
	}
	high, low := 0.0, 0.0
	switch {
	case x < 7./16:
	case x < 11./16:
		high, low, x = 4.63647609000806093515e-01, 2.26987774529616870924e-17, (float64(2*x)-1)/(2+x)
	case x < 19./16:
		high, low, x = 7.85398163397448278999e-01, 3.06161699786838301793e-17, (x-1)/(x+1)
	case x < 39./16:
		high, low, x = 9.82793723247329054082e-01, 1.39033110312309984516e-17, (x-1.5)/(1+float64(1.5*x))
	default:
		high, low, x = 1.57079632679489655800e+00, 6.12323399573676603587e-17, -1/x
	}
	z := float64(x * x)
	w := float64(z * z)
	r := float64(x * (float64(z*horner(w, atanEven)) + float64(w*horner(w, atanOdd))))
	return high - ((r - low) - x)
}

// atan2 is the angle of (x, y) from the second axis.
func atan2(x, y float64) float64 {
	switch {
	case y > 0:
		return atan(x / y)
	case y == 0 && x == 0:
		return 0
	case y == 0:
		return math.Copysign(math.Pi/2, x)
	}
	return atan(x/y) + math.Copysign(math.Pi, x)
}

func exp(x float64) float64 {
	const ln2High, ln2Low = 6.93147180369123816490e-01, 1.90821492927058770002e-10
	switch {
	case x != x:
		return x
	case x > 700:
		return math.Inf(1)
	case x < -700:
		return 0
	}
	k := math.Floor(float64(x*math.Log2E) + 0.5)
	high, low := x-float64(k*ln2High), float64(k*ln2Low)
	r := high - low
	t := float64(r * r)
	c := r - float64(t*horner(t, expTerms))
	return math.Ldexp(1-((low-float64(r*c)/(2-c))-high), int(k))
}

func log(x float64) float64 {
	const ln2High, ln2Low = 6.93147180369123816490e-01, 1.90821492927058770002e-10
	switch {
	case x != x || x > math.MaxFloat64:
		return x
	case x < 0:
		return math.NaN()
	case x == 0:
		return math.Inf(-1)
	}
	f, e := math.Frexp(x)
	if f < math.Sqrt2/2 {
		f, e = float64(f*2), e-1
	}
	f--
	k := float64(e)
	s := f / (2 + f)
	s2 := float64(s * s)
	s4 := float64(s2 * s2)
	r := float64(s2*horner(s4, logOdd)) + float64(s4*horner(s4, logEven))
	half := float64(float64(0.5*f) * f)
	return float64(k*ln2High) - ((half - (float64(s*(half+r)) + float64(k*ln2Low))) - f)
}

func sinh(x float64) float64 {
	if math.Abs(x) < 0.1 { // where the difference of exponentials loses its digits
		z := float64(x * x)
		return x + float64(float64(x*z)*horner(z, sinhTerms))
	}
	e := exp(x)
	return (e - 1/e) / 2
}

var sinhTerms = []float64{1. / 39916800, 1. / 362880, 1. / 5040, 1. / 120, 1. / 6}

func cosh(x float64) float64 {
	e := exp(x)
	return (e + 1/e) / 2
}

func tanh(x float64) float64 {
	e := exp(float64(2 * x))
	if math.IsInf(e, 1) {
		return 1
	}
	return (e - 1) / (e + 1)
}

func asinh(x float64) float64 {
	if x < 0 {
		return -asinh(-x)
	}
	return log(x + math.Sqrt(float64(x*x)+1))
}

func atanh(x float64) float64 { return float64(0.5 * log((1+x)/(1-x))) }
