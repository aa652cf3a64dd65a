#!/usr/bin/env python3
"""Apache DataFusion as a peer of the benchmark; see protocol.py."""
import os

from protocol import serve


class Peer:
    name = "datafusion"
    stores = False
    note = ""

    def __init__(self, threads):
        os.environ["TOKIO_WORKER_THREADS"] = str(threads)
        import datafusion

        self.version = datafusion.__version__
        self.context = datafusion.SessionContext(datafusion.SessionConfig().with_target_partitions(threads))

    def open(self, directory, tables):
        for table in tables:
            self.context.register_view(table["name"], self.context.read_parquet(table["path"]).cache())

    def attach(self, tables):
        for table in tables:
            self.context.register_parquet(table["name"], table["path"])

    def query(self, sql):
        return self.context.sql(sql).to_arrow_table()

    def close(self):
        self.context = None


if __name__ == "__main__":
    serve(Peer)
