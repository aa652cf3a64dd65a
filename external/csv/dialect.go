// Package csv reads and writes tables as delimited text: RFC 4180 with PostgreSQL's rules for quotes
// and NULL.
//
// Reading is in three steps, each over plain bytes. A splitter cuts the files, one after the other,
// into pieces at row borders that quotes do not hide; a piece holds as many rows as a table chunk. A
// worker takes a piece and indexes it, 4,096 rows at a time: the end of every field, by column. Then
// each wanted column is decoded from its fields into a vector.
//
// S1: a quote toggles quoting anywhere in a field (PostgreSQL's rule), so a newline ends a row iff
// the number of quotes before it is even. With an escape character of its own the rows are walked
// byte by byte.
// S2: positions in a piece are below 2^31 (bit 31 of an end marks a field with quotes).
package csv

import (
	"bytes"
	"strconv"

	"github.com/oxidb/oxidb/sqlerr"
)

// Dialect says how rows and fields are written.
type Dialect struct {
	Delimiter byte
	// Quote encloses fields; 0 means that nothing does.
	Quote byte
	// Escape stands before a quote or itself inside quotes; usually the quote itself.
	Escape byte
	// Newline ends rows: '\n', before which a '\r' is dropped, or '\r'.
	Newline byte
	// Null is the unquoted text of NULL.
	Null string
	// Header says that the first row of every file holds column names.
	Header bool
	// EmptyNulls makes an empty field, in quotes or not, of a column that is not text NULL instead of
	// an error.
	EmptyNulls bool
	// Latin1 says that bytes are ISO 8859-1, not UTF-8.
	Latin1 bool
}

// Standard is PostgreSQL's COPY … (FORMAT csv).
func Standard() Dialect { return Dialect{Delimiter: ',', Quote: '"', Escape: '"', Newline: '\n'} }

// Check refuses dialects in which a character has two meanings.
func (d *Dialect) Check() error {
	switch {
	case d.Delimiter == 0 || d.Delimiter == '\n' || d.Delimiter == '\r' || d.Delimiter >= 0x80:
		return sqlerr.New(sqlerr.InvalidParameterValue, "COPY delimiter must be a single one-byte character, not newline or carriage return")
	case d.Quote == d.Delimiter:
		return sqlerr.New(sqlerr.InvalidParameterValue, "COPY delimiter and quote must be different")
	case d.Quote >= 0x80 || d.Quote == '\n' || d.Quote == '\r' || d.Escape >= 0x80 || d.Escape == '\n' || d.Escape == '\r':
		return sqlerr.New(sqlerr.InvalidParameterValue, "COPY quote and escape must be single one-byte characters")
	case bytes.ContainsAny([]byte(d.Null), "\r\n"):
		return sqlerr.New(sqlerr.InvalidParameterValue, "COPY null representation cannot use newline or carriage return")
	case d.Null != "" && bytes.IndexByte([]byte(d.Null), d.Delimiter) >= 0:
		return sqlerr.New(sqlerr.InvalidParameterValue, "COPY delimiter character must not appear in the NULL specification")
	}
	return nil
}

// ownEscape reports that quotes are not simply doubled, so that counting them does not find rows.
func (d *Dialect) ownEscape() bool { return d.Quote != 0 && d.Escape != d.Quote && d.Escape != 0 }

// closing finds the quote that ends what opens before data[at:], or -1.
func (d *Dialect) closing(data []byte, at int) int {
	if !d.ownEscape() {
		// A doubled quote closes and opens again, with nothing between.
		if i := bytes.IndexByte(data[at:], d.Quote); i >= 0 {
			return at + i
		}
		return -1
	}
	for ; at < len(data); at++ {
		switch data[at] {
		case d.Escape:
			if at+1 < len(data) && (data[at+1] == d.Quote || data[at+1] == d.Escape) {
				at++
			}
		case d.Quote:
			return at
		}
	}
	return -1
}

// unquote appends a field's text without its quotes.
func (d *Dialect) unquote(dst, field []byte) []byte {
	inside := false
	for i := 0; i < len(field); i++ {
		c := field[i]
		if inside && c == d.Escape && i+1 < len(field) && (field[i+1] == d.Quote || field[i+1] == d.Escape) {
			dst = append(dst, field[i+1])
			i++
			continue
		}
		if c == d.Quote && d.Quote != 0 {
			inside = !inside
			continue
		}
		dst = append(dst, c)
	}
	return dst
}

// badFormat is an error about a place in a file.
func badFormat(path string, line int64, format string, args ...any) *sqlerr.Error {
	e := sqlerr.New(sqlerr.BadCopyFileFormat, format, args...)
	e.Message = path + ", line " + strconv.FormatInt(line, 10) + ": " + e.Message
	return e
}
