package mvcc

import (
	"fmt"
	"strings"

	"github.com/oxidb/oxidb/mvcc/wal"
	"github.com/oxidb/oxidb/sqlerr"
)

// recover loads the manifest, replays the log's commits after it, goes on in a new log file and
// removes what neither names. Nothing on disk changes before the replay has succeeded.
func (s *Store) recover(name string) error {
	s.manifestNumber, _ = manifestNumber(name)
	m, state, err := s.reload(name)
	if err != nil {
		return err
	}
	// The marker may be one that a killed process made and did not sync; what it replaced goes next.
	if err := wal.SyncDir(s.fs, s.dir); err != nil {
		return s.fileError("syncing directory", "", err)
	}
	if err := s.identify(); err != nil {
		return err
	}
	if s.log, err = wal.Start(s.fs, s.walDir, s.uuid, state, s.walOptions()); err != nil {
		return err
	}
	s.catchUp(m.WAL)
	if err := s.putAside(); err != nil {
		return err
	}
	if len(s.losses) > 0 {
		return nil // the checkpoint has removed what it replaced; the rest goes with the next opening
	}
	return s.removeOrphans(name, m.WAL)
}

// replay applies one committed transaction. Those in the manifest are passed over.
func (s *Store) replay(records []wal.Record) error {
	end := records[len(records)-1]
	at := Timestamp(end.At)
	info, err := decodeCommit(end.Payload)
	if err != nil || info.records != len(records)-1 {
		return damagedRecord(&end, fmt.Errorf("the commit ends %d records", len(records)-1))
	}
	s.usedID(info.nextID)
	if at <= s.checkpointed {
		return nil
	}
	if at != s.last+1 {
		return damagedRecord(&end, fmt.Errorf("commit %d follows commit %d", at, s.last))
	}
	for i := range records[:len(records)-1] {
		if err := s.replayRecord(&records[i], at); err != nil {
			return damagedRecord(&records[i], err)
		}
	}
	s.last = at
	s.times.add(at, info.micros)
	return nil
}

func damagedRecord(r *wal.Record, err error) error {
	return unreadable(err, "record %d of the log does not fit the tables", r.LSN)
}

func (s *Store) replayRecord(r *wal.Record, at Timestamp) error {
	id := TableID(r.Table)
	if r.Type == wal.Schema {
		return s.replaySchema(id, r.Payload, at)
	}
	t := s.tables[id]
	if t == nil || t.newest().dropped {
		return fmt.Errorf("there is no table %d", id)
	}
	switch r.Type {
	case wal.Segment:
		return s.replaySegment(t, r, at)
	case wal.Replace:
		return s.replayReplace(t, r, at)
	case wal.Append:
		return s.replayAppend(t, r, at)
	case wal.Delete:
		return s.replayDelete(t, r, at)
	}
	return sqlerr.New(sqlerr.FeatureNotSupported, "it has type %d, which this version of OxiDB does not know", r.Type).
		WithHint("Open the database with the version of OxiDB that wrote it.")
}

func (s *Store) replaySchema(id TableID, data []byte, at Timestamp) error {
	var record schemaRecord
	if err := decodeStrict(data, &record); err != nil {
		return err
	}
	schema, err := record.schema()
	if err != nil {
		return err
	}
	s.computes(&schema)
	t := s.tables[id]
	if t == nil {
		t = &table{id: id}
		s.tables[id] = t
	}
	t.alter(schemaVersion{at: at, name: record.Name, schema: schema, dropped: record.Dropped})
	return nil
}

func (s *Store) replaySegment(t *table, r *wal.Record, at Timestamp) error {
	var record segmentRecord
	if err := decodeStrict(r.Payload, &record); err != nil {
		return err
	}
	for _, f := range record.Files {
		s.usedSegment(f.Path)
	}
	chunks, err := s.sealedChunks(&record, at)
	if err != nil {
		return err
	}
	for i, c := range chunks {
		t.adopt(c)
		if want := uint32(r.Place>>32) + uint32(i); c.id != want {
			return fmt.Errorf("chunk %d became %d", want, c.id)
		}
	}
	return nil
}

