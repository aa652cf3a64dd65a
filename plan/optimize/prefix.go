package optimize

import (
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/types"
)

// withPrefixRanges adds to LIKE patterns with a literal start the range of texts that begin so,
// which zone maps and dictionaries can use. A pattern that is nothing but a start becomes the range.
//
//	x LIKE 'ab%'    ⇒  x >= 'ab' AND x < 'ac'
//	x LIKE 'ab%cd'  ⇒  x LIKE 'ab%cd' AND x >= 'ab' AND x < 'ac'
func withPrefixRanges(preds []plan.Expr) []plan.Expr {
	out := make([]plan.Expr, 0, len(preds))
	for _, p := range preds {
		low, high, exact := prefixRange(p)
		if low == nil || !exact {
			out = append(out, p)
		}
		if low != nil {
			out = append(out, low, high)
		}
	}
	return out
}

func prefixRange(e plan.Expr) (low, high plan.Expr, exact bool) {
	l, ok := e.(*plan.Like)
	if !ok || l.Negate || l.Fold || l.X.Type().Kind != types.Text && l.X.Type().Kind != types.Varchar {
		return nil, nil, false
	}
	c, ok := l.Pattern.(*plan.Const)
	if _, isColumn := l.X.(*plan.Column); !ok || !isColumn || c.Value.Null {
		return nil, nil, false
	}
	prefix, rest := likePrefix(c.Value.S, l.Escape)
	if prefix == "" || prefix[len(prefix)-1] >= 0x7f {
		return nil, nil, false
	}
	last := len(prefix) - 1
	next := prefix[:last] + string(prefix[last]+1)
	bound := func(s string) plan.Expr { return &plan.Const{Value: types.Str(l.X.Type(), s)} }
	low = &plan.Compare{Op: plan.Ge, L: l.X, R: bound(prefix)}
	high = &plan.Compare{Op: plan.Lt, L: l.X, R: bound(next)}
	return low, high, rest == "%"
}
