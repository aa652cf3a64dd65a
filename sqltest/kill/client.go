package kill

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/apache/arrow-go/v18/arrow/flight/flightsql"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const (
	accounts       = 48
	initialBalance = 1000
	noteRows       = 7
)

// schema makes the tables.
var schema = []string{
	"CREATE TABLE account (id int PRIMARY KEY, balance bigint NOT NULL)",
	"CREATE TABLE entry (client int, seq bigint, source int NOT NULL, target int NOT NULL, amount bigint NOT NULL, PRIMARY KEY (client, seq))",
	"CREATE TABLE note (client int, seq bigint, part int, body text NOT NULL, PRIMARY KEY (client, seq, part))",
	"CREATE TABLE counter (client int PRIMARY KEY, n bigint NOT NULL)",
	fmt.Sprintf("INSERT INTO account SELECT id, %d FROM generate_series(0, %d) AS g(id)", initialBalance, accounts-1),
}

// client is one connection and what it was told.
type client struct {
	*ledger
	rng *rand.Rand
	sql *flightsql.Client
}

// answer says what a call's error means: nil and refused for a conflict, an error for what is none
// and came from the server, unknown when no answer came.
func answer(err error) (fate, error) {
	if err == nil {
		return acknowledged, nil
	}
	st, ok := status.FromError(err)
	if !ok {
		return unknown, nil
	}
	for _, d := range st.Details() {
		if _, says := d.(*errdetails.ErrorInfo); says { // the server's own words
			switch st.Code() {
			case codes.Aborted:
				return refused, nil
			case codes.Unavailable, codes.Canceled:
				return unknown, nil
			}
			return refused, err
		}
	}
	return unknown, nil
}

// work does one thing after another until the server does not answer. An error is a violation.
func (c *client) work(ctx context.Context) error {
	for ctx.Err() == nil {
		gone, err := c.step(ctx)
		if err != nil || gone {
			return err
		}
	}
	return nil
}

func (c *client) step(ctx context.Context) (gone bool, err error) {
	switch n := c.rng.IntN(10); {
	case n < 5:
		return c.transfer(ctx)
	case n < 7:
		return c.write(ctx)
	case n < 8:
		return c.erase(ctx)
	}
	return c.count(ctx)
}

// transfer moves money in a transaction of three statements.
func (c *client) transfer(ctx context.Context) (gone bool, err error) {
	c.next++
	seq := c.next
	from := c.rng.Int64N(accounts)
	t := &transfer{from: from, to: (from + 1 + c.rng.Int64N(accounts-1)) % accounts, amount: 1 + c.rng.Int64N(20)}
	c.transfers[seq] = t
	txn, err := c.sql.BeginTransaction(ctx)
	if err != nil {
		f, err := answer(err)
		return f == unknown, err
	}
	for _, sql := range []string{
		fmt.Sprintf("UPDATE account SET balance = balance - %d WHERE id = %d", t.amount, t.from),
		fmt.Sprintf("UPDATE account SET balance = balance + %d WHERE id = %d", t.amount, t.to),
		fmt.Sprintf("INSERT INTO entry VALUES (%d, %d, %d, %d, %d)", c.client, seq, t.from, t.to, t.amount),
	} {
		n, err := txn.ExecuteUpdate(ctx, sql)
		if err == nil && n != 1 {
			return false, fmt.Errorf("%s changed %d rows", sql, n)
		}
		if err != nil {
			f, err := answer(err)
			if f != unknown {
				_ = txn.Rollback(ctx) // what failed has ended it
			}
			return f == unknown, err
		}
	}
	if c.rng.IntN(20) == 0 {
		f, err := answer(txn.Rollback(ctx))
		return f == unknown, err
	}
	t.fate, err = answer(txn.Commit(ctx))
	return t.fate == unknown, err
}

// write inserts the rows of a note by one statement.
func (c *client) write(ctx context.Context) (gone bool, err error) {
	c.next++
	n := &note{}
	c.notes[c.next] = n
	rows := make([]string, noteRows)
	for part := range rows {
		rows[part] = fmt.Sprintf("(%d, %d, %d, '%s')", c.client, c.next, part, strings.Repeat("x", c.rng.IntN(200)))
	}
	_, err = c.sql.ExecuteUpdate(ctx, "INSERT INTO note VALUES "+strings.Join(rows, ", "))
	n.inserted, err = answer(err)
	return n.inserted == unknown, err
}

// erase deletes a note that is there.
func (c *client) erase(ctx context.Context) (gone bool, err error) {
	for seq, n := range c.notes {
		if n.inserted != acknowledged || n.deleted != refused {
			continue
		}
		rows, err := c.sql.ExecuteUpdate(ctx, fmt.Sprintf("DELETE FROM note WHERE client = %d AND seq = %d", c.client, seq))
		if err == nil && rows != noteRows {
			return false, fmt.Errorf("deleting note %d of client %d changed %d rows", seq, c.client, rows)
		}
		n.deleted, err = answer(err)
		return n.deleted == unknown, err
	}
	return false, nil
}

// count raises the client's counter.
func (c *client) count(ctx context.Context) (gone bool, err error) {
	c.next++
	n, err := c.sql.ExecuteUpdate(ctx, fmt.Sprintf("UPDATE counter SET n = %d WHERE client = %d", c.next, c.client))
	if err == nil && n != 1 {
		return false, fmt.Errorf("the counter of client %d is gone", c.client)
	}
	f, err := answer(err)
	switch f {
	case acknowledged:
		c.counter = c.next
	case unknown:
		c.maybe = c.next
	}
	return f == unknown, err
}
