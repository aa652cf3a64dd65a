package parser

import (
	"strings"

	"github.com/oxidb/oxidb/parser/ast"
)

// statement reads one statement by its first keyword.
func (p *parser) statement() ast.Statement {
	if p.kind() == tkLParen || p.atQuery() {
		return p.preparable()
	}
	return p.statementBody()
}

func (p *parser) statementBody() ast.Statement {
	switch p.kw() {
	case kwInsert, kwUpdate, kwDelete:
		return p.preparable()
	case kwCreate:
		return p.create()
	case kwAlter:
		return p.alter()
	case kwCopy:
		return p.copyStatement()
	case kwExplain:
		return p.explainStatement()
	}
	p.refuseStatement()
	if p.at(kwSet) && p.ahead(1).kw == kwConstraints {
		return p.setConstraints()
	}
	if p.kind() == tkIdent && p.nameValue(*p.tok()) == "backup" {
		return p.backupStatement()
	}
	if _, ok := flatGrammars()[p.kw()]; ok {
		return p.flat()
	}
	if p.want != nil {
		for _, k := range statementKeywords {
			p.want.keyword(p.i, k)
		}
	}
	p.syntaxError()
	return nil
}

// backupStatement reads BACKUP TO 'directory'. BACKUP is no keyword of PostgreSQL, and none here.
func (p *parser) backupStatement() ast.Statement {
	start := p.tok().pos
	p.i++
	p.expect(kwTo)
	to := p.stringValue()
	return &ast.Backup{Span: p.span(start), To: to}
}

// statementKeywords are the candidates of a suggestion for a mistyped first word.
var statementKeywords = []keywordID{kwSelect, kwInsert, kwUpdate, kwDelete, kwWith, kwValues, kwCreate, kwAlter, kwDrop, kwCopy,
	kwExplain, kwBegin, kwStart, kwCommit, kwEnd, kwRollback, kwAbort, kwSavepoint, kwRelease, kwSet, kwReset, kwShow, kwAnalyze,
	kwVacuum, kwCheckpoint, kwTruncate, kwCall, kwPrepare, kwExecute, kwDeallocate, kwComment, kwDiscard, kwRefresh, kwReindex, kwTable}

// refuseStatement refuses the statements of PostgreSQL that OxiDB does not have, by their names.
func (p *parser) refuseStatement() {
	next := p.ahead(1)
	switch k := p.kw(); k {
	case kwGrant, kwRevoke, kwDeclare, kwFetch, kwMove, kwClose, kwListen, kwNotify, kwUnlisten, kwLock, kwCluster,
		kwDo, kwLoad, kwMerge:
		p.refuseNamed(1)
	case kwReassign, kwImport, kwSecurity:
		p.refuseNamed(2)
	case kwCommit, kwRollback, kwPrepare:
		if next.kw == kwPrepared || k == kwPrepare && next.kw == kwTransaction && p.ahead(2).kind == tkString {
			p.refuseNamed(2)
		}
	case kwSet:
		if next.kw == kwXml && p.ahead(2).kw == kwOption {
			p.refuseNamed(3)
		}
	case kwDrop:
		if !droppable(next.kw, p.ahead(2).kw) {
			from := p.i
			p.i++
			p.refuseKind("DROP", from)
		}
	case kwComment:
		if next.kw == kwOn && !commentable(p.ahead(2).kw, p.ahead(3).kw) {
			from := p.i
			p.i += 2
			p.refuseKind("COMMENT ON", from)
		}
	}
}

// refuseNamed refuses a statement whose name is its first n words.
func (p *parser) refuseNamed(n int) {
	from := p.i
	var words []string
	for range n {
		if p.ahead(1).kind == tkEOF && p.kw() == kwGrant { // the bare word is no statement
			p.i++
			p.syntaxError()
		}
		words = append(words, strings.ToUpper(p.text(*p.tok())))
		p.i++
	}
	p.unsupported(from, strings.Join(words, " "))
}

func droppable(k, next keywordID) bool {
	switch k {
	case kwTable, kwView, kwIndex, kwSchema, kwSequence:
		return true
	}
	return k == kwMaterialized && next == kwView
}

func commentable(k, next keywordID) bool {
	return droppable(k, next) || k == kwColumn || k == kwDatabase
}

// objectKinds are the kinds of objects that PostgreSQL has and OxiDB has not, after CREATE, ALTER,
// DROP or COMMENT ON, with the words that may belong to the name.
var objectKinds = map[keywordID][]keywordID{
	kwAccess: {kwMethod}, kwAggregate: nil, kwCast: nil, kwCollation: nil, kwConstraint: {kwTrigger}, kwConversion: nil,
	kwDatabase: nil, kwDefault: {kwConversion, kwPrivileges}, kwDomain: nil, kwEvent: {kwTrigger}, kwExtension: nil,
	kwForeign: {kwTable, kwData}, kwFunction: nil, kwGroup: nil, kwLanguage: nil, kwLarge: {kwObject}, kwTrusted: {kwLanguage},
	kwProcedural: {kwLanguage}, kwOperator: {kwClass, kwFamily}, kwOwned: {kwBy}, kwPolicy: nil, kwProcedure: nil, kwPublication: nil,
	kwRole: nil, kwRoutine: nil, kwRule: nil, kwSequence: nil, kwServer: nil, kwStatistics: nil, kwSubscription: nil,
	kwTablespace: nil, kwText: {kwSearch}, kwTransform: nil, kwTrigger: nil, kwType: nil, kwUser: {kwMapping}, kwColumn: nil,
}

// refuseKind refuses verb applied to the kind of object at the current token, or reports a syntax
// error when it is no kind.
func (p *parser) refuseKind(verb string, from int) {
	k := p.kw()
	more, known := objectKinds[k]
	if !known || k == kwColumn && verb != "COMMENT ON" || k == kwSequence && verb == "CREATE" {
		p.wantKinds(verb)
		p.syntaxError()
	}
	name := verb + " " + upperWords[k]
	p.i++
	for _, second := range more {
		if p.kw() == second {
			name += " " + upperWords[second]
			p.i++
			break
		}
	}
	if k == kwForeign && p.accept(kwWrapper) {
		name += " WRAPPER"
	}
	p.unsupported(from, name)
}

func (p *parser) wantKinds(verb string) {
	if p.want == nil {
		return
	}
	for _, k := range []keywordID{kwTable, kwView, kwIndex, kwSchema, kwSequence, kwMaterialized} {
		p.want.keyword(p.i, k)
	}
	if verb == "COMMENT ON" {
		p.want.keyword(p.i, kwColumn)
	}
}
