package disk_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"slices"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/mvcc/proof/disk"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func create(t *testing.T, d *disk.Disk, name string, parts ...[]byte) vfs.File {
	t.Helper()
	f, err := d.Create(name, vfs.WriteCategoryUnspecified)
	must(t, err)
	for _, p := range parts {
		_, err := f.Write(p)
		must(t, err)
	}
	return f
}

func syncDir(t *testing.T, d *disk.Disk, name string) {
	t.Helper()
	f, err := d.OpenDir(name)
	must(t, err)
	must(t, f.Sync())
}

func random() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

// What was synced, name and content, must survive each kind of loss; what was not must be able to go.
func TestCrashKeepsWhatWasSynced(t *testing.T) {
	d := disk.New()
	old, fresh := bytes.Repeat([]byte{1}, 10_000), bytes.Repeat([]byte{2}, 10_000)
	f := create(t, d, "/a", old)
	must(t, f.Sync())
	syncDir(t, d, "/")
	_, err := f.Write(fresh)
	must(t, err)
	create(t, d, "/b", fresh)
	must(t, d.Rename("/b", "/c"))
	seen := map[int]bool{}
	for loss := range disk.Losses {
		for seed := range uint64(50) {
			files := d.Crash(loss, rand.New(rand.NewPCG(seed, 0))).Files()
			a := files["/a"]
			if !bytes.HasPrefix(a, old) {
				t.Fatalf("loss %d: a synced part is gone", loss)
			}
			for _, b := range a[len(old):] {
				if b != 0 && b != 2 {
					t.Fatalf("loss %d: a byte that nobody wrote", loss)
				}
			}
			if files["/b"] != nil && files["/c"] != nil {
				t.Fatalf("loss %d: a renamed file has both names", loss)
			}
			seen[len(a)] = true
		}
	}
	if !seen[10_000] || !seen[20_000] || len(seen) < 10 {
		t.Errorf("%d lengths after crashes", len(seen))
	}
}

// A crash must be able to lose an older sector and keep a later one, and to leave zeros at the end.
func TestCrashReordersSectors(t *testing.T) {
	d := disk.New()
	f := create(t, d, "/a")
	must(t, f.Sync())
	syncDir(t, d, "/")
	_, err := f.Write(bytes.Repeat([]byte{7}, 4*disk.SectorSize))
	must(t, err)
	rng := random()
	hole, tail := false, false
	for range 100 {
		last := d.Crash(disk.KeepLast, rng).Files()["/a"]
		hole = hole || len(last) == 4*disk.SectorSize && last[0] == 0 && last[len(last)-1] == 7
		zero := d.Crash(disk.ZeroTail, rng).Files()["/a"]
		tail = tail || zero[len(zero)-1] == 0 && slices.Contains(zero, 7)
	}
	if !hole || !tail {
		t.Errorf("a hole: %v, a zero tail: %v", hole, tail)
	}
}

// A copy and the disk must not see each other's writes.
func TestCopiesAreApart(t *testing.T) {
	d := disk.New()
	f := create(t, d, "/a", []byte("before"))
	c := d.Crash(disk.KeepAll, random())
	_, err := f.WriteAt([]byte("BEF"), 0)
	must(t, err)
	must(t, c.Put("/a", []byte("copy")))
	if got := string(d.Files()["/a"]); got != "BEFore" {
		t.Errorf("the disk has %q", got)
	}
	if got := string(c.Files()["/a"]); got != "copy" {
		t.Errorf("the copy has %q", got)
	}
}

func TestHookFailsLiesAndCutsShort(t *testing.T) {
	d := disk.New()
	f := create(t, d, "/a")
	var verdict error
	d.SetHook(func(op disk.Op) error {
		if op.Kind == disk.Write || op.Kind == disk.Sync {
			return verdict
		}
		return nil
	})
	verdict = syscall.EIO
	if _, err := f.Write([]byte("x")); !errors.Is(err, syscall.EIO) || len(d.Files()["/a"]) != 0 {
		t.Errorf("got %v and %v", err, d.Files())
	}
	verdict = &disk.Short{Err: syscall.ENOSPC}
	if n, err := f.Write([]byte("abcd")); n != 2 || !errors.Is(err, syscall.ENOSPC) || string(d.Files()["/a"]) != "ab" {
		t.Errorf("got %d, %v and %v", n, err, d.Files())
	}
	verdict = disk.ErrLie
	must(t, f.Sync())
	syncDir(t, d, "/")
	verdict = nil
	if files := d.Crash(disk.LoseAll, random()).Files(); len(files["/a"]) != 0 {
		t.Errorf("a sync without effect kept %v", files)
	}
	d.Off()
	if _, err := d.List("/"); !errors.Is(err, disk.ErrOff) {
		t.Errorf("got %v", err)
	}
}

// A killed process leaves what it wrote, and a crash after it may still take that.
func TestKilledKeepsUnsyncedApart(t *testing.T) {
	d := disk.New()
	must(t, create(t, d, "/a", []byte("name synced")).Close())
	syncDir(t, d, "/")
	f := create(t, d, "/b", []byte("content synced"))
	must(t, f.Sync())
	killed := d.Crash(disk.Killed, random())
	if files := killed.Files(); string(files["/a"]) != "name synced" || string(files["/b"]) != "content synced" {
		t.Errorf("after the kill: %q", files)
	}
	files := killed.Crash(disk.LoseAll, random()).Files()
	if a, there := files["/a"]; !there || len(a) > 0 || files["/b"] != nil {
		t.Errorf("after the crash: %q", files)
	}
	syncDir(t, killed, "/")
	if files := killed.Crash(disk.LoseAll, random()).Files(); string(files["/b"]) != "content synced" {
		t.Errorf("after the sync and the crash: %q", files)
	}
}