func (s *Store) replayReplace(t *table, r *wal.Record, at Timestamp) error {
	var record replaceRecord
	if err := decodeStrict(r.Payload, &record); err != nil {
		return err
	}
	var sources []*chunk
	for _, id := range record.Sources {
		c := t.find(id)
		if c == nil || c.retired() {
			return fmt.Errorf("chunk %d, which is replaced, does not exist", id)
		}
		if !c.closed {
			t.closeOpen() // the compaction did, which nothing else told
		}
		sources = append(sources, c)
	}
	for _, f := range record.Segments.Files {
		s.usedSegment(f.Path)
	}
	made, err := s.sealedChunks(&record.Segments, at)
	if err != nil {
		return err
	}
	if len(sources) == 0 || r.Place != (place{chunk: t.next}).encode() {
		return fmt.Errorf("chunks %v are replaced from number %d on, the next is %d", record.Sources, r.Place>>32, t.next)
	}
	for i, c := range made {
		c.id, c.moved = t.next+uint32(i), true
	}
	t.replace(sources, made, at)
	for _, c := range made {
		c.born = 0
	}
	return nil
}

// usedSegment keeps new segment files from taking a name in use.
func (s *Store) usedSegment(path string) {
	var n uint64
	if _, err := fmt.Sscanf(path[strings.LastIndexByte(path, '/')+1:], "%d.parquet", &n); err == nil && n > s.nextSegment.Load() {
		s.nextSegment.Store(n)
	}
}

func (s *Store) replayAppend(t *table, r *wal.Record, at Timestamp) error {
	rows, err := s.rows.rows(t.newest().schema.Columns, r.Payload)
	if err != nil {
		return err
	}
	if r.Place == (place{chunk: t.next}).encode() {
		t.closeOpen() // a compaction took the chunk that had room
	}
	c := t.openChunk()
	if got := (place{chunk: c.id, offset: uint32(c.rows)}); got.encode() != r.Place {
		return fmt.Errorf("rows go to %d/%d, the log says %d/%d", got.chunk, got.offset, r.Place>>32, uint32(r.Place))
	}
	t.appendRows(rows.cols, nil, rows.n, at, s.floor)
	return nil
}

func (s *Store) replayDelete(t *table, r *wal.Record, at Timestamp) error {
	c := t.find(uint32(r.Place >> 32))
	if c == nil {
		return fmt.Errorf("there is no chunk %d", r.Place>>32)
	}
	rows, err := readBitmap(r.Payload, c.rows)
	if err != nil {
		return err
	}
	c.deletes = c.deletes.with(at, rows, s.floor)
	return nil
}

// removeOrphans removes the files that a crash left behind: old manifests, log files before the
// manifest's, and segments that no chunk lies in.
func (s *Store) removeOrphans(current string, firstLog uint64) error {
	names, err := s.fs.List(s.dir)
	if err != nil {
		return s.fileError("reading directory", "", err)
	}
	for _, name := range names {
		if strings.HasPrefix(name, "MANIFEST-") && name != current {
			if err := s.fs.Remove(s.path(name)); err != nil {
				return s.fileError("removing", name, err)
			}
		}
	}
	if err := s.marker.removeObsolete(); err != nil {
		return s.fileError("removing old markers in", "", err)
	}
	if err := s.log.Trim(firstLog); err != nil {
		return s.fileError("trimming", "wal", err)
	}
	return s.removeOrphanSegments()
}

func (s *Store) removeOrphanSegments() error {
	wanted := s.archived() < s.last // by the archive, which could not be written
	dirs, err := s.fs.List(s.path("seg"))
	if err != nil {
		return s.fileError("reading directory", "seg", err)
	}
	for _, dir := range dirs {
		files, err := s.fs.List(s.path(s.fs.PathJoin("seg", dir)))
		if err != nil {
			return s.fileError("reading directory", dir, err)
		}
		for _, name := range files {
			path := s.fs.PathJoin("seg", dir, name)
			s.usedSegment(path)
			if wanted || s.files[path] != nil {
				continue
			}
			if err := s.fs.Remove(s.path(path)); err != nil {
				return s.fileError("removing", path, err)
			}
		}
	}
	s.components.list(s)
	return nil
}
