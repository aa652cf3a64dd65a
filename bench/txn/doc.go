// Command txn measures transactions: OxiDB beside PostgreSQL 15, SQLite and DuckDB on the same
// directory, in turns, and what the disk itself can do beside them.
//
//	txn commits    single-row inserts by a prepared statement, each a transaction, of 1 and 32 clients
//	txn storage    OxiDB alone: bulk appends, recovery, point queries
//	txn short      point queries, small aggregates and inserted rows by prepared statements, all databases in
//	               memory: OxiDB in process and behind Flight SQL, SQLite, DuckDB (in Python, whose share is
//	               in its figures)
//
// Every engine waits for the disk at each commit: OxiDB with synchronous_commit = on, PostgreSQL with
// its defaults, SQLite with journal_mode = WAL and synchronous = FULL, DuckDB as it always does.
package main
