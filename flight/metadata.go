package flight

import (
	"context"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/flight"
	"github.com/apache/arrow-go/v18/arrow/flight/flightsql/schema_ref"
	pb "github.com/apache/arrow-go/v18/arrow/flight/gen/flight"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"google.golang.org/protobuf/proto"

	"github.com/oxidb/oxidb"
	"github.com/oxidb/oxidb/sqlerr"
)

// metadataSchema is the schema of a metadata command's rows; nil for other commands.
func metadataSchema(cmd proto.Message) *arrow.Schema {
	switch cmd := cmd.(type) {
	case *pb.CommandGetCatalogs:
		return schema_ref.Catalogs
	case *pb.CommandGetDbSchemas:
		return schema_ref.DBSchemas
	case *pb.CommandGetTables:
		if cmd.GetIncludeSchema() {
			return schema_ref.TablesWithIncludedSchema
		}
		return schema_ref.Tables
	case *pb.CommandGetTableTypes:
		return schema_ref.TableTypes
	case *pb.CommandGetXdbcTypeInfo:
		return schema_ref.XdbcTypeInfo
	case *pb.CommandGetSqlInfo:
		return schema_ref.SqlInfo
	case *pb.CommandGetPrimaryKeys:
		return schema_ref.PrimaryKeys
	case *pb.CommandGetExportedKeys, *pb.CommandGetImportedKeys, *pb.CommandGetCrossReference:
		return schema_ref.ImportedExportedKeysAndCrossReference
	}
	return nil
}

// metadata answers a metadata command.
func (s *service) metadata(ctx context.Context, cmd proto.Message) (*answer, error) {
	switch cmd := cmd.(type) {
	case *pb.CommandGetCatalogs:
		return textAnswer(schema_ref.Catalogs, [][]string{{catalogName}}), nil
	case *pb.CommandGetTableTypes:
		return textAnswer(schema_ref.TableTypes, [][]string{{typeTable}, {typeView}}), nil
	case *pb.CommandGetXdbcTypeInfo:
		return recordAnswer(xdbcTypes(cmd.DataType)), nil
	case *pb.CommandGetSqlInfo:
		return recordAnswer(s.selectInfos(cmd.GetInfo())), nil
	}
	l, err := s.leaseMetadata(ctx)
	if err != nil {
		return nil, err
	}
	defer l.done()
	switch cmd := cmd.(type) {
	case *pb.CommandGetDbSchemas:
		return schemas(ctx, l.Session, cmd)
	case *pb.CommandGetTables:
		return tables(ctx, l.Session, cmd)
	case *pb.CommandGetPrimaryKeys:
		return primaryKeys(ctx, l.Session, cmd)
	case *pb.CommandGetExportedKeys:
		return foreignKeys(ctx, l.Session, &keyTable{cmd.Catalog, cmd.DbSchema, cmd.GetTable()}, nil)
	case *pb.CommandGetImportedKeys:
		return foreignKeys(ctx, l.Session, nil, &keyTable{cmd.Catalog, cmd.DbSchema, cmd.GetTable()})
	case *pb.CommandGetCrossReference:
		return foreignKeys(ctx, l.Session, &keyTable{cmd.PkCatalog, cmd.PkDbSchema, cmd.GetPkTable()}, &keyTable{cmd.FkCatalog, cmd.FkDbSchema, cmd.GetFkTable()})
	}
	return nil, sqlerr.New(stateProtocol, "the command %s cannot be fetched", cmd.ProtoReflect().Descriptor().Name())
}

// otherCatalog reports whether a request asks for a catalog that this server does not have: there is
// nothing in it.
func otherCatalog(name *string) bool { return name != nil && *name != catalogName }

// checkCatalog refuses every catalog but the one there is.
func checkCatalog(name *string) error {
	if otherCatalog(name) {
		return sqlerr.New(sqlerr.InvalidCatalogName, "catalog %q does not exist", *name).WithHint("A server has one catalog, %s.", catalogName)
	}
	return nil
}

// condition collects the parts of a WHERE clause and their values.
type condition struct {
	parts []string
	args  []any
}

// like adds a pattern, unless it is absent.
func (c *condition) like(column string, pattern *string) {
	if pattern != nil {
		c.args = append(c.args, *pattern)
		c.parts = append(c.parts, column+" LIKE $"+strconv.Itoa(len(c.args)))
	}
}

// equal adds an exact value, unless it is absent.
func (c *condition) equal(column string, value *string) {
	if value != nil {
		c.args = append(c.args, *value)
		c.parts = append(c.parts, column+" = $"+strconv.Itoa(len(c.args)))
	}
}

func (c *condition) where() string {
	if len(c.parts) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(c.parts, " AND ")
}

// texts runs a query and gives its rows as texts, NULL as "".
func texts(ctx context.Context, session *oxidb.Session, sql string, args ...any) (rows [][]string, err error) {
	result, err := session.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	for rec, err := range result.Batches() {
		if err != nil {
			return nil, err
		}
		for i := range int(rec.NumRows()) {
			row := make([]string, rec.NumCols())
			for c, col := range rec.Columns() {
				if col.IsValid(i) {
					row[c] = col.ValueStr(i)
				}
			}
			rows = append(rows, row)
		}
		rec.Release()
	}
	return rows, nil
}

