"""The oxidb package: DB-API 2.0, results, ingest, errors, transactions."""

import datetime
import decimal
import io
import threading
import uuid

import adbc_driver_manager.dbapi as adbc
import numpy as np
import oxidb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

ENDLESS = "SELECT sum(a.g + b.g) FROM generate_series(1, 1000000) AS a(g), generate_series(1, 1000000) AS b(g)"


@pytest.fixture
def db(server):
    """A connection as PEP 249 has it: a transaction is open."""
    connection = oxidb.connect(server.uri)
    yield connection
    connection.close()


@pytest.fixture
def other(server):
    with oxidb.connect(server.uri, autocommit=True) as connection:
        yield connection


# PEP 249


def test_module():
    assert (oxidb.apilevel, oxidb.paramstyle, oxidb.threadsafety) == ("2.0", "qmark", 2)
    assert issubclass(oxidb.Warning, Exception) and issubclass(oxidb.Error, Exception)
    assert issubclass(oxidb.InterfaceError, oxidb.Error) and not issubclass(oxidb.InterfaceError, oxidb.DatabaseError)
    for name in ("DataError", "OperationalError", "IntegrityError", "InternalError", "ProgrammingError", "NotSupportedError"):
        kind = getattr(oxidb, name)
        assert issubclass(kind, oxidb.DatabaseError)
        assert issubclass(kind, getattr(adbc, name)), "tools that catch ADBC's exceptions catch these"
        assert getattr(oxidb.Connection, name) is kind
    assert oxidb.Binary("ä") == b"\xc3\xa4"
    assert oxidb.DateFromTicks(0) in (datetime.date(1970, 1, 1), datetime.date(1969, 12, 31))


def test_description_and_types(db):
    cur = db.execute("SELECT 1 AS i, 'x' AS s, 1.50::numeric(10,2) AS n, date '2024-01-02' AS d, '\\x01'::bytea AS b")
    assert [c[0] for c in cur.description] == ["i", "s", "n", "d", "b"]
    assert all(len(c) == 7 for c in cur.description)
    assert cur.description[2][4:6] == (10, 2)
    kinds = [c[1] for c in cur.description]
    assert kinds[0] == oxidb.NUMBER and kinds[1] == oxidb.STRING and kinds[3] == oxidb.DATETIME and kinds[4] == oxidb.BINARY
    assert kinds[0] != oxidb.STRING


def test_fetching(db):
    cur = db.execute("SELECT g FROM generate_series(1, 10) AS t(g) ORDER BY g")
    assert cur.rownumber == 0
    assert cur.fetchone() == (1,)
    assert cur.fetchmany() == [(2,)]
    assert cur.fetchmany(3) == [(3,), (4,), (5,)]
    assert cur.rownumber == 5
    cur.arraysize = 2
    assert cur.fetchmany() == [(6,), (7,)]
    assert next(cur) == (8,)
    assert cur.fetchall() == [(9,), (10,)]
    assert cur.fetchone() is None and cur.fetchmany(5) == [] and cur.fetchall() == []
    assert cur.connection is db
    cur.setinputsizes([1])
    cur.setoutputsize(1)
    cur.close()


def test_many_rows_arrive_once_and_in_order(db):
    cur = db.execute("SELECT g FROM generate_series(1, 100000) AS t(g) ORDER BY g")
    assert [r[0] for r in cur] == list(range(1, 100001))


def test_rowcount(db):
    cur = db.cursor()
    cur.execute("CREATE TABLE rowcount (a int)")
    assert cur.description is None
    cur.execute("INSERT INTO rowcount VALUES (1), (2), (3)")
    assert cur.rowcount == 3
    with pytest.raises(oxidb.ProgrammingError, match="no result to fetch"):
        cur.fetchall()
    cur.executemany("INSERT INTO rowcount VALUES (?)", [(4,), (5,)])
    assert cur.rowcount == 2
    cur.executemany("INSERT INTO rowcount VALUES (?)", [])
    assert cur.rowcount == 0
    cur.execute("DELETE FROM rowcount WHERE a > ?", (1,))
    assert cur.rowcount == 4
    cur.execute("INSERT INTO rowcount VALUES (7) RETURNING a + 1")
    assert cur.fetchall() == [(8,)]
    cur.execute("SELECT a FROM rowcount")
    assert cur.rowcount == -1 and cur.description is not None


