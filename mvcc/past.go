package mvcc

import (
	"context"
	"sync"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/types"
)

// PastRows is rows of one chunk that commits of a span of versions inserted, or deleted. Many
// goroutines may read it at once, until the transaction that gave it ends.
type PastRows struct {
	// Inserted tells inserted rows from deleted ones.
	Inserted bool

	view    *View
	rows    *roaring.Bitmap
	history []rowsAt      // of the chunk, up to the span's end
	deletes []deleteDelta // of the span

	once     sync.Once
	hidden   *Bitmap
	versions *columnar.Vector
	times    *columnar.Vector
}

// History lists the rows that commits after since, up to the transaction's snapshot, inserted into and
// deleted from a table, with the table's schema at the snapshot. What a transaction inserted and
// deleted itself is not among them, nor does a compaction show. A transaction must be open at since, or
// before.
func (t *Txn) History(id TableID, since Timestamp) ([]*PastRows, error) {
	s := t.store
	s.mu.RLock()
	defer s.mu.RUnlock()
	shared := s.tables[id]
	if shared == nil || shared.asOf(t.snapshot) == nil {
		return nil, noTable(id)
	}
	version := shared.asOf(t.snapshot)
	table := &Table{store: s, id: id, name: version.name, schema: version.schema, version: version.at}
	var all []*PastRows
	for _, ch := range shared.changes(since, t.snapshot) {
		c, from := ch.chunk, since
		if c.moved {
			from = max(since, c.history[0].at)
		}
		past := PastRows{view: &View{table: table, chunk: c, guard: &s.mu, shared: shared, rows: c.rowsUpTo(t.snapshot), at: t.snapshot},
			history: c.history[:c.upTo(t.snapshot)], deletes: c.deletes.span(from, t.snapshot)}
		inserted, deleted := roaring.New(), ch.deleted
		inserted.AddRange(uint64(ch.lo), uint64(ch.hi))
		if own := past.fleeting(); own != nil {
			inserted.AndNot(own)
			deleted.AndNot(own)
		}
		if !inserted.IsEmpty() {
			all = append(all, &PastRows{Inserted: true, view: past.view, rows: inserted, history: past.history})
		}
		if deleted != nil && !deleted.IsEmpty() {
			past.rows = deleted
			all = append(all, &past)
		}
	}
	return all, nil
}

// span is the deltas of commits in (from, to].
func (d *deleteSet) span(from, to Timestamp) []deleteDelta {
	if d == nil {
		return nil
	}
	lo, hi := d.upTo(from), d.upTo(to)
	return d.deltas[min(lo, hi):hi:hi]
}

// fleeting is the rows that one commit both inserted and deleted, which nobody ever saw; nil for none.
func (p *PastRows) fleeting() *roaring.Bitmap {
	var own *roaring.Bitmap
	at := 0
	for i := range p.deletes {
		d := &p.deletes[i]
		for at < len(p.history) && p.history[at].at < d.at {
			at++
		}
		if at == len(p.history) || p.history[at].at != d.at {
			continue
		}
		lo := 0
		if at > 0 {
			lo = p.history[at-1].rows
		}
		part := roaring.New()
		part.AddRange(uint64(lo), uint64(p.history[at].rows))
		both := roaring.New()
		d.addTo(both)
		both.And(part)
		if own == nil {
			own = roaring.New()
		}
		own.Or(both)
	}
	return own
}

// Count is the number of rows.
func (p *PastRows) Count() int64 { return int64(p.rows.GetCardinality()) }

// Rows is the number of rows of the chunk among which those of the history lie.
func (p *PastRows) Rows() int { return int(p.rows.Maximum()) + 1 }

// Column delivers the chunk's column of a field, as View.Column does.
func (p *PastRows) Column(ctx context.Context, field int32) (*columnar.Vector, error) {
	return p.view.Column(ctx, field)
}

// Zone describes the chunk's column of a field, as View.Zone does.
func (p *PastRows) Zone(field int32) *Zone { return p.view.Zone(field) }

// Hidden marks the chunk's rows that are not part of the history.
func (p *PastRows) Hidden() *Bitmap {
	p.once.Do(p.prepare)
	return p.hidden
}

// Versions is, by row of the chunk, the version that inserted or deleted the row; Times is when.
func (p *PastRows) Versions() *columnar.Vector {
	p.once.Do(p.prepare)
	return p.versions
}

// Times is, by row of the chunk, when its version was committed; NULL where that is not known.
func (p *PastRows) Times() *columnar.Vector {
	p.once.Do(p.prepare)
	return p.times
}

func (p *PastRows) prepare() {
	n := p.Rows()
	p.hidden = &Bitmap{}
	others := roaring.Flip(p.rows, 0, uint64(n))
	others.RemoveRange(uint64(n), 1<<32)
	p.hidden.mark(others)
	p.versions = &columnar.Vector{Type: types.TBigInt, Layout: columnar.I64, Len: n, I64: make([]int64, n), Shared: true}
	p.times = &columnar.Vector{Type: types.TTimestampTZ, Layout: columnar.I64, Len: n, I64: make([]int64, n), Valid: make([]uint64, (n+63)/64), Shared: true}
	if p.Inserted {
		from := 0
		for _, h := range p.history {
			to := min(h.rows, n)
			micros, known := p.micros(h.at)
			for row := from; row < to; row++ {
				p.set(uint32(row), h.at, micros, known)
			}
			from = max(from, to)
		}
		return
	}
	for i := range p.deletes {
		d := &p.deletes[i]
		micros, known := p.micros(d.at)
		if d.rows == nil {
			p.set(d.row, d.at, micros, known)
			continue
		}
		for it := d.rows.Iterator(); it.HasNext(); {
			p.set(it.Next(), d.at, micros, known)
		}
	}
}

func (p *PastRows) micros(at Timestamp) (int64, bool) {
	when, known := p.view.table.store.TimeOf(at)
	return when.UnixMicro(), known
}

func (p *PastRows) set(row uint32, at Timestamp, micros int64, known bool) {
	if int(row) >= p.versions.Len {
		return
	}
	p.versions.I64[row] = int64(at)
	if known {
		p.times.I64[row] = micros
		p.times.Valid[row/64] |= 1 << (row % 64)
	}
}

// VersionTime is a version and when it was committed.
type VersionTime struct {
	Version Timestamp
	Time    time.Time
}

// Versions lists the versions that BeginAt can open, as far as their times are known: of many old ones
// the last of every hundredth of a second.
func (s *Store) Versions() []VersionTime {
	oldest, newest := s.Oldest(), s.Version()
	s.times.mu.Lock()
	defer s.times.mu.Unlock()
	var all []VersionTime
	for _, e := range s.times.entries {
		if e.at >= oldest && e.at <= newest {
			all = append(all, VersionTime{Version: e.at, Time: time.UnixMicro(e.micros).UTC()})
		}
	}
	return all
}
