package mvcc

import (
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/mvcc/wal"
)

// workspace is the memory of a commit on its way to the log, used again by later ones: most commits are
// small, and the collector's share in them is not.
type workspace struct {
	ids      []TableID
	writes   []tableWrite
	payloads []payload
	places   []place // of payloads
	records  []wal.Record
	end      [commitInfoSize]byte

	vectors []columnar.Vector // of the rows in writes
	cols    []*columnar.Vector
	bytes   []byte // of payloads
}

// A workspace keeps this much at most. Of bytes it must be less than what the log borrows: payloads there
// outlive their commit's sequencing.
const (
	keptBytes   = wal.BorrowedFrom / 2
	keptVectors = 64
)

func (s *Store) takeWorkspace() *workspace {
	if w, _ := s.workspaces.Get().(*workspace); w != nil {
		return w
	}
	return &workspace{}
}

// putWorkspace takes a workspace back that nothing points into any more.
func (s *Store) putWorkspace(w *workspace) {
	if cap(w.bytes) > keptBytes || cap(w.vectors) > keptVectors || cap(w.payloads) > keptVectors {
		return
	}
	clear(w.writes)
	clear(w.payloads)
	clear(w.records)
	clear(w.vectors)
	clear(w.cols)
	w.ids, w.writes, w.payloads, w.places, w.records = w.ids[:0], w.writes[:0], w.payloads[:0], w.places[:0], w.records[:0]
	w.vectors, w.cols, w.bytes = w.vectors[:0], w.cols[:0], w.bytes[:0]
	s.workspaces.Put(w)
}

// columns gives n vectors to be set. They stay where they are when more are asked for.
func (w *workspace) columns(n int) []*columnar.Vector {
	if cap(w.vectors)-len(w.vectors) < n {
		w.vectors = make([]columnar.Vector, 0, max(n, 8))
	}
	from := len(w.vectors)
	w.vectors = w.vectors[:from+n]
	at := len(w.cols)
	for i := from; i < from+n; i++ {
		w.cols = append(w.cols, &w.vectors[i])
	}
	return w.cols[at : at+n : at+n]
}

// encodeRows is encodeRows into the workspace's bytes.
func (w *workspace) encodeRows(fields []ColumnDef, rows rowsOf) []byte {
	at := len(w.bytes)
	w.bytes = appendEncoded(w.bytes, fields, rows)
	return w.bytes[at:len(w.bytes):len(w.bytes)]
}
