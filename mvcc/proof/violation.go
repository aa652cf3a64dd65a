package proof

import (
	"errors"
	"fmt"
)

// Violation is a broken promise of the engine, as against an error that it reports.
type Violation struct{ what string }

// Error tells which promise and how.
func (v *Violation) Error() string { return v.what }

func violated(format string, args ...any) error {
	return &Violation{what: fmt.Sprintf(format, args...)}
}

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
		*err = violated("panic: %v", r)
	}
}
