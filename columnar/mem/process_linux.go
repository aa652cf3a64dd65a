package mem

import (
	"bytes"
	"os"
	"strconv"
)

// fileBytes is the resident part of files that the process maps, its code above all.
func fileBytes() int64 {
	data, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return codeBytes
	}
	fields := bytes.Fields(data)
	if len(fields) < 3 {
		return codeBytes
	}
	pages, err := strconv.ParseInt(string(fields[2]), 10, 64)
	if err != nil {
		return codeBytes
	}
	return pages * int64(os.Getpagesize())
}

// MachineBytes is the memory that the process may have: the machine's, or less when its control group
// says so; 0 when it cannot be told.
func MachineBytes() int64 {
	least := totalBytes()
	for _, file := range []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"} {
		data, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		if n, err := strconv.ParseInt(string(bytes.TrimSpace(data)), 10, 64); err == nil && n > 0 && (least == 0 || n < least) {
			least = n
		}
	}
	return least
}

// totalBytes reads "MemTotal:       24000000 kB".
func totalBytes() int64 {
	data, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0
	}
	for line := range bytes.Lines(data) {
		if fields := bytes.Fields(line); len(fields) >= 2 && string(fields[0]) == "MemTotal:" {
			kib, _ := strconv.ParseInt(string(fields[1]), 10, 64) // 0: not told
			return kib << 10
		}
	}
	return 0
}
