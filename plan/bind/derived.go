package bind

import (
	"slices"

	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// derived reports an index that has computed columns.
func derived(x *ast.CreateIndex) bool {
	return x.Where != nil || slices.ContainsFunc(x.Elems, func(e *ast.IndexElem) bool { return !isColumn(e.X) })
}

func isColumn(x ast.Expr) bool {
	ref, ok := x.(*ast.ColumnRef)
	return ok && len(ref.Parts) == 1
}

// derivedIndex binds CREATE INDEX on expressions or with WHERE. It gives the parts of the index's own
// name, too.
func (d *definition) derivedIndex(x *ast.CreateIndex, base catalog.Index) (*catalog.DerivedIndex, []string, error) {
	out := &catalog.DerivedIndex{Index: base}
	row := d.scan(d.table).Cols
	if x.Where != nil {
		e, err := d.indexPredicate(d.table, row, x.Where)
		if err != nil {
			return nil, nil, err
		}
		inputs := d.inputs(row, e)
		if len(inputs) == 0 {
			return nil, nil, unsupported(x.Where, "an index predicate without columns")
		}
		out.Predicate = ast.Format(x.Where)
		out.Fields = append(out.Fields, d.compute(out, "CASE WHEN "+out.Predicate+" THEN true END", types.TBoolean, inputs))
	}
	var names []string
	for _, el := range x.Elems {
		if isColumn(el.X) {
			col, err := indexColumn(d.table, el)
			if err != nil {
				return nil, nil, err
			}
			out.Fields = append(out.Fields, col.FieldID)
			out.Elements, names = append(out.Elements, ast.QuoteIdent(col.Name)), append(names, col.Name)
			continue
		}
		field, name, err := d.indexElement(out, row, el)
		if err != nil {
			return nil, nil, err
		}
		out.Fields, names = append(out.Fields, field), append(names, name)
	}
	return out, names, nil
}

// indexElement adds an expression that an index is on.
func (d *definition) indexElement(out *catalog.DerivedIndex, row []plan.Column, el *ast.IndexElem) (field int32, name string, err error) {
	switch {
	case el.OpClass != nil:
		return 0, "", unsupported(el, "an operator class")
	case el.Collation != nil:
		return 0, "", unsupported(el, "a collation of an index")
	}
	e, err := d.indexExpr(d.table, row, el.X)
	if err != nil {
		return 0, "", err
	}
	inputs := d.inputs(row, e)
	if len(inputs) == 0 {
		return 0, "", unsupported(el, "an index on an expression without columns")
	}
	t := e.Type()
	if t.Kind == types.JSON {
		return 0, "", errAt(sqlerr.UndefinedObject, el, "data type %s has no default operator class for access method \"btree\"", t.Kind)
	}
	if err := hashable(t, el); err != nil {
		return 0, "", err
	}
	name, text := "expr", ast.Format(el.X)
	if call, ok := el.X.(*ast.FuncCall); ok {
		name = call.Name.Base()
	} else {
		text = "(" + text + ")"
	}
	out.Elements = append(out.Elements, text)
	return d.compute(out, text, t, inputs), name, nil
}

// compute gives an index a computed column.
func (d *definition) compute(out *catalog.DerivedIndex, text string, t types.Type, inputs []int32) int32 {
	field := d.table.NextField
	d.table.NextField++
	out.Computed = append(out.Computed, catalog.Computed{Field: field, Expr: text, Type: t, Inputs: inputs})
	return field
}

// inputs are the fields of the columns that an expression uses.
func (d *definition) inputs(row []plan.Column, e plan.Expr) []int32 {
	used := plan.UsedColumns(e)
	var fields []int32
	for i := range row {
		if _, ok := used[row[i].ID]; ok {
			fields = append(fields, d.table.Columns[i].FieldID)
		}
	}
	return fields
}

// indexExpr binds an expression that an index is on.
func (b *Binder) indexExpr(table *catalog.Table, row []plan.Column, x ast.Expr) (plan.Expr, error) {
	e, err := b.storable(tableScope(table.Name, table, row, "index expressions"), x, "index expression")
	if err != nil {
		return nil, err
	}
	if !immutable(e) {
		return nil, errAt(invalidObjectDefinition, x, "functions in index expression must be marked IMMUTABLE")
	}
	return e, nil
}

// indexPredicate binds the condition of a partial index.
func (b *Binder) indexPredicate(table *catalog.Table, row []plan.Column, x ast.Expr) (plan.Expr, error) {
	e, err := b.storable(tableScope(table.Name, table, row, "index predicates"), x, "index predicate")
	if err != nil {
		return nil, err
	}
	if e, err = b.boolean(e, x, "WHERE"); err != nil {
		return nil, err
	}
	if !immutable(e) {
		return nil, errAt(invalidObjectDefinition, x, "functions in index predicate must be marked IMMUTABLE")
	}
	return e, nil
}

// Derivation binds the expression of a computed column over a row of the table.
func (b *Binder) Derivation(table *catalog.Table, row []plan.Column, text string) (plan.Expr, error) {
	x, err := b.storedExpr(text)
	if err != nil {
		return nil, err
	}
	return b.expr(tableScope(table.Name, table, row, "index expressions"), x)
}

// Derivations are the expressions of a table's indexes, their columns numbered by ordinal.
func (b *Binder) Derivations(table *catalog.Table) (*plan.Derivations, error) {
	row := make([]plan.Column, len(table.Columns))
	for i, c := range table.Columns {
		row[i] = plan.Column{ID: plan.ColumnID(i), Name: c.Name, Typ: c.Type, NotNull: c.NotNull, Table: table, Ordinal: i}
	}
	out := &plan.Derivations{Exprs: map[int32]plan.Expr{}, Predicates: map[string][]plan.Expr{}}
	for i := range table.Derived {
		x := &table.Derived[i]
		for _, c := range x.Computed {
			e, err := b.Derivation(table, row, c.Expr)
			if err != nil {
				return nil, err
			}
			out.Exprs[c.Field] = e
		}
		if x.Predicate != "" {
			delete(out.Exprs, x.Fields[0])
			e, err := b.Derivation(table, row, x.Predicate)
			if err != nil {
				return nil, err
			}
			out.Predicates[x.Name] = plan.Conjuncts(e)
		}
	}
	return out, nil
}

// renameInDerived renames a column in the texts of indexes.
func (d *definition) renameInDerived(from, to string) error {
	d.table.Derived = slices.Clone(d.table.Derived)
	for i := range d.table.Derived {
		x := &d.table.Derived[i]
		x.Computed, x.Elements = slices.Clone(x.Computed), slices.Clone(x.Elements)
		texts := []*string{}
		for j := range x.Computed {
			texts = append(texts, &x.Computed[j].Expr)
		}
		for j := range x.Elements {
			texts = append(texts, &x.Elements[j])
		}
		if x.Predicate != "" {
			texts = append(texts, &x.Predicate)
		}
		for _, text := range texts {
			renamed, err := d.renamedIn(*text, from, to)
			if err != nil {
				return err
			}
			*text = renamed
		}
	}
	return nil
}

// likeDerived copies such indexes of another table, whose columns have other fields here.
func (d *definition) likeDerived(src *catalog.Table, fields map[int32]int32) {
	for _, x := range src.Derived {
		own := map[int32]int32{}
		copied := x
		copied.ID, copied.Fields, copied.Computed = 0, nil, nil
		for _, c := range x.Computed {
			inputs := make([]int32, len(c.Inputs))
			for i, f := range c.Inputs {
				inputs[i] = fields[f]
			}
			own[c.Field] = d.compute(&copied, c.Expr, c.Type, inputs)
		}
		for _, f := range x.Fields {
			if to, ok := own[f]; ok {
				copied.Fields = append(copied.Fields, to)
			} else {
				copied.Fields = append(copied.Fields, fields[f])
			}
		}
		copied.Name = d.freeName(joinName(d.table.Name, "expr", "idx"))
		d.table.Derived = append(d.table.Derived, copied)
	}
}

// derivedArbiters are the indexes on expressions or of some rows that ON CONFLICT (elements) WHERE …
// stands for.
func (b *Binder) derivedArbiters(table *catalog.Table, c *ast.OnConflict) ([]catalog.Index, error) {
	if len(c.Columns) == 0 { // ON CONFLICT DO NOTHING
		var all []catalog.Index
		for i := range table.Derived {
			if table.Derived[i].Unique {
				all = append(all, table.Derived[i].Index)
			}
		}
		return all, nil
	}
	if len(table.Derived) == 0 {
		return nil, nil
	}
	known, err := b.Derivations(table)
	if err != nil {
		return nil, err
	}
	row := make([]plan.Column, len(table.Columns))
	for i, col := range table.Columns {
		row[i] = plan.Column{ID: plan.ColumnID(i), Name: col.Name, Typ: col.Type, NotNull: col.NotNull, Table: table, Ordinal: i}
	}
	wanted := map[string]bool{}
	for _, el := range c.Columns {
		e, err := b.indexExpr(table, row, el.X)
		if err != nil {
			return nil, err
		}
		wanted[exprKey(e)] = true
	}
	var facts []plan.Expr
	if c.TargetWhere != nil {
		e, err := b.indexPredicate(table, row, c.TargetWhere)
		if err != nil {
			return nil, err
		}
		facts = plan.Conjuncts(e)
	}
	var out []catalog.Index
	for i := range table.Derived {
		x := &table.Derived[i]
		if x.Unique && slices.Equal(sortedKeys(wanted), sortedKeys(elementKeys(x, table, known, row))) && plan.Implies(facts, known.Predicates[x.Name], exprKey) {
			out = append(out, x.Index)
		}
	}
	return out, nil
}

// elementKeys are the keys of what an index is on.
func elementKeys(x *catalog.DerivedIndex, table *catalog.Table, known *plan.Derivations, row []plan.Column) map[string]bool {
	keys := map[string]bool{}
	for i, f := range x.Fields {
		switch e := known.Exprs[f]; {
		case i == 0 && x.Predicate != "":
		case e != nil:
			keys[exprKey(e)] = true
		default:
			keys[exprKey(plan.Ref(row[table.OrdinalOf(f)]))] = true
		}
	}
	return keys
}

func sortedKeys(m map[string]bool) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