def test_script(other):
    cur = other.cursor().executescript("CREATE TABLE script (a int); INSERT INTO script VALUES (1), (2); UPDATE script SET a = a + 1")
    assert cur.rowcount == 2
    assert other.sql("SELECT sum(a) FROM script").scalar() == 5
    other.sql("DROP TABLE script")


def test_what_is_not_there(db):
    with pytest.raises(oxidb.NotSupportedError):
        db.cursor().callproc("x")
    with pytest.raises(oxidb.NotSupportedError):
        db.cursor().nextset()


def test_closed(server):
    db = oxidb.connect(server.uri)
    cur = db.cursor()
    cur.close()
    cur.close()
    with pytest.raises(oxidb.InterfaceError, match="cursor is closed"):
        cur.execute("SELECT 1")
    with pytest.raises(oxidb.InterfaceError, match="cursor is closed"):
        cur.fetchone()
    db.close()
    db.close()
    for use in (db.cursor, db.commit, db.rollback, lambda: db.sql("SELECT 1"), db.__enter__):
        with pytest.raises(oxidb.InterfaceError, match="connection is closed"):
            use()


def test_fetch_before_execute(db):
    for fetch in ("fetchone", "fetchmany", "fetchall", "fetch_arrow_table", "fetch_record_batch", "fetch_df"):
        with pytest.raises(oxidb.ProgrammingError, match="no result to fetch"):
            getattr(db.cursor(), fetch)()


# Values

VALUES = [
    True,
    7,
    -(2**40),
    2.5,
    decimal.Decimal("12.340"),
    2**70,
    "grün",
    "",
    b"\x00\xff",
    datetime.date(2024, 2, 29),
    datetime.time(1, 2, 3, 4),
    datetime.datetime(2024, 2, 29, 12, 34, 56, 789),
    uuid.UUID("12345678-1234-5678-1234-567812345678"),
    None,
]


@pytest.mark.parametrize("value", VALUES, ids=lambda v: type(v).__name__)
def test_a_value_there_and_back(db, value):
    assert db.execute("SELECT ?", (value,)).fetchall() == [(value,)]
    assert db.execute("SELECT $1", {"1": value}).fetchall() == [(value,)]


def test_more_values(db):
    when = datetime.datetime(2024, 2, 29, 12, tzinfo=datetime.timezone(datetime.timedelta(hours=2)))
    assert db.execute("SELECT ?", (when,)).fetchone()[0] == when
    assert db.execute("SELECT ?", (datetime.timedelta(days=2, seconds=3),)).fetchone()[0] == oxidb.MonthDayNano([0, 2, 3_000_000_000])
    assert db.execute("SELECT ?::date + ?::interval", (datetime.date(2024, 1, 31), datetime.timedelta(days=1))).fetchone() == (datetime.datetime(2024, 2, 1),)
    assert db.execute("SELECT ?", (np.int32(5),)).fetchone() == (5,)
    assert db.execute("SELECT ?", (pd.Timestamp("2024-01-02 03:04:05"),)).fetchone() == (datetime.datetime(2024, 1, 2, 3, 4, 5),)


def test_uuid_column(db):
    keys = [uuid.uuid4(), None, uuid.uuid4()]
    cur = db.cursor()
    cur.execute("CREATE TABLE u (i int, k uuid)")
    cur.executemany("INSERT INTO u VALUES (?, ?)", list(enumerate(keys)))
    assert cur.execute("SELECT k FROM u ORDER BY i").fetchall() == [(k,) for k in keys]
    assert cur.execute("SELECT i FROM u WHERE k = ?", (keys[2],)).fetchall() == [(2,)]


