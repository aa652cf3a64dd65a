// Package pgoracle runs a private PostgreSQL 15 server as the oracle of OxiDB's SQL tests. It is a Go
// module of its own, so that the PostgreSQL client is no dependency of OxiDB.
//
//	go test ./...                                check every slt file against PostgreSQL
//	go test ./... -run SLT -rewrite              write PostgreSQL's answers into the slt files
//	go test ./... -run SLT/joins -rewrite        ... of one topic
package pgoracle
