package window

import (
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/mem"
	"github.com/oxidb/oxidb/exec/order"
	"github.com/oxidb/oxidb/types"
)

func (o *Operator) columnTypes() []types.Type {
	ts := make([]types.Type, len(o.cols))
	for i := range ts {
		ts[i] = o.cols[i].Typ
	}
	return ts
}

// mark marks the rows [from, to) in order that differ from the row before.
func (o *Operator) mark(cols []*columnar.Vector, rows []uint32, marks []uint8, from, to int) {
	if from == 0 && to > 0 {
		marks[0] = newPartition | newPeers
		from = 1
	}
	for _, at := range o.partition {
		markChanges(cols[at], rows, marks, from, to, newPartition|newPeers)
	}
	for _, at := range o.order {
		markChanges(cols[at], rows, marks, from, to, newPeers)
	}
}

func markChanges(v *columnar.Vector, rows []uint32, marks []uint8, from, to int, mark uint8) {
	if v.Enc == columnar.Const {
		return
	}
	if v.Valid == nil {
		switch v.Layout {
		case columnar.U8:
			markFlat(v.U8, rows, marks, from, to, mark)
			return
		case columnar.U16:
			markFlat(v.U16, rows, marks, from, to, mark)
			return
		case columnar.U32:
			markFlat(v.U32, rows, marks, from, to, mark)
			return
		case columnar.I64:
			markFlat(v.I64, rows, marks, from, to, mark)
			return
		case columnar.I128:
			markFlat(v.I128, rows, marks, from, to, mark)
			return
		}
	}
	for i := from; i < to; i++ {
		if !order.Equal(v, int(rows[i-1]), int(rows[i])) {
			marks[i] |= mark
		}
	}
}

// markFlat also takes a dictionary's codes: they are unique.
func markFlat[T comparable](values []T, rows []uint32, marks []uint8, from, to int, mark uint8) {
	for i := from; i < to; i++ {
		if values[rows[i]] != values[rows[i-1]] {
			marks[i] |= mark
		}
	}
}

// section is whole partitions in order. Places count from its first row.
type section struct {
	cols []*columnar.Vector
	rows []uint32 // by place: the row in cols
	// By place: where its partition begins and ends, and its peers.
	first, last []uint32
	peer, next  []uint32
	arena       *mem.Arena
}

func newSection(arena *mem.Arena, cols []*columnar.Vector, rows []uint32, marks []uint8) *section {
	n := len(rows)
	s := &section{cols: cols, rows: rows, arena: arena}
	s.first, s.last = spans(arena, marks, n, newPartition)
	s.peer, s.next = spans(arena, marks, n, newPeers)
	return s
}

// spans gives, by place, the begin and the end of the run that a mark begins.
func spans(arena *mem.Arena, marks []uint8, n int, mark uint8) (begin, end []uint32) {
	begin, end = mem.Alloc[uint32](arena, n, false), mem.Alloc[uint32](arena, n, false)
	at := uint32(0)
	for i := range n {
		if marks[i]&mark != 0 {
			at = uint32(i)
		}
		begin[i] = at
	}
	at = uint32(n)
	for i := n - 1; i >= 0; i-- {
		end[i] = at
		if marks[i]&mark != 0 {
			at = uint32(i)
		}
	}
	return begin, end
}
