// Package scan holds the operators at the leaves and the ones that only narrow or reshape a batch:
// table scan, values, generate_series, filter, project.
package scan

import (
	"context"
	"slices"
	"sync/atomic"

	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/mem"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/exec/buffer"
	"github.com/oxidb/oxidb/exec/expr"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/types"
)

// Zone bounds the values of one column of a chunk. Min and Max are NULL values when unknown.
type Zone struct {
	Min, Max types.Value
	// Nulls says that the column may hold NULLs, Sorted that its values ascend from row to row.
	Nulls, Sorted bool
}

// Chunk is one chunk of a table as the query's transaction sees it.
type Chunk interface {
	ID() uint32
	Rows() int
	// Column gives the whole chunk's column, Shared, at least Rows long.
	Column(ctx context.Context, field int32) (*columnar.Vector, error)
	// Visible writes the mask of the visible rows of [from, to) to words and gives true, or gives false
	// when all are visible. from is a multiple of 64.
	Visible(from, to int, words []uint64) bool
	// Live is the number of visible rows.
	Live() int
	Zone(field int32) (Zone, bool)
}

// morselRows is the unit of work that a worker takes: it divides a chunk's 122,880 rows unevenly,
// which costs less than few large units on many workers.
const morselRows = 8 * columnar.BatchSize

// lastRows is the unit of the last morsels.
const lastRows = 2 * columnar.BatchSize

// A morsel is the rows [from, to) of a chunk; of these only rows, counted from from, when it was found
// by a seek.
type morsel struct {
	chunk    Chunk
	from, to int
	rows     []uint32
}

// size is the number of rows that a worker looks at.
func (m *morsel) size() int {
	if m.rows != nil {
		return len(m.rows)
	}
	return m.to - m.from
}

// Table scans a table's chunks: zone maps and runtime filters first, then the filters, then the
// columns, which are lent without a copy.
type Table struct {
	node    *plan.Scan
	chunks  []Chunk
	cols    expr.Input
	query   *exec.Query
	masks   bool // the receiver takes masks
	exact   bool // the rows of the morsels are those for which the filters hold
	morsels []morsel
	next    atomic.Int64
	seeker  seeker
	found   []uint32 // the rows of the seek's morsels
	// Of a kept query: where the chunks come from at every execution, and its worker's stream.
	source func(t *catalog.Table, room []Chunk) ([]Chunk, error)
	kept   *stream
}

// NewTable makes a scan of chunks. The node's filters must be free of parameters and runtime values.
func NewTable(node *plan.Scan, chunks []Chunk) *Table {
	return &Table{node: node, chunks: chunks, cols: node.Columns()}
}

// NewKeptTable makes a scan for a kept query, which asks source for the chunks at every execution. The
// node's expressions may have parameters.
func NewKeptTable(node *plan.Scan, source func(t *catalog.Table, room []Chunk) ([]Chunk, error)) *Table {
	return &Table{node: node, source: source, cols: node.Columns()}
}

// Ordered implements exec.Operator.
func (t *Table) Ordered() bool { return false }

// Mask implements exec.Masking.
func (t *Table) Mask() { t.masks = true }

// Prepare lists the morsels of the chunks that may hold matching rows.
func (t *Table) Prepare(q *exec.Query) error {
	t.query = q
	t.morsels, t.found = t.morsels[:0], t.found[:0]
	t.next.Store(0)
	if t.source != nil {
		var err error
		if t.chunks, err = t.source(t.node.Table, t.chunks[:0]); err != nil {
			return err
		}
	}
	p := pruner{node: t.node, query: q}
	chunks := t.chunks
	t.exact = t.node.Seek != nil && t.node.Seek.Exact
	if !t.exact || t.node.JoinSeek != nil { // an exact seek looks at the zones itself
		chunks = p.admitted(chunks)
	}
	seek, err := t.way(chunks)
	if err != nil {
		return err
	}
	for _, c := range chunks {
		if seek != nil {
			if err := t.seek(seek, c); err != nil {
				return err
			}
			if len(t.found) > 0 && t.seeksOne(seek) {
				break
			}
			continue
		}
		rows := morselRows
		if t.counts() {
			rows = c.Rows()
		}
		for from := 0; from < c.Rows(); from += rows {
			t.morsels = append(t.morsels, morsel{chunk: c, from: from, to: min(from+rows, c.Rows())})
		}
	}
	if workers := len(q.Workers); workers > 1 && seek == nil && len(t.morsels) > 1 && !t.counts() {
		t.morsels = cutLast(t.morsels, min(2*workers, max(len(t.morsels)/4, 2)))
	}
	return nil
}

