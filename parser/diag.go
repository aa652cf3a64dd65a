package parser

import (
	"slices"
	"strings"

	"github.com/oxidb/oxidb/sqlerr"
)

// wanted collects what the parser would have taken at the token of an error and at the one before
// it, while the statement is parsed a second time: the first, successful path pays nothing for it.
type wanted struct {
	at     int // the index of the token of the error
	here   []string
	before []string
}

func (w *wanted) keyword(i int, k keywordID) {
	w.word(i, upperWords[k])
}

func (w *wanted) word(i int, what string) {
	switch i {
	case w.at:
		w.here = addOnce(w.here, what)
	case w.at - 1:
		w.before = addOnce(w.before, what)
	}
}

func addOnce(list []string, s string) []string {
	if s == "" || slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

// wanted reports a syntax error at the current token, where what was mandatory.
func (p *parser) wanted(what string) {
	if p.want != nil {
		p.want.word(p.i, what)
	}
	p.syntaxError()
}

// syntaxError reports the current token as the mistake.
func (p *parser) syntaxError() { p.syntaxErrorAt(p.i) }

func (p *parser) syntaxErrorAt(i int) {
	t := p.toks[i]
	if t.kind == tkError {
		p.fail(p.lexErr)
	}
	panic(bail{p.plainSyntaxError(i)})
}

func (p *parser) plainSyntaxError(i int) *sqlerr.Error {
	t := p.toks[i]
	if t.kind == tkEOF {
		return sqlerr.At(sqlerr.SyntaxError, int(t.pos), int(t.end), "syntax error at end of input")
	}
	return sqlerr.At(sqlerr.SyntaxError, int(t.pos), int(t.end), "syntax error at or near \"%s\"", shorten(p.text(t)))
}

// maxExpected bounds the expected set of a message; a longer set says little.
const maxExpected = 8

// explain parses the statement that starts at token start again, to learn what was possible at the
// error, and adds that to the error as detail and hint.
func (p *parser) explain(err *sqlerr.Error, start int, parse func()) {
	if err.State != sqlerr.SyntaxError || !strings.HasPrefix(err.Message, "syntax error at") {
		return
	}
	at := start
	for at < len(p.toks)-1 && int(p.toks[at].pos) < err.Pos {
		at++
	}
	w := &wanted{at: at}
	p.reset(start)
	p.want = w
	again := guard(parse)
	p.want = nil
	if again == nil || again.Pos != err.Pos {
		return
	}
	if word := p.suggestion(w, start); word != "" {
		err.Hint = "did you mean " + word + "?"
	}
	if n := len(w.here); n > 0 && n <= maxExpected && err.Detail == "" {
		err.Detail = "expected " + joinOr(w.here)
	}
}

// suggestion compares the word at the error, then the one before it, with the keywords that could
// have stood there. The word before may have been taken for an alias, so what could follow the alias
// could have stood in its place.
func (p *parser) suggestion(w *wanted, start int) string {
	if s := nearest(p.plainWord(w.at), w.here); s != "" {
		return s
	}
	if w.at > start && p.toks[w.at-1].kind == tkIdent {
		return nearest(p.plainWord(w.at-1), append(w.before, w.here...))
	}
	return ""
}

// plainWord is the upper-case text of an unquoted word token that is no reserved keyword, or "".
func (p *parser) plainWord(i int) string {
	t := p.toks[i]
	if t.kind != tkIdent && (t.kind != tkKeyword || keywordTable[t.kw].Class == Reserved) {
		return ""
	}
	return strings.ToUpper(p.text(t))
}

// nearest finds the keyword at most two edits away (one for words of up to four letters).
func nearest(word string, candidates []string) string {
	if len(word) < 3 || len(word) > maxKeywordLen {
		return ""
	}
	most := 2
	if len(word) <= 3 {
		most = 1
	}
	best := ""
	for _, c := range candidates {
		if c == word || len(c) < 2 || c[0] < 'A' || c[0] > 'Z' {
			continue
		}
		if d := editDistance(word, c); d <= most && d < len(c) {
			best, most = c, d-1
		}
	}
	return best
}

// editDistance is Damerau's distance with adjacent transpositions (optimal string alignment).
func editDistance(a, b string) int {
	var rows [3][maxKeywordLen + 2]int
	prev2, prev, cur := &rows[0], &rows[1], &rows[2]
	if len(b) > maxKeywordLen {
		return len(b)
	}
	for j := range len(b) + 1 {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				cur[j] = min(cur[j], prev2[j-2]+1)
			}
		}
		prev2, prev, cur = prev, cur, prev2
	}
	return prev[len(b)]
}

func joinOr(list []string) string {
	if len(list) == 1 {
		return list[0]
	}
	return strings.Join(list[:len(list)-1], ", ") + " or " + list[len(list)-1]
}
