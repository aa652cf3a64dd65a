package flight

import (
	"context"
	"encoding/hex"

	"github.com/apache/arrow-go/v18/arrow/flight/flightsql"

	"github.com/oxidb/oxidb"
	"github.com/oxidb/oxidb/sqlerr"
)

// transaction is a session with an open transaction block, known to the client by an id.
type transaction struct {
	session *oxidb.Session
	// user and peer are who began it, and on which connection.
	user, peer string
}

// BeginTransaction opens a transaction. It takes its snapshot with its first statement.
func (s *service) BeginTransaction(ctx context.Context, _ flightsql.ActionBeginTransactionRequest) ([]byte, error) {
	if s.transactions.full() {
		return nil, sqlerr.New(sqlerr.TooManyConnections, "too many open transactions")
	}
	l, err := s.lease(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer l.done()
	session, err := l.Fork()
	if err != nil {
		return nil, err
	}
	if err := session.Begin(false); err != nil {
		session.Close()
		return nil, err
	}
	id := newID()
	if !s.transactions.add(id, &transaction{session: session, user: callerOf(ctx).user, peer: callerOf(ctx).peer}) {
		session.Close()
		return nil, sqlerr.New(sqlerr.TooManyConnections, "too many open transactions")
	}
	return []byte(id), nil
}

// EndTransaction commits or rolls back. Rolling back what has ended already succeeds.
func (s *service) EndTransaction(ctx context.Context, req flightsql.ActionEndTransactionRequest) error {
	id, commit := string(req.GetTransactionId()), false
	switch req.GetAction() {
	case flightsql.EndTransactionCommit:
		commit = true
	case flightsql.EndTransactionRollback:
	default:
		return sqlerr.New(stateProtocol, "EndTransaction needs an action: commit or rollback")
	}
	t, done, ok := s.useTransaction(id, callerOf(ctx).user)
	switch {
	case !ok && commit:
		return unknownTransaction()
	case !ok:
		return nil
	}
	defer done()
	s.transactions.remove(id)
	if commit {
		return t.session.Commit(ctx)
	}
	return t.session.Rollback()
}

func unknownTransaction() error {
	return sqlerr.New(sqlerr.NoActiveTransaction, "there is no transaction with this id: it has ended, or was idle for too long and was rolled back")
}

// useTransaction finds a transaction of that user.
func (s *service) useTransaction(id, user string) (t *transaction, done func(), ok bool) {
	t, done, ok = s.transactions.use(id)
	if ok && t.user != user {
		done()
		return nil, nil, false
	}
	return t, done, ok
}

func (s *service) leaseTransaction(id, user string) (*lease, error) {
	t, done, ok := s.useTransaction(id, user)
	if !ok {
		return nil, unknownTransaction()
	}
	return &lease{Session: t.session, done: done, inTransaction: true}, nil
}

// successor gives the origin of a prepared statement whose transaction may have ended. Clients keep
// such a statement, begin the next transaction on the same connection and mean that one: the protocol
// has no field to say so.
func (s *service) successor(o origin) (origin, error) {
	if o.transaction == "" {
		return o, nil
	}
	if _, done, ok := s.transactions.use(o.transaction); ok {
		done()
		return o, nil
	}
	open := s.openOn(o.peer)
	if len(open) > 1 {
		return o, sqlerr.New(sqlerr.NoActiveTransaction, "the statement was prepared in a transaction that has ended, and several others are open: prepare it again")
	}
	o.transaction = ""
	if len(open) == 1 {
		o.transaction = open[0]
	}
	return o, nil
}

// openOn lists the transactions that were begun on a connection.
func (s *service) openOn(peer string) []string {
	return s.transactions.find(func(t *transaction) bool { return t.peer == peer })
}

// leaseConnection opens the session of a call that should name a transaction, but does not: there is no
// field for it in requests for metadata, and clients leave it out of bulk ingest. If exactly one
// transaction is open on the connection, that is meant.
func (s *service) leaseConnection(ctx context.Context, txn []byte) (*lease, error) {
	o := originOf(ctx, txn)
	if open := s.openOn(o.peer); o.transaction == "" && len(open) == 1 {
		o.transaction = open[0]
	}
	return s.leaseOf(o)
}

// leaseMetadata opens the session that a metadata call reads in: a client expects to see the tables that
// it has just made in its transaction. A failed one cannot be asked.
func (s *service) leaseMetadata(ctx context.Context) (*lease, error) {
	l, err := s.leaseConnection(ctx, nil)
	if err != nil {
		return s.lease(ctx, nil)
	}
	if _, failed := l.InTransaction(); failed {
		l.done()
		return s.lease(ctx, nil)
	}
	return l, nil
}

// A savepoint's id is its transaction's id followed by its name.
const transactionIDBytes = 16

// BeginSavepoint sets a savepoint.
func (s *service) BeginSavepoint(ctx context.Context, req flightsql.ActionBeginSavepointRequest) ([]byte, error) {
	l, err := s.leaseTransaction(string(req.GetTransactionId()), callerOf(ctx).user)
	if err != nil {
		return nil, err
	}
	defer l.done()
	name := "s" + hex.EncodeToString([]byte(newID()))
	if _, err := l.Exec(ctx, "SAVEPOINT "+name); err != nil {
		return nil, err
	}
	return append(append([]byte(nil), req.GetTransactionId()...), name...), nil
}

// EndSavepoint releases a savepoint or rolls back to it.
func (s *service) EndSavepoint(ctx context.Context, req flightsql.ActionEndSavepointRequest) error {
	id := req.GetSavepointId()
	if len(id) <= transactionIDBytes {
		return sqlerr.New(stateProtocol, "this is no savepoint of this server")
	}
	l, err := s.leaseTransaction(string(id[:transactionIDBytes]), callerOf(ctx).user)
	if err != nil {
		return err
	}
	defer l.done()
	name := quote(string(id[transactionIDBytes:]))
	switch req.GetAction() {
	case flightsql.EndSavepointRelease:
		_, err = l.Exec(ctx, "RELEASE SAVEPOINT "+name)
	case flightsql.EndSavepointRollback:
		_, err = l.Exec(ctx, "ROLLBACK TO SAVEPOINT "+name)
	default:
		err = sqlerr.New(stateProtocol, "EndSavepoint needs an action: release or rollback")
	}
	return err
}
