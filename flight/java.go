package flight

import (
	"context"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"google.golang.org/grpc/metadata"
)

// fromJava reports whether a call comes from gRPC's Java client, as JDBC's calls do.
func fromJava(ctx context.Context) bool {
	headers, _ := metadata.FromIncomingContext(ctx)
	return strings.HasPrefix(first(headers.Get("user-agent")), "grpc-java")
}

// inMilliseconds declares times and timestamps in milliseconds. Arrow's JDBC driver (18.3.0, 19.0.0) writes
// milliseconds into parameters whatever their unit: in microseconds they would be other times, silently.
func inMilliseconds(schema *arrow.Schema) *arrow.Schema {
	fields := slices.Clone(schema.Fields())
	for i := range fields {
		switch t := fields[i].Type.(type) {
		case *arrow.TimestampType:
			fields[i].Type = &arrow.TimestampType{Unit: arrow.Millisecond, TimeZone: t.TimeZone}
		case *arrow.Time64Type:
			fields[i].Type = arrow.FixedWidthTypes.Time32ms
		}
	}
	return arrow.NewSchema(fields, nil)
}
