package csv

import (
	"math/bits"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

// A word compared wrongly at one byte would split fields at the wrong place.
func TestMasksFindExactlyTheByte(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	data := make([]byte, 64+slack)
	for range 20_000 {
		for i := range data {
			data[i] = []byte{',', '"', '\n', '-', 0x80 | ',', ',' ^ 1, 0, 0xFF}[r.IntN(8)]
		}
		commas, quotes := masks64(data, 0, repeat(','), repeat('"'))
		inside, parity := prefixXor(quotes), uint64(0)
		for i := range 64 {
			if commas>>i&1 == 1 != (data[i] == ',') || quotes>>i&1 == 1 != (data[i] == '"') {
				t.Fatalf("byte %d of %q", i, data)
			}
			parity ^= quotes >> i & 1
			if inside>>i&1 != parity {
				t.Fatalf("parity at %d", i)
			}
		}
		if n := bits.OnesCount64(commas); n > 2 && strings.Count(string(data[:selectBit(commas, 2)]), ",") != 2 {
			t.Fatal("third comma")
		}
	}
}

// A digit taken for another, or a letter for a digit, would load a wrong number without any error.
func TestEightDigits(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	for range 200_000 {
		n := 1 + r.IntN(8)
		text := make([]byte, 8)
		for i := range text {
			text[i] = byte('0' + r.IntN(10))
			if r.IntN(40) == 0 {
				text[i] = byte(r.IntN(256))
			}
		}
		want, err := strconv.ParseUint(string(text[:n]), 10, 64)
		got, ok := eightDigits(load(text, 0), n)
		if ok != (err == nil) || ok && got != want {
			t.Fatalf("%q: got %d %v, want %d %v", text[:n], got, ok, want, err)
		}
	}
}
