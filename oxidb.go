// Package oxidb embeds the OxiDB database: tables in Apache Arrow, files in Parquet, PostgreSQL's
// SQL, transactions with snapshot isolation. One directory is one database, owned by one process.
//
//	db, err := oxidb.Open(ctx, "./shop")
//	…
//	rows, err := db.Query(ctx, "SELECT name, price FROM product WHERE price < $1", 20)
//	for batch, err := range rows.Batches() { … }
//
// The package is the only conductor: it parses, binds, optimizes, builds, runs and commits. Errors
// that a statement causes are *sqlerr.Error with SQLSTATE and position.
package oxidb

import (
	"context"
	"errors"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/catalog/sequence"
	"github.com/oxidb/oxidb/catalog/systables"
	"github.com/oxidb/oxidb/exec/spill"
	"github.com/oxidb/oxidb/external/parquet"
	"github.com/oxidb/oxidb/function/builtin"
	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/sqlerr"
)

// Version is OxiDB's version.
const Version = builtin.Version

// InMemory is the path of a database without files; it ends with Close.
const InMemory = ":memory:"

// Options configure Open. The zero value is the default.
type Options struct {
	// Threads is the number of workers of a query; 0 means all cores.
	Threads int
	// MemoryLimit bounds the memory of the database in bytes: rows that are not on disk yet, running
	// queries, and with what they leave the column cache. 0 means four fifths of the machine's memory, or
	// of its control group's; negative means none. ALTER SYSTEM SET memory_limit changes it.
	MemoryLimit int64
	// LimitProcess makes MemoryLimit the bound of the whole process's resident memory: the collector's
	// limit (debug.SetMemoryLimit) follows from it, and memory goes back to the system. It is for
	// programs that do little else; one database of a process may have it.
	LimitProcess bool
	// TempDirectory is where queries keep what memory has no room for; "" means the directory "spill"
	// of the database, or the system's for one in memory.
	TempDirectory string
	// TempLimit bounds those files in bytes; 0 means as much as the disk has.
	TempLimit int64
	// CacheLimit bounds the column cache in bytes; 0 means what MemoryLimit leaves.
	CacheLimit int64
	// AsyncCommit starts sessions with synchronous_commit = off: commits are acknowledged before they are
	// on disk, and a crash of the machine may take the last ones.
	AsyncCommit bool
	// CheckpointBytes is the length of log after which a checkpoint is written in the background; 0
	// means 256 MiB, less never.
	CheckpointBytes int64
	// LogFileBytes is the length at which a file of the log is full; 0 means 64 MiB.
	LogFileBytes int64
	// Archive is a directory that gets a copy of the log, about a second behind, for point-in-time
	// recovery; "" means none.
	Archive string
	// ScrubEvery is how often all files are read and compared with their checksums in the background,
	// slowly; 0 means never. What is found is given to Notice.
	ScrubEvery time.Duration
	// ReadOnly opens a database that exists without writing to its directory.
	ReadOnly bool
	// Quarantine opens a database that is damaged with what is sound: damaged files are put aside, and
	// Losses tells what they took with them. Only for when there is no backup.
	Quarantine bool
	// Progress is told how far recovery is, in bytes of log; nil for nobody.
	Progress func(what string, done, total int64)
	// Notice is told of what goes wrong in the background, such as an archive that cannot be written;
	// nil for nobody.
	Notice func(err error)
	// Retention is how long earlier versions can be read, unless ALTER SYSTEM has set oxidb.retention:
	// 0 means an hour, and nothing for a database in memory; negative means nothing.
	Retention time.Duration
	// FS is the file system to use; nil means the operating system's.
	FS vfs.FS
}

// DB is an open database. All methods are safe for concurrent use.
type DB struct {
	path     string
	fs       vfs.FS
	store    *mvcc.Store
	catalog  *systables.Catalog
	numbers  *sequence.Counters
	registry *builtin.Registry
	memory   *memory
	queries  *admission
	spill    *spill.Space
	footers  *parquet.Cache
	threads  int
	// initial are the settings before any ALTER SYSTEM.
	initial settings
	closed  atomic.Bool
	// versionTime is timeOfVersion.
	versionTime func(version int64) (time.Time, bool)

	plans planCache

	mu         sync.Mutex
	defaults   sessionSettings // what sessions start with
	sessions   map[*Session]struct{}
	procedures map[string]Procedure

	nextSession atomic.Uint64
	open        *openList
}

