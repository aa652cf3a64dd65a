package exec

import (
	"sync/atomic"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/plan"
)

// BuildKeys are keys of a join's build side, a row each, with NULLs and duplicates. They live as long as
// the query.
type BuildKeys struct {
	Columns []*columnar.Vector
	Rows    int
}

// KeySets holds the build keys of one query by their number.
type KeySets struct {
	slots [plan.MaxKeySets]atomic.Pointer[BuildKeys]
}

// Publish makes keys visible to scans; nil takes them back.
func (s *KeySets) Publish(id int, keys *BuildKeys) { s.slots[id].Store(keys) }

// Get is the published keys, or nil.
func (s *KeySets) Get(id int) *BuildKeys { return s.slots[id].Load() }
