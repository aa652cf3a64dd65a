package scan

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/columnartest"
	"github.com/oxidb/oxidb/columnar/simd"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/exec/exectest"
	"github.com/oxidb/oxidb/exec/expr"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// chunk is a table's chunk in memory; reads counts Column calls by field.
type chunk struct {
	id      uint32
	rows    []exectest.Row
	deleted map[int]bool
	cols    []*columnar.Vector
	reads   []atomic.Int32
}

func newChunk(r *rand.Rand, id uint32, ts []types.Type, rows []exectest.Row) *chunk {
	c := &chunk{id: id, rows: rows, deleted: map[int]bool{}, reads: make([]atomic.Int32, len(ts))}
	for i, t := range ts {
		values := make([]types.Value, len(rows))
		for j := range rows {
			values[j] = rows[j][i]
		}
		c.cols = append(c.cols, columnartest.Vector(r, t, values))
	}
	return c
}

func (c *chunk) ID() uint32 { return c.id }
func (c *chunk) Rows() int  { return len(c.rows) }
func (c *chunk) Column(_ context.Context, field int32) (*columnar.Vector, error) {
	c.reads[field].Add(1)
	return c.cols[field], nil
}

// counts are the reads so far.
func (c *chunk) counts() []int32 {
	out := make([]int32, len(c.reads))
	for i := range c.reads {
		out[i] = c.reads[i].Load()
	}
	return out
}

func (c *chunk) Visible(from, to int, words []uint64) bool {
	if len(c.deleted) == 0 {
		return false
	}
	simd.SetAll(words, to-from)
	for i := from; i < to; i++ {
		if c.deleted[i] {
			words[(i-from)>>6] &^= 1 << ((i - from) & 63)
		}
	}
	return true
}

func (c *chunk) Live() int { return len(c.rows) - len(c.deleted) }

func (c *chunk) Zone(field int32) (Zone, bool) {
	z := Zone{Sorted: true}
	found := false
	for i, row := range c.rows {
		v := row[field]
		z.Sorted = z.Sorted && (i == 0 || exectest.Compare(c.rows[i-1][field], v) <= 0)
		switch {
		case v.Null:
			z.Nulls = true
			continue
		case !found:
			z.Min, z.Max, found = v, v, true
		}
		if exectest.Compare(v, z.Min) < 0 {
			z.Min = v
		}
		if exectest.Compare(v, z.Max) > 0 {
			z.Max = v
		}
	}
	return z, found
}

func scanNode(ts []types.Type) *plan.Scan {
	n := &plan.Scan{Table: &catalog.Table{Name: "t"}}
	for i, t := range ts {
		n.Table.Columns = append(n.Table.Columns, catalog.Column{FieldID: int32(i), Name: fmt.Sprintf("c%d", i), Type: t})
		n.Cols = append(n.Cols, plan.Column{ID: plan.ColumnID(i), Name: fmt.Sprintf("c%d", i), Typ: t, Ordinal: i})
	}
	return n
}

var tableTypes = []types.Type{types.TInteger, types.TText, types.TBigInt}

func drawChunks(t *rapid.T, r *rand.Rand) []Chunk {
	var chunks []Chunk
	for id := range rapid.IntRange(0, 4).Draw(t, "chunks") {
		rows := make([]exectest.Row, rapid.SampledFrom([]int{1, 50, 500, 5000, 40_000}).Draw(t, "rows"))
		nullable, sorted := rapid.Bool().Draw(t, "nullable"), rapid.Bool().Draw(t, "sorted")
		for i := range rows {
			rows[i] = exectest.Row{types.Int(tableTypes[0], int64(id*100+r.IntN(100))), columnartest.Value(r, types.TText, true, nullable),
				columnartest.Value(r, types.TBigInt, true, nullable)}
		}
		if sorted {
			slices.SortFunc(rows, func(a, b exectest.Row) int { return exectest.Compare(a[2], b[2]) })
		}
		c := newChunk(r, uint32(id), tableTypes, rows)
		if oneIn := rapid.SampledFrom([]int{0, 5, 40, 1000}).Draw(t, "deletes"); oneIn > 0 {
			for i := range rows {
				if r.IntN(oneIn) == 0 {
					c.deleted[i] = true
				}
			}
		}
		chunks = append(chunks, c)
	}
	return chunks
}

