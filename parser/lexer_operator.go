package parser

import "strings"

// operator reads an operator by maximal munch, cut before a comment; one that ends in + or - keeps
// that end only when it contains a character that no arithmetic operator has, so that 2*-1 works.
func (l *lexer) operator(pos int) bool {
	sql, end := l.sql, pos
	for end < len(sql) && charClass[sql[end]] == clOperator {
		if end > pos && (strings.HasPrefix(sql[end:], "--") || strings.HasPrefix(sql[end:], "/*")) {
			break
		}
		end++
	}
	op := cutPlaceholder(sql[pos:end])
	if n := len(op); n > 1 && (op[n-1] == '+' || op[n-1] == '-') && !strings.ContainsAny(op, "~!@#%^&|`?") {
		op = strings.TrimRight(op, "+-")
		if op == "" {
			op = sql[pos : pos+1]
		}
	}
	l.at = pos + len(op)
	return l.emit(operatorKind(op), pos)
}

// cutPlaceholder separates a ? parameter from the operator it is written against (a=?, ?+1). The
// operators of PostgreSQL that contain a ? are kept.
func cutPlaceholder(op string) string {
	i := strings.IndexByte(op, '?')
	if i < 0 || len(op) == 1 {
		return op
	}
	switch op {
	case "?|", "?&", "?-", "?#", "?||", "?-|", "@?":
		return op
	}
	if i == 0 {
		return "?"
	}
	if i == len(op)-1 {
		return op[:i]
	}
	return op
}

func operatorKind(op string) tokenKind {
	switch op {
	case "+":
		return tkPlus
	case "-":
		return tkMinus
	case "*":
		return tkStar
	case "/":
		return tkSlash
	case "%":
		return tkPercent
	case "^":
		return tkCaret
	case "<":
		return tkLess
	case ">":
		return tkGreater
	case "=":
		return tkEqual
	case "<=":
		return tkLessEqual
	case ">=":
		return tkGreaterEqual
	case "<>", "!=":
		return tkNotEqual
	case "=>":
		return tkArrow
	}
	return tkOperator
}
