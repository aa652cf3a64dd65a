#!/usr/bin/env python3
"""DuckDB as a peer of the benchmark; see protocol.py. Its tables have NOT NULL but no primary keys, whose indexes no query needs."""
import pathlib
import re
import time

from protocol import millis, serve


class Peer:
    name = "duckdb"
    stores = True
    note = ""

    def __init__(self, threads):
        import duckdb

        self.version = duckdb.__version__
        self.connect = lambda path: duckdb.connect(path, config={"threads": threads})
        self.con = None

    def load(self, directory, tables):
        con = self.connect(str(pathlib.Path(directory) / "tpch.duckdb"))
        for table in tables:
            con.execute(re.sub(r",\s*primary key \([^)]*\)", "", table["ddl"]))
            con.execute(f"insert into {table['name']} from read_parquet(?)", [table["path"]])
        con.execute("checkpoint")
        con.close()

    def open(self, directory, tables):
        self.con = self.connect(str(pathlib.Path(directory) / "tpch.duckdb"))

    def attach(self, tables):
        self.con = self.connect(":memory:")
        for table in tables:
            self.con.execute(f"create view {table['name']} as from read_parquet('{table['path']}')")

    def query(self, sql):
        return self.con.sql(sql).to_arrow_table()

    def do_write(self, request):
        """Writes each table to {directory}/{name}.parquet with DuckDB's own defaults and Snappy."""
        for table in request["tables"]:
            self.con.execute(f"copy {table['name']} to '{request['directory']}/{table['name']}.parquet' (format parquet, compression snappy)")
        return {}

    def do_load_csv(self, request):
        """Loads a CSV file with header into a fresh table of a database in a directory, checkpoint included."""
        con = self.connect(str(pathlib.Path(request["directory"]) / "csv.duckdb"))
        con.execute(re.sub(r",\s*primary key \([^)]*\)", "", request["table"]["ddl"]))
        name = request["table"]["name"]
        start = time.perf_counter()
        con.execute(f"insert into {name} from read_csv(?, header = true)", [request["file"]])
        con.execute("checkpoint")
        elapsed = millis(start)
        rows = con.execute(f"select count(*) from {name}").fetchall()[0][0]
        con.close()
        return {"millis": elapsed, "rows": rows}

    def close(self):
        if self.con:
            self.con.close()


if __name__ == "__main__":
    serve(Peer)
