package flight

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/oxidb/oxidb/sqlerr"
)

// errorDomain is the domain of the ErrorInfo detail.
const errorDomain = "oxidb"

// maxErrorText bounds each text of a status: many clients refuse more than 8 KiB of trailers.
const maxErrorText = 2000

// SQLSTATEs of sessions and transactions that only the server raises.
const (
	stateNoSession    sqlerr.State = "08003" // connection_does_not_exist
	stateIdleTooLong  sqlerr.State = "57P05" // idle_session_timeout
	stateProtocol     sqlerr.State = "08P01" // protocol_violation
	stateUnauthorized sqlerr.State = "28000" // invalid_authorization_specification
)

// statusOf turns any error into a gRPC status; sql is the text that positions refer to.
func statusOf(err error, sql string) error {
	if err == nil {
		return nil
	}
	var e *sqlerr.Error
	if !errors.As(err, &e) {
		if _, ok := status.FromError(err); ok {
			return err
		}
		e = plainError(err)
	}
	st := status.New(codeOf(e.State), messageOf(e, sql))
	detailed, derr := st.WithDetails(detailOf(e, sql))
	if derr != nil { // only a text that is no UTF-8 fails, and shorten repairs those
		return st.Err()
	}
	return detailed.Err()
}

// plainError gives an error without SQLSTATE its own.
func plainError(err error) *sqlerr.Error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return sqlerr.New(sqlerr.QueryCanceled, "canceling statement: %w", err)
	}
	return sqlerr.New(sqlerr.InternalError, "%w", err)
}

// codeOf maps a SQLSTATE to the gRPC code that clients branch on.
func codeOf(s sqlerr.State) codes.Code {
	switch s {
	case sqlerr.UndefinedTable, sqlerr.UndefinedFile, sqlerr.InvalidSchemaName, sqlerr.InvalidCatalogName, sqlerr.InvalidStatementName:
		return codes.NotFound
	case sqlerr.DuplicateTable, sqlerr.DuplicateSchema, sqlerr.DuplicateObject, sqlerr.DuplicateStatement, sqlerr.DuplicateFile:
		return codes.AlreadyExists
	case sqlerr.QueryCanceled:
		return codes.Canceled
	case sqlerr.AdminShutdown:
		return codes.Unavailable
	case sqlerr.DataCorrupted, sqlerr.IndexCorrupted:
		return codes.DataLoss
	}
	switch s[:2] {
	case "42", "22", "23", "21", "08", "07":
		return codes.InvalidArgument
	case "0A":
		return codes.Unimplemented
	case "40":
		return codes.Aborted
	case "53", "54":
		return codes.ResourceExhausted
	case "25", "55", "57", "2B", "3B":
		return codes.FailedPrecondition
	case "28":
		return codes.Unauthenticated
	}
	return codes.Internal
}

// messageOf is one line: what, SQLSTATE, where, and the hint.
func messageOf(e *sqlerr.Error, sql string) string {
	var b strings.Builder
	b.WriteString(e.Error())
	if at, ok := positionOf(e, sql); ok {
		b.WriteString(" at line " + strconv.Itoa(at.Line) + ", column " + strconv.Itoa(at.Column))
	}
	if e.Detail != "" {
		b.WriteString("; detail: " + e.Detail)
	}
	if e.Hint != "" {
		b.WriteString("; hint: " + e.Hint)
	}
	return shorten(b.String())
}

func positionOf(e *sqlerr.Error, sql string) (sqlerr.Position, bool) {
	if e.Pos < 0 || sql == "" {
		return sqlerr.Position{}, false
	}
	return sqlerr.PositionIn(sql, e.Pos), true
}

func detailOf(e *sqlerr.Error, sql string) *errdetails.ErrorInfo {
	m := map[string]string{"sqlstate": string(e.State), "message": shorten(e.Message)}
	if at, ok := positionOf(e, sql); ok {
		m["position"] = strconv.Itoa(e.Pos)
		m["line"], m["column"] = strconv.Itoa(at.Line), strconv.Itoa(at.Column)
	}
	if e.Detail != "" {
		m["detail"] = shorten(e.Detail)
	}
	if e.Hint != "" {
		m["hint"] = shorten(e.Hint)
	}
	return &errdetails.ErrorInfo{Reason: string(e.State), Domain: errorDomain, Metadata: m}
}

// shorten makes a text valid UTF-8 of bounded length.
func shorten(s string) string {
	if len(s) > maxErrorText {
		s = s[:maxErrorText] + "…"
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}
