package proof

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/oxidb/oxidb/mvcc"
)

// image is the content of a database's files, by path.
type image map[string][]byte

// paths lists the files in order.
func (m image) paths() []string { return slices.Sorted(maps.Keys(m)) }

// lastLog is the newest log file under a directory.
func (m image) lastLog(dir string) string {
	last := ""
	for path := range m {
		if strings.HasPrefix(path, dir+"/") && strings.HasSuffix(path, ".wal") && path > last {
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
	removed       bool
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
	case strings.HasPrefix(d.kind, "stale") && strings.HasPrefix(d.path, dbDir):
		where = dbDir + "/"
	case d.removed && strings.Contains(err.Error(), "there are no log files in "+path.Dir(d.path)):
		return true
	case strings.HasSuffix(where, ".wal"):
		where = ".wal"
	case strings.HasPrefix(where, "marker"):
		where = "marker"
	case strings.HasSuffix(d.path, mvcc.BackupsFile):
		where = backupsDir
	case strings.HasSuffix(d.path, "/BACKUP"):
		where = path.Base(path.Dir(d.path)) // the backup's name
		if strings.Contains(err.Error(), "no finished backup") {
			where = backupsDir
		}
	}
	return strings.Contains(err.Error(), where)
}

// blockSize is what disks lose, mix up or fail to write at once.
const blockSize = 4096

// damages are the ways to damage a file. Each changes d.after, or d.path.
func damages() []func(v *victim, d *damage, rng *rand.Rand) {
	return []func(v *victim, d *damage, rng *rand.Rand){
		flipBit, flipBit, zeroBlock, swapBlocks, swapWords, misdirect, truncate, repeat, duplicate, remove, staleFile, staleBlock,
	}
}

// damage picks a file and what happens to it; false when that would change nothing.
func (v *victim) damage(rng *rand.Rand) (damage, bool) {
	paths := v.files.paths()
	d := damage{path: paths[rng.IntN(len(paths))]}
	d.before = v.files[d.path]
	d.after = slices.Clone(d.before)
	all := damages()
	if len(d.before) == 0 { // the marker, the lock
		all = []func(v *victim, d *damage, rng *rand.Rand){remove, duplicate}
	}
	all[rng.IntN(len(all))](v, &d, rng)
	return d, d.removed || d.before == nil || !bytes.Equal(d.before, d.after)
}

func flipBit(_ *victim, d *damage, rng *rand.Rand) {
	d.kind = "flipped bit"
	d.after[rng.IntN(len(d.after))] ^= 1 << rng.IntN(8)
}

func zeroBlock(_ *victim, d *damage, rng *rand.Rand) {
	d.kind = "zeroed block"
	clear(block(d.after, rng))
}

func swapBlocks(_ *victim, d *damage, rng *rand.Rand) {
	d.kind = "swapped blocks"
	swap(d.after, 512, rng)
}

// swapWords is what checksums that add words up do not see.
func swapWords(_ *victim, d *damage, rng *rand.Rand) {
	d.kind = "swapped words"
	swap(d.after, 8, rng)
}

// misdirect writes one block over another.
func misdirect(_ *victim, d *damage, rng *rand.Rand) {
	d.kind = "misdirected block"
	copy(block(d.after, rng), slices.Clone(block(d.before, rng)))
}

func truncate(_ *victim, d *damage, rng *rand.Rand) {
	d.kind = "truncated file"
	d.after = d.after[:rng.IntN(len(d.after))]
	if rng.IntN(2) == 0 {
		d.after = d.after[:len(d.after)/512*512]
	}
}

// repeat puts a part of a file at its end again.
func repeat(_ *victim, d *damage, rng *rand.Rand) {
	d.kind = "repeated part"
	d.after = append(d.after, d.before[rng.IntN(len(d.before)):]...)
}

// duplicate gives a second file of the kind the content.
func duplicate(v *victim, d *damage, _ *rand.Rand) {
	d.kind = "duplicated file"
	path := d.path
	for _, taken := v.files[path]; taken; _, taken = v.files[path] {
		path = successor(path)
	}
	d.path, d.before = path, nil
}

// successor is the name with the next number.
func successor(path string) string {
	from := strings.LastIndexAny(path, "/-") + 1
	digits := path[from:]
	if dot := strings.IndexByte(digits, '.'); dot >= 0 {
		digits = digits[:dot]
	}
	n, err := strconv.Atoi(digits)
	if err != nil {
		return path + "x"
	}
	return fmt.Sprintf("%s%0*d%s", path[:from], len(digits), n+1, path[from+len(digits):])
}

func remove(_ *victim, d *damage, _ *rand.Rand) {
	d.kind, d.removed, d.after = "removed file", true, nil
}

func staleFile(v *victim, d *damage, rng *rand.Rand) {
	d.kind = "stale file"
	d.after = v.other(d.path, rng)
}

func staleBlock(v *victim, d *damage, rng *rand.Rand) {
	d.kind = "stale block"
	old := v.other(d.path, rng)
	at := rng.IntN(len(d.after)/blockSize+1) * blockSize
	copy(d.after[at:min(at+blockSize, len(d.after))], old[min(at, len(old)):])
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

// swap exchanges two blocks of a size, or of as many bytes as fit twice.
func swap(raw []byte, size int, rng *rand.Rand) {
	size = min(size, len(raw)/2)
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
