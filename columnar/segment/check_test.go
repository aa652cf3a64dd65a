package segment

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

func checkAll(f *File, group *GroupMeta) error {
	err := f.CheckFrame()
	for i := range group.Columns {
		err = errors.Join(err, f.CheckColumn(0, i, group))
	}
	return errors.Join(err, f.CheckSums(0, group))
}

// A check that overlooks a byte of a file cannot promise anything about it.
func TestCheckNoticesEveryByte(t *testing.T) {
	values := make([]types.Value, 500)
	for i := range values {
		values[i] = types.Str(types.TText, fmt.Sprint("name ", i%7))
	}
	closed, zone := build(types.TText, values).Close(nil)
	fs := vfs.NewMem()
	f, group := writeOne(t, fs, types.TText, closed, zone)
	if err := checkAll(f, &group); err != nil {
		t.Fatal(err)
	}
	raw := readFile(t, fs, f.Path())
	for at := range raw {
		damaged := bytes.Clone(raw)
		damaged[at] ^= 1 << (at % 8)
		writeFile(t, fs, "damaged.parquet", damaged)
		d := NewFile(fs, "damaged.parquet", f.meta)
		if err := checkAll(d, &group); sqlerr.StateOf(err) != sqlerr.DataCorrupted {
			t.Fatalf("byte %d of %d: %v", at, len(raw), err)
		}
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// Statistics that do not bound the rows make scans skip rows: the check must tell.
func TestCheckComparesStatistics(t *testing.T) {
	for name, c := range map[string]struct {
		typ    types.Type
		value  func(i int) types.Value
		tamper func(z *Zone)
		want   error
	}{
		"sound integers":  {types.TInteger, func(i int) types.Value { return types.Int(types.TInteger, int64(i)) }, func(*Zone) {}, nil},
		"sound nulls":     {types.TInteger, func(int) types.Value { return types.Null(types.TInteger) }, func(*Zone) {}, nil},
		"sound floats":    {types.TDouble, func(i int) types.Value { return types.Float(types.TDouble, float64(-i)) }, func(*Zone) {}, nil},
		"sound intervals": {types.TInterval, func(i int) types.Value { return types.Value{Type: types.TInterval, Span: types.Span{Days: int32(i)}} }, func(*Zone) {}, nil},
		"sound texts":     {types.TText, func(i int) types.Value { return types.Str(types.TText, fmt.Sprint("t", i)) }, func(*Zone) {}, nil},
		"minimum":         {types.TInteger, func(i int) types.Value { return types.Int(types.TInteger, int64(i)) }, func(z *Zone) { z.Min.I = 1 }, errBelow},
		"maximum":         {types.TBigInt, func(i int) types.Value { return types.Int(types.TBigInt, int64(i)<<40) }, func(z *Zone) { z.Max.I-- }, errAbove},
		"float maximum":   {types.TDouble, func(i int) types.Value { return types.Float(types.TDouble, float64(i)) }, func(z *Zone) { z.Max.F = 5 }, errAbove},
		"text minimum":    {types.TText, func(i int) types.Value { return types.Str(types.TText, fmt.Sprint("t", i%3)) }, func(z *Zone) { z.Min.S = "t1" }, errBelow},
		"long texts":      {types.TText, func(i int) types.Value { return types.Str(types.TText, fmt.Sprint("t", i)) }, func(z *Zone) { z.Max.S = "t" }, errAbove},
		"exactness":       {types.TInteger, func(i int) types.Value { return types.Int(types.TInteger, int64(i)) }, func(z *Zone) { z.Max.I++ }, errNotExact},
		"order":           {types.TInteger, func(i int) types.Value { return types.Int(types.TInteger, int64(-i)) }, func(z *Zone) { z.Sorted = true }, errNotSorted},
		"text order":      {types.TText, func(i int) types.Value { return types.Str(types.TText, fmt.Sprint("t", i%2)) }, func(z *Zone) { z.Sorted = true }, errNotSorted},
		"nulls":           {types.TInteger, func(i int) types.Value { return types.Int(types.TInteger, int64(i)) }, func(z *Zone) { z.Nulls = 1 }, errNulls},
	} {
		t.Run(name, func(t *testing.T) {
			values := make([]types.Value, 300)
			for i := range values {
				values[i] = c.value(i)
			}
			closed, zone := build(c.typ, values).Close(nil)
			fs := vfs.NewMem()
			f, group := writeOne(t, fs, c.typ, closed, zone)
			c.tamper(group.Columns[0].Zone)
			err := f.CheckColumn(0, 0, &group)
			if sound := c.want == nil; sound != (err == nil) || !sound && sqlerr.StateOf(err) != sqlerr.DataCorrupted {
				t.Errorf("got %v, want %v", err, c.want)
			}
			// Reading compares integers' bounds and the number of NULLs itself.
			if c.typ.Class() != types.ClassInt && !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}
