package oxidb_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log"
	"os"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/oxidb/oxidb"
	"github.com/oxidb/oxidb/sqldriver"
	"github.com/oxidb/oxidb/sqlerr"
)

func Example() {
	ctx := context.Background()
	db, err := oxidb.Open(ctx, oxidb.InMemory)
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()

	if _, err := db.Exec(ctx, "CREATE TABLE product (id integer PRIMARY KEY, name text, price numeric(10,2))"); err != nil {
		log.Fatal(err)
	}
	if _, err := db.Exec(ctx, "INSERT INTO product VALUES ($1, $2, $3), ($4, $5, $6)", 1, "apple", "0.50", 2, "melon", 2); err != nil {
		log.Fatal(err)
	}
	products, err := db.Query(ctx, "SELECT name, price FROM product WHERE price < $1 ORDER BY name", 10)
	if err != nil {
		log.Fatal(err)
	}
	for row, err := range products.Rows() {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(row[0], row[1])
	}
	// Output:
	// apple 0.50
	// melon 2.00
}

// Batches delivers Arrow records: columns whose values lie side by side, without a conversion.
func ExampleResult_Batches() {
	ctx := context.Background()
	db, err := oxidb.Open(ctx, oxidb.InMemory)
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()

	numbers, err := db.Query(ctx, "SELECT i::bigint AS i FROM generate_series(1, 100000) g(i)")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(numbers.Schema().Field(0))
	var sum int64
	for batch, err := range numbers.Batches() {
		if err != nil {
			log.Fatal(err)
		}
		for _, v := range batch.Column(0).(*array.Int64).Int64Values() {
			sum += v
		}
		batch.Release()
	}
	fmt.Println(sum)
	// Output:
	// i: type=int64, nullable
	// 5000050000
}

// A session holds what belongs to one client: settings, and the transaction that is open.
func ExampleSession_Begin() {
	ctx := context.Background()
	db, err := oxidb.Open(ctx, oxidb.InMemory)
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(ctx, "CREATE TABLE account (owner text, balance integer); INSERT INTO account VALUES ('ann', 10), ('bob', 0)"); err != nil {
		log.Fatal(err)
	}

	session, err := db.Session()
	if err != nil {
		log.Fatal(err)
	}
	defer session.Close() // rolls back what is still open
	if err := session.Begin(false); err != nil {
		log.Fatal(err)
	}
	for owner, change := range map[string]int{"ann": -5, "bob": 5} {
		if _, err := session.Exec(ctx, "UPDATE account SET balance = balance + $1 WHERE owner = $2", change, owner); err != nil {
			log.Fatal(err)
		}
	}
	err = session.Commit(ctx)
	if sqlerr.StateOf(err) == sqlerr.SerializationFailure {
		fmt.Println("another transaction changed the same rows: try again")
	} else if err != nil {
		log.Fatal(err)
	}

	accounts, err := db.Query(ctx, "SELECT owner, balance FROM account ORDER BY owner")
	if err != nil {
		log.Fatal(err)
	}
	for row, err := range accounts.Rows() {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(row...)
	}
	// Output:
	// ann 5
	// bob 5
}

// Ingest appends Arrow records: the fastest way from a program's memory into a table.
func ExampleSession_Ingest() {
	ctx := context.Background()
	db, err := oxidb.Open(ctx, oxidb.InMemory)
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	session, err := db.Session()
	if err != nil {
		log.Fatal(err)
	}
	defer session.Close()
	if _, err := session.Exec(ctx, "CREATE TABLE reading (sensor integer, value double precision, note text)"); err != nil {
		log.Fatal(err)
	}

	schema := arrow.NewSchema([]arrow.Field{{Name: "value", Type: arrow.PrimitiveTypes.Float64}, {Name: "sensor", Type: arrow.PrimitiveTypes.Int32}}, nil)
	records := func(yield func(arrow.RecordBatch, error) bool) {
		for part := range 3 {
			b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
			b.Field(0).(*array.Float64Builder).AppendValues([]float64{0.5, 1.5}, nil)
			b.Field(1).(*array.Int32Builder).AppendValues([]int32{int32(part), int32(part)}, nil)
			if !yield(b.NewRecordBatch(), nil) {
				return
			}
		}
	}
	rows, err := session.Ingest(ctx, "public", "reading", records)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(rows, "rows")

	sums, err := session.Query(ctx, "SELECT sensor, sum(value), count(note) FROM reading GROUP BY sensor ORDER BY sensor")
	if err != nil {
		log.Fatal(err)
	}
	for row, err := range sums.Rows() {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(row...)
	}
	// Output:
	// 6 rows
	// 0 2 0
	// 1 2 0
	// 2 2 0
}

// Failures carry PostgreSQL's SQLSTATE, and where in the text they are.
func ExampleDB_Exec_error() {
	ctx := context.Background()
	db, err := oxidb.Open(ctx, oxidb.InMemory)
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	const query = "SELECT nam FROM (VALUES ('a')) product(name)"
	_, err = db.Exec(ctx, query)
	var failure *sqlerr.Error
	if errors.As(err, &failure) {
		fmt.Println(failure.State)
		fmt.Println(sqlerr.Render(err, query))
	}
	// Output:
	// 42703
	// ERROR 42703: column "nam" does not exist
	// LINE 1: SELECT nam FROM (VALUES ('a')) product(name)
	//                ^^^
	// HINT: Perhaps you meant to reference the column "product.name".
}

// The same database through database/sql; sql.Open("oxidb", "./directory") opens one by itself.
func Example_databaseSQL() {
	ctx := context.Background()
	db, err := oxidb.Open(ctx, oxidb.InMemory)
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	pool := sqldriver.OpenDB(db) // a *sql.DB
	defer pool.Close()

	if _, err := pool.Exec("CREATE TABLE product (name text, price numeric(10,2)); INSERT INTO product VALUES ('apple', 0.5), ('melon', NULL)"); err != nil {
		log.Fatal(err)
	}
	rows, err := pool.Query("SELECT name, price FROM product ORDER BY name")
	if err != nil {
		log.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		var price sql.NullString
		if err := rows.Scan(&name, &price); err != nil {
			log.Fatal(err)
		}
		fmt.Println(name, price.String, price.Valid)
	}
	if err := rows.Err(); err != nil {
		log.Fatal(err)
	}
	// Output:
	// apple 0.50 true
	// melon  false
}

// The README's first query, on a database that has some nations.
func ExampleOpen_directory() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "oxidb-example-")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	makeNations(ctx, dir)

	db, err := oxidb.Open(ctx, dir)
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query(ctx, "SELECT n_name FROM nation WHERE n_regionkey = $1 ORDER BY n_name", 3)
	if err != nil {
		log.Fatal(err)
	}
	for batch, err := range rows.Batches() { // Arrow record batches
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(batch.Column(0))
	}
	// Output: ["FRANCE" "GERMANY"]
}

func makeNations(ctx context.Context, dir string) {
	db, err := oxidb.Open(ctx, dir)
	if err != nil {
		log.Fatal(err)
	}
	if _, err := db.Exec(ctx, "CREATE TABLE nation (n_name text, n_regionkey integer); INSERT INTO nation VALUES ('GERMANY', 3), ('CHINA', 2), ('FRANCE', 3)"); err != nil {
		log.Fatal(err)
	}
	if err := db.Close(); err != nil {
		log.Fatal(err)
	}
}
