package planted

import "slices"

// Bug is one way to break the engine.
type Bug struct {
	Name     string
	File     string // under the module's root
	Old, New string // Old occurs once
	Proof    string // the proof that must notice: crash, together, faults, corrupt or isolation
}

// Bugs are the planted bugs.
func Bugs() []Bug {
	return slices.Concat(durability(), versions(), damage(), copies())
}

// durability breaks what must be on disk, and when.
func durability() []Bug {
	return []Bug{
		{"a commit is acknowledged before it is on disk", "mvcc/commit.go",
			"return at, t.store.await(lsn, t.async)", "_ = lsn\n\treturn at, nil", "crash"},
		{"a commit is handed to the operating system only", "mvcc/async.go",
			"case async:", "case true:", "crash"},
		{"the log is not synced", "mvcc/wal/writer.go",
			"err := f.SyncData()", "var err error; _ = f", "crash"},
		{"a finished log file is not synced", "mvcc/wal/writer.go",
			"errors.Join(f.file.SyncData(), f.file.Close())", "f.file.Close()", "together"},
		{"a log file gets its name before its header is on disk", "mvcc/wal/writer.go",
			"err = file.Sync()", "err = nil", "crash"},
		{"the name of a log file is not synced", "mvcc/wal/writer.go",
			"err = SyncDir(l.fs, l.dir)\n\t}\n\tif err != nil {\n\t\treturn errors.Join(ioError(\"starting", "err = nil\n\t}\n\tif err != nil {\n\t\treturn errors.Join(ioError(\"starting", "crash"},
		{"recovery builds on a log that it did not sync", "mvcc/wal/writer.go",
			"if h.number <= 1 {", "if h.number >= 1 {", "crash"},
		{"recovery builds on a marker that it did not sync", "mvcc/recover.go",
			"if err := wal.SyncDir(s.fs, s.dir); err != nil {", "if err := error(nil); err != nil {", "faults"},
		{"a manifest is not synced", "mvcc/manifest.go",
			"err = f.Sync()", "err = nil", "crash"},
		{"the marker is not synced", "mvcc/marker.go",
			"errors.Join(f.Close(), wal.SyncDir(m.fs, m.dir))", "func() error { _ = wal.SyncDir; return f.Close() }()", "crash"},
		{"the old marker goes before the new one is on disk", "mvcc/marker.go",
			"f, err := m.fs.Create(", "_ = m.fs.Remove(m.fs.PathJoin(m.dir, m.name))\n\tf, err := m.fs.Create(", "crash"},
		{"a segment file is not synced", "mvcc/segments.go", // closing it would sync it, too
			"err = out.file.Sync()\n\t}\n\terr = errors.Join(err, out.file.Close())", "_ = out.file\n\t}\n\t_ = errors.Join", "crash"},
		{"the name of a segment file is not synced", "mvcc/segments.go",
			"errors.Join(wal.SyncDir(s.fs, s.path(s.fs.PathDir(out.path))), wal.SyncDir(s.fs, s.path(\"seg\")))", "func() error { _ = wal.SyncDir; return nil }()", "crash"},
		{"a checkpoint trims the log before its manifest counts", "mvcc/checkpoint.go",
			"previous := manifestName(s.manifestNumber)\n", "previous := manifestName(s.manifestNumber)\n\ts.pins.replace(\"\", m.WAL)\n\tif err := s.removeReplaced(); err != nil {\n\t\treturn err\n\t}\n", "crash"},
		{"a failed sync of the log is forgotten", "mvcc/wal/writer.go",
			"} else if l.err == nil {\n\t\tl.err = ioError(\"syncing the log\"", "} else if l.onDisk = max(l.onDisk, upTo); l.err != nil {\n\t\tl.err = ioError(\"syncing the log\"", "faults"},
		{"a failed write of the log is forgotten", "mvcc/wal/writer.go",
			"n, err := l.out.file.WriteAt(p.bytes, l.at)\n\t\tif err != nil {\n\t\t\treturn err\n\t\t}\n", "_, _ = l.out.file.WriteAt(p.bytes, l.at)\n\t\tn := len(p.bytes)\n", "faults"},
		{"a failed write of a manifest is forgotten", "mvcc/manifest.go",
			"_, err = f.Write(append(head, body...))", "_, _ = f.Write(append(head, body...))", "faults"},
		{"a failed sync of a segment is forgotten", "mvcc/segments.go",
			"err = out.file.Sync()", "_ = out.file.Sync()", "faults"},
	}
}

