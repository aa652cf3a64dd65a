// Package file is the ground that file formats share: finding and opening files, compression, output
// that appears whole or not at all, and the contract between a format and the operator that scans it.
//
// Every access goes through a vfs.FS, which is where a host restricts the paths that SQL may name.
package file

import (
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/plan"
)

// Source is an opened set of files of one format and one schema.
type Source interface {
	plan.ExternalSource
	// Scan readies one reading of the columns with these ordinals. Pieces of the files for which
	// prune is sure that no row matches may be left out.
	Scan(q *exec.Query, ordinals []int, prune Pruner) (Scan, error)
}

// Scan is one reading, shared by the query's workers.
type Scan interface {
	// Cursor is a worker's share of the rows. It numbers its pieces in Worker.Part.
	Cursor(w *exec.Worker) (Cursor, error)
	// Close frees the files. No cursor may be in use. It may be called twice.
	Close() error
}

// Cursor walks over rows in steps of at most columnar.BatchSize.
type Cursor interface {
	// Next goes to the next rows and gives their number; 0 at the end.
	Next() (rows int, err error)
	// Column decodes the column at index i of the scan's ordinals for the rows at hand, once at most.
	// The vector is lent until the next call of Next.
	Column(i int) (*columnar.Vector, error)
	// Close frees what the cursor holds.
	Close() error
}
