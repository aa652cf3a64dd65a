"""Bulk ingest in all modes, from Arrow, pandas and polars."""

import datetime
import decimal

import adbc_driver_manager.dbapi as manager
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

DATA = pa.table(
    {
        "id": pa.array([1, 2, 3], pa.int64()),
        "name": pa.array(["a", None, "c"]),
        "price": pa.array([decimal.Decimal("1.25"), None, decimal.Decimal("-3.50")], pa.decimal128(10, 2)),
        "day": pa.array([datetime.date(2024, 1, 1), None, datetime.date(1969, 12, 31)]),
        "ratio": pa.array([0.5, None, -1.5]),
        "flag": pa.array([True, False, None]),
        "at": pa.array([datetime.datetime(2024, 1, 1, 2, 3, 4), None, None], pa.timestamp("us")),
        "kind": pa.array(["x", "y", "x"]).dictionary_encode(),
    }
)


def rows(c, table):
    with c.cursor() as cur:
        cur.execute(f"SELECT * FROM {table} ORDER BY 1")
        return cur.fetch_arrow_table().to_pylist()


def ingest(c, table, mode, data=DATA, **options):
    with c.cursor() as cur:
        return cur.adbc_ingest(table, data, mode=mode, **options)


def test_create(auto, table):
    assert ingest(auto, table, "create") == 3
    assert rows(auto, table) == DATA.to_pylist()
    with pytest.raises(manager.Error, match="42P07"):
        ingest(auto, table, "create")


def test_append(auto, table):
    with pytest.raises(manager.Error, match="42P01"):
        ingest(auto, table, "append")
    ingest(auto, table, "create")
    assert ingest(auto, table, "append") == 3
    assert len(rows(auto, table)) == 6


def test_replace(auto, table):
    ingest(auto, table, "create")
    assert ingest(auto, table, "replace", DATA.select(["id"])) == 3
    assert rows(auto, table) == DATA.select(["id"]).to_pylist()


def test_create_append(auto, table):
    ingest(auto, table, "create_append")
    ingest(auto, table, "create_append")
    assert len(rows(auto, table)) == 6


def test_append_matches_columns_by_name(auto, table):
    with auto.cursor() as cur:
        cur.execute(f"CREATE TABLE {table} (b text, a int, c int)")
    ingest(auto, table, "append", pa.table({"a": [1], "b": ["x"]}))
    assert rows(auto, table) == [{"b": "x", "a": 1, "c": None}]


def test_failed_ingest_leaves_nothing(auto, table):
    batches = [pa.record_batch({"a": pa.array(["1"])}), pa.record_batch({"a": pa.array(["no number"])})]
    with auto.cursor() as cur:
        cur.execute(f"CREATE TABLE {table} (a int)")
        with pytest.raises(manager.Error, match="SQLSTATE"):
            cur.adbc_ingest(table, pa.RecordBatchReader.from_batches(batches[0].schema, batches), mode="append")
    assert rows(auto, table) == []


def test_inside_a_transaction(server, auto, table):
    with server.connect() as c:
        ingest(c, table, "create")
        assert len(rows(c, table)) == 3
        assert c.adbc_get_table_schema(table).names == DATA.schema.names
        c.rollback()
        with pytest.raises(manager.Error, match="42P01"):
            rows(c, table)
        c.rollback()
        ingest(c, table, "create")
        c.commit()
    assert len(rows(auto, table)) == 3


def test_schema_and_catalog(auto):
    with auto.cursor() as cur:
        cur.execute("CREATE SCHEMA IF NOT EXISTS staging")
        cur.execute("DROP TABLE IF EXISTS staging.t")
    ingest(auto, "t", "create", catalog_name="oxidb", db_schema_name="staging")
    assert len(rows(auto, "staging.t")) == 3
    with pytest.raises(manager.Error, match="3D000"):
        ingest(auto, "t", "append", catalog_name="other")
    with auto.cursor() as cur:
        cur.execute("DROP TABLE staging.t")


def test_temporary_is_refused_clearly(auto, table):
    with pytest.raises(manager.NotSupportedError, match="temporary"):
        ingest(auto, table, "create", temporary=True)


def test_names_that_need_quotes(auto):
    name = 'Odd "name" ä'
    with auto.cursor() as cur:
        cur.execute('DROP TABLE IF EXISTS "Odd ""name"" ä"')
    data = pa.table({"Select": [1], 'a"b': ["x"]})
    ingest(auto, name, "create", data)
    assert rows(auto, '"Odd ""name"" ä"') == data.to_pylist()
    with auto.cursor() as cur:
        cur.execute('DROP TABLE "Odd ""name"" ä"')


def test_empty_data_makes_the_table(auto, table):
    empty = pa.RecordBatch.from_pylist([], schema=DATA.select(["id", "name"]).schema)
    assert ingest(auto, table, "create", empty) == 0
    assert rows(auto, table) == []


def test_many_batches(auto, table):
    n = 300_000
    data = pa.table({"id": pa.array(range(n), pa.int32()), "s": pa.array([f"row {i}" for i in range(n)])})
    with auto.cursor() as cur:
        assert cur.adbc_ingest(table, data.to_reader(max_chunksize=10_000), mode="create") == n
        cur.execute(f"SELECT count(*), sum(id), count(DISTINCT s) FROM {table}")
        assert cur.fetchone() == (n, n * (n - 1) // 2, n)


def test_pandas(server, table):
    frame = pd.DataFrame({"id": [1, 2, 3], "name": ["a", None, "c"], "x": [1.5, float("nan"), 3.0]})
    with server.connect() as c:
        assert frame.to_sql(table, c, index=False) == 3
        frame.to_sql(table, c, index=False, if_exists="append")
        with pytest.raises(ValueError, match="already exists"):
            frame.to_sql(table, c, index=False, if_exists="fail")
        got = pd.read_sql(f"SELECT * FROM {table} ORDER BY id", c)
        assert list(got["id"]) == [1, 1, 2, 2, 3, 3]
        frame.to_sql(table, c, index=False, if_exists="replace")
        got = pd.read_sql(f"SELECT id, name FROM {table} WHERE id > 1 ORDER BY id", c)
        assert list(got["id"]) == [2, 3]
        c.commit()


def test_polars(server, table):
    frame = pl.DataFrame({"id": [1, 2, 3], "name": ["a", None, "c"], "day": [datetime.date(2024, 1, i) for i in (1, 2, 3)]})
    with server.connect() as c:
        assert frame.write_database(table, c, engine="adbc") in (3, -1)
        frame.write_database(table, c, engine="adbc", if_table_exists="append")
        got = pl.read_database(f"SELECT * FROM {table} ORDER BY id, name", c)
        assert got["id"].to_list() == [1, 1, 2, 2, 3, 3]
        frame.write_database(table, c, engine="adbc", if_table_exists="replace")
        got = pl.read_database(f"SELECT * FROM {table} ORDER BY id", c)
        assert got.equals(frame)
        c.commit()
