package proof

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
)

// image is the content of a database's files that have any, by path.
type image map[string][]byte

// paths lists the files in order.
func (m image) paths() []string { return slices.Sorted(maps.Keys(m)) }

// lastLog is the newest log file.
func (m image) lastLog() string {
	last := ""
	for path := range m {
		if strings.HasSuffix(path, ".wal") && path > last {
			last = path
		}
	}
	return last
}

// damage is a file whose content changed behind the database's back.
type damage struct {
	kind          string
	path          string
	before, after []byte
}

// String names the damage, for messages.
func (d damage) String() string {
	from, to := d.extent()
	return fmt.Sprintf("%s in %s, bytes %d to %d of %d", d.kind, d.path, from, to, len(d.before))
}

// extent is where the first and behind the last byte that differs lie; what is missing counts.
func (d damage) extent() (from, to int) {
	short := min(len(d.before), len(d.after))
	for from < short && d.before[from] == d.after[from] {
		from++
	}
	to = max(len(d.before), len(d.after))
	if len(d.before) == len(d.after) {
		for to > from && d.before[to-1] == d.after[to-1] {
			to--
		}
	}
	return from, to
}

// named reports whether an error tells where to look. Damage to the log shows where records stop to fit
// together, which may be the file before; a stale file is sound, and what it names is missing.
func (d damage) named(err error) bool {
	where := d.path[strings.LastIndexByte(d.path, '/')+1:]
	switch {
	case strings.HasPrefix(d.kind, "stale"):
		where = dbDir + "/"
	case strings.HasSuffix(where, ".wal"):
		where = ".wal"
	}
	return strings.Contains(err.Error(), where)
}

// blockSize is what disks lose, mix up or fail to write at once.
const blockSize = 4096

// damage picks a file and what happens to it; false when that would change nothing.
func (v *victim) damage(rng *rand.Rand) (damage, bool) {
	paths := v.files.paths()
	d := damage{path: paths[rng.IntN(len(paths))]}
	d.before = v.files[d.path]
	d.after = slices.Clone(d.before)
	switch rng.IntN(6) {
	case 0, 1:
		d.kind = "flipped bit"
		d.after[rng.IntN(len(d.after))] ^= 1 << rng.IntN(8)
	case 2:
		d.kind = "zeroed block"
		clear(block(d.after, rng))
	case 3:
		d.kind = "swapped blocks"
		swap(d.after, rng)
	case 4:
		d.kind = "stale file"
		d.after = v.other(d.path, rng)
	case 5:
		d.kind = "stale block"
		old := v.other(d.path, rng)
		at := rng.IntN(len(d.after)/blockSize+1) * blockSize
		copy(d.after[at:min(at+blockSize, len(d.after))], old[min(at, len(old)):])
	}
	return d, !bytes.Equal(d.before, d.after)
}

// block is one block, of 512 bytes in half of the cases.
func block(raw []byte, rng *rand.Rand) []byte {
	size := blockSize
	if rng.IntN(2) == 0 {
		size = 512
	}
	at := rng.IntN((len(raw)+size-1)/size) * size
	return raw[at:min(at+size, len(raw))]
}

// swap exchanges two blocks of 512 bytes, or of as many as fit twice.
func swap(raw []byte, rng *rand.Rand) {
	size := min(512, len(raw)/2)
	if size == 0 {
		return
	}
	blocks := len(raw) / size
	a, b := rng.IntN(blocks)*size, rng.IntN(blocks)*size
	for i := range size {
		raw[a+i], raw[b+i] = raw[b+i], raw[a+i]
	}
}

// other is what a file, or one of its kind, held at some time before.
func (v *victim) other(path string, rng *rand.Rand) []byte {
	then := v.stale[rng.IntN(len(v.stale))]
	if old := then[path]; old != nil && rng.IntN(2) == 0 {
		return slices.Clone(old)
	}
	var same []string
	for _, p := range then.paths() {
		if kindOf(p) == kindOf(path) {
			same = append(same, p)
		}
	}
	if len(same) == 0 {
		return slices.Clone(v.files[path])
	}
	return slices.Clone(then[same[rng.IntN(len(same))]])
}

func kindOf(path string) string {
	if at := strings.LastIndexByte(path, '.'); at >= 0 {
		return path[at:]
	}
	return "manifest"
}
