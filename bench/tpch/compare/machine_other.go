//go:build !linux

package compare

import "errors"

func exhausted() bool  { return false }
func peak(int) int64   { return 0 }
func machine() Machine { return Machine{} }
func load() float64    { return 0 }

func evict(...string) error { return errors.New("cold runs need Linux") }
