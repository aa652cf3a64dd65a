package builtin

import (
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/function"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// sequenceFunctions take a sequence by name, or by number where the binder has found it.
func sequenceFunctions() []function.Scalar {
	big, text, flag := types.TBigInt, types.TText, types.TBoolean
	list := []function.Scalar{
		{Name: "lastval", Return: returns(big), Volatile: true, Eval: lastval},
		{Name: "pg_get_serial_sequence", Args: args(text, text), Return: returns(text), Stable: true, Eval: serialSequence},
	}
	for _, by := range []types.Type{big, text} {
		list = append(list,
			function.Scalar{Name: "nextval", Args: args(by), Return: returns(big), Volatile: true, Eval: nextval},
			function.Scalar{Name: "currval", Args: args(by), Return: returns(big), Volatile: true, Eval: currval},
			function.Scalar{Name: "setval", Args: args(by, big), Return: returns(big), Volatile: true, Eval: setval},
			function.Scalar{Name: "setval", Args: args(by, big, flag), Return: returns(big), Volatile: true, Eval: setval},
		)
	}
	return list
}

// sequencesOf is the statement's access to sequences, which constants computed without one lack.
func sequencesOf(ctx *function.Context) (function.Sequences, error) {
	if ctx.Sequences == nil {
		return nil, sqlerr.Unsupported(-1, -1, "a sequence here")
	}
	return ctx.Sequences, nil
}

// sequenceAt is the number of the sequence that row i of v names.
func sequenceAt(of function.Sequences, v *columnar.Vector, i int) (int64, error) {
	if v.Type.IsText() {
		return of.Find(string(function.TextAt(v, i)))
	}
	return v.Int(i), nil
}

// nextval takes the numbers of a constant sequence at once.
func nextval(ctx *function.Context, a []*columnar.Vector, n int, sel []uint32, out *columnar.Vector) error {
	of, err := sequencesOf(ctx)
	if err != nil {
		return err
	}
	if a[0].Enc != columnar.Const {
		for i := range function.Rows(n, sel) {
			id, err := sequenceAt(of, a[0], i)
			if err != nil {
				return err
			}
			if err := of.Next(id, out.I64[i:i+1]); err != nil {
				return err
			}
		}
		return nil
	}
	id, err := sequenceAt(of, a[0], 0)
	if err != nil {
		return err
	}
	if sel == nil {
		return of.Next(id, out.I64[:n])
	}
	numbers := make([]int64, len(sel))
	if err := of.Next(id, numbers); err != nil {
		return err
	}
	for k, i := range sel {
		out.I64[i] = numbers[k]
	}
	return nil
}

func currval(ctx *function.Context, a []*columnar.Vector, n int, sel []uint32, out *columnar.Vector) error {
	of, err := sequencesOf(ctx)
	if err != nil {
		return err
	}
	for i := range function.Rows(n, sel) {
		id, err := sequenceAt(of, a[0], i)
		if err == nil {
			out.I64[i], err = of.Current(id)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func lastval(ctx *function.Context, _ []*columnar.Vector, n int, sel []uint32, out *columnar.Vector) error {
	of, err := sequencesOf(ctx)
	if err != nil {
		return err
	}
	value, err := of.Last()
	for i := range function.Rows(n, sel) {
		out.I64[i] = value
	}
	return err
}

func setval(ctx *function.Context, a []*columnar.Vector, n int, sel []uint32, out *columnar.Vector) error {
	of, err := sequencesOf(ctx)
	if err != nil {
		return err
	}
	for i := range function.Rows(n, sel) {
		id, err := sequenceAt(of, a[0], i)
		if err != nil {
			return err
		}
		out.I64[i] = a[1].Int(i)
		if err := of.Set(id, out.I64[i], len(a) < 3 || a[2].Int(i) != 0); err != nil {
			return err
		}
	}
	return nil
}

func serialSequence(ctx *function.Context, a []*columnar.Vector, n int, sel []uint32, out *columnar.Vector) error {
	of, err := sequencesOf(ctx)
	if err != nil {
		return err
	}
	w := function.TextWriter{Out: out}
	for i := range function.Rows(n, sel) {
		name, ok, err := of.Owned(string(function.TextAt(a[0], i)), string(function.TextAt(a[1], i)))
		if err != nil {
			return err
		}
		w.WriteString(i, name)
		if !ok {
			function.SetNull(out, n, i)
		}
	}
	w.Finish(n)
	return nil
}
