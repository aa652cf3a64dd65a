package bind

import (
	"strings"

	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

func (b *Binder) bindCopy(x *ast.Copy) (plan.Statement, error) {
	switch {
	case x.Program:
		return nil, unsupported(x, "COPY with PROGRAM")
	case x.Where != nil:
		return nil, unsupported(x.Where, "COPY FROM with WHERE")
	case x.To:
		return b.copyTo(x)
	}
	return b.copyFrom(x)
}

func (b *Binder) copyTo(x *ast.Copy) (plan.Statement, error) {
	if x.Table == nil {
		q, ok := x.Query.(*ast.Query)
		if !ok {
			return nil, unsupported(x, "COPY of a statement other than a query")
		}
		s, err := b.bindTopQuery(q)
		if err != nil {
			return nil, err
		}
		return &plan.CopyTo{Query: s.(*plan.Query), Target: *x}, nil
	}
	table, view, err := b.lookupRelation(x.Table)
	if err != nil {
		return nil, err
	}
	if view != nil {
		return nil, errAt(sqlerr.WrongObjectType, x.Table, "cannot copy from view %q", view.Name).
			WithHint("Try the COPY (SELECT ...) TO variant.")
	}
	ordinals, err := copyColumns(table, x.Columns)
	if err != nil {
		return nil, err
	}
	scan := b.scan(table)
	cols := make([]plan.Column, len(ordinals))
	for i, o := range ordinals {
		cols[i] = scan.Cols[o]
	}
	q := &plan.Query{Root: passThrough(scan, cols), Names: columnNames(cols)}
	return &plan.CopyTo{Query: q, Target: *x}, nil
}

func (b *Binder) copyFrom(x *ast.Copy) (plan.Statement, error) {
	table, err := b.targetTable(x.Table, "COPY into")
	if err != nil {
		return nil, err
	}
	ordinals, err := copyColumns(table, x.Columns)
	if err != nil {
		return nil, err
	}
	var input plan.Node
	if !x.Stdio {
		if input, err = b.copySource(table, ordinals, x); err != nil {
			return nil, err
		}
	}
	insert, err := b.insertInto(table, input, ast.Ident{}, nil, nil)
	if err != nil {
		return nil, err
	}
	return &plan.CopyFrom{Insert: insert, Columns: ordinals, Source: *x}, nil
}

// copyColumns are the columns that COPY reads or writes: those listed, or all that are not generated.
func copyColumns(table *catalog.Table, list []ast.Ident) ([]int, error) {
	all, err := insertColumns(table, list)
	if err != nil {
		return nil, err
	}
	var out []int
	for i, o := range all {
		if c := &table.Columns[o]; !c.IsGenerated() {
			out = append(out, o)
		} else if len(list) > 0 {
			return nil, errAt(sqlerr.InvalidColumnReference, list[i], "column %q is a generated column", c.Name).
				WithDetail("Generated columns cannot be used in COPY.")
		}
	}
	return out, nil
}

// copySource opens the file and brings its columns, by position, to those of the table.
func (b *Binder) copySource(table *catalog.Table, ordinals []int, x *ast.Copy) (plan.Node, error) {
	req := FileRequest{Args: []FileArg{{Value: types.Str(types.TText, x.File)}}}
	for _, o := range ordinals {
		req.Columns = append(req.Columns, table.Columns[o])
	}
	for _, o := range x.Options {
		v, err := optionValue(o)
		if err != nil {
			return nil, err
		}
		if o.Name == "format" {
			req.Function = "read_" + strings.ToLower(v.S)
			continue
		}
		req.Args = append(req.Args, FileArg{Name: o.Name, Value: v})
	}
	src, err := b.openFile(req, x)
	if err != nil {
		return nil, err
	}
	n := &plan.External{Source: src, Alias: fileAlias(x.File), Cols: b.sourceColumns(src)}
	if len(n.Cols) != len(ordinals) {
		return nil, errAt(sqlerr.BadCopyFileFormat, x, "the file has %d columns, the table takes %d", len(n.Cols), len(ordinals))
	}
	rel := &relational{node: n, cols: n.Cols, names: columnNames(n.Cols)}
	node, err := b.assignColumns(rel, table, ordinals, x)
	if err != nil {
		return nil, err
	}
	return b.wholeRows(table, ordinals, node)
}

// optionValue is the value of an option: a bare name is true.
func optionValue(o *ast.Option) (types.Value, error) {
	switch v := o.Value.(type) {
	case nil:
		return types.Bool(true), nil
	case *ast.Word:
		return types.Str(types.TText, v.Text), nil
	case *ast.Literal:
		switch v.Kind {
		case ast.BoolLiteral:
			return types.Bool(v.Text == "true"), nil
		case ast.IntegerLiteral:
			return types.Parse(types.TBigInt, v.Text)
		}
		return types.Str(types.TText, v.Text), nil
	}
	return types.Value{}, unsupported(o, "the value of option "+o.Name)
}

func (b *Binder) bindExplain(x *ast.Explain) (plan.Statement, error) {
	out := &plan.Explain{Format: "text"}
	for _, o := range x.Options {
		v, err := optionValue(o)
		if err != nil {
			return nil, err
		}
		switch strings.ToLower(o.Name) {
		case "analyze":
			out.Analyze, err = optionBool(o, v)
		case "verbose":
			out.Verbose, err = optionBool(o, v)
		case "format":
			if out.Format = strings.ToLower(v.S); out.Format != "text" && out.Format != "json" {
				err = errAt(sqlerr.InvalidParameterValue, o, "unrecognized value for EXPLAIN option \"format\": %q", v.S)
			}
		case "costs", "settings", "buffers", "wal", "timing", "summary", "generic_plan", "memory", "serialize":
			err = unsupported(o, "the EXPLAIN option "+o.Name)
		default:
			err = errAt(sqlerr.SyntaxError, o, "unrecognized EXPLAIN option %q", o.Name)
		}
		if err != nil {
			return nil, err
		}
	}
	switch x.Statement.(type) {
	case *ast.Query, *ast.Insert, *ast.Update, *ast.Delete, *ast.CreateTableAs:
	default:
		return nil, unsupported(x.Statement, "EXPLAIN of this statement")
	}
	target, err := b.statement(x.Statement)
	out.Target = target
	return out, err
}

func optionBool(o *ast.Option, v types.Value) (bool, error) {
	if v.Type.Kind == types.Boolean {
		return v.I != 0, nil
	}
	if v.Type.IsInteger() && (v.I == 0 || v.I == 1) {
		return v.I == 1, nil
	}
	parsed, err := types.Parse(types.TBoolean, v.S)
	if err != nil || v.Type.IsInteger() {
		return false, errAt(sqlerr.SyntaxError, o, "%s requires a Boolean value", o.Name)
	}
	return parsed.I != 0, nil
}
