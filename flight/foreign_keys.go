package flight

import (
	"context"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/flight/flightsql/schema_ref"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/oxidb/oxidb"
)

// keyTable is the table on one side of foreign keys.
type keyTable struct {
	catalog, schema *string
	table           string
}

// updateDeleteRules are the protocol's numbers of referential actions.
var updateDeleteRules = map[string]uint8{"CASCADE": 0, "RESTRICT": 1, "SET NULL": 2, "NO ACTION": 3, "SET DEFAULT": 4}

// foreignKeys lists the columns of the foreign keys from one table to another; nil stands for any.
func foreignKeys(ctx context.Context, session *oxidb.Session, primary, foreign *keyTable) (*answer, error) {
	schema := schema_ref.ImportedExportedKeysAndCrossReference
	var c condition
	order := "fk_table_schema, fk_table_name, fk_name, key_sequence"
	for side, k := range map[string]*keyTable{"pk": primary, "fk": foreign} {
		if k == nil {
			continue
		}
		if otherCatalog(k.catalog) {
			return recordAnswer(emptyRecord(schema)), nil
		}
		c.equal(side+"_table_name", &k.table)
		c.equal(side+"_table_schema", k.schema)
	}
	if primary == nil {
		order = "pk_table_schema, pk_table_name, fk_name, key_sequence"
	}
	rows, err := texts(ctx, session, "SELECT pk_table_schema, pk_table_name, pk_column_name, fk_table_schema, fk_table_name, fk_column_name, fk_name, pk_name, update_rule, delete_rule"+
		" FROM information_schema.foreign_keys"+c.where()+" ORDER BY "+order, c.args...)
	if err != nil {
		return nil, err
	}
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer b.Release()
	name, sequence := "", int32(0)
	for _, r := range rows {
		if of := r[3] + "." + r[4] + "." + r[6]; of != name {
			name, sequence = of, 0
		}
		sequence++
		for i, v := range []string{catalogName, r[0], r[1], r[2], catalogName, r[3], r[4], r[5]} {
			b.Field(i).(*array.StringBuilder).Append(v)
		}
		b.Field(8).(*array.Int32Builder).Append(sequence)
		b.Field(9).(*array.StringBuilder).Append(r[6])
		b.Field(10).(*array.StringBuilder).Append(r[7])
		b.Field(11).(*array.Uint8Builder).Append(updateDeleteRules[r[8]])
		b.Field(12).(*array.Uint8Builder).Append(updateDeleteRules[r[9]])
	}
	return recordAnswer(b.NewRecordBatch()), nil
}
