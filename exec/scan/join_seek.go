package scan

import (
	"math"
	"math/bits"
	"slices"
	"sort"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/index"
	"github.com/oxidb/oxidb/index/ordered"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/types"
)

// maxJoinKeys bounds the build rows whose keys are looked at one by one.
const maxJoinKeys = 1 << 16

// joinSeeker is the seek for the keys that a join has published, nil when there are none or reading the
// chunks costs less.
func (t *Table) joinSeeker(keys *exec.BuildKeys, chunks []Chunk) *seeker {
	s := t.node.JoinSeek
	if keys == nil || keys.Rows > maxJoinKeys {
		return nil
	}
	x := &seeker{path: s.Path, lookups: joinLookups(t.node, keys)}
	read, cost := 0.0, s.RowsCost*float64(len(x.lookups))
	for _, c := range chunks {
		read += float64(c.Rows())
		cost += s.KeyCost * float64(within(c, s.Path.Fields[0], x.lookups))
	}
	if t.node.Seek != nil {
		read = min(read, t.node.Seek.Rows*s.KeyCost) // at worst each of its rows is a lookup
	}
	if cost > read {
		return nil
	}
	return x
}

// within is how many of the lookups, which ascend, a chunk's zone does not exclude.
func within(c Chunk, field int32, lookups []index.Lookup) int {
	z, ok := c.Zone(field)
	if !ok || z.Min.Null || z.Max.Null || len(lookups) == 0 {
		return len(lookups)
	}
	first := &lookups[0].Equal[0]
	if _, known := types.Order(*first, z.Min); !known {
		return len(lookups)
	}
	from := sort.Search(len(lookups), func(i int) bool { d, _ := types.Order(lookups[i].Equal[0], z.Min); return d >= 0 })
	to := sort.Search(len(lookups), func(i int) bool { d, _ := types.Order(lookups[i].Equal[0], z.Max); return d > 0 })
	return max(0, to-from)
}

// joinLookups are the different keys without NULL, in the order of the index.
func joinLookups(n *plan.Scan, keys *exec.BuildKeys) []index.Lookup {
	kinds := make([]types.Type, len(keys.Columns))
	for i := range kinds {
		kinds[i] = n.Table.Columns[n.Table.OrdinalOf(n.JoinSeek.Path.Fields[i])].Type
	}
	if len(keys.Columns) == 1 && keys.Columns[0].Type.Class() == types.ClassInt {
		return integerLookups(keys.Columns[0], keys.Rows, kinds[0])
	}
	rows := make([]uint32, 0, keys.Rows)
	for row := range keys.Rows {
		if !ordered.HasNull(keys.Columns, row) {
			rows = append(rows, uint32(row))
		}
	}
	ordered.Sort(keys.Columns, rows)
	var lookups []index.Lookup
	for i, row := range rows {
		if i > 0 && ordered.CompareRows(keys.Columns, int(rows[i-1]), keys.Columns, int(row)) == 0 {
			continue
		}
		lookups = append(lookups, index.Lookup{Equal: keyOf(keys.Columns, int(row), kinds)})
	}
	return lookups
}

// integerLookups is joinLookups for one column of integers: in order by their bits where those are not
// many more than rows.
func integerLookups(v *columnar.Vector, n int, kind types.Type) []index.Lookup {
	values := make([]int64, 0, n)
	lo, hi := int64(math.MaxInt64), int64(math.MinInt64)
	for row := range n {
		if !v.IsNull(row) {
			x := v.Int(row)
			lo, hi = min(lo, x), max(hi, x)
			values = append(values, x)
		}
	}
	if len(values) > 0 && uint64(hi)-uint64(lo) < uint64(64*n) {
		set := make([]uint64, (hi-lo)/64+1)
		for _, x := range values {
			set[(x-lo)/64] |= 1 << ((x - lo) % 64)
		}
		values = values[:0]
		for i, word := range set {
			for ; word != 0; word &= word - 1 {
				values = append(values, lo+int64(64*i+bits.TrailingZeros64(word)))
			}
		}
	} else {
		slices.Sort(values)
		values = slices.Compact(values)
	}
	lookups, keys := make([]index.Lookup, len(values)), make([]types.Value, len(values))
	for i, x := range values {
		keys[i] = types.Int(kind, x)
		lookups[i].Equal = keys[i : i+1 : i+1]
	}
	return lookups
}

func keyOf(columns []*columnar.Vector, row int, kinds []types.Type) []types.Value {
	key := make([]types.Value, len(columns))
	for i, v := range columns {
		key[i] = v.Value(row)
		key[i].Type = kinds[i]
	}
	return key
}
