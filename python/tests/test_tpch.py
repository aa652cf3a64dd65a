"""The 22 queries of TPC-H over the wire, against the answers in bench/tpch/answers."""

import csv
import gzip
import math
import os
import re
from decimal import Decimal

import pytest
from conftest import ROOT, Server

SCALE = os.environ.get("OXIDB_TPCH_SCALE", "0.01")  # 0.01, 0.1 or 1: scales with answers


@pytest.fixture(scope="module")
def tpch():
    s = Server("--db", ":memory:")
    with s.connect(autocommit=True) as c:
        with c.cursor() as cur:
            cur.execute(f"CALL tpch_dbgen(sf => {SCALE})")
        yield c
    assert s.stop() == 0


def answer(number):
    path = ROOT / f"bench/tpch/answers/sf{SCALE}/q{number:02}.csv"
    if path.exists():
        text = path.read_text()
    else:
        text = gzip.open(f"{path}.gz", "rt").read()
    header, *rows = csv.reader(text.splitlines())
    return [h.rsplit(":", 1) for h in header], rows


def same(kind, got, want):
    if got is None or want == r"\N":
        return got is None and want == r"\N"
    if kind == "text":
        return str(got).rstrip() == want.rstrip()
    if kind == "date":
        return str(got) == want
    if kind == "double" or isinstance(got, float):
        return math.isclose(float(got), float(want), rel_tol=1e-6)
    return Decimal(got) == Decimal(want)


@pytest.mark.parametrize("number", range(1, 23))
def test_query(tpch, number):
    sql = re.sub(r";\s*$", "", next((ROOT / "bench/tpch/queries").glob(f"q{number:02}.sql")).read_text())
    columns, want = answer(number)
    with tpch.cursor() as cur:
        cur.execute(sql)
        names = [d[0] for d in cur.description]
        got = cur.fetchall()
    assert names == [name for name, _ in columns]
    assert len(got) == len(want)
    for i, (row, expected) in enumerate(zip(got, want)):
        for (name, kind), value, text in zip(columns, row, expected):
            assert same(kind, value, text), f"row {i}, {name}: got {value!r}, want {text!r}"
