package ast

// ColumnName is the name that PostgreSQL gives an unnamed output column (FigureColname): the column's,
// the function's or the type's name where there is one, the keyword of a few constructs, and ?column?
// otherwise.
func ColumnName(x Expr) string {
	if name, _ := figureName(x); name != "" {
		return name
	}
	return "?column?"
}

// Strength of a name: a weak one gives way to what is inside the construct.
const (
	noName = iota
	weakName
	strongName
)

func figureName(x Expr) (string, int) {
	switch x := x.(type) {
	case *ColumnRef:
		return x.Parts[len(x.Parts)-1].Name, strongName
	case *Field:
		return x.Name.Name, strongName
	case *Subscript:
		return figureName(x.X)
	case *FuncCall:
		return x.Name.Base(), strongName
	case *Cast:
		return castName(x.X, x.Type)
	case *TypedLiteral:
		return x.Type.Name, weakName
	case *Collate:
		return figureName(x.X)
	case *Case:
		if name, strength := figureName(x.Else); strength == strongName {
			return name, strength
		}
		return "case", weakName
	case *Array, *ArrayQuery:
		return "array", strongName
	case *Row:
		return "row", strongName
	case *Exists:
		return "exists", strongName
	case *Subquery:
		return queryName(x.Query.Body)
	}
	return "", noName
}

func castName(x Expr, t *TypeName) (string, int) {
	if name, strength := figureName(x); strength == strongName {
		return name, strength
	}
	return t.Name, weakName
}

// queryName is the name of the first output column of a scalar subquery.
func queryName(b QueryExpr) (string, int) {
	switch b := b.(type) {
	case *Query:
		return queryName(b.Body)
	case *SetOp:
		return queryName(b.Left)
	case *Values:
		return "column1", strongName
	case *Select:
		if len(b.Targets) == 0 {
			return "", noName
		}
		if t := b.Targets[0]; t.Alias.Name != "" {
			return t.Alias.Name, strongName
		}
		return ColumnName(b.Targets[0].X), strongName
	}
	return "", noName
}
