package main

import (
	"errors"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// diskRate is how often a second the disk takes 8 kB written over what a file has, with fdatasync.
func diskRate(dir string, length time.Duration) (rate float64, err error) {
	path := filepath.Join(dir, "control")
	f, err := os.Create(path)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(path)) }()
	block := make([]byte, 1<<20)
	for range 16 {
		if _, err := f.Write(block); err != nil {
			return 0, err
		}
	}
	if err := f.Sync(); err != nil {
		return 0, err
	}
	start := time.Now()
	n := 0
	for ; time.Since(start) < length; n++ {
		if _, err := f.WriteAt(block[:8<<10], int64(n%2048)<<13); err != nil {
			return 0, err
		}
		if err := unix.Fdatasync(int(f.Fd())); err != nil {
			return 0, err
		}
	}
	return float64(n) / time.Since(start).Seconds(), nil
}

// diskBytes is how many bytes a second the disk takes of a new file, its fsync included.
func diskBytes(dir string, size int) (perSecond float64, err error) {
	path := filepath.Join(dir, "control")
	f, err := os.Create(path)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(path)) }()
	block := make([]byte, 1<<20)
	for i := range block {
		block[i] = byte(i * i >> 3)
	}
	start := time.Now()
	for written := 0; written < size; written += len(block) {
		if _, err := f.Write(block); err != nil {
			return 0, err
		}
	}
	if err := f.Sync(); err != nil {
		return 0, err
	}
	return float64(size) / time.Since(start).Seconds(), nil
}
