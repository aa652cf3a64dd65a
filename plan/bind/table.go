package bind

import (
	"fmt"
	"slices"
	"strings"

	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// newRelation checks the name of a table or view to be made and gives its schema. exists tells that
// the name is taken.
func (b *Binder) newRelation(n *ast.Name) (schema string, exists bool, err error) {
	schema = n.Schema()
	if schema == "" {
		if schema = b.creationSchema(); schema == "" {
			return "", false, errAt(sqlerr.InvalidSchemaName, n, "no schema has been selected to create in")
		}
	} else if !b.reader.HasSchema(schema) {
		return "", false, errAt(sqlerr.InvalidSchemaName, n, "schema %q does not exist", schema)
	}
	_, table := b.reader.Table(schema, n.Base())
	_, view := b.reader.View(schema, n.Base())
	_, sequence := b.reader.Sequence(schema, n.Base())
	_, index := b.findIndex(n)
	return schema, table || view || sequence || index != nil, nil
}

// creationSchema is where unqualified new names go: the first schema of the search path that exists.
func (b *Binder) creationSchema() string {
	for _, schema := range b.reader.SearchPath() {
		if b.reader.HasSchema(schema) {
			return schema
		}
	}
	return ""
}

func (b *Binder) bindCreateTable(x *ast.CreateTable) (plan.Statement, error) {
	switch {
	case x.Persistence == ast.Unlogged:
		return nil, unsupported(x, "UNLOGGED")
	case len(x.Options) > 0:
		return nil, unsupported(x.Options[0], "a storage option of a table")
	case x.OnCommit == ast.OnCommitDelete || x.OnCommit == ast.OnCommitDrop:
		return nil, unsupported(x, "ON COMMIT DELETE ROWS and ON COMMIT DROP")
	}
	schema, exists, err := b.newRelation(x.Name)
	if err != nil {
		return nil, err
	}
	if exists {
		if x.IfNotExists {
			return &plan.Command{Stmt: x}, nil
		}
		return nil, errAt(sqlerr.DuplicateTable, x.Name, "relation %q already exists", x.Name.Base())
	}
	d := &definition{Binder: b, table: &catalog.Table{Schema: schema, Name: x.Name.Base(), Temp: x.Persistence == ast.Temporary, NextField: 1}}
	for _, like := range x.Like {
		if err := d.like(like); err != nil {
			return nil, err
		}
	}
	for _, c := range x.Columns {
		if err := d.column(c); err != nil {
			return nil, err
		}
	}
	if len(d.table.Columns) == 0 {
		return nil, unsupported(x, "a table without columns")
	}
	for _, c := range x.Columns {
		for _, k := range c.Constraints {
			if err := d.columnConstraint(c, k); err != nil {
				return nil, err
			}
		}
	}
	if err := d.checkGenerated(); err != nil {
		return nil, err
	}
	for _, k := range x.Constraints {
		if err := d.tableConstraint(k); err != nil {
			return nil, err
		}
	}
	if err := d.cluster(x.Cluster); err != nil {
		return nil, err
	}
	return &plan.Command{Stmt: x, Table: d.table, Sequences: d.sequences}, nil
}

// cluster sets the columns that rows are sorted by, none for no columns.
func (d *definition) cluster(key []ast.Ident) error {
	d.table.Cluster = nil
	for _, id := range key {
		o, err := tableColumn(d.table, id)
		if err != nil {
			return err
		}
		c := &d.table.Columns[o]
		switch {
		case slices.Contains(d.table.Cluster, c.FieldID):
			return errAt(sqlerr.DuplicateColumn, id, "column %q appears twice in CLUSTER BY", id.Name)
		case c.Type.Kind == types.Interval || c.Type.Kind == types.UUID:
			return unsupported(id, "CLUSTER BY a column of type "+c.Type.String())
		}
		d.table.Cluster = append(d.table.Cluster, c.FieldID)
	}
	return nil
}

// definition is a table descriptor while CREATE or ALTER TABLE works on it.
type definition struct {
	*Binder
	table *catalog.Table
	// converted are the new fields of ALTER COLUMN TYPE, added those of ADD COLUMN.
	converted map[int32]conversion
	added     map[int32]bool
	// sequences are made, changed or dropped with the table; generations are new generated columns.
	sequences   []plan.SequenceChange
	generations []generation
	// unreferenced are the foreign keys of other tables that are dropped.
	unreferenced []plan.DroppedKey
}

// column adds a column without its constraints.
func (d *definition) column(c *ast.ColumnDef) error {
	if d.table.Ordinal(c.Name.Name) >= 0 {
		return errAt(sqlerr.DuplicateColumn, c.Name, "column %q specified more than once", c.Name.Name)
	}
	if len(d.table.Columns) >= MaxTableColumns {
		return errAt(sqlerr.TooManyColumns, c, "tables can have at most %d columns", MaxTableColumns)
	}
	t, serial, err := storedType(c.Type)
	if err != nil {
		return err
	}
	if c.Collation != nil {
		if _, err := d.bindCollate(newScope(nil, nil, nil), &ast.Collate{Span: c.Span, Collation: c.Collation,
			X: &ast.Literal{Span: c.Span, Kind: ast.NullLiteral}}); err != nil {
			return err
		}
	}
	d.table.Columns = append(d.table.Columns, catalog.Column{FieldID: d.table.NextField, Name: c.Name.Name, Type: t})
	d.table.NextField++
	if serial {
		return d.serial(&d.table.Columns[len(d.table.Columns)-1], c)
	}
	return nil
}

func (d *definition) columnConstraint(c *ast.ColumnDef, k *ast.Constraint) error {
	col := &d.table.Columns[d.table.Ordinal(c.Name.Name)]
	if misplaced(k) {
		return errAt(sqlerr.SyntaxError, k, "misplaced DEFERRABLE clause")
	}
	switch k.Kind {
	case ast.NotNullConstraint, ast.NullConstraint:
		for _, other := range c.Constraints {
			if k.Kind == ast.NullConstraint && other.Kind == ast.IdentityConstraint || other.Kind != k.Kind && (other.Kind == ast.NullConstraint || k.Kind == ast.NullConstraint && (other.Kind == ast.NotNullConstraint || other.Kind == ast.PrimaryConstraint)) {
				return errAt(sqlerr.SyntaxError, k, "conflicting NULL/NOT NULL declarations for column %q of table %q", col.Name, d.table.Name)
			}
		}
		col.NotNull = col.NotNull || k.Kind == ast.NotNullConstraint
		return nil
	case ast.DefaultConstraint:
		if col.Default != "" {
			return errAt(sqlerr.SyntaxError, k, "multiple default values specified for column %q of table %q", col.Name, d.table.Name)
		}
		if col.Identity != catalog.NotIdentity {
			return errAt(sqlerr.SyntaxError, k, "both default and identity specified for column %q of table %q", col.Name, d.table.Name)
		}
		if col.IsGenerated() {
			return errAt(sqlerr.SyntaxError, k, "both default and generation expression specified for column %q of table %q", col.Name, d.table.Name)
		}
		return d.setDefault(col, k.Expr)
	case ast.PrimaryConstraint, ast.UniqueConstraint, ast.ForeignConstraint:
		n := *k
		n.Columns = []ast.Ident{c.Name}
		return d.tableConstraint(&n)
	case ast.CheckConstraint:
		return d.check(k, col.Name)
	case ast.GeneratedConstraint:
		return d.generated(col, k)
	case ast.IdentityConstraint:
		return d.identity(col, k)
	}
	return d.tableConstraint(k)
}

func (d *definition) setDefault(col *catalog.Column, x ast.Expr) error {
	if _, err := d.defaultExpr(x, col.Name, col.Type); err != nil {
		return err
	}
	col.Default = ast.Format(x)
	return nil
}

// tableConstraint adds a key or a check.
func (d *definition) tableConstraint(k *ast.Constraint) error {
	switch {
	case k.Kind == ast.ForeignConstraint:
		return d.foreign(k)
	case k.Kind == ast.CheckConstraint && (k.Deferrable || k.InitiallyDeferred):
		return errAt(sqlerr.FeatureNotSupported, k, "CHECK constraints cannot be marked DEFERRABLE")
	case k.Deferrable || k.InitiallyDeferred:
		return unsupported(k, "a deferrable UNIQUE or PRIMARY KEY constraint")
	case len(k.Include) > 0:
		return unsupported(k, "INCLUDE")
	case k.NotValid && k.Kind != ast.CheckConstraint:
		return errAt(sqlerr.FeatureNotSupported, k, "%s constraints cannot be marked NOT VALID", map[bool]string{true: "PRIMARY KEY", false: "UNIQUE"}[k.Kind == ast.PrimaryConstraint])
	case k.NoInherit && k.Kind != ast.CheckConstraint:
		return unsupported(k, "NO INHERIT")
	case k.UsingIndex.Name != "":
		return unsupported(k, "a constraint USING INDEX")
	case len(k.Options) > 0:
		return unsupported(k, "a storage option of an index")
	case k.Kind == ast.CheckConstraint:
		return d.check(k, "")
	case k.Kind == ast.PrimaryConstraint || k.Kind == ast.UniqueConstraint:
		return d.key(k)
	}
	return unsupported(k, "this constraint")
}

func (d *definition) check(k *ast.Constraint, column string) error {
	if _, err := d.checkExpr(d.table, d.scan(d.table).Cols, k.Expr); err != nil {
		return err
	}
	name, err := d.constraintName(k, joinName(d.table.Name, column, "check"))
	if err != nil {
		return err
	}
	d.table.Checks = append(d.table.Checks, catalog.Check{Name: name, Expr: ast.Format(k.Expr), NotValid: k.NotValid})
	return nil
}

func joinName(parts ...string) string {
	var out []string
	for _, p := range parts {
		if p != "" {
			out = append(out, p)
		}
	}
	return strings.Join(out, "_")
}

// key adds a primary key or unique constraint as an index.
func (d *definition) key(k *ast.Constraint) error {
	primary, what := k.Kind == ast.PrimaryConstraint, "unique"
	if primary {
		what = "primary key"
		for _, index := range d.table.Indexes {
			if index.Primary {
				return errAt(sqlerr.InvalidTableDefinition, k, "multiple primary keys for table %q are not allowed", d.table.Name)
			}
		}
	}
	index := catalog.Index{Unique: true, Primary: primary, Constraint: true, NullsEqual: k.NullsNotDistinct}
	names := []string{d.table.Name}
	for _, id := range k.Columns {
		o := d.table.Ordinal(id.Name)
		if o < 0 {
			return errAt(sqlerr.UndefinedColumn, id, "column %q named in key does not exist", id.Name)
		}
		col := &d.table.Columns[o]
		for _, f := range index.Fields {
			if f == col.FieldID {
				return errAt(sqlerr.DuplicateColumn, id, "column %q appears twice in %s constraint", id.Name, what)
			}
		}
		if err := hashable(col.Type, id); err != nil {
			return err
		}
		col.NotNull = col.NotNull || primary
		index.Fields = append(index.Fields, col.FieldID)
		names = append(names, id.Name)
	}
	suggestion := joinName(append(names, "key")...)
	if primary {
		suggestion = d.table.Name + "_pkey"
	}
	var err error
	if index.Name, err = d.constraintName(k, suggestion); err != nil {
		return err
	}
	d.table.Indexes = append(d.table.Indexes, index)
	return nil
}

// constraintName is the given name, if it is free, or the suggestion with the first free number.
func (d *definition) constraintName(k *ast.Constraint, suggestion string) (string, error) {
	if k.Name.Name == "" {
		return d.freeName(suggestion), nil
	}
	if d.taken(k.Name.Name) {
		return "", errAt(sqlerr.DuplicateObject, k.Name, "constraint %q for relation %q already exists", k.Name.Name, d.table.Name)
	}
	return k.Name.Name, nil
}

func (d *definition) freeName(suggestion string) string {
	name := suggestion
	for i := 1; d.taken(name) || d.relationExists(name); i++ {
		name = fmt.Sprintf("%s%d", suggestion, i)
	}
	return name
}

func (d *definition) taken(name string) bool {
	for _, c := range d.table.Checks {
		if c.Name == name {
			return true
		}
	}
	for _, i := range d.table.Indexes {
		if i.Name == name {
			return true
		}
	}
	return slices.ContainsFunc(d.table.Foreign, func(f catalog.Foreign) bool { return f.Name == name }) || hasDerived(d.table, name)
}

func hasDerived(t *catalog.Table, name string) bool {
	return slices.ContainsFunc(t.Derived, func(x catalog.DerivedIndex) bool { return x.Name == name })
}

// relationExists reports a table, a view, a sequence or an index of another table of that name in the schema.
func (d *definition) relationExists(name string) bool {
	if _, ok := d.reader.Table(d.table.Schema, name); ok {
		return true
	}
	if _, ok := d.reader.View(d.table.Schema, name); ok {
		return true
	}
	if _, ok := d.reader.Sequence(d.table.Schema, name); ok {
		return true
	}
	for _, t := range d.reader.Tables() {
		if t.Schema != d.table.Schema || t.Name == d.table.Name {
			continue
		}
		for _, i := range t.Indexes {
			if i.Name == name {
				return true
			}
		}
		if hasDerived(t, name) {
			return true
		}
	}
	return false
}

// like copies columns (and what is INCLUDED) from another table.
func (d *definition) like(l *ast.LikeTable) error {
	src, err := d.targetTable(l.Table, "LIKE of")
	if err != nil {
		return err
	}
	include := map[string]bool{}
	for _, word := range l.Including {
		include[strings.ToUpper(word)] = true
	}
	has := func(word string) bool {
		for _, out := range l.Excluding {
			if w := strings.ToUpper(out); w == word || w == "ALL" {
				return false
			}
		}
		return include[word] || include["ALL"]
	}
	fields := map[int32]int32{}
	for _, c := range src.Columns {
		if d.table.Ordinal(c.Name) >= 0 {
			return errAt(sqlerr.DuplicateColumn, l, "column %q specified more than once", c.Name)
		}
		fields[c.FieldID] = d.table.NextField
		c.FieldID = d.table.NextField
		d.table.NextField++
		if !has("DEFAULTS") {
			c.Default = ""
		}
		if !has("GENERATED") {
			c.Generated = ""
		}
		kind := c.Identity
		c.Identity, c.Sequence = catalog.NotIdentity, 0
		d.table.Columns = append(d.table.Columns, c)
		if kind != catalog.NotIdentity && has("IDENTITY") {
			if err := d.likeIdentity(kind, d.sequenceByID(src.Columns[src.Ordinal(c.Name)].Sequence), l); err != nil {
				return err
			}
		}
	}
	if has("CONSTRAINTS") {
		d.table.Checks = append(d.table.Checks, src.Checks...)
	}
	if has("INDEXES") {
		d.likeIndexes(src, fields)
	}
	return nil
}

func (d *definition) likeIndexes(src *catalog.Table, fields map[int32]int32) {
	for _, i := range src.Indexes {
		names := []string{d.table.Name}
		copied := i
		copied.ID, copied.Fields = 0, nil
		for _, f := range i.Fields {
			copied.Fields = append(copied.Fields, fields[f])
			names = append(names, src.Columns[src.OrdinalOf(f)].Name)
		}
		suffix := "idx"
		if i.Constraint {
			suffix = "key"
		}
		copied.Name = joinName(append(names, suffix)...)
		if i.Primary {
			copied.Name = d.table.Name + "_pkey"
		}
		copied.Name = d.freeName(copied.Name)
		d.table.Indexes = append(d.table.Indexes, copied)
	}
	d.likeDerived(src, fields)
}

// likeIdentity gives the last column a sequence like another identity column's.
func (d *definition) likeIdentity(kind catalog.IdentityKind, src *catalog.Sequence, at ast.Node) error {
	col := &d.table.Columns[len(d.table.Columns)-1]
	if src == nil {
		return sqlerr.New(sqlerr.InternalError, "the identity column %q has no sequence", col.Name)
	}
	s, err := d.newSequence(col, nil, at, true)
	if err != nil {
		return err
	}
	s.Start, s.Increment, s.Min, s.Max, s.Cache, s.Cycle = src.Start, src.Increment, src.Min, src.Max, src.Cache, src.Cycle
	col.Identity, col.Sequence = kind, s.ID
	return nil
}