// cutLast cuts the last n morsels into small ones: who takes the last lets the others wait for less.
func cutLast(morsels []morsel, n int) []morsel {
	whole := morsels[:max(0, len(morsels)-n)]
	last := slices.Clone(morsels[len(whole):])
	for _, m := range last {
		for from := m.from; from < m.to; from += lastRows {
			whole = append(whole, morsel{chunk: m.chunk, from: from, to: min(from+lastRows, m.to)})
		}
	}
	return whole
}

// Feeds implements exec.Feeding.
func (t *Table) Feeds() int { return len(t.morsels) }

// seeksOne reports that no more than one row can be found: the only one with a key.
func (t *Table) seeksOne(x *seeker) bool {
	return x == &t.seeker && t.node.Seek.Unique && len(x.lookups) == 1
}

// counts reports a scan that asks for nothing but how many rows there are.
func (t *Table) counts() bool {
	return len(t.cols)+len(t.node.Filters)+len(t.node.Runtime) == 0 && t.node.Seek == nil
}

// way is the way into the chunks through indexes, nil when they are to be read.
func (t *Table) way(chunks []Chunk) (*seeker, error) {
	if s := t.node.JoinSeek; s != nil {
		if x := t.joinSeeker(t.query.Keys.Get(s.ID), chunks); x != nil {
			t.exact = false
			return x, nil
		}
	}
	if t.node.Seek == nil {
		return nil, nil
	}
	return &t.seeker, t.seeker.load(t.query, t.node, t.node.Seek)
}

// Stream implements exec.Operator.
func (t *Table) Stream(w *exec.Worker) columnar.Stream {
	return func(yield func(*columnar.Batch, error) bool) {
		s, err := t.start(w)
		if err != nil {
			yield(nil, err)
			return
		}
		if w.Query.Kept() {
			defer t.rest(s)
		}
		for {
			i := t.next.Add(1) - 1
			if i >= int64(len(t.morsels)) {
				return
			}
			if more, err := s.run(t.morsels[i], yield); err != nil || !more {
				if err != nil {
					yield(nil, err)
				}
				return
			}
		}
	}
}

// stream is one worker's state of a scan.
type stream struct {
	table   *Table
	w       *exec.Worker
	where   *expr.Predicate
	runtime []*runtimeProbe
	// early are the columns that filters need, late the others: they are read from storage only
	// when a row of the chunk is left.
	early, late []int
	chunk       Chunk
	whole       []*columnar.Vector // the chunk's columns
	slices      []columnar.Vector
	batch       columnar.Batch
	rows        *expr.Rows
	dense       *buffer.Densifier
	tried, kept int64 // rows before and after where, for the order of filters
}

// rest lets go of the chunks and their columns until the next execution of a kept query.
func (t *Table) rest(s *stream) {
	clear(t.chunks)
	clear(t.morsels)
	clear(s.whole)
	s.chunk, t.kept = nil, s
}

func (t *Table) start(w *exec.Worker) (*stream, error) {
	if t.kept != nil {
		return t.kept, nil
	}
	n := len(t.cols)
	s := &stream{table: t, w: w, whole: make([]*columnar.Vector, n), slices: make([]columnar.Vector, n),
		rows: expr.NewRows(w), dense: buffer.NewDensifier(w.Arena, n)}
	for i := range s.slices {
		s.batch.Cols = append(s.batch.Cols, &s.slices[i])
	}
	used := plan.ColumnSet{}
	if len(t.node.Filters) > 0 && !t.exact {
		for _, e := range t.node.Filters {
			plan.AddRefs(used, e)
		}
		where, err := expr.CompilePredicate(t.node.Filters, t.cols, w)
		if err != nil {
			return nil, err
		}
		s.where = where
	}
	for _, r := range t.node.Runtime {
		f := t.query.Filters.Get(r.ID)
		if f == nil {
			continue
		}
		probe, err := newRuntimeProbe(f, r.Expr, t.cols, w)
		if err != nil {
			return nil, err
		}
		plan.AddRefs(used, r.Expr)
		s.runtime = append(s.runtime, probe)
	}
	for i, c := range t.cols {
		if used.Has(c.ID) {
			s.early = append(s.early, i)
		} else {
			s.late = append(s.late, i)
		}
	}
	return s, nil
}

// load reads columns of the current chunk.
func (s *stream) load(ordinals []int) error {
	node := s.table.node
	for _, i := range ordinals {
		if s.whole[i] != nil || i == len(node.Cols) {
			continue
		}
		v, err := s.chunk.Column(s.table.query.Context(), node.Table.Columns[node.Cols[i].Ordinal].FieldID)
		if err != nil {
			return err
		}
		s.whole[i] = v
	}
	return nil
}

