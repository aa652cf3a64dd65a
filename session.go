package oxidb

import (
	"context"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/catalog/systables"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/function"
	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/sqlerr"
)

// Session is a connection's state: settings, an open transaction, prepared statements. Its methods
// may be called from any goroutine, one at a time runs. Results of earlier queries stay readable.
type Session struct {
	db *DB
	id uint64

	mu       sync.Mutex
	user     string
	settings sessionSettings
	txn      *transaction                // the open explicit transaction, nil for autocommit
	prepared map[string]*cachedStatement // that PREPARE named
	closed   bool

	// latest is what sequences gave, for currval and lastval.
	latest latestNumbers
	// admitted counts the session's queries that others wait for.
	admitted atomic.Int64
	// running is the latest query, for those who watch it from outside of mu; nil when it has ended and
	// serves others now: scanned is what it had read.
	running atomic.Pointer[exec.Query]
	scanned atomic.Int64
}

// transaction is an explicit transaction block. Its snapshot is taken by its first statement: open is
// nil before.
type transaction struct {
	modes      modes
	open       *openTransaction
	failed     bool
	savepoints []savepoint
	// constraints says when the block checks those that are deferrable.
	constraints deferral
}

type savepoint struct {
	name        string
	mark        mvcc.Mark
	constraints deferral // as it was then
}

// Session opens a session. Close it.
func (db *DB) Session() (*Session, error) {
	if db.closed.Load() {
		return nil, sqlerr.New(sqlerr.AdminShutdown, "the database is closed")
	}
	s := &Session{db: db, id: db.nextSession.Add(1), settings: db.startSettings(), prepared: map[string]*cachedStatement{}}
	db.mu.Lock()
	defer db.mu.Unlock()
	db.sessions[s] = struct{}{}
	return s, nil
}

// Close rolls an open transaction back and ends the session.
func (s *Session) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	s.closed = true
	s.endTransaction()
	s.db.mu.Lock()
	defer s.db.mu.Unlock()
	delete(s.db.sessions, s)
}

// SetUser names the user of the session, for current_user and oxidb_transactions.
func (s *Session) SetUser(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.user = name
}

// InTransaction reports whether a transaction block is open, and whether it has failed.
func (s *Session) InTransaction() (open, failed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.txn != nil, s.txn != nil && s.txn.failed
}

// RowsScanned is how many table rows the latest statement has read so far. It may be asked while the
// statement runs.
func (s *Session) RowsScanned() int64 {
	if q := s.running.Load(); q != nil {
		return q.Rows.Load()
	}
	return s.scanned.Load()
}

// Set changes a setting, as SET does.
func (s *Session) Set(name, value string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.assign(name, value)
}

// Setting gives a setting's value, as SHOW does.
func (s *Session) Setting(name string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, err := lookupSetting(name)
	if err != nil {
		return "", err
	}
	return s.setting(k.name), nil
}

// Query runs sql, one or several statements, and gives the last one's result. Rows of a query are
// computed while they are read.
func (s *Session) Query(ctx context.Context, sql string, args ...any) (*Result, error) {
	before, last, err := s.db.plans.parse(sql)
	if err != nil {
		s.fail()
		return nil, err
	}
	if last == nil {
		return emptyResult("EMPTY"), nil
	}
	for _, text := range before {
		r, err := s.run(ctx, text, args)
		if err != nil {
			return nil, err
		}
		if _, err := r.Drain(); err != nil {
			return nil, err
		}
	}
	return s.run(ctx, last, args)
}

// Exec runs sql to its end and gives the number of rows that the last statement changed, or
// delivered when it is a query.
func (s *Session) Exec(ctx context.Context, sql string, args ...any) (int64, error) {
	r, err := s.Query(ctx, sql, args...)
	if err != nil {
		return 0, err
	}
	return r.Drain()
}

// fail makes an open transaction block a failed one.
func (s *Session) fail() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.txn != nil {
		s.txn.fail()
	}
}

// fail makes the block a failed one: only its end, or a savepoint, helps.
func (t *transaction) fail() { t.setFailed(true) }

func (t *transaction) setFailed(failed bool) {
	if t.failed = failed; t.open != nil {
		t.open.mu.Lock()
		defer t.open.mu.Unlock()
		t.open.failed = failed
	}
}

// endedBy is why others ended the block's transaction, nil while it goes on.
func (t *transaction) endedBy() error {
	if t == nil || t.open == nil {
		return nil
	}
	return t.open.endedBy()
}

// run executes one statement under the session's lock; a failure inside a transaction block fails
// the block.
func (s *Session) run(ctx context.Context, text *cachedStatement, args []any) (*Result, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if reason := s.txn.endedBy(); reason != nil && !s.closed {
		return s.afterEnd(text.stmt, reason)
	}
	if err := s.refusal(text.stmt); err != nil {
		return nil, err
	}
	s.running.Store(nil)
	s.scanned.Store(0)
	r, err := s.guarded(ctx, text, args)
	if s.txn == nil {
		return r, err
	}
	if err != nil {
		s.txn.fail()
	} else if r.run != nil {
		r.block = s.txn
	}
	if reason := s.txn.endedBy(); reason != nil && err != nil {
		return s.afterEnd(text.stmt, reason)
	}
	return r, err
}

