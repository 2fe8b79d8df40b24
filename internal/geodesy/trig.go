package geodesy

import "math"

const degree = math.Pi / 180

// sincos is the sine and the cosine of an angle in degrees. The angle is brought
// to within 45 degrees of a multiple of 90, which is exact, so that the series
// need few terms.
func sincos(degrees float64) (sin, cos float64) {
	quarter := math.Round(degrees / 90)
	x := float64((degrees - float64(90*quarter)) * degree)
	z := float64(x * x)
	sin, cos = 1, 1
	for n := 18.0; n >= 2; n -= 2 {
		sin = 1 - float64(float64(z*sin)/float64(n*(n+1)))
		cos = 1 - float64(float64(z*cos)/float64(n*(n-1)))
	}
	sin = float64(sin * x)
	switch math.Mod(math.Mod(quarter, 4)+4, 4) {
	case 1:
		return cos, -sin
	case 2:
		return -sin, -cos
	case 3:
		return -cos, sin
	}
	return sin, cos
}

// small is where the series are short. atan and asinh halve what they are to give
// until it is below.
const small = 0.0625

// atan is the arc tangent in radians.
func atan(x float64) float64 {
	times := 1.0
	for math.Abs(x) > small {
		x /= 1 + math.Sqrt(1+float64(x*x))
		times *= 2
	}
	z := float64(x * x)
	sum := 0.0
	for n := 19.0; n >= 1; n -= 2 {
		sum = 1/n - float64(z*sum)
	}
	return float64(times * float64(sum*x))
}

// atan2 is the angle, in radians, of the point (x, y).
func atan2(y, x float64) float64 {
	switch {
	case math.Abs(y) > math.Abs(x):
		return math.Copysign(math.Pi/2, y) - atan(x/y)
	case x > 0:
		return atan(y / x)
	case x < 0:
		return math.Copysign(math.Pi, y) + atan(y/x)
	}
	return 0
}

// asinh is the inverse of the hyperbolic sine.
func asinh(x float64) float64 {
	times := 1.0
	for math.Abs(x) > small {
		x /= math.Sqrt(float64(2 * (1 + math.Sqrt(1+float64(x*x)))))
		times *= 2
	}
	return float64(times * atanh(x/math.Sqrt(1+float64(x*x))))
}

// atanh is the inverse of the hyperbolic tangent of |x| < 0.1, which the
// eccentricity of the Earth is.
func atanh(x float64) float64 {
	z := float64(x * x)
	sum := 0.0
	for n := 21.0; n >= 1; n -= 2 {
		sum = 1/n + float64(z*sum)
	}
	return float64(sum * x)
}

// sinh is the hyperbolic sine of |x| < 1.
func sinh(x float64) float64 {
	z := float64(x * x)
	sum := 1.0
	for n := 20.0; n >= 2; n -= 2 {
		sum = 1 + float64(float64(z*sum)/float64(n*(n+1)))
	}
	return float64(sum * x)
}
