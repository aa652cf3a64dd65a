package tpch

import (
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"
)

// tolerance is how far apart, relatively, two numbers may be of which one is floating point.
const tolerance = 1e-9

// standardTolerance is how far, relatively, clause 2.1.3.5 lets averages and ratios be from the answer.
const standardTolerance = 0.01

// Agreement says how near a result is to an answer.
type Agreement string

const (
	Equal    Agreement = "equal"            // as CheckAnswer wants it
	Tolerant Agreement = "within tolerance" // averages and ratios differ by at most 1 %, as clause 2.1.3.5 allows; all else is equal
	Differs  Agreement = "differs"
)

// Agrees compares rows, as CheckAnswer takes them, with the answer of a query whatever the columns are
// named. The error describes the first difference beyond the tolerance.
func (a *Answer) Agrees(query int, rows [][]any) (Agreement, error) {
	keys := sortKeys(Query(query), a.Columns)
	if a.checkRows(rows, keys) == nil {
		return Equal, nil
	}
	loose := &Answer{Columns: a.Columns, Rows: a.Rows, tolerant: true}
	if err := loose.checkRows(rows, keys); err != nil {
		return Differs, err
	}
	return Tolerant, nil
}

// AnswerOf takes rows, as CheckAnswer takes them, for the answer of a query, to compare others with.
func AnswerOf(query int, rows [][]any) (*Answer, error) {
	known, err := ReadAnswer(AnswerScales()[0], query) // for its columns, which are the same at every scale factor
	if err != nil {
		return nil, err
	}
	a := &Answer{Columns: known.Columns}
	for _, row := range rows {
		if len(row) != len(a.Columns) {
			return nil, fmt.Errorf("%d columns, want %d", len(row), len(a.Columns))
		}
		texts := make([]string, len(row))
		for i, v := range row {
			texts[i] = text(v)
		}
		a.Rows = append(a.Rows, texts)
	}
	return a, nil
}

// CheckAnswer compares the result of a query with its answer and describes the first difference. cols are
// the result's column names. A value is nil for NULL, a string, []byte, time.Time (a date), an integer, a
// float, or anything whose fmt form is the number, such as a decimal.
//
// Values are compared, not texts: exact numbers with answers of type numeric exactly, otherwise with a
// relative tolerance of 1e-9; text without trailing blanks. Rows that the query's ORDER BY calls equal may
// come in any order.
func CheckAnswer(scale float64, query int, cols []string, rows [][]any) error {
	answer, err := ReadAnswer(scale, query)
	if err != nil {
		return err
	}
	if err := answer.check(cols, rows, sortKeys(Query(query), answer.Columns)); err != nil {
		return fmt.Errorf("Q%d at scale factor %v: %w", query, scale, err)
	}
	return nil
}

// sortKeys are the positions of the columns in the text's last ORDER BY, which must name columns.
func sortKeys(text string, columns []AnswerColumn) []int {
	at := strings.LastIndex(text, "order by")
	if at < 0 {
		return nil
	}
	list, _, _ := strings.Cut(text[at+len("order by"):], "limit")
	var keys []int
	for _, item := range strings.Split(strings.TrimRight(list, "; \n"), ",") {
		name := strings.Fields(item)[0]
		keys = append(keys, slices.IndexFunc(columns, func(c AnswerColumn) bool { return c.Name == name }))
	}
	return keys
}

func (a *Answer) check(cols []string, rows [][]any, keys []int) error {
	if len(cols) != len(a.Columns) {
		return fmt.Errorf("%d columns, want %d", len(cols), len(a.Columns))
	}
	for i, column := range a.Columns {
		if !strings.EqualFold(cols[i], column.Name) {
			return fmt.Errorf("column %d is named %q, want %q", i+1, cols[i], column.Name)
		}
	}
	return a.checkRows(rows, keys)
}

func (a *Answer) checkRows(rows [][]any, keys []int) error {
	if len(rows) != len(a.Rows) {
		return fmt.Errorf("%d rows, want %d", len(rows), len(a.Rows))
	}
	for from := 0; from < len(rows); {
		to := from + 1
		for len(keys) > 0 && to < len(rows) && sameKeys(a.Rows[from], a.Rows[to], keys) {
			to++
		}
		if err := a.checkTies(rows, from, to); err != nil {
			return err
		}
		from = to
	}
	return nil
}

func sameKeys(a, b []string, keys []int) bool {
	for _, k := range keys {
		if a[k] != b[k] {
			return false
		}
	}
	return true
}

// checkTies compares rows from..to-1, which may come in any order.
func (a *Answer) checkTies(rows [][]any, from, to int) error {
	missing := a.Rows[from:to:to]
	for i, row := range rows[from:to] {
		if len(row) != len(a.Columns) {
			return fmt.Errorf("row %d has %d values, want %d", from+i+1, len(row), len(a.Columns))
		}
		found := slices.IndexFunc(missing, func(want []string) bool { return a.difference(row, want) < 0 })
		if found < 0 {
			column := a.difference(row, missing[0])
			return fmt.Errorf("row %d, column %s: %q, want %q", from+i+1, a.Columns[column].Name,
				text(row[column]), missing[0][column])
		}
		missing = slices.Delete(slices.Clone(missing), found, found+1)
	}
	return nil
}

// difference is the first column in which the row differs, -1 when there is none.
func (a *Answer) difference(row []any, want []string) int {
	for i, column := range a.Columns {
		if column.Type.equal(row[i], want[i]) || a.tolerant && column.Type == DoubleColumn && row[i] != nil && closeTo(text(row[i]), want[i], standardTolerance) {
			continue
		}
		return i
	}
	return -1
}

func (t ColumnType) equal(got any, want string) bool {
	if got == nil || want == Null {
		return got == nil && want == Null
	}
	switch t {
	case TextColumn:
		return strings.TrimRight(text(got), " ") == strings.TrimRight(want, " ")
	case DateColumn:
		return text(got) == want
	}
	switch got.(type) {
	case float32, float64:
		return closeTo(text(got), want, tolerance)
	}
	if t == DoubleColumn {
		return closeTo(text(got), want, tolerance)
	}
	x, ok := new(big.Rat).SetString(text(got))
	y, _ := new(big.Rat).SetString(want)
	return ok && x.Cmp(y) == 0
}

// closeTo compares numbers with a relative tolerance.
func closeTo(a, b string, tolerance float64) bool {
	x, errX := strconv.ParseFloat(a, 64)
	y, errY := strconv.ParseFloat(b, 64)
	return errX == nil && errY == nil && math.Abs(x-y) <= tolerance*math.Max(math.Abs(x), math.Abs(y))
}

// text is a value as answers write it.
func text(v any) string {
	switch v := v.(type) {
	case nil:
		return Null
	case []byte:
		return string(v)
	case time.Time:
		return v.Format(time.DateOnly)
	}
	return fmt.Sprint(v)
}
