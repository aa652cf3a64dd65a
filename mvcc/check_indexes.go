package mvcc

import (
	"bytes"

	"github.com/oxidb/oxidb/index"
	"github.com/oxidb/oxidb/sqlerr"
)

// indexes compares the files of a table's index components with the columns that they were made of.
func (c *checker) indexes(t *checkTable) error {
	for _, path := range t.schema.schema.paths() {
		for i := range t.chunks {
			if p := &t.chunks[i]; p.sealed != nil && p.chunk.stored(path) {
				if err := c.component(t, path, p); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// component checks one file, if there is one: a sound one must be what the columns make.
func (c *checker) component(t *checkTable, path *index.Path, p *checkChunk) error {
	s := c.store
	segment, name := s.componentName(path, p.sealed)
	if !s.components.has(segment, name) {
		return nil
	}
	payload, state, err := s.componentPayload(name, s.identity(t.id, path, p.chunk, p.sealed))
	switch {
	case err != nil:
		return c.notes(t.schema.name, err)
	case state == componentDamaged, state == componentLater:
		c.report.Unusable = append(c.report.Unusable, name)
		return nil
	case state == componentOther:
		return nil
	}
	c.report.Files++
	columns, err := s.indexColumns(c.ctx, t.id, &t.schema.schema, path, p.chunk)
	if err != nil {
		return c.notes(t.schema.name, err)
	}
	if built := buildComponent(path, columns, p.rows); !bytes.Equal(built.AppendTo(nil), payload) {
		c.found(t.schema.name, sqlerr.New(sqlerr.DataCorrupted, "index file %s does not fit the rows of chunk %d", s.path(name), p.id).
			WithHint("Close the database and remove the file: it is made again."))
	}
	return c.did(name, int64(len(payload)))
}
