package aggregate

import (
	"math"
	"math/bits"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/mem"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// states are the aggregate states of groups 0..n-1: word rows, 128-bit parts of exact sums, general
// accumulators. They belong to one goroutine while they change.
type states struct {
	spec  *spec
	arena *mem.Arena
	n     int
	words []int64
	sums  []sumState
	accs  []accumulator
	dist  []*distinct // by input, for distinct ones
	*scratch
}

// scratch is one worker's memory for the dense values of the batch at hand.
type scratch struct {
	values [4][]int64
	spare  []int64
}

func newScratch(arena *mem.Arena) *scratch {
	s := &scratch{spare: mem.Alloc[int64](arena, columnar.BatchSize, false)}
	for i := range s.values {
		s.values[i] = mem.Alloc[int64](arena, columnar.BatchSize, false)
	}
	return s
}

// sumState keeps an exact sum from overflowing its word: bound limits the word's absolute value in
// every group; before it could pass 2^63 all words move to wide.
type sumState struct {
	bound  uint64
	wide   []types.Int128
	always bool // add to wide directly: values are large and groups many
}

func newStates(s *spec, arena *mem.Arena, scratch *scratch) *states {
	st := &states{spec: s, arena: arena, scratch: scratch, sums: make([]sumState, len(s.sums)), dist: make([]*distinct, len(s.inputs))}
	for i := range s.accs {
		st.accs = append(st.accs, newAccumulator(&s.accs[i], arena))
	}
	for i := range s.inputs {
		if s.inputs[i].distinct {
			st.dist[i] = newDistinct(arena, s.inputs[i].arg.Type())
		}
	}
	return st
}

// resize makes room for n groups; new ones hold the initial states.
func (st *states) resize(n int) {
	if n <= st.n {
		return
	}
	stride := len(st.spec.kinds)
	old := len(st.words)
	if n*stride > cap(st.words) {
		st.words = mem.Grow(st.arena, st.words, n*stride)
	}
	st.words = st.words[:n*stride]
	if fresh := st.words[old:]; st.spec.plainZero {
		clear(fresh)
	} else {
		for len(fresh) > 0 {
			fresh = fresh[copy(fresh, st.spec.template):]
		}
	}
	for i := range st.sums {
		if s := &st.sums[i]; s.wide != nil {
			s.grow(st.arena, n)
		}
	}
	for _, a := range st.accs {
		a.resize(n)
	}
	st.n = n
}

func (s *sumState) grow(arena *mem.Arena, n int) {
	old := len(s.wide)
	s.wide = mem.Grow(arena, s.wide, n)[:n]
	clear(s.wide[old:])
}

// maxWord is the largest absolute value of a word that a sum may reach.
const maxWord = math.MaxInt64

// admit accounts for count more values of v in every group's word of a sum; narrow is false when
// they must be added in 128 bits.
func (st *states) admit(sum int, v *columnar.Vector, dense []int64, count int) (narrow bool) {
	s := &st.sums[sum]
	if s.always {
		return false
	}
	hi, more := bits.Mul64(magnitude(v, dense), uint64(count))
	if hi != 0 || more > maxWord {
		return false
	}
	if s.bound+more <= maxWord {
		s.bound += more
		return true
	}
	st.flush(sum)
	s.always = st.n > columnar.BatchSize
	s.bound = more
	return !s.always
}

// magnitude bounds the absolute values of a vector.
func magnitude(v *columnar.Vector, dense []int64) uint64 {
	lo, hi := int64(math.MaxInt64), int64(math.MinInt64)
	switch {
	case v.Bounded && v.Lo > math.MinInt64:
		lo, hi = v.Lo, v.Hi
	case v.Layout <= columnar.U16 && v.Base < math.MaxInt64-math.MaxUint16:
		lo, hi = v.Base, v.Base+math.MaxUint16
	default:
		for _, x := range dense {
			lo, hi = min(lo, x), max(hi, x)
		}
	}
	if lo > hi {
		return 0
	}
	return max(absolute(lo), absolute(hi))
}

func absolute(x int64) uint64 {
	if x < 0 {
		return -uint64(x)
	}
	return uint64(x)
}

// flush moves the words of a sum to its 128-bit part.
func (st *states) flush(sum int) {
	s := &st.sums[sum]
	s.grow(st.arena, st.n)
	stride, word := len(st.spec.kinds), st.spec.sums[sum].word
	for g := range st.n {
		at := &st.words[g*stride+word]
		s.wide[g] = add128(s.wide[g], types.FromInt64(*at))
		*at = 0
	}
	s.bound = 0
}

// addWide adds the rows of v in 128 bits.
func (st *states) addWide(sum int, ids []uint32, v *columnar.Vector, sel []uint32, n int) {
	s := &st.sums[sum]
	s.grow(st.arena, st.n)
	for j := range n {
		g := uint32(0)
		if ids != nil {
			g = ids[j]
		}
		s.wide[g] = add128(s.wide[g], decimalAt(v, sel, j))
	}
}

// add128 fails with 22003 where 128 bits do not suffice.
func add128(a, b types.Int128) types.Int128 {
	lo, carry := bits.Add64(a.Lo, b.Lo, 0)
	hi, _ := bits.Add64(uint64(a.Hi), uint64(b.Hi), carry)
	sum := types.Int128{Lo: lo, Hi: int64(hi)}
	if (a.Hi < 0) == (b.Hi < 0) && (sum.Hi < 0) != (a.Hi < 0) {
		panic(sqlerr.New(sqlerr.NumericValueOutOfRange, "value overflows numeric format"))
	}
	return sum
}

// total is the exact sum of group g.
func (st *states) total(sum, g int) types.Int128 {
	t := types.FromInt64(st.words[g*len(st.spec.kinds)+st.spec.sums[sum].word])
	if w := st.sums[sum].wide; len(w) > g {
		t = add128(t, w[g])
	}
	return t
}

// merge folds groups from[j] of other into groups to[j].
func (st *states) merge(other *states, from, to []uint32) {
	stride := len(st.spec.kinds)
	st.mergeSums(other, from, to)
	for j, f := range from {
		a := st.words[int(to[j])*stride:][:stride]
		b := other.words[int(f)*stride:][:stride]
		for w, kind := range st.spec.kinds {
			mergeWord(kind, &a[w], b[w])
		}
	}
	for i, a := range st.accs {
		a.merge(other.accs[i], from, to)
	}
	for i, d := range st.dist {
		if d != nil {
			d.merge(other.dist[i], from, to)
		}
	}
}

// mergeSums carries 128-bit parts over, and makes room when the words' sum could overflow.
func (st *states) mergeSums(other *states, from, to []uint32) {
	for i := range st.sums {
		a, b := &st.sums[i], &other.sums[i]
		if a.bound+b.bound > maxWord {
			st.flush(i)
		}
		a.bound += b.bound
		if b.wide == nil {
			continue
		}
		a.grow(st.arena, st.n)
		for j, f := range from {
			if int(f) < len(b.wide) {
				a.wide[to[j]] = add128(a.wide[to[j]], b.wide[f])
			}
		}
	}
}
