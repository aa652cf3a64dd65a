package shell

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/oxidb/oxidb/types"
)

// A listing is a query of the catalog with the columns that a pattern is matched against.
type catalogListing struct {
	query        string // up to WHERE, where there is one condition
	schema, name string
	order        string
}

var (
	tableListing = catalogListing{`SELECT table_schema AS "schema", table_name AS "table", table_type AS kind FROM information_schema.tables WHERE table_type <> 'VIEW'`,
		"table_schema", "table_name", "1, 2"}
	viewListing = catalogListing{`SELECT table_schema AS "schema", table_name AS "view" FROM information_schema.tables WHERE table_type = 'VIEW' AND table_schema <> 'information_schema'`,
		"table_schema", "table_name", "1, 2"}
	relationListing = catalogListing{`SELECT table_schema AS "schema", table_name AS name, table_type AS kind FROM information_schema.tables WHERE table_schema <> 'information_schema'`,
		"table_schema", "table_name", "1, 2"}
	indexListing = catalogListing{`SELECT index_schema AS "schema", index_name AS "index", table_name AS "table", column_names AS columns, is_unique AS "unique" FROM information_schema.indexes WHERE true`,
		"index_schema", "index_name", "1, 2"}
	schemaListing   = catalogListing{`SELECT schema_name AS "schema" FROM information_schema.schemata WHERE true`, "", "schema_name", "1"}
	databaseListing = catalogListing{`SELECT DISTINCT catalog_name AS "database" FROM information_schema.schemata WHERE true`, "", "catalog_name", "1"}
)

// listing is the command that shows l.
func listing(l catalogListing) func(*Shell, context.Context, string) error {
	return func(s *Shell, ctx context.Context, pattern string) error {
		return s.Statement(ctx, l.sql(pattern))
	}
}

func (l catalogListing) sql(pattern string) string {
	sql := l.query
	if pattern != "" {
		schema, name, ok := strings.Cut(pattern, ".")
		if !ok {
			schema, name = "", pattern
		}
		if schema != "" && l.schema != "" {
			sql += " AND " + l.schema + " LIKE " + likePattern(schema)
		}
		sql += " AND " + l.name + " LIKE " + likePattern(name)
	}
	return sql + " ORDER BY " + l.order
}

// likePattern turns * and ? into LIKE's % and _, as a literal.
func likePattern(p string) string {
	return types.Quote(strings.NewReplacer("%", `\%`, "_", `\_`, "*", "%", "?", "_").Replace(fold(p)))
}

// fold is a name as SQL reads it: small letters unless quoted.
func fold(name string) string {
	if inner, ok := strings.CutPrefix(name, `"`); ok {
		return strings.ReplaceAll(strings.TrimSuffix(inner, `"`), `""`, `"`)
	}
	return strings.ToLower(name)
}

// describe lists relations, or shows one's columns, keys and definition.
func (s *Shell) describe(ctx context.Context, name string) error {
	if name == "" || strings.ContainsAny(name, "*?") {
		return listing(relationListing)(s, ctx, name)
	}
	schema, table, ok := strings.Cut(name, ".")
	if !ok {
		schema, table = "", name
	}
	where := "table_name = " + types.Quote(fold(table))
	if schema != "" {
		where += " AND table_schema = " + types.Quote(fold(schema))
	}
	found, err := s.texts(ctx, "SELECT table_schema, table_name, table_type FROM information_schema.tables WHERE "+where+" ORDER BY 1")
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return fmt.Errorf("relation %q does not exist", name)
	}
	for _, f := range found {
		if err := s.describeOne(ctx, f[0], f[1], f[2]); err != nil {
			return err
		}
	}
	return nil
}

// columnTypeSQL is a column's type as it was declared.
const columnTypeSQL = `data_type || CASE WHEN character_maximum_length IS NOT NULL THEN '(' || character_maximum_length || ')'
  WHEN data_type = 'numeric' THEN '(' || numeric_precision || ',' || numeric_scale || ')' ELSE '' END`

func (s *Shell) describeOne(ctx context.Context, schema, table, kind string) error {
	where := " WHERE table_schema = " + types.Quote(schema) + " AND table_name = " + types.Quote(table)
	s.note("%s", s.paintData(bold, fmt.Sprintf("%s %s.%s", strings.ToLower(strings.TrimPrefix(kind, "BASE ")), schema, table)))
	err := s.Statement(ctx, `SELECT column_name AS "column", `+columnTypeSQL+` AS "type", is_nullable AS "null", column_default AS "default" FROM information_schema.columns`+
		where+" ORDER BY ordinal_position")
	if err != nil {
		return err
	}
	if kind == "VIEW" {
		definition, err := s.texts(ctx, "SELECT view_definition FROM information_schema.views"+where)
		for _, d := range definition {
			s.note("definition: %s", d[0])
		}
		return err
	}
	indexes, err := s.texts(ctx, "SELECT index_name, column_names, is_primary, is_unique FROM information_schema.indexes"+where+" ORDER BY 1")
	for _, x := range indexes {
		s.note("%s %s (%s)", map[string]string{"YESYES": "primary key", "NOYES": "unique index", "NONO": "index"}[x[2]+x[3]], x[0], x[1])
	}
	if err != nil {
		return err
	}
	checks, err := s.texts(ctx, "SELECT constraint_name FROM information_schema.table_constraints"+where+" AND constraint_type = 'CHECK' ORDER BY 1")
	for _, c := range checks {
		s.note("check constraint %s", c[0])
	}
	return err
}

// note writes what a table of rows cannot show: beside the rows when people read them.
func (s *Shell) note(format string, args ...any) {
	if s.mode != "box" && s.mode != "line" {
		s.say(format, args...)
		return
	}
	fmt.Fprintf(s.data, format+"\n", args...)
}

// texts runs a query of the shell's own and gives its rows as texts.
func (s *Shell) texts(ctx context.Context, sql string) (rows [][]string, err error) {
	answer, err := s.db.Query(ctx, sql)
	if err != nil {
		return nil, err
	}
	defer answer.Close()
	p := newPage(answer, s.location(), "")
	for rec, err := range answer.Batches() {
		if err != nil {
			return nil, err
		}
		err = p.load(rec)
		for row := 0; err == nil && row < p.count; row++ {
			cells := make([]string, len(p.columns))
			for col := range cells {
				if !p.isNull(col, row) {
					cells[col] = string(p.appendText(nil, col, row))
				}
			}
			rows = append(rows, cells)
		}
		rec.Release()
		if err != nil {
			return nil, errors.Join(errors.New("reading the catalog"), err)
		}
	}
	return rows, nil
}
