// Package compare runs TPC-H on OxiDB and other engines in turns and reports how they compare.
//
// Every engine, OxiDB included, is a process of its own that speaks the protocol of
// bench/tpch/peer/protocol.py, so that each has its memory measured alone and all are timed alike: plan,
// execution and the result as Arrow, inside their process. A round runs every query on every engine, one
// after the other; who is first changes from query to query and from round to round. All results of the
// first round are compared, value by value.
package compare
