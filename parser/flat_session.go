package parser

import (
	"strings"

	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/sqlerr"
)

// modesGrammar is transaction_mode_list.
type modesGrammar struct {
	Modes []*modeGrammar `parser:"( @@ ( ','? @@ )* )?"`
}

type modeGrammar struct {
	Isolation     []string `parser:"'ISOLATION' 'LEVEL' ( @'SERIALIZABLE' | @'REPEATABLE' @'READ' | @'READ' ( @'COMMITTED' | @'UNCOMMITTED' ) )"`
	ReadOnly      bool     `parser:"| 'READ' ( @'ONLY'"`
	ReadWrite     bool     `parser:"| @'WRITE' )"`
	Deferrable    bool     `parser:"| @'DEFERRABLE'"`
	NotDeferrable bool     `parser:"| 'NOT' @'DEFERRABLE'"`
}

func (m *modesGrammar) tree() ast.TransactionModes {
	var t ast.TransactionModes
	for _, one := range m.Modes {
		if len(one.Isolation) > 0 {
			t.Isolation = strings.Join(one.Isolation, " ")
		}
		if one.ReadOnly || one.ReadWrite {
			t.ReadOnly, t.ReadWrite = one.ReadOnly, one.ReadWrite
		}
		if one.Deferrable || one.NotDeferrable {
			t.Deferrable, t.NotDeferrable = one.Deferrable, one.NotDeferrable
		}
	}
	return t
}

type beginGrammar struct {
	Modes modesGrammar `parser:"( 'BEGIN' ( 'WORK' | 'TRANSACTION' )? | 'START' 'TRANSACTION' ) @@"`
}

func (g *beginGrammar) tree(_ *parser, span ast.Span) ast.Statement {
	return &ast.Begin{Span: span, Modes: g.Modes.tree()}
}

type commitGrammar struct {
	NoChain bool `parser:"( 'COMMIT' | 'END' ) ( 'WORK' | 'TRANSACTION' )? ( 'AND' @'NO'?"`
	Chain   bool `parser:"@'CHAIN' )?"`
}

func (g *commitGrammar) tree(_ *parser, span ast.Span) ast.Statement {
	return &ast.Commit{Span: span, Chain: g.Chain && !g.NoChain}
}

type rollbackGrammar struct {
	To      *nameRef `parser:"( 'ROLLBACK' | 'ABORT' ) ( 'WORK' | 'TRANSACTION' )? ( 'TO' 'SAVEPOINT'? @@"`
	NoChain bool     `parser:"| 'AND' @'NO'?"`
	Chain   bool     `parser:"@'CHAIN' )?"`
}

func (g *rollbackGrammar) tree(p *parser, span ast.Span) ast.Statement {
	if g.To != nil {
		return &ast.RollbackTo{Span: span, Name: g.To.read(p)}
	}
	return &ast.Rollback{Span: span, Chain: g.Chain && !g.NoChain}
}

type savepointGrammar struct {
	Name nameRef `parser:"'SAVEPOINT' @@"`
}

func (g *savepointGrammar) tree(p *parser, span ast.Span) ast.Statement {
	return &ast.Savepoint{Span: span, Name: g.Name.read(p)}
}

type releaseGrammar struct {
	Name nameRef `parser:"'RELEASE' 'SAVEPOINT'? @@"`
}

func (g *releaseGrammar) tree(p *parser, span ast.Span) ast.Statement {
	return &ast.Release{Span: span, Name: g.Name.read(p)}
}

// setGrammar is SET. The values are left to the core.
type setGrammar struct {
	Scope     string        `parser:"'SET' @( 'LOCAL' 'SESSION'? | 'SESSION' )?"`
	SessionIs *modesGrammar `parser:"( 'CHARACTERISTICS' 'AS' 'TRANSACTION' @@"`
	Snapshot  *tailRef      `parser:"| 'TRANSACTION' ( 'SNAPSHOT' @@"`
	Modes     *modesGrammar `parser:"| @@ )"`
	Zone      *tailRef      `parser:"| 'TIME' 'ZONE' @@"`
	Special   string        `parser:"| @( 'SCHEMA' | 'NAMES' | 'ROLE' | 'AUTHORIZATION' )"`
	Operand   *tailRef      `parser:"@@?"`
	Name      *dottedRef    `parser:"| @@"`
	Values    *tailRef      `parser:"( ( 'TO' | '=' ) @@ | 'FROM' 'CURRENT' ) )"`
}

