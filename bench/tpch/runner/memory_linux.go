package runner

import "golang.org/x/sys/unix"

// peakRSS is the process's largest resident set in bytes.
func peakRSS() int64 {
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return u.Maxrss * 1024
}
