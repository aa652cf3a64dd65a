package segment

import (
	"math/bits"

	"github.com/axiomhq/hyperloglog"
	"github.com/zeebo/xxh3"

	"github.com/oxidb/oxidb/types"
)

// Zone describes one column of one chunk.
type Zone struct {
	// Min and Max bound the values that are not NULL; they are NULL when there are none or when the
	// type has no order here (interval, uuid). With Exact they are values of the chunk.
	Min, Max types.Value
	Exact    bool
	Nulls    int
	// Sorted says that the rows ascend and that none is NULL.
	Sorted bool
	// Distinct estimates the number of different values, NULL aside.
	Distinct float64
	// Bytes is the total length of the strings.
	Bytes int64
	// Common holds the most frequent values of a column with few values, most frequent first.
	Common []Count
	// Sketch estimates distinct values over several chunks; nil when unknown.
	Sketch *hyperloglog.Sketch
}

// Count is a value and the number of its rows.
type Count struct {
	Value types.Value
	Rows  int
}

// maxBoundBytes is the longest string kept as a bound; longer ones are cut and rounded outwards.
const maxBoundBytes = 64

// maxCommon is the number of most common values kept of a column.
const maxCommon = 16

// setBounds takes the least and greatest string as bounds, cut to a bounded length.
func (z *Zone) setBounds(t types.Type, lo, hi []byte) {
	z.Exact = len(lo) <= maxBoundBytes && len(hi) <= maxBoundBytes
	z.Min = types.Str(t, string(lo[:min(len(lo), maxBoundBytes)]))
	if len(hi) <= maxBoundBytes {
		z.Max = types.Str(t, string(hi))
		return
	}
	cut := append([]byte(nil), hi[:maxBoundBytes]...)
	for i := len(cut) - 1; i >= 0; i-- {
		if cut[i] != 0xff {
			cut[i]++
			z.Max = types.Str(t, string(cut[:i+1]))
			return
		}
	}
	z.Max = types.Null(t) // nothing short is above it
}

// Unbounded reports that the zone says nothing about where values lie.
func (z *Zone) Unbounded() bool { return z.Min.Null || z.Max.Null }

// countBits adds up the set bits of a presence map.
func countBits(words []uint64) int {
	n := 0
	for _, w := range words {
		n += bits.OnesCount64(w)
	}
	return n
}

// hashValue is the hash that sketches take of an integer or string value.
func hashValue(v types.Value) uint64 {
	if v.Type.Class() == types.ClassBytes {
		return xxh3.HashString(v.S)
	}
	return hashInt(uint64(v.I))
}
