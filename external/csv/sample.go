package csv

// cell is a field of a sampled row.
type cell struct {
	text   string
	quoted bool
	// odd says that a quote stands neither at an end of the field nor beside another one.
	odd bool
}

// records reads rows by the general rules, without the last one when it may be cut off. ok is false
// when a quote does not end.
func records(data []byte, whole bool, d *Dialect, limit int) (rows [][]cell, ok bool) {
	var row []cell
	start, quoted, odd := 0, false, false
	end := func(i int) {
		field := data[start:i]
		if quoted {
			field = d.unquote(nil, field)
		}
		row = append(row, cell{string(field), quoted, odd})
		start, quoted, odd = i+1, false, false
	}
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case c == d.Quote && d.Quote != 0:
			closing := d.closing(data, i+1)
			if closing < 0 {
				return rows, !whole
			}
			odd = odd || i > start && data[i-1] != d.Quote || !endsField(data, closing+1, d)
			i, quoted = closing, true
		case c == d.Delimiter:
			end(i)
		case c == d.Newline:
			rows = endRow(rows, &row, data, i, start, end)
			start = i + 1
			if len(rows) == limit {
				return rows, true
			}
		}
	}
	if whole && (start < len(data) || len(row) > 0) {
		rows = endRow(rows, &row, data, len(data), start, end)
	}
	return rows, true
}

// endsField reports that a quote before data[at] may close a field, or is doubled.
func endsField(data []byte, at int, d *Dialect) bool {
	if at == len(data) {
		return true
	}
	c := data[at]
	return c == d.Delimiter || c == d.Newline || c == '\r' || c == d.Quote
}

func endRow(rows [][]cell, row *[]cell, data []byte, at, start int, end func(int)) [][]cell {
	if at > start && data[at-1] == '\r' {
		at--
	}
	if len(*row) == 0 && at == start { // an empty line
		return rows
	}
	end(at)
	rows = append(rows, *row)
	*row = nil
	return rows
}
