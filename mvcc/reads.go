package mvcc

import (
	"sync"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/index/ordered"
	"github.com/oxidb/oxidb/types"
)

// Read is something that a transaction read of a table, noted so that its commit finds out whether
// another commit has changed it since: precision locking (Neumann, Mühlbauer and Kemper, "Fast
// Serializable Multi-Version Concurrency Control for Main-Memory Database Systems", SIGMOD 2015).
// Without Key and Match it is the whole table.
type Read struct {
	// Fields are the columns that Key or Match is about.
	Fields []int32
	// Key says that the rows were read whose Fields equal it; its values have the columns' types. A
	// key with a NULL equals nothing.
	Key []types.Value
	// Presence says that of the rows with Key only their number was looked at: that one of them gets
	// another version does not matter.
	Presence bool
	// Match reports whether any of n rows, at most columnar.BatchSize, belongs to what was read; cols
	// are the columns of Fields. It is called by one goroutine at a time, after the read and before
	// the transaction ends, and must not call the store.
	Match func(cols []*columnar.Vector, n int) (bool, error)
	// Always says that the read counts in every transaction, not only in serializable ones.
	Always bool
}

const (
	// maxScans and maxKeys are how many reads of one table are told apart; beyond, the whole table
	// counts as read.
	maxScans = 1 << 10
	maxKeys  = 1 << 20
)

// readSet is what a transaction has read. The reads of a savepoint that was rolled back stay: the
// client has seen them.
type readSet struct {
	mu     sync.Mutex
	tables map[TableID]*tableReads
}

// tableReads is the reads of one table.
type tableReads struct {
	whole bool
	scans []Read
	keys  map[string]*keyReads // by the fields' name
	count int                  // of keys
}

// keyReads is the keys of one set of fields that were read.
type keyReads struct {
	fields []int32
	keys   map[string]*keyRead // by ordered.AppendKey
}

// keyRead is one key that was read.
type keyRead struct{ presence bool }

// Serializable reports whether the transaction notes its reads.
func (t *Txn) Serializable() bool { return t.serializable }

// NoteRead records what the transaction reads of a table, where it has to be serializable with it or
// the read always counts. Only a transaction that writes is checked: the snapshot of one that does not
// is the state after some commit, and as every serializable transaction takes effect as if it had run
// alone at its commit, reading that state is running between two of them.
func (t *Txn) NoteRead(id TableID, r Read) {
	if t.readOnly || !t.serializable && !r.Always {
		return
	}
	t.reads.mu.Lock()
	defer t.reads.mu.Unlock()
	of := t.reads.tables[id]
	if of == nil {
		of = &tableReads{}
		if t.reads.tables == nil {
			t.reads.tables = map[TableID]*tableReads{}
		}
		t.reads.tables[id] = of
	}
	of.add(r)
}

func (of *tableReads) add(r Read) {
	switch {
	case of.whole:
		return
	case r.Key != nil:
		of.addKey(r)
	case r.Match != nil && len(of.scans) < maxScans:
		of.scans = append(of.scans, r)
		return
	default:
		of.whole = true
	}
	if of.whole || of.count > maxKeys {
		*of = tableReads{whole: true}
	}
}

func (of *tableReads) addKey(r Read) {
	columns := make([]*columnar.Vector, len(r.Key))
	for i := range r.Key {
		if r.Key[i].Null {
			return
		}
		columns[i] = ConstVector(r.Key[i].Type, r.Key[i])
	}
	name := (&Key{Fields: r.Fields}).fieldsName()
	alike := of.keys[name]
	if alike == nil {
		alike = &keyReads{fields: r.Fields, keys: map[string]*keyRead{}}
		if of.keys == nil {
			of.keys = map[string]*keyReads{}
		}
		of.keys[name] = alike
	}
	key := ordered.AppendKey(nil, columns, 0)
	if known := alike.keys[string(key)]; known != nil {
		known.presence = known.presence && r.Presence
		return
	}
	alike.keys[string(key)] = &keyRead{presence: r.Presence}
	of.count++
}

// fields lists, each once, the columns that scans and keys look at.
func (of *tableReads) fields() []int32 {
	var all []int32
	seen := map[int32]bool{}
	add := func(fields []int32) {
		for _, f := range fields {
			if !seen[f] {
				seen[f] = true
				all = append(all, f)
			}
		}
	}
	for i := range of.scans {
		add(of.scans[i].Fields)
	}
	for _, k := range of.keys {
		add(k.fields)
	}
	return all
}
