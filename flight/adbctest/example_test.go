package adbctest

import (
	"context"
	"fmt"
	"log"

	"github.com/apache/arrow-adbc/go/adbc"
	"github.com/apache/arrow-adbc/go/adbc/driver/flightsql"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/oxidb/oxidb"
	"github.com/oxidb/oxidb/flight"
)

func Example() {
	ctx, stop := context.WithCancel(context.Background())
	engine, err := oxidb.Open(ctx, oxidb.InMemory)
	if err != nil {
		log.Fatal(err)
	}
	defer engine.Close()
	server, err := flight.NewServer(engine, flight.Options{Addr: "127.0.0.1:0"})
	if err != nil {
		log.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(ctx) }()
	defer func() { stop(); <-served }()
	address := server.Addr().String()

	db, err := flightsql.NewDriver(memory.DefaultAllocator).NewDatabase(map[string]string{adbc.OptionKeyURI: "grpc://" + address})
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	connection, err := db.Open(ctx)
	if err != nil {
		log.Fatal(err)
	}
	defer connection.Close()
	statement, err := connection.NewStatement()
	if err != nil {
		log.Fatal(err)
	}
	defer statement.Close()
	if err := statement.SetSqlQuery("SELECT 6 * 7 AS answer"); err != nil {
		log.Fatal(err)
	}
	reader, _, err := statement.ExecuteQuery(ctx)
	if err != nil {
		log.Fatal(err)
	}
	defer reader.Release()
	for reader.Next() {
		fmt.Println(reader.RecordBatch().Column(0))
	}
	// Output: [42]
}
