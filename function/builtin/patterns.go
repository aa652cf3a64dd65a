package builtin

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/function"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// patternFunctions match a whole text against the regular expressions of the SQL standard, and cut
// out what a POSIX expression finds.
func patternFunctions() []function.Scalar {
	t := types.TText
	return []function.Scalar{
		{Name: "substring", Args: args(t, t), Return: returns(t), Eval: substringMatch},
		{Name: "similar_op", Args: args(t, t, t), Return: returns(types.TBoolean), Eval: similar(false)},
		{Name: "not_similar_op", Args: args(t, t, t), Return: returns(types.TBoolean), Eval: similar(true)},
	}
}

// substringMatch is substring(text from pattern): the first group of the first match, or all of it
// where the pattern has no group; NULL without a match.
func substringMatch(_ *function.Context, a []*columnar.Vector, n int, sel []uint32, out *columnar.Vector) error {
	w, p := function.TextWriter{Out: out}, patterns{}
	for i := range function.Rows(n, sel) {
		re, err := p.compile(text(a[1], i))
		if err != nil {
			return err
		}
		s := text(a[0], i)
		m := re.FindSubmatchIndex(s)
		at := 0
		if len(m) > 2 {
			at = 2
		}
		if m == nil || m[at] < 0 {
			function.SetNull(out, n, i)
			continue
		}
		w.Write(i, s[m[at]:m[at+1]])
	}
	w.Finish(n)
	return nil
}

// similar is SIMILAR TO with its escape character, the empty text for none.
func similar(negate bool) function.Eval {
	return func(_ *function.Context, a []*columnar.Vector, n int, sel []uint32, out *columnar.Vector) error {
		var re *regexp.Regexp
		var last, lastEscape string
		for i := range function.Rows(n, sel) {
			pattern, escape := string(text(a[1], i)), string(text(a[2], i))
			if re == nil || pattern != last || escape != lastEscape {
				translated, err := similarPattern(pattern, escape)
				if err != nil {
					return err
				}
				if re, err = regexp.Compile(translated); err != nil {
					return sqlerr.New("2201B", "invalid regular expression: %s", err)
				}
				last, lastEscape = pattern, escape
			}
			out.I64[i] = truth(re.Match(text(a[0], i)) != negate)
		}
		return nil
	}
}

// similarPattern translates a pattern (ISO/IEC 9075-2, 8.6) into a regular expression of Go: % and _
// stand for characters, | * + ? {} () [] mean what they do there, everything else is itself.
func similarPattern(pattern, escape string) (string, error) {
	if len([]rune(escape)) > 1 {
		return "", sqlerr.New(sqlerr.InvalidEscapeSequence, "invalid escape string").WithHint("Escape string must be empty or one character.")
	}
	var b strings.Builder
	b.WriteString(`(?s)\A(?:`)
	escaped := false
	for rest := pattern; rest != ""; {
		c, size := utf8.DecodeRuneInString(rest)
		switch {
		case escaped:
			b.WriteString(regexp.QuoteMeta(rest[:size]))
			escaped = false
		case rest[:size] == escape:
			escaped = true
		case c == '[':
			set := bracketSet(rest)
			b.WriteString(strings.ReplaceAll(set, `\`, `\\`))
			size = len(set)
		case c == '%':
			b.WriteString(".*")
		case c == '_':
			b.WriteByte('.')
		case c == '(':
			b.WriteString("(?:")
		case strings.ContainsRune("|*+?{})", c):
			b.WriteRune(c)
		default:
			b.WriteString(regexp.QuoteMeta(rest[:size]))
		}
		rest = rest[size:]
	}
	b.WriteString(`)\z`)
	return b.String(), nil
}

// bracketSet is the bracket expression that s starts with, classes such as [:alpha:] inside it
// included. A bracket in the first place is an item; one that never closes takes all of s.
func bracketSet(s string) string {
	at := 1
	if strings.HasPrefix(s[at:], "^") {
		at++
	}
	if strings.HasPrefix(s[at:], "]") {
		at++
	}
	for at < len(s) {
		if strings.HasPrefix(s[at:], "[:") {
			if end := strings.Index(s[at:], ":]"); end > 0 {
				at += end + 2
				continue
			}
		}
		at++
		if s[at-1] == ']' {
			break
		}
	}
	return s[:at]
}