// refusal is why the session does not run a statement now; nil is one that is no SQL.
func (s *Session) refusal(stmt ast.Statement) error {
	reason := s.txn.endedBy()
	switch {
	case s.closed:
		return sqlerr.New(sqlerr.AdminShutdown, "the session is closed")
	case reason != nil:
		return reason
	case s.txn != nil && s.txn.failed && !endsTransaction(stmt):
		return sqlerr.New(sqlerr.InFailedTransaction, "current transaction is aborted, commands ignored until end of transaction block").
			WithHint("ROLLBACK ends it; ROLLBACK TO a savepoint goes on from there.")
	}
	return nil
}

// afterEnd answers a statement of a block that others have ended: with the reason, until the block's
// own end. COMMIT is that end, and fails.
func (s *Session) afterEnd(stmt ast.Statement, reason error) (*Result, error) {
	switch stmt.(type) {
	case *ast.Rollback:
		s.endTransaction()
		return emptyResult("ROLLBACK"), nil
	case *ast.Commit:
		s.endTransaction()
	default:
		s.txn.open.release()
		s.txn.fail()
	}
	return nil, reason
}

// guarded turns a panic into XX000: a statement's failure is never the process's.
func (s *Session) guarded(ctx context.Context, text *cachedStatement, args []any) (r *Result, err error) {
	defer func() {
		if p := recover(); p != nil {
			r, err = nil, sqlerr.New(sqlerr.InternalError, "internal error: %v", p).WithDetail("%s", debug.Stack())
		}
	}()
	return s.dispatch(ctx, text, args)
}

func endsTransaction(stmt ast.Statement) bool {
	switch stmt.(type) {
	case *ast.Rollback, *ast.Commit, *ast.RollbackTo:
		return true
	}
	return false
}

// scope is one statement and the transaction that it runs in.
type scope struct {
	session  *Session
	open     *openTransaction
	txn      *mvcc.Txn // of open
	catalog  catalog.Reader
	set      *readSettings
	view     *systables.View // what catalog shows beside system tables
	seen     systables.View  // which view points to, until the statement changes the catalog
	explicit bool
	left     bool // end was called
	now      time.Time
	ctx      context.Context // of the statement; ends when the transaction is ended
	// checking marks the reads of a constraint's check: they have to hold at the commit in every
	// isolation level.
	checking bool
	// transients are relations that the statement made for its own plans.
	transients map[catalog.ID]*transient
	// numbers lets one worker at a time use sequences.
	numbers sync.Mutex
	// pasts are the earlier versions that the statement reads.
	pasts map[mvcc.Timestamp]*past
}

// begin starts a statement in the open transaction, or in one for it alone. End the scope.
func (s *Session) begin(ctx context.Context, sql string) (*scope, error) {
	set := s.settings.values()
	sc := &scope{session: s, set: set, explicit: s.txn != nil, now: time.Now()}
	switch {
	case s.txn == nil:
		sc.open = s.beginTransaction(ctx, set.modes, false, sc.now)
	case s.txn.open == nil:
		s.txn.open = s.beginTransaction(context.Background(), s.txn.modes, true, sc.now)
		fallthrough
	default:
		sc.open = s.txn.open
	}
	sc.ctx = sc.open.enter(ctx, sql, sc.now)
	sc.txn, sc.now = sc.open.inner, sc.open.started
	sc.view = &sc.seen
	if err := s.db.catalog.Read(sc.view, sc.txn, set.searchPath); err != nil {
		return nil, sc.end(ctx, err)
	}
	sc.catalog = systemReader{sc.view}
	return sc, nil
}

// end ends the statement. It commits its own transaction, or rolls it back when err is set; an explicit
// transaction goes on.
func (sc *scope) end(ctx context.Context, err error) error {
	defer sc.leavePast()
	if !sc.left {
		sc.left = true
		sc.open.left(sc.set.idleTimeout)
	}
	if sc.explicit {
		return err
	}
	defer sc.open.release()
	if reason := sc.open.endedBy(); reason != nil {
		return reason
	}
	if err == nil {
		sc.txn.SetAsync(sc.set.asyncCommit)
		_, err = sc.txn.Commit(ctx)
	}
	return err
}

func (sc *scope) functions() *function.Context {
	c := &function.Context{Sequences: &sequenceAccess{sc}}
	sc.setFunctions(c)
	return c
}

// setFunctions fills in all but the sequences.
func (sc *scope) setFunctions(c *function.Context) {
	c.Now, c.Location, c.Version = sc.now, sc.set.location, int64(sc.txn.Snapshot())
	c.VersionTime, c.User = sc.session.db.versionTime, sc.session.user
}

// timeOfVersion is when a version was made, if that is known.
func (db *DB) timeOfVersion(version int64) (time.Time, bool) {
	if version < 0 || mvcc.Timestamp(version) > db.store.Version() {
		return time.Time{}, false
	}
	return db.store.TimeOf(mvcc.Timestamp(version))
}

// endTransaction drops the open transaction.
func (s *Session) endTransaction() {
	if s.txn != nil && s.txn.open != nil {
		s.txn.open.release()
	}
	s.txn = nil
}
