// Package adbctest runs the validation suites of Arrow's ADBC against an OxiDB server, with ADBC's own
// Flight SQL driver. It is a module of its own, so that the engine does not depend on ADBC.
package adbctest
