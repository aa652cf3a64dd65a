package bind

import (
	"errors"

	"github.com/oxidb/oxidb/function"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/types"
)

var errAmbiguous = errors.New("ambiguous")

// choose picks the overload for the arguments by PostgreSQL's rules (manual, 10.3): exact match;
// else, of those reachable by implicit casts, the one with most exact matches, then with most
// preferred types, then by the category that suits the unknown arguments. nil means none fits.
func choose(overloads []*function.Scalar, args []plan.Expr) (*function.Scalar, error) {
	kinds := make([]types.Kind, len(args))
	for i, a := range args {
		kinds[i] = a.Type().Kind
	}
	var fit []*function.Scalar
	for _, fn := range overloads {
		if accepts(fn, args) {
			fit = append(fit, fn)
		}
	}
	for _, keep := range []func(*function.Scalar, []types.Kind) int{exactMatches, preferredMatches} {
		if len(fit) > 1 {
			fit = best(fit, kinds, keep)
		}
	}
	if len(fit) > 1 {
		fit = byCategory(fit, kinds)
	}
	if len(fit) > 1 {
		fit = bySibling(fit, kinds)
	}
	switch len(fit) {
	case 0:
		return nil, nil
	case 1:
		return fit[0], nil
	}
	return nil, errAmbiguous
}

func accepts(fn *function.Scalar, args []plan.Expr) bool {
	if len(args) != len(fn.Args) && !(fn.Variadic && len(args) >= len(fn.Args)) {
		return false
	}
	for i, a := range args {
		if !types.Implicit(a.Type(), argumentType(fn, i)) {
			return false
		}
	}
	return true
}

// best keeps the overloads with the highest score.
func best(fit []*function.Scalar, kinds []types.Kind, score func(*function.Scalar, []types.Kind) int) []*function.Scalar {
	var out []*function.Scalar
	top := -1
	for _, fn := range fit {
		switch s := score(fn, kinds); {
		case s > top:
			top, out = s, []*function.Scalar{fn}
		case s == top:
			out = append(out, fn)
		}
	}
	return out
}

func exactMatches(fn *function.Scalar, kinds []types.Kind) int {
	n := 0
	for i, k := range kinds {
		if k != types.Unknown && baseKind(argumentType(fn, i).Kind) == baseKind(k) {
			n++
		}
	}
	return n
}

// baseKind counts varchar as text: PostgreSQL relabels it, without a cast function.
func baseKind(k types.Kind) types.Kind {
	if k == types.Varchar {
		return types.Text
	}
	return k
}

func preferredMatches(fn *function.Scalar, kinds []types.Kind) int {
	n := 0
	for i, k := range kinds {
		if want := argumentType(fn, i).Kind; baseKind(want) == baseKind(k) || k != types.Unknown && preferred(want) {
			n++
		}
	}
	return n
}

// category groups types as PostgreSQL's typcategory does.
type category uint8

const (
	otherCategory category = iota
	booleanCategory
	numberCategory
	stringCategory
	dateCategory
	spanCategory
)

func categoryOf(k types.Kind) category {
	t := types.Type{Kind: k}
	switch {
	case k == types.Boolean:
		return booleanCategory
	case t.IsNumber():
		return numberCategory
	case t.IsText():
		return stringCategory
	case t.IsDatetime():
		return dateCategory
	case k == types.Interval:
		return spanCategory
	}
	return otherCategory
}

// preferred are the types that ambiguous arguments go to.
func preferred(k types.Kind) bool {
	return k == types.Boolean || k == types.Double || k == types.Text || k == types.TimestampTZ || k == types.Interval
}

// byCategory decides each unknown argument: string if some overload takes one there, else the one
// category that all have; within it a preferred type wins.
func byCategory(fit []*function.Scalar, kinds []types.Kind) []*function.Scalar {
	for i, k := range kinds {
		if k != types.Unknown {
			continue
		}
		want := categoryOf(argumentType(fit[0], i).Kind)
		for _, fn := range fit {
			switch c := categoryOf(argumentType(fn, i).Kind); {
			case c == stringCategory:
				want = c
			case c != want && want != stringCategory:
				return fit
			}
		}
		var same, wanted []*function.Scalar
		for _, fn := range fit {
			if t := argumentType(fn, i).Kind; categoryOf(t) == want {
				same = append(same, fn)
				if preferred(t) {
					wanted = append(wanted, fn)
				}
			}
		}
		fit = same
		if len(wanted) > 0 {
			fit = wanted
		}
	}
	return fit
}

// bySibling takes unknown arguments to have the one type that the known ones have.
func bySibling(fit []*function.Scalar, kinds []types.Kind) []*function.Scalar {
	sibling := types.Unknown
	for _, k := range kinds {
		if k == types.Unknown {
			continue
		}
		if sibling != types.Unknown && sibling != baseKind(k) {
			return fit
		}
		sibling = baseKind(k)
	}
	if sibling == types.Unknown {
		return fit
	}
	var out []*function.Scalar
	for _, fn := range fit {
		same := true
		for i := range kinds {
			same = same && types.Implicit(types.Type{Kind: sibling}, argumentType(fn, i))
			same = same && (kinds[i] != types.Unknown || argumentType(fn, i).Kind == sibling)
		}
		if same {
			out = append(out, fn)
		}
	}
	if len(out) == 1 {
		return out
	}
	return fit
}
