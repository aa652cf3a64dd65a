"""Python's DB-API over ADBC: what every tool on top of it does."""

import datetime
import decimal

import adbc_driver_flightsql
import adbc_driver_manager
import adbc_driver_manager.dbapi as manager
import pyarrow as pa
import pytest


def fetch(c, sql, parameters=None):
    with c.cursor() as cur:
        cur.execute(sql, parameters)
        return cur.fetchall()


def test_types(connection):
    row = fetch(
        connection,
        """SELECT true, 1::smallint, 2, 3::bigint, 1.5::real, 2.5::double precision, 12.340::numeric(10,3), 'grün', date '2024-02-29',
           timestamp '2024-02-29 12:34:56.789', timestamptz '2024-02-29 12:34:56+02', NULL::int, '\\x00ff'::bytea, time '01:02:03'""",
    )[0]
    utc = datetime.timezone.utc
    assert row[:9] == (True, 1, 2, 3, 1.5, 2.5, decimal.Decimal("12.340"), "grün", datetime.date(2024, 2, 29))
    assert row[9] == datetime.datetime(2024, 2, 29, 12, 34, 56, 789000)
    assert row[10].astimezone(utc) == datetime.datetime(2024, 2, 29, 10, 34, 56, tzinfo=utc)
    assert row[11:] == (None, b"\x00\xff", datetime.time(1, 2, 3))


def test_parameters(connection):
    assert fetch(connection, "SELECT ? + 1, upper(?)", (41, "x")) == [(42, "X")]
    assert fetch(connection, "SELECT $2 || $1", ("a", "b")) == [("ba",)]


def test_parameters_take_their_types_from_values(connection):
    day = datetime.date(2020, 1, 2)
    assert fetch(connection, "SELECT ?, ?, ?, ?", ("text", 7, 2.5, day)) == [("text", 7, 2.5, day)]


def test_null_parameter(connection):
    assert fetch(connection, "SELECT ?::int IS NULL", (None,)) == [(True,)]


def test_decimal_and_timestamp_parameters(auto, table):
    with auto.cursor() as cur:
        cur.execute(f"CREATE TABLE {table} (d numeric(12,2), t timestamp, b boolean, x bytea)")
        when = datetime.datetime(2023, 5, 6, 7, 8, 9, 123456)
        cur.execute(f"INSERT INTO {table} VALUES (?, ?, ?, ?)", (decimal.Decimal("1234.56"), when, True, b"\x01"))
        cur.execute(f"SELECT * FROM {table} WHERE d = ? AND t = ?", (decimal.Decimal("1234.56"), when))
        assert cur.fetchall() == [(decimal.Decimal("1234.56"), when, True, b"\x01")]


def test_executemany(auto, table):
    rows = [(i, f"name {i}") for i in range(500)]
    with auto.cursor() as cur:
        cur.execute(f"CREATE TABLE {table} (id int, name text)")
        cur.executemany(f"INSERT INTO {table} VALUES (?, ?)", rows)
        assert cur.rowcount == 500
        cur.execute(f"SELECT * FROM {table} ORDER BY id")
        assert cur.fetchall() == rows


def test_executemany_is_atomic(auto, table):
    with auto.cursor() as cur:
        cur.execute(f"CREATE TABLE {table} (id int NOT NULL)")
        with pytest.raises(manager.Error, match="23502"):
            cur.executemany(f"INSERT INTO {table} VALUES (?)", [(1,), (2,), (None,)])
        cur.execute(f"SELECT count(*) FROM {table}")
        assert cur.fetchone() == (0,)


def test_rowcount_of_changes(auto, table):
    with auto.cursor() as cur:
        cur.execute(f"CREATE TABLE {table} (id int)")
        cur.executescript(f"INSERT INTO {table} VALUES (1), (2), (3); DELETE FROM {table} WHERE id > 2")
        cur.adbc_statement.set_sql_query(f"UPDATE {table} SET id = id + 1")
        assert cur.adbc_statement.execute_update() == 2


def test_commit_and_rollback(server, auto, table):
    with auto.cursor() as cur:
        cur.execute(f"CREATE TABLE {table} (id int)")
    with server.connect() as c, c.cursor() as cur:
        cur.execute(f"INSERT INTO {table} VALUES (1)")
        assert fetch(auto, f"SELECT count(*) FROM {table}") == [(0,)]
        c.commit()
        assert fetch(auto, f"SELECT count(*) FROM {table}") == [(1,)]
        cur.execute(f"INSERT INTO {table} VALUES (2)")
        cur.execute(f"SELECT count(*) FROM {table}")
        assert cur.fetchone() == (2,)
        c.rollback()
        cur.execute(f"SELECT count(*) FROM {table}")
        assert cur.fetchone() == (1,)


