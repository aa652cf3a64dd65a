// Package sqltest runs sqllogictest files against a database: the text files under slt/ are the
// meaning of SQL in OxiDB, and every expected answer in them was written by PostgreSQL 15 (see
// sqltest/pgoracle).
//
// A file is a sequence of records separated by blank lines; lines that start with # between records
// are comments. The records:
//
//	statement ok                      the statement succeeds
//	statement count N                 it succeeds and affects N rows
//	statement error 22012             it fails with this SQLSTATE
//	statement error 22012 by zero     ... and its message matches the regular expression
//	statement error by zero           it fails and its message matches the regular expression
//	query TYPES [SORT] [colnames] [coltypes] [LABEL]
//	                                  SQL, a line ----, then the expected rows
//	hash-threshold N                  rewriting prints results of more than N values as a hash
//	skipif NAME / onlyif NAME         the next record depends on the engine's or configuration's name
//	connection NAME                   the next record runs on this connection, opened on first use
//	halt                              the rest of the file is not run
//	include PATH                      the records of another file, relative to this one
//	loop VAR FROM TO ... endloop      body for VAR = FROM .. TO-1; $VAR and ${VAR} are replaced
//	foreach VAR A B C ... endloop     body for each word
//
// TYPES has one letter a column: I prints an integer (fractions cut, booleans as 1 and 0), R prints
// three decimals, T prints PostgreSQL's text. NULL prints as NULL, the empty text as (empty), control
// characters as backslash escapes, a space at a value's end as \x20. SORT is nosort (the default), rowsort or valuesort.
//
// Results stand one row a line with tabs between values, or one value a line (the SQLite form), or as
// "30 values hashing to MD5". colnames and coltypes put a line of column names, then of type names,
// before the rows. Queries of one label in one file must give the same values.
package sqltest
