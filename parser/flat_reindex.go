package parser

import "github.com/oxidb/oxidb/parser/ast"

type reindexGrammar struct {
	Options      *parenRef `parser:"'REINDEX' @@?"`
	Kind         string    `parser:"@( 'INDEX' | 'TABLE' | 'SCHEMA' | 'DATABASE' | 'SYSTEM' )"`
	Concurrently bool      `parser:"@'CONCURRENTLY'?"`
	Name         dottedRef `parser:"@@"`
}

func (g *reindexGrammar) tree(p *parser, span ast.Span) ast.Statement {
	r := &ast.Reindex{Span: span, Options: readOptions(p, g.Options, nil), Kind: ast.DatabaseObject, Concurrently: g.Concurrently}
	if r.System = g.Kind == "SYSTEM"; !r.System {
		r.Kind = objectKind([]string{g.Kind})
	}
	r.Name = g.Name.read(p)
	return r
}
