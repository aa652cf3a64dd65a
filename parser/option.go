package parser

import (
	"github.com/oxidb/oxidb/parser/ast"
)

// copyOptions reads ( name [value], ... ), where a name may be any keyword.
func (p *parser) copyOptions() []*ast.Option {
	return p.optionsBy(func(o *ast.Option) {
		o.Name = p.colLabel().Name
		if k := p.kind(); k != tkComma && k != tkRParen {
			o.Value = p.settingOrList()
		}
	})
}

// utilityOptions reads ( name [value], ... ): the options of EXPLAIN, ANALYZE and VACUUM. ANALYZE is the
// one reserved keyword among their names.
func (p *parser) utilityOptions() []*ast.Option {
	return p.optionsBy(func(o *ast.Option) {
		k := p.kw()
		if k != notKeyword && keywordTable[k].Class == Reserved && k != kwAnalyze && k != kwAnalyse {
			p.wanted("an option")
		}
		o.Name = p.colLabel().Name
		if k := p.kind(); k != tkComma && k != tkRParen {
			o.Value = p.settingOrList()
		}
	})
}

// storageOptions reads ( [namespace.]name [= value], ... ): the options of WITH and of ALTER TABLE SET.
func (p *parser) storageOptions() []*ast.Option {
	return p.optionsBy(func(o *ast.Option) {
		o.Name = p.colLabel().Name
		if p.acceptKind(tkDot) {
			o.Namespace, o.Name = o.Name, p.colLabel().Name
		}
		if p.acceptKind(tkEqual) {
			o.Value = p.optionValue()
		}
	})
}

func (p *parser) optionsBy(read func(*ast.Option)) []*ast.Option {
	var list []*ast.Option
	p.expectKind(tkLParen)
	for {
		start := p.tok().pos
		o := &ast.Option{}
		read(o)
		o.Span = p.span(start)
		list = append(list, o)
		if !p.acceptKind(tkComma) {
			break
		}
	}
	p.expectKind(tkRParen)
	return list
}

// settingOrList reads the value of a setting, a star, or a list in parentheses.
func (p *parser) settingOrList() ast.Expr {
	if k := p.kind(); k == tkStar || k == tkLParen {
		return p.optionValue()
	}
	return p.settingValue()
}

// optionValue reads a number, a string, a word, a star, or a list of words in parentheses.
func (p *parser) optionValue() ast.Expr {
	p.enter()
	defer p.leave()
	t := *p.tok()
	switch {
	case t.kind == tkString:
		text := p.stringValue()
		return p.newLiteral(p.span(t.pos), ast.StringLiteral, text)
	case t.kind == tkStar:
		p.i++
		return &ast.Star{Span: p.span(t.pos)}
	case t.kw == kwTrue || t.kw == kwFalse || t.kw == kwNull:
		return p.keywordPrimary(t.kw)
	case t.isColLabel():
		word := p.takeIdent()
		return &ast.Word{Span: word.Span, Text: word.Name}
	case t.kind == tkLParen:
		return p.optionRow()
	}
	return p.signedNumber()
}

func (p *parser) optionRow() ast.Expr {
	start := p.tok().pos
	p.i++
	row := &ast.Row{}
	for {
		row.Items = append(row.Items, p.optionValue())
		if !p.acceptKind(tkComma) {
			break
		}
	}
	p.expectKind(tkRParen)
	row.Span = p.span(start)
	return row
}

// signedNumber reads [+|-] number.
func (p *parser) signedNumber() *ast.Literal {
	t := *p.tok()
	if t.kind == tkPlus {
		p.i++
	}
	if t.kind == tkMinus {
		if n := p.ahead(1).kind; n == tkInteger || n == tkNumeric {
			return p.negativeNumber(t).(*ast.Literal)
		}
	}
	if k := p.kind(); k != tkInteger && k != tkNumeric {
		p.wanted("a value")
	}
	return p.number()
}

// optWithOptions reads WITH (options), or nothing.
func (p *parser) optWithOptions() []*ast.Option {
	if p.at(kwWith) && p.ahead(1).kind == tkLParen {
		p.i++
		return p.storageOptions()
	}
	return nil
}

// explain reads EXPLAIN in both option syntaxes.
func (p *parser) explainStatement() ast.Statement {
	start := p.tok().pos
	p.i++
	e := &ast.Explain{}
	if p.kind() == tkLParen && !p.leadsToQuery() {
		e.Options = p.utilityOptions()
	} else {
		for _, k := range []keywordID{kwAnalyze, kwAnalyse, kwVerbose} {
			at := p.tok().pos
			if p.accept(k) {
				name := "analyze"
				if k == kwVerbose {
					name = "verbose"
				}
				e.Options = append(e.Options, &ast.Option{Span: p.span(at), Name: name})
			}
		}
	}
	e.Statement = p.explainable()
	e.Span = p.span(start)
	return e
}

func (p *parser) explainable() ast.Statement {
	switch k := p.kw(); k {
	case kwCreate:
		mark := p.i
		stmt := p.create()
		if _, ok := stmt.(*ast.CreateTableAs); !ok {
			p.syntaxErrorAt(mark)
		}
		return stmt
	case kwExecute:
		return p.flat()
	case kwDeclare, kwRefresh:
		return p.statementBody()
	}
	return p.preparable()
}
