package mvcc

import (
	"slices"
	"strings"

	"github.com/oxidb/oxidb/mvcc/wal"
	"github.com/oxidb/oxidb/sqlerr"
)

// refuseForeign refuses a directory without a database that holds something else.
func (s *Store) refuseForeign() error {
	names, err := s.fs.List(s.dir)
	if err != nil {
		return s.fileError("reading directory", "", err)
	}
	for _, name := range names {
		if strings.HasPrefix(name, markerPrefix) {
			return nil
		}
	}
	if slices.Contains(names, BackupsFile) {
		return sqlerr.New(sqlerr.ObjectNotInPrerequisite, "directory %s holds backups, not a database", s.dir).WithHint("oxidb restore %s DIRECTORY makes a database from the newest.", s.dir)
	}
	for _, name := range names {
		if !ours(name) {
			return sqlerr.New(sqlerr.ObjectNotInPrerequisite, "directory %s is not a database of OxiDB and not empty: it holds %s", s.dir, name).
				WithHint("%s", s.nearby(name))
		}
	}
	return nil
}

// ours reports whether a name is one that OxiDB gives in a database's directory.
func ours(name string) bool {
	switch name {
	case "LOCK", "wal", "seg", "idx":
		return true
	}
	return ofServer(name) || strings.HasPrefix(name, markerPrefix) || strings.HasPrefix(name, "MANIFEST-")
}

// ofServer reports whether a server keeps that file in a database's directory: accounts, certificate.
func ofServer(name string) bool {
	switch name {
	case "users", "users.lock", "tls.crt", "tls.key":
		return true
	}
	return false
}

// nearby guesses which directory was meant instead of one that holds a name.
func (s *Store) nearby(name string) string {
	isDatabase := func(dir string) bool {
		_, manifest, err := locateMarker(s.fs, dir)
		return err == nil && manifest != ""
	}
	switch inside, above := s.fs.PathJoin(s.dir, name), s.fs.PathDir(s.dir); {
	case isDatabase(inside):
		return "There is a database in " + inside + "."
	case isDatabase(above):
		return "The database is in " + above + "."
	}
	return "Name a database's directory, or one that is new or empty."
}

// checkEmpty refuses a directory that holds a database that lost its marker, or a part of one. What a
// creation that did not finish left behind is fine: it has neither segments nor commits.
func (s *Store) checkEmpty() error {
	if err := s.refuseForeign(); err != nil {
		return err
	}
	names, err := s.fs.List(s.dir)
	if err != nil {
		return s.fileError("reading directory", "", err)
	}
	for _, name := range names {
		if name == manifestName(1) || !strings.HasPrefix(name, "MANIFEST-") {
			continue
		}
		return sqlerr.New(sqlerr.DataCorrupted, "the database in %s has %s but no manifest marker", s.dir, name)
	}
	if slices.Contains(names, "seg") {
		inside, err := s.fs.List(s.path("seg"))
		if err != nil {
			return s.fileError("reading directory", "seg", err)
		}
		if len(inside) > 0 {
			return sqlerr.New(sqlerr.DataCorrupted, "the database in %s has segments but no manifest marker", s.dir)
		}
	}
	if !slices.Contains(names, "wal") {
		return nil
	}
	used, err := wal.Used(s.fs, s.walDir)
	if err != nil {
		return s.fileError("reading the log in", "wal", err)
	}
	if used != "" {
		return sqlerr.New(sqlerr.DataCorrupted, "%s has a log, in %s, but no manifest: it is a part of a database, or of an archive", s.dir, used).
			WithHint("oxidb restore makes a database of a backup and the archive of its log.")
	}
	return nil
}
