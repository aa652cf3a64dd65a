package mvcc

import "maps"

// Mark is a place in a transaction to go back to.
type Mark struct {
	tables  map[TableID]localMark
	changed int64
}

// localMark is a table's local state at a savepoint.
type localMark struct {
	table  localTable
	chunks []*chunk
	rows   int // of the last chunk
	closed bool
}

// Savepoint remembers the writes so far.
func (t *Txn) Savepoint() Mark {
	m := Mark{tables: make(map[TableID]localMark, len(t.tables)), changed: t.changed.Load()}
	for id, l := range t.tables {
		mark := localMark{table: *l, chunks: append([]*chunk(nil), l.chunks...)}
		mark.table.deletes = maps.Clone(l.deletes)
		for _, own := range l.deletes {
			own.shared = true
		}
		if n := len(l.chunks); n > 0 {
			mark.rows, mark.closed = l.chunks[n-1].rows, l.chunks[n-1].closed
		}
		m.tables[id] = mark
	}
	return m
}

// RollbackTo undoes what was written after the mark, which can be used again. Tables handed out since
// must not be read any more.
func (t *Txn) RollbackTo(m Mark) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.changed.Store(m.changed)
	for id := range t.tables {
		if _, kept := m.tables[id]; !kept {
			delete(t.tables, id)
		}
	}
	for id, mark := range m.tables {
		l := mark.table
		l.chunks = append([]*chunk(nil), mark.chunks...)
		l.deletes = maps.Clone(mark.table.deletes)
		l.keys = nil // built again from the rows that are left
		if n := len(l.chunks); n > 0 {
			l.chunks[n-1] = l.chunks[n-1].cut(mark.rows, mark.closed)
		}
		t.tables[id] = &l
	}
}

// cut is a local chunk as it was when it had n rows and was closed or not.
func (c *chunk) cut(n int, closed bool) *chunk {
	if c.rows == n && c.closed == closed {
		return c
	}
	earlier := newChunk(c.id, c.fields)
	earlier.closed = closed
	for i, b := range earlier.builders {
		b.Append(c.prefix(i, n), nil)
	}
	earlier.rows = n
	return earlier
}
