package mvcc_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"hash/crc32"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/sqlerr"
)

// kindsOfFiles are the newest file of each kind in a database.
func kindsOfFiles(t *testing.T, fs vfs.FS) map[string]string {
	t.Helper()
	kinds := map[string]string{}
	for _, file := range filesUnder(t, fs, dbDir) {
		switch {
		case strings.Contains(file, "MANIFEST-"):
			kinds["manifest"] = file
		case strings.HasSuffix(file, ".wal"):
			kinds["log"] = file
		case strings.HasSuffix(file, ".parquet"):
			kinds["segment"] = file
		}
	}
	return kinds
}

// reseal gives a changed log header its checksum.
func reseal(raw []byte) []byte {
	binary.LittleEndian.PutUint32(raw[64:], crc32.Checksum(raw[:64], crc32.MakeTable(crc32.Castagnoli)))
	return raw
}

// everything is the content of all files, markers and spares included, but for the lock.
func everything(t *testing.T, fs vfs.FS, dir string) map[string]string {
	t.Helper()
	names, err := fs.List(dir)
	must(t, err)
	all := map[string]string{}
	for _, name := range names {
		file := fs.PathJoin(dir, name)
		info, err := fs.Stat(file)
		must(t, err)
		switch {
		case info.IsDir():
			maps.Copy(all, everything(t, fs, file))
		case name != "LOCK":
			all[file] = string(fileContent(t, fs, file))
		}
	}
	return all
}

// readAll opens a database and reads a table.
func readAll(fs vfs.FS, o mvcc.Options, id mvcc.TableID) (err error) {
	s, err := mvcc.Open(fs, dbDir, o)
	if err != nil {
		return err
	}
	defer s.Close()
	txn := s.Begin(mvcc.TxnOptions{ReadOnly: true})
	defer txn.Rollback()
	table, err := txn.Table(id)
	if err != nil {
		return err
	}
	for _, view := range table.Chunks() {
		for _, field := range table.Schema().Columns {
			if _, err := view.Column(context.Background(), field.FieldID); err != nil {
				return err
			}
		}
	}
	return nil
}

// Whatever stands in the place of a file: a later format, garbage, nothing, or another kind of file. The
// error names the file, the check finds it, and nothing is written over it.
func TestFilesOfOtherFormatsAndKinds(t *testing.T) {
	origin, id := checkable(t)
	kinds := kindsOfFiles(t, origin)
	if len(kinds) != 3 {
		t.Fatalf("kinds of files: %v", kinds)
	}
	at99 := func(raw []byte) []byte { raw[8] = 99; return raw }
	later := map[string]func(raw []byte) []byte{
		"manifest": at99,
		"log":      func(raw []byte) []byte { return reseal(at99(raw)) },
		"segment":  func(raw []byte) []byte { return bytes.Replace(raw, []byte(`"version":1`), []byte(`"version":9`), 1) },
	}
	for kind, file := range kinds {
		raw := fileContent(t, origin, file)
		contents := map[string][]byte{
			"later format": later[kind](slices.Clone(raw)),
			"garbage":      bytes.Repeat([]byte("this is no file of a database. "), 1+len(raw)/31)[:len(raw)],
			"zeros":        make([]byte, len(raw)),
			"empty":        nil,
			"a little":     raw[:20],
		}
		for other, path := range kinds {
			if other != kind {
				contents["content of a "+other] = fileContent(t, origin, path)
			}
		}
		for what, content := range contents {
			state, text := sqlerr.DataCorrupted, path.Base(file)
			if what == "later format" && kind != "segment" {
				state, text = sqlerr.FeatureNotSupported, "format 99"
			}
			if bytes.Equal(content, raw) {
				t.Fatalf("%s of a %s is what was there", what, kind)
			}
			fs := origin.CrashClone(vfs.CrashCloneCfg{})
			writeContent(t, fs, file, content)
			before := everything(t, fs, dbDir)
			wants := func(how string, err error) {
				t.Helper()
				if sqlerr.StateOf(err) != state || !strings.Contains(err.Error(), text) || !strings.Contains(err.Error(), path.Base(file)) {
					t.Errorf("%s: %s in a %s: %v", how, what, kind, err)
				}
			}
			wants("read-only", readAll(fs, mvcc.Options{ReadOnly: true}, id))
			report, err := mvcc.Check(context.Background(), fs, dbDir, mvcc.CheckOptions{})
			must(t, err)
			if len(report.Findings) == 0 {
				t.Errorf("check: %s in a %s is not found", what, kind)
			} else {
				wants("check", report.Findings[0].Err)
			}
			if after := everything(t, fs, dbDir); !maps.Equal(before, after) {
				t.Errorf("reading: %s in a %s: files changed", what, kind)
			}
			wants("opening", readAll(fs, mvcc.Options{CheckpointBytes: -1}, id))
			if after := everything(t, fs, dbDir); kind != "segment" && !maps.Equal(before, after) || after[file] != before[file] {
				t.Errorf("opening: %s in a %s: files changed", what, kind)
			}
		}
	}
}

