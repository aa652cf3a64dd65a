// Package sqldriver opens OxiDB through database/sql: as driver "oxidb", whose data source name is a
// database directory or ":memory:", or over a database that the program has open already (OpenDB).
//
//	import _ "github.com/oxidb/oxidb/sqldriver"
//	…
//	db, err := sql.Open("oxidb", "./shop")
//
// Columns come as the Go types that oxidb.Result.Rows lists: numeric, uuid, interval and time are
// strings, dates and timestamps are time.Time. Transactions have snapshot isolation, or are serializable.
package sqldriver

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"io"
	"sync"

	"github.com/oxidb/oxidb"
	"github.com/oxidb/oxidb/sqlerr"
)

// Name is the driver's name for sql.Open.
const Name = "oxidb"

// Registering here makes sql.Open("oxidb", path) work for programs that import the package: database/sql
// knows no other way than its global register.
var _ = register()

func register() bool {
	sql.Register(Name, Driver{})
	return true
}

// Driver is OxiDB's driver. Every sql.DB that it opens owns its database: a directory can be open
// once only, and each ":memory:" is a new one.
type Driver struct{}

// Open implements driver.Driver. A connection that is opened this way owns a database of its own.
func (d Driver) Open(path string) (driver.Conn, error) {
	c := &connector{path: path}
	inner, err := c.Connect(context.Background())
	if err != nil {
		return nil, err
	}
	inner.(*conn).closer = c
	return inner, nil
}

// OpenConnector implements driver.DriverContext.
func (d Driver) OpenConnector(path string) (driver.Connector, error) {
	return &connector{path: path}, nil
}

// OpenDB gives a sql.DB over db. Closing it leaves db open.
func OpenDB(db *oxidb.DB) *sql.DB { return sql.OpenDB(&connector{db: db}) }

// connector opens sessions of one database, which it opens itself at the first connection unless it
// was given one.
type connector struct {
	path string

	mu     sync.Mutex
	db     *oxidb.DB
	owned  bool
	closed bool
}

// Connect implements driver.Connector.
func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	db, err := c.open(ctx)
	if err != nil {
		return nil, err
	}
	session, err := db.Session()
	if err != nil {
		return nil, err
	}
	return &conn{db: db, session: session}, nil
}

func (c *connector) open(ctx context.Context) (*oxidb.DB, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, sqlerr.New(sqlerr.AdminShutdown, "the database is closed")
	}
	if c.db != nil {
		return c.db, nil
	}
	db, err := oxidb.Open(ctx, c.path)
	if err != nil {
		return nil, err
	}
	c.db, c.owned = db, true
	return db, nil
}

// Driver implements driver.Connector.
func (c *connector) Driver() driver.Driver { return Driver{} }

// Close closes the database that the connector opened; sql.DB.Close calls it.
func (c *connector) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	if !c.owned {
		return nil
	}
	c.owned = false
	return c.db.Close()
}

var (
	_ driver.DriverContext = Driver{}
	_ io.Closer            = (*connector)(nil)
)
