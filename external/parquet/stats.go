package parquet

import (
	"github.com/apache/arrow-go/v18/parquet/metadata"

	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/types"
)

// Stats implements plan.ExternalSource: what the footers say.
func (s *Source) Stats() *catalog.TableStats {
	s.summary.Do(func() { s.stats = s.summarize() })
	return s.stats
}

func (s *Source) summarize() *catalog.TableStats {
	stats := &catalog.TableStats{Rows: float64(s.rows), Columns: make([]catalog.ColumnStats, len(s.columns))}
	for o := range s.columns {
		var c columnStats
		for _, f := range s.files {
			l := leaves(f.meta.Schema)[o]
			for g := range f.meta.NumRowGroups() {
				c.add(f.meta.RowGroup(g), &l)
			}
		}
		stats.Columns[o] = c.column(s.columns[o].Type, float64(s.rows))
	}
	return stats
}

// columnStats sums up a column's statistics over row groups.
type columnStats struct {
	groups    int
	min, max  types.Value
	unbounded bool
	nulls     float64
	last      types.Value
	unsorted  bool
	counted   bool    // some group tells its number of distinct values
	distinct  float64 // the most of one group
	share     float64 // and their share of that group's rows
}

func (c *columnStats) add(group *metadata.RowGroupMetaData, l *leaf) {
	c.groups++
	z, ok := zone(group, l)
	if ok && !z.AllNull && !z.Min.Null && !z.Max.Null {
		if c.min.Type == (types.Type{}) || less(z.Min, c.min) {
			c.min = z.Min
		}
		if c.max.Type == (types.Type{}) || less(c.max, z.Max) {
			c.max = z.Max
		}
		c.unsorted = c.unsorted || c.last.Type != (types.Type{}) && less(z.Min, c.last)
		c.last = z.Max
	} else if !ok || !z.AllNull {
		c.unbounded = true
	}
	if l.index < 0 || l.refusal != nil {
		return
	}
	chunk, err := group.ColumnChunk(l.index)
	if err != nil {
		return
	}
	if set, err := chunk.StatsSet(); err != nil || !set {
		return
	}
	stats, err := chunk.Statistics()
	if err != nil || stats == nil {
		return
	}
	if stats.HasNullCount() {
		c.nulls += float64(stats.NullCount())
	}
	if n := float64(group.NumRows()); stats.HasDistinctCount() && stats.DistinctCount() > 0 && n > 0 {
		if d := float64(stats.DistinctCount()); d > c.distinct {
			c.counted, c.distinct, c.share = true, d, d/n
		}
	}
}

func less(a, b types.Value) bool {
	if a.Type.Class() == types.ClassFloat {
		return a.F < b.F
	}
	return a.Unscaled().Cmp(b.Unscaled()) < 0
}

// manyShare is the share of distinct values in a row group from which other groups are taken to have
// others.
const manyShare = 0.1

// sortedGroups is the number of row groups from which values that ascend from group to group are taken
// to ascend inside, too. Who relies on order checks it.
const sortedGroups = 4

// column gives what the optimizer asks. Integers have at most as many values as their range.
func (c *columnStats) column(t types.Type, rows float64) catalog.ColumnStats {
	out := catalog.ColumnStats{Min: types.Null(t), Max: types.Null(t)}
	if rows > 0 {
		out.NullFraction = c.nulls / rows
	}
	if c.counted {
		if out.Distinct = c.distinct; c.share > manyShare {
			out.Distinct = min(rows, c.distinct*float64(c.groups))
		}
	}
	if c.unbounded || c.min.Type == (types.Type{}) {
		return out
	}
	out.Min, out.Max = c.min, c.max
	out.Sorted = !c.unsorted && c.nulls == 0 && c.groups >= sortedGroups
	if t.Class() == types.ClassInt {
		width := float64(c.max.I) - float64(c.min.I) + 1
		if most := min(width, rows-c.nulls); out.Distinct == 0 || most < out.Distinct {
			out.Distinct = max(1, most)
		}
	}
	return out
}