// specialSettings are the settings that SET word value stands for.
var specialSettings = map[string]string{"SCHEMA": "search_path", "NAMES": "client_encoding", "ROLE": "role",
	"AUTHORIZATION": "session_authorization"}

func (g *setGrammar) tree(p *parser, span ast.Span) ast.Statement {
	s := &ast.Set{Span: span, Local: strings.HasPrefix(g.Scope, "LOCAL")}
	switch {
	case g.Snapshot != nil:
		t := &ast.SetTransaction{Span: span}
		g.Snapshot.read(p, func() {
			if p.kind() != tkString {
				p.wanted("a string")
			}
			t.Snapshot = p.primary()
			if _, literal := t.Snapshot.(*ast.Literal); !literal {
				p.syntaxError()
			}
		})
		return t
	case g.Modes != nil:
		return &ast.SetTransaction{Span: span, Modes: g.Modes.tree()}
	case g.SessionIs != nil:
		if g.Scope != "SESSION" {
			p.syntaxErrorAt(p.tokenAt(int(span.Pos)) + 1)
		}
		return &ast.SetTransaction{Span: span, Session: true, Modes: g.SessionIs.tree()}
	case g.Zone != nil:
		s.Name = "timezone"
		g.Zone.read(p, func() { s.Values = p.zoneValue() })
	case g.Special != "":
		s.Name = specialSettings[g.Special]
		if g.Special == "AUTHORIZATION" && !strings.HasSuffix(g.Scope, "SESSION") {
			p.syntaxErrorAt(p.tokenAt(int(span.Pos)) + 1)
		}
		if g.Operand == nil {
			if g.Special != "NAMES" {
				p.wanted("a value")
			}
			return s
		}
		g.Operand.read(p, func() {
			if p.accept(kwTo) || p.acceptKind(tkEqual) {
				s.Name = lowerASCII(g.Special)
			} else if g.Special == "ROLE" && p.kw() == kwDefault {
				p.wanted("a role")
			}
			s.Values = p.settingValues()
		})
	case g.Values == nil:
		p.unsupported(p.tokenAt(int(span.Pos)), "SET FROM CURRENT")
	default:
		s.Name = g.Name.read(p).String()
		g.Values.read(p, func() { s.Values = p.settingValues() })
	}
	return s
}

// settingValues reads DEFAULT (no values) or value, ...
func (p *parser) settingValues() []ast.Expr {
	if p.accept(kwDefault) {
		return nil
	}
	list := []ast.Expr{p.settingValue()}
	for p.acceptKind(tkComma) {
		list = append(list, p.settingValue())
	}
	return list
}

func (p *parser) settingValue() ast.Expr {
	t := *p.tok()
	reserved := t.kind == tkKeyword && keywordTable[t.kw].Class == Reserved && t.kw != kwTrue && t.kw != kwFalse && t.kw != kwOn
	if t.kind == tkStar || t.kind == tkLParen || reserved || t.kw == kwNull {
		p.wanted("a value")
	}
	return p.optionValue()
}

// zoneValue reads the value of SET TIME ZONE; LOCAL and DEFAULT are no values.
func (p *parser) zoneValue() []ast.Expr {
	t := *p.tok()
	switch {
	case p.acceptOne(kwLocal, kwDefault) != notKeyword:
		return nil
	case t.kw == kwInterval:
		x, ok := p.keywordPrimary(kwInterval).(*ast.TypedLiteral)
		if !ok {
			p.syntaxError()
		}
		if f := x.Type.Interval; f != ast.IntervalAll && f != ast.IntervalHour && f != ast.IntervalHourToMinute {
			p.failAt(t, sqlerr.SyntaxError, "time zone interval must be HOUR or HOUR TO MINUTE")
		}
		return []ast.Expr{x}
	}
	return []ast.Expr{p.settingValue()}
}

