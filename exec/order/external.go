package order

import (
	"bytes"
	"cmp"
	"encoding/binary"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/mem"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/exec/buffer"
	"github.com/oxidb/oxidb/exec/spill"
	"github.com/oxidb/oxidb/plan"
)

// External sorting (Knuth, TAOCP 3, 5.4): a worker whose rows take too much memory sorts them and
// writes them to a file as one run; runs are merged with a block of each in memory. Runs hold every
// column in its type's widest form, so that rows of any two can be compared and copied side by side.

// runBlockRows is the number of rows of a run that are read, and merged, at once.
const runBlockRows = 2048

// fileRun is sorted rows in a file.
type fileRun struct {
	file   *spill.File
	blocks []spill.Block
	most   int // bytes of the largest block
}

// runWriter fills the blocks of a run.
type runWriter struct {
	query *exec.Query
	run   *fileRun
	cols  []*wideColumn
}

func (s *Sort) newRunWriter() (*runWriter, error) {
	file, err := s.query.NewFile()
	if err != nil {
		return nil, err
	}
	w := &runWriter{query: s.query, run: &fileRun{file: file}}
	for _, t := range s.types {
		w.cols = append(w.cols, newWideColumn(t))
	}
	return w, nil
}

// flush writes what the columns hold as a block.
func (w *runWriter) flush() error {
	if err := w.query.Err(); err != nil {
		return err
	}
	out := make([]*columnar.Vector, len(w.cols))
	for i, c := range w.cols {
		out[i] = &c.v
	}
	b, err := w.run.file.Write(out, out[0].Len)
	if err != nil {
		return err
	}
	w.run.blocks = append(w.run.blocks, b)
	w.run.most = max(w.run.most, b.Bytes())
	for _, c := range w.cols {
		c.reset()
	}
	return nil
}

// spill sorts the collector's rows, writes them to a file and starts anew.
func (c *collector) spill() error {
	total := c.rows.Rows
	if total == 0 {
		return nil
	}
	q := c.sort.query
	if err := q.Memory.Reserve(int64(total) * 48); err != nil {
		return err
	}
	defer q.Memory.Release(int64(total) * 48)
	run := c.sort.keys(c.rows).sortRun(0, total)
	out, err := c.sort.newRunWriter()
	if err != nil {
		return err
	}
	rows, sources := make([]uint32, 0, runBlockRows), make([]*columnar.Vector, runBlockRows)
	for len(run) > 0 {
		rows = rows[:0]
		for _, e := range run[:min(len(run), runBlockRows)] {
			rows = append(rows, e.row)
		}
		run = run[len(rows):]
		for i, col := range out.cols {
			v := c.rows.Column(i)
			for j := range rows {
				sources[j] = v
			}
			col.append(sources[:len(rows)], rows)
		}
		if err := out.flush(); err != nil {
			return err
		}
	}
	c.runs = append(c.runs, out.run)
	c.arena.Free()
	c.arena = mem.NewArena(q.Memory)
	c.rows = buffer.New(c.arena, c.sort.types)
	return nil
}

// external writes what the workers still hold, and merges runs until the rest can be read at once.
func (s *Sort) external(collected []*collector) error {
	err := s.query.RunOn(len(collected), func(w *exec.Worker) error { return collected[w.ID].spill() })
	if err != nil {
		return err
	}
	for _, c := range collected {
		s.runs = append(s.runs, c.runs...)
	}
	for {
		most := 0
		for _, r := range s.runs {
			most = max(most, r.most)
		}
		fan := max(2, int(s.query.Memory.Capacity()/4/int64(2*most+1)))
		if len(s.runs) <= fan {
			return nil
		}
		if err := s.query.RunOn(1, func(*exec.Worker) error { return s.mergeFirst(fan) }); err != nil {
			return err
		}
	}
}

