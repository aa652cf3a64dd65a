package flight

import (
	"context"
	"strings"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/oxidb/oxidb/sqlerr"
)

// Clients tell mistakes of the statement from those of the server by the code.
func TestCodes(t *testing.T) {
	for state, want := range map[sqlerr.State]codes.Code{
		sqlerr.SyntaxError: codes.InvalidArgument, sqlerr.DivisionByZero: codes.InvalidArgument, sqlerr.UniqueViolation: codes.InvalidArgument,
		sqlerr.UndefinedTable: codes.NotFound, sqlerr.DuplicateTable: codes.AlreadyExists, sqlerr.FeatureNotSupported: codes.Unimplemented,
		sqlerr.SerializationFailure: codes.Aborted, sqlerr.QueryCanceled: codes.Canceled, sqlerr.OutOfMemory: codes.ResourceExhausted,
		sqlerr.NoActiveTransaction: codes.FailedPrecondition, sqlerr.AdminShutdown: codes.Unavailable, sqlerr.InternalError: codes.Internal,
		sqlerr.IOError: codes.Internal, sqlerr.DataCorrupted: codes.DataLoss,
	} {
		if got := status.Code(statusOf(sqlerr.New(state, "x"), "")); got != want {
			t.Errorf("%s: %s, want %s", state, got, want)
		}
	}
	if got := status.Code(statusOf(context.Canceled, "")); got != codes.Canceled {
		t.Errorf("a cancelled context: %s", got)
	}
}

func TestErrorDetails(t *testing.T) {
	sql := "SELECT 1,\n  grün, x"
	err := statusOf(sqlerr.At(sqlerr.UndefinedColumn, strings.Index(sql, "x"), -1, "column \"x\" does not exist").WithHint("Try y."), sql)
	st := status.Convert(err)
	if want := `column "x" does not exist (SQLSTATE 42703) at line 2, column 9; hint: Try y.`; st.Message() != want {
		t.Errorf("message %q, want %q", st.Message(), want)
	}
	info, ok := st.Details()[0].(*errdetails.ErrorInfo)
	if !ok || info.GetReason() != "42703" || info.GetMetadata()["line"] != "2" || info.GetMetadata()["hint"] != "Try y." {
		t.Errorf("details %v", st.Details())
	}
}

// A message in a trailer that is too long, or no UTF-8, would replace the error by one of the transport.
func TestErrorTextIsBoundedUTF8(t *testing.T) {
	st := status.Convert(statusOf(sqlerr.New(sqlerr.SyntaxError, "%s", strings.Repeat("ü\xff", 100_000)), ""))
	if len(st.Message()) > 3*maxErrorText || !strings.Contains(st.Message(), "ü\uFFFD") || len(st.Details()) != 1 {
		t.Errorf("a message of %d bytes with %d details", len(st.Message()), len(st.Details()))
	}
}
