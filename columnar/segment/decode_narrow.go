package segment

import (
	"fmt"
	"math"
	"slices"

	"github.com/oxidb/oxidb/columnar"
)

// narrowed are the values of a column chunk that are not NULL, in the width that the vector will have.
type narrowed struct {
	begun  bool // layout and room are chosen
	layout columnar.Layout
	u8     []uint8
	u16    []uint16
	u32    []uint32
	i64    []int64
	deltas deltas
	top    uint32 // all codes, or-ed
}

// start makes room for n values from 0 to span.
func (w *narrowed) start(span uint64, n int) {
	w.begun = true
	switch {
	case span <= math.MaxUint8:
		w.layout, w.u8 = columnar.U8, make([]uint8, n)
	case span <= math.MaxUint16:
		w.layout, w.u16 = columnar.U16, make([]uint16, n)
	case span <= math.MaxUint32:
		w.layout, w.u32 = columnar.U32, make([]uint32, n)
	default:
		w.layout, w.i64 = columnar.I64, make([]int64, n)
	}
}

// size is the bytes of a value.
func (w *narrowed) size() int {
	switch w.layout {
	case columnar.U8:
		return 1
	case columnar.U16:
		return 2
	case columnar.U32:
		return 4
	}
	return 8
}

// set gives v the values where their rows are, zeros to NULLs.
func (w *narrowed) set(d *decoder, v *columnar.Vector) {
	v.Layout = w.layout
	switch w.layout {
	case columnar.U8:
		v.U8 = spread(d, w.u8, 0)
	case columnar.U16:
		v.U16 = spread(d, w.u16, 0)
	case columnar.U32:
		v.U32 = spread(d, w.u32, 0)
	default:
		v.I64 = spread(d, w.i64, v.Lo)
	}
}

// most is the largest of the first n codes.
func (w *narrowed) most(n int) uint32 {
	switch w.layout {
	case columnar.U8:
		return uint32(slices.Max(w.u8[:n]))
	case columnar.U16:
		return uint32(slices.Max(w.u16[:n]))
	}
	return slices.Max(w.u32[:n])
}

// readDeltas appends the n integers of a page, as their distances from the least of the chunk when those
// are narrower.
func (d *decoder) readDeltas(body []byte, n int, bits32 bool) (err error) {
	w, z := &d.narrow, d.meta.Zone
	if !w.begun {
		span := uint64(z.Max.I) - uint64(z.Min.I)
		w.start(span, d.rows)
		w.deltas = newDeltas(z.Min.I, span, bits32)
		if w.layout == columnar.I64 {
			w.deltas = newDeltas(0, 0, false)
		}
	}
	at := d.values - n
	switch w.layout {
	case columnar.U8:
		_, err = decodeDelta(&w.deltas, w.u8[at:d.values], body)
	case columnar.U16:
		_, err = decodeDelta(&w.deltas, w.u16[at:d.values], body)
	case columnar.U32:
		_, err = decodeDelta(&w.deltas, w.u32[at:d.values], body)
	default:
		_, err = decodeDelta(&w.deltas, w.i64[at:d.values], body)
	}
	return err
}

// setDeltas gives v the integers, as Close did, unless any is beyond the zone's bounds.
func (d *decoder) setDeltas(v *columnar.Vector) error {
	w, z := &d.narrow, d.meta.Zone
	far := w.deltas.far>>63 != 0
	if w.layout == columnar.I64 {
		lo, hi := minMax(w.i64[:d.values])
		far = lo < z.Min.I || hi > z.Max.I
	} else {
		v.Base = z.Min.I
	}
	if far {
		return fmt.Errorf("values beyond %d to %d", z.Min.I, z.Max.I)
	}
	v.Bounded, v.Lo, v.Hi = true, z.Min.I, z.Max.I
	w.set(d, v)
	return nil
}
