package segment

import (
	"testing"

	"pgregory.net/rapid"
)

// A builder used again must not write into what it gave away, nor keep anything of the rows before.
func TestReusedBuilders(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		typ := rapid.SampledFrom(storedTypes).Draw(t, "type")
		b := NewColumnBuilder(typ)
		first := drawValues(t, typ)
		second := drawValues(t, typ)
		for _, v := range first {
			b.Append(constant(typ, v), nil)
		}
		closed, zone := b.Close(nil)
		b.Reuse(closed)
		for _, v := range second {
			b.Append(constant(typ, v), nil)
		}
		again, zoneAgain := b.Close(nil)
		checkValues(t, "first", closed, first)
		checkZone(t, closed, zone, first)
		checkValues(t, "second", again, second)
		checkZone(t, again, zoneAgain, second)
	})
}
