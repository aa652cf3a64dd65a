package segment

import (
	"errors"
	"math/bits"
	"slices"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// parquetMagic stands at both ends of a Parquet file.
const parquetMagic = "PAR1"

// CheckFrame reads what is not a column of a file: its size, its first bytes, its footer. Use a File
// that nothing was read from before: an open one keeps its footer.
func (f *File) CheckFrame() error {
	handle, err := f.open()
	if err != nil {
		return err
	}
	start := make([]byte, len(parquetMagic))
	if _, err := handle.ReadAt(start, 0); err != nil {
		return sqlerr.New(sqlerr.IOError, "reading segment file %s at offset 0: %w", f.path, err)
	}
	if string(start) != parquetMagic {
		return sqlerr.New(sqlerr.DataCorrupted, "segment file %s does not begin as a Parquet file does", f.path)
	}
	return nil
}

// CheckSums compares the checksums of a row group's columns without decoding them.
func (f *File) CheckSums(group int, meta *GroupMeta) error {
	handle, err := f.open()
	if err != nil {
		return err
	}
	for i := range meta.Columns {
		c := &meta.Columns[i]
		if _, err := f.readChecked(handle, c.Offset, c.Length, c.CRC, columnOfGroup(f.meta.Columns[i].Name, group)); err != nil {
			return err
		}
	}
	return nil
}

// CheckColumn reads a column of a row group from disk and compares it with its description: checksum,
// number of rows and NULLs, bounds, order.
func (f *File) CheckColumn(group, ordinal int, meta *GroupMeta) error {
	column := &meta.Columns[ordinal]
	v, err := f.ReadColumn(group, ordinal, meta.Rows, column, NewDictionaries())
	if err != nil {
		return err
	}
	if err := column.Zone.check(v, f.meta.Columns[ordinal].Required); err != nil {
		return sqlerr.New(sqlerr.DataCorrupted, "the statistics of column %q, row group %d, of segment file %s, offset %d, do not fit its rows: %w",
			f.meta.Columns[ordinal].Name, group, f.path, column.Offset, err)
	}
	return nil
}

var (
	errNulls     = errors.New("another number of NULLs")
	errRequired  = errors.New("NULLs in a column declared NOT NULL")
	errBelow     = errors.New("a value below the minimum")
	errAbove     = errors.New("a value above the maximum")
	errNotExact  = errors.New("a bound that is said to be exact is no value")
	errNotSorted = errors.New("rows that are said to ascend do not")
)

// check compares a zone with the rows that it describes.
func (z *Zone) check(v *columnar.Vector, required bool) error {
	nulls := countNulls(v)
	switch {
	case nulls != z.Nulls:
		return errNulls
	case required && nulls > 0:
		return errRequired
	}
	if z.Min.Null && z.Max.Null && !z.Sorted {
		return nil
	}
	if v.Bounded && !z.Sorted {
		return z.checkBounded(v)
	}
	c := zoneCheck{zone: z}
	var err error
	if v.Enc == columnar.Dict {
		err = c.codes(v)
	} else {
		err = c.values(v)
	}
	if err == nil && z.Exact && nulls < v.Len && !(c.lowest && c.highest) {
		return errNotExact
	}
	return err
}

// checkBounded compares the bounds of integers, which reading has found not to be beyond the zone's.
func (z *Zone) checkBounded(v *columnar.Vector) error {
	var lo, hi int64
	switch v.Layout {
	case columnar.U8:
		lo, hi = int64(slices.Min(v.U8)), int64(slices.Max(v.U8))
	case columnar.U16:
		lo, hi = int64(slices.Min(v.U16)), int64(slices.Max(v.U16))
	case columnar.U32:
		lo, hi = int64(slices.Min(v.U32)), int64(slices.Max(v.U32))
	default:
		lo, hi = minMax(v.I64)
	}
	if lo+v.Base != z.Min.I || hi+v.Base != z.Max.I {
		return errNotExact
	}
	return nil
}

func countNulls(v *columnar.Vector) int {
	if v.Valid == nil {
		return 0
	}
	set := 0
	for i, w := range v.Valid {
		if rest := v.Len - i<<6; rest < 64 {
			w &= 1<<max(rest, 0) - 1
		}
		set += bits.OnesCount64(w)
	}
	return v.Len - set
}

// zoneCheck notes whether the bounds were met.
type zoneCheck struct {
	zone            *Zone
	lowest, highest bool
}

// codes compares the dictionary entries that rows use.
func (c *zoneCheck) codes(v *columnar.Vector) error {
	used := make([]bool, v.Dict.Values.Len)
	previous := uint32(0)
	for i := range v.Len {
		if v.Valid != nil && v.Valid[i>>6]>>(i&63)&1 == 0 {
			continue
		}
		code := v.Code(i)
		if c.zone.Sorted && v.Dict.Sorted && code < previous {
			return errNotSorted
		}
		used[code], previous = true, code
	}
	for code, there := range used {
		if !there {
			continue
		}
		if err := c.value(types.Str(v.Type, string(v.Dict.Values.Row(code)))); err != nil {
			return err
		}
	}
	return nil
}

func (c *zoneCheck) values(v *columnar.Vector) error {
	var previous types.Value
	any := false
	for i := range v.Len {
		x := v.Value(i)
		if x.Null {
			continue
		}
		if err := c.value(x); err != nil {
			return err
		}
		if c.zone.Sorted && any && Compare(x, previous) < 0 {
			return errNotSorted
		}
		previous, any = x, true
	}
	return nil
}

func (c *zoneCheck) value(x types.Value) error {
	if !c.zone.Min.Null {
		order := Compare(x, c.zone.Min)
		if order < 0 {
			return errBelow
		}
		c.lowest = c.lowest || order == 0
	}
	if !c.zone.Max.Null {
		order := Compare(x, c.zone.Max)
		if order > 0 {
			return errAbove
		}
		c.highest = c.highest || order == 0
	}
	return nil
}
