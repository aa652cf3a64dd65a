#!/usr/bin/env python3
"""Polars, through its SQL context, as a peer of the benchmark; see protocol.py."""
import os

from protocol import serve


class Peer:
    name = "polars"
    stores = False
    note = ""

    def __init__(self, threads):
        os.environ["POLARS_MAX_THREADS"] = str(threads)
        import polars

        self.polars, self.version, self.context = polars, polars.__version__, None

    def open(self, directory, tables):
        self.context = self.polars.SQLContext({table["name"]: self.polars.read_parquet(table["path"]) for table in tables})

    def attach(self, tables):
        self.context = self.polars.SQLContext({table["name"]: self.polars.scan_parquet(table["path"]) for table in tables})

    def query(self, sql):
        return self.context.execute(sql.strip().rstrip(";")).collect().to_arrow()

    def close(self):
        self.context = None


if __name__ == "__main__":
    serve(Peer)