def test_executemany_mixes_kinds_of_numbers(db):
    cur = db.cursor()
    cur.execute("CREATE TABLE mixed (a numeric(10,2), b double precision)")
    cur.executemany("INSERT INTO mixed VALUES (?, ?)", [(1, 1), (decimal.Decimal("2.5"), 2.5), (None, None)])
    assert cur.execute("SELECT * FROM mixed ORDER BY a").fetchall() == [(decimal.Decimal("1.00"), 1.0), (decimal.Decimal("2.50"), 2.5), (None, None)]


def test_executemany_takes_arrow(db):
    cur = db.cursor()
    cur.execute("CREATE TABLE arrows (a int, b text)")
    cur.executemany("INSERT INTO arrows VALUES (?, ?)", pa.record_batch({"a": [1, 2], "b": ["x", "y"]}))
    assert cur.execute("SELECT count(*) FROM arrows").fetchone() == (2,)


@pytest.mark.parametrize(
    "parameters, kind, text",
    [
        ("x", oxidb.ProgrammingError, "sequence of values"),
        (5, oxidb.ProgrammingError, "sequence of values"),
        ({"name": 1}, oxidb.ProgrammingError, "no names"),
        ({"2": 1}, oxidb.ProgrammingError, "keys 1, 2"),
        (([1, 2],), oxidb.NotSupportedError, "parameter 1 is a list"),
        (({"a": 1},), oxidb.NotSupportedError, "parameter 1 is a dict"),
        ((object(),), oxidb.ProgrammingError, "parameter 1 cannot be sent"),
        ((1, 2), oxidb.ProgrammingError, "parameters"),
        ((), oxidb.ProgrammingError, "07002"),
        (None, oxidb.ProgrammingError, "07002"),
    ],
)
def test_wrong_parameters(db, parameters, kind, text):
    with pytest.raises(kind, match=text):
        db.execute("SELECT ?", parameters)


def test_rows_of_different_widths(db):
    with pytest.raises(oxidb.ProgrammingError, match="row 1 has 1 values"):
        db.cursor().executemany("SELECT ?, ?", [(1, 2), (3,)])


# Errors


@pytest.mark.parametrize(
    "sql, kind, state, place",
    [
        ("SELEC 1", oxidb.ProgrammingError, "42601", 0),
        ("SELECT a.x FROM (SELECT 1 AS y) a", oxidb.ProgrammingError, "42703", 7),
        ("SELECT 'ä', nothing", oxidb.ProgrammingError, "42703", 12),
        ("SELECT 1,\n  nothing", oxidb.ProgrammingError, "42703", 12),
        ("SELECT * FROM missing", oxidb.ProgrammingError, "42P01", 14),
        ("SELECT 1/0", oxidb.DataError, "22012", 7),
        ("SELECT 'x'::int", oxidb.DataError, "22P02", 7),
        ("SELECT count(*) FROM generate_series(1, 3) GROUP BY ROLLUP (1)", oxidb.NotSupportedError, "0A000", 52),
        ("COMMIT PREPARED 'x'", oxidb.DatabaseError, None, None),
    ],
)
def test_errors(other, sql, kind, state, place):
    with pytest.raises(kind) as raised:
        other.execute(sql).fetchall()
    error = raised.value
    if state is None:
        assert error.sqlstate
        return
    assert (error.sqlstate, error.position, error.statement) == (state, place, sql)
    assert f"(SQLSTATE {state})" in str(error)
    assert "FlightSQL" not in str(error) and "grpc" not in str(error).lower()


def test_caret(other):
    with pytest.raises(oxidb.ProgrammingError) as raised:
        other.sql("SELECT name,\n\tpric FROM (SELECT 'x' AS name, 1 AS price) t")
    error = raised.value
    assert (error.line, error.column, error.message) == (2, 2, 'column "pric" does not exist')
    assert "price" in error.hint
    lines = str(error).split("\n")
    assert lines[1].startswith("LINE 2:  pric FROM") and lines[2] == " " * 9 + "^"
    assert lines[3].startswith("HINT: ")


def test_constraint(db):
    cur = db.cursor()
    cur.execute("CREATE TABLE keyed (id int PRIMARY KEY)")
    cur.execute("INSERT INTO keyed VALUES (1)")
    with pytest.raises(oxidb.IntegrityError) as raised:
        cur.execute("INSERT INTO keyed VALUES (1)")
    assert raised.value.sqlstate == "23505"
    assert raised.value.detail == "Key (id)=(1) already exists."