func (s *stream) run(m morsel, yield func(*columnar.Batch, error) bool) (more bool, err error) {
	if s.chunk == nil || s.chunk.ID() != m.chunk.ID() {
		s.chunk = m.chunk
		clear(s.whole)
		zones := pruner{node: s.table.node, query: s.table.query}
		for _, r := range s.runtime {
			zone, ok := zones.zone(r.expr, m.chunk)
			r.sorted = ok && zone.Sorted && !zone.Nulls
		}
	}
	if s.table.counts() {
		return s.count(m, yield), nil
	}
	if err := s.load(s.early); err != nil {
		return false, err
	}
	for from := m.from; from < m.to; from += columnar.BatchSize {
		if err := s.table.query.Err(); err != nil {
			return false, err
		}
		to := min(from+columnar.BatchSize, m.to)
		s.begin(m, from, to)
		s.slice(s.early, from, to)
		if err := s.filter(); err != nil {
			return false, err
		}
		if s.rows.Count == 0 {
			continue
		}
		if err := s.load(s.late); err != nil {
			return false, err
		}
		s.slice(s.late, from, to)
		s.deliver()
		if !yield(&s.batch, nil) {
			return false, nil
		}
	}
	s.table.query.Rows.Add(int64(m.size()))
	return true, nil
}

// count yields as many rows as a chunk has visible ones, without columns.
func (s *stream) count(m morsel, yield func(*columnar.Batch, error) bool) (more bool) {
	s.batch.Sel = nil
	more = true
	for n := m.chunk.Live(); n > 0 && more; n -= s.batch.Len {
		s.batch.Len = min(n, columnar.BatchSize)
		more = yield(&s.batch, nil)
	}
	s.table.query.Rows.Add(int64(m.size()))
	return more
}

// begin starts a batch with the rows of [from, to) that are visible.
func (s *stream) begin(m morsel, from, to int) {
	s.batch.Len, s.batch.Sel, s.batch.Mask = to-from, nil, nil
	if m.rows != nil {
		s.rows.SetList(to-from, m.rows)
		return
	}
	s.rows.Begin(to-from, func(words []uint64) bool { return m.chunk.Visible(from, to, words) })
}

// slice points the batch's columns at rows [from, to) of the chunk.
func (s *stream) slice(ordinals []int, from, to int) {
	for _, i := range ordinals {
		if i == len(s.table.node.Cols) {
			s.rowIDs(&s.slices[i], from, to)
			continue
		}
		s.whole[i].Slice(from, to, &s.slices[i])
	}
}

// densest is the share of a batch's rows, one in densest, from which on a mask or moving them together
// costs less than a selection.
const densest = 4

// deliver makes the rows that are left the batch's own: as a mask for who takes one, else moved together
// where that is cheap, for what comes next is then spared a selection, else as one.
func (s *stream) deliver() {
	words := s.rows.Masked()
	if s.rows.Count*densest < s.batch.Len {
		words = nil
	}
	switch {
	case words != nil && s.table.masks:
		s.batch.Mask, s.batch.Marked = words, s.rows.Count
	case words != nil && s.dense.Able(s.slices):
		for i := range s.slices {
			s.dense.Column(i, &s.slices[i], words, s.rows.Count)
		}
		s.batch.Len = s.rows.Count
	default:
		s.batch.Sel = s.rows.List()
	}
}

// rowIDs fills the row id column.
func (s *stream) rowIDs(v *columnar.Vector, from, to int) {
	first := int64(columnar.MakeRowID(s.chunk.ID(), uint32(from)))
	ids := v.I64
	if cap(ids) < to-from {
		ids = mem.Alloc[int64](s.w.Arena, max(to-from, s.w.Scratch), false)
	}
	ids = ids[:to-from]
	for i := range ids {
		ids[i] = first + int64(i)
	}
	*v = columnar.Vector{Type: types.TBigInt, Layout: columnar.I64, Len: to - from, I64: ids,
		Bounded: true, Lo: first, Hi: first + int64(to-from) - 1}
}

// filter refines the batch's rows, the runtime filters before the conditions when they have
// turned out to let fewer rows through.
func (s *stream) filter() error {
	first := s.where == nil
	for _, r := range s.runtime {
		first = first || r.passShare() < 0.5 && r.passShare()*float64(s.tried) < float64(s.kept)
	}
	if first {
		if err := s.runtimeFilters(); err != nil || s.where == nil {
			return err
		}
		return s.conditions()
	}
	if err := s.conditions(); err != nil {
		return err
	}
	return s.runtimeFilters()
}

func (s *stream) conditions() error {
	before := s.rows.Count
	if err := s.where.Refine(&s.batch, s.rows); err != nil {
		return err
	}
	s.tried += int64(before)
	s.kept += int64(s.rows.Count)
	return nil
}

func (s *stream) runtimeFilters() error {
	for _, r := range s.runtime {
		if s.rows.Count == 0 {
			return nil
		}
		if err := r.apply(&s.batch, s.rows); err != nil {
			return err
		}
	}
	return nil
}
