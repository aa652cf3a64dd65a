// Package dbgen generates the eight tables of TPC-H, value for value those of the official generator
// (TPC-H specification 3.0.1, clause 4.2), at any scale factor and from any row.
//
// Every column draws from a random stream of its own: Lehmer's minimal standard generator (Park and
// Miller 1988) from a fixed seed. A row may use up a fixed number of draws and leaves the unused ones
// out, so that the state before any row is one modular power away. This is why tables are made column
// by column, in chunks that need nothing from each other.
//
// G1: a value depends on the scale, its column and its row number, never on chunks, parts or workers.
// G2: every chunk of a part but the last has exactly Options.BatchRows rows; lineitem chunks may begin
// and end inside an order.
// G3: a Dictionary is sorted, has no duplicates and is the same pointer in all batches of a process.
package dbgen