def test_failure_while_rows_are_read(other):
    cur = other.execute("SELECT 1 / (200000 - g) FROM generate_series(1, 300000) AS t(g)")
    with pytest.raises(oxidb.DataError) as raised:
        cur.fetchall()
    assert raised.value.sqlstate == "22012"


def test_no_server():
    with pytest.raises(oxidb.OperationalError, match="no server answers at grpc://127.0.0.1:1"):
        oxidb.connect("grpc://127.0.0.1:1")


# Transactions


def test_commit_and_rollback(db, other):
    db.sql("CREATE TABLE kept (a int)")
    with pytest.raises(oxidb.ProgrammingError):
        other.sql("SELECT * FROM kept")
    db.commit()
    db.sql("INSERT INTO kept VALUES (1)")
    db.rollback()
    db.sql("INSERT INTO kept VALUES (2)")
    db.commit()
    assert other.sql("SELECT * FROM kept").fetchall() == [(2,)]
    other.sql("DROP TABLE kept")


def test_a_failed_transaction_is_left_by_rollback(db):
    with pytest.raises(oxidb.DataError):
        db.sql("SELECT 1/0")
    with pytest.raises(oxidb.InternalError) as raised:
        db.sql("SELECT 1")
    assert raised.value.sqlstate == "25P02"
    db.rollback()
    assert db.sql("SELECT 1").scalar() == 1


def test_a_failed_commit_leaves_a_usable_connection(db, other):
    other.sql("CREATE TABLE race (id int, v int)")
    other.sql("INSERT INTO race VALUES (1, 0)")
    assert db.sql("SELECT v FROM race").scalar() == 0
    other.sql("UPDATE race SET v = 1")
    with pytest.raises(oxidb.OperationalError) as raised:
        db.sql("UPDATE race SET v = 2")
        db.commit()
    assert raised.value.sqlstate == "40001"
    db.rollback()
    db.sql("UPDATE race SET v = 3")
    db.commit()
    assert other.sql("SELECT v FROM race").scalar() == 3
    other.sql("DROP TABLE race")


def test_with_commits(server, other):
    with oxidb.connect(server.uri) as db:
        db.sql("CREATE TABLE withs (a int)")
    with pytest.raises(ZeroDivisionError), oxidb.connect(server.uri) as db:
        db.sql("INSERT INTO withs VALUES (1)")
        raise ZeroDivisionError
    assert other.sql("SELECT count(*) FROM withs").scalar() == 0
    other.sql("DROP TABLE withs")


def test_autocommit(server, other):
    with oxidb.connect(server.uri, autocommit=True) as db:
        db.sql("CREATE TABLE auto (a int)")
        db.sql("INSERT INTO auto VALUES (1)")
        db.rollback()
        assert other.sql("SELECT count(*) FROM auto").scalar() == 1
        db.autocommit = False
        db.sql("INSERT INTO auto VALUES (2)")
        db.rollback()
        db.sql("INSERT INTO auto VALUES (3)")
        db.autocommit = True
        assert db.sql("SELECT a FROM auto ORDER BY a").fetchall() == [(1,), (3,)]
        with db.transaction():
            db.sql("INSERT INTO auto VALUES (4)")
            assert other.sql("SELECT count(*) FROM auto").scalar() == 2
        assert other.sql("SELECT count(*) FROM auto").scalar() == 3
        with pytest.raises(ZeroDivisionError), db.transaction():
            db.sql("INSERT INTO auto VALUES (5)")
            raise ZeroDivisionError
        assert db.autocommit
        assert other.sql("SELECT count(*) FROM auto").scalar() == 3
        db.sql("DROP TABLE auto")