// versions breaks what commits do and snapshots see.
func versions() []Bug {
	return []Bug{
		{"deletes of the same row are not validated", "mvcc/commit.go",
			"if c.deletes.conflicts(t.snapshot, group.rows) {\n\t\t\treturn concurrentUpdate()", "if false {\n\t\t\treturn concurrentUpdate()", "together"},
		{"keys are not compared at the commit", "mvcc/commit.go",
			"return t.recheckKeys(w, shared)", "return nil", "together"},
		{"a schema changed meanwhile is overwritten", "mvcc/commit.go",
			"if shared == nil || shared.newest().at > t.snapshot {", "if shared == nil {", "together"},
		{"a snapshot sees rows of later commits", "mvcc/chunk.go",
			"return c.rowsUpTo(snapshot)", "return c.rows", "crash"},
		{"old snapshots hold nothing back", "mvcc/history.go",
			"oldest = min(oldest, open)", "_ = open", "together"},
		{"recovery forgets deletes", "mvcc/recover.go",
			"c.deletes = c.deletes.with(at, rows, s.floor)", "_ = rows", "crash"},
		{"going back to a savepoint keeps deletes", "mvcc/savepoint.go",
			"l.deletes = maps.Clone(mark.table.deletes)", "l.deletes = t.tables[id].deletes", "crash"},
		{"a commit is visible before it is on disk", "mvcc/commit.go",
			"s.last = at\n\treturn at, lsn, nil", "s.last = at\n\ts.publish(at)\n\treturn at, lsn, nil", "together"},
		{"transactions write over each other", "mvcc/commit.go",
			"if c.deletes.conflicts(t.snapshot, group.rows) {\n\t\t\treturn concurrentUpdate()", "if false {\n\t\t\treturn concurrentUpdate()", "isolation"},
		{"a snapshot misses the newest commit", "mvcc/snapshots.go",
			"at := store.Version()", "at := max(store.Version(), 1) - 1", "isolation"},
	}
}

// damage breaks what notices damaged files.
func damage() []Bug {
	return []Bug{
		{"checksums of records are not compared", "mvcc/wal/reader.go",
			"!= mask(crc32.Checksum(payload, castagnoli)) {", "!= mask(crc32.Checksum(payload, castagnoli)) && len(payload) < 0 {", "corrupt"},
		{"damage within the log counts as its end", "mvcc/wal/reader.go",
			"damaged := at < len(data) && soundAfter(data, at, c.seed, c.lsn, c.lsn+1)", "damaged := false && soundAfter(data, at, c.seed, c.lsn, c.lsn+1)", "corrupt"},
		{"checksums of segments are not compared", "columnar/segment/reader.go",
			"if crc32.Checksum(data, castagnoli) != crc {", "if crc32.Checksum(data, castagnoli) != crc && len(data) < 0 {", "corrupt"},
		{"checksums of manifests are not compared", "mvcc/manifest.go",
			"|| binary.LittleEndian.Uint32(data[12:]) != crc32.Checksum(body, castagnoli) {", "{", "corrupt"},
		{"a missing log file counts as the log's end", "mvcc/wal/reader.go",
			"r.err = missingFile(r.fs, r.dir, want)", "_ = want", "corrupt"},
	}
}

// copies breaks backups and archives.
func copies() []Bug {
	return []Bug{
		{"an archive counts as synced before it is", "mvcc/archive/archive.go",
			"if err := errors.Join(a.flush(), a.sync()); err != nil {\n\t\treturn a.failed", "if err := a.flush(); err != nil {\n\t\treturn a.failed", "crash"},
		{"what an archive lacks at its end is not missed", "mvcc/backup/restore.go",
			"synced == archive.Unknown || last >= synced {", "synced > 0 || last > 0 {", "corrupt"},
		{"an archived log names segments that are not there", "mvcc/archive/archive.go",
			"} else if err := a.segments(ctx, &p.Record); err != nil {", "} else if err := a.segments(ctx, &p.Record); err != nil && p.File == 0 {", "faults"},
		{"a damaged newest backup is passed over", "mvcc/backup/restore.go",
			"if o.Goal == (Goal{}) && damaged != nil {", "if o.Goal == (Goal{}) && damaged != nil && len(sets) == 0 {", "corrupt"},
		{"the files of a backup are not compared when it is restored", "mvcc/backup/restore.go",
			"if hex.EncodeToString(hash.Sum(nil)) != f.SHA256 {", "if hex.EncodeToString(hash.Sum(nil)) != f.SHA256 && f.Size < 0 {", "corrupt"},
	}
}