// mergeFirst merges the first n runs into one.
func (s *Sort) mergeFirst(n int) error {
	out, err := s.newRunWriter()
	if err != nil {
		return err
	}
	m, err := s.newMerger(s.runs[:n])
	if err != nil {
		return err
	}
	defer m.close()
	for {
		rows, err := m.next(out.cols, runBlockRows)
		if err != nil {
			return err
		}
		if rows == 0 {
			break
		}
		if err := out.flush(); err != nil {
			return err
		}
	}
	for _, r := range s.runs[:n] {
		if err := r.file.Close(); err != nil {
			return err
		}
	}
	s.runs = append(s.runs[n:len(s.runs):len(s.runs)], out.run)
	return nil
}

// merged streams the rows of all runs in order.
func (s *Sort) merged() columnar.Stream {
	return func(yield func(*columnar.Batch, error) bool) {
		m, err := s.newMerger(s.runs)
		if err != nil {
			yield(nil, err)
			return
		}
		defer m.close()
		cols := make([]*wideColumn, len(s.types))
		var out columnar.Batch
		for i, t := range s.types {
			cols[i] = newWideColumn(t)
			if i < len(s.cols) {
				out.Cols = append(out.Cols, &cols[i].v)
			}
		}
		for left := s.limit(); left > 0; left -= out.Len {
			if err := s.query.Err(); err != nil {
				yield(nil, err)
				return
			}
			for _, c := range cols {
				c.reset()
			}
			if out.Len, err = m.next(cols, min(left, runBlockRows)); err != nil {
				yield(nil, err)
				return
			}
			if out.Len == 0 || !yield(&out, nil) {
				return
			}
		}
	}
}

// merger merges runs by a heap of their cursors.
type merger struct {
	sort     *Sort
	reserved int64
	heap     []*cursor
	rows     []uint32
	from     [][]columnar.Vector
	sources  []*columnar.Vector
}

// cursor is the next row of a run. The block before the current one stays readable, for rows that
// were taken from it and not copied yet: one step of the merge takes at most a block's number of rows.
type cursor struct {
	run    *fileRun
	next   int // block
	memory [2][]uint64
	cols   []columnar.Vector
	row    int
	prefix uint64
	null   bool
}

func (s *Sort) newMerger(runs []*fileRun) (*merger, error) {
	m := &merger{sort: s}
	for _, r := range runs {
		m.reserved += int64(2 * r.most)
	}
	if err := s.query.Memory.Reserve(m.reserved); err != nil {
		m.reserved = 0
		return nil, err
	}
	for _, r := range runs {
		c := &cursor{run: r, memory: [2][]uint64{make([]uint64, (r.most+7)/8), make([]uint64, (r.most+7)/8)}, row: -1}
		more, err := m.advance(c)
		if err != nil {
			m.close()
			return nil, err
		}
		if more {
			m.heap = append(m.heap, c)
		}
	}
	for i := len(m.heap)/2 - 1; i >= 0; i-- {
		m.sink(i)
	}
	return m, nil
}

func (m *merger) close() {
	m.sort.query.Memory.Release(m.reserved)
	m.reserved, m.heap = 0, nil
}

// advance moves to the run's next row; false at its end.
func (m *merger) advance(c *cursor) (bool, error) {
	if c.row++; c.cols == nil || c.row >= c.cols[0].Len {
		if c.next == len(c.run.blocks) {
			return false, nil
		}
		var err error
		if c.cols, err = c.run.blocks[c.next].Read(c.memory[c.next%2]); err != nil {
			return false, err
		}
		c.next++
		c.row = 0
	}
	if len(m.sort.keyAt) > 0 {
		c.prefix, c.null = m.prefix(&c.cols[m.sort.keyAt[0]], c.row)
	}
	return true, nil
}

