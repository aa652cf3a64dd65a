// Package tpch holds what TPC-H takes: the schema, the 22 queries with the specification's validation
// parameters (clause 2.4), the answers they must give, and the data as files. Package dbgen makes the
// data itself.
package tpch

import (
	"embed"
	"fmt"
	"strings"

	"github.com/oxidb/oxidb/bench/tpch/dbgen"
)

// QueryCount is the number of queries; they are numbered from 1.
const QueryCount = 22

//go:embed queries
var queryFiles embed.FS

//go:embed schema.sql
var schema string

// Tables lists the names of the eight tables, referenced ones first.
func Tables() []string {
	var names []string
	for _, t := range dbgen.Tables() {
		names = append(names, t.String())
	}
	return names
}

// Schema is the CREATE TABLE statements in the order of Tables, with NOT NULL and primary keys.
func Schema() []string {
	var statements []string
	for _, s := range strings.SplitAfter(schema, ";") {
		if s = strings.TrimSpace(s); s != "" {
			statements = append(statements, s)
		}
	}
	return statements
}

// Queries are the 22 query texts in order: Queries()[0] is Q1. They are the same at every scale factor,
// which for Q11 means the FRACTION of scale factor 1.
func Queries() []string {
	queries := make([]string, QueryCount)
	for i := range queries {
		queries[i] = Query(i + 1)
	}
	return queries
}

// Query is the text of query number 1..QueryCount; it panics for others.
func Query(number int) string {
	text, err := queryFiles.ReadFile(fmt.Sprintf("queries/q%02d.sql", number))
	if err != nil {
		panic(fmt.Sprintf("tpch: no query %d", number))
	}
	return string(text)
}
