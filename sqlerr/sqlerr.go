// Package sqlerr is the one error type that a user of OxiDB sees: a five-character SQLSTATE
// (ISO/IEC 9075-2 clause 24, PostgreSQL appendix A), a message, and, where the mistake stands in a
// statement's text, its position and a hint what to do.
package sqlerr

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// State is a SQLSTATE. The names are PostgreSQL's condition names.
type State string

const (
	Successful                 State = "00000"
	FeatureNotSupported        State = "0A000"
	CardinalityViolation       State = "21000"
	StringDataRightTruncation  State = "22001"
	NumericValueOutOfRange     State = "22003"
	NullValueNotAllowed        State = "22004"
	InvalidDatetimeFormat      State = "22007"
	DatetimeFieldOverflow      State = "22008"
	SubstringError             State = "22011"
	DivisionByZero             State = "22012"
	InvalidPrecedingSize       State = "22013" // or following
	InvalidArgumentForNtile    State = "22014"
	InvalidArgumentForNthValue State = "22016"
	InvalidArgumentForLog      State = "2201E"
	InvalidArgumentForPower    State = "2201F"
	InvalidRowCountInLimit     State = "2201W"
	InvalidRowCountInOffset    State = "2201X"
	InvalidParameterValue      State = "22023"
	InvalidEscapeSequence      State = "22025"
	InvalidTextRepresentation  State = "22P02"
	BadCopyFileFormat          State = "22P04"
	CharacterNotInRepertoire   State = "22021"
	NotNullViolation           State = "23502"
	ForeignKeyViolation        State = "23503"
	UniqueViolation            State = "23505"
	CheckViolation             State = "23514"
	InvalidTransactionState    State = "25000"
	ActiveTransaction          State = "25001"
	ReadOnlyTransaction        State = "25006"
	NoActiveTransaction        State = "25P01"
	InFailedTransaction        State = "25P02"
	IdleInTransactionTimeout   State = "25P03"
	TransactionTimeout         State = "25P04"
	InvalidStatementName       State = "26000"
	InvalidSchemaName          State = "3F000"
	InvalidCatalogName         State = "3D000"
	SerializationFailure       State = "40001"
	InsufficientPrivilege      State = "42501"
	GeneratedAlways            State = "428C9"
	SyntaxError                State = "42601"
	DatatypeMismatch           State = "42804"
	UndefinedColumn            State = "42703"
	UndefinedFunction          State = "42883"
	UndefinedTable             State = "42P01"
	UndefinedParameter         State = "42P02"
	UndefinedObject            State = "42704"
	DuplicateColumn            State = "42701"
	DuplicateTable             State = "42P07"
	DuplicateAlias             State = "42712"
	DuplicateObject            State = "42710"
	DuplicateSchema            State = "42P06"
	DuplicateStatement         State = "42P05"
	AmbiguousColumn            State = "42702"
	AmbiguousFunction          State = "42725"
	AmbiguousParameter         State = "42P08"
	IndeterminateDatatype      State = "42P18"
	GroupingError              State = "42803"
	InvalidColumnReference     State = "42P10"
	InvalidColumnDefinition    State = "42611"
	InvalidTableDefinition     State = "42P16"
	WrongObjectType            State = "42809"
	CannotCoerce               State = "42846"
	InvalidName                State = "42602"
	NameTooLong                State = "42622"
	WindowingError             State = "42P20"
	InvalidRecursion           State = "42P19"
	DependentObjectsStillExist State = "2BP01"
	DiskFull                   State = "53100"
	OutOfMemory                State = "53200"
	TooManyConnections         State = "53300"
	ProgramLimitExceeded       State = "54000"
	StatementTooComplex        State = "54001"
	TooManyColumns             State = "54011"
	ObjectNotInPrerequisite    State = "55000"
	ObjectInUse                State = "55006"
	LockNotAvailable           State = "55P03"
	QueryCanceled              State = "57014"
	AdminShutdown              State = "57P01"
	IOError                    State = "58030"
	SnapshotTooOld             State = "72000"
	CantChangeRuntimeParam     State = "55P02"
	UndefinedFile              State = "58P01"
	DuplicateFile              State = "58P02"
	InternalError              State = "XX000"
	DataCorrupted              State = "XX001"
	IndexCorrupted             State = "XX002"
)

