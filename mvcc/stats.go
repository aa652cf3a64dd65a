package mvcc

import (
	"maps"
	"math"
	"slices"

	"github.com/axiomhq/hyperloglog"

	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/columnar/segment"
	"github.com/oxidb/oxidb/types"
)

// statsKey tells the statistics of a table's newest version that was asked for from those of an
// earlier one.
type statsKey struct {
	table TableID
	past  bool
}

// cachedStats is a table's statistics as of its version, and what they were made of.
type cachedStats struct {
	version Timestamp
	stats   *catalog.TableStats
	closed  *closedStats
}

// closedStats is what the closed chunks of a table add up to, which stays while rows are appended one
// by one.
type closedStats struct {
	schema []ColumnDef
	parts  []closedPart
	merges []zoneMerge // by column of the schema
}

// closedPart is what the statistics depend on of a chunk.
type closedPart struct {
	chunk   *chunk
	rows    int
	deleted bool
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
	past, known := s.knownStats(id, version)
	if !own && known.stats != nil && known.version == version {
		return known.stats
	}
	stats, closed := table.stats(known.closed)
	if !own {
		s.statsMu.Lock()
		s.stats[statsKey{id, past}] = cachedStats{version: version, stats: stats, closed: closed}
		s.statsMu.Unlock()
	}
	return stats
}

// staleRows is by how much of its rows a table may have changed before rough statistics are made anew.
const staleRows = 0.2

// RoughStats is Stats as of some commit that left the table of about the size that the transaction
// sees: it costs little after every small commit. Nothing that an answer depends on may follow from it.
func (t *Txn) RoughStats(id TableID) *catalog.TableStats {
	table, err := t.Table(id)
	if err != nil {
		return &catalog.TableStats{}
	}
	t.store.statsMu.Lock()
	known, ok := t.store.stats[statsKey{table: id}]
	t.store.statsMu.Unlock()
	rows := float64(table.Rows())
	if ok && len(known.stats.Columns) == len(table.schema.Columns) && math.Abs(rows-known.stats.Rows) <= staleRows*rows {
		return known.stats
	}
	return t.Stats(id)
}

// knownStats gives what is known of a table as of a version, or of one near it; past tells whether a
// later version has been asked for.
func (s *Store) knownStats(id TableID, version Timestamp) (past bool, known cachedStats) {
	s.statsMu.Lock()
	defer s.statsMu.Unlock()
	known = s.stats[statsKey{id, false}]
	if past = known.stats != nil && version < known.version; past {
		known = s.stats[statsKey{id, true}]
	}
	return past, known
}

// stats adds up the zones of the closed chunks, unless known has them, and of the open ones.
func (t *Table) stats(known *closedStats) (*catalog.TableStats, *closedStats) {
	stats := &catalog.TableStats{Rows: float64(t.Rows()), Columns: make([]catalog.ColumnStats, len(t.schema.Columns))}
	n := 0
	for n < len(t.views) && t.views[n].closed() {
		n++
	}
	closed := t.closedStats(t.views[:n], known)
	for i := range t.schema.Columns {
		m := closed.merges[i].clone()
		for _, v := range t.views[n:] {
			v.addTo(&m, &t.schema.Columns[i])
		}
		stats.Columns[i] = m.finish()
	}
	return stats, closed
}

// closed reports whether the chunk takes no more rows. Of a chunk that was read since it was closed it
// knows without a lock: every point query asks.
func (v *View) closed() bool {
	if v.chunk.described.Load() != nil {
		return true
	}
	v.guard.RLock()
	defer v.guard.RUnlock()
	return v.chunk.closed
}

func (t *Table) closedStats(views []*View, known *closedStats) *closedStats {
	next := &closedStats{schema: t.schema.Columns, parts: make([]closedPart, len(views))}
	for i, v := range views {
		next.parts[i] = closedPart{chunk: v.chunk, rows: v.rows, deleted: v.anyDeleted()}
	}
	if known != nil && slices.Equal(known.schema, next.schema) && slices.Equal(known.parts, next.parts) {
		return known
	}
	sketches := t.store.sketchesOf(t.id)
	for i := range t.schema.Columns {
		m := newZoneMerge(t.schema.Columns[i].Type)
		for _, v := range views {
			v.addTo(&m, &t.schema.Columns[i])
		}
		if sketch := sketches[t.schema.Columns[i].FieldID]; sketch != nil && m.unsketched {
			m.addSketch(sketch)
		}
		next.merges = append(next.merges, m)
	}
	return next
}

// sketchesOf gives the sketches of those chunks of a table whose zones have none.
func (s *Store) sketchesOf(id TableID) map[int32]*hyperloglog.Sketch {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if t := s.tables[id]; t != nil {
		return t.sketches
	}
	return nil
}

// addTo adds the chunk's zones of a column. Zones describe physical rows: deletes widen the truth but
// do not break it, except that bounds may not be values any more.
func (v *View) addTo(m *zoneMerge, def *ColumnDef) {
	if z := v.Zone(def.FieldID); z != nil {
		m.add(z, v.rows, v.anyDeleted() || v.partial())
		return
	}
	ordinal, from := v.chunk.field(def.FieldID), 0
	for _, piece := range v.openZones() {
		m.add(piece.zones[ordinal], piece.to-from, v.anyDeleted())
		from = piece.to
	}
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
	unsketched  bool // a chunk's zone has no sketch
	distinct    float64
	common      map[types.Value]int
	commonKnown bool
}

func newZoneMerge(t types.Type) zoneMerge {
	return zoneMerge{typ: t, out: catalog.ColumnStats{Min: types.Null(t), Max: types.Null(t), Exact: true, Sorted: true}, common: map[types.Value]int{}, commonKnown: true}
}

func (m *zoneMerge) clone() zoneMerge {
	c := *m
	c.common = maps.Clone(m.common)
	if m.sketch != nil {
		c.sketch = m.sketch.Clone()
	}
	return c
}

func (m *zoneMerge) addSketch(sketch *hyperloglog.Sketch) {
	if m.sketch == nil || m.sketch.Merge(sketch) != nil {
		m.sketch = sketch.Clone()
	}
}

func (m *zoneMerge) add(z *Zone, rows int, deleted bool) {
	m.rows += rows
	m.nulls += min(z.Nulls, rows)
	m.bytes += z.Bytes
	m.out.Exact = m.out.Exact && !deleted && (z.Exact || z.Nulls >= rows)
	if z.Nulls < rows {
		m.addBounds(z)
	}
	m.out.Sorted = m.out.Sorted && z.Sorted
	m.distinct = max(m.distinct, z.Distinct)
	m.sketch = z.AddTo(m.sketch)
	m.unsketched = m.unsketched || !z.Sketched()
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
