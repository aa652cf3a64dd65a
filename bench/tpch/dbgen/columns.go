package dbgen

// Columns is a batch of rows of one table as plain slices, one Column per field, without NULLs.
type Columns struct {
	Table    Table
	FirstRow int64 // the number of the first row in the whole table, from 0
	Rows     int
	Cols     []Column
}

// Column is a column of a batch; its Field says which slices are set.
type Column struct {
	Field

	I64     []int64  // BigInt and Decimal (hundredths), Rows long
	I32     []int32  // Integer and Date (days since 1970-01-01), Rows long
	Codes   []uint8  // Dict: positions in Field.Dict.Values, Rows long
	Offsets []uint32 // Text: row i is Bytes[Offsets[i]:Offsets[i+1]]; Rows+1 long, the first is 0
	Bytes   []byte   // Text
}

// reset prepares for rows of a chunk, with slices of the right length and unspecified content. Memory
// is reused when it suffices.
func (c *Columns) reset(table Table, firstRow int64, rows int) {
	fields := table.Fields()
	if c.Table != table || len(c.Cols) != len(fields) {
		c.Cols = make([]Column, len(fields))
	}
	c.Table, c.FirstRow, c.Rows = table, firstRow, rows
	for i := range c.Cols {
		col := &c.Cols[i]
		col.Field = fields[i]
		switch col.Kind {
		case BigInt, Decimal:
			col.I64 = resized(col.I64, rows)
		case Integer, Date:
			col.I32 = resized(col.I32, rows)
		case Dict:
			col.Codes = resized(col.Codes, rows)
		case Text:
			col.Offsets = resized(col.Offsets, rows+1)
			col.Offsets[0] = 0
		}
	}
}

// resized gives s the length n; the content is unspecified.
func resized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}