// Error is a user-facing failure. Pos and End are byte offsets into the statement's text; Pos is -1
// where no position is known.
type Error struct {
	State   State
	Message string
	Detail  string
	Hint    string
	Pos     int
	End     int
	cause   error
}

func (e *Error) Error() string { return e.Message + " (SQLSTATE " + string(e.State) + ")" }
func (e *Error) Unwrap() error { return e.cause }

// New makes an error without a position. The format follows fmt.Errorf; a %w operand becomes the cause.
func New(s State, format string, args ...any) *Error { return At(s, -1, -1, format, args...) }

// At makes an error about the bytes [pos, end) of the statement's text.
func At(s State, pos, end int, format string, args ...any) *Error {
	wrapped := fmt.Errorf(format, args...)
	return &Error{State: s, Message: wrapped.Error(), Pos: pos, End: end, cause: errors.Unwrap(wrapped)}
}

// Unsupported is the refusal of a feature that OxiDB does not have: 0A000 naming it.
func Unsupported(pos, end int, feature string) *Error {
	return At(FeatureNotSupported, pos, end, "%s is not supported", feature)
}

// WithHint returns e with the hint set.
func (e *Error) WithHint(format string, args ...any) *Error {
	e.Hint = fmt.Sprintf(format, args...)
	return e
}

// WithDetail returns e with the detail set.
func (e *Error) WithDetail(format string, args ...any) *Error {
	e.Detail = fmt.Sprintf(format, args...)
	return e
}

// WithPos returns e with the position set, unless it has one already.
func (e *Error) WithPos(pos, end int) *Error {
	if e.Pos < 0 {
		e.Pos, e.End = pos, end
	}
	return e
}

// StateOf gives the SQLSTATE of any error: XX000 for one that is not an *Error, 00000 for nil.
func StateOf(err error) State {
	var e *Error
	switch {
	case err == nil:
		return Successful
	case errors.As(err, &e):
		return e.State
	}
	return InternalError
}

// Position is a line and column, both counted from 1; columns count characters, not bytes.
type Position struct{ Line, Column int }

// PositionIn turns a byte offset of sql into a line and a column.
func PositionIn(sql string, offset int) Position {
	offset = min(max(offset, 0), len(sql))
	before := sql[:offset]
	start := strings.LastIndexByte(before, '\n') + 1
	return Position{Line: strings.Count(before, "\n") + 1, Column: utf8.RuneCountInString(before[start:]) + 1}
}

// Render draws the error for a person: the message, the line of sql it is about with carets under
// the mistake, then detail and hint. Errors that are not *Error come out as their text.
func Render(err error, sql string) string {
	var e *Error
	if !errors.As(err, &e) {
		return "ERROR: " + err.Error()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "ERROR %s: %s", e.State, e.Message)
	if e.Pos >= 0 && e.Pos <= len(sql) {
		b.WriteString(snippet(sql, e.Pos, e.End))
	}
	if e.Detail != "" {
		b.WriteString("\nDETAIL: " + e.Detail)
	}
	if e.Hint != "" {
		b.WriteString("\nHINT: " + e.Hint)
	}
	return b.String()
}

func snippet(sql string, pos, end int) string {
	at := PositionIn(sql, pos)
	start := strings.LastIndexByte(sql[:pos], '\n') + 1
	stop := len(sql)
	if i := strings.IndexByte(sql[pos:], '\n'); i >= 0 {
		stop = pos + i
	}
	line := strings.ReplaceAll(sql[start:stop], "\t", " ")
	prefix := fmt.Sprintf("LINE %d: ", at.Line)
	carets := 1
	if end > pos {
		carets = utf8.RuneCountInString(sql[pos:min(end, stop)])
	}
	return "\n" + prefix + line + "\n" + strings.Repeat(" ", len(prefix)+at.Column-1) + strings.Repeat("^", max(carets, 1))
}
