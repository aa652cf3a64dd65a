package mvcc

import (
	"context"
	"sync"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/segment"
	"github.com/oxidb/oxidb/types"
)

// zonePieces describe the rows of an open chunk piece by piece, so that rows that come one by one are
// looked at a few times each, not all of them again and again.
type zonePieces struct {
	mu     sync.Mutex
	pieces []zonePiece // one behind the other, each more than twice as long as the next
}

type zonePiece struct {
	to    int     // the end; it begins where the piece before it ends
	zones []*Zone // by ordinal in the chunk's fields
}

// openZones gives zones for the rows in view of an open chunk: those of pieces, by ordinal.
func (v *View) openZones() []zonePiece {
	p := &v.chunk.pieces
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.pieces); n == 0 || p.pieces[n-1].to < v.rows {
		p.extend(v)
	}
	n := 0
	for n < len(p.pieces) && p.pieces[n].to <= v.rows {
		n++
	}
	all := p.pieces[:n:n]
	if from := p.start(n); from < v.rows { // the view is older than the piece
		all = append(all, v.describe(from, v.rows))
	}
	return all
}

// start is where piece n begins.
func (p *zonePieces) start(n int) int {
	if n == 0 {
		return 0
	}
	return p.pieces[n-1].to
}

// extend describes the rows up to the view's, along with pieces that are not much longer.
func (p *zonePieces) extend(v *View) {
	n := len(p.pieces)
	for n > 0 && p.pieces[n-1].to-p.start(n-1) <= 2*(v.rows-p.start(n)) {
		n--
	}
	p.pieces = append(p.pieces[:n:n], v.describe(p.start(n), v.rows))
}

// describe scans rows [from, to) of an open chunk.
func (v *View) describe(from, to int) zonePiece {
	piece := zonePiece{to: to, zones: make([]*Zone, len(v.chunk.fields))}
	for i := range v.chunk.fields {
		piece.zones[i] = v.describeColumn(i, from, to)
	}
	return piece
}

func (v *View) describeColumn(ordinal, from, to int) *Zone {
	typ := v.chunk.fields[ordinal].Type
	vec, err := v.stored(context.Background(), ordinal)
	if err != nil { // the chunk was closed and its file cannot be read: whoever reads rows reports it
		return &Zone{Min: types.Null(typ), Max: types.Null(typ)}
	}
	b := segment.NewColumnBuilder(typ)
	if from&63 != 0 { // slices begin with a word of validity
		b.Append(vec, ascendingRows(from, to-from))
	} else {
		var part columnar.Vector
		vec.Slice(from, to, &part)
		b.Append(&part, nil)
	}
	_, z := b.Close(nil)
	return z
}
