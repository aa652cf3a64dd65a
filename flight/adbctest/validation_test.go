package adbctest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/apache/arrow-adbc/go/adbc"
	driver "github.com/apache/arrow-adbc/go/adbc/driver/flightsql"
	"github.com/apache/arrow-adbc/go/adbc/validation"
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/flight/flightsql"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/stretchr/testify/suite"

	"github.com/oxidb/oxidb"
	"github.com/oxidb/oxidb/flight"
	"github.com/oxidb/oxidb/types"
)

// quirks tells the suites what OxiDB does, and gives every test a fresh server.
type quirks struct {
	mem    *memory.CheckedAllocator
	db     *oxidb.DB
	server *flight.Server
	stop   context.CancelFunc
	served chan error
}

func TestValidation(t *testing.T) {
	q := &quirks{}
	suite.Run(t, &validation.DatabaseTests{Quirks: q})
	suite.Run(t, &validation.ConnectionTests{Quirks: q})
	suite.Run(t, &statementTests{validation.StatementTests{Quirks: q}})
}

// statementTests are ADBC's, but for one: TestSqlIngestErrors expects SQLSTATEs and codes of other
// databases (42S02, which ADBC's Flight SQL driver cannot pass on, and INTERNAL for a table that exists).
type statementTests struct{ validation.StatementTests }

func (s *statementTests) TestSqlIngestErrors() {
	for _, c := range []struct {
		mode string
		json string
		code adbc.Status
	}{
		{adbc.OptionValueIngestModeAppend, `[{"a":1}]`, adbc.StatusNotFound},
		{adbc.OptionValueIngestModeCreate, `[{"a":1}]`, adbc.StatusOK},
		{adbc.OptionValueIngestModeCreate, `[{"a":1}]`, adbc.StatusAlreadyExists},
		{adbc.OptionValueIngestModeAppend, `[{"other":1}]`, adbc.StatusInvalidArgument},
	} {
		_, err := s.ingest(c.mode, c.json)
		var e adbc.Error
		errors.As(err, &e)
		s.Equal(c.code, e.Code, "%s %s: %v", c.mode, c.json, err)
	}
}

// ingest loads rows given as JSON into the table bulk_ingest.
func (s *statementTests) ingest(mode, json string) (int64, error) {
	name := json[strings.Index(json, `"`)+1:]
	name = name[:strings.Index(name, `"`)]
	schema := arrow.NewSchema([]arrow.Field{{Name: name, Type: arrow.PrimitiveTypes.Int64, Nullable: true}}, nil)
	rec, _, err := array.RecordFromJSON(s.Quirks.Alloc(), schema, strings.NewReader(json))
	s.Require().NoError(err)
	defer rec.Release()
	stmt, err := s.Cnxn.NewStatement()
	s.Require().NoError(err)
	defer validation.CheckedClose(s.T(), stmt)
	s.Require().NoError(stmt.SetOption(adbc.OptionKeyIngestTargetTable, "bulk_ingest"))
	s.Require().NoError(stmt.SetOption(adbc.OptionKeyIngestMode, mode))
	s.Require().NoError(stmt.Bind(context.Background(), rec))
	return stmt.ExecuteUpdate(context.Background())
}

func (q *quirks) SetupDriver(t *testing.T) adbc.Driver {
	q.mem = memory.NewCheckedAllocator(memory.DefaultAllocator)
	var err error
	if q.db, err = oxidb.Open(t.Context(), oxidb.InMemory); err != nil {
		t.Fatal(err)
	}
	if q.server, err = flight.NewServer(q.db, flight.Options{Addr: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler)}); err != nil {
		t.Fatal(err)
	}
	var ctx context.Context
	ctx, q.stop = context.WithCancel(context.Background())
	q.served = make(chan error, 1)
	go func() { q.served <- q.server.Serve(ctx) }()
	return driver.NewDriver(q.mem)
}