def test_settings_stay_in_the_session(server):
    with oxidb.connect(server.uri, autocommit=True) as db:
        db.sql("SET timezone = 'Europe/Berlin'")
        assert db.sql("SHOW timezone").scalar() == "Europe/Berlin"
        db.sql("BEGIN")
        db.sql("CREATE TABLE never (a int)")
        db.sql("ROLLBACK")
        with pytest.raises(oxidb.ProgrammingError):
            db.sql("SELECT * FROM never")
        db.set_option("default_transaction_isolation", "serializable")
        with db.transaction():
            assert db.sql("SHOW transaction_isolation").scalar() == "serializable"


def test_cancel(server):
    with oxidb.connect(server.uri, autocommit=True) as db:
        for stop in (lambda c: c.cancel(), lambda c: db.cancel()):
            cur = db.cursor()
            timer = threading.Timer(0.3, stop, [cur])
            timer.start()
            with pytest.raises(oxidb.OperationalError) as raised:
                cur.execute(ENDLESS)
                cur.fetchall()
            timer.join()
            assert raised.value.sqlstate in ("57014", None) and "cancel" in str(raised.value).lower()
            assert db.sql("SELECT 1").scalar() == 1


def test_threads_share_a_connection(other):
    totals = {}

    def total(n):
        totals[n] = other.sql("SELECT sum(g) FROM generate_series(1, ?) AS t(g)", [n]).scalar()

    threads = [threading.Thread(target=total, args=(n,)) for n in range(1, 33)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert totals == {n: n * (n + 1) // 2 for n in range(1, 33)}


# Results


@pytest.fixture
def result(db):
    return db.sql("SELECT g AS id, 'row ' || g AS name, g / 4.0 AS quarter, date '2024-01-01' + g AS day FROM generate_series(1, 3) AS t(g) ORDER BY g")


def test_conversions(result):
    assert len(result) == 3 and result.rowcount == 3
    assert result.columns == ["id", "name", "quarter", "day"]
    assert result.types[:2] == ["integer", "text"] and result.types[3] == "date"
    assert result.arrow()["id"].to_pylist() == [1, 2, 3]
    frame = result.df()
    assert isinstance(frame, pd.DataFrame) and list(frame["name"]) == ["row 1", "row 2", "row 3"]
    assert frame["day"].dtype.kind == "M"
    polars = result.pl()
    assert isinstance(polars, pl.DataFrame) and polars["day"].to_list() == [datetime.date(2024, 1, d) for d in (2, 3, 4)]
    assert result.fetchall()[0] == (1, "row 1", decimal.Decimal("0.25"), datetime.date(2024, 1, 2))
    assert result.fetchone() == result.fetchall()[0] and [r[0] for r in result] == [1, 2, 3]
    assert pa.table(result).num_rows == 3 and pl.DataFrame(result).height == 3


def test_show(result, capsys):
    result.show()
    out = capsys.readouterr().out
    assert out.startswith("┌") and "│ id " in out and "│  1 │" in out.replace("integer", "") or "row 1" in out
    assert out.rstrip().endswith("3 rows")
    into = io.StringIO()
    result.show(max_rows=2, file=into)
    assert "row 2" in into.getvalue() and "row 3" not in into.getvalue() and "3 rows, 2 shown" in into.getvalue()
    widths = {len(line) for line in into.getvalue().split("\n")[:-2]}
    assert len(widths) == 1, "all lines of the box are as long"


def test_html(db):
    text = db.sql("SELECT '<b>&' AS \"<i>\", NULL::int AS n, 7 AS seven")._repr_html_()
    assert "&lt;b&gt;&amp;" in text and "&lt;i&gt;" in text and "<b>" not in text
    assert "NULL" in text and "1 row" in text and '<td style="text-align:right">7</td>' in text


def test_cells(db):
    text = db.sql(
        """SELECT NULL AS a, true AS b, '\\x00ff'::bytea AS c, interval '14 months 3 days 04:05:06.5' AS d, interval '-1 second' AS e,
           'two' || chr(10) || 'lines' AS f, repeat('x', 100) AS g, uuid '12345678-1234-5678-1234-567812345678' AS h"""
    ).text()
    for cell in ("NULL", "true", "\\x00ff", "1 year 2 mons 3 days 04:05:06.5", "-00:00:01", "two⏎lines", "x…", "12345678-1234-5678-1234-567812345678"):
        assert cell in text


def test_empty_and_changes(db):
    empty = db.sql("SELECT 1 AS a WHERE false")
    assert empty.fetchall() == [] and empty.fetchone() is None and empty.scalar() is None and len(empty) == 0
    assert "0 rows" in empty.text() and empty.df().empty and empty.pl().is_empty()
    db.sql("CREATE TABLE changes (a int)")
    change = db.sql("INSERT INTO changes VALUES (1), (2)")
    assert change.rowcount == 2 and "2 rows changed" in repr(change) and "2 rows changed" in change._repr_html_()
    assert change.columns == [] and len(change) == 0
    with pytest.raises(oxidb.ProgrammingError, match="returns no rows"):
        change.df()


def test_intervals_to_polars(db):
    assert db.sql("SELECT interval '1 day' AS i").pl()["i"].to_list() == ["1 day"]


def test_streaming(db):
    reader = db.execute("SELECT g FROM generate_series(1, 500000) AS t(g)").fetch_record_batch()
    assert sum(b.num_rows for b in reader) == 500_000


# Ingest


def test_ingest_everything(db):
    arrow = pa.table({"id": [1, 2], "name": ["a", None]})
    sources = {
        "arrow": arrow,
        "batch": arrow.to_batches()[0],
        "reader": arrow.to_reader(),
        "pandas": pd.DataFrame({"id": [1, 2], "name": ["a", None]}, index=[7, 8]),
        "polars": pl.DataFrame({"id": [1, 2], "name": ["a", None]}),
        "mapping": {"id": [1, 2], "name": ["a", None]},
        "rows": [{"id": 1, "name": "a"}, {"id": 2, "name": None}],
        "result": db.sql("SELECT * FROM (VALUES (1::bigint, 'a'), (2, NULL)) v(id, name)"),
    }
    for name, data in sources.items():
        assert db.ingest(f"from_{name}", data) == 2, name
        assert db.sql(f"SELECT * FROM from_{name} ORDER BY id").fetchall() == [(1, "a"), (2, None)], name
    with pytest.raises(oxidb.ProgrammingError, match="no data frame"):
        db.ingest("x", 5)


def test_ingest_modes(server, other):
    data = {"id": [1, 2]}
    other.sql("DROP TABLE IF EXISTS modes")
    with pytest.raises(oxidb.ProgrammingError) as raised:
        other.ingest("modes", data, "append")
    assert raised.value.sqlstate == "42P01"
    assert other.ingest("modes", data) == 2
    with pytest.raises(oxidb.ProgrammingError) as raised:
        other.ingest("modes", data)
    assert raised.value.sqlstate == "42P07"
    other.ingest("modes", data, "append")
    other.ingest("modes", data, "create_append")
    assert other.sql("SELECT count(*) FROM modes").scalar() == 6
    other.register("modes", data)
    assert other.sql("SELECT count(*) FROM modes").scalar() == 2
    with pytest.raises(oxidb.ProgrammingError, match="mode is one of"):
        other.ingest("modes", data, "upsert")
    other.sql("CREATE SCHEMA IF NOT EXISTS side")
    other.ingest("modes", data, schema="side")
    assert other.sql("SELECT count(*) FROM side.modes").scalar() == 2
    other.sql("DROP TABLE side.modes")
    other.sql("DROP TABLE modes")


def test_ingest_in_a_transaction(db, other):
    db.ingest("in_transaction", {"id": [1]})
    db.rollback()
    with pytest.raises(oxidb.ProgrammingError):
        other.sql("SELECT * FROM in_transaction")


def test_pandas_takes_the_connection(db):
    frame = pd.DataFrame({"id": [1, 2], "x": [1.5, 2.5]})
    assert frame.to_sql("by_pandas", db, index=False) == 2
    assert list(pd.read_sql("SELECT * FROM by_pandas ORDER BY id", db)["x"]) == [1.5, 2.5]


def test_polars_takes_the_connection(db):
    assert pl.read_database("SELECT 1 AS a, 'x' AS b", db).rows() == [(1, "x")]
