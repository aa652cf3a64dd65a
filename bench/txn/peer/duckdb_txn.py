#!/usr/bin/env python3
"""DuckDB as a peer of the commit benchmark: a line in, a line out.

    python3 duckdb_txn.py DATABASE

Every answer is one line, "ok ..." or "error ..."; the first, before any command, is "ok VERSION".

    RUN clients seconds   insert single rows from as many threads, each row a transaction: "ok COMMITS SECONDS"
    QUIT                  close the database and end: "ok"

A commit takes DuckDB about as long as the disk; what Python adds to it is a few hundredths of that.
"""
import itertools
import sys
import threading
import time

import duckdb


def client(con, ids, until, counts, errors):
    con = con.cursor()
    done = 0
    try:
        while time.perf_counter() < until:
            con.execute("insert into t values (?, ?, ?)", [next(ids), "a value of middling length", 42])
            done += 1
    except duckdb.Error as error:
        errors.append(error)
    counts.append(done)


def run(con, ids, clients, seconds):
    counts, errors = [], []
    start = time.perf_counter()
    threads = [threading.Thread(target=client, args=(con, ids, start + seconds, counts, errors)) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return sum(counts), time.perf_counter() - start


def main():
    con = duckdb.connect(sys.argv[1])
    con.execute("create table t (id bigint primary key, a varchar, b integer)")
    ids = itertools.count(1)
    print("ok", duckdb.__version__, flush=True)
    for line in sys.stdin:
        words = line.split()
        try:
            if words[0] == "QUIT":
                con.close()
                print("ok", flush=True)
                return
            if words[0] != "RUN":
                raise ValueError(f"unknown command {words[0]}")
            commits, seconds = run(con, ids, int(words[1]), float(words[2]))
            print("ok", commits, seconds, flush=True)
        except Exception as error:  # the runner decides
            print("error", str(error).replace("\n", " "), flush=True)


main()
