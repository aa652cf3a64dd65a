package main

import "github.com/oxidb/oxidb"

// byteSize is a size that is written with or without a unit, as 256MiB.
type byteSize int64

// UnmarshalText implements encoding.TextUnmarshaler.
func (b *byteSize) UnmarshalText(text []byte) error {
	n, err := oxidb.ParseBytes(string(text))
	*b = byteSize(n)
	return err
}
