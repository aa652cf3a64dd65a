package mvcc

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/columnar/segment"
	"github.com/oxidb/oxidb/mvcc/wal"
	"github.com/oxidb/oxidb/sqlerr"
)

// Image is the files that together are a database as of a moment. They stay where they are, and as they
// are, until Release; commits and checkpoints go on.
type Image struct {
	FS       vfs.FS
	Taken    time.Time // by the clock, which may be wrong
	Dir      string
	UUID     wal.UUID
	Manifest string        // the name of the manifest file
	Content  []byte        // of the manifest file
	Base     Timestamp     // the newest commit in the manifest
	BaseTime time.Time     // when that was made; zero when unknown
	FirstLog uint64        // the log file that goes on from there
	LSN      uint64        // the last record that is on disk
	Segments []SegmentFile // named by the manifest
	release  func()        // of the pin
}

// SegmentFile is a segment and what its bytes are checked with.
type SegmentFile struct {
	Path   string // under the database's directory
	Meta   segment.FileMeta
	Groups map[int]*segment.GroupMeta
}

// imageCheckpointBytes is the length of log from which an image begins with a checkpoint.
const imageCheckpointBytes = 32 << 20

// Image pins and lists the files of the database as of now: everything acknowledged is in it.
func (s *Store) Image(ctx context.Context) (*Image, error) {
	if s.dir == "" {
		return nil, sqlerr.New(sqlerr.ObjectNotInPrerequisite, "a database in memory has no files to copy")
	}
	if s.opts.ReadOnly {
		return nil, sqlerr.New(sqlerr.ReadOnlyTransaction, "a database that is open read-only cannot be backed up: its log has no writer that vouches for it").
			WithHint("Open it for writing, or copy the directory: nobody changes it.")
	}
	if s.log.Bytes()-s.checkpointedAt.Load() > imageCheckpointBytes {
		if err := s.Checkpoint(ctx); err != nil {
			return nil, err
		}
	}
	i := &Image{FS: s.fs, Dir: s.dir, Taken: s.times.clock().UTC()}
	if err := errors.Join(s.failure(), s.broken(s.log.Flush())); err != nil {
		return nil, err
	}
	i.release = s.Pin()
	if err := i.readManifest(s); err != nil {
		i.Release()
		return nil, err
	}
	return i, nil
}

func (i *Image) readManifest(s *Store) error {
	s.checkpointMu.Lock()
	defer s.checkpointMu.Unlock()
	i.Manifest = manifestName(s.manifestNumber)
	m, err := s.readManifest(i.Manifest)
	if err != nil {
		return err
	}
	if i.Content, err = s.readFile(i.Manifest); err != nil {
		return err
	}
	i.UUID, i.Base, i.FirstLog, i.LSN = m.UUID, m.At, m.WAL, s.log.OnDisk()
	i.BaseTime, _ = s.TimeOf(m.At)
	for j := range m.Tables {
		i.Segments = append(i.Segments, m.Tables[j].segments()...)
	}
	return nil
}

// files lists what a record names.
func (r *segmentRecord) files() []SegmentFile {
	all := make([]SegmentFile, len(r.Files))
	for i, f := range r.Files {
		all[i] = SegmentFile{Path: f.Path, Meta: f.Meta, Groups: map[int]*segment.GroupMeta{}}
	}
	for i := range r.Chunks {
		if c := &r.Chunks[i]; c.File >= 0 && c.File < len(all) {
			all[c.File].Groups[c.Group] = &c.Meta
		}
	}
	return all
}

// segments lists what a table of a manifest consists of.
func (t *manifestTable) segments() []SegmentFile {
	all := make([]SegmentFile, len(t.Files))
	for i, f := range t.Files {
		all[i] = SegmentFile{Path: f.Path, Meta: f.Meta, Groups: map[int]*segment.GroupMeta{}}
	}
	for i := range t.Chunks {
		c := &t.Chunks[i]
		all[c.File].Groups[c.Group] = &c.Meta
	}
	return all
}

