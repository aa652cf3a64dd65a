package segment

import (
	"encoding/json"
	"fmt"
	"math"

	"github.com/axiomhq/hyperloglog"

	"github.com/oxidb/oxidb/types"
)

// ColumnSchema is a column as a segment file has it.
type ColumnSchema struct {
	Field    int32      `json:"field"`
	Name     string     `json:"name"`
	Type     types.Type `json:"type"`
	Required bool       `json:"required,omitempty"`
}

// FileMeta describes a segment file: what a manifest keeps of it. The footer is covered by its own
// checksum, each column chunk by the one in ColumnMeta.
type FileMeta struct {
	Columns      []ColumnSchema `json:"columns"`
	Size         int64          `json:"size"`
	FooterOffset int64          `json:"footer_offset"`
	FooterCRC    uint32         `json:"footer_crc"`
}

// GroupMeta describes one row group, which is one chunk. Columns follow FileMeta.Columns.
type GroupMeta struct {
	Rows    int          `json:"rows"`
	Columns []ColumnMeta `json:"columns"`
}

// ColumnMeta says where a column chunk lies in the file and what is in it.
type ColumnMeta struct {
	Offset int64  `json:"offset"`
	Length int64  `json:"length"`
	CRC    uint32 `json:"crc"`
	// Dict says that the column is dictionary-coded, with a sorted dictionary.
	Dict bool  `json:"dict,omitempty"`
	Zone *Zone `json:"zone"`
}

// valueJSON carries a value without loss: floats as bits, strings as bytes.
type valueJSON struct {
	Int   int64       `json:"i,omitempty"`
	Wide  *[2]uint64  `json:"w,omitempty"`
	Bits  uint64      `json:"f,omitempty"`
	Bytes []byte      `json:"s,omitempty"`
	Span  *types.Span `json:"p,omitempty"`
	Null  bool        `json:"n,omitempty"`
}

// EncodeValue writes a value as JSON without its type.
func EncodeValue(v types.Value) json.RawMessage {
	j := valueJSON{Null: v.Null, Int: v.I, Bytes: []byte(v.S), Bits: math.Float64bits(v.F)}
	if v.Wide {
		j.Wide = &[2]uint64{v.D.Lo, uint64(v.D.Hi)}
	}
	if v.Span != (types.Span{}) {
		j.Span = &v.Span
	}
	raw, err := json.Marshal(j)
	if err != nil {
		panic(err) // numbers and bytes always encode
	}
	return raw
}

// DecodeValue reads what EncodeValue wrote.
func DecodeValue(t types.Type, raw json.RawMessage) (types.Value, error) {
	var j valueJSON
	if err := json.Unmarshal(raw, &j); err != nil {
		return types.Value{}, err
	}
	v := types.Value{Type: t, Null: j.Null, I: j.Int, S: string(j.Bytes), F: math.Float64frombits(j.Bits)}
	if j.Wide != nil {
		v.Wide, v.D = true, types.Int128{Lo: j.Wide[0], Hi: int64(j.Wide[1])}
	}
	if j.Span != nil {
		v.Span = *j.Span
	}
	return v, nil
}

type zoneJSON struct {
	Type     types.Type        `json:"t"`
	Min      json.RawMessage   `json:"min"`
	Max      json.RawMessage   `json:"max"`
	Exact    bool              `json:"exact,omitempty"`
	Nulls    int               `json:"nulls,omitempty"`
	Sorted   bool              `json:"sorted,omitempty"`
	Distinct float64           `json:"distinct,omitempty"`
	Bytes    int64             `json:"bytes,omitempty"`
	Common   []json.RawMessage `json:"common,omitempty"`
	Rows     []int             `json:"common_rows,omitempty"`
	Sketch   []byte            `json:"sketch,omitempty"`
}

// MarshalJSON writes the zone as manifests and footers hold it.
func (z *Zone) MarshalJSON() ([]byte, error) {
	j := zoneJSON{Type: z.Min.Type, Min: EncodeValue(z.Min), Max: EncodeValue(z.Max), Exact: z.Exact, Nulls: z.Nulls,
		Sorted: z.Sorted, Distinct: z.Distinct, Bytes: z.Bytes}
	for _, c := range z.Common {
		j.Common = append(j.Common, EncodeValue(c.Value))
		j.Rows = append(j.Rows, c.Rows)
	}
	if z.Sketch != nil && !z.sketchFollows() {
		sketch, err := z.Sketch.MarshalBinary()
		if err != nil {
			return nil, err
		}
		j.Sketch = sketch
	}
	return json.Marshal(j)
}

// sketchFollows reports that the common values are all there are, so that the sketch need not be kept.
func (z *Zone) sketchFollows() bool { return len(z.Common) > 0 && float64(len(z.Common)) == z.Distinct }

// UnmarshalJSON reads what MarshalJSON wrote.
func (z *Zone) UnmarshalJSON(raw []byte) error {
	var j zoneJSON
	if err := json.Unmarshal(raw, &j); err != nil {
		return err
	}
	*z = Zone{Exact: j.Exact, Nulls: j.Nulls, Sorted: j.Sorted, Distinct: j.Distinct, Bytes: j.Bytes}
	var err error
	if z.Min, err = DecodeValue(j.Type, j.Min); err != nil {
		return err
	}
	if z.Max, err = DecodeValue(j.Type, j.Max); err != nil {
		return err
	}
	if len(j.Common) != len(j.Rows) {
		return fmt.Errorf("zone has %d common values and %d counts", len(j.Common), len(j.Rows))
	}
	for i, c := range j.Common {
		v, err := DecodeValue(j.Type, c)
		if err != nil {
			return err
		}
		z.Common = append(z.Common, Count{Value: v, Rows: j.Rows[i]})
	}
	return z.restoreSketch(j.Sketch)
}

func (z *Zone) restoreSketch(raw []byte) error {
	if raw != nil {
		z.Sketch = &hyperloglog.Sketch{}
		return z.Sketch.UnmarshalBinary(raw)
	}
	if z.sketchFollows() {
		z.Sketch = newSketch()
		for _, c := range z.Common {
			z.Sketch.InsertHash(hashValue(c.Value))
		}
	}
	return nil
}
