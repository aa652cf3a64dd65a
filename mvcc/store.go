package mvcc

import (
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/columnar/mem"
	"github.com/oxidb/oxidb/columnar/segment"
	"github.com/oxidb/oxidb/mvcc/archive"
	"github.com/oxidb/oxidb/mvcc/wal"
)

// Options tune a store. The zero value is a good default.
type Options struct {
	// BufferPoolBytes bounds the sealed columns kept in memory; 0 means as much as Memory has room for,
	// or 2 GiB when it has no limit.
	BufferPoolBytes int64
	// Memory is what the buffer pool shares with others; nil for a budget of the store's own.
	Memory *mem.Budget
	// CheckpointBytes is the length of the log that starts a checkpoint; 0 means 64 MiB, negative that
	// nothing is done in the background: no checkpoint, and no compaction.
	CheckpointBytes int64
	// CheckpointInterval is how often there is a checkpoint, when anything has changed; 0 means every
	// minute, negative only when the log is long.
	CheckpointInterval time.Duration
	// CompactBytes bounds how much compactions rewrite after each checkpoint in the background; 0 means
	// 256 MiB, negative that nothing is rewritten.
	CompactBytes int64
	// Retention is how long changes can be looked back on, beyond what open snapshots need.
	Retention time.Duration
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// LogFileBytes is the length at which a log file is full; 0 means 64 MiB.
	LogFileBytes int64
	// RetainLog is asked about every finished log file before it is recycled or removed; true keeps it,
	// until it is asked again. It must not use the store. Nil keeps nothing.
	RetainLog func(number uint64) bool
	// Archive is a directory that gets a copy of the log and of the segments that it names, no more than
	// ArchiveEvery behind (0 means a second). While it cannot be written the database goes on and keeps
	// its log.
	Archive      string
	ArchiveEvery time.Duration
	// ScrubEvery is how often everything is checked in the background, at such a speed that it takes most
	// of that time; 0 means never.
	ScrubEvery time.Duration
	// Quarantine opens a database that is damaged with what is sound. Damaged files are put aside, and
	// Store.Losses tells what they took with them.
	Quarantine bool
	// Progress is told how many bytes of log recovery has done; nil for nobody.
	Progress func(what string, done, total int64)
	// Notice is told of what goes wrong in the background; nil for nobody. It may be called by any
	// goroutine and must not use the store.
	Notice func(err error)
	// Compute gives the values of computed columns; without it a store has them not, and takes no rows of
	// tables with such.
	Compute Compute
	// ReadOnly recovers the database in memory and writes nothing to its directory.
	ReadOnly bool
	// UUID is the identity of a database that Open makes; zero means a random one. Tests that repeat
	// byte by byte fix it.
	UUID wal.UUID
}

// Store is one database: its tables, their history as far as snapshots need it, and the files under
// one directory. It may be used by many goroutines at once.
type Store struct {
	opts Options

	fs       vfs.FS
	dir      string // "" for a store in memory
	walDir   string
	uuid     wal.UUID
	origins  []Origin
	adopting bool // a restore is about to be finished
	lock     io.Closer
	marker   *marker
	log      *wal.Log // nil for a store in memory
	pool     *pool

	checkpointMu        sync.Mutex // guards manifestNumber, checkpointed and firstLog
	manifestNumber      uint64
	checkpointed        Timestamp // the manifest's commit
	firstLog            uint64    // the manifest's log file
	checkpointedAt      atomic.Int64
	checkpointErr       atomic.Pointer[error]
	checkpointedVersion atomic.Uint64 // for those without checkpointMu

	keeping       sync.Once
	keeper        keeper
	nextCompacted int          // the keeper's
	deleted       atomic.Int64 // rows since the last compaction in memory
	compacting    atomic.Bool  // in memory
	syncDue       atomic.Bool  // syncSoon was called
	closing       chan struct{}

	losses   []Loss
	lossFile uint64    // the log file in which a loss begins
	stopAt   Timestamp // the commit before which a replay stops

	archive      *archive.Archive // nil without one
	archiveFrom  uint64           // the log file that it begins with when it is new
	archiveMu    sync.Mutex       // one goroutine writes to it
	archiveBegun atomic.Bool
	archiveErr   atomic.Pointer[error]
	background   sync.WaitGroup

	pins pins
	rows rowReader // of the log, while it is replayed

	compactMu sync.Mutex // held by the one that compacts

	buffers     segment.Buffers // of files
	filesMu     sync.Mutex
	files       map[string]*segment.File // by path under dir
	garbage     []garbageFile
	nextSegment atomic.Uint64
	components  componentFiles

	// mu orders commits: whoever holds it for writing sequences one. It guards all shared tables
	// and chunks. It is held for no input or output.
	mu     sync.RWMutex
	tables map[TableID]*table
	last   Timestamp // the newest sequenced commit

	visible atomic.Uint64 // the newest commit that snapshots see
	failed  atomic.Pointer[error]

	active   snapshots
	activeMu sync.Mutex
	floor    Timestamp // history before it is gone: no older snapshot can be opened
	closed   bool

	retention atomic.Int64 // nanoseconds
	times     commitTimes

	workspaces sync.Pool // of *workspace

	nextTxn atomic.Uint64
	nextID  atomic.Uint32 // TableIDs handed out

	dictsMu sync.Mutex
	dicts   map[columnKey]*segment.Dictionaries

	statsMu sync.Mutex
	stats   map[statsKey]cachedStats
}