// A row pruned, filtered or skipped wrongly, in any layout, or one that was deleted.
func TestScanAgainstReference(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 5))
		chunks := drawChunks(rt, r)
		n := scanNode(tableTypes)
		n.RowID = &plan.Column{ID: 77, Typ: types.TBigInt}
		bound := int64(rapid.IntRange(-10, 400).Draw(rt, "bound"))
		op := rapid.SampledFrom([]plan.CompareOp{plan.Eq, plan.Ne, plan.Lt, plan.Le, plan.Gt, plan.Ge}).Draw(rt, "op")
		filtered, runtime := rapid.Bool().Draw(rt, "filtered"), rapid.Bool().Draw(rt, "runtime")
		if filtered {
			n.Filters = []plan.Expr{&plan.Compare{Op: op, L: plan.Ref(n.Cols[0]), R: &plan.Const{Value: types.Int(types.TInteger, bound)}}}
		}
		q := exectest.Query(t, rapid.IntRange(1, 2).Draw(rt, "workers"))
		defer q.Close()
		f := &exec.RuntimeFilter{Min: 2, Max: 5}
		if rapid.Bool().Draw(rt, "bits") {
			f.Bits = []uint64{0b1001} // 2 and 5
		}
		if runtime {
			n.Runtime = []plan.RuntimeProbe{{ID: 1, Expr: plan.Ref(n.Cols[2])}}
			q.Filters.Publish(1, f)
		}
		got, err := exectest.Run(q, NewTable(n, chunks))
		if err != nil {
			rt.Fatal(err)
		}
		var want []exectest.Row
		paused := 0
		for _, c := range chunks {
			c := c.(*chunk)
			for i, row := range c.rows {
				if c.deleted[i] || filtered && !holds(op, row[0].I, bound) {
					continue
				}
				if runtime && (row[2].Null || !f.Has(row[2].I)) {
					paused++ // a filter that rests lets rows through
					continue
				}
				want = append(want, append(append(exectest.Row{}, row...), types.Int(types.TBigInt, int64(columnar.MakeRowID(c.id, uint32(i))))))
			}
		}
		if paused > 0 {
			got = matching(got, f)
		}
		if g, w := exectest.Text(got, true), exectest.Text(want, true); g != w {
			rt.Fatalf("%s: %d rows, want %d", n.Label(), len(got), len(want))
		}
	})
}

func matching(rows []exectest.Row, f *exec.RuntimeFilter) []exectest.Row {
	var out []exectest.Row
	for _, r := range rows {
		if !r[2].Null && f.Has(r[2].I) {
			out = append(out, r)
		}
	}
	return out
}

func holds(op plan.CompareOp, a, b int64) bool {
	return [...]bool{plan.Eq: a == b, plan.Ne: a != b, plan.Lt: a < b, plan.Le: a <= b, plan.Gt: a > b, plan.Ge: a >= b}[op]
}

// A scan without columns must give as many rows as are visible.
func TestScanCounts(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		chunks := drawChunks(rt, rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 6)))
		want, got := 0, 0
		for _, c := range chunks {
			want += c.Live()
		}
		q := exectest.Query(t, 1)
		defer q.Close()
		scan := NewTable(scanNode(nil), chunks)
		if err := scan.Prepare(q); err != nil {
			rt.Fatal(err)
		}
		for b, err := range scan.Stream(q.Workers[0]) {
			if err != nil || b.Len > columnar.BatchSize || b.Sel != nil {
				rt.Fatal(b.Len, err)
			}
			got += b.Len
		}
		if got != want {
			rt.Fatalf("%d rows, want %d", got, want)
		}
	})
}

// Chunks that zone maps or runtime filters exclude, and columns that no surviving row needs, must not
// be read at all.
func TestScanReadsOnlyWhatItNeeds(t *testing.T) {
	rows := func(from int64) []exectest.Row {
		var rows []exectest.Row
		for i := range int64(100) {
			rows = append(rows, exectest.Row{types.Int(tableTypes[0], from+i), types.Str(types.TText, "x"), types.Int(types.TBigInt, from+i)})
		}
		return rows
	}
	low, high, other := newChunk(nil, 0, tableTypes, rows(0)), newChunk(nil, 1, tableTypes, rows(1000)), newChunk(nil, 2, tableTypes, rows(2000))
	n := scanNode(tableTypes)
	n.Filters = []plan.Expr{&plan.Compare{Op: plan.Ge, L: plan.Ref(n.Cols[0]), R: &plan.Const{Value: types.Int(types.TInteger, 1000)}}}
	n.Runtime = []plan.RuntimeProbe{{ID: 0, Expr: plan.Ref(n.Cols[2])}}
	q := exectest.Query(t, 1)
	q.Filters.Publish(0, &exec.RuntimeFilter{Min: 900, Max: 1999, Bits: make([]uint64, 20)})
	got, err := exectest.Run(q, NewTable(n, []Chunk{low, high, other}))
	if err != nil || len(got) != 0 {
		t.Fatalf("%d rows, %v", len(got), err)
	}
	for _, c := range []struct {
		name string
		*chunk
		want string
	}{{"excluded by its zone", low, "[0 0 0]"}, {"filtered empty", high, "[1 0 1]"}, {"excluded by the runtime filter", other, "[0 0 0]"}} {
		if got := fmt.Sprint(c.counts()); got != c.want {
			t.Errorf("chunk %s: columns read %s, want %s", c.name, got, c.want)
		}
	}
	if q.Rows.Load() != 100 {
		t.Errorf("%d rows scanned", q.Rows.Load())
	}
}

