package mvcc

import (
	"context"
	"math"
	"slices"

	"github.com/axiomhq/hyperloglog"

	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/columnar/segment"
	"github.com/oxidb/oxidb/types"
)

// cachedStats is a table's statistics as of its version.
type cachedStats struct {
	version Timestamp
	stats   *catalog.TableStats
}

// Stats tells what is known of a table's rows, columns in schema order: merged from the chunks' zones,
// kept until the table changes. A table that does not exist has no rows.
func (t *Txn) Stats(id TableID) *catalog.TableStats {
	table, err := t.Table(id)
	if err != nil {
		return &catalog.TableStats{}
	}
	version, own := table.Version()
	s := t.store
	if !own {
		s.statsMu.Lock()
		known, ok := s.stats[id]
		s.statsMu.Unlock()
		if ok && known.version == version {
			return known.stats
		}
	}
	stats := table.stats()
	if !own {
		s.statsMu.Lock()
		s.stats[id] = cachedStats{version: version, stats: stats}
		s.statsMu.Unlock()
	}
	return stats
}

func (t *Table) stats() *catalog.TableStats {
	stats := &catalog.TableStats{Rows: float64(t.Rows()), Columns: make([]catalog.ColumnStats, len(t.schema.Columns))}
	for i := range t.schema.Columns {
		stats.Columns[i] = t.columnStats(&t.schema.Columns[i])
	}
	return stats
}

// columnStats merges a column's zones. Zones describe physical rows: deletes widen the truth but do
// not break it, except that bounds may not be values any more.
func (t *Table) columnStats(def *ColumnDef) catalog.ColumnStats {
	m := zoneMerge{typ: def.Type, out: catalog.ColumnStats{Min: types.Null(def.Type), Max: types.Null(def.Type), Exact: true, Sorted: true}, common: map[types.Value]int{}, commonKnown: true}
	for _, v := range t.views {
		z := v.Zone(def.FieldID)
		if z == nil {
			z = v.scanZone(def)
		}
		m.add(z, v.rows, v.Deleted() != nil)
	}
	return m.finish()
}

// scanZone describes the rows in view of an open chunk.
func (v *View) scanZone(def *ColumnDef) *Zone {
	ordinal := v.chunk.field(def.FieldID)
	vec, err := v.stored(context.Background(), ordinal)
	if err != nil {
		return &Zone{Min: types.Null(def.Type), Max: types.Null(def.Type)}
	}
	b := segment.NewColumnBuilder(def.Type)
	b.Append(vec, nil)
	_, z := b.Close(nil)
	return z
}

// zoneMerge adds up the zones of a column's chunks.
type zoneMerge struct {
	typ         types.Type
	out         catalog.ColumnStats
	rows, nulls int
	bytes       int64
	started     bool
	unknown     bool // a chunk with values has no bounds
	sketch      *hyperloglog.Sketch
	distinct    float64
	common      map[types.Value]int
	commonKnown bool
}

func (m *zoneMerge) add(z *Zone, rows int, deleted bool) {
	m.rows += rows
	m.nulls += min(z.Nulls, rows)
	m.bytes += z.Bytes
	m.out.Exact = m.out.Exact && z.Exact && !deleted
	if z.Nulls < rows {
		m.addBounds(z)
	}
	m.out.Sorted = m.out.Sorted && z.Sorted
	m.distinct = max(m.distinct, z.Distinct)
	if z.Sketch != nil {
		if m.sketch == nil {
			m.sketch = z.Sketch.Clone()
		} else if m.sketch.Merge(z.Sketch) != nil {
			m.sketch = nil // of another precision: the largest chunk's count has to do
		}
	}
	if len(z.Common) == 0 && z.Nulls < rows {
		m.commonKnown = false
	}
	for _, c := range z.Common {
		m.common[c.Value] += c.Rows
	}
}

func (m *zoneMerge) addBounds(z *Zone) {
	if z.Unbounded() {
		m.unknown, m.out.Sorted = true, false
		return
	}
	if !m.started {
		m.started, m.out.Min, m.out.Max = true, z.Min, z.Max
		return
	}
	if segment.Compare(z.Min, m.out.Max) < 0 {
		m.out.Sorted = false
	}
	if segment.Compare(z.Min, m.out.Min) < 0 {
		m.out.Min = z.Min
	}
	if segment.Compare(z.Max, m.out.Max) > 0 {
		m.out.Max = z.Max
	}
}

// minCommonFraction is the share of all rows from which on a value counts as common.
const minCommonFraction = 0.001

func (m *zoneMerge) finish() catalog.ColumnStats {
	out := m.out
	if m.unknown || !m.started {
		out.Min, out.Max, out.Exact = types.Null(m.typ), types.Null(m.typ), false
	}
	if m.rows == 0 {
		out.Sorted = false
		return out
	}
	out.NullFraction = float64(m.nulls) / float64(m.rows)
	values := float64(m.rows - m.nulls)
	if m.typ.Class() == types.ClassBytes && values > 0 {
		out.AverageBytes = float64(m.bytes) / values
	}
	out.Distinct = m.distinct
	if m.sketch != nil {
		out.Distinct = max(out.Distinct, float64(m.sketch.Estimate()))
	}
	out.Distinct = min(out.Distinct, values)
	if width := m.width(); width > 0 {
		out.Distinct = min(out.Distinct, width)
	}
	if m.commonKnown {
		out.Common = m.mostCommon()
	}
	return out
}

// width is the number of integers between the bounds, 0 when it does not matter.
func (m *zoneMerge) width() float64 {
	if !m.started || m.unknown || m.out.Min.Wide || m.out.Max.Wide {
		return 0
	}
	if c := m.typ.Class(); c != types.ClassInt && c != types.ClassDecimal {
		return 0
	}
	return math.Max(1, float64(m.out.Max.I)-float64(m.out.Min.I)+1)
}

func (m *zoneMerge) mostCommon() []catalog.Common {
	var out []catalog.Common
	for value, n := range m.common {
		if f := float64(n) / float64(m.rows); f >= minCommonFraction {
			out = append(out, catalog.Common{Value: value, Fraction: f})
		}
	}
	sortCommon(out)
	return out
}

func sortCommon(c []catalog.Common) {
	less := func(a, b catalog.Common) int {
		switch {
		case a.Fraction > b.Fraction:
			return -1
		case a.Fraction < b.Fraction:
			return 1
		}
		return segment.Compare(a.Value, b.Value)
	}
	slices.SortFunc(c, less)
}