def test_statement_prepared_before_commit_joins_the_next_transaction(server, auto, table):
    # The driver keeps a prepared statement when the same text is executed again.
    with auto.cursor() as cur:
        cur.execute(f"CREATE TABLE {table} (id int)")
    with server.connect() as c, c.cursor() as cur:
        for i in range(3):
            cur.execute(f"INSERT INTO {table} VALUES (?)", (i,))
            c.commit()
        cur.execute(f"INSERT INTO {table} VALUES (?)", (99,))
        c.rollback()
    assert fetch(auto, f"SELECT id FROM {table} ORDER BY id") == [(0,), (1,), (2,)]


def test_commit_as_text_inside_a_transaction(server, auto, table):
    with auto.cursor() as cur:
        cur.execute(f"CREATE TABLE {table} (id int)")
    with server.connect() as c, c.cursor() as cur:
        cur.execute(f"INSERT INTO {table} VALUES (1)")
        cur.execute("COMMIT")
        cur.execute(f"INSERT INTO {table} VALUES (2)")
        c.rollback()
    assert fetch(auto, f"SELECT id FROM {table}") == [(1,)]


def test_write_conflict(server, auto, table):
    with auto.cursor() as cur:
        cur.executescript(f"CREATE TABLE {table} (id int, v int); INSERT INTO {table} VALUES (1, 0)")
    with server.connect() as a, server.connect() as b, a.cursor() as first, b.cursor() as second:
        first.execute(f"SELECT * FROM {table}")
        first.fetchall()
        second.execute(f"UPDATE {table} SET v = 2")
        second.fetchall()
        b.commit()
        with pytest.raises(manager.Error, match="40001"):
            first.execute(f"UPDATE {table} SET v = 1")
            first.fetchall()
            a.commit()
        a.rollback()


def test_failed_transaction_needs_rollback(connection):
    with connection.cursor() as cur:
        with pytest.raises(manager.Error, match="22012"):
            cur.execute("SELECT 1/0")
            cur.fetchall()
        connection.rollback()
        cur.execute("SELECT 1")
        assert cur.fetchall() == [(1,)]


@pytest.mark.parametrize(
    "sql, state, kind",
    [
        ("SELEC 1", "42601", manager.ProgrammingError),
        ("SELECT nothing_such FROM (SELECT 1) t", "42703", manager.ProgrammingError),
        ("SELECT * FROM no_such_table", "42P01", manager.ProgrammingError),
        ("SELECT 1/0", "22012", manager.ProgrammingError),
        ("SELECT 2147483647 + 1", "22003", manager.ProgrammingError),
        ("SELECT 'x'::int", "22P02", manager.ProgrammingError),
        ("CREATE SCHEMA public", "42P06", manager.ProgrammingError),
    ],
)
def test_errors_have_sqlstate(auto, sql, state, kind):
    with auto.cursor() as cur, pytest.raises(kind, match=f"SQLSTATE {state}"):
        cur.execute(sql)
        cur.fetchall()


def test_error_has_a_position_and_details(auto):
    with auto.cursor() as cur, pytest.raises(manager.Error, match="at line 2, column 3") as raised:
        cur.execute("SELECT 1,\n  nothing_such")
    details = b"".join(d if isinstance(d, bytes) else d.encode() for _, d in raised.value.details)
    assert b"42703" in details and b"google.rpc.ErrorInfo" in details


def test_begin_as_text_without_session(auto):
    with auto.cursor() as cur, pytest.raises(manager.NotSupportedError, match="BeginTransaction"):
        cur.execute("BEGIN")
        cur.fetchall()


def test_begin_as_text_with_cookies(server, auto, table):
    with auto.cursor() as cur:
        cur.execute(f"CREATE TABLE {table} (id int)")
    cookies = {adbc_driver_flightsql.DatabaseOptions.WITH_COOKIE_MIDDLEWARE.value: "true"}
    with server.connect(db_kwargs=cookies, autocommit=True) as c, c.cursor() as cur:
        cur.execute("BEGIN")
        cur.execute(f"INSERT INTO {table} VALUES (1)")
        cur.execute("ROLLBACK")
        cur.execute("BEGIN")
        cur.execute(f"INSERT INTO {table} VALUES (2)")
        assert fetch(auto, f"SELECT id FROM {table}") == []
        cur.execute("COMMIT")
        cur.execute("SET timezone = 'Europe/Berlin'")
        cur.execute("SHOW timezone")
        assert cur.fetchall() == [("Europe/Berlin",)]
    assert fetch(auto, f"SELECT id FROM {table}") == [(2,)]


