package mvcc

import (
	"context"
	"slices"
	"strings"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/index/ordered"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// keyColumns picks a key's columns out of columns that follow the schema, and computed ones by field.
func keyColumns(s *Schema, k *Key, columns []*columnar.Vector, computed map[int32]*columnar.Vector) []*columnar.Vector {
	picked := make([]*columnar.Vector, len(k.Fields))
	for i, f := range k.Fields {
		if picked[i] = computed[f]; picked[i] == nil {
			picked[i] = columns[s.ordinal(f)]
		}
	}
	return picked
}

// keyComponent is a closed chunk's ordered index by a key, and the columns to search it with.
func (s *Store) keyComponent(ctx context.Context, id TableID, schema *Schema, k *Key, c *chunk) (*ordered.Component, []*columnar.Vector, error) {
	found, columns, err := s.component(ctx, id, schema, k.path(), c)
	if err != nil {
		return nil, nil, err
	}
	return found.(*ordered.Component), columns, nil
}

// probe is rows whose keys are looked for.
type probe struct {
	table    TableID
	snapshot Timestamp
	schema   *Schema
	key      *Key
	columns  []*columnar.Vector
	rows     []uint32  // that have a key
	only     [1]uint32 // memory of rows
	lo, hi   types.Value
	bounded  bool
	// building: the key is new to rows that are there; else rows are new to the key.
	building bool
}

// newProbe takes rows sel (all n for nil) of columns that follow the schema, and computed ones.
func newProbe(id TableID, snapshot Timestamp, s *Schema, k *Key, columns []*columnar.Vector, computed map[int32]*columnar.Vector, sel []uint32, n int) *probe {
	p := &probe{table: id, snapshot: snapshot, schema: s, key: k, columns: keyColumns(s, k, columns, computed)}
	switch {
	case sel == nil && n == 1:
		sel = p.only[:] // most inserts are of one row
	case sel == nil:
		sel = ascendingRows(0, n)
	}
	p.rows = sel
	for i, row := range sel {
		if !k.covers(p.columns, int(row)) {
			p.rows = k.covered(p.columns, sel[i+1:], slices.Clone(sel[:i]))
			break
		}
	}
	p.bound()
	return p
}

// bound takes the range of the first key column, where that is a number, to pass over chunks by.
func (p *probe) bound() {
	v := p.columns[p.first()]
	if c := v.Type.Class(); len(p.rows) == 0 || c != types.ClassInt && (c != types.ClassDecimal || v.Layout == columnar.I128) {
		return
	}
	lo, hi := v.Int(int(p.rows[0])), v.Int(int(p.rows[0]))
	for _, row := range p.rows {
		if v.IsNull(int(row)) {
			return
		}
		x := v.Int(int(row))
		lo, hi = min(lo, x), max(hi, x)
	}
	p.lo, p.hi, p.bounded = types.Int(v.Type, lo), types.Int(v.Type, hi), true
}

// first is the key column that zones know: not what a partial key begins with.
func (p *probe) first() int {
	if p.key.Partial && len(p.columns) > 1 {
		return 1
	}
	return 0
}

// misses reports that no row of a closed chunk can have one of the keys.
func (p *probe) misses(c *chunk) bool {
	at := c.field(p.key.Fields[p.first()])
	if !p.bounded || at < 0 {
		return false
	}
	c.mu.Lock()
	z := c.zones[at]
	c.mu.Unlock()
	return !z.Unbounded() && !z.Min.Wide && !z.Max.Wide && (z.Max.I < p.lo.I || z.Min.I > p.hi.I)
}

// values is the key of a row as values.
func (p *probe) values(row uint32, dst []types.Value) []types.Value {
	dst = dst[:0]
	for _, v := range p.columns {
		dst = append(dst, v.Value(int(row)))
	}
	return dst
}

// violation is the error of a row whose key is taken.
func (p *probe) violation(row uint32) error {
	return sqlerr.New(sqlerr.UniqueViolation, "duplicate key value violates unique constraint %q", p.key.Name).
		WithDetail("Key %s already exists.", p.describe(row))
}

// describe is a row's key as PostgreSQL writes it: (a, b)=(1, x).
func (p *probe) describe(row uint32) string {
	var names, values []string
	for i, v := range p.columns {
		if i == 0 && p.key.Partial {
			continue
		}
		if c := p.schema.computed(p.key.Fields[i]); c != nil {
			names = append(names, c.Expr)
		} else {
			names = append(names, p.schema.Columns[p.schema.ordinal(p.key.Fields[i])].Name)
		}
		text := "null"
		if value := v.Value(int(row)); !value.Null {
			text = types.Format(value)
		}
		values = append(values, text)
	}
	return "(" + strings.Join(names, ", ") + ")=(" + strings.Join(values, ", ") + ")"
}

// target is a chunk to look for keys in, and the rows of it that are deleted.
type target struct {
	chunk   *chunk
	closed  bool
	deletes *deleteSet
	own     *roaring.Bitmap
	seen    int  // rows that the transaction's snapshot sees
	retired bool // its rows live elsewhere, if at all
}

// live reports whether the newest commit and the transaction leave the row here.
func (t *target) live(row uint32) bool {
	return !t.retired && !t.deletes.contains(row) && (t.own == nil || !t.own.Contains(row))
}

// conflict is the error of adding a key that a row of the target has. A row that only the snapshot
// still sees must not get a twin there either: that transaction has to start again.
func (t *target) conflict(p *probe, row, other uint32) error {
	switch {
	case t.live(other):
		return p.violation(row)
	case t.own != nil && t.own.Contains(other), int(other) >= t.seen, t.deletes.at(p.snapshot).Contains(other):
		return nil
	}
	return concurrentUpdate()
}

// searchClosed looks for the keys in a closed chunk.
func (s *Store) searchClosed(p *probe, t *target) error {
	t.chunk.narrow(s.dictsOfTable(p.table))
	if p.misses(t.chunk) {
		return nil
	}
	component, columns, err := s.keyComponent(context.Background(), p.table, p.schema, p.key, t.chunk)
	if err != nil {
		return err
	}
	var found []uint32
	var key []types.Value
	for _, row := range p.rows {
		key = p.values(row, key)
		found = component.Seek(columns, key, found[:0])
		for _, other := range found {
			if err := t.conflict(p, row, other); err != nil {
				return err
			}
		}
	}
	return nil
}

// searchSelf looks for equal keys among the rows themselves.
func (p *probe) searchSelf() error {
	if len(p.rows) < 2 {
		return nil
	}
	seen := make(map[string]struct{}, len(p.rows))
	var key []byte
	for _, row := range p.rows {
		key = p.key.append(key[:0], p.columns, int(row))
		if _, ok := seen[string(key)]; ok {
			return p.violation(row)
		}
		seen[string(key)] = struct{}{}
	}
	return nil
}

// checkKeys reports a row of the batch whose key another live row has: one committed by anyone up to
// now, one of the transaction's own, or one of the batch. Rows that the transaction deleted do not count.
func (t *Txn) checkKeys(id TableID, l *localTable, b *columnar.Batch) error {
	computed, err := l.schema.computeRows(b.Cols, b.Sel, b.Len)
	if err != nil {
		return err
	}
	for i := range l.schema.Keys {
		p := newProbe(id, t.snapshot, &l.schema, &l.schema.Keys[i], b.Cols, computed, b.Sel, b.Len)
		if err := p.searchSelf(); err != nil {
			return err
		}
		if err := t.searchOwn(p, l, i); err != nil {
			return err
		}
		if err := t.searchShared(p, l, i); err != nil {
			if doomed := t.overtaken(id, l); doomed != nil {
				return doomed
			}
			if _, doomed := t.checkReads(context.Background()); doomed != nil {
				return doomed // it read that the key was free
			}
			return err
		}
	}
	return nil
}

// overtaken reports that a commit since the snapshot deleted a row that the transaction has deleted,
// too. A key that is taken then is most likely the other's version of the same row: the transaction
// has to start again, its data are not wrong.
func (t *Txn) overtaken(id TableID, l *localTable) error {
	for chunk, own := range l.deletes {
		if chunk >= localChunk {
			continue
		}
		if err := t.checkDelete(id, l.name, rowGroup{chunk: chunk, rows: own.rows}); err != nil {
			return err
		}
	}
	return nil
}

func (t *Txn) searchOwn(p *probe, l *localTable, key int) error {
	if l.keys == nil {
		l.keys = newKeyIndexes(len(l.schema.Keys))
	}
	for _, c := range l.chunks {
		at := target{chunk: c}
		if own := l.deletes[c.id]; own != nil {
			at.own = own.rows
		}
		err := error(nil)
		if c.closed {
			err = t.store.searchClosed(p, &at)
		} else {
			err = l.keys[key].searchOpen(p, &at)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// searchShared looks in the shared chunks: the open one under the lock, the closed ones after.
func (t *Txn) searchShared(p *probe, l *localTable, key int) error {
	if l.base == nil {
		return nil
	}
	closed, err := t.openShared(p, l, key)
	if err != nil {
		return err
	}
	for i := range closed {
		if err := t.store.searchClosed(p, &closed[i]); err != nil {
			return err
		}
	}
	return nil
}

func (t *Txn) openShared(p *probe, l *localTable, key int) ([]target, error) {
	s := t.store
	s.mu.RLock()
	defer s.mu.RUnlock()
	shared := s.tables[p.table]
	if shared == nil {
		return nil, changedMeanwhile(l.name)
	}
	if !l.anyChecked {
		l.anyChecked, l.checked = true, s.last // later commits are looked at when this transaction commits
	}
	own := l.ownDeleted(shared)
	var closed, retired []target
	for _, c := range shared.chunks {
		at := target{chunk: c, deletes: c.deletes, seen: c.visible(t.snapshot), own: own(c.id), retired: c.retired()}
		switch {
		case at.retired && at.seen == 0:
		case at.retired: // what only the snapshot sees of it, after what lives elsewhere
			retired = append(retired, at)
		case c.closed:
			closed = append(closed, at)
		default:
			if err := shared.keyIndex(p.key).searchOpen(p, &at); err != nil {
				return nil, err
			}
		}
	}
	return append(closed, retired...), nil
}

// recheckKeys looks for the transaction's new keys among rows that others committed since they were
// checked. Store.mu is held.
func (t *Txn) recheckKeys(w *tableWrite, shared *table) error {
	l := w.local
	if len(l.schema.Keys) == 0 {
		return nil
	}
	own := l.ownDeleted(shared)
	var targets []target
	for i := range l.schema.Keys {
		targets = targets[:0]
		for _, c := range shared.chunks {
			if c.retired() || c.newest() <= l.checked {
				continue
			}
			targets = append(targets, target{chunk: c, deletes: c.deletes, closed: c.closed, seen: c.visible(t.snapshot), own: own(c.id)})
		}
		if len(targets) == 0 {
			return nil
		}
		probes, err := t.ownRows(w, &l.schema.Keys[i])
		if err != nil {
			return err
		}
		for _, p := range probes {
			for j := range targets {
				if targets[j].closed {
					err = t.store.searchClosed(p, &targets[j])
				} else {
					err = shared.keyIndex(&l.schema.Keys[i]).searchOpen(p, &targets[j])
				}
				if err != nil {
					return l.arbitrated(&l.schema.Keys[i], err)
				}
			}
		}
	}
	return nil
}

// ownRows is the keys of all rows that a commit adds.
func (t *Txn) ownRows(w *tableWrite, k *Key) ([]*probe, error) {
	l := w.local
	var probes []*probe
	for _, rows := range w.tail {
		computed, err := l.schema.computeRows(rows.cols, rows.sel, rows.cols[0].Len)
		if err != nil {
			return nil, err
		}
		probes = append(probes, newProbe(w.id, t.snapshot, &l.schema, k, rows.cols, computed, rows.sel, rows.cols[0].Len))
	}
	for _, c := range w.adopted {
		_, columns, err := t.store.keyComponent(context.Background(), w.id, &l.schema, k, c)
		if err != nil {
			return nil, err
		}
		p := &probe{table: w.id, snapshot: t.snapshot, schema: &l.schema, key: k, columns: columns}
		own := l.deletes[c.id]
		for i := range c.rows {
			if k.covers(columns, i) && (own == nil || !own.rows.Contains(uint32(i))) {
				p.rows = append(p.rows, uint32(i))
			}
		}
		p.bound()
		probes = append(probes, p)
	}
	return probes, nil
}
