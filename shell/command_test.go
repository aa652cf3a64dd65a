package shell_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/oxidb/oxidb/shell"
)

const shop = `CREATE SCHEMA sales;
CREATE TABLE product (id integer PRIMARY KEY, name varchar(20) NOT NULL, price numeric(10,2) DEFAULT 1.5 CHECK (price > 0));
CREATE INDEX product_name ON product (name, price);
CREATE TABLE sales.order_line (product integer);
CREATE VIEW cheap AS SELECT id FROM product WHERE price < 5;`

// The catalog's commands must see every kind of object, in every schema.
func TestCatalogCommands(t *testing.T) {
	c := newConsole(t, func(cfg *shell.Config) { cfg.Mode = "csv" })
	c.run(t, shop)
	for command, want := range map[string]string{
		`\d`:                  "schema,name,kind\npublic,cheap,VIEW\npublic,product,BASE TABLE\nsales,order_line,BASE TABLE\n",
		`\dt`:                 "schema,table,kind\npublic,product,BASE TABLE\nsales,order_line,BASE TABLE\n",
		`\dt pro*`:            "schema,table,kind\npublic,product,BASE TABLE\n",
		`\dt sales.*`:         "schema,table,kind\nsales,order_line,BASE TABLE\n",
		`\dt order?lin`:       "schema,table,kind\n",
		`.tables PRO*`:        "schema,table,kind\npublic,product,BASE TABLE\n",
		`\dv`:                 "schema,view\npublic,cheap\n",
		`\di`:                 "schema,index,table,columns,unique\npublic,product_name,product,\"name, price\",NO\npublic,product_pkey,product,id,YES\n",
		`\dn s*`:              "schema\nsales\n",
		`\l`:                  "database\noxidb\n",
		`\d product`:          "column,type,null,default\nid,integer,NO,\nname,character varying(20),NO,\nprice,\"numeric(10,2)\",YES,1.5\n",
		`\d cheap`:            "column,type,null,default\nid,integer,YES,\n",
		`\d sales.order_line`: "column,type,null,default\nproduct,integer,YES,\n",
	} {
		t.Run(command, func(t *testing.T) { same(t, c.run(t, command), want) })
	}
	c.run(t, `\d product`)
	same(t, c.talk.String(), `
table public.product
index product_name (name, price)
primary key product_pkey (id)
check constraint product_price_check
`)
	c.run(t, `\d cheap`)
	same(t, c.talk.String(), "view public.cheap\ndefinition: SELECT id FROM product WHERE price < 5\n")
}

// A command that cannot do what it is told fails like a statement.
func TestCommandErrors(t *testing.T) {
	c := newConsole(t, nil)
	for command, want := range map[string]string{
		`\nope`:             `unknown command \nope: \? lists the commands`,
		`\d nope`:           `\d: relation "nope" does not exist`,
		`\mode xml`:         `\mode: unknown output mode "xml": box, csv, json, jsonl, line, markdown, tsv`,
		`\x maybe`:          `\x: "maybe" is neither on nor off`,
		`\rows many`:        `\rows: "many" is not a number of rows`,
		`\i /nowhere/x.sql`: `open /nowhere/x.sql: no such file or directory`,
		`\o /nowhere/x.csv`: `\o: open /nowhere/x.csv: no such file or directory`,
		`\c elsewhere`:      `\c: not available here`,
	} {
		t.Run(command, func(t *testing.T) {
			c.talk.Reset()
			if err := c.Text(context.Background(), command); !errors.Is(err, shell.ErrFailed) {
				t.Errorf("got %v", err)
			}
			same(t, c.talk.String(), want+"\n")
		})
	}
}

func TestOutputFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "rows.csv")
	c := newConsole(t, nil)
	got := c.run(t, `\mode csv
\o `+file+`
SELECT 1 AS a;
\o
SELECT 2 AS b;`)
	same(t, got, "b\n2\n")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	same(t, string(data), "a\n1\n")
}

// Files that include themselves end with an error, not with the process.
func TestIncludeLoop(t *testing.T) {
	file := filepath.Join(t.TempDir(), "loop.sql")
	if err := os.WriteFile(file, []byte(`\i `+file+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := newConsole(t, nil)
	if err := c.File(context.Background(), file); !errors.Is(err, shell.ErrFailed) || !strings.Contains(c.talk.String(), "include each other") {
		t.Errorf("got %v, %q", err, c.talk.String())
	}
}

// \q ends a file and what includes it, without failure.
func TestQuit(t *testing.T) {
	file := filepath.Join(t.TempDir(), "quit.sql")
	if err := os.WriteFile(file, []byte("SELECT 1 AS a;\n\\q\nSELECT nope;\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := newConsole(t, func(cfg *shell.Config) { cfg.Mode = "csv" })
	same(t, c.run(t, `\i `+file+"\nSELECT 2;"), "a\n1\n")
}

// \c changes the database; when it fails the old one stays.
func TestConnect(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "db")
	c := newConsole(t, func(cfg *shell.Config) {
		cfg.Mode = "csv"
		cfg.Connect = func(ctx context.Context, target string) (shell.Backend, error) { return shell.OpenLocal(ctx, target) }
	})
	c.run(t, "CREATE TABLE here (a int); INSERT INTO here VALUES (1);")
	if err := c.Text(context.Background(), `\c `+filepath.Join("/proc/nowhere", "db")); !errors.Is(err, shell.ErrFailed) {
		t.Fatalf("got %v", err)
	}
	same(t, c.run(t, "SELECT a FROM here"), "a\n1\n")
	c.run(t, `\c `+dir)
	same(t, c.run(t, `\dt`), "schema,table,kind\n")
}

// Expanded display, NULL's text and timing are switches of the session.
func TestSwitches(t *testing.T) {
	c := newConsole(t, nil)
	same(t, c.run(t, "\\x on\n\\null ∅\nSELECT 1 AS a, NULL AS b;"), "-[ RECORD 1 ]--\na | 1\nb | ∅\n")
	c.run(t, "\\timing on\nCREATE TABLE t (a int); INSERT INTO t VALUES (1), (2);")
	if got := c.talk.String(); !strings.Contains(got, "CREATE TABLE · ") || !strings.Contains(got, "INSERT 2 rows · ") {
		t.Errorf("got %q", got)
	}
}
