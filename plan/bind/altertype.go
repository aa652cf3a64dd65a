package bind

import (
	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// conversion is how ALTER COLUMN TYPE makes a column's new values: a cast of the field, or USING.
type conversion struct {
	field int32 // in the table before
	using ast.Expr
	at    ast.Node
}

// alterType changes a column's type. Where stored values stay as they are, that is all; otherwise the
// column becomes a field of its own, which rewrite fills.
func (d *definition) alterType(col *catalog.Column, a *ast.AlterAction) error {
	t, err := columnType(a.Type)
	if err != nil {
		return err
	}
	if a.Collation != nil {
		return unsupported(a, "a collation of a column")
	}
	if a.Expr == nil && !types.Assignable(col.Type, t) {
		return errAt(sqlerr.DatatypeMismatch, a, "column %q cannot be cast automatically to type %s", col.Name, t.Kind).
			WithHint("You might need to specify \"USING %s::%s\".", ast.QuoteIdent(col.Name), t)
	}
	if err := d.defaultFits(col, t, a); err != nil {
		return err
	}
	if _, again := d.converted[col.FieldID]; again {
		return unsupported(a, "a second change of a column's type")
	}
	if err := d.usedByGenerated(col, a); err != nil {
		return err
	}
	for i := range d.table.Derived {
		if x := &d.table.Derived[i]; x.Uses(col.FieldID) {
			return unsupported(a, "changing the type of a column that the index "+x.Name+" on an expression or with a condition uses")
		}
	}
	was := *col
	col.Type = t
	if a.Expr == nil && staysStored(was.Type, t) || d.added[was.FieldID] {
		return d.moveSequences(was.FieldID, col, a)
	}
	col.FieldID, col.Missing = d.table.NextField, nil
	d.table.NextField++
	if d.converted == nil {
		d.converted = map[int32]conversion{}
	}
	d.converted[col.FieldID] = conversion{was.FieldID, a.Expr, a}
	if err := d.moveSequences(was.FieldID, col, a); err != nil {
		return err
	}
	if err := d.moveForeign(was.FieldID, col, a); err != nil {
		return err
	}
	return d.moveKeys(was.FieldID, col, a)
}

// usedByGenerated refuses to change what a generated column is computed from.
func (d *definition) usedByGenerated(col *catalog.Column, a *ast.AlterAction) error {
	if col.IsGenerated() && a.Expr != nil {
		return errAt(sqlerr.InvalidColumnDefinition, a, "cannot specify USING when altering type of generated column").
			WithDetail("Column %q is a generated column.", col.Name)
	}
	row := d.scan(d.table).Cols
	for _, c := range d.table.Columns {
		if !c.IsGenerated() || c.FieldID == col.FieldID {
			continue
		}
		e, err := d.Generation(d.table, row, c)
		if err != nil {
			return err
		}
		if usesColumn(e, row[d.table.OrdinalOf(col.FieldID)].ID) {
			return errAt(sqlerr.FeatureNotSupported, a, "cannot alter type of a column used by a generated column").
				WithDetail("Column %q is used by generated column %q.", col.Name, c.Name)
		}
	}
	return nil
}

// moveSequences lets the sequences that a column owns follow it to another field, and that of an
// identity column to its type.
func (d *definition) moveSequences(field int32, col *catalog.Column, a *ast.AlterAction) error {
	for _, s := range d.reader.Sequences() {
		if s.OwnerTable != d.table.ID || s.OwnerField != field {
			continue
		}
		changed := *s
		changed.OwnerField = col.FieldID
		if s.Identity {
			if !col.Type.IsInteger() {
				return errAt(sqlerr.InvalidParameterValue, a, "identity column type must be smallint, integer, or bigint")
			}
			o := &sequenceOptions{Binder: d.Binder, seq: &changed}
			if err := o.apply([]*ast.SequenceOption{{Span: a.Span, Name: "AS", Type: a.Type}}, a); err != nil {
				return err
			}
		}
		d.sequences = append(d.sequences, plan.SequenceChange{Before: s, After: &changed})
	}
	return nil
}

// moveKeys lets indexes over a field be over the column that takes its place.
func (d *definition) moveKeys(field int32, col *catalog.Column, at ast.Node) error {
	for i := range d.table.Indexes {
		fields := append([]int32(nil), d.table.Indexes[i].Fields...)
		for k, f := range fields {
			if f != field {
				continue
			}
			if err := hashable(col.Type, at); err != nil {
				return err
			}
			fields[k] = col.FieldID
		}
		d.table.Indexes[i].Fields = fields
	}
	return nil
}

func (d *definition) defaultFits(col *catalog.Column, t types.Type, at ast.Node) error {
	if col.Default == "" {
		return nil
	}
	x, err := d.storedExpr(col.Default)
	if err == nil {
		_, err = d.defaultExpr(x, col.Name, t)
	}
	if err != nil || !types.Assignable(col.Type, t) { // the default has the column's type
		return errAt(sqlerr.DatatypeMismatch, at, "default for column %q cannot be cast automatically to type %s", col.Name, t.Kind)
	}
	return nil
}

// staysStored reports a change that leaves every stored value as it is: to a type that holds more.
func staysStored(from, to types.Type) bool {
	switch {
	case from == to:
		return true
	case from.IsText() && to.IsText():
		longer := to.Length == 0 || from.Length > 0 && to.Length >= from.Length
		return longer && (to.Kind == types.Char) == (from.Kind == types.Char)
	case from.IsInteger() && to.IsInteger():
		return from.Kind < to.Kind
	}
	return from.Kind == types.Numeric && to.Kind == types.Numeric && from.Scale == to.Scale && from.Precision <= to.Precision
}

// rewrite makes the update that gives every row of the table before its new form.
func (d *definition) rewrite(before *catalog.Table) (*plan.Update, error) {
	scan := d.scan(before)
	rowID := d.newColumn("rowid", types.TBigInt, true)
	scan.RowID = &rowID
	sc := tableScope(before.Name, before, scan.Cols, "transform expressions")
	out := &plan.Update{Table: d.table}
	exprs := make([]plan.NamedExpr, len(d.table.Columns))
	for i, c := range d.table.Columns {
		e, err := d.newValue(sc, before, scan, c)
		if err != nil {
			return nil, err
		}
		exprs[i] = plan.NamedExpr{Out: d.newColumn(c.Name, c.Type, c.NotNull), Expr: e}
		out.RowCols = append(out.RowCols, exprs[i].Out)
	}
	out.Input = &plan.Project{Input: scan, Exprs: append(exprs, plan.NamedExpr{Out: rowID, Expr: plan.Ref(rowID)})}
	computed, err := d.computed(d.table, out.RowCols)
	if err != nil {
		return nil, err
	}
	out.Input, out.RowCols = computed.over(out.Input), computed.row
	out.Checks, out.CheckName, err = d.checks(d.table, out.RowCols)
	return out, err
}

func (d *definition) newValue(sc *scope, before *catalog.Table, scan *plan.Scan, c catalog.Column) (plan.Expr, error) {
	change, converted := d.converted[c.FieldID]
	switch {
	case !converted && before.OrdinalOf(c.FieldID) >= 0:
		return plan.Ref(scan.Cols[before.OrdinalOf(c.FieldID)]), nil
	case !converted:
		if s := d.pendingSequence(c.FieldID); s != nil {
			return d.nextval(s.ID, c.Type, ast.Span{Pos: -1, End: -1})
		}
		return d.Default(c)
	case change.using == nil:
		return d.coerce(plan.Ref(scan.Cols[before.OrdinalOf(change.field)]), c.Type, assignmentCast, change.at)
	}
	e, err := d.storable(sc, change.using, "transform expression")
	if err != nil {
		return nil, err
	}
	if from := e.Type(); from.Kind != types.Unknown && from != c.Type && !types.Assignable(from, c.Type) {
		return nil, errAt(sqlerr.DatatypeMismatch, change.using, "result of USING clause for column %q cannot be cast automatically to type %s", c.Name, c.Type.Kind).
			WithHint("You might need to add an explicit cast.")
	}
	return d.coerce(e, c.Type, assignmentCast, change.using)
}
