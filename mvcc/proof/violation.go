package proof

import (
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/oxidb/oxidb/mvcc/proof/disk"
)

// Violation is a broken promise of the engine, as against an error that it reports.
type Violation struct {
	what string
	// Files are what a crash left, for a look at it, where the seed alone does not tell.
	Files map[string][]byte
}

// Error tells which promise and how.
func (v *Violation) Error() string { return v.what }

func violated(format string, args ...any) error {
	return &Violation{what: fmt.Sprintf(format, args...)}
}

// keep adds the files that show an error.
func keep(err error, d *disk.Disk) error { return &Violation{what: err.Error(), Files: d.Files()} }

// asViolation keeps violations and drops errors that a fault may cause.
func asViolation(err error) error {
	var v *Violation
	if errors.As(err, &v) {
		return v
	}
	return nil
}

// guard turns a panic into a violation.
func guard(err *error) {
	if r := recover(); r != nil {
		*err = violated("panic: %v\n%s", r, debug.Stack())
	}
}
