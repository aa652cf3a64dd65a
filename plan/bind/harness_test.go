package bind_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/function/builtin"
	"github.com/oxidb/oxidb/parser"
	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/plan/bind"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// memory is a catalog that lives in the test; DDL that binds is carried out on it.
type memory struct {
	tables    []*catalog.Table
	views     []*catalog.View
	sequences []*catalog.Sequence
	nextID    catalog.ID
}

func (m *memory) Sequences() []*catalog.Sequence { return m.sequences }

func (m *memory) ByID(id catalog.ID) (*catalog.Table, bool) {
	for _, t := range m.tables {
		if t.ID == id {
			return t, true
		}
	}
	return nil, false
}

func (m *memory) References(id catalog.ID) []catalog.Reference {
	return catalog.References(m.tables, id)
}

func (m *memory) Sequence(schema, name string) (*catalog.Sequence, bool) {
	for _, s := range m.sequences {
		if s.Schema == schema && s.Name == name {
			return s, true
		}
	}
	return nil, false
}

func (m *memory) Version() uint64                          { return 0 }
func (m *memory) SearchPath() []string                     { return []string{catalog.DefaultSchema} }
func (m *memory) HasSchema(s string) bool                  { return s == catalog.DefaultSchema }
func (m *memory) Tables() []*catalog.Table                 { return m.tables }
func (m *memory) Views() []*catalog.View                   { return m.views }
func (m *memory) Schemas() []string                        { return []string{catalog.DefaultSchema} }
func (m *memory) Stats(*catalog.Table) *catalog.TableStats { return &catalog.TableStats{} }

func (m *memory) Table(schema, name string) (*catalog.Table, bool) {
	for _, t := range m.tables {
		if t.Schema == schema && t.Name == name {
			return t, true
		}
	}
	return nil, false
}

func (m *memory) View(schema, name string) (*catalog.View, bool) {
	for _, v := range m.views {
		if v.Schema == schema && v.Name == name {
			return v, true
		}
	}
	return nil, false
}

// apply carries a bound CREATE, ALTER or DROP out.
func (m *memory) apply(s plan.Statement) {
	switch s := s.(type) {
	case *plan.CreateTableAs:
		m.put(s.Table)
	case *plan.Command:
		if s.View != nil {
			m.views = slices.DeleteFunc(m.views, func(v *catalog.View) bool { return v.Name == s.View.Name })
			m.views = append(m.views, s.View)
		}
		owner := catalog.ID(0)
		if s.Table != nil {
			m.put(s.Table)
			owner = s.Table.ID
		}
		for _, c := range s.Sequences {
			m.sequences = slices.DeleteFunc(m.sequences, func(q *catalog.Sequence) bool { return q == c.Before })
			if c.After != nil {
				if c.After.OwnerField != 0 {
					c.After.OwnerTable = owner
				}
				m.sequences = append(m.sequences, c.After)
			}
		}
		if d, ok := s.Stmt.(*ast.Drop); ok {
			for _, n := range d.Names {
				m.drop(d.Kind, n.Base())
			}
		}
	}
}

func (m *memory) put(table *catalog.Table) {
	for i, t := range m.tables {
		if table.ID != 0 && t.ID == table.ID {
			m.tables[i] = table
			return
		}
	}
	m.nextID++
	table.ID = m.nextID
	m.tables = append(m.tables, table)
}

func (m *memory) drop(kind ast.ObjectKind, name string) {
	switch kind {
	case ast.TableObject:
		m.tables = slices.DeleteFunc(m.tables, func(t *catalog.Table) bool {
			if t.Name == name {
				m.sequences = slices.DeleteFunc(m.sequences, func(s *catalog.Sequence) bool { return s.OwnerTable == t.ID })
			}
			return t.Name == name
		})
	case ast.SequenceObject:
		m.sequences = slices.DeleteFunc(m.sequences, func(s *catalog.Sequence) bool { return s.Name == name })
	case ast.ViewObject:
		m.views = slices.DeleteFunc(m.views, func(v *catalog.View) bool { return v.Name == name })
	}
}