// Release lets go of the files.
func (i *Image) Release() { i.release() }

// Log reads the image's part of the log, up to LSN. Close it.
func (i *Image) Log() (*wal.Follower, error) {
	return wal.Follow(i.FS, i.FS.PathJoin(i.Dir, "wal"), i.UUID, i.FirstLog)
}

// SegmentsOf lists the segments that a record of the log names.
func SegmentsOf(r *wal.Record) ([]SegmentFile, error) {
	var record replaceRecord
	var err error
	switch r.Type {
	case wal.Segment:
		err = json.Unmarshal(r.Payload, &record.Segments)
	case wal.Replace:
		err = json.Unmarshal(r.Payload, &record)
	}
	if err != nil {
		return nil, damagedRecord(r, err)
	}
	return record.Segments.files(), nil
}

// CommitOf tells a Commit record's version and time; the time is zero in logs that knew none.
func CommitOf(r *wal.Record) (at Timestamp, when time.Time, ok bool) {
	if r.Type != wal.Commit {
		return 0, time.Time{}, false
	}
	info, err := decodeCommit(r.Payload)
	if err != nil {
		return 0, time.Time{}, false
	}
	if info.micros != 0 {
		when = time.UnixMicro(info.micros).UTC()
	}
	return Timestamp(r.At), when, true
}

// Marker is the name of the file that makes a manifest the one that counts, in a directory without another.
func Marker(manifest string) string { return markerName(1, manifest) }

// BackupsFile stands in a directory of backups (package backup).
const BackupsFile = "OXIDB-BACKUPS"

// RestoringFile stands in a directory while a restore fills it: it cannot be opened meanwhile.
const RestoringFile = "RESTORING"

// Origin is a database that another one was restored from.
type Origin struct {
	UUID    wal.UUID  `json:"uuid"`
	Version Timestamp `json:"version"` // the newest commit taken over
}

// Origins are the identities that the database had before, the oldest first.
func (s *Store) Origins() []Origin { return s.origins }

// UUID is the database's identity. A restored database has one of its own.
func (s *Store) UUID() wal.UUID { return s.uuid }

// LSN is the last record of the log.
func (s *Store) LSN() uint64 {
	if s.log == nil {
		return 0
	}
	return s.log.LSN()
}

// Adopt ends a restore. It recovers what lies in the directory, gives the database a new identity, so
// that its log is never taken for a continuation of the old one's, and makes it fit to be opened. It
// gives the newest version.
func Adopt(ctx context.Context, fs vfs.FS, dir string, o Options) (Timestamp, error) {
	s := newStore(o)
	s.fs, s.dir, s.adopting = fs, fs.PathJoin(dir), true
	s.walDir = s.path("wal")
	err := s.openDir()
	if err == nil {
		err = s.Checkpoint(ctx)
	}
	at := s.Version()
	if err = errors.Join(err, s.Close()); err != nil {
		return 0, err
	}
	if err := errors.Join(fs.Remove(s.path(RestoringFile)), wal.SyncDir(fs, s.dir)); err != nil {
		return 0, s.fileError("finishing the restore of", "", err)
	}
	return at, nil
}

// refuseUnfinished keeps a directory that a restore has not finished from being opened.
func (s *Store) refuseUnfinished() error {
	switch _, err := s.fs.Stat(s.path(RestoringFile)); {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return s.fileError("looking for", RestoringFile, err)
	}
	return sqlerr.New(sqlerr.ObjectNotInPrerequisite, "the restore of %s did not finish", s.dir).
		WithHint("Run oxidb restore again; it begins anew.")
}

// identify gives the database the identity that it goes on with.
func (s *Store) identify() error {
	if !s.adopting {
		return nil
	}
	s.origins = append(s.origins, Origin{UUID: s.uuid, Version: s.last})
	return s.newIdentity()
}
