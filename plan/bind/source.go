package bind

import (
	"strings"

	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// FileOpener opens files for FROM and COPY.
type FileOpener interface {
	Open(FileRequest) (plan.ExternalSource, error)
}

// FileRequest says which files are wanted and how to read them.
type FileRequest struct {
	// Function is read_csv, read_parquet, read_arrow …, or "" for FROM 'file', where the name decides.
	Function string
	Args     []FileArg
	// Columns are the names and types that COPY FROM wants, in the file's order; nil to infer them.
	Columns []catalog.Column
	// Span is where the request stands in the statement.
	Span plan.Span
}

// FileArg is one argument: positional when Name is empty. ARRAY[...] arrives in List.
type FileArg struct {
	Name  string
	Value types.Value
	List  []types.Value
}

func (b *Binder) openFile(req FileRequest, at ast.Node) (plan.ExternalSource, error) {
	if b.opts.Files == nil {
		return nil, unsupported(at, "reading files")
	}
	req.Span = spanOf(at)
	src, err := b.opts.Files.Open(req)
	return src, withPosition(err, at)
}

// fileRef is FROM 'path'.
func (b *Binder) fileRef(t *ast.FileRef) (*fromItem, error) {
	src, err := b.openFile(FileRequest{Args: []FileArg{{Value: types.Str(types.TText, t.Path)}}}, t)
	if err != nil {
		return nil, err
	}
	return b.external(src, fileAlias(t.Path), t.Alias)
}

// fileAlias is the table name of a file: its base name without the extension.
func fileAlias(path string) string {
	base := path[strings.LastIndexAny(path, `/\`)+1:]
	if dot := strings.IndexByte(base, '.'); dot > 0 {
		base = base[:dot]
	}
	return base
}

func (b *Binder) external(src plan.ExternalSource, name string, alias *ast.Alias) (*fromItem, error) {
	n := &plan.External{Source: src, Cols: b.sourceColumns(src)}
	item, err := aliased(&relational{node: n, cols: n.Cols, names: columnNames(n.Cols)}, name, alias)
	if err == nil {
		n.Alias = item.rels[0].alias
	}
	return item, err
}

func (b *Binder) sourceColumns(src plan.ExternalSource) []plan.Column {
	schema := src.Schema()
	cols := make([]plan.Column, len(schema))
	for i, c := range schema {
		cols[i] = b.newColumn(c.Name, c.Type, c.NotNull)
		cols[i].Ordinal = i
	}
	return cols
}

// funcRef binds a function in FROM: files, generate_series, unnest(ARRAY[...]), or a scalar function
// as one row.
func (b *Binder) funcRef(t *ast.FuncRef, fc fromContext, left *fromItem) (*fromItem, error) {
	switch {
	case t.Ordinality:
		return nil, unsupported(t, "WITH ORDINALITY")
	case t.RowsFrom && len(t.Calls) > 1:
		return nil, unsupported(t, "ROWS FROM with several functions")
	}
	for _, columns := range t.CallTypes {
		if columns != nil {
			return nil, unsupported(t, "a column definition list")
		}
	}
	sc := fc.lateral(left)
	sc.clause = "functions in FROM"
	f, ok := t.Calls[0].(*ast.FuncCall)
	if !ok {
		return b.scalarSource(sc, t.Calls[0], t)
	}
	name, err := functionName(f)
	if err != nil {
		return nil, err
	}
	switch {
	case strings.HasPrefix(name, "read_"):
		args, err := b.fileArgs(sc, f)
		if err != nil {
			return nil, err
		}
		src, err := b.openFile(FileRequest{Function: name, Args: args}, f)
		if err != nil {
			return nil, err
		}
		return b.external(src, name, t.Alias)
	case name == "generate_series":
		return b.generateSeries(sc, f, t)
	case name == "unnest":
		return b.unnest(sc, f, t)
	case name == "oxidb_history":
		return b.history(f, t)
	}
	return b.scalarSource(sc, f, t)
}

// fileArgs evaluates the arguments of a file function, which must be constants.
func (b *Binder) fileArgs(sc *scope, f *ast.FuncCall) ([]FileArg, error) {
	var out []FileArg
	for _, x := range f.Args {
		var arg FileArg
		if n, ok := x.(*ast.NamedArg); ok {
			arg.Name, x = n.Name.Name, n.Value
		}
		items := []ast.Expr{x}
		array, isList := x.(*ast.Array)
		if isList {
			items = array.Items
		}
		for _, item := range items {
			v, err := b.constant(sc, item)
			if err != nil {
				return nil, err
			}
			if isList {
				arg.List = append(arg.List, v)
			} else {
				arg.Value = v
			}
		}
		out = append(out, arg)
	}
	return out, nil
}

func (b *Binder) constant(sc *scope, x ast.Expr) (types.Value, error) {
	e, err := b.expr(sc, x)
	if err != nil {
		return types.Value{}, err
	}
	if e, err = b.resolveUnknown(e, x); err != nil {
		return types.Value{}, err
	}
	c, ok := e.(*plan.Const)
	if !ok {
		return types.Value{}, unsupported(x, "an argument that is not a literal")
	}
	return c.Value, nil
}

// seriesTypes are the overloads of generate_series: bounds, step, result.
var seriesTypes = []struct{ bound, step types.Type }{
	{types.TInteger, types.TInteger}, {types.TBigInt, types.TBigInt}, {anyNumeric, anyNumeric},
	{types.TTimestamp, types.TInterval}, {types.TTimestampTZ, types.TInterval},
}

func (b *Binder) generateSeries(sc *scope, f *ast.FuncCall, t *ast.FuncRef) (*fromItem, error) {
	args, err := b.exprs(sc, f.Args)
	if err != nil {
		return nil, err
	}
	if len(args) < 2 || len(args) > 3 {
		return nil, b.unknownFunction(f, "generate_series", args)
	}
	first, last := args[0].Type().Kind, args[1].Type().Kind
	if first == types.Unknown && last == types.Unknown && (len(args) == 2 || args[2].Type().Kind != types.Interval) {
		return nil, errAt(sqlerr.AmbiguousFunction, f, "function %s is not unique", signature("generate_series", args)).
			WithHint("Could not choose a best candidate function. You might need to add explicit type casts.")
	}
	for _, o := range seriesTypes {
		if !types.Implicit(args[0].Type(), o.bound) || !types.Implicit(args[1].Type(), o.bound) ||
			len(args) == 3 && !types.Implicit(args[2].Type(), o.step) || len(args) == 2 && o.step.Kind == types.Interval ||
			o.bound.Kind == types.Timestamp && first != types.Timestamp && last != types.Timestamp { // dates become timestamptz
			continue
		}
		return b.series(args, f, t, o.bound, o.step)
	}
	return nil, b.unknownFunction(f, "generate_series", args)
}

func (b *Binder) series(args []plan.Expr, f *ast.FuncCall, t *ast.FuncRef, bound, step types.Type) (*fromItem, error) {
	var err error
	if bound == anyNumeric {
		if args, bound, err = b.unify(args, nodesOf(f.Args), "generate_series"); err != nil {
			return nil, err
		}
		step = bound
	}
	for i := range args {
		want := bound
		if i == 2 {
			want = step
		}
		if args[i], err = b.coerce(args[i], want, implicitCast, f.Args[i]); err != nil {
			return nil, err
		}
	}
	n := &plan.Generate{Function: "generate_series", Args: args}
	return b.singleColumn(n, "generate_series", bound, true, t.Alias, func(cols []plan.Column) { n.Cols = cols })
}

// singleColumn names the one column of a function in FROM: the table alias, else the function.
func (b *Binder) singleColumn(n plan.Node, name string, t types.Type, full bool, alias *ast.Alias, set func([]plan.Column)) (*fromItem, error) {
	column := name
	if alias != nil && alias.Name.Name != "" {
		column = alias.Name.Name
	}
	cols := []plan.Column{b.newColumn(column, t, full)}
	set(cols)
	return aliased(&relational{node: n, cols: cols, names: []string{column}}, name, alias)
}

// unnest makes a row of every item of an ARRAY[...] constructor.
func (b *Binder) unnest(sc *scope, f *ast.FuncCall, t *ast.FuncRef) (*fromItem, error) {
	if len(f.Args) != 1 {
		return nil, unsupported(f, "unnest of several arrays")
	}
	array, ok := f.Args[0].(*ast.Array)
	if !ok || len(array.Items) == 0 {
		return nil, unsupported(f, "unnest of anything but an ARRAY[...] constructor with items")
	}
	items, err := b.exprs(sc, array.Items)
	if err != nil {
		return nil, err
	}
	items, kind, err := b.unify(items, nodesOf(array.Items), "ARRAY")
	if err != nil {
		return nil, err
	}
	n := &plan.Values{Rows: make([][]plan.Expr, len(items))}
	full := true
	for i, e := range items {
		n.Rows[i] = []plan.Expr{e}
		full = full && notNull(e)
	}
	return b.singleColumn(n, "unnest", kind, full, t.Alias, func(cols []plan.Column) { n.Cols = cols })
}

// scalarSource is a scalar function in FROM: one row of one column.
func (b *Binder) scalarSource(sc *scope, x ast.Expr, t *ast.FuncRef) (*fromItem, error) {
	e, err := b.expr(sc, x)
	if err != nil {
		return nil, err
	}
	if e, err = b.resolveUnknown(e, x); err != nil {
		return nil, err
	}
	n := &plan.Project{Input: &plan.Values{Rows: [][]plan.Expr{{}}}}
	return b.singleColumn(n, ast.ColumnName(x), e.Type(), notNull(e), t.Alias, func(cols []plan.Column) {
		n.Exprs = []plan.NamedExpr{{Out: cols[0], Expr: e}}
	})
}

// relocated turns an error in stored text into one about the place that refers to it.
func relocated(err error, at ast.Node, what string) error {
	var e *sqlerr.Error
	if !asError(err, &e) {
		return err
	}
	pos, end := at.Range()
	moved := *e
	moved.Pos, moved.End = pos, end
	if moved.Detail == "" {
		moved.Detail = "The error is in the definition of " + what + "."
	}
	return &moved
}