// firstUserID leaves the numbers below to system tables.
const firstUserID = 1000

func newStore(o Options) *Store {
	if o.Memory == nil {
		o.Memory = mem.NewBudget("the store", 0, nil)
	}
	s := &Store{
		opts:    o,
		pool:    newPool(o.BufferPoolBytes, o.Memory),
		files:   map[string]*segment.File{},
		closing: make(chan struct{}),
		keeper:  keeper{wake: make(chan struct{}, 1)},
		tables:  map[TableID]*table{},
		dicts:   map[columnKey]*segment.Dictionaries{},
		stats:   map[statsKey]cachedStats{},
	}
	s.active.init()
	s.nextID.Store(firstUserID)
	s.retention.Store(int64(o.Retention))
	if s.times.clock = o.Now; s.times.clock == nil {
		s.times.clock = time.Now
	}
	return s
}

// LogEnd is where the log ends: the number of the file that is written to, and an offset in it. What
// lies behind it in the file is room, or what the file held in an earlier life.
// A store in memory has no log: it gives zeros.
func (s *Store) LogEnd() (file uint64, offset int64) {
	if s.log == nil {
		return 0, 0
	}
	return s.log.End()
}

// LogBytes is the length of all records logged since the store was opened.
func (s *Store) LogBytes() int64 {
	if s.log == nil {
		return 0
	}
	return s.log.Bytes()
}

// LogSyncs is how often the log has waited for the disk since the store was opened.
func (s *Store) LogSyncs() int64 {
	if s.log == nil {
		return 0
	}
	return s.log.Syncs()
}

// NewID gives a number that no table, view or index has had.
func (s *Store) NewID() TableID { return TableID(s.nextID.Add(1)) }

// usedID keeps NewID above a number that is in use.
func (s *Store) usedID(id TableID) {
	for {
		at := s.nextID.Load()
		if uint32(id) <= at || s.nextID.CompareAndSwap(at, uint32(id)) {
			return
		}
	}
}

// Version is the newest visible commit.
func (s *Store) Version() Timestamp { return Timestamp(s.visible.Load()) }

// TxnOptions say what a transaction may do.
type TxnOptions struct {
	ReadOnly bool
	// Serializable makes the commit fail with 40001 unless everything that was read (NoteRead) is
	// still as it was read.
	Serializable bool
	// Home numbers who begins one transaction after the other: those of different homes do not wait for
	// each other. 0 is nobody in particular.
	Home uint64
}

// Begin starts a transaction on a snapshot of everything committed. It must be ended by Commit or Rollback.
func (s *Store) Begin(o TxnOptions) *Txn {
	id := s.nextTxn.Add(1)
	home := o.Home
	if home == 0 {
		home = id
	}
	return &Txn{store: s, id: id, home: home, snapshot: s.active.newest(s, home), readOnly: o.ReadOnly, serializable: o.Serializable}
}

// publish makes a durable commit, and all before it (M5), visible.
func (s *Store) publish(at Timestamp) {
	for {
		now := s.visible.Load()
		if uint64(at) <= now || s.visible.CompareAndSwap(now, uint64(at)) {
			return
		}
	}
}
