package flight

import (
	"maps"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/flight/flightsql"
	"github.com/apache/arrow-go/v18/arrow/flight/flightsql/schema_ref"
	pb "github.com/apache/arrow-go/v18/arrow/flight/gen/flight"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/oxidb/oxidb"
	"github.com/oxidb/oxidb/function/builtin"
	"github.com/oxidb/oxidb/parser"
	"github.com/oxidb/oxidb/types"
)

// arrowVersion is the version of the Arrow library in use.
const arrowVersion = arrow.PkgVersion

// sqlInfos are the server's properties. A value's Go type decides the member of the union that clients
// look into: string, bool, int64, int32 (also bit masks), []string, map[int32][]int32.
func sqlInfos() map[flightsql.SqlInfo]any {
	infos := map[flightsql.SqlInfo]any{}
	for _, part := range []map[flightsql.SqlInfo]any{serverInfos(), languageInfos(), objectInfos(), limitInfos(), transactionInfos(), functionInfos()} {
		maps.Copy(infos, part)
	}
	return infos
}

func serverInfos() map[flightsql.SqlInfo]any {
	return map[flightsql.SqlInfo]any{
		flightsql.SqlInfoFlightSqlServerName:                        "OxiDB",
		flightsql.SqlInfoFlightSqlServerVersion:                     oxidb.Version,
		flightsql.SqlInfoFlightSqlServerArrowVersion:                arrowVersion,
		flightsql.SqlInfoFlightSqlServerReadOnly:                    false,
		flightsql.SqlInfoFlightSqlServerSql:                         true,
		flightsql.SqlInfoFlightSqlServerSubstrait:                   false,
		flightsql.SqlInfoFlightSqlServerSubstraitMinVersion:         "",
		flightsql.SqlInfoFlightSqlServerSubstraitMaxVersion:         "",
		flightsql.SqlInfoFlightSqlServerTransaction:                 int32(flightsql.SqlTransactionSavepoint),
		flightsql.SqlInfoFlightSqlServerCancel:                      true,
		flightsql.SqlInfoFlightSqlServerBulkIngestion:               true,
		flightsql.SqlInfoFlightSqlServerIngestTransactionsSupported: true,
		flightsql.SqlInfoFlightSqlServerStatementTimeout:            int32(0),
		flightsql.SqlInfoFlightSqlServerTransactionTimeout:          int32(0),
	}
}

