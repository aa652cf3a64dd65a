#!/usr/bin/env python3
"""DuckDB as the other side of a benchmark: a line in, a line out, so that a runner can take turns.

    python3 duckdb_bench.py DATA [DATABASE]

DATA is a folder of <table>.parquet, or a DuckDB file that already has the tables. The folder is loaded
once into DATABASE (default: DATA/tpch.duckdb, reused when it exists), with the types and NOT NULL of
../schema.sql but no primary keys, whose indexes no query needs. The queries are ../queries/q*.sql.

Every answer is one line, "ok ..." or "error ..."; the first, before any command, is
"ok VERSION THREADS LOAD_MILLIS".

    RUN n         run query n, fetch all rows as Arrow: "ok MILLIS ROWS", time of plan, execute and fetch
    THREADS n     set the number of threads: "ok n"
    PEAK          peak resident memory of this process: "ok BYTES"
    LOADCSV path  load a lineitem CSV file with header into a fresh table, checkpoint: "ok MILLIS ROWS"
    QUIT          close the database and end: "ok"
"""
import pathlib
import re
import resource
import sys
import time

import duckdb

HERE = pathlib.Path(__file__).resolve().parent
QUERIES = [(HERE / f"../queries/q{n:02d}.sql").read_text() for n in range(1, 23)]
SCHEMA = {}
for statement in re.sub(r",\s*primary key \([^)]*\)", "", (HERE / "../schema.sql").read_text()).split(";"):
    if statement.strip():
        SCHEMA[statement.split()[2]] = statement


def open_database(data, database):
    """The connection, with all tables loaded, and how long loading took (0 when it was there)."""
    if data.is_file():
        return duckdb.connect(str(data)), 0
    database = database or data / "tpch.duckdb"
    if database.exists():
        return duckdb.connect(str(database)), 0
    start = time.perf_counter()
    partial = database.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    con = duckdb.connect(str(partial))
    for table, statement in SCHEMA.items():
        con.execute(statement)
        con.execute(f"insert into {table} from read_parquet(?)", [str(data / f"{table}.parquet")])
    con.execute("checkpoint")
    con.close()
    partial.rename(database)
    return duckdb.connect(str(database)), millis(start)


def millis(start):
    return round((time.perf_counter() - start) * 1000, 3)


def single(con, sql):
    """A query's one value. fetchall, as a result that is not read to its end keeps the connection busy."""
    return con.execute(sql).fetchall()[0][0]


def run(con, number):
    start = time.perf_counter()
    rows = con.sql(QUERIES[number - 1]).to_arrow_table().num_rows
    return f"{millis(start)} {rows}"


def load_csv(con, path):
    con.execute("drop table if exists csv_load")
    con.execute(SCHEMA["lineitem"].replace("lineitem", "csv_load", 1))
    start = time.perf_counter()
    con.execute("insert into csv_load from read_csv(?, header = true)", [path])
    con.execute("checkpoint")
    elapsed = millis(start)
    rows = single(con, "select count(*) from csv_load")
    con.execute("drop table csv_load")
    return f"{elapsed} {rows}"


def answer(con, line):
    command, _, argument = line.strip().partition(" ")
    if command == "RUN" and argument.isdigit() and 1 <= int(argument) <= len(QUERIES):
        return run(con, int(argument))
    if command == "THREADS" and argument.isdigit():
        con.execute(f"set threads = {argument}")
        return argument
    if command == "PEAK":
        return str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
    if command == "LOADCSV":
        return load_csv(con, argument)
    raise ValueError(f"no such command: {line.strip()}")


def say(text):
    print(" ".join(text.split()), flush=True)


def main():
    database = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else None
    con, load_millis = open_database(pathlib.Path(sys.argv[1]), database)
    threads = single(con, "select current_setting('threads')")
    say(f"ok {duckdb.__version__} {threads} {load_millis}")
    for line in sys.stdin:
        if line.strip() == "QUIT":
            break
        try:
            say("ok " + answer(con, line))
        except Exception as error:  # the runner decides what a failure means
            say(f"error {type(error).__name__}: {error}")
    con.close()
    say("ok")


if __name__ == "__main__":
    main()
