package backup

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/mvcc/wal"
	"github.com/oxidb/oxidb/sqlerr"
)

// Set is one backup.
type Set struct {
	Name     string         `json:"name"`
	Database string         `json:"database"` // its UUID in hexadecimal
	Oxidb    string         `json:"oxidb"`    // the version that made the backup
	Created  time.Time      `json:"created"`  // by the clock, which may be wrong
	Base     mvcc.Timestamp `json:"base"`     // the newest commit in the manifest
	BaseTime time.Time      `json:"base_time,omitzero"`
	BaseLSN  uint64         `json:"base_lsn"` // the last record before the set's log
	Version  mvcc.Timestamp `json:"version"`  // the newest commit
	Time     time.Time      `json:"time,omitzero"`
	LSN      uint64         `json:"lsn"`
	FirstLog uint64         `json:"first_log"`
	Manifest string         `json:"manifest"`
	Files    []File         `json:"files"`
}

// File is a file of a set.
type File struct {
	Path   string `json:"path"`   // in the database's directory
	Stored string `json:"stored"` // in the directory of backups
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// Bytes is the size of the database that a set restores, as files.
func (s *Set) Bytes() (n int64) {
	for _, f := range s.Files {
		n += f.Size
	}
	return n
}

// The names in a directory of backups.
const (
	formatFile = mvcc.BackupsFile
	formatText = "OxiDB backups, format 1\n"
	setsDir    = "sets"
	setFile    = "BACKUP"
	lockFile   = "LOCK"
)

// A BACKUP file is a header of 24 bytes (magic, format version, CRC32C of the body, length of the body)
// and the body, JSON.
const (
	setHeaderSize = 24
	setVersion    = 1
)

var (
	setMagic   = [8]byte{'O', 'X', 'I', 'D', 'B', 'B', 'A', 'K'}
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
)

func (s *Set) encode() ([]byte, error) {
	body, err := json.MarshalIndent(s, "", " ")
	if err != nil {
		return nil, err
	}
	head := make([]byte, setHeaderSize, setHeaderSize+len(body))
	copy(head, setMagic[:])
	binary.LittleEndian.PutUint32(head[8:], setVersion)
	binary.LittleEndian.PutUint32(head[12:], crc32.Checksum(body, castagnoli))
	binary.LittleEndian.PutUint64(head[16:], uint64(len(body)))
	return append(head, body...), nil
}

func decodeSet(raw []byte, path string) (*Set, error) {
	if len(raw) < setHeaderSize || [8]byte(raw[:8]) != setMagic {
		return nil, sqlerr.New(sqlerr.DataCorrupted, "%s does not describe a backup of OxiDB", path).
			WithHint("Earlier backups in the directory are not affected: restore one by its name (--set).")
	}
	if v := binary.LittleEndian.Uint32(raw[8:]); v != setVersion {
		return nil, sqlerr.New(sqlerr.FeatureNotSupported, "backup %s has format %d; this version of OxiDB reads format %d", path, v, setVersion).
			WithHint("A later version made the backup. Use that version of OxiDB, or a newer one; nothing was changed.")
	}
	body := raw[setHeaderSize:]
	if binary.LittleEndian.Uint64(raw[16:]) != uint64(len(body)) || binary.LittleEndian.Uint32(raw[12:]) != crc32.Checksum(body, castagnoli) {
		return nil, sqlerr.New(sqlerr.DataCorrupted, "checksum mismatch in %s", path)
	}
	s := &Set{}
	if err := json.Unmarshal(body, s); err != nil {
		return nil, sqlerr.New(sqlerr.DataCorrupted, "%s cannot be decoded: %w", path, err)
	}
	return s, nil
}

// uuid is the identity of the database that the set is of.
func (s *Set) uuid() (id wal.UUID, err error) {
	raw, err := hex.DecodeString(s.Database)
	if err != nil || len(raw) != len(id) {
		return id, sqlerr.New(sqlerr.DataCorrupted, "backup %s names %q as its database", s.Name, s.Database)
	}
	return wal.UUID(raw), nil
}

// Dir is a directory of backups.
type Dir struct {
	fs   vfs.FS
	path string
}

// Open names a directory of backups. Errors: 58P01 when there is none, 55000 when it holds something
// else, 0A000 when a later version of OxiDB made it.
func Open(fs vfs.FS, path string) (*Dir, error) {
	d := &Dir{fs: fs, path: fs.PathJoin(path)}
	raw, err := d.read(formatFile)
	switch {
	case notThere(err):
		return nil, sqlerr.New(sqlerr.UndefinedFile, "there are no backups in %s", d.path)
	case err != nil:
		return nil, d.failed("reading", formatFile, err)
	case string(raw) == formatText:
		return d, nil
	case strings.HasPrefix(string(raw), "OxiDB backups, format "):
		return nil, sqlerr.New(sqlerr.FeatureNotSupported, "%s says %q; this version of OxiDB reads format 1", d.at(formatFile), strings.TrimSpace(string(raw))).
			WithHint("A later version made the backups. Use that version of OxiDB, or a newer one; nothing was changed.")
	}
	return nil, sqlerr.New(sqlerr.DataCorrupted, "%s does not say that the directory holds backups", d.at(formatFile))
}

func notThere(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) || err != nil && strings.Contains(err.Error(), "not a directory")
}

