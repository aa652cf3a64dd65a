package kernel

import "math"

// AddFloat computes out = a + b for the rows of sel. Like all float kernels it may be run over rows
// that do not count.
func AddFloat(a, b []float64, sel []uint32, out []float64) {
	if dense(len(a), sel) {
		b, out = b[:len(a)], out[:len(a)]
		for i, x := range a {
			out[i] = x + b[i]
		}
		return
	}
	for _, i := range sel {
		out[i] = a[i] + b[i]
	}
}

// SubFloat computes out = a - b for the rows of sel.
func SubFloat(a, b []float64, sel []uint32, out []float64) {
	if dense(len(a), sel) {
		b, out = b[:len(a)], out[:len(a)]
		for i, x := range a {
			out[i] = x - b[i]
		}
		return
	}
	for _, i := range sel {
		out[i] = a[i] - b[i]
	}
}

// MulFloat computes out = a * b for the rows of sel.
func MulFloat(a, b []float64, sel []uint32, out []float64) {
	if dense(len(a), sel) {
		b, out = b[:len(a)], out[:len(a)]
		for i, x := range a {
			out[i] = x * b[i]
		}
		return
	}
	for _, i := range sel {
		out[i] = a[i] * b[i]
	}
}

// DivFloat computes out = a / b for the rows of sel.
func DivFloat(a, b []float64, sel []uint32, out []float64) {
	if dense(len(a), sel) {
		b, out = b[:len(a)], out[:len(a)]
		for i, x := range a {
			out[i] = x / b[i]
		}
		return
	}
	for _, i := range sel {
		out[i] = a[i] / b[i]
	}
}

// RoundToFloat32 rounds the rows of sel to the nearest float32.
func RoundToFloat32(vals []float64, sel []uint32) {
	if sel == nil {
		for i, x := range vals {
			vals[i] = float64(float32(x))
		}
		return
	}
	for _, i := range sel {
		vals[i] = float64(float32(vals[i]))
	}
}

// AnyZero reports a zero among the rows of sel.
func AnyZero(vals []float64, sel []uint32) bool {
	n := 0
	if sel == nil {
		for _, x := range vals {
			n += b2i(x == 0)
		}
		return n > 0
	}
	for _, i := range sel {
		n += b2i(vals[i] == 0)
	}
	return n > 0
}

// AnySuspicious reports an infinity or a zero among the rows of sel: what overflow and underflow leave.
func AnySuspicious(vals []float64, sel []uint32) bool {
	n := 0
	if sel == nil {
		for _, x := range vals {
			n += suspicious(x)
		}
		return n > 0
	}
	for _, i := range sel {
		n += suspicious(vals[i])
	}
	return n > 0
}

func suspicious(x float64) int {
	magnitude := math.Float64bits(x) &^ (1 << 63)
	return b2i(magnitude == 0) | b2i(magnitude == 0x7FF<<52)
}