// file is a source with a fixed schema; files opens any name.
type file struct {
	label  string
	schema []catalog.Column
}

func (f *file) Describe() string           { return f.label }
func (f *file) Schema() []catalog.Column   { return f.schema }
func (f *file) Stats() *catalog.TableStats { return nil }

type files struct{}

func (files) Open(r bind.FileRequest) (plan.ExternalSource, error) {
	label := r.Function
	for _, a := range r.Args {
		label += " " + a.Name + "=" + a.Value.SQL()
		for _, v := range a.List {
			label += "|" + v.SQL()
		}
	}
	if strings.Contains(label, "missing") {
		return nil, sqlerr.New(sqlerr.UndefinedFile, "no such file")
	}
	if r.Columns != nil {
		return &file{label, r.Columns}, nil
	}
	return &file{label, []catalog.Column{{Name: "id", Type: types.TBigInt}, {Name: "name", Type: types.TText}}}, nil
}

func (m *memory) binder(sql string, params []types.Type) *bind.Binder {
	return bind.New(m, builtin.New(), bind.Options{SQL: sql, Files: files{}, ParamTypes: params, ParseView: parser.ParseOne,
		NewID: func() catalog.ID { m.nextID++; return m.nextID }})
}

func (m *memory) bind(sql string, params []types.Type) (plan.Statement, error) {
	stmt, err := parser.ParseOne(sql)
	if err != nil {
		return nil, err
	}
	return m.binder(sql, params).Bind(stmt)
}

func newMemory(t *testing.T) *memory {
	t.Helper()
	m := &memory{}
	text, err := os.ReadFile(filepath.Join("..", "..", "bench", "tpch", "schema.sql"))
	if err != nil {
		t.Fatal(err)
	}
	m.run(t, string(text))
	return m
}

// run carries statements out that must bind.
func (m *memory) run(t *testing.T, sql string) {
	t.Helper()
	list, err := parser.Parse(sql)
	if err != nil {
		t.Fatal(sqlerr.Render(err, sql))
	}
	for _, stmt := range list {
		s, err := m.binder(sql, nil).Bind(stmt)
		if err != nil {
			t.Fatal(sqlerr.Render(err, sql))
		}
		m.apply(s)
	}
}

// TestFiles would catch a changed plan, type, column name, message or position. "plan" shows the bound
// tree, "types" only the output columns, "errors" the rendered error of each line, "ddl" descriptors.
func TestFiles(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		m := newMemory(t)
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			switch d.Cmd {
			case "plan":
				return m.show(d.Input, false)
			case "types", "errors":
				var b strings.Builder
				for _, line := range strings.Split(d.Input, "\n") {
					b.WriteString(m.show(line, true))
				}
				return b.String()
			case "ddl":
				return m.ddl(d.Input)
			case "run":
				m.run(t, d.Input)
				return ""
			}
			d.Fatalf(t, "unknown command %s", d.Cmd)
			return ""
		})
	})
}

func (m *memory) show(sql string, short bool) string {
	s, err := m.bind(sql, nil)
	if err != nil {
		return sqlerr.Render(err, sql) + "\n"
	}
	if err := checkStatement(s); err != nil {
		return "INVALID PLAN: " + err.Error() + "\n" + statementText(s, false)
	}
	return statementText(s, short)
}

func (m *memory) ddl(sql string) string {
	s, err := m.bind(sql, nil)
	if err != nil {
		return sqlerr.Render(err, sql) + "\n"
	}
	m.apply(s)
	switch s := s.(type) {
	case *plan.CreateTableAs:
		return tableText(s.Table) + statementText(s, false)
	case *plan.Command:
		if s.View != nil {
			return fmt.Sprintf("view %s.%s (%s) as %s\n", s.View.Schema, s.View.Name, strings.Join(s.View.Columns, ", "), s.View.Query)
		}
		if s.Table == nil {
			return "nothing to do\n"
		}
		return tableText(s.Table)
	}
	return fmt.Sprintf("%T\n", s)
}

