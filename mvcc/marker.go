package mvcc

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/mvcc/wal"
	"github.com/oxidb/oxidb/sqlerr"
)

// marker says which manifest counts: it is the name of an empty file, marker.manifest.ITERATION.VALUE,
// and the one with the highest iteration holds. A new one is durable before the old one goes, so that
// no order in which a directory's changes reach the disk leaves none, as a marker that replaces the
// old one before the sync may.
type marker struct {
	fs        vfs.FS
	dir       string
	iteration uint64
	name      string   // of the file; "" for none
	obsolete  []string // files of lower iterations
}

const markerPrefix = "marker.manifest."

// locateMarker finds the marker in a directory and its value, "" for none.
func locateMarker(fs vfs.FS, dir string) (*marker, string, error) {
	names, err := fs.List(dir)
	if err != nil {
		return nil, "", err
	}
	m := &marker{fs: fs, dir: dir}
	value := ""
	for _, name := range names {
		rest, is := strings.CutPrefix(name, markerPrefix)
		if !is {
			continue
		}
		var n uint64
		number, v, _ := strings.Cut(rest, ".")
		if _, err := fmt.Sscanf(number, "%d", &n); err != nil || markerName(n, v) != name {
			return nil, "", sqlerr.New(sqlerr.DataCorrupted, "%s is not a marker of OxiDB", fs.PathJoin(dir, name)).
				WithHint("Move the file away if it is none of the database's.")
		}
		if _, known := manifestNumber(v); !known {
			return nil, "", sqlerr.New(sqlerr.DataCorrupted, "the marker %s names %q, which is no manifest of OxiDB", fs.PathJoin(dir, name), v)
		}
		if n <= m.iteration {
			m.obsolete = append(m.obsolete, name)
			continue
		}
		if m.name != "" {
			m.obsolete = append(m.obsolete, m.name)
		}
		m.iteration, m.name, value = n, name, v
	}
	return m, value, nil
}

func markerName(iteration uint64, value string) string {
	return fmt.Sprintf("%s%06d.%s", markerPrefix, iteration, value)
}

// move makes another value the one that holds. After an error it is unknown which does, unless created
// is false: then the old one does.
func (m *marker) move(value string) (created bool, err error) {
	m.iteration++
	name := markerName(m.iteration, value)
	f, err := m.fs.Create(m.fs.PathJoin(m.dir, name), vfs.WriteCategoryUnspecified)
	if err != nil {
		return false, err
	}
	if err := errors.Join(f.Close(), wal.SyncDir(m.fs, m.dir)); err != nil {
		return true, err
	}
	if m.name != "" {
		m.obsolete = append(m.obsolete, m.name)
	}
	m.name = name
	return true, nil
}

// removeObsolete removes markers that hold no more. One that stays does no harm.
func (m *marker) removeObsolete() error {
	for len(m.obsolete) > 0 {
		if err := m.fs.Remove(m.fs.PathJoin(m.dir, m.obsolete[0])); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		m.obsolete = m.obsolete[1:]
	}
	return nil
}