func (d *Dir) at(name string) string { return d.fs.PathJoin(d.path, name) }

// Sets lists the backups, the oldest first. Damaged ones are errors beside the sound ones.
func (d *Dir) Sets() (sets []*Set, damaged error) {
	names, err := d.setNames()
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		s, err := d.Set(name)
		switch {
		case sqlerr.StateOf(err) == sqlerr.UndefinedObject:
		case err != nil:
			damaged = errors.Join(damaged, err)
		default:
			sets = append(sets, s)
		}
	}
	return sets, damaged
}

// setNames lists the directories of sets, whole or not.
func (d *Dir) setNames() ([]string, error) {
	names, err := d.fs.List(d.at(setsDir))
	if notThere(err) {
		return nil, nil
	}
	if err != nil {
		return nil, d.failed("reading", setsDir, err)
	}
	slices.Sort(names)
	return names, nil
}

// Set reads the description of a backup.
func (d *Dir) Set(name string) (*Set, error) {
	path := d.fs.PathJoin(setsDir, name, setFile)
	raw, err := d.read(path)
	if notThere(err) {
		return nil, sqlerr.New(sqlerr.UndefinedObject, "there is no backup %q in %s", name, d.path)
	}
	if err != nil {
		return nil, d.failed("reading", path, err)
	}
	s, err := decodeSet(raw, d.at(path))
	if err == nil && s.Name != name {
		return nil, sqlerr.New(sqlerr.DataCorrupted, "%s is the description of backup %q", d.at(path), s.Name)
	}
	return s, err
}

func (d *Dir) read(name string) (raw []byte, err error) {
	f, err := d.fs.Open(d.at(name))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	stat, err := f.Stat()
	if err != nil {
		return nil, err
	}
	raw = make([]byte, stat.Size())
	if len(raw) > 0 {
		_, err = f.ReadAt(raw, 0)
	}
	return raw, err
}

// write makes a file of bytes durable, under its name only when it is whole.
func (d *Dir) write(name string, raw []byte) error {
	f, err := d.fs.Create(d.at(name)+".tmp", vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	_, err = f.Write(raw)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := d.fs.Rename(d.at(name)+".tmp", d.at(name)); err != nil {
		return err
	}
	return wal.SyncDir(d.fs, d.fs.PathDir(d.at(name)))
}

// failed gives an error of the file system its SQLSTATE.
func (d *Dir) failed(doing, name string, err error) error {
	return failed(doing, d.at(name), err)
}

func failed(doing, path string, err error) error {
	var known *sqlerr.Error
	switch {
	case errors.As(err, &known):
		return err
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return sqlerr.New(sqlerr.DiskFull, "%s %s: no space left on device", doing, path).WithHint("Free some space, then run it again.")
	case errors.Is(err, fs.ErrPermission):
		return sqlerr.New(sqlerr.InsufficientPrivilege, "%w", fmt.Errorf("%s %s: %w", doing, path, err))
	}
	return sqlerr.New(sqlerr.IOError, "%w", fmt.Errorf("%s %s: %w", doing, path, err))
}
