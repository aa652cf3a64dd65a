package flight

import (
	"context"

	"github.com/oxidb/oxidb"
	"github.com/oxidb/oxidb/sqlerr"
)

// lease is a session that a call works in until done.
type lease struct {
	*oxidb.Session
	done func()
	// client is the cookie session, nil for others.
	client *clientSession
	// inTransaction is set for the session of a transaction id.
	inTransaction bool
}

// origin says which session a statement belongs to.
type origin struct {
	transaction string // id, or ""
	client      string // id of a cookie session that exists, or ""
	peer        string
	user        string
}

// originOf is the origin of a call that names transaction txn.
func originOf(ctx context.Context, txn []byte) origin {
	c := callerOf(ctx)
	o := origin{transaction: string(txn), peer: c.peer, user: c.user}
	if c.returning {
		o.client = c.session
	}
	return o
}

// lease opens the session that a call belongs to: its transaction's, its cookie's, or one of its own.
func (s *service) lease(ctx context.Context, txn []byte) (*lease, error) {
	return s.leaseOf(originOf(ctx, txn))
}

func (s *service) leaseOf(o origin) (*lease, error) {
	switch {
	case o.transaction != "":
		return s.leaseTransaction(o.transaction, o.user)
	case o.client != "":
		c, done, err := s.clientSession(o.client, o.user)
		if err != nil {
			return nil, err
		}
		return &lease{Session: c.Session, done: done, client: c}, nil
	}
	session, err := s.db.Session()
	if err != nil {
		return nil, err
	}
	session.SetUser(o.user)
	return &lease{Session: session, done: session.Close}, nil
}

// settle follows a statement that ran: what changes a session is only right where a session stays.
func (l *lease) settle(tag string) error {
	open, _ := l.InTransaction()
	switch {
	case l.inTransaction:
		if !open { // COMMIT or ROLLBACK as text: the id goes on with a new transaction
			return l.Begin(false)
		}
	case l.client != nil:
		if open || sessionTags[tag] {
			l.client.stateful.Store(true)
		}
	case open:
		return sqlerr.New(sqlerr.FeatureNotSupported, "BEGIN as a statement needs a session, and this client has none; nothing since BEGIN was kept").
			WithHint("Use the client's own transactions (BeginTransaction; in Python autocommit=False), or turn on cookies.")
	case sessionTags[tag]:
		return sqlerr.New(sqlerr.FeatureNotSupported, "%s has no effect here: it needs a session, and this client has none", tag).
			WithHint("Turn on cookies (adbc.flight.sql.rpc.with_cookie_middleware=true), or run it inside a transaction.")
	}
	return nil
}

// sessionTags are the commands that do nothing but change their session.
var sessionTags = map[string]bool{"SET": true, "PREPARE": true}

// atomically runs f in the open transaction, or in one of its own: then all of it happens, or nothing.
func (l *lease) atomically(ctx context.Context, f func(*oxidb.Session) error) error {
	if open, _ := l.InTransaction(); open {
		return f(l.Session)
	}
	own, err := l.Fork()
	if err != nil {
		return err
	}
	defer own.Close() // rolls back what was not committed
	if err := own.Begin(false); err != nil {
		return err
	}
	if err := f(own); err != nil {
		return err
	}
	return own.Commit(ctx)
}
