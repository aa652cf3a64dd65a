package bind

import (
	"strconv"

	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// maxLength is PostgreSQL's limit of varchar(n) and char(n).
const maxLength = 10485760

// resolveType turns a type as written into a logical type.
func resolveType(n *ast.TypeName) (types.Type, error) {
	name := typeText(n)
	switch {
	case len(n.ArrayDims) > 0:
		return types.Type{}, unsupported(n, "the array type "+name+"[]")
	case n.SetOf:
		return types.Type{}, unsupported(n, "SETOF")
	}
	kind, ok := types.Lookup(name)
	if !ok {
		if _, known := laterTypes[n.Name]; known {
			return types.Type{}, unsupported(n, "the type "+n.Name)
		}
		return types.Type{}, errAt(sqlerr.UndefinedObject, n, "type %q does not exist", name)
	}
	mods, err := typeModifiers(n)
	if err != nil {
		return types.Type{}, err
	}
	return applyModifiers(n, kind, mods)
}

func typeText(n *ast.TypeName) string {
	name := n.Name
	for i := len(n.Qualifier) - 1; i >= 0; i-- {
		if n.Qualifier[i].Name != "pg_catalog" {
			name = n.Qualifier[i].Name + "." + name
		}
	}
	return name
}

// laterTypes are PostgreSQL's types that OxiDB does not have: refused as such, not as unknown names.
var laterTypes = set("bit", "varbit", "money", "inet", "cidr", "macaddr", "macaddr8", "xml", "timetz", "point", "line", "lseg",
	"box", "path", "polygon", "circle", "tsvector", "tsquery", "oid", "regclass", "regtype", "regproc", "regnamespace",
	"int4range", "int8range", "numrange", "tsrange", "tstzrange", "daterange", "vector", "halfvec", "hstore", "jsonpath", "record")

func set(names ...string) map[string]struct{} {
	m := make(map[string]struct{}, len(names))
	for _, n := range names {
		m[n] = struct{}{}
	}
	return m
}

func typeModifiers(n *ast.TypeName) ([]int, error) {
	var mods []int
	for _, m := range n.Mods {
		lit, ok := m.(*ast.Literal)
		if !ok || lit.Kind != ast.IntegerLiteral {
			return nil, errAt(sqlerr.SyntaxError, m, "type modifiers must be simple constants")
		}
		v, err := strconv.Atoi(lit.Text)
		if err != nil {
			return nil, errAt(sqlerr.InvalidParameterValue, m, "type modifier %s is out of range", lit.Text)
		}
		mods = append(mods, v)
	}
	return mods, nil
}

func applyModifiers(n *ast.TypeName, kind types.Kind, mods []int) (types.Type, error) {
	t := types.Type{Kind: kind}
	switch kind {
	case types.Numeric:
		return numericType(n, mods)
	case types.Varchar, types.Char:
		return textType(n, t, mods)
	case types.Time, types.Timestamp, types.TimestampTZ, types.Interval:
		if len(mods) > 1 || len(mods) == 1 && mods[0] != 6 {
			return t, unsupported(n, "a precision other than 6 of "+kind.String())
		}
		return t, nil
	}
	if len(mods) > 0 {
		return t, errAt(sqlerr.SyntaxError, n, "type modifier is not allowed for type %q", kind)
	}
	return t, nil
}

func numericType(n *ast.TypeName, mods []int) (types.Type, error) {
	switch {
	case len(mods) == 0:
		return anyNumeric, nil
	case len(mods) > 2:
		return types.Type{}, errAt(sqlerr.InvalidParameterValue, n, "invalid NUMERIC type modifier")
	case mods[0] < 1 || mods[0] > 1000: // PostgreSQL's limit
		return types.Type{}, errAt(sqlerr.InvalidParameterValue, n, "NUMERIC precision %d must be between 1 and 1000", mods[0])
	case mods[0] > types.MaxPrecision:
		return types.Type{}, unsupported(n, "numeric precision above "+strconv.Itoa(types.MaxPrecision))
	}
	scale := 0
	if len(mods) == 2 {
		scale = mods[1]
	}
	if scale < 0 || scale > mods[0] {
		return types.Type{}, errAt(sqlerr.InvalidParameterValue, n, "NUMERIC scale %d must be between 0 and precision %d", scale, mods[0])
	}
	return types.TNumeric(mods[0], scale), nil
}

func textType(n *ast.TypeName, t types.Type, mods []int) (types.Type, error) {
	switch {
	case len(mods) == 0:
		return t, nil
	case len(mods) > 1 || mods[0] < 1:
		return t, errAt(sqlerr.InvalidParameterValue, n, "length for type %s must be at least 1", n.Name)
	case mods[0] > maxLength:
		return t, errAt(sqlerr.InvalidParameterValue, n, "length for type %s cannot exceed %d", n.Name, maxLength)
	}
	t.Length = int32(mods[0])
	return t, nil
}

// columnType is the type of a stored column: numeric without a precision gets the widest one.
func columnType(n *ast.TypeName) (types.Type, error) {
	t, err := resolveType(n)
	if t == anyNumeric {
		t = wideNumeric
	}
	return t, err
}
