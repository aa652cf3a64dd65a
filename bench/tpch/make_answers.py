#!/usr/bin/env python3
"""Writes answers/sf*/q*.csv: the 22 queries answered by DuckDB over the data of this generator.

    python3 make_answers.py [scale ...]        (default: 0.01 0.1 1; needs duckdb and go)

Format: CSV in UTF-8. The header names every column and its type as name:type with the types text,
date (ISO), numeric (exact: integers and decimals) and double (shortest text that reads back the same).
NULL is \\N. Rows are in the order of the query. Files above 32 KiB are gzipped (q*.csv.gz).
A query whose LIMIT cuts rows apart that ORDER BY calls equal has no one answer: the script refuses it.
"""
import csv
import gzip
import io
import pathlib
import re
import subprocess
import sys
import tempfile

import duckdb

HERE = pathlib.Path(__file__).resolve().parent
TABLES = "region nation supplier customer part partsupp orders lineitem".split()
GZIP_ABOVE = 32 << 10
# PostgreSQL's names for columns that the specification leaves unnamed.
NAMES = {(18, 5): "sum"}


def load(scale):
    """A DuckDB in memory with the tables as the generator makes them."""
    con = duckdb.connect()
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["go", "run", "./export", "-scale", scale, "-dir", folder], cwd=HERE, check=True)
        for statement in (HERE / "schema.sql").read_text().split(";"):
            if statement.strip():
                con.execute(statement)
        for table in TABLES:
            con.execute(f"insert into {table} from '{folder}/{table}.parquet'")
    return con


def column_type(duckdb_type):
    if duckdb_type in ("VARCHAR", "DATE", "DOUBLE"):
        return {"VARCHAR": "text", "DATE": "date", "DOUBLE": "double"}[duckdb_type]
    if re.match(r"(DECIMAL|HUGEINT|BIGINT|INTEGER)", duckdb_type):
        return "numeric"
    raise TypeError(duckdb_type)


def text(value, kind):
    if value is None:
        return "\\N"
    if kind == "double":
        return repr(value)
    return format(value, "f") if kind == "numeric" and not isinstance(value, int) else str(value)


def check_limit(con, number, sql):
    """Fails when the row after the last has the last one's sort keys."""
    limit = re.search(r"\s+limit (\d+);\s*$", sql)
    if not limit:
        return
    rows = int(limit[1])
    body = sql[: limit.start()]
    keys = [key.split()[0] for key in body[body.rindex("order by") + len("order by"):].split(",")]
    found = con.execute(f"select {', '.join(keys)} from ({body} limit {rows + 1})").fetchall()
    if len(found) > rows and found[rows] == found[rows - 1]:
        raise ValueError(f"Q{number}: rows {rows} and {rows + 1} tie")


def answer(con, number):
    sql = (HERE / "queries" / f"q{number:02d}.sql").read_text()
    check_limit(con, number, sql)
    result = con.execute(sql)
    columns = [(NAMES.get((number, i), name), column_type(str(kind)))
               for i, (name, kind, *_) in enumerate(result.description)]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(f"{name}:{kind}" for name, kind in columns)
    for row in result.fetchall():
        writer.writerow(text(value, kind) for value, (_, kind) in zip(row, columns))
    return out.getvalue().encode()


def write(folder, number, data):
    plain, packed = folder / f"q{number:02d}.csv", folder / f"q{number:02d}.csv.gz"
    plain.unlink(missing_ok=True)
    packed.unlink(missing_ok=True)
    if len(data) > GZIP_ABOVE:
        packed.write_bytes(gzip.compress(data, 9, mtime=0))
    else:
        plain.write_bytes(data)


def main():
    for scale in sys.argv[1:] or ["0.01", "0.1", "1"]:
        con = load(scale)
        folder = HERE / "answers" / f"sf{scale}"
        folder.mkdir(parents=True, exist_ok=True)
        for number in range(1, 23):
            write(folder, number, answer(con, number))
        print(f"scale factor {scale}: answers by DuckDB {duckdb.__version__}")


if __name__ == "__main__":
    main()
