package kill

import (
	"context"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/flight/flightsql"
)

type key struct {
	client int
	seq    int64
}

// content is what a server has.
type content struct {
	balances map[int64]int64
	entries  map[key][]int64 // source, target, amount
	notes    map[key]int     // rows
	counters map[int]int64
}

// readContent reads all tables.
func readContent(ctx context.Context, c *flightsql.Client) (*content, error) {
	found := &content{balances: map[int64]int64{}, entries: map[key][]int64{}, notes: map[key]int{}, counters: map[int]int64{}}
	for _, q := range []struct {
		sql  string
		take func(row []int64)
	}{
		{"SELECT id::bigint, balance FROM account", func(r []int64) { found.balances[r[0]] = r[1] }},
		{"SELECT client::bigint, seq, source::bigint, target::bigint, amount FROM entry", func(r []int64) { found.entries[key{int(r[0]), r[1]}] = r[2:] }},
		{"SELECT client::bigint, seq FROM note", func(r []int64) { found.notes[key{int(r[0]), r[1]}]++ }},
		{"SELECT client::bigint, n FROM counter", func(r []int64) { found.counters[int(r[0])] = r[1] }},
	} {
		if err := query(ctx, c, q.sql, q.take); err != nil {
			return nil, fmt.Errorf("%s: %w", q.sql, err)
		}
	}
	return found, nil
}

// query gives the rows of a query whose columns are all bigint.
func query(ctx context.Context, c *flightsql.Client, sql string, take func(row []int64)) error {
	info, err := c.Execute(ctx, sql)
	if err != nil {
		return err
	}
	reader, err := c.DoGet(ctx, info.Endpoint[0].Ticket)
	if err != nil {
		return err
	}
	defer reader.Release()
	for reader.Next() {
		record := reader.RecordBatch()
		for i := range int(record.NumRows()) {
			row := make([]int64, record.NumCols())
			for j := range row {
				column, ok := record.Column(j).(*array.Int64)
				if !ok {
					return fmt.Errorf("column %d has type %s", j, record.Column(j).DataType())
				}
				row[j] = column.Value(i)
			}
			take(row)
		}
	}
	return reader.Err()
}

// books compares the accounts with the transfers since they were all as in base (K4).
func (f *content) books(base map[int64]int64) error {
	want := make(map[int64]int64, len(base))
	for id, balance := range base {
		want[id] = balance
	}
	for _, e := range f.entries {
		want[e[0]] -= e[2]
		want[e[1]] += e[2]
	}
	sum := int64(0)
	for id, balance := range f.balances {
		sum += balance
		if want[id] != balance {
			return fmt.Errorf("account %d has %d, its transfers make it %d", id, balance, want[id])
		}
	}
	if sum != accounts*initialBalance || len(f.balances) != accounts {
		return fmt.Errorf("%d accounts have %d together, not %d", len(f.balances), sum, accounts*initialBalance)
	}
	return nil
}
