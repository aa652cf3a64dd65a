package mvcc

import (
	"context"
	"maps"

	"github.com/oxidb/oxidb/index"
)

// Reindex builds the components of an index of a table anew from the rows, those of all its indexes for
// nil: in memory and on disk, whatever there was. It changes nothing that anyone sees, unless a component
// was wrong. A transaction must be open that sees the table.
func (s *Store) Reindex(ctx context.Context, id TableID, only *index.Path) error {
	if err := s.failure(); err != nil {
		return err
	}
	for _, w := range s.componentsOf(id, only) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := s.rebuild(ctx, &w); err != nil {
			return err
		}
	}
	return nil
}

// componentsOf lists the components of live chunks that are not told from their zones.
func (s *Store) componentsOf(id TableID, only *index.Path) []unsavedComponent {
	s.mu.RLock()
	defer s.mu.RUnlock()
	t := s.tables[id]
	if t == nil || t.newest().dropped {
		return nil
	}
	schema := &t.newest().schema
	var all []unsavedComponent
	for _, path := range schema.paths() {
		if only != nil && path.Name != only.Name {
			continue
		}
		for _, c := range t.chunks {
			if !c.retired() {
				all = append(all, unsavedComponent{id, schema, path, c, c.sealed.Load()})
			}
		}
	}
	return all
}

// rebuild makes one component. That of a chunk in memory is made at its next use.
func (s *Store) rebuild(ctx context.Context, w *unsavedComponent) error {
	w.chunk.mu.Lock()
	maps.DeleteFunc(w.chunk.indexes, func(name string, _ index.Component) bool { return name == w.path.Name })
	w.chunk.mu.Unlock()
	if w.at == nil || w.chunk.ascending(w.path) != nil {
		return nil
	}
	w.chunk.narrow(s.dictsOfTable(w.id))
	columns, err := s.indexColumns(ctx, w.id, w.schema, w.path, w.chunk)
	if err != nil {
		return err
	}
	built := buildComponent(w.path, columns, w.chunk.rows)
	key := poolKey{file: w.at.file, group: w.at.group, index: w.chunk.poolName(w.id, w.path)}
	s.pool.replace(key, pooled{component: built})
	if s.dir == "" || !w.chunk.stored(w.path) {
		return nil
	}
	if err := s.writeComponent(w.id, w.path, w.chunk, w.at, built); err != nil {
		_, name := s.componentName(w.path, w.at)
		return s.fileError("writing", name, err)
	}
	return nil
}
