package oxidb

import (
	"context"

	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/sqlerr"
)

// Begin opens a transaction block with the session's defaults, as BEGIN does; it fails with 25001 when
// one is open.
func (s *Session) Begin(readOnly bool) error {
	return s.BeginTransaction(TransactionOptions{ReadOnly: readOnly})
}

// BeginTransaction opens a transaction block; it fails with 25001 when one is open.
func (s *Session) BeginTransaction(o TransactionOptions) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.txn != nil {
		return sqlerr.New(sqlerr.ActiveTransaction, "there is already a transaction in progress")
	}
	m := s.settings.defaultModes()
	if o.Isolation != DefaultIsolation {
		m.serializable = o.Isolation == Serializable
	}
	m.readOnly = m.readOnly || o.ReadOnly
	s.txn = &transaction{modes: m}
	return nil
}

// Commit ends the transaction block. Of a failed one it rolls back and says so (25P02).
func (s *Session) Commit(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch reason := s.txn.endedBy(); {
	case s.txn == nil:
		return sqlerr.New(sqlerr.NoActiveTransaction, "there is no transaction in progress")
	case reason != nil:
		s.endTransaction()
		return reason
	case s.txn.failed:
		s.endTransaction()
		return sqlerr.New(sqlerr.InFailedTransaction, "the transaction had failed and was rolled back")
	}
	return s.commit(ctx)
}

func (s *Session) commit(ctx context.Context) error {
	if err := s.checkAtCommit(ctx); err != nil {
		s.endTransaction()
		return err
	}
	t := s.txn
	s.txn = nil
	if t.open == nil {
		return nil
	}
	defer t.open.release()
	t.open.inner.SetAsync(s.settings.values().asyncCommit)
	_, err := t.open.inner.Commit(ctx)
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
func (s *Session) transactionCommand(ctx context.Context, stmt ast.Statement, sql string) (r *Result, done bool, err error) {
	switch stmt := stmt.(type) {
	case *ast.Begin:
		if s.txn != nil { // PostgreSQL warns and goes on
			return emptyResult("BEGIN"), true, s.setModes(stmt.Modes)
		}
		s.txn = &transaction{modes: s.settings.defaultModes().with(stmt.Modes)}
		return emptyResult("BEGIN"), true, nil
	case *ast.SetTransaction:
		if stmt.Snapshot != nil {
			return emptyResult("SET"), true, s.setSnapshot(stmt)
		}
		if stmt.Session {
			s.settings.setDefaults(stmt.Modes)
			return emptyResult("SET"), true, nil
		}
		return emptyResult("SET"), true, s.setModes(stmt.Modes)
	case *ast.SetConstraints:
		return emptyResult("SET CONSTRAINTS"), true, s.setConstraints(ctx, stmt, sql)
	case *ast.Commit:
		r, err = s.commitCommand(ctx, stmt.Chain)
		return r, true, err
	case *ast.Rollback:
		r, err = s.rollbackCommand(stmt.Chain)
		return r, true, err
	case *ast.Savepoint:
		return emptyResult("SAVEPOINT"), true, s.savepoint(ctx, stmt.Name.Name, sql)
	case *ast.Release:
		at, err := s.findSavepoint(stmt.Name, "RELEASE SAVEPOINT")
		if err == nil {
			s.txn.savepoints = s.txn.savepoints[:at]
		}
		return emptyResult("RELEASE"), true, err
	case *ast.RollbackTo:
		at, err := s.findSavepoint(stmt.Name, "ROLLBACK TO SAVEPOINT")
		if err == nil {
			s.txn.open.inner.RollbackTo(s.txn.savepoints[at].mark)
			s.txn.constraints = s.txn.savepoints[at].constraints.clone()
			s.txn.savepoints = s.txn.savepoints[:at+1]
			s.txn.setFailed(false)
		}
		return emptyResult("ROLLBACK"), true, err
	}
	return nil, false, nil
}

// commitCommand is COMMIT, of a failed block ROLLBACK; chain opens another block of the same modes.
func (s *Session) commitCommand(ctx context.Context, chain bool) (*Result, error) {
	switch {
	case s.txn == nil && chain:
		return nil, noBlock("COMMIT AND CHAIN")
	case s.txn == nil: // PostgreSQL warns and goes on
		return emptyResult("COMMIT"), nil
	case s.txn.failed:
		return s.rollbackCommand(chain)
	}
	next := &transaction{modes: s.txn.modes}
	if err := s.commit(ctx); err != nil {
		return nil, err
	}
	if chain {
		s.txn = next
	}
	return emptyResult("COMMIT"), nil
}

func (s *Session) rollbackCommand(chain bool) (*Result, error) {
	if s.txn == nil && chain {
		return nil, noBlock("ROLLBACK AND CHAIN")
	}
	var next *transaction
	if chain {
		next = &transaction{modes: s.txn.modes}
	}
	s.endTransaction()
	s.txn = next
	return emptyResult("ROLLBACK"), nil
}

func noBlock(command string) error {
	return sqlerr.New(sqlerr.NoActiveTransaction, "%s can only be used in transaction blocks", command)
}

func (s *Session) savepoint(ctx context.Context, name, sql string) error {
	if s.txn == nil {
		return noBlock("SAVEPOINT")
	}
	sc, err := s.begin(ctx, sql) // takes the snapshot
	if err != nil {
		return err
	}
	s.txn.savepoints = append(s.txn.savepoints, savepoint{name, sc.txn.Savepoint(), s.txn.constraints.clone()})
	return sc.end(ctx, nil)
}

func (s *Session) findSavepoint(name ast.Ident, command string) (int, error) {
	if s.txn == nil {
		return 0, noBlock(command)
	}
	for i := len(s.txn.savepoints) - 1; i >= 0; i-- {
		if s.txn.savepoints[i].name == name.Name {
			return i, nil
		}
	}
	return 0, sqlerr.At("3B001", int(name.Pos), int(name.End), "savepoint %q does not exist", name.Name)
}
