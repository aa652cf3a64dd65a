package mvcc

import "weak"

// A table without own writes is the same for all transactions whose snapshots see the same of it. The
// one that was made last is lent to them, so that a point query of a table that nobody writes to does
// not list its chunks anew. It is held weakly: chunks that are no part of the table any more live no
// longer for it.

// show makes a table that a transaction has just listed the one to lend. Store.mu is held.
func (t *table) show(made *Table, schema *schemaVersion) {
	made.schemaAt = schema.at
	for _, v := range made.views {
		if v.deletes.last() > v.at {
			return // snapshots that see these deletes see other rows
		}
	}
	w := weak.Make(made)
	t.shown.Store(&w)
}

// shownTable gives the table that another transaction listed, if a snapshot sees the same; nil if not.
func (s *Store) shownTable(id TableID, snapshot Timestamp) (*Table, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	shared := s.tables[id]
	if shared == nil {
		return nil, noTable(id)
	}
	w := shared.shown.Load()
	if w == nil {
		return nil, nil
	}
	made := w.Value()
	if made == nil || !shared.sameAs(made, snapshot) {
		return nil, nil
	}
	return made, nil
}

// sameAs reports that a snapshot sees of the table what made lists. Store.mu is held.
func (t *table) sameAs(made *Table, snapshot Timestamp) bool {
	if version := t.asOf(snapshot); version == nil || version.at != made.schemaAt {
		return false
	}
	n := 0
	for _, c := range t.chunks {
		rows := c.visible(snapshot)
		if rows == 0 {
			continue
		}
		if n == len(made.views) {
			return false
		}
		v := made.views[n]
		if v.chunk != c || v.rows != rows || v.deletes != c.deletes || c.deletes.last() > snapshot {
			return false
		}
		n++
	}
	return n == len(made.views)
}
