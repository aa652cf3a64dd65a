package plan

import (
	"fmt"

	"github.com/oxidb/oxidb/index"
)

// JoinSeek finds the rows of a scan that a join above it can match through an index, by the keys of the
// join's build side. Whether that pays is decided when the keys are there: if not, the scan reads as if
// there were no JoinSeek. It may find more rows than match.
type JoinSeek struct {
	// ID is the number under which the join publishes the keys, whose columns are the first ones of the
	// index.
	ID    int
	Index string
	Path  *index.Path
	// KeyCost is what a key costs in one chunk, RowsCost what the rows of a key cost, in rows that a
	// scan reads.
	KeyCost, RowsCost float64
	// Rows is the estimated number of rows found. Few says that it is no guess: keys bound it.
	Rows float64
	Few  bool
}

// String is how EXPLAIN prints the access path.
func (s *JoinSeek) String() string { return fmt.Sprintf("%s by keys#%d", s.Index, s.ID) }

// PublishKeys makes the values of some equi pairs' build sides known as ID.
type PublishKeys struct {
	ID    int
	Pairs []int
}

// MaxKeySets bounds the keys that the joins of one query publish.
const MaxKeySets = 64
