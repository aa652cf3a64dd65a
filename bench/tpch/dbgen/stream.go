package dbgen

// The minimal standard generator: seed' = seed * 16807 mod 2^31-1.
const (
	multiplier = 16807
	modulus    = 1<<31 - 1
)

// stream is the state of one column's random numbers, 0 < stream < modulus.
type stream int64

// next is the following state. The modulus is a Mersenne number, so the division is a shift: with
// p = hi*2^31 + lo, p mod 2^31-1 = hi + lo, less the modulus when that is too large.
func (s stream) next() stream { return s.times(multiplier) }

func (s stream) times(factor stream) stream {
	p := s * factor
	p = p&modulus + p>>31
	if p >= modulus {
		p -= modulus
	}
	return p
}

// skip is the state after n more draws.
func (s stream) skip(n int64) stream { return s.times(jump(n)) }

// jump is the factor that moves a stream n draws ahead: multiplier^n mod modulus.
func jump(n int64) stream {
	result, square := stream(1), stream(multiplier)
	for ; n > 0; n >>= 1 {
		if n&1 == 1 {
			result = result.times(square)
		}
		square = square.times(square)
	}
	return result
}

// scaled maps the state to 0..span-1, in the floating point steps of the official generator: other
// roundings would give other data.
func (s stream) scaled(span float64) int32 {
	return int32(float64(s) / modulus * span)
}

// draw fills dst with uniform values in low..high, one draw a row.
func draw[T int32 | int64](dst []T, s stream, low, high int32) {
	span := float64(high - low + 1)
	for i := range dst {
		s = s.next()
		dst[i] = T(low + s.scaled(span))
	}
}

// drawCodes fills dst with the codes of uniformly drawn dictionary values, one draw a row.
func drawCodes(dst []uint8, s stream, d *Dictionary) {
	span := float64(len(d.codes))
	for i := range dst {
		s = s.next()
		dst[i] = d.codes[s.scaled(span)]
	}
}
