package optimize

import (
	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/types"
)

// seekKeys is the rule "seek_keys": a scan whose filters fix every column of a unique key finds its
// row through the key's index instead of reading the columns.
//
//	Scan t where id = 5 AND x > 2  ⇒  Scan t where id = 5 AND x > 2 seek t_pkey
func seekKeys(_ *optimizer, root plan.Node) plan.Node {
	return plan.RewriteNodes(root, func(n plan.Node) plan.Node {
		s, ok := n.(*plan.Scan)
		if !ok || len(s.Filters) == 0 || len(s.Table.Indexes) == 0 {
			return n
		}
		seek := keySeek(s)
		if seek == nil {
			return n
		}
		m := *s
		m.Seek = seek
		return &m
	})
}

// keySeek takes the first unique index that the filters fix, nil when there is none.
func keySeek(n *plan.Scan) *plan.Seek {
	values := fixedFields(n)
	for i := range n.Table.Indexes {
		ix := &n.Table.Indexes[i]
		if !ix.Unique && !ix.Primary {
			continue
		}
		if key := keyOf(ix, values); key != nil {
			return &plan.Seek{Index: ix.Name, Fields: ix.Fields, Key: key}
		}
	}
	return nil
}

// keyOf is the index's key among values by field id; nil when a column of it is missing.
func keyOf(ix *catalog.Index, values map[int32]types.Value) []types.Value {
	var key []types.Value
	for _, f := range ix.Fields {
		v, ok := values[f]
		if !ok {
			return nil
		}
		key = append(key, v)
	}
	return key
}

// fixedFields are the values that filters column = constant give to columns, by field id.
func fixedFields(n *plan.Scan) map[int32]types.Value {
	values := map[int32]types.Value{}
	for _, p := range n.Filters {
		e, ok := p.(*plan.Compare)
		if !ok || e.Op != plan.Eq {
			continue
		}
		c, value := columnOf(e.L), e.R
		if c == nil {
			c, value = columnOf(e.R), e.L
		}
		k, ok := value.(*plan.Const)
		if c == nil || !ok || k.Value.Null {
			continue
		}
		for i := range n.Cols {
			if n.Cols[i].ID != c.ID {
				continue
			}
			def := &n.Table.Columns[n.Cols[i].Ordinal]
			if seekable(def.Type, k.Value.Type) {
				v := k.Value
				v.Type = def.Type
				values[def.FieldID] = v
			}
		}
	}
	return values
}

// columnOf is the column that e is, seen through the widening of an integer, which keeps every value.
func columnOf(e plan.Expr) *plan.Column {
	if c, ok := e.(*plan.Cast); ok && c.Typ.IsInteger() && c.X.Type().IsInteger() && c.Typ.Kind > c.X.Type().Kind {
		e = c.X
	}
	c, _ := e.(*plan.Column)
	return c
}

// seekable reports that values of type b equal a column of type a exactly when the index says so:
// that leaves out types with several forms of equal values, which the index tells apart.
func seekable(a, b types.Type) bool {
	switch {
	case a.IsInteger():
		return b.IsInteger()
	case a.Kind == types.Numeric:
		return b.Kind == types.Numeric && a.Scale == b.Scale
	case a.Kind == types.Text || a.Kind == types.Varchar:
		return b.Kind == types.Text || b.Kind == types.Varchar
	case a.Kind == types.Char || a.Kind == types.Interval || a.Kind == types.JSON || a.Kind == types.JSONB:
		return false
	}
	return a.Kind == b.Kind
}