// settingGrammar is the name of a setting for SHOW and RESET.
type settingGrammar struct {
	All       bool       `parser:"@'ALL'"`
	Zone      bool       `parser:"| @'TIME' 'ZONE'"`
	Isolation bool       `parser:"| @'TRANSACTION' 'ISOLATION' 'LEVEL'"`
	Session   bool       `parser:"| @'SESSION' 'AUTHORIZATION'"`
	Name      *dottedRef `parser:"| @@"`
}

func (g *settingGrammar) name(p *parser) string {
	switch {
	case g.All:
		return ""
	case g.Zone:
		return "timezone"
	case g.Isolation:
		return "transaction_isolation"
	case g.Session:
		return "session_authorization"
	}
	return g.Name.read(p).String()
}

type showGrammar struct {
	Setting settingGrammar `parser:"'SHOW' @@"`
}

func (g *showGrammar) tree(p *parser, span ast.Span) ast.Statement {
	return &ast.Show{Span: span, Name: g.Setting.name(p)}
}

type resetGrammar struct {
	Setting settingGrammar `parser:"'RESET' @@"`
}

func (g *resetGrammar) tree(p *parser, span ast.Span) ast.Statement {
	return &ast.Reset{Span: span, Name: g.Setting.name(p)}
}

type discardGrammar struct {
	What string `parser:"'DISCARD' @( 'ALL' | 'PLANS' | 'SEQUENCES' | 'TEMP' | 'TEMPORARY' )"`
}

func (g *discardGrammar) tree(_ *parser, span ast.Span) ast.Statement {
	what := g.What
	if what == "TEMPORARY" {
		what = "TEMP"
	}
	return &ast.Discard{Span: span, What: what}
}

type prepareGrammar struct {
	Name  nameRef   `parser:"'PREPARE' @@"`
	Types *parenRef `parser:"@@?"`
	Body  tailRef   `parser:"'AS' @@"`
}

func (g *prepareGrammar) tree(p *parser, span ast.Span) ast.Statement {
	n := &ast.Prepare{Span: span, Name: g.Name.read(p)}
	if g.Types != nil {
		p.i = p.tokenAt(g.Types.At) + 1
		n.Types = []*ast.TypeName{p.typeName()}
		for p.acceptKind(tkComma) {
			n.Types = append(n.Types, p.typeName())
		}
		p.expectKind(tkRParen)
	}
	g.Body.read(p, func() { n.Statement = p.preparable() })
	return n
}

type executeGrammar struct {
	Name nameRef  `parser:"'EXECUTE' @@"`
	Args *tailRef `parser:"@@?"`
}

func (g *executeGrammar) tree(p *parser, span ast.Span) ast.Statement {
	n := &ast.Execute{Span: span, Name: g.Name.read(p)}
	if g.Args != nil {
		g.Args.read(p, func() {
			p.expectKind(tkLParen)
			n.Args = p.exprList()
			p.expectKind(tkRParen)
		})
	}
	return n
}

type deallocateGrammar struct {
	All  bool     `parser:"'DEALLOCATE' 'PREPARE'? ( @'ALL'"`
	Name *nameRef `parser:"| @@ )"`
}

func (g *deallocateGrammar) tree(p *parser, span ast.Span) ast.Statement {
	n := &ast.Deallocate{Span: span}
	if g.Name != nil {
		n.Name = g.Name.read(p)
	}
	return n
}

type callGrammar struct {
	Call tailRef `parser:"'CALL' @@"`
}

func (g *callGrammar) tree(p *parser, span ast.Span) ast.Statement {
	n := &ast.Call{Span: span}
	g.Call.read(p, func() {
		if p.kind() == tkLParen {
			p.wanted("a name")
		}
		f, ok := p.primary().(*ast.FuncCall)
		if !ok || f.Over != nil || f.Filter != nil || f.WithinGroup {
			p.syntaxError()
		}
		n.Func = f
	})
	return n
}
