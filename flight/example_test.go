package flight_test

import (
	"context"
	"database/sql"
	"fmt"
	"log"

	"github.com/apache/arrow-go/v18/arrow/flight/flightsql"
	_ "github.com/apache/arrow-go/v18/arrow/flight/flightsql/driver"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/oxidb/oxidb"
	"github.com/oxidb/oxidb/flight"
)

// serve starts a server with a small table; stop ends it.
func serve() (address string, stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	db, err := oxidb.Open(ctx, oxidb.InMemory)
	if err != nil {
		log.Fatal(err)
	}
	if _, err := db.Exec(ctx, "CREATE TABLE product (name text, price numeric(10,2)); INSERT INTO product VALUES ('apple', 0.50), ('melon', 2.00)"); err != nil {
		log.Fatal(err)
	}
	server, err := flight.NewServer(db, flight.Options{Addr: "127.0.0.1:0"})
	if err != nil {
		log.Fatal(err)
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		if err := server.Serve(ctx); err != nil {
			log.Print(err)
		}
	}()
	return server.Addr().String(), func() {
		cancel()
		<-served
		if err := db.Close(); err != nil {
			log.Print(err)
		}
	}
}

func Example_flightSQL() {
	address, stop := serve()
	defer stop()
	ctx := context.Background()

	client, err := flightsql.NewClient(address, nil, nil, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	info, err := client.Execute(ctx, "SELECT name, price FROM product ORDER BY name")
	if err != nil {
		log.Fatal(err)
	}
	reader, err := client.DoGet(ctx, info.Endpoint[0].Ticket)
	if err != nil {
		log.Fatal(err)
	}
	defer reader.Release()
	for reader.Next() {
		fmt.Println(reader.RecordBatch().Column(0))
	}
	if err := reader.Err(); err != nil {
		log.Fatal(err)
	}
	// Output: ["apple" "melon"]
}

func Example_databaseSQL() {
	address, stop := serve()
	defer stop()
	ctx := context.Background()

	db, err := sql.Open("flightsql", "flightsql://"+address+"?timeout=10s")
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	var name string
	err = db.QueryRowContext(ctx, "SELECT name FROM product WHERE name > ?", "b").Scan(&name)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(name)
	// Output: melon
}