// A filter that lets most rows through costs more than it saves: it must rest, and come back.
func TestUselessRuntimeFilterRests(t *testing.T) {
	f := &exec.RuntimeFilter{Min: 0, Max: 99, Bits: []uint64{^uint64(0), ^uint64(0)}}
	q := exectest.Query(t, 1)
	p, err := newRuntimeProbe(f, plan.Ref(scanNode(tableTypes).Cols[0]), scanNode(tableTypes).Cols, q.Workers[0])
	if err != nil {
		t.Fatal(err)
	}
	v := &columnar.Vector{Type: types.TInteger, Layout: columnar.U8, Len: 100, U8: make([]uint8, 100)}
	rested, rows := 0, expr.NewRows(q.Workers[0])
	for range measureBatches + pauseBatches + 1 {
		b := &columnar.Batch{Len: 100, Cols: []*columnar.Vector{v}}
		rows.SetAll(100)
		if err := p.apply(b, rows); err != nil {
			t.Fatal(err)
		}
		if p.paused {
			rested++
		}
	}
	if rested < pauseBatches-1 || p.paused {
		t.Errorf("rested %d batches, resting now: %v", rested, p.paused)
	}
}

// Filter and Project must agree with each other on positions: a projected value belongs to its row.
func TestFilterAndProject(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 6))
	in := &plan.Empty{Cols: scanNode(tableTypes).Cols}
	var rows []exectest.Row
	for i := range int64(3000) {
		rows = append(rows, exectest.Row{types.Int(tableTypes[0], i%50), types.Str(types.TText, "x"), types.Int(types.TBigInt, i)})
	}
	source := exectest.NewSource(r, tableTypes, rows, 300)
	where := NewFilter(source, in.Cols, []plan.Expr{&plan.Compare{Op: plan.Lt, L: plan.Ref(in.Cols[0]), R: &plan.Const{Value: types.Int(types.TInteger, 3)}}})
	sum := &plan.Arith{Op: plan.Add, L: plan.Ref(in.Cols[2]), R: &plan.Const{Value: types.Int(types.TBigInt, 1)}, Typ: types.TBigInt}
	project := NewProject(where, in.Cols, []plan.NamedExpr{{Expr: sum}, {Expr: plan.Ref(in.Cols[2])}})
	got, err := exectest.Run(exectest.Query(t, 2), project)
	if err != nil || len(got) != 3000/50*3 {
		t.Fatalf("%d rows, %v", len(got), err)
	}
	for _, row := range got {
		if row[0].I != row[1].I+1 || row[1].I%50 > 2 {
			t.Fatalf("row %v", row)
		}
	}
}

// generate_series must end at its bound, also at the end of bigint, and refuse a step of zero.
func TestSeries(t *testing.T) {
	constant := func(i int64) plan.Expr { return &plan.Const{Value: types.Int(types.TBigInt, i)} }
	const last = 1<<63 - 1
	for _, c := range []struct {
		args []int64
		want int
	}{{[]int64{1, 10_000}, 10_000}, {[]int64{5, 1}, 0}, {[]int64{5, 1, -2}, 3}, {[]int64{last - 2, last}, 3}} {
		n := &plan.Generate{Function: "generate_series", Cols: []plan.Column{{ID: 1, Typ: types.TBigInt}}}
		for _, a := range c.args {
			n.Args = append(n.Args, constant(a))
		}
		op, err := NewSeries(n, nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := exectest.Run(exectest.Query(t, 2), op)
		if err != nil || len(got) != c.want {
			t.Errorf("series %v: %d rows, want %d, %v", c.args, len(got), c.want, err)
		}
	}
	n := &plan.Generate{Function: "generate_series", Args: []plan.Expr{constant(1), constant(2), constant(0)}, Cols: []plan.Column{{Typ: types.TBigInt}}}
	op, _ := NewSeries(n, nil)
	if _, err := exectest.Run(exectest.Query(t, 1), op); sqlerr.StateOf(err) != sqlerr.InvalidParameterValue {
		t.Errorf("step 0 gave %v", err)
	}
}