// Open opens the database in directory path, creating it when it does not exist, and recovers what
// an earlier process committed. The path InMemory (or "") makes one without files. Error 55006 means
// that another process has it open, XX001 that a file is damaged.
func Open(ctx context.Context, path string, opts ...func(*Options)) (*DB, error) {
	var o Options
	for _, set := range opts {
		set(&o)
	}
	if path == InMemory {
		path = ""
	}
	if o.FS == nil {
		o.FS = vfs.Default
		if o.TempDirectory == "" && path != "" && !o.ReadOnly {
			o.TempDirectory = filepath.Join(path, "spill")
		}
	}
	if o.Threads <= 0 {
		o.Threads = runtime.GOMAXPROCS(0)
	}
	if err := ctx.Err(); err != nil {
		return nil, sqlerr.New(sqlerr.QueryCanceled, "opening %s: %w", path, err)
	}
	limit := o.memoryLimit()
	memory := newMemory(limit)
	store, err := mvcc.Open(o.FS, path, mvcc.Options{BufferPoolBytes: o.CacheLimit, Memory: memory.Budget, CheckpointBytes: o.CheckpointBytes, LogFileBytes: o.LogFileBytes,
		Archive: o.Archive, ScrubEvery: o.ScrubEvery, ReadOnly: o.ReadOnly, Quarantine: o.Quarantine, Progress: o.Progress, Notice: o.Notice, Retention: keepAll, Compute: newComputer().values})
	if err != nil {
		return nil, err
	}
	objects, err := systables.Open(ctx, store)
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	numbers, err := openSequences(ctx, store, objects)
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	initial := databaseDefaults(o.Threads, o.retention(path))
	initial[memoryLimitName] = strconv.FormatInt(limit, 10)
	initial[maxRunningName] = strconv.Itoa(max(4, 2*o.Threads))
	if o.AsyncCommit {
		initial["synchronous_commit"] = "off"
	}
	db := &DB{
		path: path, fs: o.FS, store: store, catalog: objects, numbers: numbers, registry: builtin.New(), threads: o.Threads, initial: initial,
		memory: memory, queries: newAdmission(memory.Budget), defaults: sessionSettings{settings: initial, shared: true}, spill: spill.NewSpace(o.TempDirectory, o.TempLimit), sessions: map[*Session]struct{}{}, procedures: ownProcedures(),
		open: newOpenList(), footers: parquet.NewCache(store),
	}
	db.versionTime = db.timeOfVersion
	memory.measure(store)
	if o.LimitProcess {
		memory.protect(limit)
	}
	if err := db.loadSettings(); err != nil {
		return nil, errors.Join(err, store.Close())
	}
	memory.watch(store, &db.plans)
	return db, nil
}

// Threads sets Options.Threads.
func Threads(n int) func(*Options) { return func(o *Options) { o.Threads = n } }

// MemoryLimit sets Options.MemoryLimit.
func MemoryLimit(bytes int64) func(*Options) { return func(o *Options) { o.MemoryLimit = bytes } }

// LimitProcess sets Options.LimitProcess.
func LimitProcess() func(*Options) { return func(o *Options) { o.LimitProcess = true } }

// AsyncCommit sets Options.AsyncCommit.
func AsyncCommit() func(*Options) { return func(o *Options) { o.AsyncCommit = true } }

// CheckpointBytes sets Options.CheckpointBytes.
func CheckpointBytes(n int64) func(*Options) { return func(o *Options) { o.CheckpointBytes = n } }

// Retention sets Options.Retention.
func Retention(d time.Duration) func(*Options) { return func(o *Options) { o.Retention = d } }

// Path is the database's directory, empty for one in memory.
func (db *DB) Path() string { return db.path }

// SpilledBytes is what queries have written to temporary files since Open.
func (db *DB) SpilledBytes() int64 { return db.spill.Total() }

// PeakMemory is the most bytes that were held and reserved at once, the column cache aside.
func (db *DB) PeakMemory() int64 { return db.memory.Peak() }

// Close ends every session, writes a checkpoint and releases the directory. A second Close does
// nothing.
func (db *DB) Close() error {
	if db.closed.Swap(true) {
		return nil
	}
	db.mu.Lock()
	open := make([]*Session, 0, len(db.sessions))
	for s := range db.sessions {
		open = append(open, s)
	}
	db.mu.Unlock()
	for _, s := range open {
		s.Close()
	}
	db.memory.close()
	return errors.Join(db.numbers.Flush(context.Background()), db.store.Close())
}

// Query runs sql, which may hold several statements, in a session of its own and gives the last
// one's result. Arguments stand for $1, $2, … (or ?). Close the result, or read it to its end.
func (db *DB) Query(ctx context.Context, sql string, args ...any) (*Result, error) {
	s, err := db.Session()
	if err != nil {
		return nil, err
	}
	r, err := s.Query(ctx, sql, args...)
	if err != nil {
		s.Close()
		return nil, err
	}
	r.onClose(func() { s.Close() })
	return r, nil
}

// Exec runs sql to its end, drops its rows and gives the number of rows that the last statement
// changed (or delivered).
func (db *DB) Exec(ctx context.Context, sql string, args ...any) (int64, error) {
	s, err := db.Session()
	if err != nil {
		return 0, err
	}
	defer s.Close()
	return s.Exec(ctx, sql, args...)
}

// Checkpoint writes all fresh rows to segments and trims the log.
func (db *DB) Checkpoint(ctx context.Context) error { return db.store.Checkpoint(ctx) }
