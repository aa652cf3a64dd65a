package parser

import (
	"github.com/oxidb/oxidb/parser/ast"
)

// Which keyword classes may stand where a name is expected (PostgreSQL's ColId,
// type_function_name, ColLabel and BareColLabel).
func (t token) isColID() bool {
	switch t.kind {
	case tkIdent, tkQuoted:
		return true
	case tkKeyword:
		return keywordTable[t.kw].Class <= ColumnName
	}
	return false
}

func (t token) isTypeFuncName() bool {
	switch t.kind {
	case tkIdent, tkQuoted:
		return true
	case tkKeyword:
		c := keywordTable[t.kw].Class
		return c == Unreserved || c == TypeFuncName
	}
	return false
}

func (t token) isColLabel() bool {
	return t.kind == tkIdent || t.kind == tkQuoted || t.kind == tkKeyword
}

func (t token) isBareLabel() bool {
	return t.kind == tkIdent || t.kind == tkQuoted || t.kind == tkKeyword && keywordTable[t.kw].BareLabel
}

// nameValue is the identifier that a word token stands for.
func (p *parser) nameValue(t token) string {
	text := p.text(t)
	if t.kind != tkQuoted {
		if t.flags&flagFold != 0 {
			return foldName(text)
		}
		return text
	}
	if t.flags&flagDecode == 0 {
		return text[1 : len(text)-1]
	}
	value, err := decodeName(p.sql, t)
	if err != nil {
		p.fail(err)
	}
	return value
}

func (p *parser) takeIdent() ast.Ident {
	t := p.toks[p.i]
	if t.kw == kwNulls && (p.ahead(1).kw == kwFirst || p.ahead(1).kw == kwLast) {
		p.wanted("a name") // NULLS FIRST is never a name with something after it
	}
	p.i++
	return ast.Ident{Span: ast.Span{Pos: t.pos, End: t.end}, Name: p.nameValue(t)}
}

func (p *parser) colID() ast.Ident {
	if !p.tok().isColID() {
		p.wanted("a name")
	}
	return p.takeIdent()
}

func (p *parser) colLabel() ast.Ident {
	if !p.tok().isColLabel() {
		p.wanted("a name")
	}
	return p.takeIdent()
}

// typeFuncName takes the first part of a function or type name.
func (p *parser) typeFuncName() ast.Ident {
	if !p.tok().isTypeFuncName() {
		p.wanted("a name")
	}
	return p.takeIdent()
}

// roleSpec reads a role's name, or CURRENT_USER and its like, whose name is the keyword.
func (p *parser) roleSpec() ast.Ident {
	switch p.kw() {
	case kwCurrentRole, kwCurrentUser, kwSessionUser:
		return p.takeIdent()
	}
	return p.colID()
}

// qualifiedName reads name[.name ...].
func (p *parser) qualifiedName() *ast.Name {
	return p.nameFrom(p.colID())
}

// nameFrom reads the rest of a qualified name after its first part.
func (p *parser) nameFrom(first ast.Ident) *ast.Name {
	n := &struct {
		name  ast.Name
		parts [2]ast.Ident
	}{}
	n.parts[0] = first
	n.name.Parts = n.parts[:1]
	for p.kind() == tkDot {
		p.i++
		n.name.Parts = append(n.name.Parts, p.colLabel())
	}
	n.name.Span = p.span(first.Pos)
	return &n.name
}

func (p *parser) qualifiedNames() []*ast.Name {
	names := []*ast.Name{p.qualifiedName()}
	for p.acceptKind(tkComma) {
		names = append(names, p.qualifiedName())
	}
	return names
}

// columnList reads (name, ...).
func (p *parser) columnList() []ast.Ident {
	p.expectKind(tkLParen)
	list := []ast.Ident{p.colID()}
	for p.acceptKind(tkComma) {
		list = append(list, p.colID())
	}
	p.expectKind(tkRParen)
	return list
}

// optColumnList reads (name, ...) or nothing.
func (p *parser) optColumnList() []ast.Ident {
	if !p.atKind(tkLParen) {
		return nil
	}
	return p.columnList()
}

// stringValue takes a string literal.
func (p *parser) stringValue() string {
	if !p.atKind(tkString) {
		p.syntaxError()
	}
	t := p.toks[p.i]
	p.i++
	return p.stringOf(t)
}

func (p *parser) stringOf(t token) string {
	if t.flags&flagDecode == 0 {
		return p.sql[t.pos+1 : t.end-1]
	}
	value, err := decodeString(p.sql, t)
	if err != nil {
		p.fail(err)
	}
	return value
}
