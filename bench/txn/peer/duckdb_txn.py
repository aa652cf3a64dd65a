#!/usr/bin/env python3
"""DuckDB as a peer of the commit benchmark: a line in, a line out.

    python3 duckdb_txn.py DATABASE

Every answer is one line, "ok ..." or "error ..."; the first, before any command, is "ok VERSION".

    RUN clients seconds   insert single rows from as many threads, each row a transaction: "ok COMMITS SECONDS"
    SHORT kind seconds rows   point, aggregate or insert on a table of rows in memory: "ok PER_SECOND P50 P99", in microseconds
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


SHORT = {
    "point": "select id, a, b from s where id = ?",
    "aggregate": "select count(*), sum(id), min(a) from s where g = ?",
    "insert": "insert into s values (?, 'a value of middling length', 42, 1000000)",
}
memory = None
inserted = 0


def short(kind, seconds, rows):
    """Per second, median and 99th percentile in microseconds of short statements in memory."""
    global memory, inserted
    if memory is None:
        memory = duckdb.connect(":memory:")
        memory.execute("create table s (id bigint primary key, a varchar, b integer, g integer)")
        memory.execute("create index s_g on s (g)")
        memory.execute(f"insert into s select i, 'value ' || i, i % 100, i % 10000 from range(1, {rows + 1}) as r(i)")
    times = []
    clock = time.perf_counter
    n, start = 0, clock()
    while clock() < start + seconds:
        n += 1
        key = n * 7919 % rows + 1
        if kind == "aggregate":
            key %= 10000
        elif kind == "insert":
            inserted += 1
            key = rows + inserted
        before = clock()
        memory.execute(SHORT[kind], [key]).fetchall()
        times.append(clock() - before)
    times.sort()
    return len(times) / seconds, times[len(times) // 2] * 1e6, times[len(times) * 99 // 100] * 1e6


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
            if words[0] == "SHORT":
                print("ok", *short(words[1], float(words[2]), int(words[3])), flush=True)
                continue
            if words[0] != "RUN":
                raise ValueError(f"unknown command {words[0]}")
            commits, seconds = run(con, ids, int(words[1]), float(words[2]))
            print("ok", commits, seconds, flush=True)
        except Exception as error:  # the runner decides
            print("error", str(error).replace("\n", " "), flush=True)


main()
