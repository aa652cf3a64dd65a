package oxidb

import (
	"context"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/oxidb/oxidb/catalog"
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
	settings settings
	txn      *transaction // the open explicit transaction, nil for autocommit
	prepared map[string]*preparedText
	closed   bool

	// latest is what sequences gave, for currval and lastval.
	latest latestNumbers
	// running is the latest query, for those who watch it from outside of mu.
	running atomic.Pointer[exec.Query]
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

// preparedText is a statement that PREPARE named.
type preparedText struct {
	stmt ast.Statement
	sql  string
}

// Session opens a session. Close it.
func (db *DB) Session() (*Session, error) {
	if db.closed.Load() {
		return nil, sqlerr.New(sqlerr.AdminShutdown, "the database is closed")
	}
	s := &Session{db: db, id: db.nextSession.Add(1), settings: db.startSettings(), prepared: map[string]*preparedText{}}
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

// SetUser names the user of the session, for oxidb_transactions.
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
	return 0
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
	stmts, err := s.db.plans.parse(sql)
	if err != nil {
		s.fail()
		return nil, err
	}
	if len(stmts) == 0 {
		return emptyResult("EMPTY"), nil
	}
	for _, stmt := range stmts[:len(stmts)-1] {
		r, err := s.run(ctx, stmt, sql, args)
		if err != nil {
			return nil, err
		}
		if _, err := r.Drain(); err != nil {
			return nil, err
		}
	}
	return s.run(ctx, stmts[len(stmts)-1], sql, args)
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
func (s *Session) run(ctx context.Context, stmt ast.Statement, sql string, args []any) (*Result, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if reason := s.txn.endedBy(); reason != nil && !s.closed {
		return s.afterEnd(stmt, reason)
	}
	if err := s.refusal(stmt); err != nil {
		return nil, err
	}
	s.running.Store(nil)
	r, err := s.guarded(ctx, stmt, sql, args)
	if s.txn == nil {
		return r, err
	}
	if err != nil {
		s.txn.fail()
	} else if r.stream != nil {
		r.stream = s.failing(s.txn, r.stream)
	}
	if reason := s.txn.endedBy(); reason != nil && err != nil {
		return s.afterEnd(stmt, reason)
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
func (s *Session) guarded(ctx context.Context, stmt ast.Statement, sql string, args []any) (r *Result, err error) {
	defer func() {
		if p := recover(); p != nil {
			r, err = nil, sqlerr.New(sqlerr.InternalError, "internal error: %v", p).WithDetail("%s", debug.Stack())
		}
	}()
	return s.dispatch(ctx, stmt, sql, args)
}

// failing makes an error among the rows fail the transaction that reads them.
func (s *Session) failing(t *transaction, rows func(func(arrow.RecordBatch, error) bool)) func(func(arrow.RecordBatch, error) bool) {
	return func(yield func(arrow.RecordBatch, error) bool) {
		rows(func(rec arrow.RecordBatch, err error) bool {
			if err != nil {
				s.mu.Lock()
				t.fail()
				s.mu.Unlock()
			}
			return yield(rec, err)
		})
	}
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
	session *Session
	open    *openTransaction
	txn     *mvcc.Txn // of open
	catalog catalog.Reader
	// roughStats are statistics that may be of an earlier commit.
	roughStats func(*catalog.Table) *catalog.TableStats
	explicit   bool
	now        time.Time
	ctx        context.Context // of the statement; ends when the transaction is ended
	leave      func()
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
	sc := &scope{session: s, explicit: s.txn != nil, now: time.Now()}
	switch {
	case s.txn == nil:
		sc.open = s.beginTransaction(ctx, s.settings.defaultModes(), false, sc.now)
	case s.txn.open == nil:
		s.txn.open = s.beginTransaction(context.Background(), s.txn.modes, true, sc.now)
		fallthrough
	default:
		sc.open = s.txn.open
	}
	sc.txn, sc.now = sc.open.inner, sc.open.started
	sc.ctx, sc.leave = sc.open.enter(ctx, sql)
	view, err := s.db.catalog.View(sc.txn, s.searchPath())
	if err != nil {
		return nil, sc.end(ctx, err)
	}
	sc.catalog, sc.roughStats = systemReader{view}, view.RoughStats
	return sc, nil
}

// searchPath lists the schemas of search_path.
func (s *Session) searchPath() []string {
	var path []string
	for _, schema := range strings.Split(s.settings["search_path"], ",") {
		if schema = strings.Trim(strings.TrimSpace(schema), `"`); schema != "" && schema != "$user" {
			path = append(path, schema)
		}
	}
	return path
}

// end ends the statement. It commits its own transaction, or rolls it back when err is set; an explicit
// transaction goes on.
func (sc *scope) end(ctx context.Context, err error) error {
	defer sc.leavePast()
	sc.leave()
	if sc.explicit {
		return err
	}
	defer sc.open.release()
	if reason := sc.open.endedBy(); reason != nil {
		return reason
	}
	if err == nil {
		sc.txn.SetAsync(sc.session.settings.asyncCommit())
		_, err = sc.txn.Commit(ctx)
	}
	return err
}

func (sc *scope) functions() *function.Context {
	store := sc.session.db.store
	return &function.Context{
		Now: sc.now, Location: sc.session.settings.location(), Sequences: &sequenceAccess{sc}, Version: int64(sc.txn.Snapshot()),
		VersionTime: func(version int64) (time.Time, bool) {
			if version < 0 || mvcc.Timestamp(version) > store.Version() {
				return time.Time{}, false
			}
			return store.TimeOf(mvcc.Timestamp(version))
		},
	}
}

// endTransaction drops the open transaction.
func (s *Session) endTransaction() {
	if s.txn != nil && s.txn.open != nil {
		s.txn.open.release()
	}
	s.txn = nil
}
