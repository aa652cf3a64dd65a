"""%sql and %%sql in IPython."""

import oxidb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from conftest import BINARY
from IPython.core.interactiveshell import InteractiveShell
from oxidb.script import statements


@pytest.fixture
def shell(monkeypatch):
    monkeypatch.setenv("OXIDB_BINARY", str(BINARY))
    shell = InteractiveShell()
    shell.run_line_magic("load_ext", "oxidb")
    yield shell
    magics = shell.magics_manager.registry["SqlMagics"]
    for name in list(magics.connections):
        magics.close(name)
    shell.history_manager.end_session()


def run(shell, cell):
    """The value of a cell; its exception if it has one."""
    done = shell.run_cell(cell, store_history=False)
    error = done.error_before_exec or done.error_in_exec
    if error is not None:
        raise error
    return done.result


def test_line_and_cell(shell, server):
    run(shell, f"%sql --connect {server.uri}")
    assert run(shell, "%sql SELECT 6 * 7 AS answer").fetchall() == [(42,)]
    result = run(shell, "%%sql\nSELECT g\nFROM generate_series(1, 3) AS t(g) -- a comment; with a semicolon\nORDER BY g;\n")
    assert isinstance(result, oxidb.Result) and result.fetchall() == [(1,), (2,), (3,)]
    assert "<table>" in result._repr_html_()


def test_default_connection(shell, server, monkeypatch, capsys):
    assert run(shell, "%sql SELECT 1").scalar() == 1
    assert "connected to :memory:" in capsys.readouterr().out
    monkeypatch.setenv("OXIDB_URL", server.uri)
    run(shell, "%sql --close")
    run(shell, "%sql SELECT 1")
    assert f"connected to {server.uri}" in capsys.readouterr().out


def test_assignment(shell):
    assert run(shell, "%sql one << SELECT 1 AS x") is None
    assert shell.user_ns["one"].scalar() == 1
    assert run(shell, "%%sql two <<\nSELECT 2 AS x") is None
    assert shell.user_ns["two"].scalar() == 2
    assert run(shell, "%%sql\nthree << SELECT 3 AS x") is None
    assert shell.user_ns["three"].scalar() == 3


def test_conversions(shell):
    assert isinstance(run(shell, "%sql --df SELECT 1 AS x"), pd.DataFrame)
    assert isinstance(run(shell, "%sql --pl SELECT 1 AS x"), pl.DataFrame)
    assert isinstance(run(shell, "%%sql --arrow\nSELECT 1 AS x"), pa.Table)
    run(shell, "%%sql --df frame <<\nSELECT 1 AS x")
    assert isinstance(shell.user_ns["frame"], pd.DataFrame)


def test_several_statements(shell):
    result = run(shell, "%%sql\nCREATE TABLE t (a int, b text);\nINSERT INTO t VALUES (1, 'x;y'), (2, NULL);\nSELECT count(*), max(b) FROM t")
    assert result.fetchall() == [(2, "x;y")]
    assert "2 rows changed" in run(shell, "%sql UPDATE t SET a = a + 1")._repr_html_()


def test_every_statement_is_committed(shell, tmp_path):
    run(shell, f"%sql --connect {tmp_path / 'db'} --as mine")
    run(shell, "%sql CREATE TABLE t (a int)")
    run(shell, "%sql INSERT INTO t VALUES (1)")
    run(shell, "%%sql\nBEGIN;\nDELETE FROM t;\nROLLBACK")
    run(shell, "%sql --close mine")
    with oxidb.connect(tmp_path / "db") as db:
        assert db.sql("SELECT a FROM t").fetchall() == [(1,)]


def test_variables_are_parameters(shell):
    shell.user_ns.update(limit=2, name="it's")
    assert run(shell, "%sql SELECT g FROM generate_series(1, 5) AS t(g) WHERE g <= :limit").fetchall() == [(1,), (2,)]
    assert run(shell, "%sql SELECT :name::text || ':name', '{name}', $$ :name $$").fetchall() == [("it's:name", "{name}", " :name ")]
    with pytest.raises(oxidb.InterfaceError, match="no variable missing"):
        run(shell, "%sql SELECT :missing")


def test_connections(shell, server, capsys):
    run(shell, "%sql --connect :memory: --as a")
    run(shell, "%sql CREATE TABLE only_in_a (x int)")
    run(shell, f"%sql --connect {server.uri} --as b")
    with pytest.raises(oxidb.ProgrammingError):
        run(shell, "%sql SELECT * FROM only_in_a")
    assert run(shell, "%sql --use a SELECT * FROM only_in_a").fetchall() == []
    run(shell, "%sql --connections")
    out = capsys.readouterr().out
    assert "* a " in out and "  b " in out
    run(shell, "%sql --close a")
    assert run(shell, "%sql SELECT 1").scalar() == 1
    with pytest.raises(oxidb.InterfaceError, match="no connection a"):
        run(shell, "%sql --use a")


def test_a_connection_of_ones_own(shell, server):
    with oxidb.connect(server.uri) as mine:
        shell.user_ns["mine"] = mine
        run(shell, "%sql --connect mine CREATE TABLE uncommitted (x int)")
        run(shell, "%sql --close mine")
        assert mine.sql("SELECT * FROM uncommitted").fetchall() == []
        mine.rollback()


def test_errors_are_plain(shell, capsys):
    with pytest.raises(oxidb.ProgrammingError):
        run(shell, "%%sql\nSELECT 1 AS price,\n       pric")
    shown = capsys.readouterr()
    text = shown.out + shown.err
    assert "ProgrammingError: column" in text and "LINE 2:" in text and "^" in text
    assert "Traceback" not in text and "magic.py" not in text


@pytest.mark.parametrize("line", ["--frame SELECT 1", "--connect", "--as x SELECT 1", "x <<"])
def test_wrong_use(shell, line):
    with pytest.raises(oxidb.InterfaceError):
        run(shell, f"%sql {line}")


def test_nothing(shell):
    assert run(shell, "%sql") is None
    assert run(shell, "%%sql\n--nothing but a comment\n").columns == []


@pytest.mark.parametrize(
    "text, parts",
    [
        ("a; b ;; c;", ["a", "b", "c"]),
        ("SELECT ';', \";\" ; x", ["SELECT ';', \";\"", "x"]),
        ("SELECT 'it''s; ' ; x", ["SELECT 'it''s; '", "x"]),
        (r"SELECT E'\'; ' ; x", [r"SELECT E'\'; '", "x"]),
        ("/* ; /* ; */ ; */ a; b", ["/* ; /* ; */ ; */ a", "b"]),
        ("-- ; \n a; b", ["-- ; \n a", "b"]),
        ("$$ ; $$; $x$ ; $$ ; $x$", ["$$ ; $$", "$x$ ; $$ ; $x$"]),
        ("a 'open ; string", ["a 'open ; string"]),
        (" ; -- x\n ; /* y */ ", []),
    ],
)
def test_cutting(text, parts):
    assert [s.text for s in statements(text)] == parts


def test_names():
    (s,) = statements("SELECT :a, x::int, ':b', \":c\", :d_1 -- :e\n")
    assert s == ("SELECT ?, x::int, ':b', \":c\", ? -- :e", ["a", "d_1"])
