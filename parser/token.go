package parser

// tokenKind is the lexical kind of a token.
type tokenKind uint8

const (
	tkEOF     tokenKind = iota
	tkError             // the lexer gave up here; the text after it was not read
	tkIdent             // unquoted, not a keyword
	tkQuoted            // "Quoted", also U&"..."
	tkKeyword           // token.kw tells which
	tkString            // '..', E'..', U&'..', N'..', $tag$..$tag$; also adjacent ones joined
	tkBits              // B'..'
	tkHex               // X'..'
	tkInteger           // digits, 0x.., 0o.., 0b..
	tkNumeric           // with a point or an exponent
	tkParam             // $1
	tkLParen
	tkRParen
	tkLBracket
	tkRBracket
	tkComma
	tkSemicolon
	tkColon
	tkDot
	tkDotDot
	tkTypecast // ::
	tkAssign   // :=
	tkArrow    // =>
	tkPlus
	tkMinus
	tkStar
	tkSlash
	tkPercent
	tkCaret
	tkLess
	tkGreater
	tkEqual
	tkLessEqual
	tkGreaterEqual
	tkNotEqual
	tkOperator // every other operator
	tokenKinds
)

// kindNames are how messages call what they expect.
var kindNames = [tokenKinds]string{
	tkEOF: "end of input", tkIdent: "a name", tkQuoted: "a name", tkString: "a string", tkInteger: "an integer",
	tkNumeric: "a number", tkParam: "a parameter", tkLParen: `"("`, tkRParen: `")"`, tkLBracket: `"["`,
	tkRBracket: `"]"`, tkComma: `","`, tkSemicolon: `";"`, tkColon: `":"`, tkDot: `"."`, tkTypecast: `"::"`,
	tkAssign: `":="`, tkArrow: `"=>"`, tkStar: `"*"`, tkEqual: `"="`, tkOperator: "an operator",
}

// Flags of a token: what its value needs before it can be used.
const (
	flagFold   = 1 << iota // an unquoted word with upper-case letters, or one longer than 63 bytes
	flagDecode             // a string or quoted name that is more than its text without the quotes
)

// token is 12 bytes: a statement of 16 MiB has millions of them.
type token struct {
	pos, end int32
	kw       keywordID
	kind     tokenKind
	flags    uint8
}
