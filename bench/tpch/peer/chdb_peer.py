#!/usr/bin/env python3
"""chDB, which is ClickHouse in process, as a peer of the benchmark; see protocol.py. Its tables are MergeTrees in the order of their primary keys."""
import re

from protocol import serve


def exact(sql):
    """Sums of literals as decimals: 0.06 - 0.01 is less than 0.05 in floating point."""
    return re.sub(r"(\d+\.\d+) ([+-]) (\d+\.\d+)", r"toDecimal64('\1', 2) \2 toDecimal64('\3', 2)", sql)


class Peer:
    name = "chdb"
    stores = True
    note = (
        "set join_use_nulls = 1, aggregate_functions_null_for_empty = 1, without which it has 0 where others have NULL; sums of two literals (Q6)"
        " are of decimals, as its literals are floating point"
    )

    def __init__(self, threads):
        import chdb
        import pyarrow
        from chdb import session

        self.pyarrow, self.version, self.threads, self.start = pyarrow, chdb.__version__, threads, session.Session
        self.session = None

    def begin(self, directory=None):
        self.session = self.start(directory) if directory else self.start()
        self.session.query(f"set max_threads = {self.threads}, join_use_nulls = 1, aggregate_functions_null_for_empty = 1")

    def load(self, directory, tables):
        self.begin(directory)
        self.session.query("create database tpch engine = Atomic")
        self.session.query("use tpch")
        for table in tables:
            self.session.query(table["ddl"].rstrip("; \n") + " engine = MergeTree")
            self.session.query(f"insert into {table['name']} select * from file('{table['path']}', Parquet)")
            self.session.query(f"optimize table {table['name']} final")

    def open(self, directory, tables):
        self.begin(directory)
        self.session.query("use tpch")

    def attach(self, tables):
        self.begin()
        for table in tables:
            self.session.query(f"create view {table['name']} as select * from file('{table['path']}', Parquet)")

    def query(self, sql):
        return self.pyarrow.ipc.open_stream(self.session.query(exact(sql), "ArrowStream").bytes()).read_all()

    def close(self):
        if self.session:
            self.session.close()


if __name__ == "__main__":
    serve(Peer)