func languageInfos() map[flightsql.SqlInfo]any {
	return map[flightsql.SqlInfo]any{
		flightsql.SqlInfoIdentifierCase:                         int32(flightsql.SqlCaseSensitivityLowerCase),
		flightsql.SqlInfoIdentifierQuoteChar:                    `"`,
		flightsql.SqlInfoQuotedIdentifierCase:                   int32(flightsql.SqlCaseSensitivityUnknown), // kept as written
		flightsql.SqlInfoNullOrdering:                           int32(flightsql.SqlNullOrderingSortHigh),
		flightsql.SqlInfoKeywords:                               keywords(),
		flightsql.SqlInfoSearchStringEscape:                     `\`,
		flightsql.SqlInfoExtraNameChars:                         "$",
		flightsql.SqlInfoSupportsColumnAliasing:                 true,
		flightsql.SqlInfoNullPlusNullIsNull:                     true,
		flightsql.SqlInfoSupportsConvert:                        conversions(),
		flightsql.SqlInfoSupportsTableCorrelationNames:          true,
		flightsql.SqlInfoSupportsDifferentTableCorrelationNames: false,
		flightsql.SqlInfoSupportsExpressionsInOrderBy:           true,
		flightsql.SqlInfoSupportsOrderByUnrelated:               true,
		flightsql.SqlInfoSupportedGroupBy:                       mask(pb.SqlSupportedGroupBy_SQL_GROUP_BY_UNRELATED, pb.SqlSupportedGroupBy_SQL_GROUP_BY_BEYOND_SELECT),
		flightsql.SqlInfoSupportsLikeEscapeClause:               true,
		flightsql.SqlInfoSupportedGrammar:                       mask(pb.SupportedSqlGrammar_SQL_MINIMUM_GRAMMAR, pb.SupportedSqlGrammar_SQL_CORE_GRAMMAR),
		flightsql.SqlInfoANSI92SupportedLevel:                   mask(pb.SupportedAnsi92SqlGrammarLevel_ANSI92_ENTRY_SQL),
		flightsql.SqlInfoSupportsIntegrityEnhancementFacility:   true,
		flightsql.SqlInfoOuterJoinsSupportLevel:                 int32(pb.SqlOuterJoinsSupportLevel_SQL_FULL_OUTER_JOINS),
		flightsql.SqlInfoSupportedSubqueries: mask(pb.SqlSupportedSubqueries_SQL_SUBQUERIES_IN_COMPARISONS, pb.SqlSupportedSubqueries_SQL_SUBQUERIES_IN_EXISTS,
			pb.SqlSupportedSubqueries_SQL_SUBQUERIES_IN_INS, pb.SqlSupportedSubqueries_SQL_SUBQUERIES_IN_QUANTIFIEDS),
		flightsql.SqlInfoCorrelatedSubqueriesSupported: true,
		flightsql.SqlInfoSupportedUnions:               mask(pb.SqlSupportedUnions_SQL_UNION, pb.SqlSupportedUnions_SQL_UNION_ALL),
		flightsql.SqlInfoSupportedPositionedCommands:   int32(0),
		flightsql.SqlInfoSelectForUpdateSupported:      false,
		flightsql.SqlInfoStoredProceduresSupported:     false, // not in JDBC's escape syntax
	}
}

func objectInfos() map[flightsql.SqlInfo]any {
	return map[flightsql.SqlInfo]any{
		flightsql.SqlInfoDDLCatalog:                 false,
		flightsql.SqlInfoDDLSchema:                  true,
		flightsql.SqlInfoDDLTable:                   true,
		flightsql.SqlInfoAllTablesAreASelectable:    true,
		flightsql.SqlInfoSupportsNonNullableColumns: true,
		flightsql.SqlInfoSchemaTerm:                 "schema",
		flightsql.SqlInfoProcedureTerm:              "procedure",
		flightsql.SqlInfoCatalogTerm:                "catalog",
		flightsql.SqlInfoCatalogAtStart:             true,
		flightsql.SqlInfoSchemasSupportedActions:    mask(pb.SqlSupportedElementActions_SQL_ELEMENT_IN_INDEX_DEFINITIONS),
		flightsql.SqlInfoCatalogsSupportedActions:   int32(0),
	}
}

// limitInfos are the limits; 0 is none or unknown.
func limitInfos() map[flightsql.SqlInfo]any {
	infos := map[flightsql.SqlInfo]any{flightsql.SqlInfoMaxRowSizeIncludesBlobs: true}
	for id := flightsql.SqlInfoMaxBinaryLiteralLen; id <= flightsql.SqlInfoMaxUsernameLen; id++ {
		if id != flightsql.SqlInfoMaxRowSizeIncludesBlobs {
			infos[id] = int64(0)
		}
	}
	return infos
}

func transactionInfos() map[flightsql.SqlInfo]any {
	forward := mask(pb.SqlSupportedResultSetType_SQL_RESULT_SET_TYPE_FORWARD_ONLY)
	readOnly := mask(pb.SqlSupportedResultSetConcurrency_SQL_RESULT_SET_CONCURRENCY_READ_ONLY)
	return map[flightsql.SqlInfo]any{
		flightsql.SqlInfoDefaultTransactionIsolation: int32(pb.SqlTransactionIsolationLevel_SQL_TRANSACTION_REPEATABLE_READ),
		flightsql.SqlInfoTransactionsSupported:       true,
		flightsql.SqlInfoSupportedTransactionsIsolationlevels: mask(pb.SqlTransactionIsolationLevel_SQL_TRANSACTION_REPEATABLE_READ,
			pb.SqlTransactionIsolationLevel_SQL_TRANSACTION_SERIALIZABLE),
		flightsql.SqlInfoDataDefinitionCausesTransactionCommit:               false,
		flightsql.SqlInfoDataDefinitionsInTransactionsIgnored:                false,
		flightsql.SqlInfoSupportedResultSetTypes:                             forward,
		flightsql.SqlInfoSupportedConcurrenciesForResultSetUnspecified:       int32(0),
		flightsql.SqlInfoSupportedConcurrenciesForResultSetForwardOnly:       readOnly,
		flightsql.SqlInfoSupportedConcurrenciesForResultSetScrollSensitive:   int32(0),
		flightsql.SqlInfoSupportedConcurrenciesForResultSetScrollInsensitive: int32(0),
		flightsql.SqlInfoBatchUpdatesSupported:                               true,
		flightsql.SqlInfoSavePointsSupported:                                 true,
		flightsql.SqlInfoNamedParametersSupported:                            false,
		flightsql.SqlInfoLocatorsUpdateCopy:                                  false,
		flightsql.SqlInfoStoredFunctionsUsingCallSyntaxSupported:             false,
	}
}

// functionInfos lists JDBC's functions by family, those that exist under the same name.
func functionInfos() map[flightsql.SqlInfo]any {
	known := map[string]bool{}
	for _, name := range builtin.New().Names() {
		known[name] = true
	}
	existing := func(names string) []string {
		return slices.DeleteFunc(strings.Fields(names), func(n string) bool { return !known[n] })
	}
	return map[flightsql.SqlInfo]any{
		flightsql.SqlInfoNumericFunctions:  existing("abs acos asin atan atan2 cbrt ceil ceiling cos cot degrees div exp floor ln log log10 mod pi power radians random round sign sin sqrt tan trunc"),
		flightsql.SqlInfoStringFunctions:   existing("ascii bit_length btrim char_length character_length chr concat concat_ws initcap left length lower lpad ltrim md5 octet_length overlay position repeat replace reverse right rpad rtrim split_part starts_with strpos substr substring translate trim upper"),
		flightsql.SqlInfoSystemFunctions:   existing("coalesce current_catalog current_database current_schema current_user greatest least nullif user version"),
		flightsql.SqlInfoDateTimeFunctions: existing("age clock_timestamp current_date current_time current_timestamp date_part date_trunc extract localtime localtimestamp make_date make_interval make_time make_timestamp now to_timestamp"),
	}
}

func keywords() []string {
	var words []string
	for _, k := range parser.Keywords() {
		words = append(words, strings.ToUpper(k.Word))
	}
	return words
}

// mask is a bit mask of enumeration values.
func mask[E ~int32](values ...E) int32 {
	var m int32
	for _, v := range values {
		m |= 1 << v
	}
	return m
}

// conversions lists for every type the types that CAST makes of it.
func conversions() map[int32][]int32 {
	codes := []struct {
		t    types.Type
		code pb.SqlSupportsConvert
	}{
		{types.TBigInt, flightsql.SqlConvertBigInt}, {types.TBytea, flightsql.SqlConvertVarbinary}, {types.TBoolean, flightsql.SqlConvertBit},
		{types.Type{Kind: types.Char, Length: 1}, flightsql.SqlConvertChar}, {types.TDate, flightsql.SqlConvertDate}, {types.TNumeric(38, 0), flightsql.SqlConvertDecimal},
		{types.TDouble, flightsql.SqlConvertFloat}, {types.TInteger, flightsql.SqlConvertInteger}, {types.TNumeric(38, 0), flightsql.SqlConvertNumeric},
		{types.TReal, flightsql.SqlConvertReal}, {types.TSmallInt, flightsql.SqlConvertSmallInt}, {types.TTime, flightsql.SqlConvertTime},
		{types.TTimestamp, flightsql.SqlConvertTimestamp}, {types.TText, flightsql.SqlConvertVarchar},
	}
	out := map[int32][]int32{}
	for _, from := range codes {
		for _, to := range codes {
			if types.Castable(from.t, to.t) {
				out[int32(from.code)] = append(out[int32(from.code)], int32(to.code))
			}
		}
	}
	return out
}

// sqlInfoRecord makes the rows of infos, in order of their ids.
func sqlInfoRecord(infos map[flightsql.SqlInfo]any) arrow.RecordBatch {
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema_ref.SqlInfo)
	defer b.Release()
	for _, id := range slices.Sorted(maps.Keys(infos)) {
		b.Field(0).(*array.Uint32Builder).Append(uint32(id))
		appendInfo(b.Field(1).(*array.DenseUnionBuilder), infos[id])
	}
	return b.NewRecordBatch()
}

// appendInfo adds a value to the member of the union that has its type.
func appendInfo(u *array.DenseUnionBuilder, value any) {
	switch v := value.(type) {
	case string:
		u.Append(0)
		u.Child(0).(*array.StringBuilder).Append(v)
	case bool:
		u.Append(1)
		u.Child(1).(*array.BooleanBuilder).Append(v)
	case int64:
		u.Append(2)
		u.Child(2).(*array.Int64Builder).Append(v)
	case int32:
		u.Append(3)
		u.Child(3).(*array.Int32Builder).Append(v)
	case []string:
		u.Append(4)
		list := u.Child(4).(*array.ListBuilder)
		list.Append(true)
		list.ValueBuilder().(*array.StringBuilder).AppendValues(v, nil)
	case map[int32][]int32:
		u.Append(5)
		m := u.Child(5).(*array.MapBuilder)
		m.Append(true)
		for _, key := range slices.Sorted(maps.Keys(v)) {
			m.KeyBuilder().(*array.Int32Builder).Append(key)
			list := m.ItemBuilder().(*array.ListBuilder)
			list.Append(true)
			list.ValueBuilder().(*array.Int32Builder).AppendValues(v[key], nil)
		}
	}
}

// selectInfos gives the rows of the wanted ids, all for none. Ids that the server does not know are
// left out: clients ask for newer ones, too.
func (s *service) selectInfos(wanted []uint32) arrow.RecordBatch {
	if len(wanted) == 0 {
		s.allInfos.Retain()
		return s.allInfos
	}
	found := map[flightsql.SqlInfo]any{}
	for _, id := range wanted {
		if v, ok := s.infos[flightsql.SqlInfo(id)]; ok {
			found[flightsql.SqlInfo(id)] = v
		}
	}
	return sqlInfoRecord(found)
}
