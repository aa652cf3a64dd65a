package mvcc

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// breakingFile fails writes from the given one on.
type breakingFile struct {
	vfs.File
	writes, from int
	err          error
	once         bool
}

func (f *breakingFile) Write(p []byte) (int, error) {
	f.writes++
	if f.writes == f.from || f.writes > f.from && !f.once {
		return 0, f.err
	}
	return f.File.Write(p)
}

// writeSegmentFile writes about size bytes in pieces of all lengths to a file of the operating system.
func writeSegmentFile(t *testing.T, size int, wrap func(vfs.File) vfs.File) (want []byte, path string, err error) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "segment")
	file, err := vfs.Default.Create(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	out := newSegmentFile(wrap(file))
	rng := rand.New(rand.NewPCG(uint64(size), 5))
	for len(want) < size && err == nil {
		piece := make([]byte, 1+rng.IntN([]int{20, 100_000, 3 * blockBytes}[rng.IntN(3)]))
		for i := range piece {
			piece[i] = byte(rng.Uint32())
		}
		want = append(want, piece...)
		_, err = out.Write(piece)
	}
	if err == nil {
		err = out.Sync()
	}
	return want, path, errors.Join(err, out.Close())
}

// What is written in pieces must lie in the file in their order, however it got there.
func TestSegmentFileKeepsWhatIsWritten(t *testing.T) {
	for _, size := range []int{1, 5000, blockBytes, 5 * blockBytes} {
		want, path, err := writeSegmentFile(t, size, func(f vfs.File) vfs.File { return f })
		if err != nil {
			t.Fatal(err)
		}
		compareFile(t, path, want)
	}
}

func compareFile(t *testing.T, path string, want []byte) {
	t.Helper()
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
		t.Fatalf("%d bytes differ from what was written, or %v", len(want), err)
	}
}

// A block that cannot be written must fail the file, and must not stop it for ever.
func TestSegmentFileTellsFailures(t *testing.T) {
	broken := errors.New("broken")
	for from := 1; from <= 4; from++ {
		_, _, err := writeSegmentFile(t, 6*blockBytes, func(f vfs.File) vfs.File { return &breakingFile{File: f, from: from, err: broken} })
		if !errors.Is(err, broken) {
			t.Errorf("write %d failed, which was told as %v", from, err)
		}
	}
}

// A file system that wants other alignments gets the file in the ordinary way.
func TestSegmentFileWithoutDirectWrites(t *testing.T) {
	want, path, err := writeSegmentFile(t, 3*blockBytes, func(f vfs.File) vfs.File {
		return &breakingFile{File: f, from: 2, err: syscall.EINVAL, once: true}
	})
	if err != nil {
		t.Fatal(err)
	}
	compareFile(t, path, want)
}
