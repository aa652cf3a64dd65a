// Package pgoracle runs a private PostgreSQL 15 server as the oracle of OxiDB's SQL tests. It is a Go
// module of its own, so that the PostgreSQL client is no dependency of OxiDB.
//
//	go test -count=1 ./...                              check every slt file against PostgreSQL
//	go test -count=1 ./... -run SLT -rewrite            write PostgreSQL's answers into the slt files
//	go test -count=1 ./... -run SLT/joins -rewrite      ... of one topic
//
// -count=1 is needed because Go's test cache does not notice changes of files outside the module.
// Where PostgreSQL 15 is absent the tests skip and print why.
package pgoracle