// Markers that name something else than a manifest are damage, not the sign of an empty directory.
func TestForeignMarkers(t *testing.T) {
	for name, text := range map[string]string{
		"marker.manifest.000099.SNAPSHOT-000001": "no manifest",
		"marker.manifest.000099.MANIFEST-1":      "no manifest",
		"marker.manifest.latest":                 "not a marker",
		"marker.manifest.7":                      "not a marker",
		"marker.manifest.000099.MANIFEST-000777": "missing",
	} {
		fs, id := checkable(t)
		writeContent(t, fs, dbDir+"/"+name, nil)
		before := everything(t, fs, dbDir)
		for _, o := range []mvcc.Options{{ReadOnly: true}, {CheckpointBytes: -1}} {
			if err := readAll(fs, o, id); sqlerr.StateOf(err) != sqlerr.DataCorrupted || !strings.Contains(err.Error(), text) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if !maps.Equal(before, everything(t, fs, dbDir)) {
			t.Errorf("%s: files changed", name)
		}
	}
}

// A part of a database, or of an archive, must not be taken for an empty directory and made a database
// of: its log would be gone. Other directories are left as they are, without so much as a lock in them.
func TestPartsOfDatabasesAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(fs *vfs.MemFS)
		dir     string
		state   sqlerr.State
		text    string
	}{
		"a log alone": {func(fs *vfs.MemFS) {
			for _, file := range filesUnder(t, fs, dbDir) {
				if strings.HasSuffix(file, ".wal") {
					writeContent(t, fs, "/other/wal/"+path.Base(file), fileContent(t, fs, file))
				}
			}
		}, "/other", sqlerr.DataCorrupted, "no manifest"},
		"markers and segments gone": {func(fs *vfs.MemFS) {
			names, err := fs.List(dbDir)
			must(t, err)
			for _, name := range names {
				if strings.HasPrefix(name, "marker.") || strings.HasPrefix(name, "MANIFEST-") {
					must(t, fs.Remove(dbDir+"/"+name))
				}
			}
			must(t, fs.RemoveAll(dbDir+"/seg"))
		}, dbDir, sqlerr.DataCorrupted, "no manifest"},
		"the log's directory": {func(*vfs.MemFS) {}, dbDir + "/wal", sqlerr.ObjectNotInPrerequisite, "holds 0000"},
		"the segments'":       {func(*vfs.MemFS) {}, dbDir + "/seg", sqlerr.ObjectNotInPrerequisite, "holds"},
		"the parent": {func(fs *vfs.MemFS) {
			for file, raw := range everything(t, fs, dbDir) {
				writeContent(t, fs, "/parent"+file, []byte(raw))
			}
		}, "/parent", sqlerr.ObjectNotInPrerequisite, "holds db"},
		"foreign": {func(fs *vfs.MemFS) { writeContent(t, fs, "/home/notes.txt", []byte("mine")) }, "/home", sqlerr.ObjectNotInPrerequisite, "holds notes.txt"},
	} {
		fs, _ := checkable(t)
		c.prepare(fs)
		names, err := fs.List(c.dir)
		must(t, err)
		before := everything(t, fs, c.dir)
		_, err = mvcc.Open(fs, c.dir, mvcc.Options{})
		if sqlerr.StateOf(err) != c.state || !strings.Contains(err.Error(), c.text) || !strings.Contains(err.Error(), c.dir) {
			t.Errorf("%s: %v", name, err)
		}
		if !maps.Equal(before, everything(t, fs, c.dir)) {
			t.Errorf("%s: files changed", name)
		}
		after, err := fs.List(c.dir)
		must(t, err)
		if c.state == sqlerr.ObjectNotInPrerequisite && len(after) != len(names) {
			t.Errorf("%s: it holds %v, not %v any more", name, after, names)
		}
	}
}