// next appends up to n rows, at most runBlockRows, to cols and gives their number, 0 at the end.
func (m *merger) next(cols []*wideColumn, n int) (int, error) {
	m.rows, m.from = m.rows[:0], m.from[:0]
	for len(m.rows) < n && len(m.heap) > 0 {
		c := m.heap[0]
		m.rows, m.from = append(m.rows, uint32(c.row)), append(m.from, c.cols)
		more, err := m.advance(c)
		if err != nil {
			return 0, err
		}
		if !more {
			m.heap[0] = m.heap[len(m.heap)-1]
			m.heap = m.heap[:len(m.heap)-1]
		}
		m.sink(0)
	}
	for i, col := range cols {
		m.sources = m.sources[:0]
		for _, from := range m.from {
			m.sources = append(m.sources, &from[i])
		}
		col.append(m.sources, m.rows)
	}
	return len(m.rows), nil
}

// sink moves a cursor down the heap to its place.
func (m *merger) sink(i int) {
	for {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(m.heap); child++ {
			if m.compare(m.heap[child], m.heap[least]) < 0 {
				least = child
			}
		}
		if least == i {
			return
		}
		m.heap[i], m.heap[least] = m.heap[least], m.heap[i]
		i = least
	}
}

func (m *merger) compare(a, b *cursor) int {
	by := m.sort.node.Keys
	if a.null != b.null {
		if a.null == by[0].NullsFirst {
			return -1
		}
		return 1
	}
	if a.prefix != b.prefix {
		return cmp.Compare(a.prefix, b.prefix)
	}
	for i, at := range m.sort.keyAt {
		if c := compareWide(&by[i], &a.cols[at], a.row, &b.cols[at], b.row); c != 0 {
			return c
		}
	}
	return 0
}

// prefix is the first eight bytes of a row's first key, ordered as wanted.
func (m *merger) prefix(v *columnar.Vector, row int) (prefix uint64, null bool) {
	if v.IsNull(row) {
		return 0, true
	}
	switch v.Layout {
	case columnar.U8:
		prefix = uint64(v.U8[row])
	case columnar.I64:
		prefix = uint64(v.I64[row]) ^ 1<<63
	case columnar.I128:
		prefix = uint64(v.I128[row].Hi) ^ 1<<63
	case columnar.F64:
		prefix = sortable(v.F64[row])
	case columnar.Spans:
		prefix = uint64(total(v.Spans[row]).Hi) ^ 1<<63
	case columnar.Bytes16:
		prefix = binary.BigEndian.Uint64(v.UUID[row][:])
	default:
		var b [8]byte
		copy(b[:], v.Row(row))
		prefix = binary.BigEndian.Uint64(b[:])
	}
	if m.sort.node.Keys[0].Desc {
		prefix = ^prefix
	}
	return prefix, false
}

// compareWide orders rows of two vectors in the same, widest form.
func compareWide(by *plan.SortKey, v *columnar.Vector, a int, w *columnar.Vector, b int) int {
	x, y := v.IsNull(a), w.IsNull(b)
	if x || y {
		switch {
		case x && y:
			return 0
		case x == by.NullsFirst:
			return -1
		}
		return 1
	}
	c := 0
	switch v.Layout {
	case columnar.U8:
		c = cmp.Compare(v.U8[a], w.U8[b])
	case columnar.I64:
		c = cmp.Compare(v.I64[a], w.I64[b])
	case columnar.I128:
		c = cmp.Or(cmp.Compare(v.I128[a].Hi, w.I128[b].Hi), cmp.Compare(v.I128[a].Lo, w.I128[b].Lo))
	case columnar.F64:
		c = cmp.Compare(sortable(v.F64[a]), sortable(w.F64[b]))
	case columnar.Spans:
		p, q := total(v.Spans[a]), total(w.Spans[b])
		c = cmp.Or(cmp.Compare(p.Hi, q.Hi), cmp.Compare(p.Lo, q.Lo))
	case columnar.Bytes16:
		c = bytes.Compare(v.UUID[a][:], w.UUID[b][:])
	default:
		c = bytes.Compare(v.Row(a), w.Row(b))
	}
	if by.Desc {
		return -c
	}
	return c
}
