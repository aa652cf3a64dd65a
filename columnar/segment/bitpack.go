package segment

import (
	"encoding/binary"
	"slices"
)

type unsigned interface {
	uint8 | uint16 | uint32 | uint64
}

// appendPacked appends the low width bits of each value, least significant bit first, and fills the
// last byte with zeros. No value has more bits.
func appendPacked[T unsigned](dst []byte, src []T, width int) []byte {
	size := (len(src)*width + 7) / 8
	at := len(dst)
	dst = slices.Grow(dst, size+8)[:at+size+8] // whole words are stored
	out := dst[at:]
	switch {
	case width == 0:
	case width <= 16:
		packQuads(out, src, uint(width))
	case width <= 32:
		packPairs(out, src, uint(width))
	default:
		packWords(out, src, uint(width))
	}
	return dst[:at+size]
}

// packQuads packs values of up to 16 bits, four at a time.
func packQuads[T unsigned](out []byte, src []T, width uint) {
	var word uint64
	var held uint
	for len(src) >= 4 {
		four := uint64(src[0]) | uint64(src[1])<<(width&63) | uint64(src[2])<<(2*width&63) | uint64(src[3])<<(3*width&63)
		src = src[4:]
		word |= four << (held & 63)
		held += 4 * width
		if held >= 64 {
			binary.LittleEndian.PutUint64(out, word)
			out = out[8:]
			held -= 64
			word = four >> (4*width - held)
		}
	}
	packRest(out, src, width, word, held)
}

// packPairs packs values of up to 32 bits, two at a time.
func packPairs[T unsigned](out []byte, src []T, width uint) {
	var word uint64
	var held uint
	for len(src) >= 2 {
		two := uint64(src[0]) | uint64(src[1])<<(width&63)
		src = src[2:]
		word |= two << (held & 63)
		held += 2 * width
		if held >= 64 {
			binary.LittleEndian.PutUint64(out, word)
			out = out[8:]
			held -= 64
			word = two >> (2*width - held)
		}
	}
	packRest(out, src, width, word, held)
}

func packWords[T unsigned](out []byte, src []T, width uint) {
	packRest(out, src, width, 0, 0)
}

// packRest packs one value at a time behind the held bits of word, and stores what is left.
func packRest[T unsigned](out []byte, src []T, width uint, word uint64, held uint) {
	for _, x := range src {
		word |= uint64(x) << (held & 63)
		held += width
		if held >= 64 {
			binary.LittleEndian.PutUint64(out, word)
			out = out[8:]
			held -= 64
			word = uint64(x) >> (width - held)
		}
	}
	binary.LittleEndian.PutUint64(out, word)
}
