package isolation

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/oxidb/oxidb"
	"github.com/oxidb/oxidb/sqlerr"
)

// Layout is how lists lie in tables.
type Layout uint8

const (
	// TextLayout keeps a list in one row, its values in a text; an append is an UPDATE.
	TextLayout Layout = iota
	// RowLayout keeps a row for each value, numbered by a counter in another table; an append is an
	// UPDATE of the counter and an INSERT under a primary key.
	RowLayout
	// ReplaceLayout keeps a list in one row; an append deletes it and inserts the longer one.
	ReplaceLayout
)

// Layouts is the number of layouts.
const Layouts = 3

func (l Layout) String() string { return [...]string{"text", "rows", "replace"}[l] }

// Lists are lists in an OxiDB database.
type Lists struct {
	// Level is the isolation of the sessions' transactions.
	Level  Level
	db     *oxidb.DB
	layout Layout
}

// OpenLists takes a database in which CreateLists was called before.
func OpenLists(db *oxidb.DB, layout Layout) *Lists { return &Lists{db: db, layout: layout} }

// CreateLists makes the tables in an empty database, with lists 0 … keys-1.
func CreateLists(ctx context.Context, db *oxidb.DB, layout Layout, keys int) (*Lists, error) {
	ddl := "CREATE TABLE list (k int PRIMARY KEY, v text NOT NULL)"
	fill := fmt.Sprintf("INSERT INTO list SELECT k, '' FROM generate_series(0, %d) AS g(k)", keys-1)
	if layout == RowLayout {
		ddl = "CREATE TABLE list (k int PRIMARY KEY, n int NOT NULL); CREATE TABLE element (k int, n int, v int NOT NULL, PRIMARY KEY (k, n))"
		fill = fmt.Sprintf("INSERT INTO list SELECT k, 0 FROM generate_series(0, %d) AS g(k)", keys-1)
	}
	if _, err := db.Exec(ctx, ddl); err != nil {
		return nil, err
	}
	_, err := db.Exec(ctx, fill)
	return OpenLists(db, layout), err
}

// Session opens a session of the database.
func (l *Lists) Session() (Session, error) {
	s, err := l.db.Session()
	if err != nil {
		return nil, err
	}
	return &listSession{s, l.layout, options(l.Level)}, s.Set("threads", "1")
}

// options are the modes of transactions of a level.
func options(l Level) oxidb.TransactionOptions {
	if l == Serializable {
		return oxidb.TransactionOptions{Isolation: oxidb.Serializable}
	}
	return oxidb.TransactionOptions{Isolation: oxidb.SnapshotIsolation}
}

type listSession struct {
	*oxidb.Session
	layout  Layout
	options oxidb.TransactionOptions
}

func (s *listSession) Begin(context.Context) error { return s.BeginTransaction(s.options) }

func (s *listSession) Commit(ctx context.Context) error { return aborted(s.Session.Commit(ctx)) }

func (s *listSession) Rollback() error {
	if open, _ := s.InTransaction(); !open { // a commit that failed has ended it
		return nil
	}
	return s.Session.Rollback()
}

// Append adds a value at the list's end; that one row changes is the session's check of itself.
func (s *listSession) Append(ctx context.Context, key, value int) error {
	var statements []string
	switch s.layout {
	case TextLayout:
		statements = []string{fmt.Sprintf("UPDATE list SET v = v || ',%d' WHERE k = %d", value, key)}
	case RowLayout:
		statements = []string{
			fmt.Sprintf("UPDATE list SET n = n + 1 WHERE k = %d", key),
			fmt.Sprintf("INSERT INTO element SELECT k, n, %d FROM list WHERE k = %d", value, key),
		}
	case ReplaceLayout:
		rows, err := s.rows(ctx, "SELECT v FROM list WHERE k = "+strconv.Itoa(key))
		if err != nil {
			return err
		}
		if len(rows) != 1 {
			return fmt.Errorf("list %d has %d rows", key, len(rows))
		}
		statements = []string{
			fmt.Sprintf("DELETE FROM list WHERE k = %d", key),
			fmt.Sprintf("INSERT INTO list VALUES (%d, '%s,%d')", key, rows[0][0], value),
		}
	}
	for _, sql := range statements {
		n, err := s.Exec(ctx, sql)
		if err != nil && s.layout == RowLayout && stateOf(err) == sqlerr.UniqueViolation {
			return errors.Join(ErrAborted, err) // another took the number, after this one's snapshot
		}
		if err != nil {
			return aborted(err)
		}
		if n != 1 {
			return fmt.Errorf("%s changed %d rows", sql, n)
		}
	}
	return nil
}

// Read gives the list's values.
func (s *listSession) Read(ctx context.Context, key int) ([]int, error) {
	if s.layout == RowLayout {
		return s.readRows(ctx, key)
	}
	rows, err := s.rows(ctx, "SELECT v FROM list WHERE k = "+strconv.Itoa(key))
	if err != nil {
		return nil, err
	}
	if len(rows) != 1 {
		return nil, fmt.Errorf("list %d has %d rows", key, len(rows))
	}
	list := []int{}
	for _, word := range strings.Split(rows[0][0].(string), ",")[1:] {
		value, err := strconv.Atoi(word)
		if err != nil {
			return nil, fmt.Errorf("list %d is %q", key, rows[0][0])
		}
		list = append(list, value)
	}
	return list, nil
}

// readRows joins counter and values: their numbers must be 1 … counter.
func (s *listSession) readRows(ctx context.Context, key int) ([]int, error) {
	rows, err := s.rows(ctx, fmt.Sprintf("SELECT l.n, e.n, e.v FROM list l LEFT JOIN element e ON e.k = l.k WHERE l.k = %d ORDER BY e.n", key))
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("list %d has no counter", key)
	}
	list := []int{}
	if rows[0][0] == int64(0) && len(rows) == 1 && rows[0][1] == nil {
		return list, nil
	}
	for i, row := range rows {
		if row[0] != int64(len(rows)) || row[1] != int64(i+1) {
			return nil, fmt.Errorf("list %d is torn: %v", key, rows)
		}
		list = append(list, int(row[2].(int64)))
	}
	return list, nil
}

func (s *listSession) rows(ctx context.Context, sql string) ([][]any, error) {
	result, err := s.Query(ctx, sql)
	if err != nil {
		return nil, aborted(err)
	}
	defer result.Close()
	var rows [][]any
	for row, err := range result.Rows() {
		if err != nil {
			return nil, aborted(err)
		}
		rows = append(rows, append([]any(nil), row...))
	}
	return rows, nil
}

// aborted marks the errors that concurrency explains: all others are the engine's failure.
func aborted(err error) error {
	if stateOf(err) == sqlerr.SerializationFailure {
		return errors.Join(ErrAborted, err)
	}
	return err
}

func stateOf(err error) sqlerr.State {
	var known *sqlerr.Error
	if errors.As(err, &known) {
		return known.State
	}
	return ""
}