func tableText(t *catalog.Table) string {
	var b strings.Builder
	fmt.Fprintf(&b, "table %s.%s", t.Schema, t.Name)
	if t.Temp {
		b.WriteString(" temp")
	}
	fmt.Fprintf(&b, " next field %d\n", t.NextField)
	for _, c := range t.Columns {
		fmt.Fprintf(&b, "  %d %s %s", c.FieldID, c.Name, c.Type)
		if c.NotNull {
			b.WriteString(" not null")
		}
		if c.Default != "" {
			b.WriteString(" default " + c.Default)
		}
		b.WriteByte('\n')
	}
	for _, i := range t.Indexes {
		fmt.Fprintf(&b, "  index %s %v unique=%t primary=%t\n", i.Name, i.Fields, i.Unique, i.Primary)
	}
	for _, c := range t.Checks {
		fmt.Fprintf(&b, "  check %s %s\n", c.Name, c.Expr)
	}
	return b.String()
}

// columnsText lists output columns with their types; ! marks those that are never NULL.
func columnsText(cols []plan.Column, names []string) string {
	parts := make([]string, len(names))
	for i := range names {
		parts[i] = names[i] + " " + cols[i].Typ.String()
		if cols[i].NotNull {
			parts[i] += "!"
		}
	}
	return "(" + strings.Join(parts, ", ") + ")\n"
}

func paramText(params []types.Type) string {
	text := ""
	for i, p := range params {
		text += fmt.Sprintf("$%d %s\n", i+1, p)
	}
	return text
}

func statementText(s plan.Statement, short bool) string {
	switch s := s.(type) {
	case *plan.Query:
		head := columnsText(s.Root.Columns(), s.Names) + paramText(s.Params)
		if short {
			return head
		}
		return head + nodeText(s.Root)
	case *plan.Insert:
		return "insert into " + s.Table.Name + "\n" + paramText(s.Params) + nodeText(s.Input) + checksText(s.CheckName, s.Checks) + returningText(s.Returning, s.Names)
	case *plan.Update:
		return fmt.Sprintf("update %s columns %v\n", s.Table.Name, s.Changed) + paramText(s.Params) + nodeText(s.Input) + checksText(s.CheckName, s.Checks) + returningText(s.Returning, s.Names)
	case *plan.Delete:
		return "delete from " + s.Table.Name + "\n" + paramText(s.Params) + nodeText(s.Input) + returningText(s.Returning, s.Names)
	case *plan.CreateTableAs:
		return nodeText(s.Input)
	case *plan.CopyTo:
		return "copy to\n" + statementText(s.Query, short)
	case *plan.CopyFrom:
		return fmt.Sprintf("copy from into columns %v\n", s.Columns) + statementText(s.Insert, short)
	case *plan.Explain:
		return fmt.Sprintf("explain analyze=%t verbose=%t %s\n", s.Analyze, s.Verbose, s.Format) + statementText(s.Target, short)
	case *plan.Command:
		return fmt.Sprintf("command %T\n", s.Stmt)
	}
	return fmt.Sprintf("%T\n", s)
}

func checksText(names []string, exprs []plan.Expr) string {
	text := ""
	for i, e := range exprs {
		text += "check " + names[i] + " " + e.String() + "\n"
	}
	return text
}

func returningText(list []plan.NamedExpr, names []string) string {
	text := ""
	for i, e := range list {
		text += "returning " + e.Expr.String() + " AS " + names[i] + " " + e.Expr.Type().String() + "\n"
	}
	return text
}

// nodeText draws a plan with its subqueries.
func nodeText(n plan.Node) string {
	if n == nil {
		return "no input\n"
	}
	return plan.Format(n, subqueryText) + "\n"
}

func subqueryText(n plan.Node) string {
	text := ""
	for _, e := range plan.Exprs(n) {
		plan.Walk(e, func(e plan.Expr) bool {
			if s, ok := e.(*plan.Subquery); ok {
				text += "\n    | subquery:\n    | " + strings.ReplaceAll(strings.TrimSuffix(nodeText(s.Input), "\n"), "\n", "\n    | ")
			}
			return true
		})
	}
	return text
}
