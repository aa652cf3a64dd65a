package segment

import (
	"unsafe"

	"github.com/oxidb/oxidb/columnar"
)

// builderSize is how many values of each kind a builder held.
type builderSize struct {
	i64, i128, f64, spans, uuid, codes, offsets, bytes int
}

// Reuse makes the builder empty again after Close, which gave v: it keeps the memory that v does not
// have, and expects as many values as it held. No view of it may be in use.
func (b *ColumnBuilder) Reuse(v *columnar.Vector) {
	fresh := NewColumnBuilder(b.typ)
	fresh.last = builderSize{i64: len(b.i64), i128: len(b.i128), f64: len(b.f64), spans: len(b.spans), uuid: len(b.uuid),
		codes: len(b.codes), offsets: len(b.offsets), bytes: len(b.bytes) + len(b.bytes)/32}
	fresh.i64 = unlessTaken(b.i64, v.I64)
	fresh.i128 = unlessTaken(b.i128, v.I128)
	fresh.f64 = unlessTaken(b.f64, v.F64)
	fresh.spans = unlessTaken(b.spans, v.Spans)
	fresh.uuid = unlessTaken(b.uuid, v.UUID)
	fresh.codes = unlessTaken(b.codes, v.U32)
	fresh.offsets = unlessTaken(b.offsets, v.Offsets)
	fresh.bytes = unlessTaken(b.bytes, v.Bytes)
	*b = *fresh
}

// unlessTaken is the memory of own for new values, none when taken has it.
func unlessTaken[T any](own, taken []T) []T {
	if unsafe.SliceData(own) == unsafe.SliceData(taken) {
		return nil
	}
	return own[:0]
}

// makeRoom allocates at once what the chunk before took.
func (b *ColumnBuilder) makeRoom() {
	b.i64 = withRoom(b.i64, b.last.i64)
	b.i128 = withRoom(b.i128, b.last.i128)
	b.f64 = withRoom(b.f64, b.last.f64)
	b.spans = withRoom(b.spans, b.last.spans)
	b.uuid = withRoom(b.uuid, b.last.uuid)
	b.codes = withRoom(b.codes, b.last.codes)
	b.offsets = withRoom(b.offsets, b.last.offsets)
	b.bytes = withRoom(b.bytes, b.last.bytes)
	b.last = builderSize{}
}

func withRoom[T any](s []T, n int) []T {
	if cap(s) >= n {
		return s
	}
	return make([]T, 0, n)
}
