package csv

import (
	"os"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/exec/exectest"
	"github.com/oxidb/oxidb/external/file"
)

// BenchmarkScan parses every column of the file that OXIDB_CSV names, with two workers.
func BenchmarkScan(b *testing.B) {
	path := os.Getenv("OXIDB_CSV")
	if path == "" {
		b.Skip("OXIDB_CSV names no file")
	}
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	f := file.Info{Path: path, Size: info.Size()}
	g, err := Sniff(vfs.Default, f, Standard(), Known{})
	if err != nil {
		b.Fatal(err)
	}
	src := &Source{FS: vfs.Default, Files: []file.Info{f}, Dialect: g.Dialect, Columns: g.Columns}
	b.Logf("%+v", g)
	b.SetBytes(info.Size())
	for b.Loop() {
		q := exectest.Query(b, 2)
		s, err := src.Scan(q, allOrdinals(src), file.Pruner{})
		if err != nil {
			b.Fatal(err)
		}
		err = q.Run(func(w *exec.Worker) error { _, err := drainCursor(s, w, nil); return err })
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

func allOrdinals(s *Source) []int {
	all := make([]int, len(s.Columns))
	for i := range all {
		all[i] = i
	}
	return all
}

// drainCursor reads a worker's share, every column of it, and gives each batch's rows to each.
func drainCursor(s file.Scan, w *exec.Worker, each func(c file.Cursor, rows int) error) (total int, err error) {
	c, err := s.Cursor(w)
	if err != nil {
		return 0, err
	}
	for {
		rows, err := c.Next()
		if err != nil || rows == 0 {
			return total, err
		}
		total += rows
		if each != nil {
			if err := each(c, rows); err != nil {
				return total, err
			}
			continue
		}
		for i := range s.(*scan).ordinals {
			if _, err := c.Column(i); err != nil {
				return total, err
			}
		}
	}
}
