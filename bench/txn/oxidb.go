package main

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb"
)

// oxi is OxiDB in process; its waits for the disk are counted where they reach the operating system.
type oxi struct {
	db    *oxidb.DB
	ids   atomic.Int64
	syncs atomic.Int64
}

func (o *oxi) name() string { return "oxidb" }

func (o *oxi) start(ctx context.Context, dir string) error {
	db, err := oxidb.Open(ctx, dir, func(options *oxidb.Options) {
		options.FS = &countingFS{FS: vfs.Default, syncs: &o.syncs}
	})
	if err != nil {
		return err
	}
	o.db = db
	session, err := db.Session()
	if err != nil {
		return err
	}
	defer session.Close()
	_, err = session.Exec(ctx, "CREATE TABLE t (id bigint PRIMARY KEY, a text, b integer)")
	return err
}

func (o *oxi) run(ctx context.Context, clients int, length time.Duration) (outcome, error) {
	before := o.syncs.Load()
	out, err := drive(clients, length, &o.ids, func() (clientLoop, error) {
		session, err := o.db.Session()
		if err != nil {
			return clientLoop{}, err
		}
		insert, err := session.Prepare(ctx, "INSERT INTO t VALUES ($1, $2, $3)")
		return clientLoop{
			insert: func(id int64) error { _, err := insert.Exec(ctx, id, textValue, 42); return err },
			close:  func() error { session.Close(); return nil },
		}, err
	})
	out.syncs = o.syncs.Load() - before
	return out, err
}

func (o *oxi) stop() error { return o.db.Close() }

// countingFS counts fsync and fdatasync.
type countingFS struct {
	vfs.FS
	syncs *atomic.Int64
}

func (c *countingFS) file(f vfs.File, err error) (vfs.File, error) {
	if err != nil {
		return nil, err
	}
	return &countingFile{File: f, syncs: c.syncs}, nil
}

func (c *countingFS) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	return c.file(c.FS.Create(name, category))
}

func (c *countingFS) OpenReadWrite(name string, category vfs.DiskWriteCategory, opts ...vfs.OpenOption) (vfs.File, error) {
	return c.file(c.FS.OpenReadWrite(name, category, opts...))
}

type countingFile struct {
	vfs.File
	syncs *atomic.Int64
}

func (f *countingFile) Sync() error {
	f.syncs.Add(1)
	return f.File.Sync()
}

func (f *countingFile) SyncData() error {
	f.syncs.Add(1)
	return f.File.SyncData()
}
