package plan

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/oxidb/oxidb/index"
)

// Seek finds a scan's rows through indexes instead of reading all of them. It may find more rows than
// the scan delivers, never fewer: the scan's filters still hold all conditions. Values are constants,
// parameters or runtime values, of the columns' types; a NULL among them matches nothing.
type Seek struct {
	// Index is the index's name, Path what storage knows it by.
	Index string
	Path  *index.Path
	// Equal lists, for each leading column of the index, the values that it may have.
	Equal [][]Expr
	// Low and High bound the column behind those of Equal; their values may be nil.
	Low, High SeekBound
	// NotNull leaves out rows with NULL in the column behind those of Equal.
	NotNull bool
	// First, when set, are the rows that suffice.
	First *SeekFirst
	// Unique: the index is a key and Equal names all of its columns.
	Unique bool
	// Exact: the rows found are those for which all of the scan's filters are true.
	Exact bool
	// Loose: the seek's index has a condition that the scan's filters imply, and that says less than they.
	Loose bool
	// Parts, when there are any, are seeks of their own, whose rows are united (Any) or intersected.
	// The fields above are not set then.
	Parts []*Seek
	Any   bool
	// Rows is the estimated number of rows found.
	Rows float64
}

// SeekFirst says that the first rows by the index's columns behind those of Equal suffice, NULL above
// all values, or the last ones. Rows may be found beyond them.
type SeekFirst struct {
	Rows int64
	Last bool
}

// SeekBound is one end of a range.
type SeekBound struct {
	Value     Expr
	Inclusive bool
}

// Lookups is the number of keys or ranges that the seek looks for, all parts together.
func (s *Seek) Lookups() int {
	if len(s.Parts) > 0 {
		n := 0
		for _, p := range s.Parts {
			n += p.Lookups()
		}
		return n
	}
	n := 1
	for _, values := range s.Equal {
		n *= len(values)
	}
	return n
}

// String is how EXPLAIN prints the access path.
func (s *Seek) String() string {
	if len(s.Parts) > 0 {
		parts := make([]string, len(s.Parts))
		for i, p := range s.Parts {
			parts[i] = p.String()
		}
		word := " and "
		if s.Any {
			word = " or "
		}
		return "(" + strings.Join(parts, word) + ")"
	}
	out := s.Index
	if s.Path.Kind != index.Ordered {
		out += " " + s.Path.Kind.String()
	}
	if n := s.Lookups(); n > 1 {
		out += fmt.Sprintf(" %d keys", n)
	}
	switch {
	case s.Low.Value != nil || s.High.Value != nil:
		out += " range"
	case len(s.Equal) > 0 && len(s.Equal) < len(s.Path.Fields):
		out += " prefix"
	}
	if s.First != nil {
		word := " first "
		if s.First.Last {
			word = " last "
		}
		out += word + strconv.FormatInt(s.First.Rows, 10)
	}
	return out
}

// visit calls f for every value of the seek.
func (s *Seek) visit(f func(Expr)) {
	for _, p := range s.Parts {
		p.visit(f)
	}
	for _, values := range s.Equal {
		visitList(values, f)
	}
	visitList([]Expr{s.Low.Value, s.High.Value}, f)
}

// mapped is a copy with other values.
func (s *Seek) mapped(f func(Expr) Expr) *Seek {
	m := *s
	m.Parts = make([]*Seek, len(s.Parts))
	for i, p := range s.Parts {
		m.Parts[i] = p.mapped(f)
	}
	m.Equal = make([][]Expr, len(s.Equal))
	for i, values := range s.Equal {
		m.Equal[i] = mapList(values, f)
	}
	if s.Low.Value != nil {
		m.Low.Value = f(s.Low.Value)
	}
	if s.High.Value != nil {
		m.High.Value = f(s.High.Value)
	}
	return &m
}
