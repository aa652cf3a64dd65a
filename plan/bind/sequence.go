package bind

import (
	"math"
	"strconv"
	"strings"

	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// sequenceFunctions take a sequence as their first argument.
var sequenceFunctions = set("nextval", "currval", "setval")

// FindSequence resolves the name of a sequence as a text holds it; 42P01 when there is none.
func FindSequence(reader catalog.Reader, text string) (*catalog.Sequence, error) {
	parts, ok := ast.SplitName(text)
	switch {
	case !ok:
		return nil, sqlerr.New(sqlerr.InvalidName, "invalid name syntax")
	case len(parts) == 3:
		return nil, sqlerr.New(sqlerr.FeatureNotSupported, "cross-database references are not implemented: %q", text)
	case len(parts) > 3:
		return nil, sqlerr.New(sqlerr.SyntaxError, "improper relation name (too many dotted names): %s", text)
	}
	base, schemas := parts[len(parts)-1], reader.SearchPath()
	if len(parts) == 2 {
		schemas = parts[:1]
	}
	for _, schema := range schemas {
		if s, ok := reader.Sequence(schema, base); ok {
			return s, nil
		}
		_, table := reader.Table(schema, base)
		_, view := reader.View(schema, base)
		if table || view {
			return nil, sqlerr.New(sqlerr.WrongObjectType, "%q is not a sequence", base)
		}
	}
	return nil, sqlerr.New(sqlerr.UndefinedTable, "relation %q does not exist", strings.Join(parts, "."))
}

// sequenceCall puts the number of the sequence in the place of its name, where the call has one.
func (b *Binder) sequenceCall(args []plan.Expr, f *ast.FuncCall) error {
	name, ok := sequenceName(f.Args[0])
	if !ok {
		return nil
	}
	s, err := FindSequence(b.reader, name)
	if err != nil {
		return withPosition(err, f.Args[0])
	}
	args[0] = sequenceNumber(s.ID)
	return nil
}

func sequenceNumber(id catalog.ID) plan.Expr {
	return &plan.Const{Value: types.Int(types.TBigInt, int64(id))}
}

// sequenceName is the text of 'name' or 'name'::regclass.
func sequenceName(x ast.Expr) (string, bool) {
	if c, ok := x.(*ast.Cast); ok && c.Type.Name == "regclass" && len(c.Type.ArrayDims) == 0 {
		x = c.X
	}
	lit, ok := x.(*ast.Literal)
	if !ok || lit.Kind != ast.StringLiteral {
		return "", false
	}
	return lit.Text, true
}

// withoutRegclass takes the cast to regclass off the first argument of a sequence function.
func withoutRegclass(list []ast.Expr) []ast.Expr {
	c, ok := list[0].(*ast.Cast)
	if !ok || c.Type.Name != "regclass" {
		return list
	}
	return append([]ast.Expr{c.X}, list[1:]...)
}

// nextval is the next number of a sequence.
func (b *Binder) nextval(id catalog.ID, t types.Type, at ast.Node) (plan.Expr, error) {
	call, err := b.call("nextval", []plan.Expr{sequenceNumber(id)}, []ast.Node{at}, at)
	if err != nil {
		return nil, err
	}
	return b.coerce(call, t, assignmentCast, at)
}

func (b *Binder) bindCreateSequence(x *ast.CreateSequence) (plan.Statement, error) {
	if x.Persistence == ast.Unlogged {
		return nil, unsupported(x, "UNLOGGED")
	}
	schema, exists, err := b.newRelation(x.Name)
	if err != nil {
		return nil, err
	}
	if exists {
		if x.IfNotExists {
			return &plan.Command{Stmt: x}, nil
		}
		return nil, errAt(sqlerr.DuplicateTable, x.Name, "relation %q already exists", x.Name.Base())
	}
	s := &catalog.Sequence{ID: b.newID(), State: b.newID(), Schema: schema, Name: x.Name.Base(), Temp: x.Persistence == ast.Temporary}
	o := &sequenceOptions{Binder: b, seq: s, created: true}
	if err := o.apply(x.Options, x); err != nil {
		return nil, err
	}
	return &plan.Command{Stmt: x, Sequences: []plan.SequenceChange{{After: s}}}, nil
}

// newID gives a new catalog number; 0 where nothing will be made.
func (b *Binder) newID() catalog.ID {
	if b.opts.NewID == nil {
		return 0
	}
	return b.opts.NewID()
}

// sequenceOptions applies the options of CREATE SEQUENCE, ALTER SEQUENCE and identity columns.
type sequenceOptions struct {
	*Binder
	seq     *catalog.Sequence
	created bool
	// identity: the options are an identity column's, which decides the type.
	identity bool
	given    map[string]*ast.SequenceOption
	// restart is set by RESTART, to the value to go on with.
	restart *int64
}

var optionNames = map[string]string{"NO MINVALUE": "MINVALUE", "NO MAXVALUE": "MAXVALUE", "NO CYCLE": "CYCLE"}

func (o *sequenceOptions) apply(list []*ast.SequenceOption, at ast.Node) error {
	o.given = map[string]*ast.SequenceOption{}
	for _, x := range list {
		name := x.Name
		if short, ok := optionNames[name]; ok {
			name = short
		}
		if _, twice := o.given[name]; twice {
			return errAt(sqlerr.SyntaxError, x, "conflicting or redundant options")
		}
		o.given[name] = x
	}
	for _, step := range []func(ast.Node) error{o.applyType, o.applyIncrement, o.applyBounds, o.applyStart, o.applyRest} {
		if err := step(at); err != nil {
			return withPosition(err, at)
		}
	}
	return nil
}

// rangeOf is the range of a sequence's type.
func rangeOf(t types.Type) (lo, hi int64) {
	switch t.Kind {
	case types.SmallInt:
		return math.MinInt16, math.MaxInt16
	case types.Integer:
		return math.MinInt32, math.MaxInt32
	}
	return math.MinInt64, math.MaxInt64
}

// applyType takes AS. Bounds that were those of the type before follow it.
func (o *sequenceOptions) applyType(ast.Node) error {
	x, ok := o.given["AS"]
	if !ok {
		if o.created && o.seq.Type.Kind == types.Unknown {
			o.seq.Type = types.TBigInt
		}
		return nil
	}
	if o.identity {
		return errAt(sqlerr.SyntaxError, x, "identity column type must be smallint, integer, or bigint")
	}
	t, err := resolveType(x.Type)
	if err != nil {
		return err
	}
	if !t.IsInteger() {
		return errAt(sqlerr.InvalidParameterValue, x, "sequence type must be smallint, integer, or bigint")
	}
	if lo, hi := rangeOf(o.seq.Type); !o.created {
		if o.seq.Max == hi && o.given["MAXVALUE"] == nil {
			o.given["MAXVALUE"] = &ast.SequenceOption{Name: "NO MAXVALUE"}
		}
		if o.seq.Min == lo && o.given["MINVALUE"] == nil {
			o.given["MINVALUE"] = &ast.SequenceOption{Name: "NO MINVALUE"}
		}
	}
	o.seq.Type = t
	return nil
}

// optionNumber is the value of a numeric option.
func optionNumber(x *ast.SequenceOption) (int64, error) {
	n, err := strconv.ParseInt(x.Value.Text, 10, 64)
	if err != nil {
		return 0, errAt(sqlerr.NumericValueOutOfRange, x, "value %q is out of range for type bigint", x.Value.Text)
	}
	return n, nil
}

func (o *sequenceOptions) applyIncrement(ast.Node) (err error) {
	if o.created {
		o.seq.Increment = 1
	}
	if x, ok := o.given["INCREMENT"]; ok {
		if o.seq.Increment, err = optionNumber(x); err == nil && o.seq.Increment == 0 {
			err = errAt(sqlerr.InvalidParameterValue, x, "INCREMENT must not be zero")
		}
	}
	return err
}

func (o *sequenceOptions) applyBounds(ast.Node) error {
	lo, hi := rangeOf(o.seq.Type)
	down := o.seq.Increment < 0
	if err := o.bound("MAXVALUE", &o.seq.Max, pick(down, -1, hi)); err != nil {
		return err
	}
	if err := o.bound("MINVALUE", &o.seq.Min, pick(down, lo, 1)); err != nil {
		return err
	}
	for _, b := range []struct {
		name  string
		value int64
	}{{"MAXVALUE", o.seq.Max}, {"MINVALUE", o.seq.Min}} {
		if b.value < lo || b.value > hi {
			return sqlerr.New(sqlerr.InvalidParameterValue, "%s (%d) is out of range for sequence data type %s", b.name, b.value, o.seq.Type.Kind)
		}
	}
	if o.seq.Min >= o.seq.Max {
		return sqlerr.New(sqlerr.InvalidParameterValue, "MINVALUE (%d) must be less than MAXVALUE (%d)", o.seq.Min, o.seq.Max)
	}
	return nil
}

func pick(cond bool, yes, no int64) int64 {
	if cond {
		return yes
	}
	return no
}

// bound takes MINVALUE or MAXVALUE; without a value it is natural.
func (o *sequenceOptions) bound(name string, value *int64, natural int64) (err error) {
	switch x, ok := o.given[name]; {
	case ok && x.Value != nil:
		*value, err = optionNumber(x)
	case ok || o.created:
		*value = natural
	}
	return err
}

func (o *sequenceOptions) applyStart(ast.Node) (err error) {
	x, ok := o.given["START"]
	switch {
	case ok:
		if o.seq.Start, err = optionNumber(x); err != nil {
			return err
		}
	case o.created:
		o.seq.Start = pick(o.seq.Increment < 0, o.seq.Max, o.seq.Min)
	}
	if err := o.within("START", o.seq.Start); err != nil {
		return err
	}
	if x, ok := o.given["RESTART"]; ok {
		from := o.seq.Start
		if x.Value != nil {
			if from, err = optionNumber(x); err != nil {
				return err
			}
		}
		o.restart = &from
		return o.within("RESTART", from)
	}
	return nil
}

func (o *sequenceOptions) within(what string, value int64) error {
	switch {
	case value < o.seq.Min:
		return sqlerr.New(sqlerr.InvalidParameterValue, "%s value (%d) cannot be less than MINVALUE (%d)", what, value, o.seq.Min)
	case value > o.seq.Max:
		return sqlerr.New(sqlerr.InvalidParameterValue, "%s value (%d) cannot be greater than MAXVALUE (%d)", what, value, o.seq.Max)
	}
	return nil
}

// applyRest takes CACHE, CYCLE and OWNED BY.
func (o *sequenceOptions) applyRest(ast.Node) (err error) {
	if o.created {
		o.seq.Cache = 1
	}
	if x, ok := o.given["CACHE"]; ok {
		if o.seq.Cache, err = optionNumber(x); err != nil {
			return err
		}
		if o.seq.Cache <= 0 {
			return errAt(sqlerr.InvalidParameterValue, x, "CACHE (%d) must be greater than zero", o.seq.Cache)
		}
	}
	if x, ok := o.given["CYCLE"]; ok {
		o.seq.Cycle = x.Name == "CYCLE"
	}
	if x, ok := o.given["OWNED BY"]; ok {
		return o.ownedBy(x)
	}
	return nil
}

func (o *sequenceOptions) ownedBy(x *ast.SequenceOption) error {
	if o.identity {
		return errAt(sqlerr.SyntaxError, x, "invalid OWNED BY option").WithHint("Specify OWNED BY table.column or OWNED BY NONE.")
	}
	if o.seq.Identity {
		return errAt(sqlerr.FeatureNotSupported, x, "cannot change ownership of identity sequence").
			WithDetail("Sequence %q is linked to table %q.", o.seq.Name, o.tableName(o.seq.OwnerTable))
	}
	o.seq.OwnerTable, o.seq.OwnerField = 0, 0
	if x.Owner == nil {
		return nil
	}
	parts := x.Owner.Parts
	if len(parts) < 2 {
		return errAt(sqlerr.SyntaxError, x, "invalid OWNED BY option").WithHint("Specify OWNED BY table.column or OWNED BY NONE.")
	}
	table, err := o.targetTable(&ast.Name{Span: x.Owner.Span, Parts: parts[:len(parts)-1]}, "OWNED BY")
	if err != nil {
		return err
	}
	at, err := tableColumn(table, parts[len(parts)-1])
	if err != nil {
		return err
	}
	if table.Schema != o.seq.Schema {
		return errAt(sqlerr.ObjectNotInPrerequisite, x, "sequence must be in same schema as table it is linked to")
	}
	o.seq.OwnerTable, o.seq.OwnerField = table.ID, table.Columns[at].FieldID
	return nil
}

func (b *Binder) tableName(id catalog.ID) string {
	for _, t := range b.reader.Tables() {
		if t.ID == id {
			return t.Name
		}
	}
	return ""
}
