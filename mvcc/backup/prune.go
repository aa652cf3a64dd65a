package backup

import (
	"errors"
	"slices"

	"github.com/oxidb/oxidb/mvcc/wal"
	"github.com/oxidb/oxidb/sqlerr"
)

// Prune removes all but the newest backups, and the files that no other one shares. It gives the names
// of those it removed.
func (d *Dir) Prune(keep int) (removed []string, err error) {
	if keep < 1 {
		return nil, sqlerr.New(sqlerr.InvalidParameterValue, "at least one backup must be kept, not %d", keep)
	}
	unlock, err := d.prepare()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	sets, err := d.Sets()
	if err != nil {
		return nil, err // what a damaged one shares is unknown
	}
	for _, s := range sets[:max(0, len(sets)-keep)] {
		if err := d.remove(s.Name); err != nil {
			return removed, d.failed("removing", d.fs.PathJoin(setsDir, s.Name), err)
		}
		removed = append(removed, s.Name)
	}
	return removed, d.removeUnshared(sets[max(0, len(sets)-keep):])
}

// remove ends a set, then removes its own files: what is left of it is no set.
func (d *Dir) remove(name string) error {
	dir := d.at(d.fs.PathJoin(setsDir, name))
	if err := errors.Join(d.fs.Remove(d.fs.PathJoin(dir, setFile)), wal.SyncDir(d.fs, dir)); err != nil {
		return err
	}
	return d.fs.RemoveAll(dir)
}

// removeUnshared removes segments that no set names.
func (d *Dir) removeUnshared(sets []*Set) error {
	var used []string
	for _, s := range sets {
		for _, f := range s.Files {
			used = append(used, f.Stored)
		}
	}
	slices.Sort(used)
	tables, err := d.fs.List(d.at("seg"))
	if notThere(err) {
		return nil
	}
	if err != nil {
		return d.failed("reading", "seg", err)
	}
	for _, table := range tables {
		dir := d.fs.PathJoin("seg", table)
		names, err := d.fs.List(d.at(dir))
		if err != nil {
			return d.failed("reading", dir, err)
		}
		for _, name := range names {
			path := d.fs.PathJoin(dir, name)
			if _, there := slices.BinarySearch(used, path); there {
				continue
			}
			if err := d.fs.Remove(d.at(path)); err != nil {
				return d.failed("removing", path, err)
			}
		}
	}
	return nil
}
