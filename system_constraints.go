package oxidb

import (
	"slices"
	"strings"

	"github.com/oxidb/oxidb/catalog"
)

// constraintTables are the views of constraints in information_schema.
func constraintTables() []systemTable {
	return []systemTable{
		{"table_constraints", []catalog.Column{text("constraint_catalog"), text("constraint_schema"), text("constraint_name"), text("table_catalog"), text("table_schema"),
			text("table_name"), text("constraint_type"), text("is_deferrable"), text("initially_deferred"), text("enforced"), text("nulls_distinct")}, constraintRows},
		{"key_column_usage", []catalog.Column{text("constraint_catalog"), text("constraint_schema"), text("constraint_name"), text("table_catalog"), text("table_schema"),
			text("table_name"), text("column_name"), integer4("ordinal_position"), integer4("position_in_unique_constraint")}, keyRows},
		{"referential_constraints", []catalog.Column{text("constraint_catalog"), text("constraint_schema"), text("constraint_name"), text("unique_constraint_catalog"),
			text("unique_constraint_schema"), text("unique_constraint_name"), text("match_option"), text("update_rule"), text("delete_rule")}, referentialRows},
		{"constraint_column_usage", []catalog.Column{text("table_catalog"), text("table_schema"), text("table_name"), text("column_name"),
			text("constraint_catalog"), text("constraint_schema"), text("constraint_name")}, constraintColumnRows},
		{"foreign_keys", []catalog.Column{text("pk_table_schema"), text("pk_table_name"), text("pk_column_name"), text("fk_table_schema"), text("fk_table_name"),
			text("fk_column_name"), integer4("key_sequence"), text("fk_name"), text("pk_name"), text("update_rule"), text("delete_rule")}, foreignKeyRows},
		{"check_constraints", []catalog.Column{text("constraint_catalog"), text("constraint_schema"), text("constraint_name"), text("check_clause")}, checkRows},
	}
}

func constraintRows(sc *scope, add func(...any)) {
	for _, t := range sc.catalog.Tables() {
		row := func(name, kind string, deferrable, deferred bool, nullsDistinct any) {
			add(databaseName, t.Schema, name, databaseName, t.Schema, t.Name, kind, yesNo(deferrable), yesNo(deferred), "YES", nullsDistinct)
		}
		for _, i := range t.Indexes {
			switch {
			case i.Primary:
				row(i.Name, "PRIMARY KEY", false, false, nil)
			case i.Constraint:
				row(i.Name, "UNIQUE", false, false, yesNo(!i.NullsEqual))
			}
		}
		for _, c := range t.Checks {
			row(c.Name, "CHECK", false, false, nil)
		}
		for _, f := range t.Foreign {
			row(f.Name, "FOREIGN KEY", f.Deferrable, f.Deferred, nil)
		}
	}
}

func keyRows(sc *scope, add func(...any)) {
	for _, t := range sc.catalog.Tables() {
		row := func(name string, fields []int32, position func(n int) any) {
			for n, column := range t.Names(fields) {
				add(databaseName, t.Schema, name, databaseName, t.Schema, t.Name, column, int64(n+1), position(n))
			}
		}
		for _, i := range t.Indexes {
			if i.Constraint {
				row(i.Name, i.Fields, func(int) any { return nil })
			}
		}
		for _, f := range t.Foreign {
			unique := sc.uniqueOf(&f)
			row(f.Name, f.Fields, func(n int) any {
				if unique == nil {
					return nil
				}
				return int64(slices.Index(unique.Fields, f.RefFields[n]) + 1)
			})
		}
	}
}

// uniqueOf is the unique index that a foreign key refers to.
func (sc *scope) uniqueOf(f *catalog.Foreign) *catalog.Index {
	if t, ok := sc.catalog.ByID(f.Table); ok {
		return t.KeyOver(f.RefFields)
	}
	return nil
}

func referentialRows(sc *scope, add func(...any)) {
	for _, t := range sc.catalog.Tables() {
		for _, f := range t.Foreign {
			parent, ok := sc.catalog.ByID(f.Table)
			if !ok {
				continue
			}
			name := any(nil)
			if unique := sc.uniqueOf(&f); unique != nil && unique.Constraint {
				name = unique.Name
			}
			match := "NONE"
			if f.Full {
				match = "FULL"
			}
			add(databaseName, t.Schema, f.Name, databaseName, parent.Schema, name, match, actionText(f.OnUpdate), actionText(f.OnDelete))
		}
	}
}

func actionText(a catalog.ForeignAction) string {
	if a == catalog.NoAction {
		return "NO ACTION"
	}
	return strings.ToUpper(string(a))
}

// constraintColumnRows lists the columns that a key is over, and those that a foreign key refers to.
func constraintColumnRows(sc *scope, add func(...any)) {
	row := func(of *catalog.Table, fields []int32, in *catalog.Table, name string) {
		for _, column := range of.Names(fields) {
			add(databaseName, of.Schema, of.Name, column, databaseName, in.Schema, name)
		}
	}
	for _, t := range sc.catalog.Tables() {
		for _, i := range t.Indexes {
			if i.Constraint {
				row(t, i.Fields, t, i.Name)
			}
		}
		for _, f := range t.Foreign {
			if parent, ok := sc.catalog.ByID(f.Table); ok {
				row(parent, f.RefFields, t, f.Name)
			}
		}
	}
}

func checkRows(sc *scope, add func(...any)) {
	for _, t := range sc.catalog.Tables() {
		for _, c := range t.Checks {
			add(databaseName, t.Schema, c.Name, "("+c.Expr+")")
		}
	}
}

// foreignKeyRows lists the columns of every foreign key beside those that they refer to, which the
// standard's views do not tell apart when constraints of two tables have one name.
func foreignKeyRows(sc *scope, add func(...any)) {
	for _, t := range sc.catalog.Tables() {
		for _, f := range t.Foreign {
			parent, ok := sc.catalog.ByID(f.Table)
			if !ok {
				continue
			}
			unique := any(nil)
			if x := sc.uniqueOf(&f); x != nil {
				unique = x.Name
			}
			referenced := parent.Names(f.RefFields)
			for i, column := range t.Names(f.Fields) {
				add(parent.Schema, parent.Name, referenced[i], t.Schema, t.Name, column, int64(i+1), f.Name, unique, actionText(f.OnUpdate), actionText(f.OnDelete))
			}
		}
	}
}