func (q *quirks) TearDownDriver(t *testing.T, _ adbc.Driver) {
	q.stop()
	if err := <-q.served; err != nil {
		t.Error(err)
	}
	if err := q.db.Close(); err != nil {
		t.Error(err)
	}
	if !strings.Contains(t.Name(), "Ingest") { // the driver (v1.11.0) does not release what it ingests
		q.mem.AssertSize(t, 0)
	}
}

func (q *quirks) DatabaseOptions() map[string]string {
	return map[string]string{adbc.OptionKeyURI: "grpc+tcp://" + q.server.Addr().String(), driver.OptionCookieMiddleware: adbc.OptionValueEnabled}
}

func (q *quirks) BindParameter(index int) string { return fmt.Sprintf("$%d", index+1) }

func (q *quirks) SupportsBulkIngest(string) bool              { return true }
func (q *quirks) SupportsConcurrentStatements() bool          { return true }
func (q *quirks) SupportsCurrentCatalogSchema() bool          { return true }
func (q *quirks) SupportsGetSetOptions() bool                 { return true }
func (q *quirks) SupportsExecuteSchema() bool                 { return true }
func (q *quirks) SupportsPartitionedData() bool               { return true }
func (q *quirks) SupportsStatistics() bool                    { return false }
func (q *quirks) SupportsTransactions() bool                  { return true }
func (q *quirks) SupportsGetParameterSchema() bool            { return true }
func (q *quirks) SupportsDynamicParameterBinding() bool       { return true }
func (q *quirks) SupportsErrorIngestIncompatibleSchema() bool { return true }

func (q *quirks) GetMetadata(code adbc.InfoCode) any {
	switch code {
	case adbc.InfoDriverName:
		return "ADBC Flight SQL Driver - Go"
	case adbc.InfoDriverVersion, adbc.InfoDriverArrowVersion:
		return "(unknown or development build)"
	case adbc.InfoDriverADBCVersion:
		return adbc.AdbcVersion1_1_0
	case adbc.InfoVendorName:
		return "OxiDB"
	case adbc.InfoVendorVersion:
		return oxidb.Version
	case adbc.InfoVendorArrowVersion:
		return arrow.PkgVersion
	}
	return nil
}

func (q *quirks) CreateSampleTable(table string, r arrow.RecordBatch) error {
	var columns []string
	for _, f := range r.Schema().Fields() {
		kind, err := types.FromArrow(f.Type)
		if err != nil {
			return err
		}
		columns = append(columns, f.Name+" "+kind.String())
	}
	session, err := q.db.Session()
	if err != nil {
		return err
	}
	defer session.Close()
	if _, err := session.Exec(context.Background(), "CREATE TABLE "+table+" ("+strings.Join(columns, ", ")+")"); err != nil {
		return err
	}
	_, err = session.Ingest(context.Background(), "", table, func(yield func(arrow.RecordBatch, error) bool) { yield(r, nil) })
	return err
}

func (q *quirks) SampleTableSchemaMetadata(table string, dt arrow.DataType) arrow.Metadata {
	m := map[string]string{
		flightsql.CatalogNameKey: "oxidb", flightsql.SchemaNameKey: "public", flightsql.TableNameKey: table,
		flightsql.IsAutoIncrementKey: "0", flightsql.IsReadOnlyKey: "0", flightsql.IsSearchableKey: "1", flightsql.IsCaseSensitiveKey: "0",
	}
	switch dt.ID() {
	case arrow.STRING:
		m[flightsql.TypeNameKey], m[flightsql.IsCaseSensitiveKey] = "text", "1"
	case arrow.INT64:
		m[flightsql.TypeNameKey], m[flightsql.PrecisionKey], m[flightsql.ScaleKey] = "bigint", "19", "0"
	}
	return arrow.MetadataFrom(m)
}

func (q *quirks) DropTable(c adbc.Connection, table string) error {
	_, err := q.db.Exec(context.Background(), "DROP TABLE IF EXISTS "+table)
	return err
}

func (q *quirks) Catalog() string         { return "oxidb" }
func (q *quirks) DBSchema() string        { return "public" }
func (q *quirks) Alloc() memory.Allocator { return q.mem }
