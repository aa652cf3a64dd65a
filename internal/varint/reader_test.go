package varint

import (
	"encoding/binary"
	"testing"
)

// Bytes cut at any place must give an error, never a panic and never a wrong value without one.
func TestReaderOfTruncatedBytes(t *testing.T) {
	b := binary.AppendUvarint(nil, 300)
	b = binary.AppendVarint(b, -5)
	b = AppendBytes(b, []byte("abc"))
	b = append(b, 7)
	b = binary.LittleEndian.AppendUint32(b, 1<<30)
	b = binary.LittleEndian.AppendUint64(b, 1<<60)
	for n := range len(b) + 1 {
		r := NewReader(b[:n])
		u, i, s, c, x, y := r.Uint(), r.Int(), string(r.Bytes()), r.Byte(), r.U32(), r.U64()
		same := u == 300 && i == -5 && s == "abc" && c == 7 && x == 1<<30 && y == 1<<60
		if whole := n == len(b); same != whole || (r.Err() == nil) != whole || r.Len() != 0 {
			t.Errorf("%d of %d bytes: %d %d %q %d %d %d, error %v", n, len(b), u, i, s, c, x, y, r.Err())
		}
	}
	if r := NewReader([]byte{200, 1}); r.Count(1) != 0 || r.Err() == nil {
		t.Error("a count beyond the bytes was taken")
	}
}
