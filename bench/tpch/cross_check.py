#!/usr/bin/env python3
"""Compares this generator's tables and answers with those of DuckDB's own tpch extension.

    python3 cross_check.py EXTENSION [scale ...]    (default: 0.01 0.1 1)

EXTENSION is the tpch.duckdb_extension file of this Python's duckdb version (PyPI duckdb-extension-tpch
holds it for DuckDB 1.5.5; there is none for 2.0.0). Checked are, for every scale: the rows of all tables
against CALL dbgen, and answers/ against tpch_answers(), which the extension's authors recorded: the same
rows in the same order, numbers equal within 1e-9.

The extension departs from the official generator in the text of comments and addresses, so these columns
are left out, and Q13, which counts words of comments (its answer is checked by official_answers.py).
"""
import csv
import gzip
import io
import math
import pathlib
import subprocess
import sys
import tempfile

import duckdb

HERE = pathlib.Path(__file__).resolve().parent
TABLES = "region nation supplier customer part partsupp orders lineitem".split()
OWN_TEXT = ("_comment", "_address")


def compare_tables(con, scale):
    """The number of tables with a row that the other side lacks."""
    con.execute(f"call dbgen(sf => {scale})")
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["go", "run", "./export", "-scale", scale, "-dir", folder], cwd=HERE, check=True)
        for table in TABLES:
            columns = ", ".join(c[0] for c in con.execute(f"describe {table}").fetchall()
                                if not c[0].endswith(OWN_TEXT))
            ours = f"select {columns} from '{folder}/{table}.parquet'"
            theirs = f"select {columns} from {table}"
            extra, missing = con.execute(
                f"select (select count(*) from ({ours} except all {theirs})),"
                f" (select count(*) from ({theirs} except all {ours}))").fetchone()
            wrong += extra + missing > 0
            print(f"{scale:>5} {table:<9} {extra} rows of ours alone, {missing} of theirs")
    return wrong


def committed(scale, number):
    path = HERE / "answers" / f"sf{scale}" / f"q{number:02d}.csv"
    data = path.read_bytes() if path.exists() else gzip.decompress(path.with_suffix(".csv.gz").read_bytes())
    header, *rows = csv.reader(io.StringIO(data.decode()))
    return without_text(header, rows)


def without_text(header, rows):
    kept = [i for i, name in enumerate(header) if not name.split(":")[0].endswith(OWN_TEXT)]
    return [[row[i] for i in kept] for row in rows]


def equal(ours, theirs):
    if ours == theirs or (ours == "\\N" and theirs in ("", "NULL")):
        return True
    try:
        return math.isclose(float(ours), float(theirs), rel_tol=1e-9)
    except ValueError:
        return False


def compare_answers(con, scale):
    """The number of queries whose recorded answers differ."""
    wrong = 0
    for number, answer in con.execute(
            "select query_nr, answer from tpch_answers() where scale_factor = ?", [float(scale)]).fetchall():
        ours = committed(scale, number)
        if number == 13:
            continue
        header, *rows = csv.reader(io.StringIO(answer), delimiter="|")
        theirs = without_text(header, [row or [""] for row in rows])
        same = len(ours) == len(theirs) and all(
            len(a) == len(b) and all(map(equal, a, b)) for a, b in zip(ours, theirs))
        wrong += not same
        print(f"{scale:>5} Q{number:<2} {'equal' if same else 'DIFFERENT'}, {len(ours)} rows")
        if not same:
            print(f"    {len(theirs)} rows", *[pair for pair in zip(ours, theirs) if not all(map(equal, *pair))][:2])
    return wrong


def main():
    wrong = 0
    for scale in sys.argv[2:] or ["0.01", "0.1", "1"]:
        con = duckdb.connect()
        con.execute(f"load '{sys.argv[1]}'")
        wrong += compare_tables(con, scale) + compare_answers(con, scale)
    sys.exit(f"{wrong} differences" if wrong else 0)


if __name__ == "__main__":
    main()