func schemas(ctx context.Context, session *oxidb.Session, cmd *pb.CommandGetDbSchemas) (*answer, error) {
	if otherCatalog(cmd.Catalog) {
		return recordAnswer(emptyRecord(schema_ref.DBSchemas)), nil
	}
	var c condition
	c.like("schema_name", cmd.DbSchemaFilterPattern)
	rows, err := texts(ctx, session, "SELECT catalog_name, schema_name FROM information_schema.schemata"+c.where()+" ORDER BY schema_name", c.args...)
	if err != nil {
		return nil, err
	}
	return textAnswer(schema_ref.DBSchemas, rows), nil
}

// Table types as JDBC and ADBC call them.
const (
	typeTable = "TABLE"
	typeView  = "VIEW"
)

func tables(ctx context.Context, session *oxidb.Session, cmd *pb.CommandGetTables) (*answer, error) {
	schema := metadataSchema(cmd)
	if otherCatalog(cmd.Catalog) {
		return recordAnswer(emptyRecord(schema)), nil
	}
	var c condition
	c.like("table_schema", cmd.DbSchemaFilterPattern)
	c.like("table_name", cmd.TableNameFilterPattern)
	found, err := texts(ctx, session, "SELECT table_catalog, table_schema, table_name, table_type FROM information_schema.tables"+c.where()+" ORDER BY table_schema, table_name", c.args...)
	if err != nil {
		return nil, err
	}
	wanted := map[string]bool{}
	for _, t := range cmd.GetTableTypes() {
		wanted[strings.ToUpper(t)] = true
	}
	var rows [][]string
	for _, r := range found {
		if r[3] == "BASE TABLE" {
			r[3] = typeTable
		}
		if len(wanted) == 0 || wanted[r[3]] {
			rows = append(rows, r)
		}
	}
	if cmd.GetIncludeSchema() {
		if err := addSchemas(ctx, session, rows); err != nil {
			return nil, err
		}
	}
	return textAnswer(schema, rows), nil
}

// traits are what a table's schema tells about a column beside its type.
type traits struct{ notNull, counts bool }

// addSchemas appends each table's serialized Arrow schema to its row.
func addSchemas(ctx context.Context, session *oxidb.Session, rows [][]string) error {
	columns, err := texts(ctx, session, "SELECT table_schema, table_name, column_name, is_nullable, is_identity, column_default FROM information_schema.columns"+
		" WHERE is_nullable = 'NO' OR is_identity = 'YES' OR column_default LIKE 'nextval(%'")
	if err != nil {
		return err
	}
	special := map[[2]string]map[string]traits{}
	for _, c := range columns {
		key := [2]string{c[0], c[1]}
		if special[key] == nil {
			special[key] = map[string]traits{}
		}
		special[key][c[2]] = traits{notNull: c[3] == "NO", counts: c[4] == "YES" || strings.HasPrefix(c[5], "nextval(")}
	}
	for i, r := range rows {
		schema := arrow.NewSchema(nil, nil)
		// A view that no longer binds has no columns to show.
		if stmt, err := session.Prepare(ctx, "SELECT * FROM "+qualified(r[1], r[2])); err == nil {
			schema = tableColumns(r[1], r[2], r[3] != typeTable, stmt.Schema(), stmt.Types(), special[[2]string{r[1], r[2]}])
		}
		rows[i] = append(r, string(flight.SerializeSchema(schema, memory.DefaultAllocator)))
	}
	return nil
}

func primaryKeys(ctx context.Context, session *oxidb.Session, cmd *pb.CommandGetPrimaryKeys) (*answer, error) {
	if otherCatalog(cmd.Catalog) {
		return recordAnswer(emptyRecord(schema_ref.PrimaryKeys)), nil
	}
	table := cmd.GetTable()
	var c condition
	c.equal("t.table_name", &table)
	c.equal("t.table_schema", cmd.DbSchema)
	c.parts = append(c.parts, "t.constraint_type = 'PRIMARY KEY'", "k.constraint_name = t.constraint_name", "k.table_schema = t.table_schema", "k.table_name = t.table_name")
	rows, err := texts(ctx, session, "SELECT t.constraint_catalog, t.table_schema, t.table_name, k.column_name, k.ordinal_position, t.constraint_name"+
		" FROM information_schema.table_constraints t, information_schema.key_column_usage k"+c.where()+" ORDER BY t.table_schema, k.ordinal_position", c.args...)
	if err != nil {
		return nil, err
	}
	return textAnswer(schema_ref.PrimaryKeys, rows), nil
}

// textAnswer delivers rows of texts and of int32 as texts.
func textAnswer(schema *arrow.Schema, rows [][]string) *answer {
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer b.Release()
	for _, row := range rows {
		for i, v := range row {
			switch f := b.Field(i).(type) {
			case *array.StringBuilder:
				f.Append(v)
			case *array.BinaryBuilder:
				f.AppendString(v)
			case *array.Int32Builder:
				n, _ := strconv.ParseInt(v, 10, 32) // a number that the engine printed
				f.Append(int32(n))
			}
		}
	}
	return recordAnswer(b.NewRecordBatch())
}

func emptyRecord(schema *arrow.Schema) arrow.RecordBatch {
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer b.Release()
	return b.NewRecordBatch()
}
