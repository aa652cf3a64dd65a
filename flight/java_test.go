package flight

import (
	"reflect"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/flight/flightsql"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// JDBC's driver writes milliseconds into parameters that are declared in microseconds: 2024 became 1970.
func TestParametersOfJava(t *testing.T) {
	f := start(t, Options{})
	f.exec("CREATE TABLE t (at timestamp, moment timestamptz, clock time, day date)")
	const insert = "INSERT INTO t VALUES ($1, $2, $3, $4)"
	units := func(c *flightsql.Client) (names []string) {
		stmt, err := c.Prepare(f.ctx, insert)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range stmt.ParameterSchema().Fields() {
			names = append(names, p.Type.String())
		}
		return names
	}
	java, err := flightsql.NewClient(f.server.Addr().String(), nil, nil, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithUserAgent("grpc-java-netty/1.71.0"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = java.Close() })
	if got, want := units(java), []string{"timestamp[ms]", "timestamp[ms, tz=UTC]", "time32[ms]", "date32"}; !reflect.DeepEqual(got, want) {
		t.Errorf("Java: %v, want %v", got, want)
	}
	if got, want := units(f.Client), []string{"timestamp[us]", "timestamp[us, tz=UTC]", "time64[us]", "date32"}; !reflect.DeepEqual(got, want) {
		t.Errorf("others: %v, want %v", got, want)
	}
	stmt, err := java.Prepare(f.ctx, insert)
	if err != nil {
		t.Fatal(err)
	}
	schema := arrow.NewSchema(stmt.ParameterSchema().Fields(), nil)
	stmt.SetParameters(record(t, schema, `[{"$1":"2024-02-29T12:34:56.789","$2":"2024-02-29T12:34:56.789Z","$3":"01:02:03.004","$4":"2024-02-29"}]`))
	if n, err := stmt.ExecuteUpdate(f.ctx); err != nil || n != 1 {
		t.Fatal(n, err)
	}
	got := f.query("SELECT at::text, moment = timestamptz '2024-02-29 12:34:56.789+00', clock::text, day::text FROM t")
	if want := [][]string{{"2024-02-29 12:34:56.789", "true", "01:02:03.004", "2024-02-29"}}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
