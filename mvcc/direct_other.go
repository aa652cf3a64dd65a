//go:build !linux

package mvcc

import "errors"

// setDirect says whether an open file is written past the operating system's cache.
func setDirect(_ uintptr, on bool) error {
	if on {
		return errors.ErrUnsupported
	}
	return nil
}
