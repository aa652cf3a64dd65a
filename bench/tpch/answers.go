package tpch

import (
	"compress/gzip"
	"embed"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"
)

//go:embed answers
var answerFiles embed.FS

// Answer is what a query must give at one scale factor.
type Answer struct {
	Columns []AnswerColumn
	// Rows hold a text per column (see ColumnType), in the order of the query; Null stands for NULL.
	Rows [][]string

	tolerant bool // averages and ratios may differ as much as the standard allows
}

// Null is how answers write NULL.
const Null = `\N`

// ColumnType says how an answer's values are written and compared.
type ColumnType string

const (
	TextColumn    ColumnType = "text"    // as it is
	DateColumn    ColumnType = "date"    // YYYY-MM-DD
	NumericColumn ColumnType = "numeric" // an exact integer or decimal
	DoubleColumn  ColumnType = "double"  // the shortest decimal that reads back as the same float64
)

// AnswerColumn is the name of a column, as PostgreSQL gives it, and its type.
type AnswerColumn struct {
	Name string
	Type ColumnType
}

// AnswerScales lists the scale factors that have answers.
func AnswerScales() []float64 { return []float64{0.01, 0.1, 1} }

// ReadAnswer gives the answer of query 1..QueryCount at one of AnswerScales.
func ReadAnswer(scale float64, query int) (*Answer, error) {
	file, err := openAnswer(fmt.Sprintf("answers/sf%s/q%02d.csv", strconv.FormatFloat(scale, 'f', -1, 64), query))
	if err != nil {
		return nil, fmt.Errorf("tpch: no answer to Q%d at scale factor %v: %w", query, scale, err)
	}
	records, err := csv.NewReader(file).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("tpch: answer to Q%d at scale factor %v: %w", query, scale, err)
	}
	answer := &Answer{Rows: records[1:]}
	for _, column := range records[0] {
		name, kind, _ := strings.Cut(column, ":")
		answer.Columns = append(answer.Columns, AnswerColumn{name, ColumnType(kind)})
	}
	return answer, nil
}

// openAnswer opens the file or, where there is none, its gzipped form.
func openAnswer(path string) (io.Reader, error) {
	file, err := answerFiles.Open(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return file, err
	}
	if file, err = answerFiles.Open(path + ".gz"); err != nil {
		return nil, err
	}
	return gzip.NewReader(file)
}
