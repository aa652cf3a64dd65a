//go:build !linux

package mem

func mapRegion(size int) []byte { return make([]byte, size) }

func unmapRegion([]byte) {}
