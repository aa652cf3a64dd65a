package parser

import (
	"strings"

	"github.com/oxidb/oxidb/parser/ast"
)

type dropGrammar struct {
	Kind         []string     `parser:"'DROP' ( @'TABLE' | @'VIEW' | @'MATERIALIZED' @'VIEW' | @'INDEX' | @'SCHEMA' | @'SEQUENCE' )"`
	Concurrently bool         `parser:"@'CONCURRENTLY'?"`
	IfExists     bool         `parser:"( @'IF' 'EXISTS' )?"`
	Names        []*dottedRef `parser:"@@ ( ',' @@ )*"`
	Behavior     string       `parser:"@( 'CASCADE' | 'RESTRICT' )?"`
}

func (g *dropGrammar) tree(p *parser, span ast.Span) ast.Statement {
	d := &ast.Drop{Span: span, Kind: objectKind(g.Kind), Concurrently: g.Concurrently, IfExists: g.IfExists}
	if g.Concurrently && d.Kind != ast.IndexObject {
		p.syntaxErrorAt(p.tokenAt(int(span.Pos)) + 1 + len(g.Kind))
	}
	d.Names, d.Behavior = readNames(p, g.Names), behaviorOf(g.Behavior)
	return d
}

func objectKind(words []string) ast.ObjectKind {
	name := strings.Join(words, " ")
	for k := ast.TableObject; k <= ast.DatabaseObject; k++ {
		if k.String() == name {
			return k
		}
	}
	return ast.TableObject
}

func behaviorOf(word string) ast.Behavior {
	switch word {
	case "CASCADE":
		return ast.Cascade
	case "RESTRICT":
		return ast.Restrict
	}
	return ast.BehaviorDefault
}

type truncateGrammar struct {
	Tables   []*dottedRef `parser:"'TRUNCATE' 'TABLE'? 'ONLY'? @@ '*'? ( ',' 'ONLY'? @@ '*'? )*"`
	Restart  bool         `parser:"( @'RESTART' 'IDENTITY' | 'CONTINUE' 'IDENTITY' )?"`
	Behavior string       `parser:"@( 'CASCADE' | 'RESTRICT' )?"`
}

func (g *truncateGrammar) tree(p *parser, span ast.Span) ast.Statement {
	return &ast.Truncate{Span: span, Tables: readNames(p, g.Tables), RestartIdentity: g.Restart, Behavior: behaviorOf(g.Behavior)}
}

// targetsGrammar is the list of tables of ANALYZE and VACUUM.
type targetsGrammar struct {
	Targets []*targetGrammar `parser:"( @@ ( ',' @@ )* )?"`
}

type targetGrammar struct {
	Table   dottedRef  `parser:"@@"`
	Columns []*nameRef `parser:"( '(' @@ ( ',' @@ )* ')' )?"`
}

func (g *targetsGrammar) tree(p *parser) []*ast.MaintenanceTarget {
	var list []*ast.MaintenanceTarget
	for _, t := range g.Targets {
		name := t.Table.read(p)
		m := &ast.MaintenanceTarget{Span: name.Span, Table: name}
		for _, c := range t.Columns {
			m.Columns = append(m.Columns, c.read(p))
		}
		if len(m.Columns) > 0 {
			m.End = p.tok().end // the closing parenthesis
		}
		list = append(list, m)
	}
	return list
}

func readOptions(p *parser, list *parenRef, words []string) []*ast.Option {
	if list != nil {
		p.i = p.tokenAt(list.At)
		return p.utilityOptions()
	}
	var options []*ast.Option
	for _, w := range words {
		options = append(options, &ast.Option{Name: strings.Replace(lowerASCII(w), "analyse", "analyze", 1)})
	}
	return options
}

type analyzeGrammar struct {
	Options *parenRef      `parser:"( 'ANALYZE' | 'ANALYSE' ) ( @@"`
	Words   []string       `parser:"| @'VERBOSE' )?"`
	Targets targetsGrammar `parser:"@@"`
}

func (g *analyzeGrammar) tree(p *parser, span ast.Span) ast.Statement {
	return &ast.Analyze{Span: span, Options: readOptions(p, g.Options, g.Words), Targets: g.Targets.tree(p)}
}

type vacuumGrammar struct {
	Options *parenRef      `parser:"'VACUUM' @@?"`
	Words   []string       `parser:"@'FULL'? @'FREEZE'? @'VERBOSE'? @( 'ANALYZE' | 'ANALYSE' )?"`
	Targets targetsGrammar `parser:"@@"`
}

func (g *vacuumGrammar) tree(p *parser, span ast.Span) ast.Statement {
	options := readOptions(p, g.Options, g.Words)
	if g.Options != nil && len(g.Words) > 0 {
		p.syntaxError() // both option syntaxes: the second one is the mistake
	}
	return &ast.Vacuum{Span: span, Options: options, Targets: g.Targets.tree(p)}
}

type checkpointGrammar struct {
	Word string `parser:"@'CHECKPOINT'"`
}

func (g *checkpointGrammar) tree(_ *parser, span ast.Span) ast.Statement {
	return &ast.Checkpoint{Span: span}
}

type commentGrammar struct {
	Kind []string  `parser:"'COMMENT' 'ON' ( @'TABLE' | @'VIEW' | @'MATERIALIZED' @'VIEW' | @'INDEX' | @'SCHEMA' | @'SEQUENCE' | @'COLUMN' | @'DATABASE' )"`
	Name dottedRef `parser:"@@"`
	Text *tailRef  `parser:"'IS' @@"`
}

func (g *commentGrammar) tree(p *parser, span ast.Span) ast.Statement {
	c := &ast.Comment{Span: span, Kind: objectKind(g.Kind), Name: g.Name.read(p)}
	g.Text.read(p, func() {
		if c.Null = p.accept(kwNull); !c.Null {
			c.Text = p.stringValue()
		}
	})
	return c
}

type refreshGrammar struct {
	Concurrently bool      `parser:"'REFRESH' 'MATERIALIZED' 'VIEW' @'CONCURRENTLY'?"`
	Name         dottedRef `parser:"@@"`
	NoData       bool      `parser:"( 'WITH' @'NO'? 'DATA' )?"`
}

func (g *refreshGrammar) tree(p *parser, span ast.Span) ast.Statement {
	return &ast.RefreshView{Span: span, Name: g.Name.read(p), Concurrently: g.Concurrently, WithNoData: g.NoData}
}
