package compare

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// field is a number of a file of "name: number" lines, such as /proc/meminfo, as it stands; 0 when it
// is not there.
func field(file, name string) int64 {
	data, err := os.ReadFile(file)
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(line, name+":"); ok {
			n, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			if err != nil {
				return 0
			}
			return n
		}
	}
	return 0
}

// exhausted reports that less than a twentieth of the machine's memory is free.
func exhausted() bool {
	total, free := field("/proc/meminfo", "MemTotal"), field("/proc/meminfo", "MemAvailable")
	return total > 0 && free > 0 && free < total/20
}

// peak is the largest resident set of a process so far, in bytes; 0 when it is gone.
func peak(pid int) int64 { return field(fmt.Sprintf("/proc/%d/status", pid), "VmHWM") << 10 }

// machine describes what the figures were measured on.
func machine() Machine {
	m := Machine{Memory: field("/proc/meminfo", "MemTotal") << 10}
	if data, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(data)) {
			if rest, ok := strings.CutPrefix(line, "model name"); ok {
				m.CPU = strings.TrimLeft(strings.TrimSpace(rest), ": ")
				break
			}
		}
	}
	var u unix.Utsname
	if unix.Uname(&u) == nil {
		m.System = unix.ByteSliceToString(u.Sysname[:]) + " " + unix.ByteSliceToString(u.Release[:])
	}
	return m
}

// load is how many processes ran or waited to run, over the last minute.
func load() float64 {
	data, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return 0
	}
	n, err := strconv.ParseFloat(strings.Fields(string(data))[0], 64)
	if err != nil {
		return 0
	}
	return n
}

// evict makes the operating system forget what it holds of all files below the paths.
func evict(paths ...string) error {
	for _, p := range paths {
		err := filepath.WalkDir(p, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.Type().IsRegular() {
				return err
			}
			return evictFile(path)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func evictFile(path string) (err error) {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := f.Sync(); err != nil { // pages that are not on disk yet would stay
		return err
	}
	return unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED)
}
