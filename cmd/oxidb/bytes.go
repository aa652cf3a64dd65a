package main

import "github.com/oxidb/oxidb"

// bytes is a size that is written with or without a unit, as 256MiB.
type bytes int64

// UnmarshalText implements encoding.TextUnmarshaler.
func (b *bytes) UnmarshalText(text []byte) error {
	n, err := oxidb.ParseBytes(string(text))
	*b = bytes(n)
	return err
}
