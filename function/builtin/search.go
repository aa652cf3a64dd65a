package builtin

import (
	"bytes"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/function"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

func searchFunctions() []function.Scalar {
	t, i := types.TText, types.TInteger
	fn := func(name string, in []types.Type, ret types.Type, eval function.Eval) function.Scalar {
		return function.Scalar{Name: name, Args: in, Return: returns(ret), Eval: eval}
	}
	list := []function.Scalar{
		fn("strpos", args(t, t), i, intFn(func(a []*columnar.Vector, i int) (int64, error) {
			return characterIndex(text(a[0], i), text(a[1], i)), nil
		})),
		fn("position", args(t, t), i, intFn(func(a []*columnar.Vector, i int) (int64, error) {
			return characterIndex(text(a[0], i), text(a[1], i)), nil
		})),
		fn("starts_with", args(t, t), types.TBoolean, intFn(func(a []*columnar.Vector, i int) (int64, error) {
			return truth(bytes.HasPrefix(text(a[0], i), text(a[1], i))), nil
		})),
		fn("replace", args(t, t, t), t, textFn(replace)),
		fn("split_part", args(t, t, i), t, textFn(splitPart)),
		fn("regexp_replace", args(t, t, t), t, regexpReplace), fn("regexp_replace", args(t, t, t, t), t, regexpReplace),
		fn("regexp_like", args(t, t), types.TBoolean, regexpMatch("", false)),
	}
	for _, op := range []struct {
		name, flags string
		negate      bool
	}{{"regexp_match_op", "", false}, {"regexp_not_match_op", "", true}, {"regexp_imatch_op", "i", false}, {"regexp_not_imatch_op", "i", true}} {
		list = append(list, fn(op.name, args(t, t), types.TBoolean, regexpMatch(op.flags, op.negate)))
	}
	return list
}

// characterIndex is the position of the first occurrence in characters from 1, 0 for none.
func characterIndex(s, part []byte) int64 {
	at := bytes.Index(s, part)
	if at < 0 {
		return 0
	}
	return int64(utf8.RuneCount(s[:at])) + 1
}

func replace(b []byte, a []*columnar.Vector, i int) ([]byte, error) {
	s, from, to := text(a[0], i), text(a[1], i), text(a[2], i)
	if len(from) == 0 {
		return append(b, s...), nil
	}
	for {
		at := bytes.Index(s, from)
		if at < 0 {
			return append(b, s...), nil
		}
		b = append(append(b, s[:at]...), to...)
		s = s[at+len(from):]
	}
}

func splitPart(b []byte, a []*columnar.Vector, i int) ([]byte, error) {
	n := a[2].Int(i)
	if n == 0 {
		return nil, sqlerr.New(sqlerr.InvalidParameterValue, "field position must not be zero")
	}
	parts := []string{string(text(a[0], i))}
	if sep := text(a[1], i); len(sep) > 0 {
		parts = strings.Split(parts[0], string(sep))
	}
	if n < 0 {
		n += int64(len(parts)) + 1
	}
	if n < 1 || n > int64(len(parts)) {
		return b, nil
	}
	return append(b, parts[n-1]...), nil
}

// patterns compiles each distinct pattern of a batch once.
type patterns struct {
	flags string
	last  string
	re    *regexp.Regexp
}

func (p *patterns) compile(pattern []byte) (*regexp.Regexp, error) {
	if p.re != nil && p.last == string(pattern) {
		return p.re, nil
	}
	text := string(pattern)
	if p.flags != "" {
		text = "(?" + p.flags + ")" + text
	}
	re, err := regexp.Compile(text)
	if err != nil {
		return nil, sqlerr.New("2201B", "invalid regular expression: %s", err)
	}
	p.last, p.re = string(pattern), re
	return re, nil
}

func regexpMatch(flags string, negate bool) function.Eval {
	return func(_ *function.Context, a []*columnar.Vector, n int, sel []uint32, out *columnar.Vector) error {
		p := patterns{flags: flags}
		for i := range function.Rows(n, sel) {
			re, err := p.compile(text(a[1], i))
			if err != nil {
				return err
			}
			out.I64[i] = truth(re.Match(text(a[0], i)) != negate)
		}
		return nil
	}
}

func regexpReplace(_ *function.Context, a []*columnar.Vector, n int, sel []uint32, out *columnar.Vector) error {
	w := function.TextWriter{Out: out}
	for i := range function.Rows(n, sel) {
		flags := ""
		if len(a) == 4 {
			flags = string(text(a[3], i))
		}
		p := patterns{}
		if strings.Contains(flags, "i") {
			p.flags = "i"
		}
		re, err := p.compile(text(a[1], i))
		if err != nil {
			return err
		}
		// \1 is PostgreSQL's reference, ${1} is Go's; \& is the whole match
		template := strings.NewReplacer("$", "$$", `\\`, `\`, `\&`, "${0}", `\1`, "${1}", `\2`, "${2}", `\3`, "${3}", `\4`, "${4}",
			`\5`, "${5}", `\6`, "${6}", `\7`, "${7}", `\8`, "${8}", `\9`, "${9}").Replace(string(text(a[2], i)))
		s := text(a[0], i)
		if strings.Contains(flags, "g") {
			w.Write(i, re.ReplaceAll(s, []byte(template)))
			continue
		}
		b := w.Put(i)
		if m := re.FindSubmatchIndex(s); m != nil {
			b = append(re.Expand(append(b, s[:m[0]]...), []byte(template), s, m), s[m[1]:]...)
		} else {
			b = append(b, s...)
		}
		w.Set(b)
	}
	w.Finish(n)
	return nil
}
