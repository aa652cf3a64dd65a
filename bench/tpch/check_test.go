package tpch

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
)

// result turns an answer into a result as an engine would give it.
func result(t *testing.T, scale float64, query int) (cols []string, rows [][]any) {
	t.Helper()
	answer, err := ReadAnswer(scale, query)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range answer.Columns {
		cols = append(cols, c.Name)
	}
	for _, want := range answer.Rows {
		row := make([]any, len(want))
		for i, text := range want {
			row[i] = value(t, answer.Columns[i].Type, text)
		}
		rows = append(rows, row)
	}
	return cols, rows
}

func value(t *testing.T, kind ColumnType, text string) any {
	t.Helper()
	var v any = text
	var err error
	switch {
	case text == Null:
		return nil
	case kind == DateColumn:
		v, err = time.Parse(time.DateOnly, text)
	case kind == DoubleColumn:
		v, err = strconv.ParseFloat(text, 64)
	}
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestAnswersAgreeWithThemselves would fail if an answer were missing, malformed or empty, or if the
// comparer refused a right result.
func TestAnswersAgreeWithThemselves(t *testing.T) {
	for _, scale := range AnswerScales() {
		for query := 1; query <= QueryCount; query++ {
			cols, rows := result(t, scale, query)
			if err := CheckAnswer(scale, query, cols, rows); err != nil {
				t.Error(err)
			}
			if len(rows) == 0 && !(query == 2 && scale < 1) {
				t.Errorf("Q%d at scale factor %v has no rows", query, scale)
			}
			for _, key := range sortKeys(Query(query), mustRead(t, scale, query).Columns) {
				if key < 0 {
					t.Errorf("Q%d: an ORDER BY names no column", query)
				}
			}
		}
	}
}

func mustRead(t *testing.T, scale float64, query int) *Answer {
	t.Helper()
	answer, err := ReadAnswer(scale, query)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// TestEveryChangeIsFound would fail if CheckAnswer overlooked a changed value in any column of any query, a
// missing row or a wrong order.
func TestEveryChangeIsFound(t *testing.T) {
	for query := 1; query <= QueryCount; query++ {
		cols, rows := result(t, 1, query)
		for i := range cols {
			row := rows[len(rows)/2]
			right := row[i]
			row[i] = changed(right)
			if CheckAnswer(1, query, cols, rows) == nil {
				t.Errorf("Q%d: %v instead of %v in %s is overlooked", query, row[i], right, cols[i])
			}
			row[i] = right
		}
		if CheckAnswer(1, query, cols, rows[1:]) == nil {
			t.Errorf("Q%d: a missing row is overlooked", query)
		}
		if len(rows) > 1 {
			rows[0], rows[len(rows)-1] = rows[len(rows)-1], rows[0]
			if CheckAnswer(1, query, cols, rows) == nil {
				t.Errorf("Q%d: a wrong order is overlooked", query)
			}
		}
	}
}

func changed(v any) any {
	switch v := v.(type) {
	case float64:
		return v * (1 + 3e-9)
	case time.Time:
		return v.AddDate(0, 0, 1)
	case string:
		last := byte('1')
		if strings.HasSuffix(v, "1") {
			last = '2'
		}
		return v[:len(v)-1] + string(last)
	}
	return "not NULL"
}

// TestCheck runs testdata/check: an answer, a result, and what the comparer says.
func TestCheck(t *testing.T) {
	datadriven.RunTest(t, "testdata/check", func(t *testing.T, d *datadriven.TestData) string {
		answer := new(Answer)
		for _, arg := range d.CmdArgs {
			if arg.Key != "keys" {
				answer.Columns = append(answer.Columns, AnswerColumn{arg.Key, ColumnType(arg.Vals[0])})
			}
		}
		var keys []int
		if d.HasArg("keys") {
			var key int
			d.ScanArgs(t, "keys", &key)
			keys = append(keys, key)
		}
		want, got, _ := strings.Cut(d.Input, "--\n")
		for line := range strings.Lines(want) {
			answer.Rows = append(answer.Rows, strings.Split(strings.TrimSuffix(line, "\n"), "|"))
		}
		var rows [][]any
		for line := range strings.Lines(got) {
			var row []any
			for _, v := range strings.Split(strings.TrimSuffix(line, "\n"), "|") {
				row = append(row, literal(v))
			}
			rows = append(rows, row)
		}
		var cols []string
		for _, c := range answer.Columns {
			cols = append(cols, c.Name)
		}
		if err := answer.check(cols, rows, keys); err != nil {
			return err.Error() + "\n"
		}
		return "equal\n"
	})
}

// literal reads a value: NULL, f:float, b:bytes, d:date, s:decimal, otherwise a string.
func literal(text string) any {
	kind, rest, prefixed := strings.Cut(text, ":")
	switch {
	case text == "NULL":
		return nil
	case !prefixed:
		return text
	}
	switch kind {
	case "f":
		v, _ := strconv.ParseFloat(rest, 64)
		return v
	case "b":
		return bytes.Clone([]byte(rest))
	case "d":
		v, _ := time.Parse(time.DateOnly, rest)
		return v
	case "s":
		return fmt.Stringer(stringer(rest))
	}
	return text
}

// stringer stands for a decimal type.
type stringer string

func (s stringer) String() string { return string(s) }
