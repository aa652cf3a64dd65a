package mvcc

import (
	"context"
	"fmt"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/index"
	"github.com/oxidb/oxidb/index/bitmap"
	"github.com/oxidb/oxidb/index/hash"
	"github.com/oxidb/oxidb/index/ordered"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// component is a closed chunk's part of an index, and the columns to search it with. It is built at
// first use, or read from its file; that of a sealed chunk lives in the buffer pool, that of a chunk in
// memory as long as the chunk.
func (s *Store) component(ctx context.Context, id TableID, schema *Schema, path *index.Path, c *chunk) (index.Component, []*columnar.Vector, error) {
	c.narrow(s.dictsOfTable(id))
	columns := c.oneColumn(path)
	if columns == nil {
		var err error
		if columns, err = s.indexColumns(ctx, id, schema, path, c); err != nil {
			return nil, nil, err
		}
	}
	if ascending := c.ascending(path); ascending != nil {
		return ascending, columns, nil
	}
	if at := c.sealed.Load(); at != nil {
		found, err := s.pool.get(poolKey{file: at.file, group: at.group, index: c.poolName(id, path)}, func() (pooled, error) {
			if read := s.readComponent(id, path, c, at); read != nil {
				return pooled{component: read}, nil
			}
			return pooled{component: buildComponent(path, columns, c.rows)}, nil
		})
		return found.component, columns, err
	}
	c.mu.Lock()
	known := c.indexes[path.Name]
	c.mu.Unlock()
	if known == nil {
		known = buildComponent(path, columns, c.rows)
		c.keepComponent(path, known)
	}
	return known, columns, nil
}

// oneColumn is the column of a path over one of a chunk in memory, as a part of the chunk's own list: point
// queries make none. nil is any other path or chunk.
func (c *chunk) oneColumn(path *index.Path) []*columnar.Vector {
	columns := c.inMemory.Load()
	if columns == nil || len(path.Fields) != 1 {
		return nil
	}
	at := c.field(path.Fields[0])
	if at < 0 {
		return nil
	}
	return (*columns)[at : at+1 : at+1]
}

// poolName is what the pool calls a component of a sealed chunk. A clone shares its source's files; the
// values of columns that the file lacks are each table's own.
func (c *chunk) poolName(id TableID, path *index.Path) string {
	if c.stored(path) {
		return path.Name
	}
	return fmt.Sprintf("%s@%d", path.Name, id)
}

// keepComponent remembers a component of a chunk in memory.
func (c *chunk) keepComponent(path *index.Path, x index.Component) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.columns == nil {
		return // sealed meanwhile: the pool will have one
	}
	if c.indexes == nil {
		c.indexes = map[string]index.Component{}
	}
	c.indexes[path.Name] = x
}

// indexColumns are the key columns of a closed chunk.
func (s *Store) indexColumns(ctx context.Context, id TableID, schema *Schema, path *index.Path, c *chunk) ([]*columnar.Vector, error) {
	columns := make([]*columnar.Vector, len(path.Fields))
	for i, f := range path.Fields {
		if def := schema.computed(f); def != nil {
			var err error
			if columns[i], err = s.computedColumn(ctx, id, schema, def, c); err != nil {
				return nil, err
			}
			continue
		}
		at := c.field(f)
		if at < 0 {
			ordinal := schema.ordinal(f)
			if ordinal < 0 {
				return nil, sqlerr.New(sqlerr.InternalError, "an index has the field %d, which its table has not", f)
			}
			columns[i] = missingColumn(&schema.Columns[ordinal], c.rows)
			continue
		}
		var err error
		if columns[i], err = s.column(ctx, id, c, at); err != nil {
			return nil, err
		}
	}
	return columns, nil
}

// ascending is the ordered component of a chunk whose zone says that its rows lie in order, else nil.
func (c *chunk) ascending(path *index.Path) index.Component {
	if path.Kind != index.Ordered || len(path.Fields) != 1 {
		return nil
	}
	at := c.field(path.Fields[0])
	if at < 0 {
		return nil
	}
	z := c.closedZones()[at]
	if class := z.Min.Type.Class(); !z.Sorted || z.Nulls > 0 || class != types.ClassInt && class != types.ClassDecimal {
		return nil
	}
	if known := c.inOrder.Load(); known != nil {
		return known
	}
	made := ordered.Ascending(c.rows)
	c.inOrder.Store(made)
	return made
}

func buildComponent(path *index.Path, columns []*columnar.Vector, rows int) index.Component {
	switch path.Kind {
	case index.Hash:
		return hash.Build(columns, rows)
	case index.Bitmap:
		return bitmap.Build(columns, rows)
	}
	if path.Partial {
		return ordered.BuildPartial(columns, rows)
	}
	return ordered.Build(columns, rows)
}

func decodeComponent(kind index.Kind, data []byte, rows int) (index.Component, error) {
	switch kind {
	case index.Hash:
		return hash.Decode(data, rows)
	case index.Bitmap:
		return bitmap.Decode(data, rows)
	case index.Ordered:
		return ordered.Decode(data, rows)
	}
	return nil, sqlerr.New(sqlerr.DataCorrupted, "index kind %d", kind)
}
