package oxidb

import (
	"context"

	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/sqlerr"
)

// Begin opens a transaction block, as BEGIN does; it fails with 25001 when one is open.
func (s *Session) Begin(readOnly bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.txn != nil {
		return sqlerr.New(sqlerr.ActiveTransaction, "there is already a transaction in progress")
	}
	s.txn = &transaction{readOnly: readOnly}
	return nil
}

// Commit ends the transaction block. Of a failed one it rolls back and says so (25P02).
func (s *Session) Commit(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.txn == nil {
		return sqlerr.New(sqlerr.NoActiveTransaction, "there is no transaction in progress")
	}
	if s.txn.failed {
		s.endTransaction()
		return sqlerr.New(sqlerr.InFailedTransaction, "the transaction had failed and was rolled back")
	}
	return s.commit(ctx)
}

func (s *Session) commit(ctx context.Context) error {
	t := s.txn
	s.txn = nil
	if t.inner == nil {
		return nil
	}
	_, err := t.inner.Commit(ctx)
	if err != nil {
		t.inner.Rollback()
	}
	return err
}

// Rollback ends the transaction block without effect.
func (s *Session) Rollback() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.txn == nil {
		return sqlerr.New(sqlerr.NoActiveTransaction, "there is no transaction in progress")
	}
	s.endTransaction()
	return nil
}

// transactionCommand carries BEGIN … ROLLBACK TO out; done is false for other statements.
func (s *Session) transactionCommand(ctx context.Context, stmt ast.Statement) (r *Result, done bool, err error) {
	switch stmt := stmt.(type) {
	case *ast.Begin:
		if s.txn != nil { // PostgreSQL warns and goes on
			return emptyResult("BEGIN"), true, nil
		}
		if err := isolation(stmt.Modes); err != nil {
			return nil, true, err
		}
		s.txn = &transaction{readOnly: stmt.Modes.ReadOnly}
		return emptyResult("BEGIN"), true, nil
	case *ast.SetTransaction:
		if err := isolation(stmt.Modes); err != nil {
			return nil, true, err
		}
		if s.txn != nil && s.txn.inner == nil && !stmt.Session {
			s.txn.readOnly = stmt.Modes.ReadOnly
		}
		return emptyResult("SET"), true, nil
	case *ast.Commit:
		switch {
		case s.txn == nil: // PostgreSQL warns and goes on
			return emptyResult("COMMIT"), true, nil
		case s.txn.failed:
			s.endTransaction()
			return emptyResult("ROLLBACK"), true, nil
		}
		return emptyResult("COMMIT"), true, s.commit(ctx)
	case *ast.Rollback:
		s.endTransaction()
		return emptyResult("ROLLBACK"), true, nil
	case *ast.Savepoint:
		return emptyResult("SAVEPOINT"), true, s.savepoint(stmt.Name.Name)
	case *ast.Release:
		at, err := s.findSavepoint(stmt.Name)
		if err == nil {
			s.txn.savepoints = s.txn.savepoints[:at]
		}
		return emptyResult("RELEASE"), true, err
	case *ast.RollbackTo:
		at, err := s.findSavepoint(stmt.Name)
		if err == nil {
			s.txn.inner.RollbackTo(s.txn.savepoints[at].mark)
			s.txn.savepoints, s.txn.failed = s.txn.savepoints[:at+1], false
		}
		return emptyResult("ROLLBACK"), true, err
	}
	return nil, false, nil
}

// isolation refuses what snapshot isolation does not give.
func isolation(m ast.TransactionModes) error {
	if m.Isolation == "SERIALIZABLE" {
		return sqlerr.Unsupported(-1, -1, "ISOLATION LEVEL SERIALIZABLE").WithHint("Transactions run in snapshot isolation (REPEATABLE READ).")
	}
	return nil
}

func (s *Session) savepoint(name string) error {
	if s.txn == nil {
		return sqlerr.New(sqlerr.NoActiveTransaction, "SAVEPOINT can only be used in transaction blocks")
	}
	if _, err := s.begin(); err != nil { // takes the snapshot
		return err
	}
	s.txn.savepoints = append(s.txn.savepoints, savepoint{name, s.txn.inner.Savepoint()})
	return nil
}

func (s *Session) findSavepoint(name ast.Ident) (int, error) {
	if s.txn == nil {
		return 0, sqlerr.New(sqlerr.NoActiveTransaction, "savepoints exist only in transaction blocks")
	}
	for i := len(s.txn.savepoints) - 1; i >= 0; i-- {
		if s.txn.savepoints[i].name == name.Name {
			return i, nil
		}
	}
	return 0, sqlerr.At("3B001", int(name.Pos), int(name.End), "savepoint %q does not exist", name.Name)
}
