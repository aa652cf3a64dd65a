package proof

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"slices"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// sectorSize is what a disk writes wholly or not at all.
const sectorSize = 512

// remains is a file system after a crash: everything that was synced and, of each other change, a
// created name, a removed one, a sector of a file, percent in a hundred. It depends on the seed only,
// as CrashClone with a share between none and all does not.
func remains(mem *vfs.MemFS, percent int, rng *rand.Rand) (*vfs.MemFS, error) {
	if percent == 100 {
		return mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 100, RNG: rng}), nil
	}
	left := mem.CrashClone(vfs.CrashCloneCfg{})
	if percent == 0 {
		return left, nil
	}
	m := mixer{now: mem, left: left, percent: percent, rng: rng}
	if err := m.dir("/"); err != nil {
		return nil, err
	}
	return left.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 100, RNG: rng}), nil
}

// mixer brings some of the changes that `now` has over to what is left.
type mixer struct {
	now, left vfs.FS
	percent   int
	rng       *rand.Rand
}

func (m *mixer) kept() bool { return m.rng.IntN(100) < m.percent }

func (m *mixer) dir(dir string) error {
	now, err := m.now.List(dir)
	if err != nil {
		return err
	}
	before, err := m.left.List(dir)
	if err != nil {
		return err
	}
	all := slices.Concat(now, before)
	slices.Sort(all)
	for _, name := range slices.Compact(all) {
		path, there := m.now.PathJoin(dir, name), slices.Contains(before, name)
		switch {
		case !slices.Contains(now, name):
			if m.kept() {
				err = m.left.RemoveAll(path)
			}
		case there || m.kept():
			err = m.entry(path, there)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (m *mixer) entry(path string, there bool) error {
	stat, err := m.now.Stat(path)
	if err != nil {
		return err
	}
	if stat.IsDir() {
		return errors.Join(m.left.MkdirAll(path, 0o755), m.dir(path))
	}
	var before []byte
	if there {
		old, err := m.left.Stat(path)
		if err != nil {
			return err
		}
		if before, err = content(m.left, path, old.Size()); err != nil {
			return err
		}
	}
	after, err := content(m.now, path, stat.Size())
	if err != nil || there && bytes.Equal(before, after) {
		return err
	}
	return write(m.left, path, m.sectors(before, after))
}

// sectors mixes two contents of a file; a hole reads as zero.
func (m *mixer) sectors(before, after []byte) []byte {
	mixed := slices.Clone(before)
	for from := 0; from < len(after); from += sectorSize {
		to := min(from+sectorSize, len(after))
		if !m.kept() {
			continue
		}
		if to > len(mixed) {
			mixed = append(mixed, make([]byte, to-len(mixed))...)
		}
		copy(mixed[from:to], after[from:to])
	}
	return mixed
}
