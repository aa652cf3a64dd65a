package shell

import (
	"context"
	"errors"
	"iter"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/oxidb/oxidb"
	"github.com/oxidb/oxidb/types"
)

// Answer is a statement's answer, as oxidb.Result gives it.
type Answer interface {
	Schema() *arrow.Schema
	Types() []types.Type
	// HasRows reports whether the statement delivers rows, even none.
	HasRows() bool
	// Tag is the command's name, RowsAffected the number of rows that it changed.
	Tag() string
	RowsAffected() int64
	// Batches delivers the rows, once; the receiver releases them.
	Batches() iter.Seq2[arrow.RecordBatch, error]
	Close()
}

// local is a session of an embedded database.
type local struct {
	db      *oxidb.DB
	session *oxidb.Session
	target  string
	owned   bool
}

// OpenLocal opens the database in directory path, or one in memory, for a shell of its own.
func OpenLocal(ctx context.Context, path string, opts ...func(*oxidb.Options)) (Backend, error) {
	db, err := oxidb.Open(ctx, path, opts...)
	if err != nil {
		return nil, err
	}
	b, err := Local(db)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	b.(*local).owned, b.(*local).target = true, path
	return b, nil
}

// Local is a new session of db, which stays the caller's.
func Local(db *oxidb.DB) (Backend, error) {
	session, err := db.Session()
	if err != nil {
		return nil, err
	}
	l := &local{db: db, session: session, target: db.Path()}
	if l.target == "" {
		l.target = oxidb.InMemory
	}
	return l, nil
}

func (l *local) Query(ctx context.Context, sql string) (Answer, error) {
	r, err := l.session.Query(ctx, sql)
	if err != nil {
		return nil, err
	}
	return r, nil
}

func (l *local) RowsScanned() int64 { return l.session.RowsScanned() }

func (l *local) Target() string { return l.target }

func (l *local) Transaction() string {
	switch open, failed := l.session.InTransaction(); {
	case failed:
		return "!"
	case open:
		return "*"
	}
	return ""
}

func (l *local) TimeZone() string {
	zone, _ := l.session.Setting("timezone") // the setting always exists
	return zone
}

func (l *local) Close() error {
	l.session.Close()
	if l.owned {
		return l.db.Close()
	}
	return nil
}
