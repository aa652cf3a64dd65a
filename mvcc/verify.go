package mvcc

import (
	"context"
	"slices"

	"github.com/zeebo/xxh3"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/index/ordered"
	"github.com/oxidb/oxidb/sqlerr"
)

// keyPart is the live rows of one chunk in key order.
type keyPart struct {
	probe *probe
	order *ordered.Component
	gone  func(row uint32) bool
}

// checkAllKeys proves keys of a table over all of its live rows, or reports a duplicate: after a bulk
// load, and when a key is added (building). Chunks that ascend and do not overlap cost one pass over the
// key columns; the others are compared by hash.
func (t *Txn) checkAllKeys(id TableID, keys []Key, building bool) error {
	l := t.tables[id]
	for i := range keys {
		parts, err := t.keyParts(id, l, &keys[i], building)
		if err != nil {
			return err
		}
		for j := range parts {
			if err := parts[j].withinChunk(); err != nil {
				return err
			}
		}
		if !apart(parts) {
			if err := compareByHash(parts); err != nil {
				return err
			}
		}
	}
	return nil
}

// keyParts lists the chunks of the table as the newest commit and the transaction have it.
func (t *Txn) keyParts(id TableID, l *localTable, k *Key, building bool) ([]keyPart, error) {
	targets, err := t.allChunks(id, l)
	if err != nil {
		return nil, err
	}
	parts := make([]keyPart, 0, len(targets))
	for i := range targets {
		at := &targets[i]
		part := keyPart{probe: &probe{table: id, snapshot: t.snapshot, schema: &l.schema, key: k, building: building}, gone: func(row uint32) bool { return !at.live(row) }}
		if at.closed {
			part.order, part.probe.columns, err = t.store.keyComponent(context.Background(), id, &l.schema, k, at.chunk)
			if err != nil {
				return nil, err
			}
		} else {
			if part.probe.columns, err = t.openColumns(id, l, k, at.chunk); err != nil {
				return nil, err
			}
			part.order = buildComponent(k.path(), part.probe.columns, part.probe.columns[0].Len).(*ordered.Component)
		}
		if part.places() > 0 {
			parts = append(parts, part)
		}
	}
	return parts, nil
}

func (t *Txn) allChunks(id TableID, l *localTable) ([]target, error) {
	s := t.store
	s.mu.RLock()
	defer s.mu.RUnlock()
	chunks := slices.Clone(l.chunks)
	own := l.ownRows
	if l.base != nil {
		shared := s.tables[id]
		if shared == nil {
			return nil, changedMeanwhile(l.name)
		}
		own = l.ownDeleted(shared)
		chunks = append(chunks, slices.DeleteFunc(slices.Clone(shared.chunks), (*chunk).retired)...)
		l.anyChecked, l.checked = true, s.last
	}
	targets := make([]target, len(chunks))
	for i, c := range chunks {
		targets[i] = target{chunk: c, closed: c.closed, deletes: c.deletes, own: own(c.id)}
	}
	return targets, nil
}

// openColumns is the key columns of a chunk that was open a moment ago.
func (t *Txn) openColumns(id TableID, l *localTable, k *Key, c *chunk) ([]*columnar.Vector, error) {
	s := t.store
	s.mu.RLock()
	if !c.closed {
		defer s.mu.RUnlock()
		return c.keyPrefix(&l.schema, k, c.rows), nil
	}
	s.mu.RUnlock()
	_, columns, err := s.keyComponent(context.Background(), id, &l.schema, k, c)
	return columns, err
}

// withinChunk compares neighbours in key order; rows that are deleted do not count.
func (p *keyPart) withinChunk() error {
	row, found := p.order.Duplicate(p.probe.columns, p.places(), p.gone)
	if found {
		return p.probe.duplicated(row)
	}
	return nil
}

// places is how many rows of the order have keys.
func (p *keyPart) places() int {
	if p.probe.key.NullsEqual {
		return p.order.Places()
	}
	return p.order.Rows()
}

// duplicated is the error of a key that rows of the table share: a violation by loaded rows, or a key
// that cannot be built.
func (p *probe) duplicated(row uint32) error {
	if !p.building {
		return p.violation(row)
	}
	return sqlerr.New(sqlerr.UniqueViolation, "could not create unique index %q", p.key.Name).
		WithDetail("Key %s is duplicated.", p.describe(row))
}

// apart reports whether every part's last key lies below the next part's first, after sorting the
// parts. Parts with keys that have NULLs are not in one order.
func apart(parts []keyPart) bool {
	if len(parts) < 2 {
		return true
	}
	if slices.ContainsFunc(parts, func(p keyPart) bool { return p.places() > p.order.Rows() }) {
		return false
	}
	slices.SortFunc(parts, func(a, b keyPart) int { return a.compareFirst(&b) })
	for i := 1; i < len(parts); i++ {
		last := parts[i-1].order.At(parts[i-1].order.Rows() - 1)
		if comparePartRows(&parts[i-1], last, &parts[i], parts[i].order.At(0)) >= 0 {
			return false
		}
	}
	return true
}

func (p *keyPart) compareFirst(other *keyPart) int {
	return comparePartRows(p, p.order.At(0), other, other.order.At(0))
}

func comparePartRows(a *keyPart, rowA uint32, b *keyPart, rowB uint32) int {
	return ordered.CompareKey(a.probe.columns, int(rowA), b.probe.values(rowB, nil))
}

// compareByHash looks for equal hashes of keys over all parts, and compares the keys behind those.
func compareByHash(parts []keyPart) error {
	var hashes []uint64
	var key []byte
	for i := range parts {
		p := &parts[i]
		for at := range p.places() {
			key = p.probe.key.append(key[:0], p.probe.columns, int(p.order.At(at)))
			hashes = append(hashes, xxh3.Hash(key))
		}
	}
	sorted := slices.Clone(hashes)
	slices.Sort(sorted)
	suspects := map[uint64]bool{}
	for i := 1; i < len(sorted); i++ {
		if sorted[i] == sorted[i-1] {
			suspects[sorted[i]] = true
		}
	}
	if len(suspects) == 0 {
		return nil
	}
	return compareSuspects(parts, hashes, suspects)
}

func compareSuspects(parts []keyPart, hashes []uint64, suspects map[uint64]bool) error {
	seen := map[string]bool{}
	n := 0
	for i := range parts {
		p := &parts[i]
		for at := range p.places() {
			hash := hashes[n]
			n++
			row := p.order.At(at)
			if !suspects[hash] || p.gone(row) {
				continue
			}
			key := string(p.probe.key.append(nil, p.probe.columns, int(row)))
			if seen[key] {
				return p.probe.duplicated(row)
			}
			seen[key] = true
		}
	}
	return nil
}
