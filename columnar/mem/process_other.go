//go:build !linux

package mem

func fileBytes() int64 { return codeBytes }

// MachineBytes is the memory that the process may have, 0 when it cannot be told.
func MachineBytes() int64 { return 0 }
