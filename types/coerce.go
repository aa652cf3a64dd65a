package types

// rank orders the number types by generality; implicit casts go upward only.
var rank = map[Kind]int{SmallInt: 1, Integer: 2, BigInt: 3, Numeric: 4, Real: 5, Double: 6}

// Implicit reports whether a value of type from becomes one of type to without being asked: in
// function arguments and operators.
func Implicit(from, to Type) bool {
	switch {
	case from.Kind == to.Kind, from.Kind == Unknown:
		return true
	case rank[from.Kind] > 0 && rank[to.Kind] > 0:
		return rank[from.Kind] < rank[to.Kind]
	case from.IsText() && to.IsText():
		return true
	case from.Kind == Date:
		return to.Kind == Timestamp || to.Kind == TimestampTZ
	case from.Kind == Timestamp:
		return to.Kind == TimestampTZ
	case from.Kind == Time:
		return to.Kind == Interval
	}
	return false
}

// Assignable reports whether a value of type from may be stored in a column of type to without an
// explicit cast.
func Assignable(from, to Type) bool {
	switch {
	case Implicit(from, to):
		return true
	case from.IsNumber() && to.IsNumber():
		return true
	case to.IsText():
		return true
	case from.Kind == Timestamp, from.Kind == TimestampTZ:
		return to.Kind == Date || to.Kind == Time || to.Kind == Timestamp
	case from.Kind == JSON && to.Kind == JSONB, from.Kind == JSONB && to.Kind == JSON:
		return true
	}
	return false
}

// Castable reports whether an explicit cast exists.
func Castable(from, to Type) bool {
	switch {
	case Assignable(from, to), from.IsText():
		return true
	case from.Kind == Boolean:
		return to.Kind == Integer
	case to.Kind == Boolean:
		return from.Kind == Integer
	case from.Kind == Interval:
		return to.Kind == Time
	}
	return false
}

// Digits is numeric(p, 0)'s precision that holds every value of an integer type.
func (t Type) Digits() int {
	switch t.Kind {
	case SmallInt:
		return 5
	case Integer:
		return 10
	}
	return 19
}

// AsNumeric is the numeric type that holds t's values: numeric itself, or an integer's digits.
func (t Type) AsNumeric() Type {
	if t.IsInteger() {
		return TNumeric(t.Digits(), 0)
	}
	return t
}

// Common is the type that values of a and b both become in CASE, UNION, VALUES, IN and comparisons;
// ok is false when there is none.
func Common(a, b Type) (t Type, ok bool) {
	switch {
	case a == b:
		return a, true
	case a.Kind == Unknown:
		return b, true
	case b.Kind == Unknown:
		return a, true
	case a.IsText() && b.IsText():
		if a.Kind == b.Kind {
			return Type{Kind: a.Kind}, true
		}
		return TText, true
	case (a.Kind == Numeric || a.IsInteger()) && (b.Kind == Numeric || b.IsInteger()) && (a.Kind == Numeric || b.Kind == Numeric):
		a, b = a.AsNumeric(), b.AsNumeric()
		scale := max(a.Scale, b.Scale)
		whole := max(a.Precision-a.Scale, b.Precision-b.Scale)
		return TNumeric(int(whole)+int(scale), int(scale)), true
	case Implicit(a, b):
		return b, true
	case Implicit(b, a):
		return a, true
	}
	return Type{}, false
}
