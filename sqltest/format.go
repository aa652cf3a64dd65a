package sqltest

import (
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
)

// result is a query's answer as the files print it.
type result struct {
	header [][]string // column names, column types, as far as asked for
	rows   [][]string
	valued bool // values were sorted across rows, so rows have lost their meaning
}

// newResult prints and sorts the values of an answer as the record asks.
func newResult(r *Record, columns []Column, rows [][]*string) result {
	out := result{rows: make([][]string, len(rows))}
	for i, row := range rows {
		out.rows[i] = make([]string, len(row))
		for j, value := range row {
			out.rows[i][j] = formatValue(r.Types[j], value)
		}
	}
	out.sort(r.Sort, len(columns))
	if r.ColNames {
		out.header = append(out.header, columnTexts(columns, func(c Column) string { return c.Name }))
	}
	if r.ColTypes {
		out.header = append(out.header, columnTexts(columns, func(c Column) string { return c.Type }))
	}
	return out
}

func columnTexts(columns []Column, text func(Column) string) []string {
	out := make([]string, len(columns))
	for i, c := range columns {
		out[i] = text(c)
	}
	return out
}

func (r *result) sort(mode SortMode, width int) {
	switch mode {
	case RowSort:
		slices.SortStableFunc(r.rows, slices.Compare[[]string])
	case ValueSort:
		values := slices.Concat(r.rows...)
		slices.Sort(values)
		r.rows = slices.Collect(slices.Chunk(values, max(width, 1)))
		r.valued = true
	}
}

// values are all printed values in order, header first.
func (r *result) values() []string { return slices.Concat(append(r.header, r.rows...)...) }

// lines is the result one row a line, or one value a line after a value sort.
func (r *result) lines() []string {
	if r.valued {
		return r.values()
	}
	var out []string
	for _, row := range slices.Concat(r.header, r.rows) {
		out = append(out, strings.Join(row, "\t"))
	}
	return out
}

// hash is SQLite's summary of a long result: every value and a newline, through MD5.
func hash(values []string) string {
	sum := md5.New()
	for _, value := range values {
		io.WriteString(sum, value)
		io.WriteString(sum, "\n")
	}
	return fmt.Sprintf("%d values hashing to %s", len(values), hex.EncodeToString(sum.Sum(nil)))
}

// matches reports whether the expected lines, in whichever of the three forms, describe the result.
func (r *result) matches(want []string) bool {
	if len(want) == 1 && strings.Contains(want[0], " values hashing to ") {
		return want[0] == hash(r.values())
	}
	return slices.Equal(want, r.lines()) || slices.Equal(want, r.values())
}

// sqliteInteger is the type letter of an I column in SQLite's own files, where text prints as 0.
const sqliteInteger = 'i'

func formatValue(kind byte, value *string) string {
	switch {
	case value == nil:
		return "NULL"
	case kind == 'I':
		return formatInteger(*value)
	case kind == sqliteInteger:
		if _, err := strconv.ParseFloat(*value, 64); err != nil {
			return "0"
		}
		return formatInteger(*value)
	case kind == 'R':
		return formatReal(*value)
	case *value == "":
		return "(empty)"
	}
	return escapeBlanks(*value)
}

// formatInteger cuts fractions as C's conversion to int does, without losing digits of long numbers.
func formatInteger(text string) string {
	switch text {
	case "t":
		return "1"
	case "f":
		return "0"
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		return text
	}
	if strings.ContainsAny(text, "eE") {
		return strconv.FormatFloat(math.Trunc(f)+0, 'f', 0, 64)
	}
	whole, _, _ := strings.Cut(text, ".")
	if whole == "-0" {
		return "0"
	}
	return whole
}

func formatReal(text string) string {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		return text
	}
	return strconv.FormatFloat(f, 'f', 3, 64)
}

// escapeBlanks keeps a value on one line, free of tabs, and visible where it ends in a space.
func escapeBlanks(text string) string {
	body, ending := text, ""
	if strings.HasSuffix(text, " ") {
		body, ending = text[:len(text)-1], `\x20`
	}
	if !strings.ContainsFunc(body, isControl) {
		return body + ending
	}
	var b strings.Builder
	for _, c := range body {
		if isControl(c) {
			quoted := strconv.QuoteRune(c)
			b.WriteString(quoted[1 : len(quoted)-1])
		} else {
			b.WriteRune(c)
		}
	}
	return b.String() + ending
}

func isControl(c rune) bool { return c < ' ' || c == 0x7f }
