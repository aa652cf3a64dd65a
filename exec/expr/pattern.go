package expr

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// matcher is a LIKE pattern, split at its % signs. prefix and suffix are anchored; middle parts follow
// in order, anywhere between.
type matcher struct {
	prefix, suffix []byte
	middle         [][]byte
	// exact: no %, so prefix is the whole string.
	exact bool
	fold  bool
	// tokens stand for patterns with _, which none of the above serves.
	tokens []token
	// padTo is the length of a char(n) operand, whose blanks count in LIKE though they are not stored.
	padTo  int
	folded []byte
}

// token is a character of a general pattern: wild % or any _ character, or a literal byte.
type token struct {
	kind    tokenKind
	literal byte
}

type tokenKind uint8

const (
	literalByte tokenKind = iota
	anyCharacter
	anyString
)

// newMatcher compiles a pattern; escape 0 is none.
func newMatcher(pattern string, escape rune, fold bool) (*matcher, error) {
	if fold {
		pattern = strings.ToLower(pattern)
	}
	var tokens []token
	general := false
	for i := 0; i < len(pattern); {
		r, size := utf8.DecodeRuneInString(pattern[i:])
		switch {
		case escape != 0 && r == escape:
			i += size
			if i == len(pattern) {
				return nil, sqlerr.New(sqlerr.InvalidEscapeSequence, "LIKE pattern must not end with escape character")
			}
			_, size = utf8.DecodeRuneInString(pattern[i:])
			tokens = appendLiteral(tokens, pattern[i:i+size])
		case r == '%':
			tokens = append(tokens, token{kind: anyString})
		case r == '_':
			general = true
			tokens = append(tokens, token{kind: anyCharacter})
		default:
			tokens = appendLiteral(tokens, pattern[i:i+size])
		}
		i += size
	}
	m := &matcher{fold: fold}
	if general {
		m.tokens = tokens
		return m, nil
	}
	m.split(tokens)
	return m, nil
}

func appendLiteral(tokens []token, s string) []token {
	for i := range len(s) {
		tokens = append(tokens, token{literal: s[i]})
	}
	return tokens
}

// split cuts a pattern without _ at its % signs.
func (m *matcher) split(tokens []token) {
	parts := [][]byte{nil}
	for _, t := range tokens {
		if t.kind == anyString {
			parts = append(parts, nil)
			continue
		}
		last := len(parts) - 1
		parts[last] = append(parts[last], t.literal)
	}
	m.prefix, m.exact = parts[0], len(parts) == 1
	if m.exact {
		return
	}
	m.suffix = parts[len(parts)-1]
	for _, p := range parts[1 : len(parts)-1] {
		if len(p) > 0 {
			m.middle = append(m.middle, p)
		}
	}
}

// match reports whether s matches.
func (m *matcher) match(s []byte) bool {
	if m.fold {
		m.folded = foldInto(m.folded[:0], s)
		s = m.folded
	}
	if m.padTo > 0 {
		m.folded = append(m.folded[:0], s...)
		for n := utf8.RuneCount(s); n < m.padTo; n++ {
			m.folded = append(m.folded, ' ')
		}
		s = m.folded
	}
	return m.matchFolded(s)
}

// pad makes the matcher see char(n) operands with their blanks, unless they cannot matter: behind a
// last %, for a pattern without blanks and _.
func (m *matcher) pad(t types.Type, pattern string) {
	if t.Kind == types.Char && (m.tokens != nil || !strings.HasSuffix(pattern, "%") || strings.Contains(pattern, " ")) {
		m.padTo = int(t.Length)
	}
}

func (m *matcher) matchFolded(s []byte) bool {
	switch {
	case m.tokens != nil:
		return matchTokens(m.tokens, s)
	case m.exact:
		return bytes.Equal(s, m.prefix)
	case len(s) < len(m.prefix)+len(m.suffix) || !bytes.HasPrefix(s, m.prefix) || !bytes.HasSuffix(s, m.suffix):
		return false
	}
	s = s[len(m.prefix) : len(s)-len(m.suffix)]
	for _, part := range m.middle {
		i := bytes.Index(s, part)
		if i < 0 {
			return false
		}
		s = s[i+len(part):]
	}
	return true
}

// matchTokens is the greedy matcher: after a % it takes the first place where the rest up to the next
// % fits, and goes one character on when it does not.
func matchTokens(tokens []token, s []byte) bool {
	i, t := 0, 0
	retryText, retryToken := -1, -1
	for i < len(s) || t < len(tokens) {
		if t < len(tokens) {
			switch tok := tokens[t]; {
			case tok.kind == anyString:
				retryText, retryToken = i, t+1
				t++
				continue
			case i < len(s) && tok.kind == anyCharacter:
				i += characterSize(s[i:])
				t++
				continue
			case i < len(s) && tok.kind == literalByte && tok.literal == s[i]:
				i++
				t++
				continue
			}
		}
		if retryToken < 0 || retryText >= len(s) {
			return false
		}
		retryText += characterSize(s[retryText:])
		if retryToken < len(tokens) && tokens[retryToken].kind == literalByte {
			skip := bytes.IndexByte(s[retryText:], tokens[retryToken].literal)
			if skip < 0 {
				return false
			}
			retryText += skip
		}
		i, t = retryText, retryToken
	}
	return true
}

func characterSize(s []byte) int {
	if s[0] < utf8.RuneSelf {
		return 1
	}
	_, size := utf8.DecodeRune(s)
	return size
}

// foldInto appends s in lower case.
func foldInto(dst, s []byte) []byte {
	if isASCII(s) {
		return appendLower(dst, s)
	}
	return append(dst, bytes.ToLower(s)...)
}

func appendLower(dst, s []byte) []byte {
	for _, c := range s {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst
}

func isASCII(s []byte) bool {
	var high byte
	for _, c := range s {
		high |= c
	}
	return high < utf8.RuneSelf
}
