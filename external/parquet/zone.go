package parquet

import (
	"encoding/binary"
	"math"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/metadata"

	"github.com/oxidb/oxidb/external/file"
	"github.com/oxidb/oxidb/types"
)

// zone reads a column's statistics in a row group. ok is false when there are none to trust.
func zone(group *metadata.RowGroupMetaData, l *leaf) (z file.Zone, ok bool) {
	z = file.Zone{Min: types.Null(l.typ), Max: types.Null(l.typ)}
	if l.index < 0 || l.refusal != nil {
		return z, false
	}
	chunk, err := group.ColumnChunk(l.index)
	if err != nil {
		return z, false
	}
	if set, err := chunk.StatsSet(); err != nil || !set {
		return z, false
	}
	stats, err := chunk.Statistics()
	if err != nil || stats == nil {
		return z, false
	}
	z.AllNull = stats.HasNullCount() && stats.NullCount() == group.NumRows()
	if stats.HasMinMax() {
		z.Min, z.Max = l.bound(stats.EncodeMin()), l.bound(stats.EncodeMax())
		if l.typ.IsFloat() {
			z.Max = types.Null(l.typ) // NaN is greater than all numbers, but not in the statistics
		}
	}
	return z, true
}

// bound decodes a least or greatest value; NULL when it does not bound the SQL values.
func (l *leaf) bound(b []byte) types.Value {
	unknown := types.Null(l.typ)
	switch {
	case l.unsigned && l.physical == parquet.Types.Int64:
		return unknown
	case l.physical == parquet.Types.Boolean && len(b) == 1:
		return types.Int(l.typ, int64(b[0]&1))
	case l.physical == parquet.Types.Int32 && len(b) == 4:
		if l.unsigned {
			return l.number(int64(binary.LittleEndian.Uint32(b)))
		}
		return l.number(int64(int32(binary.LittleEndian.Uint32(b))))
	case l.physical == parquet.Types.Int64 && len(b) == 8:
		return l.number(int64(binary.LittleEndian.Uint64(b)))
	case l.physical == parquet.Types.Float && len(b) == 4:
		return types.Float(l.typ, float64(math.Float32frombits(binary.LittleEndian.Uint32(b))))
	case l.physical == parquet.Types.Double && len(b) == 8:
		return types.Float(l.typ, math.Float64frombits(binary.LittleEndian.Uint64(b)))
	case l.typ.Kind == types.Numeric:
		if v, ok := bigEndian(b); ok && len(b) > 0 {
			return types.Decimal(l.typ, v)
		}
	}
	// Texts' bounds may be cut off, in a way that differs between writers.
	return unknown
}

func (l *leaf) number(v int64) types.Value {
	switch {
	case l.multiply > 1:
		v *= l.multiply
	case l.divide > 1:
		v = floorDiv(v, l.divide)
	}
	return types.Int(l.typ, v)
}
