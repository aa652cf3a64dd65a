// Package flight serves a database over Arrow Flight SQL.
//
// It knows the embedding API alone: a client's transaction, cookie session or single statement is an
// oxidb.Session, its answer an oxidb.Result written batch by batch to the stream. A query is executed
// when the client fetches: GetFlightInfo plans, DoGet executes.
//
// What the package keeps:
//
//	F1: a failure ends the stream with a gRPC status, never with a clean end; its message carries the
//	    SQLSTATE and the position, its details a google.rpc.ErrorInfo.
//	F2: a statement that changes data or the session runs once, inside GetFlightInfo, however often its
//	    ticket is redeemed.
//	F3: the schema that a FlightInfo declares is the very schema of the stream's batches.
//	F4: a message is at most maxMessageBytes long, unless a single row is longer.
//	F5: whatever a client holds (transaction, session, prepared statement, unfetched result) ends by
//	    itself when it is not used, and its number is bounded.
//	F6: a panic in a handler is that call's error XX000; the process lives.
package flight
