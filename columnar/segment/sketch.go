package segment

import (
	"math/bits"

	"github.com/axiomhq/hyperloglog"
)

// sketchPrecision gives 2,048 registers and a standard error of 2.3%.
const sketchPrecision = 11

// registers are those of a HyperLogLog sketch (Flajolet et al., 2007) that is being filled.
type registers [1 << sketchPrecision]uint8

// add notes a hashed value, as hyperloglog.Sketch.InsertHash does.
func (r *registers) add(hash uint64) {
	rank := uint8(bits.LeadingZeros64(hash<<sketchPrecision|1<<(sketchPrecision-1))) + 1
	if at := hash >> (64 - sketchPrecision); rank > r[at] {
		r[at] = rank
	}
}

// addInts notes base+x for every x of values.
func addInts[T uint32 | int64](r *registers, values []T, base int64) {
	for _, x := range values {
		r.add(hashInt(uint64(base + int64(x))))
	}
}

// sketch is what the registers say.
func (r *registers) sketch() *hyperloglog.Sketch {
	const version = 2
	raw := make([]byte, 0, 8+len(r))
	raw = append(raw, version, sketchPrecision, 0, 0, 0, 0, byte(len(r)>>8), byte(len(r)&0xff))
	s := &hyperloglog.Sketch{}
	if err := s.UnmarshalBinary(append(raw, r[:]...)); err != nil {
		panic(err) // the form is that of the version built in
	}
	return s
}

func newSketch() *hyperloglog.Sketch {
	s, err := hyperloglog.NewSketch(sketchPrecision, false)
	if err != nil {
		panic(err) // the precision is a constant in range
	}
	return s
}

// hashInt mixes an integer's bits (splitmix64's finaliser) for sketches.
func hashInt(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
