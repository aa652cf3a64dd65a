package index

import (
	"encoding/binary"
	"fmt"
)

// Payloads are little-endian numbers of 4 bytes. What is read was checked by the checksum of its file;
// bounds are checked all the same, so that no search can leave its chunk.

// AppendCount appends a number.
func AppendCount(dst []byte, n int) []byte { return binary.LittleEndian.AppendUint32(dst, uint32(n)) }

// AppendRows appends a list of row offsets, or of other numbers, with its length.
func AppendRows(dst []byte, rows []uint32) []byte {
	dst = AppendCount(dst, len(rows))
	for _, row := range rows {
		dst = binary.LittleEndian.AppendUint32(dst, row)
	}
	return dst
}

// AppendBytes appends bytes with their length.
func AppendBytes(dst, b []byte) []byte { return append(AppendCount(dst, len(b)), b...) }

// Reader takes a payload apart; after the first error it gives zeros.
type Reader struct {
	Data []byte
	err  error
}

// Count reads a number that must not be above most.
func (r *Reader) Count(most int) int {
	if len(r.Data) < 4 || r.err != nil {
		r.fail()
		return 0
	}
	n := binary.LittleEndian.Uint32(r.Data)
	r.Data = r.Data[4:]
	if uint64(n) > uint64(most) {
		r.fail()
		return 0
	}
	return int(n)
}

// Rows reads a list of offsets below the chunk's number of rows.
func (r *Reader) Rows(rows int) []uint32 {
	all := r.Numbers(rows)
	for _, row := range all {
		if int(row) >= rows {
			r.fail()
			return nil
		}
	}
	return all
}

// Numbers reads a list of at most `most` numbers.
func (r *Reader) Numbers(most int) []uint32 {
	n := r.Count(most)
	if len(r.Data) < 4*n || r.err != nil {
		r.fail()
		return nil
	}
	all := make([]uint32, n)
	for i := range all {
		all[i] = binary.LittleEndian.Uint32(r.Data[4*i:])
	}
	r.Data = r.Data[4*n:]
	return all
}

// Bytes reads bytes, which are borrowed.
func (r *Reader) Bytes() []byte {
	n := r.Count(len(r.Data))
	if len(r.Data) < n {
		r.fail()
		return nil
	}
	b := r.Data[:n:n]
	r.Data = r.Data[n:]
	return b
}

// Finish gives the first error, one also when bytes are left or the caller found something odd.
func (r *Reader) Finish(sound bool) error {
	if len(r.Data) > 0 || !sound {
		r.fail()
	}
	return r.err
}

func (r *Reader) fail() {
	if r.err == nil {
		r.err = fmt.Errorf("the index component does not fit its chunk")
	}
}
