package flight

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/flight/flightsql"

	"github.com/oxidb/oxidb/types"
)

// described adds to a result's columns what Flight SQL's clients ask about their types.
func described(schema *arrow.Schema, kinds []types.Type) *arrow.Schema {
	fields := slices.Clone(schema.Fields())
	for i := range fields {
		if i < len(kinds) {
			fields[i].Metadata = withMetadata(fields[i].Metadata, typeMetadata(kinds[i]))
		}
	}
	return arrow.NewSchema(fields, nil)
}

// typeMetadata describes a type: PostgreSQL's name, digits, and how values compare.
func typeMetadata(t types.Type) map[string]string {
	m := map[string]string{
		flightsql.TypeNameKey:        t.Kind.String(),
		flightsql.IsCaseSensitiveKey: flag(t.IsText()),
		flightsql.IsSearchableKey:    flag(true),
		flightsql.IsAutoIncrementKey: flag(false),
		flightsql.IsReadOnlyKey:      flag(true),
	}
	if p := precisionOf(t); p > 0 {
		m[flightsql.PrecisionKey] = strconv.Itoa(p)
	}
	if s, ok := scaleOf(t); ok {
		m[flightsql.ScaleKey] = strconv.Itoa(s)
	}
	return m
}

// precisionOf is the number of decimal digits of a number, the length of a text or 0, and the width in
// characters of a date or time.
func precisionOf(t types.Type) int {
	switch t.Kind {
	case types.Boolean:
		return 1
	case types.SmallInt:
		return 5
	case types.Integer:
		return 10
	case types.BigInt:
		return 19
	case types.Real:
		return 7
	case types.Double:
		return 15
	case types.Numeric:
		return int(t.Precision)
	case types.Varchar, types.Char:
		return int(t.Length)
	case types.Date:
		return len("2000-01-01")
	case types.Time:
		return len("00:00:00.000000")
	case types.Timestamp:
		return len("2000-01-01 00:00:00.000000")
	case types.TimestampTZ:
		return len("2000-01-01 00:00:00.000000+00")
	case types.UUID:
		return 36
	}
	return 0
}

// scaleOf is the number of digits behind the point, where the type has one.
func scaleOf(t types.Type) (int, bool) {
	switch t.Kind {
	case types.SmallInt, types.Integer, types.BigInt:
		return 0, true
	case types.Numeric:
		return int(t.Scale), true
	case types.Time, types.Timestamp, types.TimestampTZ:
		return 6, true
	}
	return 0, false
}

// tableColumns is the schema of a table's or view's columns as GetTables gives it.
func tableColumns(schema, table string, readOnly bool, columns *arrow.Schema, kinds []types.Type, special map[string]traits) *arrow.Schema {
	fields := slices.Clone(columns.Fields())
	for i := range fields {
		m := typeMetadata(kinds[i])
		m[flightsql.CatalogNameKey], m[flightsql.SchemaNameKey], m[flightsql.TableNameKey] = catalogName, schema, table
		m[flightsql.IsReadOnlyKey] = flag(readOnly)
		m[flightsql.IsAutoIncrementKey] = flag(special[fields[i].Name].counts)
		fields[i].Metadata = withMetadata(fields[i].Metadata, m)
		fields[i].Nullable = !special[fields[i].Name].notNull
	}
	return arrow.NewSchema(fields, nil)
}

// withMetadata adds to a field's metadata, in a fixed order of keys.
func withMetadata(have arrow.Metadata, add map[string]string) arrow.Metadata {
	keys, values := slices.Clone(have.Keys()), slices.Clone(have.Values())
	for _, k := range slices.Sorted(maps.Keys(add)) {
		keys, values = append(keys, k), append(values, add[k])
	}
	return arrow.NewMetadata(keys, values)
}

func flag(b bool) string {
	if b {
		return "1"
	}
	return "0"
}

// quote writes a name as a SQL identifier.
func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// qualified writes a table's name; an empty schema leaves it to the search path.
func qualified(schema, table string) string {
	if schema == "" {
		return quote(table)
	}
	return quote(schema) + "." + quote(table)
}
