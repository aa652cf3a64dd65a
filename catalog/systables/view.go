package systables

import (
	"cmp"
	"slices"

	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/mvcc"
)

// View is one transaction's view of the catalog; it implements catalog.Reader.
type View struct {
	*objects
	txn  *mvcc.Txn
	path []string
}

// View reads the catalog as txn sees it now. path is where unqualified names are looked up.
func (c *Catalog) View(txn *mvcc.Txn, path []string) (*View, error) {
	v := &View{}
	return v, c.Read(v, txn, path)
}

// Read makes v what View gives.
func (c *Catalog) Read(v *View, txn *mvcc.Txn, path []string) error {
	o, err := c.load(txn)
	*v = View{objects: o, txn: txn, path: path}
	return err
}

// Version implements catalog.Reader.
func (v *View) Version() uint64 { return v.version }

// SearchPath implements catalog.Reader.
func (v *View) SearchPath() []string { return v.path }

// Table implements catalog.Reader.
func (v *View) Table(schema, table string) (*catalog.Table, bool) {
	readRelation(v.txn, name{schema, table})
	t, ok := v.tables[name{schema, table}]
	return t, ok
}

// View implements catalog.Reader.
func (v *View) View(schema, view string) (*catalog.View, bool) {
	readRelation(v.txn, name{schema, view})
	w, ok := v.views[name{schema, view}]
	return w, ok
}

// Sequence implements catalog.Reader.
func (v *View) Sequence(schema, sequence string) (*catalog.Sequence, bool) {
	readRelation(v.txn, name{schema, sequence})
	s, ok := v.sequences[name{schema, sequence}]
	return s, ok
}

// Sequences implements catalog.Reader.
func (v *View) Sequences() []*catalog.Sequence {
	readAll(v.txn)
	return ordered(v.sequences, func(s *catalog.Sequence) (string, string) { return s.Schema, s.Name })
}

// ByID implements catalog.Reader.
func (v *View) ByID(id catalog.ID) (*catalog.Table, bool) {
	t, ok := v.byID[id]
	return t, ok
}

// References implements catalog.Reader.
func (v *View) References(id catalog.ID) []catalog.Reference { return v.refs[id] }

// HasSchema implements catalog.Reader.
func (v *View) HasSchema(schema string) bool {
	readSchema(v.txn, schema, false)
	_, ok := v.schemas[schema]
	return ok
}

// Tables implements catalog.Reader.
func (v *View) Tables() []*catalog.Table {
	readAll(v.txn)
	return ordered(v.tables, func(t *catalog.Table) (string, string) { return t.Schema, t.Name })
}

// Views implements catalog.Reader.
func (v *View) Views() []*catalog.View {
	readAll(v.txn)
	return ordered(v.views, func(w *catalog.View) (string, string) { return w.Schema, w.Name })
}

func ordered[T any](m map[name]T, key func(T) (string, string)) []T {
	all := make([]T, 0, len(m))
	for _, t := range m {
		all = append(all, t)
	}
	slices.SortFunc(all, func(a, b T) int {
		as, an := key(a)
		bs, bn := key(b)
		return cmp.Or(cmp.Compare(as, bs), cmp.Compare(an, bn))
	})
	return all
}

// Schemas implements catalog.Reader.
func (v *View) Schemas() []string {
	readAll(v.txn)
	all := make([]string, 0, len(v.schemas))
	for s := range v.schemas {
		all = append(all, s)
	}
	slices.Sort(all)
	return all
}

// RoughStats is Stats, maybe of an earlier commit that left the table of about the same size.
func (v *View) RoughStats(t *catalog.Table) *catalog.TableStats { return v.txn.RoughStats(t.ID) }

// Settings are the settings of the database that have been stored, by name.
func (v *View) Settings() map[string]string {
	all := make(map[string]string, len(v.settings))
	for name, s := range v.settings {
		all[name] = s.value
	}
	return all
}

// Stats implements catalog.Reader.
func (v *View) Stats(t *catalog.Table) *catalog.TableStats {
	if s := v.txn.Stats(t.ID); s != nil {
		return s
	}
	return &catalog.TableStats{Columns: make([]catalog.ColumnStats, len(t.Columns))}
}
