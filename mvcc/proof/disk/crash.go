package disk

import (
	"bytes"
	"maps"
	"math/rand/v2"
	"path"
	"slices"
)

// SectorSize is what a disk writes wholly or not at all.
const SectorSize = 512

// Loss is what a crash does to changes that were not synced.
type Loss uint8

// The kinds of loss. Sectors are those of a file that differ from what was synced, in the order of
// their places; names are the changes of a directory, in the order in which they were made.
const (
	LoseAll   Loss = iota // nothing of it survives
	KeepAll               // everything survives
	Killed                // only the process ends: everything is there, and not on disk as before
	KeepSome              // each sector and name by chance
	KeepFirst             // the first sectors and names
	KeepLast              // the last sectors and names: they were written first
	ZeroTail              // names and sizes survive; lost sectors behind the old size are zero
	Losses                // the number of kinds
)

// RandomLoss chooses a kind of loss, the harsh ones often.
func RandomLoss(rng *rand.Rand) Loss { return Loss(rng.IntN(int(Losses))) }

// Crash is the disk as the machine finds it after it stopped; but for Killed, all that is left is durable. The disk
// itself goes on. The same disk and random numbers give the same result.
func (d *Disk) Crash(loss Loss, rng *rand.Rand) *Disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := crash{loss: loss, percent: rng.IntN(101), rng: rng, made: map[*node]*node{}}
	after := New()
	after.root = c.survivor(d.root)
	return after
}

type crash struct {
	loss    Loss
	percent int // of changes that KeepSome keeps
	rng     *rand.Rand
	made    map[*node]*node // a file may have two names
}

// kept chooses among n changes.
func (c *crash) kept(n int) func(i int) bool {
	switch c.loss {
	case LoseAll:
		return func(int) bool { return false }
	case KeepFirst:
		end := c.rng.IntN(n + 1)
		return func(i int) bool { return i < end }
	case KeepLast:
		start := c.rng.IntN(n + 1)
		return func(i int) bool { return i >= start }
	case KeepSome:
		return func(int) bool { return c.rng.IntN(100) < c.percent }
	}
	return func(int) bool { return true }
}

func (c *crash) survivor(n *node) *node {
	if after := c.made[n]; after != nil {
		return after
	}
	after := &node{}
	c.made[n] = after
	switch {
	case c.loss == Killed:
		c.copy(n, after)
		return after
	case n.entries == nil:
		after.now = c.content(n)
		after.synced = after.now.share()
		return after
	}
	names := maps.Clone(n.durable)
	kept := c.kept(len(n.pending))
	for i, p := range n.pending {
		if c.loss != KeepAll && !kept(i) {
			continue
		}
		if p.from != "" && names[p.from] == p.to {
			delete(names, p.from)
		}
		if p.to == nil {
			delete(names, p.name)
		} else {
			names[p.name] = p.to
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		names[name] = c.survivor(names[name])
	}
	after.entries, after.durable = names, maps.Clone(names)
	return after
}

// copy keeps what is synced and what is not apart.
func (c *crash) copy(n, after *node) {
	after.now, after.synced, after.dirty = n.now.share(), n.synced.share(), n.dirty
	if n.entries == nil {
		return
	}
	after.entries, after.durable = c.survivors(n.entries), c.survivors(n.durable)
	for _, p := range n.pending {
		if p.to != nil {
			p.to = c.survivor(p.to)
		}
		after.pending = append(after.pending, p)
	}
}

func (c *crash) survivors(names map[string]*node) map[string]*node {
	after := make(map[string]*node, len(names))
	for name, n := range names {
		after[name] = c.survivor(n)
	}
	return after
}

// content is what survives of a file.
func (c *crash) content(n *node) content {
	switch {
	case !n.dirty || c.loss == KeepAll:
		return n.now.share()
	case c.loss == LoseAll:
		return n.synced.share()
	}
	sectors := n.changed()
	kept := c.kept(len(sectors))
	if c.loss == ZeroTail {
		kept = func(int) bool { return c.rng.IntN(100) < c.percent }
	}
	after := n.synced.share()
	var b [SectorSize]byte
	for i, at := range sectors {
		if kept(i) {
			size := n.now.read(b[:], at)
			after.write(b[:size], at)
		}
	}
	if c.loss == ZeroTail {
		after.size = n.now.size
	}
	return after
}

// changed lists the sectors that are not as they were synced.
func (n *node) changed() []int64 {
	var sectors []int64
	var now, before [SectorSize]byte
	for i, p := range n.now.pages {
		if i < len(n.synced.pages) && n.synced.pages[i] == p && int64(i+1)*pageSize <= n.synced.size {
			continue
		}
		for at := int64(i) * pageSize; at < min(int64(i+1)*pageSize, n.now.size); at += SectorSize {
			size := n.now.read(now[:], at)
			if old := n.synced.read(before[:], at); old != size || !bytes.Equal(now[:size], before[:size]) {
				sectors = append(sectors, at)
			}
		}
	}
	return sectors
}

// Files gives the content of all files, by path.
func (d *Disk) Files() map[string][]byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	files := map[string][]byte{}
	d.root.gather("/", files)
	return files
}

func (n *node) gather(at string, files map[string][]byte) {
	for name, inside := range n.entries {
		switch p := path.Join(at, name); {
		case inside.entries != nil:
			inside.gather(p, files)
		default:
			files[p] = inside.now.bytes()
		}
	}
}

// Put gives a file a content that is durable, name included. Its directory must exist.
func (d *Disk) Put(name string, raw []byte) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	dir, base, err := d.parent(name)
	if err != nil {
		return pathError(Write, name, err)
	}
	n := &node{dirty: true}
	n.now.write(raw, 0)
	n.sync()
	dir.set(base, n)
	dir.sync()
	return nil
}
