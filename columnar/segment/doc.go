// Package segment is the stored form of a table's chunks: builders that collect a column's rows and
// close them into the narrowest vector that holds them, the zone maps that describe each chunk, and
// the Parquet files in which sealed chunks lie, one row group each.
//
// S1: a closed vector never changes; it is Shared, and Bounded with exact Lo and Hi when its layout is
// an integer one and it has a value that is not NULL.
// S2: what is read back from a file equals what was closed: the same layout, base and values.
// S3: a column chunk is checked against its CRC32C before a byte of it is decoded.
package segment

// MaxRows is the largest number of rows of a chunk, and so of a Parquet row group. It is a multiple
// of columnar.BatchSize.
const MaxRows = 122_880