def test_set_and_ddl_run_once(connection, table):
    with connection.cursor() as cur:
        cur.execute("SET timezone = 'Europe/Berlin'")
        assert cur.fetchall() == []
        cur.execute("SHOW timezone")
        assert cur.fetchall() == [("Europe/Berlin",)]
        cur.execute(f"CREATE TABLE {table} (id int)")
        assert cur.fetch_arrow_table().num_columns == 0
        cur.execute(f"INSERT INTO {table} VALUES (1)")
        cur.execute(f"SELECT count(*) FROM {table}")
        assert cur.fetchone() == (1,)


def test_empty_result_has_its_schema(connection):
    with connection.cursor() as cur:
        cur.execute("SELECT 1 AS a, 'x' AS b WHERE false")
        result = cur.fetch_arrow_table()
    assert result.schema.names == ["a", "b"] and result.num_rows == 0


def test_large_result(connection):
    with connection.cursor() as cur:
        cur.execute("SELECT g, repeat('x', 100) AS s FROM generate_series(1, 200000) AS t(g)")
        result = cur.fetch_arrow_table()
    assert result.num_rows == 200000
    assert sum(result["g"].to_pylist()) == 200000 * 200001 // 2


def test_wide_rows_are_cut_by_bytes(connection):
    # 4,096 rows of 10 kB are 40 MB: more than any client takes as one message.
    with connection.cursor() as cur:
        cur.execute("SELECT repeat('x', 10000) AS s FROM generate_series(1, 5000)")
        result = cur.fetch_arrow_table()
    assert result.num_rows == 5000
    assert set(result["s"].to_pylist()) == {"x" * 10000}
    assert max(b.nbytes for b in result.to_batches()) < 4 << 20


def test_result_columns_tell_their_sql_type(connection):
    with connection.cursor() as cur:
        cur.execute("SELECT 1.5::numeric(10,2) AS n, 'x'::varchar(5) AS v")
        schema = cur.fetch_record_batch().schema
    meta = schema.field("n").metadata
    assert meta[b"ARROW:FLIGHT:SQL:TYPE_NAME"] == b"numeric"
    assert (meta[b"ARROW:FLIGHT:SQL:PRECISION"], meta[b"ARROW:FLIGHT:SQL:SCALE"]) == (b"10", b"2")
    assert schema.field("v").metadata[b"ARROW:FLIGHT:SQL:TYPE_NAME"] == b"character varying"


def test_get_objects(auto, table):
    with auto.cursor() as cur:
        cur.execute(f"CREATE TABLE {table} (id int PRIMARY KEY, price numeric(10,2) NOT NULL, note text)")
    objects = auto.adbc_get_objects(table_name_filter=table).read_all().to_pylist()
    assert [c["catalog_name"] for c in objects] == ["oxidb"]
    found = {s["db_schema_name"]: s["db_schema_tables"] for s in objects[0]["catalog_db_schemas"]}["public"]
    assert [(t["table_name"], t["table_type"]) for t in found] == [(table, "TABLE")]
    columns = found[0]["table_columns"]
    assert [c["column_name"] for c in columns] == ["id", "price", "note"]
    assert [c["xdbc_type_name"] for c in columns] == ["integer", "numeric", "text"]
    assert {c["xdbc_scope_table"] for c in columns} == {table}


def test_get_table_schema(auto, table):
    with auto.cursor() as cur:
        cur.execute(f"CREATE TABLE {table} (id bigint NOT NULL, price numeric(10,2), day date)")
    schema = auto.adbc_get_table_schema(table)
    assert schema.names == ["id", "price", "day"]
    assert schema.types == [pa.int64(), pa.decimal128(10, 2), pa.date32()]
    assert [f.nullable for f in schema] == [False, True, True]
    with pytest.raises(manager.Error):
        auto.adbc_get_table_schema("no_such_table")


def test_get_info_and_table_types(auto):
    info = auto.adbc_get_info()
    assert info["vendor_name"] == "OxiDB" and info["vendor_arrow_version"]
    assert auto.adbc_get_table_types() == ["TABLE", "VIEW"]


def test_current_catalog_and_schema(server):
    cookies = {adbc_driver_flightsql.DatabaseOptions.WITH_COOKIE_MIDDLEWARE.value: "true"}
    with server.connect(db_kwargs=cookies, autocommit=True) as c, c.cursor() as cur:
        assert (c.adbc_current_catalog, c.adbc_current_db_schema) == ("oxidb", "public")
        cur.execute("CREATE SCHEMA other")
        c.adbc_current_db_schema = "other"
        assert c.adbc_current_db_schema == "other"
        cur.execute("CREATE TABLE here (id int)")
        cur.execute("SELECT table_schema FROM information_schema.tables WHERE table_name = 'here'")
        assert cur.fetchall() == [("other",)]
        cur.execute("DROP TABLE here")
        with pytest.raises(adbc_driver_manager.Error):
            c.adbc_current_db_schema = "no_such_schema"
