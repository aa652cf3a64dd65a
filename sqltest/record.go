package sqltest

import (
	"regexp"
	"slices"
)

// Kind says what a record asks for.
type Kind int

// The kinds of records that remain after includes, loops and hash thresholds are resolved.
const (
	StatementOK Kind = iota
	StatementCount
	StatementError
	Query
	Halt
)

// SortMode is the order in which a query's result is compared.
type SortMode int

// NoSort compares rows as they come, RowSort after sorting the rows, ValueSort after sorting all values.
const (
	NoSort SortMode = iota
	RowSort
	ValueSort
)

// Record is one thing to run and what must come of it.
type Record struct {
	File string
	Line int // of the record's header, from 1
	Kind Kind
	SQL  string
	Conn string
	Only []string // engine or configuration names; all must match
	Skip []string // none of them may match

	Count   int64          // StatementCount
	State   string         // StatementError: SQLSTATE, "" for any
	Message *regexp.Regexp // StatementError: nil for any

	Types    string // Query: one of I, R, T a column, or "?" where rewriting shall choose
	Sort     SortMode
	ColNames bool
	ColTypes bool
	Label    string
	Want     []string // lines below ----

	hashThreshold      int
	rewritable         bool // stands once in the file itself, not in a loop or an include
	wantStart, wantEnd int  // line indexes of Want
}

// appliesTo reports whether the record runs under an engine and configuration of these names.
func (r *Record) appliesTo(names []string) bool {
	for _, skip := range r.Skip {
		if slices.Contains(names, skip) {
			return false
		}
	}
	for _, only := range r.Only {
		if !slices.Contains(names, only) {
			return false
		}
	}
	return true
}
