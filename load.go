package oxidb

import (
	"cmp"
	"context"
	"iter"
	"sync/atomic"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/arrowio"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/exec/expr"
	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// Load fills a table from parts that fill delivers, on all workers at once. The table's rows end up in
// the order of the parts and, within a part, of the appends. Batches may be of any length and have
// the table's columns in order, with its types. It runs in the open transaction, or in one of its own:
// then all rows appear at once, or none.
func (s *Session) Load(ctx context.Context, schema, table string, parts int, fill func(part int, add func(*columnar.Batch) error) error) (int64, error) {
	return s.append(ctx, "load into "+table, func(sc *scope) (int64, error) { return sc.load(sc.ctx, schema, table, parts, fill) })
}

// append runs what adds rows without a statement; a failure fails the open transaction.
func (s *Session) append(ctx context.Context, what string, add func(*scope) (int64, error)) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.refusal(nil); err != nil {
		return 0, err
	}
	sc, err := s.begin(ctx, what)
	if err != nil {
		return 0, err
	}
	rows, err := add(sc)
	if err != nil && s.txn != nil {
		s.txn.fail()
	}
	return rows, sc.end(sc.ctx, err)
}

func (sc *scope) load(ctx context.Context, schema, table string, parts int, fill func(int, func(*columnar.Batch) error) error) (int64, error) {
	t, err := sc.table(schema, table)
	if err != nil {
		return 0, err
	}
	since := sc.txn.Place(t.ID)
	writer, err := sc.txn.Writer(t.ID)
	if err != nil {
		return 0, err
	}
	var next, rows atomic.Int64
	q := exec.NewQuery(ctx, exec.Options{Workers: min(sc.session.settings.values().threads, parts), Memory: sc.budget(), Function: sc.functions()})
	defer q.Close()
	err = q.Run(func(w *exec.Worker) error {
		for part := int(next.Add(1)) - 1; part < parts; part = int(next.Add(1)) - 1 {
			appender := writer.Appender(part)
			err := fill(part, func(b *columnar.Batch) error {
				rows.Add(int64(b.Rows()))
				if err := q.Err(); err != nil {
					return err
				}
				return appender.Append(b)
			})
			if cerr := appender.Close(); err == nil {
				err = cerr
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	if err := writer.Finish(ctx); err != nil {
		return 0, err
	}
	return rows.Load(), sc.checkLoaded(ctx, t, since)
}

func (sc *scope) table(schema, name string) (*catalog.Table, error) {
	for _, in := range searchIn(schema, sc.catalog) {
		if t, ok := sc.catalog.Table(in, name); ok {
			return t, nil
		}
	}
	return nil, sqlerr.New(sqlerr.UndefinedTable, "relation %q does not exist", name)
}

func searchIn(schema string, c catalog.Reader) []string {
	if schema != "" {
		return []string{schema}
	}
	return c.SearchPath()
}

// Ingest appends Arrow records to a table. Columns are matched by name; a column of the table that the
// records lack gets its default, one that the table lacks is error 42703, one that the table computes
// 428C9. Values are cast as in INSERT. It runs in the open transaction, or in one of its own.
func (s *Session) Ingest(ctx context.Context, schema, table string, records iter.Seq2[arrow.RecordBatch, error]) (int64, error) {
	return s.append(ctx, "ingest into "+table, func(sc *scope) (int64, error) { return sc.ingest(sc.ctx, schema, table, records) })
}

func (sc *scope) ingest(ctx context.Context, schema, table string, records iter.Seq2[arrow.RecordBatch, error]) (rows int64, err error) {
	t, err := sc.table(schema, table)
	if err != nil {
		return 0, err
	}
	since := sc.txn.Place(t.ID)
	writer, err := sc.txn.Writer(t.ID)
	if err != nil {
		return 0, err
	}
	q := exec.NewQuery(ctx, exec.Options{Workers: int(sc.session.settings.integer("threads")), Memory: sc.budget(), Function: sc.functions()})
	defer q.Close()
	err = q.Run(func(w *exec.Worker) (err error) {
		if w.ID > 0 {
			return writer.Serve()
		}
		defer writer.End()
		appender := writer.Appender(0)
		defer func() { err = cmp.Or(err, appender.Close()) }()
		rows, err = sc.appendRecords(w, t, records, appender)
		return err
	})
	if err != nil {
		return 0, err
	}
	if err := writer.Finish(ctx); err != nil {
		return 0, err
	}
	return rows, sc.checkLoaded(ctx, t, since)
}

func (sc *scope) appendRecords(w *exec.Worker, t *catalog.Table, records iter.Seq2[arrow.RecordBatch, error], appender *mvcc.BulkAppender) (rows int64, err error) {
	var conform *conformer
	for rec, err := range records {
		if err != nil {
			return 0, err
		}
		if conform == nil || !conform.schema.Equal(rec.Schema()) {
			if conform, err = sc.newConformer(t, rec.Schema(), w); err != nil {
				return 0, err
			}
		}
		rows += rec.NumRows()
		err = arrowio.Batches(rec, func(b *columnar.Batch) error {
			if err := w.Query.Err(); err != nil {
				return err
			}
			out, err := conform.batch(b)
			if err != nil {
				return err
			}
			return appender.Append(out)
		})
		if err != nil {
			return 0, err
		}
	}
	return rows, nil
}

// conformer brings records' columns into a table's order and types, and computes those that they lack.
type conformer struct {
	schema    *arrow.Schema
	cols      []expr.Evaluator
	generated map[int]expr.Evaluator // by ordinal, over the others
	out       columnar.Batch
}

func (sc *scope) newConformer(t *catalog.Table, schema *arrow.Schema, w *exec.Worker) (*conformer, error) {
	in := make(expr.Input, schema.NumFields())
	for i, f := range schema.Fields() {
		at := t.Ordinal(f.Name)
		if at < 0 {
			return nil, sqlerr.New(sqlerr.UndefinedColumn, "column %q of relation %q does not exist", f.Name, t.Name)
		}
		if t.Columns[at].IsGenerated() {
			return nil, sqlerr.New(sqlerr.GeneratedAlways, "column %q of relation %q is a generated column", f.Name, t.Name).
				WithHint("Leave the column out of the records.")
		}
		typ, err := types.FromArrow(f.Type)
		if err != nil {
			return nil, err
		}
		in[i] = plan.Column{ID: plan.ColumnID(i), Name: f.Name, Typ: typ}
	}
	c := &conformer{schema: schema, generated: map[int]expr.Evaluator{}, out: columnar.Batch{Cols: make([]*columnar.Vector, len(t.Columns))}}
	binder := sc.binder("", nil)
	row := make(expr.Input, len(t.Columns))
	for i, col := range t.Columns {
		row[i] = plan.Column{ID: plan.ColumnID(i), Name: col.Name, Typ: col.Type}
		e, ok := conformed(col, in)
		if !ok {
			var err error
			if e, err = binder.Default(col); err != nil {
				return nil, err
			}
		}
		ev, err := expr.Compile(e, in, w)
		if err != nil {
			return nil, err
		}
		c.cols = append(c.cols, ev)
	}
	for i, col := range t.Columns {
		if !col.IsGenerated() {
			continue
		}
		e, err := binder.Generation(t, row, col)
		if err != nil {
			return nil, err
		}
		if c.generated[i], err = expr.Compile(e, row, w); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// conformed is the expression that makes a table's column from the input, if that has it.
func conformed(col catalog.Column, in expr.Input) (plan.Expr, bool) {
	for i := range in {
		if in[i].Name != col.Name {
			continue
		}
		if in[i].Typ == col.Type {
			return plan.Ref(in[i]), true
		}
		return &plan.Cast{X: plan.Ref(in[i]), Typ: col.Type, Span: plan.NoSpan}, true
	}
	return nil, false
}

func (c *conformer) batch(b *columnar.Batch) (*columnar.Batch, error) {
	c.out.Len, c.out.Sel = b.Len, b.Sel
	for i, ev := range c.cols {
		v, err := ev.Eval(b)
		if err != nil {
			return nil, err
		}
		c.out.Cols[i] = v
	}
	computed := make(map[int]*columnar.Vector, len(c.generated))
	for i, ev := range c.generated {
		v, err := ev.Eval(&c.out)
		if err != nil {
			return nil, err
		}
		computed[i] = v
	}
	for i, v := range computed { // none reads another
		c.out.Cols[i] = v
	}
	return &c.out, nil
}
